/* ELF objects as clang, gcc and skep write them, read into programs and maps. The file is hostile
 * until proven otherwise: every offset is checked, every error names the offset and the reason. */
#ifndef SKEP_VM_OBJECT_H
#define SKEP_VM_OBJECT_H

#include <stddef.h>

#include "vm/program.h"

struct arena;
struct strbuf;

struct vm_object {
	/* Entry programs in order of section and address; their sub-programs (.text, other
	 * sections) are appended to each as it calls them. All relocations are done: maps, data
	 * sections, functions, kernel variables and kfuncs, CO-RE against kernel_btf. Type, attach
	 * type, flags and attach point follow the section's name (libbpf's conventions). */
	struct vm_program *programs;
	uint32_t n_programs;
	const struct vm_map_def *const *maps; /* every program's `maps` is this table */
	uint32_t n_maps;
	const char *license;
	struct btf_file *btf, *kernel_btf;
	const void *btf_bytes; /* what btf was read from, or NULL */
	size_t btf_len_b;
	const struct vm_object_func *funcs; /* of a library; then there are no programs */
	uint32_t n_funcs;
};

/* A function to be called from code made elsewhere (vm_object_options.is_library). */
struct vm_object_func {
	const char *name, *section;
	bool is_global;
	uint32_t btf_id; /* FUNC in the object's btf, 0: not known */
	/* As in a vm_program, but for calls and addresses of functions of the object: `refs` says
	 * of which, by rising insn. */
	const struct bpf_insn *insns;
	uint32_t n_insns;
	const struct vm_object_ref *refs;
	uint32_t n_refs;
	const struct vm_note *notes; /* pc counts from the function's start */
	uint32_t n_notes;
	const char *problem; /* a relocation that cannot be applied, and where; or NULL */
};

struct vm_object_ref {
	uint32_t insn;
	uint32_t func;  /* index into funcs */
	uint32_t delta; /* slots into it: 0 unless it is entered in the middle */
};

/* What a section name means to libbpf: "xdp.frags/devmap", "fentry.s/vfs_read". */
struct vm_section {
	uint32_t type, attach_type, flags;
	const char *rest;  /* behind the first '/', or NULL; points into the name given */
	bool wants_btf_id; /* rest names something in kernel BTF */
};
bool vm_section_parse(const char *section, struct vm_section *ret); /* false: unknown */

bool vm_license_is_gpl(const char *license); /* as the kernel sees it */

/* Kinds by libbpf's names ("socket_filter", "sched_cls"), plus "unspec". */
bool vm_program_type_find(const char *name, uint32_t *ret);
const char *vm_program_type_name(uint32_t type);

/* A type of the kernel that a CO-RE relocation is about. */
struct vm_core_use {
	uint32_t root; /* in the kernel's BTF */
	bool is_field; /* steps lead to it; else it is about the type */
	bool is_whole; /* members of the type are compared, too */
	uint32_t n_steps;
	/* Member `index` of the record `type`; records without names on the way are left out. */
	struct vm_core_member {
		uint32_t type, index;
	} steps[64];
};

struct vm_object_options {
	/* Asks what the relocations of an object use of the kernel's types; nothing else of it is
	 * read, and the object that is returned has no programs. NULL: don't. */
	void (*on_core)(void *arg, const struct vm_core_use *use);
	void *on_core_arg;
	const char *kernel_btf_path; /* NULL: $SKEP_BTF, else /sys/kernel/btf/vmlinux if readable */
	uint32_t type;               /* overrides what the sections say; UINT32_MAX: don't */
	/* BPF_PROG_TYPE_UNSPEC: sections with names that mean nothing are programs too. */
	bool is_library; /* funcs instead of programs; what is wrong with one is its `problem` */
};

/* What values of this map hold that the kernel looks after, and so has to find by their type
 * ("bpf_spin_lock"); NULL: nothing. Without BTF nothing is known. */
const char *vm_map_special(const struct vm_map_def *m);

/* Reads from memory (kept by the caller as long as the object). Everything lives in `a`; BTF is
 * closed by vm_object_close(). Returns 0, or -errno with one line in `why`; -ENOEXEC if the object
 * is well made and its instructions are none that a verifier could accept. */
int vm_object_open(struct arena *a, const void *bytes, size_t len_b,
                   const struct vm_object_options *opts, struct vm_object **ret,
                   struct strbuf *why);
void vm_object_close(struct vm_object *o);

#endif
