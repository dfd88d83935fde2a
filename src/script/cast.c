/* Conversions between types: literals, common types (spec 4.2) and casts (spec 4.6).
 *
 * Input: types. Output: types or yes and no; nothing is reported here. The trick: a literal's
 * flexibility is the *address* of its type, a row of flexible[] below. It needs no flag beside the
 * type, so the 1 in `@x[1, comm]` is still flexible when another probe says `@x[pid, comm]`. */
#include "script/cast.h"

#include <string.h>

#include "base/arena.h"

static const struct type unknown = {.kind = TYPE_NONE, .align_b = 1};

/* Rows by how many bits a literal needs. Signed it takes size_b; adopted by an unsigned type it
 * takes unsigned_size_b. The last row is what `++` counts in. */
enum { COUNTER_ROW = 7 };
#define FLEXIBLE_INT(bytes, is_s, c_name)                                                          \
	{                                                                                          \
		.kind = TYPE_INT, .size_b = (bytes), .align_b = (bytes), .is_signed = (is_s),      \
		.name = (c_name)                                                                   \
	}
static const struct type flexible[] = {
    FLEXIBLE_INT(1, true, "int8_t"),  FLEXIBLE_INT(2, true, "int16_t"),
    FLEXIBLE_INT(2, true, "int16_t"), FLEXIBLE_INT(4, true, "int32_t"),
    FLEXIBLE_INT(4, true, "int32_t"), FLEXIBLE_INT(8, true, "int64_t"),
    FLEXIBLE_INT(8, true, "int64_t"), FLEXIBLE_INT(8, false, "uint64_t"),
};
static const struct {
	uint8_t bits, unsigned_size_b;
} flexible_rows[] = {{7, 1}, {8, 1}, {15, 2}, {16, 2}, {31, 4}, {32, 4}, {63, 8}, {64, 8}};

const struct type *cast_unknown(void)
{
	return &unknown;
}

bool cast_is_unknown(const struct type *t)
{
	return t == &unknown;
}

bool cast_is_flexible(const struct type *t)
{
	return t >= flexible && t < flexible + sizeof(flexible) / sizeof(flexible[0]);
}

const struct type *cast_settled(const struct type *t)
{
	return cast_is_flexible(t) ? type_int(t->size_b, t->is_signed) : t;
}

const struct type *cast_counter(void)
{
	return &flexible[COUNTER_ROW];
}

const struct type *cast_literal(uint64_t value, bool is_unsigned)
{
	unsigned row = 0;

	if (!is_unsigned && value <= INT64_MAX) {
		while (value >> flexible_rows[row].bits)
			row++;
		return &flexible[row];
	}
	return type_int(value > UINT32_MAX   ? 8
	                : value > UINT16_MAX ? 4
	                : value > UINT8_MAX  ? 2
	                                     : 1,
	                false);
}

const struct type *cast_negative(int64_t value)
{
	return type_int(value != (int32_t)value   ? 8
	                : value != (int16_t)value ? 4
	                : value != (int8_t)value  ? 2
	                                          : 1,
	                true);
}

bool cast_is_number(const struct type *t)
{
	return t->kind == TYPE_INT || t->kind == TYPE_ENUM || t->kind == TYPE_BOOL;
}

bool cast_is_signed(const struct type *t)
{
	return (t->kind == TYPE_INT || t->kind == TYPE_ENUM) && t->is_signed;
}

bool cast_is_text(const struct type *t)
{
	return t->kind == TYPE_STRING || type_is_char_array(t);
}

const struct type *cast_agg_result(const struct type *agg)
{
	return type_int(8, agg->is_signed);
}

/* ---- common types ------------------------------------------------------------------------- */

static uint32_t max_u32(uint32_t x, uint32_t y)
{
	return x > y ? x : y;
}

static const struct type *adopt(const struct type *flex, const struct type *other)
{
	uint32_t size_b =
	    other->is_signed ? flex->size_b : flexible_rows[flex - flexible].unsigned_size_b;

	/* An enum keeps its names as long as its width does. */
	if (size_b <= other->size_b && other->kind == TYPE_INT)
		return other;
	return type_int(max_u32(size_b, other->size_b), other->is_signed);
}

static const struct type *common_number(const struct type *x, const struct type *y)
{
	if (cast_is_flexible(x) && cast_is_flexible(y))
		return x > y ? x : y;
	if (cast_is_flexible(x))
		return adopt(x, y);
	if (cast_is_flexible(y))
		return adopt(y, x);
	if (x->is_signed == y->is_signed)
		return type_int(max_u32(x->size_b, y->size_b), x->is_signed);
	if (!x->is_signed) {
		const struct type *swap = x;

		x = y;
		y = swap;
	}
	if (x->size_b > y->size_b)
		return x->kind == TYPE_INT ? x : type_int(x->size_b, true);
	return type_int(y->size_b >= 4 ? 8 : y->size_b * 2, true);
}

static const struct type *common_pointer(struct arena *a, const struct type *x,
                                         const struct type *y)
{
	if (!type_equal(x, y))
		return NULL;
	if (x->as == y->as)
		return x;
	/* BTF pointers are kernel pointers; anything else needs the read that tries both. */
	if ((x->as == AS_BTF || x->as == AS_KERNEL) && (y->as == AS_BTF || y->as == AS_KERNEL))
		return type_ptr(a, x->elem, AS_KERNEL);
	return type_ptr(a, x->elem, AS_NONE);
}

static const struct field *record_field(const struct type *t, const char *name)
{
	for (uint32_t i = 0; i < t->n_fields; i++)
		if (!strcmp(t->fields[i].name, name))
			return &t->fields[i];
	return NULL;
}

/* Records keep the member order of x. */
static const struct type *common_tuple(struct arena *a, const struct type *x, const struct type *y)
{
	bool is_record = x->kind == TYPE_RECORD;
	const struct type **elems;
	const char **names;

	if (x->n_fields != y->n_fields)
		return NULL;
	elems = arena_array(a, const struct type *, x->n_fields);
	names = arena_array(a, const char *, x->n_fields);
	for (uint32_t i = 0; i < x->n_fields; i++) {
		const struct field *f =
		    is_record ? record_field(y, x->fields[i].name) : &y->fields[i];

		if (!f)
			return NULL;
		elems[i] = cast_common(a, x->fields[i].type, f->type);
		if (!elems[i])
			return NULL;
		names[i] = x->fields[i].name;
	}
	return type_tuple(a, elems, is_record ? names : NULL, x->n_fields);
}

static uint32_t text_size(const struct type *t)
{
	return t->kind == TYPE_ARRAY ? t->n_elems : t->size_b;
}

const struct type *cast_common(struct arena *a, const struct type *x, const struct type *y)
{
	x = type_strip(x);
	y = type_strip(y);
	if (x == y || cast_is_unknown(y))
		return x;
	if (cast_is_unknown(x))
		return y;
	if (x->kind == TYPE_PTR && y->kind == TYPE_PTR)
		return common_pointer(a, x, y);
	if ((x->kind == TYPE_TUPLE || x->kind == TYPE_RECORD) && x->kind == y->kind)
		return common_tuple(a, x, y);
	if (cast_is_number(x) && cast_is_number(y)) {
		if (type_equal(x, y))
			return cast_is_flexible(x) ? y : x;
		return common_number(x, y);
	}
	if (type_equal(x, y))
		return x;
	if (cast_is_text(x) && cast_is_text(y))
		return type_string(a, max_u32(text_size(x), text_size(y)));
	if (x->kind == TYPE_BUFFER && y->kind == TYPE_BUFFER)
		return x->size_b > y->size_b ? x : y;
	return NULL;
}

/* ---- casts -------------------------------------------------------------------------------- */

bool cast_is_implicit(const struct type *from, const struct type *to)
{
	from = type_strip(from);
	to = type_strip(to);
	if (type_equal(from, to))
		return true;
	if (cast_is_number(to) && to->kind != TYPE_ENUM)
		return cast_is_number(from) || type_is_castable_agg(from);
	if (to->kind == TYPE_STRING)
		return cast_is_text(from) && text_size(from) <= to->size_b;
	if (to->kind == TYPE_BUFFER)
		return from->kind == TYPE_BUFFER && from->size_b <= to->size_b;
	if ((to->kind == TYPE_TUPLE || to->kind == TYPE_RECORD) && from->kind == to->kind &&
	    from->n_fields == to->n_fields) {
		for (uint32_t i = 0; i < to->n_fields; i++) {
			const struct field *f = to->kind == TYPE_RECORD
			                            ? record_field(from, to->fields[i].name)
			                            : &from->fields[i];

			if (!f || !cast_is_implicit(f->type, to->fields[i].type))
				return false;
		}
		return true;
	}
	return false;
}

bool cast_changes_sign(const struct type *from, const struct type *to)
{
	if (!cast_is_number(from) || !cast_is_number(to) || cast_is_flexible(from))
		return false;
	if (from->kind == TYPE_BOOL || to->kind == TYPE_BOOL)
		return false;
	if (from->is_signed == to->is_signed)
		return false;
	return !(to->is_signed && to->size_b > from->size_b);
}

static bool is_number_array(const struct type *t)
{
	return t->kind == TYPE_ARRAY && cast_is_number(type_strip(t->elem));
}

static bool is_byte_array(const struct type *t)
{
	return is_number_array(t) && type_strip(t->elem)->size_b == 1;
}

bool cast_is_legal(const struct type *from, const struct type *to)
{
	enum { WORD_B = 8 };

	from = type_strip(from);
	to = type_strip(to);
	if (to->kind == TYPE_STRUCT || to->kind == TYPE_UNION)
		return false;
	if (cast_is_implicit(from, to))
		return true;
	switch (to->kind) {
	case TYPE_INT:
	case TYPE_BOOL:
		if (from->kind == TYPE_PTR || (to->kind == TYPE_BOOL && cast_is_text(from)))
			return true;
		/* Addresses that print as names are numbers underneath. */
		if (from->kind == TYPE_KSYM || from->kind == TYPE_USYM)
			return to->kind == TYPE_INT;
		return is_number_array(from) && from->size_b <= WORD_B;
	case TYPE_PTR:
		return from->kind == TYPE_PTR || cast_is_number(from) ||
		       type_is_castable_agg(from) || from->kind == TYPE_ARRAY;
	case TYPE_ENUM:
	case TYPE_USERNAME:
		return cast_is_number(from) || type_is_castable_agg(from);
	case TYPE_ARRAY:
		if (!is_number_array(to))
			return false;
		if (cast_is_number(from))
			return to->size_b <= WORD_B;
		if (from->kind == TYPE_STRING)
			return is_byte_array(to) && from->size_b <= to->size_b;
		return is_number_array(from) && from->n_elems == to->n_elems &&
		       (type_strip(from->elem)->kind == TYPE_BOOL ||
		        type_strip(to->elem)->kind == TYPE_BOOL ||
		        type_strip(from->elem)->size_b == type_strip(to->elem)->size_b);
	case TYPE_STRING:
		return is_byte_array(from) && from->n_elems <= to->size_b;
	default:
		return false;
	}
}

/* ---- words for messages --------------------------------------------------------------------- */

static const char *const kind_words[TYPE_N] = {
    [TYPE_NONE] = "none",         [TYPE_VOID] = "void",
    [TYPE_BOOL] = "bool",         [TYPE_INT] = "int",
    [TYPE_ENUM] = "enum",         [TYPE_FLOAT] = "float",
    [TYPE_PTR] = "pointer",       [TYPE_ARRAY] = "array",
    [TYPE_STRUCT] = "struct",     [TYPE_UNION] = "union",
    [TYPE_FUNC] = "function",     [TYPE_STRING] = "string",
    [TYPE_BUFFER] = "buffer",     [TYPE_TUPLE] = "tuple",
    [TYPE_RECORD] = "record",     [TYPE_INET] = "inet",
    [TYPE_MAC] = "macaddr_t",     [TYPE_TIMESTAMP] = "timestamp",
    [TYPE_KSYM] = "ksym_t",       [TYPE_USERNAME] = "username_t",
    [TYPE_USYM] = "usym_t",       [TYPE_CGROUP_PATH] = "cgroup_path_t",
    [TYPE_KSTACK] = "kstack",     [TYPE_USTACK] = "ustack",
    [TYPE_COUNT] = "count_t",     [TYPE_SUM] = "sum_t",
    [TYPE_MIN] = "min_t",         [TYPE_MAX] = "max_t",
    [TYPE_AVG] = "avg_t",         [TYPE_STATS] = "stats_t",
    [TYPE_HIST] = "hist_t",       [TYPE_LHIST] = "lhist_t",
    [TYPE_TSERIES] = "tseries_t",
};

const char *cast_kind_word(const struct type *t)
{
	t = type_strip(t);
	return kind_words[t->kind] ? kind_words[t->kind] : "unknown";
}
