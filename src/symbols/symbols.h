/* Symbols: names for kernel and process addresses, and addresses for names. Everything is read on
 * the first question and kept. */
#ifndef SKEP_SYMBOLS_SYMBOLS_H
#define SKEP_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct symbols;
struct elf_file;

struct symbols *symbols_create(void);
void symbols_destroy(struct symbols *s);

/* A resolved address. Strings are owned by the symbols and live as long. */
struct symbol {
	const char *name;    /* NULL: unknown */
	uint64_t offset_b;   /* into the function */
	const char *module;  /* kernel: module or NULL; user: path of the mapped file or NULL */
	uint64_t file_off_b; /* user: offset in that file */
	/* user, for symbols_user_frames(): the file behind the mapping, the address as linked */
	struct elf_file *file;
	uint64_t linked;
};

/* Kernel addresses: by the image of symbols_set_vmlinux, by the namer, or by /proc/kallsyms, read
 * once, when nothing else tells or when very many are asked for. */
bool symbols_kernel(struct symbols *s, uint64_t address, struct symbol *ret);
/* Many at once are cheaper than one by one; symbols_kernel knows them afterwards. */
void symbols_kernel_prepare(struct symbols *s, const uint64_t *addresses, uint32_t n);
/* Who writes kernel addresses as the kernel's %pS does, each in `text_b` bytes of ret_texts,
 * perhaps cut. Returns 0, or -errno: then it is not asked again. */
typedef int symbols_namer_fn(void *arg, const uint64_t *addresses, uint32_t n, char *ret_texts);
void symbols_set_kernel_namer(struct symbols *s, symbols_namer_fn *fn, void *arg, uint32_t text_b);
/* The kernel's image with its symbols (BPFTRACE_VMLINUX). Returns 0 or -errno. */
int symbols_set_vmlinux(struct symbols *s, const char *path);
/* Why kernel addresses have no names: one line, or NULL if they have. */
const char *symbols_kernel_problem(struct symbols *s);
/* Address of a kernel symbol, 0 if unknown. */
uint64_t symbols_kernel_address(struct symbols *s, const char *name);
/* Addresses of n functions of the kernel at once, each by its name and the module it is in
 * ("vmlinux", a module's name, NULL: the kernel if it has one, else any). Of several of one name
 * those that the function tracer can hook, the first if it can none; in the arena. */
struct kernel_function {
	const char *name, *module;
	const uint64_t *addresses;
	size_t n; /* 0: unknown */
};
void symbols_kernel_functions(struct arena *a, struct symbols *s, struct kernel_function *funcs,
                              size_t n);
/* Bytes from a kernel symbol to the next one, of several of that name the most; 0 if unknown. */
uint64_t symbols_kernel_size(struct symbols *s, const char *name);

/* n_b bytes of the kernel's code as it is now; false where it cannot be read (kernel_text.c). */
bool symbols_kernel_text(uint64_t address, void *to, size_t n_b);
/* May there be kprobes, which change the code? True also if nothing tells. */
bool symbols_kernel_is_probed(void);

/* User addresses of process `pid`, as we see it: by its maps and one sorted table per ELF file
 * (.symtab, .dynsym, separate debug files, PLT), seen through the process (deleted files, other
 * mount namespaces); vdso; /tmp/perf-PID.map. Without a name *ret still says which file it is. */
bool symbols_user(struct symbols *s, pid_t pid, uint64_t address, struct symbol *ret);
/* Look at a process's maps now and hold its files, as it may be gone when its addresses are asked
 * for. */
void symbols_remember_process(struct symbols *s, pid_t pid);
/* The same, often: does something only if the process is new, or runs another program now. */
void symbols_note_process(struct symbols *s, pid_t pid);
/* Have the kernel tell of all processes what they map from now on (perf events), so that those
 * that live shortly have names too. Returns a descriptor that is readable when much has gathered
 * (then call symbols_read_mappings), or -errno: nobody tells. */
int symbols_watch_mappings(struct symbols *s);
void symbols_read_mappings(struct symbols *s);

/* What is kept of processes (cache_user_symbols). */
enum symbols_policy {
	SYMBOLS_BY_PROCESS,
	SYMBOLS_BY_PROGRAM,   /* one of which nothing is known is taken for the one of
	                         symbols_set_program */
	SYMBOLS_KEEP_NOTHING, /* maps are read for each answer, nothing is remembered */
};
void symbols_set_policy(struct symbols *s, enum symbols_policy policy);
void symbols_set_program(struct symbols *s, pid_t pid);
/* Read files and maps of generated code when a process is remembered, not when names are wanted. */
void symbols_set_eager(struct symbols *s, bool on);
void symbols_set_demangle(struct symbols *s, bool on);

/* A C++ or Rust name as people write it, with parameters and perhaps what it returns, which is
 * known of templates; malloc'ed, NULL if it isn't mangled. */
char *symbols_demangle(const char *name, bool with_result);

/* ELF files, for uprobes. */
struct elf_symbol {
	const char *name; /* mangled, as in the table */
	uint64_t address; /* virtual, as linked */
	uint64_t size_b;
	uint64_t file_off_b;
};
/* All functions (STT_FUNC, STT_GNU_IFUNC; .symtab and .dynsym, each name once) of a file, sorted by
 * name; owned by `s`. Returns 0 or -errno (ENOEXEC: not ELF). */
int symbols_elf_functions(struct symbols *s, const char *path, const struct elf_symbol **ret,
                          size_t *ret_n);
/* Any one symbol by name, functions and objects (size tells uaddr's type). */
bool symbols_elf_find(struct symbols *s, const char *path, const char *name,
                      struct elf_symbol *ret);
/* The function around a virtual address; and address <-> file offset by the program headers. */
bool symbols_elf_at(struct symbols *s, const char *path, uint64_t address, struct elf_symbol *ret);
bool symbols_elf_to_offset(struct symbols *s, const char *path, uint64_t address,
                           uint64_t *ret_off_b);
/* One place of a USDT probe: a probe is where the program's text has it, often more than once. */
struct elf_usdt {
	const char *provider, *name;
	const char *args; /* operands as the assembler writes them, see probe/usdt_args.h */
	uint64_t address; /* virtual, as linked */
	uint64_t off_b;
	uint64_t semaphore_off_b; /* of its semaphore in the file, 0: it has none */
};
/* All of a file, sorted by provider, name and address; owned by `s`. Returns 0 or -errno. */
int symbols_elf_usdt(struct symbols *s, const char *path, const struct elf_usdt **ret,
                     size_t *ret_n);
/* A uprobe's target as a path: as is, by $PATH, libraries by the loader's cache (/etc/ld.so.cache
 * and the default directories); c is libc if it is nothing else; NULL if there is none. Result
 * malloc'ed. */
char *symbols_resolve_path(const char *name, pid_t pid);
/* Questions by path take `ARCHIVE!/MEMBER`, too: a library stored in a ZIP file. Places are then
 * those in the archive, which is what processes map. The length of the archive's path; 0: `path` is
 * a plain one. */
size_t symbols_archive_part(const char *path);

#endif
