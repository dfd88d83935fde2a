/* Symbols of the kernel, of files and of processes; this test is its own specimen. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "symbols/symbols.h"

static struct symbols *s;

static int make_symbols(void **state)
{
	(void)state;
	s = symbols_create();
	return 0;
}

static int drop_symbols(void **state)
{
	(void)state;
	symbols_destroy(s);
	return 0;
}

/* Specimens: a function, an object, a C++ name, and two names of one place. */
__attribute__((noinline, used)) int specimen_function(int x)
{
	return x * 3;
}
__attribute__((used)) int specimen_object[5];
int specimen_mangled(int x) __asm__("_ZN8specimen4nameEiPKc");
__attribute__((noinline, used)) int specimen_mangled(int x)
{
	return x + 7;
}
__attribute__((used, alias("specimen_function"))) int __specimen_alias(int x);

static const char *own_path(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	return path;
}

static void files_list_their_functions(void **state)
{
	const struct elf_symbol *list;
	struct elf_symbol sym;
	uint64_t off_b;
	size_t n;

	(void)state;
	assert_int_equal(symbols_elf_functions(s, own_path(), &list, &n), 0);
	assert_true(n > 10);
	for (size_t i = 1; i < n; i++)
		assert_true(strcmp(list[i - 1].name, list[i].name) < 0);
	assert_true(symbols_elf_find(s, own_path(), "specimen_function", &sym));
	assert_true(sym.size_b > 0);
	assert_true(symbols_elf_to_offset(s, own_path(), sym.address, &off_b));
	assert_int_equal(off_b, sym.file_off_b);
	assert_true(symbols_elf_find(s, own_path(), "specimen_object", &sym));
	assert_true(sym.size_b >= sizeof(specimen_object)); /* sanitizers pad it */
	assert_false(symbols_elf_find(s, own_path(), "nonesuch", &sym));
}

/* The bytes at the offset are those in memory. */
static void offsets_find_the_code(void **state)
{
	struct elf_symbol sym;
	unsigned char code[8];
	int fd;

	(void)state;
	assert_true(symbols_elf_find(s, own_path(), "specimen_function", &sym));
	fd = open(own_path(), O_RDONLY);
	assert_int_equal(pread(fd, code, sizeof(code), (off_t)sym.file_off_b), sizeof(code));
	close(fd);
	assert_memory_equal(code, (const void *)specimen_function, sizeof(code));
}

static void addresses_find_their_function(void **state)
{
	struct elf_symbol sym, found;

	(void)state;
	assert_true(symbols_elf_find(s, own_path(), "specimen_function", &sym));
	assert_true(symbols_elf_at(s, own_path(), sym.address + 1, &found));
	assert_string_equal(found.name, "specimen_function"); /* not __specimen_alias */
	assert_int_equal(found.address, sym.address);
	assert_false(symbols_elf_at(s, own_path(), 1, &found));
	assert_false(symbols_elf_at(s, own_path(), UINT64_MAX, &found));
}

static void processes_are_resolved(void **state)
{
	struct symbol sym;

	(void)state;
	assert_true(symbols_user(s, getpid(), (uintptr_t)specimen_function + 2, &sym));
	assert_string_equal(sym.name, "specimen_function");
	assert_int_equal(sym.offset_b, 2);
	assert_string_equal(sym.module, own_path());
	assert_true(symbols_user(s, getpid(), (uintptr_t)specimen_mangled, &sym));
	assert_string_equal(sym.name, "specimen::name(int, char const*)");
	symbols_set_demangle(s, false);
	assert_true(symbols_user(s, getpid(), (uintptr_t)specimen_mangled, &sym));
	assert_string_equal(sym.name, "_ZN8specimen4nameEiPKc");
	assert_false(symbols_user(s, getpid(), 16, &sym));
	assert_null(sym.name);
	assert_false(symbols_user(s, 0x3fffff, 16, &sym)); /* no such process */
}

static void the_vdso_has_names(void **state)
{
	uint64_t base = getauxval(AT_SYSINFO_EHDR);
	struct symbol sym;
	bool found = false;

	(void)state;
	if (!base) {
		print_message("# skipped: this machine maps no vdso\n");
		skip();
	}
	for (uint64_t off = 0; off < 4096 && !found; off += 16)
		found = symbols_user(s, getpid(), base + off, &sym) && sym.name;
	assert_true(found);
	assert_string_equal(sym.module, "[vdso]");
}

static void ended_processes_are_remembered(void **state)
{
	struct symbol sym;
	int pipe_fd[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	pid = fork();
	if (!pid) {
		char c;

		close(pipe_fd[1]);
		_exit((int)read(pipe_fd[0], &c, 1));
	}
	symbols_remember_process(s, pid);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	waitpid(pid, NULL, 0);
	assert_true(symbols_user(s, pid, (uintptr_t)specimen_function + 1, &sym));
	assert_string_equal(sym.name, "specimen_function");
}

static void generated_code_is_named_by_its_map(void **state)
{
	char path[64];
	struct symbol sym;
	FILE *f;
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(code != MAP_FAILED);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	assert_false(symbols_user(s, getpid(), (uintptr_t)code + 0x20, &sym));
	f = fopen(path, "w");
	fprintf(f, "%lx 10 first\nnonsense\n%lx 20 a name with blanks\n", (unsigned long)code,
	        (unsigned long)code + 0x20);
	fclose(f);
	assert_true(symbols_user(s, getpid(), (uintptr_t)code + 0x21, &sym));
	assert_string_equal(sym.name, "a name with blanks");
	assert_int_equal(sym.offset_b, 1);
	assert_false(symbols_user(s, getpid(), (uintptr_t)code + 0x18, &sym));
	f = fopen(path, "a"); /* it grows */
	fprintf(f, "%lx 10 later\n", (unsigned long)code + 0x100);
	fclose(f);
	assert_true(symbols_user(s, getpid(), (uintptr_t)code + 0x100, &sym));
	assert_string_equal(sym.name, "later");
	unlink(path);
	munmap(code, 4096);
}

static void kernel_addresses_are_named(void **state)
{
	uint64_t address = symbols_kernel_address(s, "schedule");
	struct symbol sym;

	(void)state;
	if (!address) {
		print_message("# skipped: /proc/kallsyms hides its addresses\n");
		skip();
	}
	assert_true(symbols_kernel(s, address + 1, &sym));
	assert_string_equal(sym.name, "schedule");
	assert_int_equal(sym.offset_b, 1);
	assert_false(symbols_kernel(s, 16, &sym));
	assert_false(symbols_kernel(s, UINT64_MAX, &sym));
	assert_int_equal(symbols_kernel_address(s, "nonesuch nonesuch"), 0);
}

static void names_become_paths(void **state)
{
	char dir[] = "/tmp/skep-test-path-XXXXXX", file[64], *path;
	char *saved = strdup(getenv("PATH"));

	(void)state;
	path = symbols_resolve_path("sh", 0);
	assert_non_null(path);
	assert_string_equal(strrchr(path, '/'), "/sh");
	free(path);
	path = symbols_resolve_path("libc.so.6", 0);
	if (path) {
		assert_int_equal(path[0], '/');
		free(path);
		path = symbols_resolve_path("libc", getpid());
		assert_non_null(path);
		assert_non_null(strstr(path, "libc.so"));
		free(path);
	} else {
		print_message("# no libc.so.6 on this machine\n");
	}
	path = symbols_resolve_path(own_path(), 0);
	assert_string_equal(path, own_path());
	free(path);
	assert_null(symbols_resolve_path("", 0));
	assert_null(symbols_resolve_path("nonesuch", 0));
	assert_null(symbols_resolve_path("libnonesuch", 0));
	assert_null(symbols_resolve_path("/nonesuch", 0));
	assert_null(symbols_resolve_path("/", 0));

	/* What is in PATH but can't be run is no program. */
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/skep-specimen", dir);
	close(open(file, O_CREAT | O_WRONLY, 0644));
	setenv("PATH", dir, 1);
	assert_null(symbols_resolve_path("skep-specimen", 0));
	chmod(file, 0755);
	path = symbols_resolve_path("skep-specimen", 0);
	assert_string_equal(path, file);
	free(path);
	setenv("PATH", saved, 1);
	free(saved);
	unlink(file);
	rmdir(dir);
}

static void hostile_files_are_survived(void **state)
{
	char path[] = "/tmp/skep-test-elf-XXXXXX";
	int fd = mkstemp(path), own = open(own_path(), O_RDONLY);
	const struct elf_symbol *list;
	struct elf_symbol sym;
	static char bytes[65536];
	ssize_t n = read(own, bytes, sizeof(bytes));
	uint32_t seed = 5;
	size_t count;

	(void)state;
	close(own);
	assert_int_equal(symbols_elf_functions(s, "/nonexistent", &list, &count), -ENOENT);
	assert_int_equal(symbols_elf_functions(s, "/etc/passwd", &list, &count), -ENOEXEC);
	assert_int_equal(symbols_elf_functions(s, "/etc", &list, &count), -ENOEXEC);
	for (int round = 0; round < 400; round++) {
		struct symbols *own_symbols = symbols_create();
		size_t len = round < 100 ? (size_t)round * 37 : (size_t)n;
		char saved[8];
		size_t at[8];

		for (int i = 0; i < 8; i++) { /* mostly in the headers */
			seed = seed * 1103515245 + 12345;
			at[i] = (seed >> 8) % (i < 6 ? 1024 : (size_t)n);
			saved[i] = bytes[at[i]];
			bytes[at[i]] = (char)(i % 2 ? seed >> 24 : 0xff);
		}
		if (round % 2) /* still an ELF file */
			memcpy(bytes, "\177ELF\2\1\1", 7);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, bytes, len, 0), len);
		if (!symbols_elf_functions(own_symbols, path, &list, &count))
			symbols_elf_at(own_symbols, path, 0x1000, &sym);
		for (int i = 7; i >= 0; i--)
			bytes[at[i]] = saved[i];
		symbols_destroy(own_symbols);
	}
	close(fd);
	unlink(path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_symbols, drop_symbols)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(files_list_their_functions),
	    TEST(offsets_find_the_code),
	    TEST(addresses_find_their_function),
	    TEST(processes_are_resolved),
	    TEST(the_vdso_has_names),
	    TEST(ended_processes_are_remembered),
	    TEST(generated_code_is_named_by_its_map),
	    TEST(kernel_addresses_are_named),
	    TEST(names_become_paths),
	    TEST(hostile_files_are_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
