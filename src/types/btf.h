/* BTF, read lazily: one blob stays where it lies, and is asked by name or number.
 *
 * Nothing is parsed on opening but the header. Every offset and count found in the blob is
 * checked before use; a hostile blob gives wrong types at worst, never a crash. */
#ifndef SKEP_TYPES_BTF_H
#define SKEP_TYPES_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/btf.h>

struct btf_file;

/* Open a file of raw BTF, mapping it where the kernel allows (6.16 and later) and reading it
 * elsewhere. `base` is the BTF it was split from (a module's: vmlinux), NULL if none, and must
 * outlive it. Returns 0 or -errno (-EINVAL: not BTF of this machine's byte order). */
int btf_open(const char *path, struct btf_file *base, struct btf_file **ret);
/* The same over bytes of the caller, which must outlive it. */
int btf_open_bytes(const void *bytes, size_t len_b, struct btf_file *base, struct btf_file **ret);
void btf_close(struct btf_file *b);
static inline void btf_closep(struct btf_file **b)
{
	if (*b)
		btf_close(*b);
}

/* One type record. `extra` points behind the 12-byte head at `extra_b` bytes known to be there,
 * as the kind and vlen demand. */
struct btf_record {
	uint32_t kind, vlen;
	bool kflag;
	uint32_t name_off;
	uint32_t size_or_type;
	const void *extra;
	size_t extra_b;
};

/* Can all of the type section be read? What stands behind the first record that is no type, is of a
 * newer kind or is cut off has no ids. */
bool btf_is_whole(struct btf_file *b);
/* Ids run from 1 (or the base's count, for split BTF) to btf_end() - 1. */
uint32_t btf_first(const struct btf_file *b);
uint32_t btf_end(struct btf_file *b);
/* The base's ids are answered too. False for 0 and for ids that don't exist. */
bool btf_get(struct btf_file *b, uint32_t id, struct btf_record *ret);
/* "" where the offset is out of bounds. Lives as long as the blob. */
const char *btf_string(const struct btf_file *b, uint32_t off);
/* Which of `b` and its bases holds this id. */
struct btf_file *btf_owner(struct btf_file *b, uint32_t id);

#define BTF_KIND_MASK(kind) (1u << (kind))
/* The first record of one of these kinds (a set of BTF_KIND_MASKs) called `name`, with an id
 * greater than `after`; 0 if there is none. Looks in `b` only, not in its base. */
uint32_t btf_find(struct btf_file *b, const char *name, uint32_t kinds, uint32_t after);
/* The next named record of one of these kinds with an id greater than `after`, 0 at the end; its
 * name in *ret_name. For walks: no more is read than that takes. */
uint32_t btf_next(struct btf_file *b, uint32_t kinds, uint32_t after, const char **ret_name);
/* Offset of this very string, UINT32_MAX if it occurs nowhere. Comparing records' name_off with
 * it is much cheaper than comparing text, and as good: no string is stored twice. */
uint32_t btf_find_string(struct btf_file *b, const char *s);

#endif
