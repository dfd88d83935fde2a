/* DWARF to types: what a DIE says, as a struct type.
 *
 * Input: DIEs (DWARF 5, chapter 5). Output: types in the context's arena, each made once per DIE
 * and depth. As in the reader of BTF, a pointer's target is made `shallow`, a name and a size, so
 * that one struct is not the whole program; what is asked for later is found again by its origin.
 * C++ classes are structs, their bases unnamed members; the variants of a Rust enum are fields,
 * named as they are, over each other. */
#include "types/dwarf.h"

#include <stdlib.h>

#include "base/die.h"
#include "types/dwarf_priv.h"

static const struct type *read_type(struct dwarf_reader *r, Dwarf_Die *die, bool is_full);

/* ---- one copy of each --------------------------------------------------------------------- */

static struct made *made_of(struct dwarf_reader *r, Dwarf_Die *die)
{
	/* A DIE is known by where it lies in memory: unlike its offset that is unique over
	 * .debug_info, .debug_types and the file that dwz made. */
	struct made *m = strmap_getn(&r->made, (const char *)&die->addr, sizeof(die->addr));

	if (!m) {
		m = arena_new(r->ts->a, struct made);
		m->origin = (struct dwarf_origin){{dwarf_origin_complete}, r, *die};
		strmap_putn(&r->made, (const char *)&m->origin.die.addr, sizeof(m->origin.die.addr),
		            m);
	}
	return m;
}

static struct type *make(struct dwarf_reader *r, enum type_kind kind, uint32_t size_b)
{
	struct type *t = arena_new(r->ts->a, struct type);

	t->kind = kind;
	t->size_b = size_b;
	t->align_b = size_b >= 16 ? 16 : size_b >= 8 ? 8 : size_b >= 4 ? 4 : size_b >= 2 ? 2 : 1;
	return t;
}

static const char *copy_name(struct dwarf_reader *r, Dwarf_Die *die)
{
	enum { LONGEST = 1024 }; /* of templates' names */
	const char *s = die_name(die);

	return s && *s ? arena_strndup(r->ts->a, s, strnlen(s, LONGEST)) : NULL;
}

static uint32_t byte_size(Dwarf_Die *die)
{
	uint64_t size;

	return die_number(die, DW_AT_byte_size, &size) && size <= INT32_MAX ? (uint32_t)size : 0;
}

/* ---- simple types ------------------------------------------------------------------------- */

static const struct type *read_base(struct dwarf_reader *r, Dwarf_Die *die)
{
	uint64_t encoding = DW_ATE_unsigned;
	struct type *t = make(r, TYPE_INT, byte_size(die));

	die_number(die, DW_AT_encoding, &encoding);
	t->name = copy_name(r, die);
	switch (encoding) {
	case DW_ATE_boolean:
		if (t->size_b == 1)
			t->kind = TYPE_BOOL;
		break;
	case DW_ATE_signed:
		t->is_signed = true;
		break;
	case DW_ATE_signed_char:
	case DW_ATE_unsigned_char:
		t->is_signed = encoding == DW_ATE_signed_char;
		/* Plain char is signed, as in the language, whatever the program was built with. */
		if (t->size_b == 1 && t->name && !strcmp(t->name, "char"))
			t->is_char = t->is_signed = true;
		else if (t->size_b == 1 && t->is_signed)
			t->is_char = t->name && !strcmp(t->name, "signed char");
		break;
	case DW_ATE_float:
	case DW_ATE_complex_float:
	case DW_ATE_imaginary_float:
	case DW_ATE_decimal_float:
		t->kind = TYPE_FLOAT;
		return t;
	default:
		break;
	}
	if (t->size_b > 16)
		t->size_b = 16;
	return t->size_b ? t : type_void();
}

static bool enumerator_value(Dwarf_Die *die, bool is_signed, uint32_t size_b, int64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;
	Dwarf_Sword sword;
	unsigned form;

	if (!dwarf_attr(die, DW_AT_const_value, &attr))
		return false;
	form = dwarf_whatform(&attr);
	if (form == DW_FORM_sdata || form == DW_FORM_implicit_const) {
		if (dwarf_formsdata(&attr, &sword))
			return false;
		*ret = sword;
		return true;
	}
	if (dwarf_formudata(&attr, &word))
		return false;
	*ret = (int64_t)word;
	/* A negative one of the type's full width; shorter forms are never negative (gcc). */
	if (is_signed && size_b < 8 &&
	    ((form == DW_FORM_data1 && size_b == 1) || (form == DW_FORM_data2 && size_b == 2) ||
	     (form == DW_FORM_data4 && size_b == 4)))
		*ret = (int64_t)(word << (64 - 8 * size_b)) >> (64 - 8 * size_b);
	return true;
}

/* The type that an enum is kept in says its sign; without one a negative value does. */
static bool is_enum_signed(struct dwarf_reader *r, Dwarf_Die *die)
{
	Dwarf_Die at;
	int64_t value;

	if (die_ref(die, DW_AT_type, &at)) {
		const struct type *t = type_strip(read_type(r, &at, true));

		return t->kind == TYPE_INT && t->is_signed;
	}
	for (bool more = die_first(die, &at); more; more = die_next(&at))
		if (dwarf_tag(&at) == DW_TAG_enumerator && enumerator_value(&at, true, 0, &value) &&
		    value < 0)
			return true;
	return false;
}

static const struct type *read_enum(struct dwarf_reader *r, Dwarf_Die *die, bool is_full)
{
	struct type *t = make(r, TYPE_ENUM, byte_size(die));
	vec(struct enumerator) list = {0};
	Dwarf_Die at;

	t->name = copy_name(r, die);
	t->is_signed = is_enum_signed(r, die);
	if (!t->size_b)
		t->size_b = t->align_b = 4;
	if (die_flag(die, DW_AT_declaration) || (!is_full && t->name)) {
		t->is_incomplete = true;
		t->origin = &made_of(r, die)->origin.head;
		return t;
	}
	for (bool more = die_first(die, &at); more; more = die_next(&at)) {
		struct enumerator e = {0};

		if (dwarf_tag(&at) != DW_TAG_enumerator ||
		    !enumerator_value(&at, t->is_signed, t->size_b, &e.value))
			continue;
		e.name = copy_name(r, &at);
		if (!e.name)
			e.name = "";
		vec_push(r->ts->a, &list, e);
	}
	t->enumerators = list.items;
	t->n_enumerators = (uint32_t)list.n;
	return t;
}

/* ---- arrays ------------------------------------------------------------------------------- */

/* 0: of no known length. */
static uint32_t range_count(Dwarf_Die *range)
{
	uint64_t count, lower = 0;
	Dwarf_Attribute attr;
	Dwarf_Sword upper;

	if (die_number(range, DW_AT_count, &count))
		return count <= INT32_MAX ? (uint32_t)count : 0;
	/* Bounds that are computed (variable length) are no constants. */
	if (!dwarf_attr_integrate(range, DW_AT_upper_bound, &attr) ||
	    dwarf_whatform(&attr) == DW_FORM_exprloc || dwarf_formsdata(&attr, &upper))
		return 0;
	if (dwarf_whatform(&attr) != DW_FORM_sdata &&
	    dwarf_whatform(&attr) != DW_FORM_implicit_const) {
		Dwarf_Word word;

		if (dwarf_formudata(&attr, &word))
			return 0;
		upper = (Dwarf_Sword)word;
	}
	die_number(range, DW_AT_lower_bound, &lower);
	upper -= (Dwarf_Sword)lower;
	return upper >= 0 && upper < INT32_MAX ? (uint32_t)upper + 1 : 0;
}

static const struct type *read_array(struct dwarf_reader *r, Dwarf_Die *die)
{
	enum { MOST_DIMENSIONS = 16 };
	uint32_t counts[MOST_DIMENSIONS], n = 0;
	const struct type *t = dwarf_read_ref(r, die, true);
	Dwarf_Die at;

	for (bool more = die_first(die, &at); more && n < MOST_DIMENSIONS; more = die_next(&at))
		if (dwarf_tag(&at) == DW_TAG_subrange_type)
			counts[n++] = range_count(&at);
	if (!n)
		counts[n++] = 0;
	while (n--) {
		if (t->size_b && counts[n] > INT32_MAX / t->size_b)
			counts[n] = 0;
		t = type_array(r->ts->a, t, counts[n]);
	}
	return t;
}

/* ---- structs ------------------------------------------------------------------------------ */

typedef vec(struct field) field_list;

/* Where a member begins, in bytes; false: nowhere in the object (a static one), or computed (a
 * virtual base). */
static bool member_offset(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t n;

	*ret = 0;
	if (!dwarf_attr(die, DW_AT_data_member_location, &attr))
		return !die_flag(die, DW_AT_external) && !die_flag(die, DW_AT_declaration);
	if (die_number(die, DW_AT_data_member_location, ret))
		return *ret < INT32_MAX;
	if (dwarf_getlocation(&attr, &ops, &n) || n != 1 || ops[0].atom != DW_OP_plus_uconst)
		return false;
	*ret = ops[0].number;
	return *ret < INT32_MAX;
}

static void place_member(Dwarf_Die *die, struct field *f, uint64_t off_b)
{
	uint64_t bits = 0, at = 0, unit_b;

	f->off_b = (uint32_t)off_b;
	if (!die_number(die, DW_AT_bit_size, &bits) || !bits || bits > 64)
		return;
	if (die_number(die, DW_AT_data_bit_offset, &at)) {
		if (at <= UINT32_MAX)
			type_place_bits(f, (uint32_t)at, (uint32_t)bits);
	} else if (die_number(die, DW_AT_bit_offset, &at)) { /* DWARF 3: from the highest bit */
		if (!die_number(die, DW_AT_byte_size, &unit_b))
			unit_b = f->type->size_b;
		if (unit_b <= 16 && at + bits <= unit_b * 8 && off_b < UINT32_MAX / 8)
			type_place_bits(f, (uint32_t)(off_b * 8 + unit_b * 8 - at - bits),
			                (uint32_t)bits);
	} else if (off_b < UINT32_MAX / 8) {
		type_place_bits(f, (uint32_t)off_b * 8, (uint32_t)bits);
	}
}

static void add_member(struct dwarf_reader *r, struct type *t, Dwarf_Die *die, const char *name,
                       field_list *fields)
{
	struct field f = {.name = name};
	uint32_t align;
	uint64_t off_b;

	if (!member_offset(die, &off_b))
		return;
	f.type = dwarf_read_ref(r, die, true);
	place_member(die, &f, off_b);
	align = f.type->align_b;
	/* A packed struct shows by members off their alignment. */
	while (align > 1 && (f.off_b % align || t->size_b % align))
		align /= 2;
	if (align > t->align_b)
		t->align_b = align;
	/* What has no name is searched through: it has to be smaller than what it is in. */
	if (!f.name && f.type->size_b > t->size_b)
		return;
	vec_push(r->ts->a, fields, f);
}

/* Rust's enums: a discriminant, and a struct for each variant, named as the variant. */
static void add_variants(struct dwarf_reader *r, struct type *t, Dwarf_Die *part,
                         field_list *fields)
{
	Dwarf_Die at, member;

	if (die_ref(part, DW_AT_discr, &member))
		add_member(r, t, &member, "__discr", fields);
	for (bool more = die_first(part, &at); more; more = die_next(&at)) {
		if (dwarf_tag(&at) != DW_TAG_variant)
			continue;
		for (bool m = die_first(&at, &member); m; m = die_next(&member))
			if (dwarf_tag(&member) == DW_TAG_member)
				add_member(r, t, &member, copy_name(r, &member), fields);
	}
}

static void read_members(struct dwarf_reader *r, Dwarf_Die *die, struct type *t)
{
	field_list fields = {0};
	Dwarf_Die at;

	for (bool more = die_first(die, &at); more; more = die_next(&at)) {
		switch (dwarf_tag(&at)) {
		case DW_TAG_member:
			add_member(r, t, &at, copy_name(r, &at), &fields);
			break;
		case DW_TAG_inheritance:
			add_member(r, t, &at, NULL, &fields);
			break;
		case DW_TAG_variant_part:
			add_variants(r, t, &at, &fields);
			break;
		default:
			break;
		}
	}
	t->fields = fields.items;
	t->n_fields = (uint32_t)fields.n;
}

static const struct type *read_struct(struct dwarf_reader *r, Dwarf_Die *die, bool is_full)
{
	bool is_union = dwarf_tag(die) == DW_TAG_union_type;
	struct type *t = make(r, is_union ? TYPE_UNION : TYPE_STRUCT, byte_size(die));
	uint64_t convention;
	struct made *m;

	t->align_b = 1;
	t->name = copy_name(r, die);
	t->is_by_address = die_number(die, DW_AT_calling_convention, &convention) &&
	                   convention == DW_CC_pass_by_reference;
	m = made_of(r, die);
	if (m->is_open || die_flag(die, DW_AT_declaration) || (!is_full && t->name)) {
		t->is_incomplete = true;
		t->origin = &m->origin.head;
		return t;
	}
	/* What holds itself by value is damaged; a closure may point to itself, and has no name. */
	m->is_open = true;
	read_members(r, die, t);
	m->is_open = false;
	return t;
}

/* ---- the rest ----------------------------------------------------------------------------- */

static const struct type *read_typedef(struct dwarf_reader *r, Dwarf_Die *die, bool is_full)
{
	const struct type *elem = dwarf_read_ref(r, die, is_full);
	struct type *t = make(r, TYPE_TYPEDEF, elem->size_b);

	t->align_b = elem->align_b;
	t->is_signed = elem->is_signed;
	t->is_incomplete = elem->is_incomplete;
	t->name = copy_name(r, die);
	t->elem = elem;
	return t->name ? t : elem;
}

static const struct type *read_func(struct dwarf_reader *r, Dwarf_Die *die)
{
	struct type *t = make(r, TYPE_FUNC, 0);
	field_list fields = {0};
	Dwarf_Die at;

	t->elem = dwarf_read_ref(r, die, true);
	for (bool more = die_first(die, &at); more; more = die_next(&at)) {
		struct field f = {0};

		if (dwarf_tag(&at) == DW_TAG_unspecified_parameters) {
			f.name = "...";
			f.type = type_none();
		} else if (dwarf_tag(&at) == DW_TAG_formal_parameter) {
			f.name = copy_name(r, &at);
			if (!f.name)
				f.name = arena_printf(r->ts->a, "arg%zu", fields.n);
			f.type = dwarf_read_ref(r, &at, true);
		} else {
			continue;
		}
		vec_push(r->ts->a, &fields, f);
	}
	t->fields = fields.items;
	t->n_fields = (uint32_t)fields.n;
	return t;
}

/* A type unit stands for the struct that is declared here (DW_FORM_ref_sig8). */
static bool follow_signature(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attr;

	return dwarf_attr(die, DW_AT_signature, &attr) && dwarf_formref_die(&attr, ret) &&
	       ret->addr != die->addr;
}

static const struct type *read_die(struct dwarf_reader *r, Dwarf_Die *die, bool is_full)
{
	Dwarf_Die other;
	uint64_t size;

	switch (dwarf_tag(die)) {
	case DW_TAG_base_type:
		return read_base(r, die);
	case DW_TAG_enumeration_type:
		return read_enum(r, die, is_full);
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		return type_ptr(r->ts->a, dwarf_read_ref(r, die, false), AS_NONE);
	case DW_TAG_ptr_to_member_type:
		/* the offset of a member, or a function and an adjustment of `this` */
		size =
		    die_ref(die, DW_AT_type, &other) && dwarf_tag(&other) == DW_TAG_subroutine_type
		        ? 16
		        : 8;
		return size == 8 ? type_int(8, true) : type_array(r->ts->a, type_int(8, true), 2);
	case DW_TAG_array_type:
		return read_array(r, die);
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
		if (follow_signature(die, &other))
			return read_type(r, &other, is_full);
		return read_struct(r, die, is_full);
	case DW_TAG_typedef:
	case DW_TAG_template_alias:
		return read_typedef(r, die, is_full);
	case DW_TAG_const_type:
		return type_const(r->ts->a, dwarf_read_ref(r, die, is_full));
	case DW_TAG_volatile_type:
	case DW_TAG_restrict_type:
	case DW_TAG_atomic_type:
	case DW_TAG_immutable_type:
	case DW_TAG_packed_type:
	case DW_TAG_shared_type:
	case DW_TAG_subrange_type:
		return dwarf_read_ref(r, die, is_full);
	case DW_TAG_subroutine_type:
		return is_full ? read_func(r, die) : make(r, TYPE_FUNC, 0);
	default: /* DW_TAG_unspecified_type: std::nullptr_t, Rust's never */
		return type_void();
	}
}

static const struct type *read_type(struct dwarf_reader *r, Dwarf_Die *die, bool is_full)
{
	struct made *m = made_of(r, die);
	const struct type **slot = is_full ? &m->full : &m->shallow;
	const struct type *t;

	if (*slot)
		return *slot;
	if (r->depth >= DIE_DEEPEST || (is_full && m->is_open))
		return type_void();
	r->depth++;
	t = read_die(r, die, is_full);
	r->depth--;
	*slot = t;
	return t;
}

const struct type *dwarf_read_ref(struct dwarf_reader *r, Dwarf_Die *die, bool is_full)
{
	Dwarf_Die to;

	return die_ref(die, DW_AT_type, &to) ? read_type(r, &to, is_full) : type_void();
}

const struct type *dwarf_read_die(struct dwarf_reader *r, Dwarf_Die *die)
{
	return read_type(r, die, true);
}

/* ---- questions ---------------------------------------------------------------------------- */

const struct type *dwarf_type_of(struct type_source *src, Dwarf_Die *die)
{
	return dwarf_read_ref((struct dwarf_reader *)src, die, true);
}

const struct type *dwarf_func_type(struct type_source *src, Dwarf_Die *die)
{
	struct dwarf_reader *r = (struct dwarf_reader *)src;
	int tag = dwarf_tag(die);

	return tag == DW_TAG_subprogram || tag == DW_TAG_subroutine_type ? read_func(r, die) : NULL;
}
