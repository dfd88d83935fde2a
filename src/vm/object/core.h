/* CO-RE: what core.c (relocations) and core_match.c (types of the object and of the kernel side by
 * side) share. */
#ifndef SKEP_VM_OBJECT_CORE_H
#define SKEP_VM_OBJECT_CORE_H

#include "vm/object/object_priv.h"

enum { CORE_DEPTH_MAX = 64 };

/* enum bpf_core_relo_kind (UAPI linux/bpf.h, Linux 5.17; LLVM names them btf_*_reloc). */
enum core_kind {
	CORE_FIELD_OFFSET,
	CORE_FIELD_SIZE,
	CORE_FIELD_EXISTS,
	CORE_FIELD_SIGNED,
	CORE_FIELD_LSHIFT,
	CORE_FIELD_RSHIFT,
	CORE_TYPE_ID_LOCAL,
	CORE_TYPE_ID_TARGET,
	CORE_TYPE_EXISTS,
	CORE_TYPE_SIZE,
	CORE_ENUM_EXISTS,
	CORE_ENUM_VALUE,
	CORE_TYPE_MATCHES,
	CORE_KIND_N,
};

static inline bool core_is_field(uint32_t kind)
{
	return kind <= CORE_FIELD_RSHIFT;
}
static inline bool core_is_enum(uint32_t kind)
{
	return kind == CORE_ENUM_EXISTS || kind == CORE_ENUM_VALUE;
}

/* One step from a type into it: a member if it has a name, an element of an array otherwise. The
 * first step is the index of the root itself, as if it were an array's element. */
struct core_step {
	const char *name;
	uint32_t type; /* MEMBER: the struct; element: the element's type */
	uint32_t index;
};

/* A field, type or enumerator, in the object's types or in the kernel's. */
struct core_spec {
	struct btf_file *btf;
	uint32_t root;
	uint32_t n, depth; /* depth counts anonymous structs, too */
	struct core_step steps[CORE_DEPTH_MAX];
	uint64_t bit_off;
};

/* Reads "0:1:2" against the object's type. -EINVAL: it doesn't describe one. */
int core_spec_parse(struct reader *r, uint32_t kind, uint32_t type, const char *access,
                    struct core_spec *ret);
/* The same thing in the target's type: 1, 0 if it isn't there, or -errno. */
int core_spec_match(struct reader *r, uint32_t kind, const struct core_spec *local,
                    struct btf_file *target, uint32_t type, struct core_spec *ret);
/* Kernel types that a type of the object may be, by name. */
const struct core_cands *core_find_cands(struct reader *r, uint32_t type);
uint64_t core_enum_value(const struct btf_record *rec, uint32_t index);

#endif
