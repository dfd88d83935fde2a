/* The type model: constructors, equality and field search.
 *
 * Input: parts. Output: immutable `struct type`s, in the caller's arena or, for scalars that exist
 * once, in the tables below. The trick: everything a later stage asks often (size, alignment,
 * signedness) is copied to the outermost node when it is made, typedefs included, so nobody has to
 * walk. */
#include "types/type.h"

#include <string.h>

#include "base/arena.h"

static const struct type ty_none = {.kind = TYPE_NONE, .align_b = 1};
static const struct type ty_void = {.kind = TYPE_VOID, .align_b = 1, .name = "void"};
static const struct type ty_bool = {.kind = TYPE_BOOL, .size_b = 1, .align_b = 1, .name = "bool"};

#define INT_ROW(bytes, is_s, c_name)                                                               \
	{                                                                                          \
		.kind = TYPE_INT, .size_b = (bytes), .align_b = (bytes), .is_signed = (is_s),      \
		.name = (c_name)                                                                   \
	}
/* [log2 of the size][is_signed] */
static const struct type ty_ints[5][2] = {
    {INT_ROW(1, false, "uint8_t"), INT_ROW(1, true, "int8_t")},
    {INT_ROW(2, false, "uint16_t"), INT_ROW(2, true, "int16_t")},
    {INT_ROW(4, false, "uint32_t"), INT_ROW(4, true, "int32_t")},
    {INT_ROW(8, false, "uint64_t"), INT_ROW(8, true, "int64_t")},
    {INT_ROW(16, false, "unsigned __int128"), INT_ROW(16, true, "__int128")},
};

/* Kinds without parameters; sizes as type.h and image.h lay them out. Aggregations: [is_signed]. */
/* clang-format off */
#define SIMPLE(k, size, align) [k] = {.kind = (k), .size_b = (size), .align_b = (align)}
static const struct type ty_simple[2][TYPE_N] = {
	{
		SIMPLE(TYPE_INET, 24, 8),
		SIMPLE(TYPE_MAC, 6, 1),
		SIMPLE(TYPE_TIMESTAMP, 16, 8),
		SIMPLE(TYPE_USERNAME, 8, 8),
		SIMPLE(TYPE_CGROUP_PATH, 16, 8),
		SIMPLE(TYPE_KSYM, 8, 8),
		SIMPLE(TYPE_USYM, 16, 8),
		SIMPLE(TYPE_COUNT, 8, 8),
		SIMPLE(TYPE_SUM, 8, 8),
		SIMPLE(TYPE_MIN, 16, 8),
		SIMPLE(TYPE_MAX, 16, 8),
		SIMPLE(TYPE_AVG, 16, 8),
		SIMPLE(TYPE_STATS, 16, 8),
		SIMPLE(TYPE_FLOAT, 8, 8),
	},
#undef SIMPLE
#define SIMPLE(k, size, align) \
	[k] = {.kind = (k), .size_b = (size), .align_b = (align), .is_signed = true}
	{
		SIMPLE(TYPE_COUNT, 8, 8),
		SIMPLE(TYPE_SUM, 8, 8),
		SIMPLE(TYPE_MIN, 16, 8),
		SIMPLE(TYPE_MAX, 16, 8),
		SIMPLE(TYPE_AVG, 16, 8),
		SIMPLE(TYPE_STATS, 16, 8),
	},
#undef SIMPLE
};
/* clang-format on */

const struct type *type_none(void)
{
	return &ty_none;
}

const struct type *type_void(void)
{
	return &ty_void;
}

const struct type *type_bool(void)
{
	return &ty_bool;
}

const struct type *type_int(uint32_t size_b, bool is_signed)
{
	unsigned log = size_b >= 16 ? 4 : size_b >= 8 ? 3 : size_b >= 4 ? 2 : size_b >= 2 ? 1 : 0;

	return &ty_ints[log][is_signed];
}

const struct type *type_simple(enum type_kind kind)
{
	switch (kind) {
	case TYPE_NONE:
		return &ty_none;
	case TYPE_VOID:
		return &ty_void;
	case TYPE_BOOL:
		return &ty_bool;
	default:
		return &ty_simple[0][kind];
	}
}

const struct type *type_agg(struct arena *a, enum type_kind kind, bool is_signed)
{
	(void)a; /* the table has them all */
	/* A count is never negative: count_t has one form. */
	return &ty_simple[is_signed && kind != TYPE_COUNT][kind];
}

static struct type *make(struct arena *a, enum type_kind kind, uint32_t size_b, uint32_t align_b)
{
	struct type *t = arena_new(a, struct type);

	t->kind = kind;
	t->size_b = size_b;
	t->align_b = align_b;
	return t;
}

const struct type *type_ptr(struct arena *a, const struct type *to, enum addr_space as)
{
	struct type *t = make(a, TYPE_PTR, 8, 8);

	t->elem = to;
	t->as = as;
	return t;
}

const struct type *type_array(struct arena *a, const struct type *elem, uint32_t n)
{
	uint64_t size_b = (uint64_t)elem->size_b * n;
	struct type *t =
	    make(a, TYPE_ARRAY, size_b > UINT32_MAX ? UINT32_MAX : (uint32_t)size_b, elem->align_b);

	t->elem = elem;
	t->n_elems = n;
	return t;
}

const struct type *type_string(struct arena *a, uint32_t size_b)
{
	return make(a, TYPE_STRING, size_b, 1);
}

const struct type *type_buffer(struct arena *a, uint32_t max_len_b)
{
	return make(a, TYPE_BUFFER, max_len_b > UINT32_MAX - 4 ? UINT32_MAX : max_len_b + 4, 4);
}

/* Strings, buffers and arrays of bytes go wherever they come, so that (int8, string[3]) is 4 bytes.
 */
static uint32_t tuple_align(const struct type *t)
{
	if (t->kind == TYPE_STRING || t->kind == TYPE_MAC)
		return 1;
	return t->align_b ? t->align_b : 1;
}

static uint32_t round_up(uint32_t n, uint32_t to)
{
	return (n + to - 1) / to * to;
}

const struct type *type_tuple(struct arena *a, const struct type *const *elems,
                              const char *const *names, uint32_t n)
{
	struct type *t = make(a, names ? TYPE_RECORD : TYPE_TUPLE, 0, 1);
	struct field *fields = arena_array(a, struct field, n);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t align = tuple_align(elems[i]);

		t->size_b = round_up(t->size_b, align);
		fields[i].name = names ? names[i] : NULL;
		fields[i].type = elems[i];
		fields[i].off_b = t->size_b;
		t->size_b += elems[i]->size_b;
		if (align > t->align_b)
			t->align_b = align;
	}
	t->size_b = round_up(t->size_b, t->align_b);
	t->fields = fields;
	t->n_fields = n;
	return t;
}

const struct type *type_stack(struct arena *a, bool is_user, enum stack_mode mode, uint32_t depth)
{
	struct type *t = make(a, is_user ? TYPE_USTACK : TYPE_KSTACK, is_user ? 16 : 8, 8);

	t->stack_mode = mode;
	t->stack_depth = depth;
	return t;
}

const struct type *type_hist(struct arena *a, uint32_t bits)
{
	struct type *t = make(a, TYPE_HIST, 0, 8);

	t->hist_bits = bits;
	return t;
}

const struct type *type_lhist(struct arena *a, int64_t min, int64_t max, int64_t step)
{
	struct type *t = make(a, TYPE_LHIST, 0, 8);

	t->lhist_min = min;
	t->lhist_max = max;
	t->lhist_step = step;
	return t;
}

const struct type *type_tseries(struct arena *a, uint64_t interval_ns, uint32_t n,
                                enum type_kind agg, bool is_signed)
{
	struct type *t = make(a, TYPE_TSERIES, 0, 8);

	t->tseries_interval_ns = interval_ns;
	t->tseries_n = n;
	t->tseries_agg = agg;
	t->is_signed = is_signed;
	return t;
}

const struct type *type_const(struct arena *a, const struct type *t)
{
	struct type *copy;

	if (t->is_const)
		return t;
	copy = arena_memdup(a, t, sizeof(*t));
	copy->is_const = true;
	return copy;
}

const struct type *type_strip(const struct type *t)
{
	while (t && t->kind == TYPE_TYPEDEF)
		t = t->elem;
	return t;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool fields_equal(const struct type *a, const struct type *b, bool by_name)
{
	if (a->n_fields != b->n_fields)
		return false;
	for (uint32_t i = 0; i < a->n_fields; i++) {
		if (by_name && !same_text(a->fields[i].name, b->fields[i].name))
			return false;
		if (!type_equal(a->fields[i].type, b->fields[i].type))
			return false;
	}
	return true;
}

bool type_equal(const struct type *a, const struct type *b)
{
	a = type_strip(a);
	b = type_strip(b);
	if (a == b)
		return true;
	if (!a || !b || a->kind != b->kind)
		return false;
	switch (a->kind) {
	case TYPE_INT:
		return a->size_b == b->size_b && a->is_signed == b->is_signed;
	case TYPE_FLOAT:
	case TYPE_STRING:
	case TYPE_BUFFER:
		return a->size_b == b->size_b;
	case TYPE_PTR:
		return type_equal(a->elem, b->elem);
	case TYPE_ARRAY:
		return a->n_elems == b->n_elems && type_equal(a->elem, b->elem);
	case TYPE_ENUM:
		return a->name || b->name ? same_text(a->name, b->name)
		                          : a->enumerators == b->enumerators;
	case TYPE_STRUCT:
	case TYPE_UNION: /* by tag, as in C; without one, by layout */
		if (a->name || b->name)
			return same_text(a->name, b->name);
		return a->size_b == b->size_b && fields_equal(a, b, true);
	case TYPE_FUNC:
		return type_equal(a->elem, b->elem) && fields_equal(a, b, false);
	case TYPE_TUPLE:
		return fields_equal(a, b, false);
	case TYPE_RECORD:
		return fields_equal(a, b, true);
	case TYPE_KSTACK:
	case TYPE_USTACK:
		return a->stack_mode == b->stack_mode && a->stack_depth == b->stack_depth;
	case TYPE_SUM:
	case TYPE_MIN:
	case TYPE_MAX:
	case TYPE_AVG:
	case TYPE_STATS:
		return a->is_signed == b->is_signed;
	case TYPE_HIST:
		return a->hist_bits == b->hist_bits;
	case TYPE_LHIST:
		return a->lhist_min == b->lhist_min && a->lhist_max == b->lhist_max &&
		       a->lhist_step == b->lhist_step;
	case TYPE_TSERIES:
		return a->tseries_interval_ns == b->tseries_interval_ns &&
		       a->tseries_n == b->tseries_n && a->tseries_agg == b->tseries_agg &&
		       a->is_signed == b->is_signed;
	default:
		return true;
	}
}

bool type_is_integer(const struct type *t)
{
	t = type_strip(t);
	return t->kind == TYPE_INT || t->kind == TYPE_ENUM || t->kind == TYPE_BOOL;
}

bool type_is_agg(const struct type *t)
{
	return t->kind >= TYPE_COUNT && t->kind <= TYPE_TSERIES;
}

bool type_is_castable_agg(const struct type *t)
{
	return t->kind >= TYPE_COUNT && t->kind <= TYPE_AVG;
}

bool type_is_char_array(const struct type *t)
{
	const struct type *elem;

	t = type_strip(t);
	if (t->kind != TYPE_ARRAY)
		return false;
	elem = type_strip(t->elem);
	return elem->kind == TYPE_INT && elem->size_b == 1 && elem->is_char;
}

static const struct field *find_field(const struct type *t, const char *name, uint32_t *ret_off_b,
                                      unsigned depth)
{
	enum { DEEPEST = 32 }; /* anonymous members within anonymous members: no real type has 8 */

	t = type_strip(t);
	if (!t || depth > DEEPEST)
		return NULL;
	for (uint32_t i = 0; i < t->n_fields; i++) {
		const struct field *f = &t->fields[i];

		if (f->name && !strcmp(f->name, name)) {
			*ret_off_b = f->off_b;
			return f;
		}
	}
	for (uint32_t i = 0; i < t->n_fields; i++) {
		const struct field *outer = &t->fields[i], *f;
		const struct type *in = type_strip(outer->type);
		uint32_t off_b;

		if (outer->name || (in->kind != TYPE_STRUCT && in->kind != TYPE_UNION))
			continue;
		f = find_field(in, name, &off_b, depth + 1);
		if (f) {
			*ret_off_b = outer->off_b + off_b;
			return f;
		}
	}
	return NULL;
}

const struct field *type_find_field(const struct type *t, const char *name, uint32_t *ret_off_b)
{
	uint32_t off_b;
	const struct field *f = find_field(t, name, &off_b, 0);

	if (f && ret_off_b)
		*ret_off_b = off_b;
	return f;
}
