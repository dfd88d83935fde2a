/* Walks over BTF that the object's reader needs. Every chain is followed a bounded number of steps,
 * as BTF of an object may run in circles. */
#include <string.h>

#include "vm/object/object_priv.h"

enum { CHAIN_MAX = 64 }; /* typedefs, qualifiers and dimensions behind one another */

bool walk_strip(struct btf_file *b, uint32_t id, uint32_t *ret_id, struct btf_record *ret)
{
	for (int i = 0; i < CHAIN_MAX; i++) {
		if (!id)
			*ret = (struct btf_record){.kind = BTF_KIND_UNKN};
		else if (!btf_get(b, id, ret))
			return false;
		switch (ret->kind) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = ret->size_or_type;
			break;
		default:
			if (ret_id)
				*ret_id = id;
			return true;
		}
	}
	return false;
}

bool walk_size(struct btf_file *b, uint32_t id, uint64_t *ret)
{
	uint64_t n = 1;
	struct btf_record rec;

	for (int i = 0; i < CHAIN_MAX; i++) {
		const struct btf_array *array;

		if (!walk_strip(b, id, NULL, &rec))
			return false;
		switch (rec.kind) {
		case BTF_KIND_ARRAY:
			array = rec.extra;
			if (__builtin_mul_overflow(n, array->nelems, &n))
				return false;
			id = array->type;
			break;
		case BTF_KIND_PTR:
			return !__builtin_mul_overflow(n, 8, ret);
		case BTF_KIND_INT:
		case BTF_KIND_FLOAT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_DATASEC:
			return !__builtin_mul_overflow(n, rec.size_or_type, ret);
		default:
			return false;
		}
	}
	return false;
}

static uint32_t align_within(struct btf_file *b, uint32_t id, int depth)
{
	struct btf_record rec;
	uint32_t best = 1;

	if (depth > 16 || !walk_strip(b, id, NULL, &rec))
		return 1;
	switch (rec.kind) {
	case BTF_KIND_PTR:
		return 8;
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		best = rec.size_or_type;
		return best > 8 ? 8 : best && !(best & (best - 1)) ? best : 1;
	case BTF_KIND_ARRAY:
		return align_within(b, ((const struct btf_array *)rec.extra)->type, depth + 1);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		/* The members that decide stand near the front or are few: an exact answer for
		 * any struct would take exponential time on a hostile one. */
		for (uint32_t i = 0; i < rec.vlen && i < 64 && best < 8 && depth < 4; i++) {
			struct walk_member m;
			uint32_t align;

			if (!walk_member(b, &rec, i, &m))
				break;
			align = align_within(b, m.type, depth + 1);
			best = align > best ? align : best;
		}
		return best;
	default:
		return 1;
	}
}

uint32_t walk_align(struct btf_file *b, uint32_t id)
{
	return align_within(b, id, 0);
}

bool walk_member(struct btf_file *b, const struct btf_record *rec, uint32_t index,
                 struct walk_member *ret)
{
	const struct btf_member *m = rec->extra;

	if ((rec->kind != BTF_KIND_STRUCT && rec->kind != BTF_KIND_UNION) || index >= rec->vlen)
		return false;
	m += index;
	ret->name = btf_string(b, m->name_off);
	ret->type = m->type;
	ret->bit_off = rec->kflag ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
	ret->bit_size = rec->kflag ? BTF_MEMBER_BITFIELD_SIZE(m->offset) : 0;
	return true;
}

bool walk_datasec(struct btf_file *b, const char *name, uint32_t *ret_id, struct btf_record *ret)
{
	uint32_t id = b ? btf_find(b, name, BTF_KIND_MASK(BTF_KIND_DATASEC), 0) : 0;

	if (!id || !btf_get(b, id, ret))
		return false;
	*ret_id = id;
	return true;
}
