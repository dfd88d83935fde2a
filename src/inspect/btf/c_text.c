/* Declarations and definitions as C writes them. */
#include "inspect/btf/c_writer.h"

/* ---- enumerations ---------------------------------------------------------------------------- */

/* An enumerator's value, as a 64-bit pattern. */
static uint64_t value_of(const struct btf_record *r, uint32_t i)
{
	const struct btf_enum *narrow = r->extra;
	const struct btf_enum64 *wide = r->extra;

	if (r->kind == BTF_KIND_ENUM64)
		return (uint64_t)wide[i].val_hi32 << 32 | wide[i].val_lo32;
	return r->kflag ? (uint64_t)narrow[i].val : (uint32_t)narrow[i].val;
}

static uint32_t value_name(const struct btf_record *r, uint32_t i)
{
	return r->kind == BTF_KIND_ENUM64 ? ((const struct btf_enum64 *)r->extra)[i].name_off
	                                  : ((const struct btf_enum *)r->extra)[i].name_off;
}

/* A compiler chooses by the values; where that comes out otherwise, the mode says it. */
static const char *mode_of(const struct btf_record *r)
{
	if (r->size_or_type == 1)
		return " __attribute__((mode(byte)))";
	if (r->size_or_type == 2)
		return " __attribute__((mode(HI)))";
	if (r->size_or_type != 8)
		return "";
	if (r->kind == BTF_KIND_ENUM64)
		for (uint32_t i = 0; i < r->vlen; i++)
			if (((const struct btf_enum64 *)r->extra)[i].val_hi32)
				return "";
	return " __attribute__((mode(word)))";
}

void c_write_enum(struct c_writer *w, uint32_t id, const struct btf_record *r, unsigned level)
{
	out_text(w->o, "enum");
	if (r->name_off)
		out_char(w->o, ' ');
	c_write_name(w, id, r);
	if (!r->vlen)
		return;
	out_text(w->o, " {\n");
	for (uint32_t i = 0; i < r->vlen; i++) {
		uint64_t value = value_of(r, i);

		c_indent(w, level + 1);
		c_write_enumerator(w, btf_string(w->file, value_name(r, i)));
		out_text(w->o, " = ");
		if (r->kflag)
			out_int(w->o, (int64_t)value);
		else
			out_uint(w->o, value);
		if (r->kind == BTF_KIND_ENUM64)
			out_text(w->o, r->kflag ? "LL" : "ULL");
		out_text(w->o, ",\n");
	}
	c_indent(w, level);
	out_char(w->o, '}');
	out_text(w->o, mode_of(r));
}

/* ---- records --------------------------------------------------------------------------------- */

void c_write_tag(struct c_writer *w, uint32_t id, const struct btf_record *r)
{
	bool is_union = r->kind == BTF_KIND_UNION || (r->kind == BTF_KIND_FWD && r->kflag);

	out_text(w->o, is_enum(r) ? "enum " : is_union ? "union " : "struct ");
	c_write_name(w, id, r);
}

void c_write_record(struct c_writer *w, uint32_t id, const struct btf_record *r, unsigned level)
{
	const struct btf_member *m = r->extra;
	bool is_struct = r->kind == BTF_KIND_STRUCT;
	bool is_packed = is_struct && c_is_packed(w, id, r), is_in_bits = false;
	uint32_t at = 0;

	out_text(w->o, is_struct ? "struct" : "union");
	if (r->name_off)
		out_char(w->o, ' ');
	c_write_name(w, id, r);
	out_text(w->o, " {");
	for (uint32_t i = 0; i < r->vlen && !*w->problem; i++) {
		uint32_t off = r->kflag ? BTF_MEMBER_BIT_OFFSET(m[i].offset) : m[i].offset;
		uint32_t bits = r->kflag ? BTF_MEMBER_BITFIELD_SIZE(m[i].offset) : 0;

		if (is_struct)
			c_write_padding(w, at, off, is_packed ? 1 : c_align_of(w, m[i].type),
			                is_in_bits && bits, level + 1);
		out_char(w->o, '\n');
		c_indent(w, level + 1);
		c_write_declaration(w, m[i].type, btf_string(w->file, m[i].name_off), level + 1);
		if (bits) {
			out_text(w->o, ": ");
			out_uint(w->o, bits);
			at = off + bits;
		} else {
			at = off + (uint32_t)c_size_of(w, m[i].type) * 8;
		}
		is_in_bits = bits;
		out_char(w->o, ';');
	}
	if (is_struct)
		c_write_padding(w, at, r->size_or_type * 8, is_packed ? 1 : c_align_of(w, id),
		                false, level + 1);
	if (r->vlen || r->size_or_type) {
		out_char(w->o, '\n');
		c_indent(w, level);
	}
	out_char(w->o, '}');
	if (is_packed)
		out_text(w->o, " __attribute__((packed))");
}

/* ---- declarations ---------------------------------------------------------------------------- */

static void write_chain(struct c_writer *w, size_t first, const char *name, unsigned level);

/* The qualifiers in front of the base type, which the chain has outside of it. */
static void write_qualifiers(struct c_writer *w, size_t first)
{
	struct btf_record r;

	while (w->chain.n > first && vec_last(&w->chain) && c_get(w, vec_last(&w->chain), &r) &&
	       is_qualifier(r.kind)) {
		out_text(w->o, r.kind == BTF_KIND_CONST      ? "const "
		               : r.kind == BTF_KIND_VOLATILE ? "volatile "
		                                             : "restrict ");
		w->chain.n--;
	}
}

/* Those of an array or a function mean nothing; compilers add them. */
static void drop_qualifiers(struct c_writer *w, size_t first)
{
	struct btf_record r;

	while (w->chain.n > first && vec_last(&w->chain) && c_get(w, vec_last(&w->chain), &r) &&
	       is_qualifier(r.kind))
		w->chain.n--;
}

static void write_own_name(struct c_writer *w, const char *name, bool is_after_star)
{
	if (*name && !is_after_star)
		out_char(w->o, ' ');
	out_name(w->o, name);
}

static void write_params(struct c_writer *w, const struct btf_record *r, unsigned level)
{
	const struct btf_param *p = r->extra;

	out_char(w->o, '(');
	/* clang has one of type void where there are none. */
	if (!r->vlen || (r->vlen == 1 && !p->type))
		out_text(w->o, "void");
	else
		for (uint32_t i = 0; i < r->vlen && !*w->problem; i++) {
			if (i)
				out_text(w->o, ", ");
			if (i == r->vlen - 1 && !p[i].type)
				out_text(w->o, "...");
			else
				c_write_declaration(w, p[i].type,
				                    btf_string(w->file, p[i].name_off), level);
		}
	out_char(w->o, ')');
}

static void write_array(struct c_writer *w, const struct btf_array *array, size_t first,
                        const char *name, bool is_after_star, unsigned level)
{
	struct btf_record next;

	drop_qualifiers(w, first);
	if (w->chain.n == first) {
		write_own_name(w, name, is_after_star);
	} else {
		bool is_array = vec_last(&w->chain) && c_get(w, vec_last(&w->chain), &next) &&
		                next.kind == BTF_KIND_ARRAY;

		if (*name && !is_after_star)
			out_char(w->o, ' ');
		if (!is_array)
			out_char(w->o, '(');
		write_chain(w, first, name, level);
		if (!is_array)
			out_char(w->o, ')');
	}
	out_char(w->o, '[');
	out_uint(w->o, array->nelems);
	out_char(w->o, ']');
}

static void write_function(struct c_writer *w, const struct btf_record *r, size_t first,
                           const char *name, bool is_after_star, unsigned level)
{
	drop_qualifiers(w, first);
	if (w->chain.n > first) {
		out_text(w->o, " (");
		write_chain(w, first, name, level);
		out_char(w->o, ')');
	} else {
		write_own_name(w, name, is_after_star);
	}
	write_params(w, r, level);
}

/* The type that a declaration begins with: what stands leftmost. */
static void write_base(struct c_writer *w, uint32_t id, const struct btf_record *r, unsigned level)
{
	switch (r->kind) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		if (r->name_off)
			c_write_tag(w, id, r);
		else
			c_write_record(w, id, r, level);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		if (r->name_off)
			c_write_tag(w, id, r);
		else
			c_write_enum(w, id, r, level);
		break;
	case BTF_KIND_FWD:
		c_write_tag(w, id, r);
		break;
	case BTF_KIND_TYPEDEF:
		c_write_name(w, id, r);
		break;
	default:
		out_name(w->o, btf_string(w->file, r->name_off));
	}
}

/* From the innermost link on, which is the last: what it adds to the left, then those outside of
 * it, then what it adds to the right. */
static void write_links(struct c_writer *w, size_t first, const char *name, unsigned level)
{
	bool is_after_star = true; /* the first star of `(*f)` follows a bracket */
	struct btf_record r;

	while (w->chain.n > first) {
		uint32_t id = vec_pop(&w->chain);

		if (!id) {
			write_qualifiers(w, first);
			out_text(w->o, "void");
			is_after_star = false;
			continue;
		}
		if (!c_get(w, id, &r))
			return;
		switch (r.kind) {
		case BTF_KIND_PTR:
			out_text(w->o, is_after_star ? "*" : " *");
			is_after_star = true;
			break;
		case BTF_KIND_CONST:
			out_text(w->o, " const");
			is_after_star = false;
			break;
		case BTF_KIND_VOLATILE:
			out_text(w->o, " volatile");
			is_after_star = false;
			break;
		case BTF_KIND_RESTRICT:
			out_text(w->o, " restrict");
			is_after_star = false;
			break;
		case BTF_KIND_TYPE_TAG:
			write_qualifiers(w, first);
			out_text(w->o,
			         r.kflag ? " __attribute__((" : " __attribute__((btf_type_tag(\"");
			out_name(w->o, btf_string(w->file, r.name_off));
			out_text(w->o, r.kflag ? "))" : "\")))");
			break;
		case BTF_KIND_ARRAY:
			write_array(w, r.extra, first, name, is_after_star, level);
			return;
		case BTF_KIND_FUNC_PROTO:
			write_function(w, &r, first, name, is_after_star, level);
			return;
		default:
			write_qualifiers(w, first);
			write_base(w, id, &r, level);
			is_after_star = false;
		}
	}
	write_own_name(w, name, is_after_star);
}

static void write_chain(struct c_writer *w, size_t first, const char *name, unsigned level)
{
	if (!c_enter(w))
		return;
	write_links(w, first, name, level);
	c_leave(w);
}

/* From the type of the declaration down to the one it begins with. */
static void collect_chain(struct c_writer *w, uint32_t id)
{
	struct btf_record r;

	for (;;) {
		if (id && !c_get(w, id, &r))
			return;
		if (!(w->skips_modifiers && id && is_qualifier(r.kind)))
			vec_push(NULL, &w->chain, id);
		if (!id)
			return;
		switch (r.kind) {
		case BTF_KIND_PTR:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
		case BTF_KIND_FUNC_PROTO:
			id = r.size_or_type;
			break;
		case BTF_KIND_ARRAY:
			id = ((const struct btf_array *)r.extra)->type;
			break;
		case BTF_KIND_FUNC:
		case BTF_KIND_VAR:
		case BTF_KIND_DATASEC:
		case BTF_KIND_DECL_TAG:
			c_problem(w, "type %u can not be a part of a declaration", id);
			return;
		default:
			return;
		}
		if (!w->steps_left--) {
			w->steps_left = 0;
			c_problem(w, "types refer to each other without end");
			return;
		}
	}
}

void c_write_declaration(struct c_writer *w, uint32_t id, const char *name, unsigned level)
{
	size_t first = w->chain.n;

	if (!c_enter(w))
		return;
	collect_chain(w, id);
	if (!*w->problem)
		write_chain(w, first, name, level);
	w->chain.n = first;
	c_leave(w);
}

void c_write_typedef(struct c_writer *w, uint32_t id, const struct btf_record *r)
{
	char name[512];
	const char *own = btf_string(w->file, r->name_off);

	/* What gcc says of it is void. */
	if (!r->size_or_type && !strcmp(own, "__gnuc_va_list")) {
		out_text(w->o, "typedef __builtin_va_list __gnuc_va_list");
		return;
	}
	if (!w->numbers[id])
		w->numbers[id] = c_name_count(&w->idents, own);
	if (w->numbers[id] > 1) {
		snprintf(name, sizeof(name), "%s___%u", own, w->numbers[id]);
		own = name;
	}
	out_text(w->o, "typedef ");
	c_write_declaration(w, r->size_or_type, own, 0);
}
