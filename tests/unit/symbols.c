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
#include "symbols/symbols_priv.h"

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

static void kernel_functions_have_addresses(void **state)
{
	own_arena struct arena *a = arena_create();
	struct kernel_function f[] = {
	    {.name = "schedule", .module = "vmlinux"},
	    {.name = "schedule"},
	    {.name = "nonesuch nonesuch"},
	    {.name = "schedule", .module = "nonesuch"},
	    {.name = "linux_banner"}, /* is no function */
	};

	(void)state;
	if (!symbols_kernel_address(s, "schedule")) {
		print_message("# skipped: /proc/kallsyms hides its addresses\n");
		skip();
	}
	symbols_kernel_functions(a, s, f, sizeof(f) / sizeof(f[0]));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(f[i].n, 1);
		assert_int_equal(f[i].addresses[0], symbols_kernel_address(s, "schedule"));
	}
	for (size_t i = 2; i < sizeof(f) / sizeof(f[0]); i++)
		assert_int_equal(f[i].n, 0);
	symbols_kernel_functions(a, s, f, 0);
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

static void linkage_tables_are_named(void **state)
{
	static const char path[] = "tests/fuzz/corpus/plt.gcc-12.o"; /* below the source */
	char whole[512];
	struct elf_symbol sym;
	bool has_puts = false, has_printf = false;

	(void)state;
	snprintf(whole, sizeof(whole), "%s/%s", SOURCE_DIR, path);
	for (uint64_t at = 0; at < 0x1000; at++)
		if (symbols_elf_at(s, whole, at, &sym)) {
			has_puts |= !strcmp(sym.name, "puts@plt");
			has_printf |= !strcmp(sym.name, "printf@plt");
			assert_true(sym.size_b > 0 && at - sym.address < sym.size_b);
		}
	assert_true(has_puts && has_printf);
	assert_false(symbols_elf_find(s, whole, "puts@plt", &sym)); /* no probe's place */
}

static void overlapping_places_are_found(void **state)
{
	struct extents e = {0};

	(void)state;
	extents_add(&e, 100, 200, "long");
	extents_add(&e, 120, 130, "short");
	extents_add(&e, 125, 160, "overlaps");
	extents_add(&e, 140, 140, "empty");
	extents_finish(&e);
	assert_string_equal(extents_find(&e, 199)->name, "long");
	assert_string_equal(extents_find(&e, 121)->name, "short");
	assert_string_equal(extents_find(&e, 126)->name, "overlaps");
	assert_string_equal(extents_find(&e, 140)->name, "overlaps");
	assert_string_equal(extents_find(&e, 160)->name, "long");
	assert_null(extents_find(&e, 99));
	assert_null(extents_find(&e, 200));
	extents_add(&e, 100, 110, "later");
	extents_finish(&e);
	assert_string_equal(extents_find_latest(&e, 105)->name, "later");
	assert_string_equal(extents_find_latest(&e, 126)->name, "overlaps");
	assert_string_equal(extents_find_latest(&e, 110)->name, "long");
	extents_free(&e);
}

static void maps_are_read(void **state)
{
	struct maps_line l;
	char gone[] = "7f0010-7f0020 r-xp 00001000 fe:01 1234   /tmp/a b (deleted)";
	char anonymous[] = "7f0010-7f0020 rw-p 00000000 00:00 0 ";
	char newline[] = "7f0010-7f0020 r-xp 00000000 00:00 0 /a\\012b";
	char wrong[][48] = {"",
	                    "x",
	                    "10-20",
	                    "20-10 r-xp 0 0:0 0",
	                    "10-20 r-xp 0 0:0 z",
	                    "10-20 r-xp",
	                    "10-20 r-xp 0 00 0"};

	(void)state;
	assert_true(maps_parse_line(gone, &l));
	assert_true(l.start == 0x7f0010 && l.end == 0x7f0020 && l.off_b == 0x1000 && l.is_code);
	assert_true(l.major == 0xfe && l.minor == 1 && l.inode == 1234 && l.is_deleted);
	assert_string_equal(l.path, "/tmp/a b");
	assert_true(maps_parse_line(anonymous, &l));
	assert_true(!*l.path && !l.is_code && !l.is_deleted);
	assert_true(maps_parse_line(newline, &l));
	assert_string_equal(l.path, "/a\nb");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(maps_parse_line(wrong[i], &l));
}

/* Names as the kernel writes them, and a namer that gives up. */
static unsigned n_asked;
static int fake_names(void *arg, const uint64_t *addresses, uint32_t n, char *ret_texts)
{
	(void)arg;
	n_asked++;
	for (uint32_t i = 0; i < n; i++) {
		const char *text = addresses[i] == 1   ? "vfs_read+0x10/0x20"
		                   : addresses[i] == 2 ? "nf_hook+0x0/0x9 [nf_tables]"
		                   : addresses[i] == 3 ? "bpf_prog_0123_x+0x2/0x9"
		                   : addresses[i] == 4 ? "a_very_long_name_that_+0x1/0x2a"
		                                       : "0xffffffff81000000";

		memcpy(ret_texts + i * 32, text, strlen(text) + 1);
	}
	return addresses[0] == 9 ? -EPERM : 0;
}

static void kernel_names_are_asked_for_once(void **state)
{
	static const uint64_t all[] = {1, 2, 3, 5};
	struct symbol sym;

	(void)state;
	n_asked = 0;
	symbols_set_kernel_namer(s, fake_names, NULL, 32);
	symbols_kernel_prepare(s, all, 4);
	assert_int_equal(n_asked, 1);
	assert_true(symbols_kernel(s, 1, &sym));
	assert_string_equal(sym.name, "vfs_read");
	assert_true(sym.offset_b == 16 && !sym.module);
	assert_true(symbols_kernel(s, 2, &sym));
	assert_string_equal(sym.module, "nf_tables");
	assert_true(symbols_kernel(s, 3, &sym));
	assert_string_equal(sym.module, "bpf");
	assert_int_equal(sym.offset_b, 2);
	assert_false(symbols_kernel(s, 5, &sym)); /* it has none */
	assert_int_equal(n_asked, 1);
	assert_false(symbols_kernel(s, 4, &sym)); /* cut: the end is not known */
	symbols_kernel(s, 9, &sym);
	assert_int_equal(n_asked, 3);
	symbols_kernel(s, 10, &sym); /* not asked any more */
	assert_int_equal(n_asked, 3);
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
	    TEST(kernel_functions_have_addresses),
	    TEST(names_become_paths),
	    TEST(linkage_tables_are_named),
	    TEST(overlapping_places_are_found),
	    TEST(maps_are_read),
	    TEST(kernel_names_are_asked_for_once),
	    TEST(hostile_files_are_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
