/* A program as the machine takes it: instructions, the maps they name by number, and whatever is
 * known about the source. Compilers' images, ELF objects and assembler text all become this; the
 * verifier reads it, and what it accepts is made into code (vm/code.h).
 *
 * 64-bit immediates name things by number, never by file descriptor:
 *   BPF_PSEUDO_MAP_IDX (5)        imm: index into maps; a pointer to the map
 *   BPF_PSEUDO_MAP_IDX_VALUE (6)  the same, next slot's imm: byte offset into its only value
 *   BPF_PSEUDO_BTF_ID (3)         imm: id of a kernel variable in kernel_btf
 *   BPF_PSEUDO_FUNC (4)           imm: slots to the function, counted from the lddw's second
 * Calls: BPF_PSEUDO_CALL (1)      imm: slots to the function, counted from the next;
 * BPF_PSEUDO_KFUNC_CALL (2) imm: id of a FUNC in kernel_btf.
 */
#ifndef SKEP_VM_PROGRAM_H
#define SKEP_VM_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/bpf.h>

struct btf_file; /* types/btf.h */

/* Newer than some installed headers (UAPI linux/bpf.h, Linux 5.14 and 5.13). */
#ifndef BPF_PSEUDO_MAP_IDX
#define BPF_PSEUDO_MAP_IDX 5
#define BPF_PSEUDO_MAP_IDX_VALUE 6
#endif

#define VM_NONE UINT32_MAX /* "no such number" wherever an index stands */

/* Something to put into a map before programs run. */
struct vm_map_init {
	uint32_t index;  /* key of an array-like map */
	uint32_t target; /* maps of maps: index of a map; program arrays: index of a program */
};

struct vm_map_def {
	const char *name;
	uint32_t type; /* enum bpf_map_type */
	uint32_t key_size_b, value_size_b, max_entries;
	uint32_t flags;                 /* BPF_F_* of BPF_MAP_CREATE */
	uint64_t extra;                 /* map_extra: hash functions of a bloom filter */
	const struct vm_map_def *inner; /* maps of maps: what all members look like */
	const struct vm_map_init *inits;
	uint32_t n_inits;
	const void *init; /* first value of an ARRAY of one (data sections): value_size_b bytes, or
	                     NULL for zeros */
	bool is_frozen;   /* nobody writes any more: loads are constants to the verifier */
	uint32_t key_type, value_type; /* ids in the program's btf, 0: not known */
	struct btf_file *btf;          /* where they are */
};

/* A function's start. Function 0 is the program itself. */
struct vm_func {
	uint32_t pc;
	const char *name;
	uint32_t btf_id; /* FUNC in the program's btf, 0: not known */
};

/* Source of the instructions from pc up to the next line's. */
struct vm_line {
	uint32_t pc;
	const char *file, *text; /* text may be NULL */
	uint32_t line, column;   /* from 1; 0: not known */
};

/* What an instruction that cannot run stands for: "the kernel has no field f in struct s". */
struct vm_note {
	uint32_t pc;
	const char *text;
};

/* Everything is borrowed and must outlive the users of the struct. */
struct vm_program {
	const char *name;    /* never NULL */
	const char *section; /* of the object, or NULL */
	/* enum bpf_prog_type. BPF_PROG_TYPE_UNSPEC is the machine's own kind: r1 is memory of
	 * memory_b bytes that may be read and written, r2 its length; no helper is out of bounds
	 * for it that needs no context, and any value may be returned, pointers too. */
	uint32_t type;
	uint32_t attach_type;        /* expected_attach_type */
	uint32_t attach_btf_id;      /* in attach_btf: function, raw tracepoint's typedef, struct */
	struct btf_file *attach_btf; /* vmlinux's or a module's; NULL: not known */
	const char *attach_name;     /* what the section named behind its '/', or NULL */
	uint32_t flags;    /* BPF_F_SLEEPABLE, BPF_F_STRICT_ALIGNMENT, BPF_F_ANY_ALIGNMENT,
	                      BPF_F_XDP_HAS_FRAGS, BPF_F_TEST_STATE_FREQ ... of BPF_PROG_LOAD */
	bool is_gpl;       /* its licence lets it call GPL-only helpers */
	uint32_t memory_b; /* UNSPEC only */

	const struct bpf_insn *insns;
	uint32_t n_insns; /* slots: lddw has two */
	const struct vm_map_def *const *maps;
	uint32_t n_maps;
	const struct vm_func *funcs; /* may be empty: functions are found from calls too */
	uint32_t n_funcs;
	const struct vm_line *lines; /* by rising pc */
	uint32_t n_lines;
	const struct vm_note *notes; /* by rising pc */
	uint32_t n_notes;
	struct btf_file *btf;        /* the program's own types, or NULL */
	struct btf_file *kernel_btf; /* vmlinux, or NULL where there is none */
};

#endif
