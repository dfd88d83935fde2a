/* In which order types are written.
 *
 * A type comes behind those it embeds, which must be complete, and behind those it names through a
 * pointer, for which a forward declaration will do. The first is found by a walk in depth that
 * queues what it leaves (order); the second while the queue is written (prepare). */
#include "inspect/btf/c_writer.h"

/* ---- what has to be complete ----------------------------------------------------------------- */

/* What the walk found: is a definition of this type, or of one it consists of, in the queue? Then a
 * typedef for it can follow; where a pointer lies between, it may wait otherwise. */
enum found { FAILED = -1, IS_WEAK, IS_STRONG };

static enum found order(struct c_writer *w, uint32_t id, bool is_pointed_at);

static void enqueue(struct c_writer *w, uint32_t id)
{
	if (w->states[id] & C_QUEUED)
		return;
	w->states[id] |= C_QUEUED;
	vec_push(NULL, &w->queue, id);
}

static enum found order_record(struct c_writer *w, uint32_t id, const struct btf_record *r,
                               bool is_pointed_at)
{
	const struct btf_member *m = r->extra;

	if (is_pointed_at && r->name_off)
		return IS_WEAK;
	w->states[id] |= C_ORDERING;
	for (uint32_t i = 0; i < r->vlen; i++)
		if (order(w, m[i].type, false) == FAILED)
			return FAILED;
	if (r->name_off)
		enqueue(w, id);
	w->states[id] |= C_ORDERED;
	return IS_STRONG;
}

static enum found order_function(struct c_writer *w, const struct btf_record *r, bool is_pointed_at)
{
	const struct btf_param *p = r->extra;
	enum found all = order(w, r->size_or_type, is_pointed_at), found;

	for (uint32_t i = 0; i < r->vlen && all != FAILED; i++) {
		found = order(w, p[i].type, is_pointed_at);
		if (found != IS_WEAK)
			all = found;
	}
	return all;
}

static enum found order_kind(struct c_writer *w, uint32_t id, bool is_pointed_at)
{
	struct btf_record r;
	enum found found;

	if (!c_get(w, id, &r))
		return FAILED;
	if (w->states[id] & C_ORDERING) {
		if (is_record(&r) && is_pointed_at && r.name_off)
			return IS_WEAK;
		c_problem(w, "type %u contains itself", id);
		return FAILED;
	}
	switch (r.kind) {
	case BTF_KIND_PTR:
		found = order(w, r.size_or_type, true);
		w->states[id] |= C_ORDERED;
		return found;
	case BTF_KIND_ARRAY:
		return order(w, ((const struct btf_array *)r.extra)->type, false);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return order_record(w, id, &r, is_pointed_at);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_FWD:
		/* One without a name that is used is written where it is. */
		if (r.name_off || !(w->states[id] & C_IS_USED))
			enqueue(w, id);
		w->states[id] |= C_ORDERED;
		return IS_STRONG;
	case BTF_KIND_TYPEDEF:
		found = order(w, r.size_or_type, is_pointed_at);
		if (found == FAILED || (is_pointed_at && found == IS_WEAK))
			return found;
		enqueue(w, id);
		w->states[id] |= C_ORDERED;
		return IS_STRONG;
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return order(w, r.size_or_type, is_pointed_at);
	case BTF_KIND_FUNC_PROTO:
		return order_function(w, &r, is_pointed_at);
	default:
		w->states[id] |= C_ORDERED;
		return IS_WEAK;
	}
}

static enum found order(struct c_writer *w, uint32_t id, bool is_pointed_at)
{
	enum found found;

	if (!id)
		return IS_WEAK;
	if (id < w->end && (w->states[id] & C_ORDERED))
		return IS_STRONG;
	if (!c_enter(w))
		return FAILED;
	found = order_kind(w, id, is_pointed_at);
	c_leave(w);
	return found;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void prepare(struct c_writer *w, uint32_t id, uint32_t inside);

static void end_definition(struct c_writer *w)
{
	out_text(w->o, ";\n\n");
}

/* Compilers have these; what others call their own would not compile. */
static bool is_built_in(struct c_writer *w, const struct btf_record *r)
{
	return !strcmp(btf_string(w->file, r->name_off), "__builtin_va_list");
}

static void declare_typedef(struct c_writer *w, uint32_t id, const struct btf_record *r)
{
	if (!is_built_in(w, r)) {
		c_write_typedef(w, id, r);
		end_definition(w);
	}
	w->states[id] |= C_FORWARD;
}

static void declare_record(struct c_writer *w, uint32_t id, const struct btf_record *r)
{
	c_write_tag(w, id, r);
	end_definition(w);
	w->states[id] |= C_FORWARD;
}

/* We are inside of this type, and come upon it again. */
static void declare_outer(struct c_writer *w, uint32_t id, const struct btf_record *r,
                          uint32_t inside)
{
	if (w->states[id] & C_FORWARD)
		return;
	if (is_record(r)) {
		if (id == inside)
			return;
		if (!r->name_off)
			c_problem(w, "type %u contains itself", id);
		else
			declare_record(w, id, r);
	} else if (r->kind == BTF_KIND_TYPEDEF) {
		declare_typedef(w, id, r);
	}
}

/* gcc for arm64 has vector types that other compilers don't know. */
static void define_missing(struct c_writer *w, const struct btf_record *r)
{
	static const char *const missing[][2] = {
	    {"__Poly8_t", "unsigned char"},
	    {"__Poly16_t", "unsigned short"},
	    {"__Poly64_t", "unsigned long long"},
	    {"__Poly128_t", "unsigned __int128"},
	};
	const char *name = btf_string(w->file, r->name_off);

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		if (!strcmp(name, missing[i][0])) {
			out_text(w->o, "typedef ");
			out_text(w->o, missing[i][1]);
			out_char(w->o, ' ');
			out_text(w->o, name);
			end_definition(w);
		}
}

/* A record at the top, or one without a name inside of another. */
static void prepare_record(struct c_writer *w, uint32_t id, const struct btf_record *r,
                           uint32_t inside)
{
	const struct btf_member *m = r->extra;
	bool is_top = !inside;

	w->states[id] |= C_WRITING;
	if (is_top || !r->name_off) {
		for (uint32_t i = 0; i < r->vlen && !*w->problem; i++)
			prepare(w, m[i].type, r->name_off ? id : inside);
	} else if (!(w->states[id] & C_FORWARD) && id != inside) {
		declare_record(w, id, r);
	}
	w->states[id] &= (uint8_t)~C_WRITING;
	if (is_top && !*w->problem) {
		c_write_record(w, id, r, 0);
		end_definition(w);
		w->states[id] |= C_WRITTEN;
	}
}

static void prepare_kind(struct c_writer *w, uint32_t id, uint32_t inside)
{
	struct btf_record r;

	if (!c_get(w, id, &r))
		return;
	if (w->states[id] & C_WRITING) {
		declare_outer(w, id, &r, inside);
		return;
	}
	switch (r.kind) {
	case BTF_KIND_INT:
		define_missing(w, &r);
		w->states[id] |= C_WRITTEN;
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		if (!inside) {
			c_write_enum(w, id, &r, 0);
			end_definition(w);
		}
		w->states[id] |= C_WRITTEN;
		break;
	case BTF_KIND_FWD:
		c_write_tag(w, id, &r);
		end_definition(w);
		w->states[id] |= C_WRITTEN;
		break;
	case BTF_KIND_TYPEDEF:
		w->states[id] |= C_WRITING;
		prepare(w, r.size_or_type, id);
		if (!(w->states[id] & C_FORWARD) && !*w->problem)
			declare_typedef(w, id, &r);
		w->states[id] |= C_WRITTEN;
		w->states[id] &= (uint8_t)~C_WRITING;
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		prepare_record(w, id, &r, inside);
		break;
	case BTF_KIND_PTR:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		prepare(w, r.size_or_type, inside);
		break;
	case BTF_KIND_ARRAY:
		prepare(w, ((const struct btf_array *)r.extra)->type, inside);
		break;
	case BTF_KIND_FUNC_PROTO:
		prepare(w, r.size_or_type, inside);
		for (uint32_t i = 0; i < r.vlen && !*w->problem; i++)
			prepare(w, ((const struct btf_param *)r.extra)[i].type, inside);
		break;
	default:
		break;
	}
}

/* What has to stand before a use of `id` inside of the type `inside`; 0: itself, at the top. */
static void prepare(struct c_writer *w, uint32_t id, uint32_t inside)
{
	if (!id || (id < w->end && (w->states[id] & C_WRITTEN)) || !c_enter(w))
		return;
	prepare_kind(w, id, inside);
	c_leave(w);
}

bool c_write_type(struct c_writer *w, uint32_t id)
{
	w->queue.n = 0;
	if (order(w, id, false) != FAILED)
		for (size_t i = 0; i < w->queue.n && !*w->problem; i++)
			prepare(w, w->queue.items[i], 0);
	return !*w->problem;
}
