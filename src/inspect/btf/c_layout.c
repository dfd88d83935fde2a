/* Where members lie: BTF says it to the bit, C follows its rules. Where these disagree a record is
 * packed, or has members without a name that take up the room. */
#include "inspect/btf/c_writer.h"

static uint32_t bit_offset(const struct btf_record *r, const struct btf_member *m)
{
	return r->kflag ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
}

static uint32_t bit_size(const struct btf_record *r, const struct btf_member *m)
{
	return r->kflag ? BTF_MEMBER_BITFIELD_SIZE(m->offset) : 0;
}

/* A packed record's is 1: what compilers make of it. */
static uint32_t record_align(struct c_writer *w, const struct btf_record *r)
{
	const struct btf_member *m = r->extra;
	uint32_t most = 1;

	for (uint32_t i = 0; i < r->vlen; i++) {
		uint32_t align_b = c_align_of(w, m[i].type);

		if (!align_b)
			continue;
		if (align_b > most)
			most = align_b;
		if (!bit_size(r, &m[i]) && bit_offset(r, &m[i]) % (8 * align_b))
			return 1;
	}
	return r->size_or_type % most ? 1 : most;
}

uint32_t c_align_of(struct c_writer *w, uint32_t id)
{
	struct btf_record r;
	uint32_t align_b = 0;

	if (!id || !c_enter(w))
		return 0;
	if (c_get(w, id, &r))
		switch (r.kind) {
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
			align_b = r.size_or_type < C_POINTER_B ? r.size_or_type : C_POINTER_B;
			break;
		case BTF_KIND_PTR:
			align_b = C_POINTER_B;
			break;
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			align_b = c_align_of(w, r.size_or_type);
			break;
		case BTF_KIND_ARRAY:
			align_b = c_align_of(w, ((const struct btf_array *)r.extra)->type);
			break;
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			align_b = w->aligns[id];
			if (!align_b)
				w->aligns[id] = (uint8_t)(align_b = record_align(w, &r));
			break;
		default:
			break;
		}
	c_leave(w);
	return align_b;
}

uint64_t c_size_of(struct c_writer *w, uint32_t id)
{
	uint64_t n = 1;
	struct btf_record r;

	/* As long as ids lead to others; a chain that leads round has been refused. */
	for (uint32_t steps = 0; id && steps < w->end && c_get(w, id, &r); steps++)
		switch (r.kind) {
		case BTF_KIND_PTR:
			return n * C_POINTER_B;
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			return n * r.size_or_type;
		case BTF_KIND_ARRAY:
			n *= ((const struct btf_array *)r.extra)->nelems;
			id = ((const struct btf_array *)r.extra)->type;
			break;
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = r.size_or_type;
			break;
		default:
			return 0;
		}
	return 0;
}

bool c_is_packed(struct c_writer *w, uint32_t id, const struct btf_record *r)
{
	const struct btf_member *m = r->extra;
	uint32_t most = 1;

	(void)id;
	for (uint32_t i = 0; i < r->vlen; i++) {
		uint32_t align_b = c_align_of(w, m[i].type);

		if (align_b > most)
			most = align_b;
		if (align_b && !bit_size(r, &m[i]) && bit_offset(r, &m[i]) % (8 * align_b))
			return true;
	}
	return r->size_or_type % most;
}

/* ---- padding --------------------------------------------------------------------------------- */

static const struct filler {
	const char *type;
	uint32_t bits;
} fillers[] = {{"long", 64}, {"int", 32}, {"short", 16}, {"char", 8}};
enum { FILLERS_N = sizeof(fillers) / sizeof(fillers[0]) };

static uint32_t round_up(uint32_t n, uint32_t to)
{
	return (n + to - 1) / to * to;
}

static void write_filler(struct c_writer *w, const struct filler *f, uint32_t bits, unsigned level)
{
	out_char(w->o, '\n');
	c_indent(w, level);
	out_text(w->o, f->type);
	out_text(w->o, ": ");
	out_uint(w->o, bits);
	out_char(w->o, ';');
}

/* The widest type for which there is a boundary within the room takes us there: a bit-field of no
 * bits, or of those that are missing. Where the compiler aligns what follows so anyway, nothing is
 * written. Then whole ones of that type, and the narrowest that takes the rest. */
void c_write_padding(struct c_writer *w, uint32_t at, uint32_t to, uint32_t align_b,
                     bool is_in_bits, unsigned level)
{
	const struct filler *f = fillers;
	uint32_t boundary;

	if (at >= to)
		return;
	while (round_up(at, f->bits) > to && f < fillers + FILLERS_N - 1)
		f++;
	boundary = round_up(at, f->bits);
	if (boundary > at && boundary <= to) {
		bool is_natural = boundary == to && align_b && round_up(at, 8 * align_b) == to;
		bool is_swallowed = boundary != to && to - boundary <= boundary - at;

		if (is_in_bits || (boundary == to && !is_natural) || is_swallowed)
			write_filler(w, f, is_in_bits ? boundary - at : 0, level);
		at = boundary;
	}
	while (at < to && c_enter(w)) {
		uint32_t bits = to - at < f->bits ? to - at : f->bits;
		const struct filler *least = f;

		c_leave(w);
		if (bits < f->bits)
			for (least = fillers + FILLERS_N - 1; least->bits < bits;)
				least--;
		write_filler(w, least, bits, level);
		at += bits;
	}
}
