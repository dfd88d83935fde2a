/* What the files of this folder share: the object while it is being read.
 *
 * Order of the work (read_object() in object.c): the container, BTF, functions, maps, externs,
 * .BTF.ext, CO-RE, relocations, programs. Functions return 0 or -errno; the first that fails
 * has written the reason (object_fail). */
#ifndef SKEP_VM_OBJECT_PRIV_H
#define SKEP_VM_OBJECT_PRIV_H

#include <elf.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "types/btf.h"
#include "vm/object.h"

/* ---- elf.c ---------------------------------------------------------------------------------- */

struct elf_section {
	const char *name; /* "" where there is none */
	uint32_t type, link, info;
	uint64_t flags, offset_b, size_b, entry_b;
	const uint8_t *data; /* NULL for SHT_NOBITS */
};

struct elf_symbol {
	const char *name; /* a section symbol's is its section's */
	uint64_t value, size_b;
	uint32_t section; /* index of a section, or SHN_UNDEF, SHN_ABS, SHN_COMMON */
	uint8_t type, bind, visibility;
};

struct elf_reloc {
	uint64_t offset_b;
	uint32_t symbol, type;
	int64_t addend;
	bool has_addend; /* SHT_RELA; else it stands in the field */
};

/* ---- code ----------------------------------------------------------------------------------- */

enum fixup_kind {
	FIX_NONE,
	FIX_TAIL,     /* second slot of an lddw */
	FIX_POISON,   /* made an invalid call: takes no relocation any more */
	FIX_RESOLVED, /* map, variable, kfunc: final already */
	FIX_CALL,     /* call of a function of this object */
	FIX_ADDRESS,  /* lddw of one */
};

/* What becomes of an instruction when its function is placed in a program. */
struct fixup {
	uint32_t kind;
	uint32_t function; /* CALL, ADDRESS */
	uint32_t delta;    /* slots into that function: 0 unless it is entered in the middle */
};

struct object_line { /* of .BTF.ext */
	uint32_t slot;
	uint32_t file_off, text_off, line, column;
};

struct object_func_info {
	uint32_t slot, btf_id;
};

struct object_core {
	uint32_t slot;
	uint32_t type_id, access_off, kind;
};

struct object_note { /* of an instruction that was made an invalid call */
	uint32_t slot;
	const char *text;
};

/* An executable section with its instructions, which are our copy. */
struct code {
	uint32_t section;
	struct bpf_insn *insns;
	struct fixup *fixups; /* one per slot */
	uint32_t n;
	vec(struct object_line) lines; /* sorted by slot */
	vec(struct object_func_info) funcs;
	vec(struct object_core) cores;
	vec(struct object_note) notes; /* sorted by slot when programs are built */
};

struct function {
	const char *name;
	uint32_t code;     /* index into reader.codes */
	uint32_t first, n; /* slots */
	bool is_global, is_entry;
	bool is_hidden;   /* global for the linker only */
	uint32_t program; /* entry: index into programs */
	uint32_t btf_id;
	const char *problem; /* library: the first relocation that could not be applied */
};

/* ---- maps ----------------------------------------------------------------------------------- */

struct object_map {
	struct vm_map_def *def;
	uint32_t section;  /* where it is declared, VM_NONE: .kconfig */
	uint64_t offset_b; /* there */
	uint64_t size_b;   /* of the declaration */
	bool is_data;      /* a whole data section */
	bool has_values;   /* a `values` member at values_b behind offset_b */
	uint32_t values_b;
	vec(struct vm_map_init) inits;
};

enum extern_kind { EXTERN_KCONFIG, EXTERN_VARIABLE, EXTERN_FUNCTION };

struct object_extern {
	const char *name;
	enum extern_kind kind;
	bool is_weak, is_found;
	uint32_t type_id;  /* in the object's BTF, modifiers included */
	uint32_t btf_id;   /* VARIABLE (typed), FUNCTION: id in kernel BTF */
	uint64_t address;  /* VARIABLE without a type */
	uint32_t offset_b; /* KCONFIG: in its map */
};

/* Kernel types that a type of the object may be, by name: looked for once. */
struct core_cands {
	uint32_t type_id; /* in the object's BTF */
	const uint32_t *ids;
	uint32_t n;
};

struct core_flavour {
	const char *name;
	uint32_t id;
};

struct reader {
	struct arena *a;
	struct strbuf *why;
	const struct vm_object_options *opts;
	const uint8_t *bytes;
	size_t len_b;

	vec(struct elf_section) sections;
	vec(struct elf_symbol) symbols;
	struct strmap by_name;                   /* number of the first section of a name */
	uint32_t *next_reloc;                    /* elf_next_reloc_section() */
	uint32_t symtab;                         /* its section, 0: none */
	uint32_t shstrtab;                       /* where sections' names are */
	bool has_one_strtab, has_doubled_fields; /* relocs.c */

	struct btf_file *btf, *kernel;
	uint8_t *btf_bytes; /* our copy of .BTF, which data.c completes */
	uint32_t btf_len_b;
	vec(struct btf_file *) modules;
	bool is_running_kernel; /* that `kernel` is of */
	bool has_modules;       /* looked for */

	vec(struct object_map) maps;
	vec(struct object_extern) externs;
	uint32_t kconfig_map; /* VM_NONE: none */
	vec(struct code) codes;
	uint32_t *code_of;              /* by section: index into codes, or VM_NONE */
	vec(struct function) functions; /* sorted by code and place */
	uint32_t n_programs;
	vec(struct core_cands) cands;
	vec(struct core_flavour) flavours;
	bool has_flavours; /* looked for */
	const char *license;
};

/* One line of reason, once: "prefix: ..." Returns -err. */
int object_fail(struct reader *r, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
const char *object_section_name(const struct reader *r, uint32_t section);
/* Where an instruction is, for reasons: by section, or by function in a library. */
const char *object_place(const struct reader *r, uint32_t code, uint32_t slot);
/* A relocation of this instruction failed with err: what is left to fail with. In a library that is
 * nothing, as the reason goes to the function, which nobody may call. */
int object_defer(struct reader *r, uint32_t code, uint32_t slot, int err);

int elf_read(struct reader *r);
/* UINT32_MAX: none. */
uint32_t elf_find_section(const struct reader *r, const char *name);
/* Sections of relocations for `section`, one after the other: `after` is 0 at first, then what was
 * returned; 0 at the end. */
uint32_t elf_next_reloc_section(const struct reader *r, uint32_t section, uint32_t after);
uint64_t elf_reloc_count(const struct elf_section *s);
int elf_reloc_get(struct reader *r, uint32_t section, uint64_t index, struct elf_reloc *ret);
/* The symbol of a relocation; fails for one that isn't there. */
int elf_reloc_symbol(struct reader *r, const struct elf_reloc *rel, uint32_t section,
                     const struct elf_symbol **ret);

/* ---- walk.c: walks over BTF, each bounded --------------------------------------------------- */

/* The type behind typedefs and qualifiers; ret->kind is 0 for void. False for ids that don't exist
 * and chains without end. ret_id may be NULL. */
bool walk_strip(struct btf_file *b, uint32_t id, uint32_t *ret_id, struct btf_record *ret);
/* Bytes of an object of this type; false for functions, void, forward declarations. */
bool walk_size(struct btf_file *b, uint32_t id, uint64_t *ret);
uint32_t walk_align(struct btf_file *b, uint32_t id);
/* A member of a struct or union, wherever its bit field is kept. */
struct walk_member {
	const char *name;
	uint32_t type, bit_off, bit_size; /* bit_size 0: no bit field */
};
bool walk_member(struct btf_file *b, const struct btf_record *rec, uint32_t index,
                 struct walk_member *ret);
/* The DATASEC called `name`: its record, false if there is none. */
bool walk_datasec(struct btf_file *b, const char *name, uint32_t *ret_id, struct btf_record *ret);

/* ---- the steps ------------------------------------------------------------------------------- */

int data_complete_btf(struct reader *r); /* data.c: sizes and offsets of DATASECs */
int data_read_maps(struct reader *r);    /* data.c: .data, .rodata, .bss */
int maps_read(struct reader *r);         /* maps.c: .maps */
int maps_read_legacy(struct reader *r);  /* legacy.c: maps */
int maps_link(struct reader *r);         /* maps.c: static members, needs functions */
/* The map that holds this place of a section, or NULL. */
struct object_map *maps_find(struct reader *r, uint32_t section, uint64_t offset_b);
int externs_read(struct reader *r); /* externs.c */
struct object_extern *externs_find(struct reader *r, const char *name);
int functions_read(struct reader *r); /* functions.c: codes, functions */
/* The function whose code holds this slot, VM_NONE: none. */
uint32_t functions_find(const struct reader *r, uint32_t code, uint32_t slot);
uint32_t functions_code(const struct reader *r, uint32_t section); /* index of its code */
int ext_read(struct reader *r);                                    /* btf_ext.c */
int core_apply(struct reader *r);                                  /* core.c */
/* Bytes of a name without its "___flavour". */
size_t core_essential_len(const char *name);
/* Whether a type of the object could be that type of the kernel: pointers, functions and arrays all
 * the way, structs by kind alone. */
bool core_types_compatible(struct reader *r, uint32_t local_id, struct btf_file *target,
                           uint32_t target_id);
int relocs_apply(struct reader *r);    /* relocs.c */
int programs_number(struct reader *r); /* programs.c: after relocations */
int programs_build(struct reader *r, struct vm_object *o);
void library_build(struct reader *r, struct vm_object *o);  /* library.c */
int struct_ops_link(struct reader *r, struct vm_object *o); /* struct_ops.c */
void attach_find(struct reader *r, const struct vm_section *s, struct vm_program *p); /* attach.c */

#endif
