/* Inside of the symbols room: the context its files share. */
#ifndef SKEP_SYMBOLS_PRIV_H
#define SKEP_SYMBOLS_PRIV_H

#include <libelf.h>

#include "base/arena.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "symbols/extents.h"
#include "symbols/symbols.h"

struct elf_file;   /* elf.c */
struct process;    /* process.c */
struct mappings;   /* mappings.c */
struct dwarf_file; /* dwarf.h */

struct kernel_symbols {
	bool is_parsed;
	size_t text_b;
	char *text; /* of /proc/kallsyms, malloc'ed; names are cut out of it in place */
	/* Parallel arrays, by address. */
	struct kernel_symbol {
		uint64_t address;
		uint32_t name_off;   /* in text */
		uint32_t module_off; /* 0: core kernel */
	} * items;
	size_t n;
};

/* Kernel addresses that were asked for one by one. */
struct named_kernel {
	symbols_namer_fn *fn; /* NULL: there is none, or it failed */
	void *arg;
	uint32_t text_b;
	struct named_address {
		uint64_t address; /* 0: free */
		struct symbol sym;
	} * slots;
	size_t n, n_slots; /* a power of two */
};

/* Processes by pid. */
struct process_table {
	struct process **slots; /* malloc'ed; a free one is NULL */
	size_t n, n_slots;      /* a power of two, or 0 */
	size_t most;            /* so many are let in before the gone are looked for */
};

struct symbols {
	struct arena *a; /* names that are made, keys */
	bool no_demangle;
	struct dwarf_file *vmlinux; /* the kernel's, or NULL */
	uint64_t vmlinux_moved_b;
	bool has_vmlinux;       /* asked for */
	const char *debug_dirs; /* of --debuginfo; NULL: the default */
	bool is_eager;          /* read files as soon as they are seen */
	enum symbols_policy policy;
	pid_t program; /* whose maps stand in for those of others, or 0 */
	struct kernel_symbols kernel;
	struct named_kernel named;
	struct elf_file *kernel_image; /* NULL: none */
	uint64_t kernel_image_bias;    /* how far from there the kernel runs */
	struct strmap files;           /* "dev:ino:size:time" -> struct elf_file */
	unsigned n_held;               /* of these with a descriptor */
	struct strmap files_by_inode;  /* those that are held, as /proc/PID/maps names them */
	struct strmap paths;           /* path -> struct elf_file, for questions by path */
	struct strmap demangled;       /* mangled -> shown name */
	struct strmap interned;        /* paths and names in answers */
	struct process_table processes;
	struct mappings *mappings; /* NULL: nobody tells */
};

/* The symbol in a text of %pS; false if it has none, or was cut. In place. */
bool kernel_name_parse(char *text, uint32_t text_b, struct symbol *ret);
void named_kernel_free(struct named_kernel *k);
/* By the namer; false: it does not know. */
bool named_kernel_at(struct symbols *s, uint64_t address, struct symbol *ret);

void kernel_symbols_free(struct kernel_symbols *k);

/* The table of a file, read on the first question. NULL with *ret_err (may be NULL) set to
 * -errno. */
struct elf_file *elf_file_get(struct symbols *s, const char *path, int *ret_err);

/* A file in memory with what `ARCHIVE!/MEMBER` names, and where in the archive that begins; -ENOTSUP:
 * it is compressed, -ENOEXEC: no archive, or a damaged one. (archive.c) */
int archive_open_member(const char *path, uint64_t *ret_off_b);
/* The same of an open file, not read yet; takes the descriptor. `path` leads to its debug file. */
struct elf_file *elf_file_from_fd(struct symbols *s, int fd, const char *path, int *ret_err);
/* The same over an ELF image in memory (the vdso). */
struct elf_file *elf_file_from_memory(struct symbols *s, const char *key, void *image,
                                      size_t len_b);
/* Whether its inode stays its own: a descriptor is held. */
bool elf_file_is_held(const struct elf_file *f);
void elf_file_free(struct elf_file *f);
bool elf_file_at(struct elf_file *f, uint64_t address, struct elf_symbol *ret);
/* File offset to virtual address; false if no segment holds it. */
bool elf_file_to_address(struct elf_file *f, uint64_t off_b, uint64_t *ret_address);
/* Virtual address to file offset; with is_code only in what is mapped to be run. */
bool elf_file_to_offset(const struct elf_file *f, uint64_t address, bool is_code,
                        uint64_t *ret_off_b);

/* Each entry of the procedure linkage table, with the function that it leads to (plt.c); the name
 * lives as long as `elf`. */
typedef void plt_fn(void *arg, uint64_t address, uint64_t size_b, const char *name);
void plt_read(Elf *elf, plt_fn *fn, void *arg);

/* Its debug information, opened on the first question; NULL: none. */
struct dwarf_file *elf_file_dwarf(struct elf_file *f);

/* USDT places of a file, read on the first question (usdt.c). */
struct usdt_list {
	bool is_read;
	const struct elf_usdt *items;
	size_t n;
};
struct usdt_list *elf_file_usdt(struct elf_file *f);
Elf *elf_file_elf(struct elf_file *f); /* the file itself, not its debug file */

/* A note's description as it stands there; strings point into it. False if it is damaged. */
struct usdt_note {
	uint64_t address, base, semaphore;
	const char *provider, *name, *args;
};
bool usdt_note_read(const void *desc, size_t len_b, bool is_64, struct usdt_note *ret);

/* A line of /proc/PID/maps, without its newline; cut up in place. False if it is none. */
struct maps_line {
	uint64_t start, end, off_b;
	uint32_t major, minor;
	uint64_t inode;
	bool is_code, is_deleted;
	char *path; /* "" if anonymous; without " (deleted)" */
};
bool maps_parse_line(char *line, struct maps_line *ret);
/* A line of /tmp/perf-PID.map. */
struct perf_map_line {
	uint64_t start, end;
	char *name;
};
bool perf_map_parse_line(char *line, struct perf_map_line *ret);

/* Code generated at run time, as a perf map tells. */
struct jit {
	ino_t inode; /* 0: no map was seen */
	off_t read_b;
	vec(char *) texts; /* the names point into them */
	struct extents places;
};
/* Read what has come to the file since; false if that is nothing. */
bool jit_read(struct jit *j, const char *path, uid_t owner);
void jit_free(struct jit *j);

void process_free(struct process *p);
void process_table_free(struct process_table *t);
void mappings_free(struct mappings *m);

/* The name as shown: demangled if it is C++ (or Rust) and that is wanted. Never NULL. */
const char *symbols_shown_name(struct symbols *s, const char *name);

#endif
