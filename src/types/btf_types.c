/* BTF records to types.
 *
 * Input: an id in a BTF blob. Output: a struct type in the context's arena, made once per id. The
 * trick is to stop at pointers: what a pointer points to is made `shallow` (name and size), so
 * asking for task_struct makes one struct with what it embeds, not the whole kernel. */
#include <stdlib.h>
#include <string.h>

#include "types/types_priv.h"

enum {
	DEEPEST =
	    64, /* nesting by value, pointers and modifiers together; only hostile BTF has more */
};

struct reader {
	struct types *ts;
	unsigned depth;
};

static const struct type *read_type(struct reader *r, struct btf_source *src, uint32_t id,
                                    bool is_full);

static struct type *make(struct reader *r, enum type_kind kind, uint32_t size_b, uint32_t align_b)
{
	struct type *t = arena_new(r->ts->a, struct type);

	t->kind = kind;
	t->size_b = size_b;
	t->align_b = align_b;
	return t;
}

/* Strings of the blob outlive their type only if copied: the file may be closed before the arena.
 * Names repeat a lot, but few types are ever made. */
static const char *copy_name(struct reader *r, struct btf_source *src, uint32_t off)
{
	enum { LONGEST = 512 }; /* the kernel's KSYM_NAME_LEN */
	const char *s = btf_string(src->file, off);

	return *s ? arena_strndup(r->ts->a, s, strnlen(s, LONGEST)) : NULL;
}

static uint32_t natural_align(uint32_t size_b)
{
	return size_b >= 16 ? 16 : size_b >= 8 ? 8 : size_b >= 4 ? 4 : size_b >= 2 ? 2 : 1;
}

static const struct type *read_int(struct reader *r, struct btf_source *src,
                                   const struct btf_record *rec)
{
	struct type *t = make(r, TYPE_INT, rec->size_or_type, natural_align(rec->size_or_type));
	uint32_t bits;

	memcpy(&bits, rec->extra, sizeof(bits));
	t->name = copy_name(r, src, rec->name_off);
	if (BTF_INT_ENCODING(bits) & BTF_INT_BOOL) {
		t->kind = TYPE_BOOL;
		return t;
	}
	if (t->size_b > 16)
		t->size_b = 16;
	t->is_signed = BTF_INT_ENCODING(bits) & BTF_INT_SIGNED;
	/* Compilers leave BTF_INT_CHAR unset; the name says it. Plain char is signed, as in the
	 * language, whatever the kernel was built with. */
	if (t->size_b == 1 && t->name) {
		if (!strcmp(t->name, "char"))
			t->is_char = t->is_signed = true;
		else if (!strcmp(t->name, "signed char"))
			t->is_char = true;
	}
	return t;
}

static const struct type *read_enum(struct reader *r, struct btf_source *src,
                                    const struct btf_record *rec, bool is_full)
{
	struct type *t = make(r, TYPE_ENUM, rec->size_or_type, natural_align(rec->size_or_type));
	struct enumerator *list;

	t->name = copy_name(r, src, rec->name_off);
	t->is_signed = rec->kflag;
	if (!is_full && t->name) {
		t->is_incomplete = true;
		return t;
	}
	list = arena_array(r->ts->a, struct enumerator, rec->vlen);
	for (uint32_t i = 0; i < rec->vlen; i++) {
		uint32_t name_off;

		if (rec->kind == BTF_KIND_ENUM64) {
			struct btf_enum64 e;

			memcpy(&e, (const char *)rec->extra + i * sizeof(e), sizeof(e));
			name_off = e.name_off;
			list[i].value = (int64_t)((uint64_t)e.val_hi32 << 32 | e.val_lo32);
		} else {
			struct btf_enum e;

			memcpy(&e, (const char *)rec->extra + i * sizeof(e), sizeof(e));
			name_off = e.name_off;
			/* Before kernel 6.0 nobody set kflag: a negative value tells as well. */
			list[i].value = t->is_signed ? (int64_t)e.val : (int64_t)(uint32_t)e.val;
			if (!t->is_signed && e.val < 0 && e.val >= -4096) {
				t->is_signed = true;
				for (uint32_t j = 0; j <= i; j++)
					list[j].value = (int32_t)list[j].value;
			}
		}
		list[i].name = copy_name(r, src, name_off);
		if (!list[i].name)
			list[i].name = "";
	}
	t->enumerators = list;
	t->n_enumerators = rec->vlen;
	return t;
}

/* Where a bit-field lies, said in units of its type; a packed one may straddle two of them, then in
 * bytes. */
void type_place_bits(struct field *f, uint32_t bit_pos, uint32_t bit_size)
{
	uint32_t unit = f->type->size_b && f->type->size_b <= 16 ? f->type->size_b * 8 : 8;

	f->bit_size = (uint16_t)bit_size;
	f->off_b = bit_pos / unit * (unit / 8);
	f->bit_off = (uint16_t)(bit_pos % unit);
	if (f->bit_off + bit_size > unit) {
		f->off_b = bit_pos / 8;
		f->bit_off = bit_pos % 8;
	}
}

/* The old form of a bit-field (no kflag): an INT of fewer bits than its bytes hold. */
static bool old_bits(struct btf_source *src, uint32_t id, uint32_t *bit_pos, uint32_t *bit_size)
{
	struct btf_record rec;
	uint32_t bits;

	if (!btf_get(src->file, id, &rec) || rec.kind != BTF_KIND_INT)
		return false;
	memcpy(&bits, rec.extra, sizeof(bits));
	if (!BTF_INT_BITS(bits) || BTF_INT_BITS(bits) == rec.size_or_type * 8)
		return false;
	*bit_pos += BTF_INT_OFFSET(bits);
	*bit_size = BTF_INT_BITS(bits);
	return true;
}

static void read_members(struct reader *r, struct btf_source *src, const struct btf_record *rec,
                         struct type *t)
{
	struct field *fields = arena_array(r->ts->a, struct field, rec->vlen);

	for (uint32_t i = 0; i < rec->vlen; i++) {
		struct field *f = &fields[i];
		struct btf_member m;
		uint32_t bit_pos, bit_size = 0, align;

		memcpy(&m, (const char *)rec->extra + i * sizeof(m), sizeof(m));
		f->name = copy_name(r, src, m.name_off);
		f->type = read_type(r, src, m.type, true);
		bit_pos = rec->kflag ? BTF_MEMBER_BIT_OFFSET(m.offset) : m.offset;
		if (rec->kflag)
			bit_size = BTF_MEMBER_BITFIELD_SIZE(m.offset);
		else
			old_bits(src, m.type, &bit_pos, &bit_size);
		f->off_b = bit_pos / 8;
		if (bit_size)
			type_place_bits(f, bit_pos, bit_size);
		align = f->type->align_b;
		/* A packed struct shows by members off their alignment. */
		while (align > 1 && (f->off_b % align || t->size_b % align))
			align /= 2;
		if (align > t->align_b)
			t->align_b = align;
	}
	t->fields = fields;
	t->n_fields = rec->vlen;
}

static const struct type *read_struct(struct reader *r, struct btf_source *src, uint32_t id,
                                      const struct btf_record *rec, bool is_full)
{
	struct type *t =
	    make(r, rec->kind == BTF_KIND_UNION ? TYPE_UNION : TYPE_STRUCT, rec->size_or_type, 1);

	t->name = copy_name(r, src, rec->name_off);
	if (src->base || src->is_object)
		vec_push(r->ts->a, &r->ts->module_types, ((struct module_type){t, src, id}));
	else
		t->btf_id = id;
	if (!is_full && t->name) {
		t->is_incomplete = true;
		return t;
	}
	/* In place before its members are read, so that a struct said to hold itself ends there. */
	src->full[id - btf_first(src->file)] = t;
	read_members(r, src, rec, t);
	return t;
}

static const struct type *read_proto(struct reader *r, struct btf_source *src,
                                     const struct btf_record *rec, uint32_t skip)
{
	struct type *t = make(r, TYPE_FUNC, 0, 1);
	struct field *fields;
	uint32_t n = rec->vlen;

	t->elem = read_type(r, src, rec->size_or_type, false);
	if (skip > n)
		skip = n;
	fields = arena_array(r->ts->a, struct field, n - skip);
	for (uint32_t i = skip; i < n; i++) {
		struct btf_param p;

		memcpy(&p, (const char *)rec->extra + i * sizeof(p), sizeof(p));
		fields[i - skip].name = copy_name(r, src, p.name_off);
		if (!p.type && !p.name_off && i == n - 1) { /* `...` */
			fields[i - skip].name = "...";
			fields[i - skip].type = type_none();
			continue;
		}
		fields[i - skip].type = read_type(r, src, p.type, false);
	}
	t->fields = fields;
	t->n_fields = n - skip;
	return t;
}

/* CONST, VOLATILE, RESTRICT and TYPE_TAGs go; const and the address space stay as marks. */
static const struct type *read_modifier(struct reader *r, struct btf_source *src,
                                        const struct btf_record *rec, bool is_full)
{
	const struct type *t = read_type(r, src, rec->size_or_type, is_full);

	return rec->kind == BTF_KIND_CONST ? type_const(r->ts->a, t) : t;
}

/* __user and friends stand between the pointer and its target (clang-built kernels). */
static enum addr_space tagged_space(struct btf_source *src, uint32_t id)
{
	struct btf_record rec;

	for (unsigned i = 0; i < 8 && btf_get(src->file, id, &rec); i++) {
		if (rec.kind == BTF_KIND_TYPE_TAG &&
		    !strcmp(btf_string(src->file, rec.name_off), "user"))
			return AS_USER;
		if (rec.kind != BTF_KIND_TYPE_TAG && rec.kind != BTF_KIND_CONST &&
		    rec.kind != BTF_KIND_VOLATILE)
			break;
		id = rec.size_or_type;
	}
	return AS_NONE;
}

static const struct type *read_array(struct reader *r, struct btf_source *src,
                                     const struct btf_record *rec)
{
	struct btf_array array;

	memcpy(&array, rec->extra, sizeof(array));
	return type_array(r->ts->a, read_type(r, src, array.type, true), array.nelems);
}

static const struct type *read_typedef(struct reader *r, struct btf_source *src,
                                       const struct btf_record *rec, bool is_full)
{
	const struct type *elem = read_type(r, src, rec->size_or_type, is_full);
	struct type *t = make(r, TYPE_TYPEDEF, elem->size_b, elem->align_b);

	t->is_signed = elem->is_signed;
	t->is_incomplete = elem->is_incomplete;
	t->name = copy_name(r, src, rec->name_off);
	t->elem = elem;
	return t;
}

static const struct type *read_float(struct reader *r, struct btf_source *src,
                                     const struct btf_record *rec)
{
	struct type *t = make(r, TYPE_FLOAT, rec->size_or_type, natural_align(rec->size_or_type));

	t->name = copy_name(r, src, rec->name_off);
	return t;
}

static const struct type *read_forward(struct reader *r, struct btf_source *src,
                                       const struct btf_record *rec)
{
	struct type *t = make(r, rec->kflag ? TYPE_UNION : TYPE_STRUCT, 0, 1);

	t->name = copy_name(r, src, rec->name_off);
	t->is_incomplete = true;
	return t;
}

static const struct type *read_record(struct reader *r, struct btf_source *src, uint32_t id,
                                      const struct btf_record *rec, bool is_full)
{
	switch (rec->kind) {
	case BTF_KIND_INT:
		return read_int(r, src, rec);
	case BTF_KIND_FLOAT:
		return read_float(r, src, rec);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return read_enum(r, src, rec, is_full);
	case BTF_KIND_PTR:
		return type_ptr(r->ts->a, read_type(r, src, rec->size_or_type, false),
		                tagged_space(src, rec->size_or_type));
	case BTF_KIND_ARRAY:
		return read_array(r, src, rec);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return read_struct(r, src, id, rec, is_full);
	case BTF_KIND_FWD:
		return read_forward(r, src, rec);
	case BTF_KIND_TYPEDEF:
		return read_typedef(r, src, rec, is_full);
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return read_modifier(r, src, rec, is_full);
	case BTF_KIND_FUNC_PROTO:
		return read_proto(r, src, rec, 0);
	default: /* FUNC, VAR, DATASEC, DECL_TAG are no types */
		return type_void();
	}
}

static bool need_caches(struct btf_source *src)
{
	size_t n = btf_end(src->file) - btf_first(src->file);

	if (!src->full)
		src->full = calloc(n ? n : 1, sizeof(const struct type *));
	if (!src->shallow)
		src->shallow = calloc(n ? n : 1, sizeof(const struct type *));
	return src->full && src->shallow;
}

static const struct type *read_type(struct reader *r, struct btf_source *src, uint32_t id,
                                    bool is_full)
{
	const struct type **slot;
	struct btf_record rec;
	const struct type *t;

	while (src->base && id < btf_first(src->file))
		src = src->base;
	if (r->depth >= DEEPEST || !btf_get(src->file, id, &rec) || !need_caches(src))
		return type_void();
	slot = &(is_full ? src->full : src->shallow)[id - btf_first(src->file)];
	if (*slot)
		return *slot;
	r->depth++;
	t = read_record(r, src, id, &rec, is_full);
	r->depth--;
	*slot = t;
	return t;
}

const struct type *btf_type(struct types *ts, struct btf_source *src, uint32_t id, bool is_full)
{
	struct reader r = {.ts = ts};

	return read_type(&r, src, id, is_full);
}

const struct type *btf_func_type(struct types *ts, struct btf_source *src, uint32_t id,
                                 uint32_t skip)
{
	struct reader r = {.ts = ts};
	struct btf_record rec;

	if (!btf_get(src->file, id, &rec))
		return NULL;
	if (rec.kind == BTF_KIND_FUNC && !btf_get(src->file, rec.size_or_type, &rec))
		return NULL;
	if (rec.kind != BTF_KIND_FUNC_PROTO)
		return NULL;
	return read_proto(&r, src, &rec, skip);
}
