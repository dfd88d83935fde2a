/* Inside of the symbols room: the context its files share. */
#ifndef SKEP_SYMBOLS_PRIV_H
#define SKEP_SYMBOLS_PRIV_H

#include <libelf.h>

#include "base/arena.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "symbols/symbols.h"

struct elf_file; /* elf.c */
struct process;  /* process.c */

struct kernel_symbols {
	bool is_read;
	char *text; /* of /proc/kallsyms, malloc'ed; names are cut out of it in place */
	/* Parallel arrays, by address. */
	struct kernel_symbol {
		uint64_t address;
		uint32_t name_off;   /* in text */
		uint32_t module_off; /* 0: core kernel */
	} * items;
	size_t n;
};

struct symbols {
	struct arena *a; /* names that are made, keys */
	bool no_demangle;
	const char *debug_dirs; /* of --debuginfo; NULL: the default */
	struct kernel_symbols kernel;
	struct strmap files;     /* "dev:ino" -> struct elf_file */
	struct strmap paths;     /* path -> struct elf_file, for questions by path */
	struct strmap demangled; /* mangled -> shown name */
	struct strmap interned;  /* paths and names in answers */
	vec(struct process *) processes;
};

void kernel_symbols_free(struct kernel_symbols *k);

/* The table of a file, read on the first question. NULL with *ret_err (may be NULL) set to
 * -errno. */
struct elf_file *elf_file_get(struct symbols *s, const char *path, int *ret_err);
/* The same over an ELF image in memory (the vdso). */
struct elf_file *elf_file_from_memory(struct symbols *s, const char *key, void *image,
                                      size_t len_b);
void elf_file_free(struct elf_file *f);
bool elf_file_at(const struct elf_file *f, uint64_t address, struct elf_symbol *ret);
/* File offset to virtual address; false if no segment holds it. */
bool elf_file_to_address(const struct elf_file *f, uint64_t off_b, uint64_t *ret_address);

/* Virtual address to file offset; with is_code only in what is mapped to be run. */
bool elf_file_to_offset(const struct elf_file *f, uint64_t address, bool is_code,
                        uint64_t *ret_off_b);

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

void process_free(struct process *p);

/* The name as shown: demangled if it is C++ (or Rust) and that is wanted. Never NULL. */
const char *symbols_shown_name(struct symbols *s, const char *name);

#endif
