/* See c_writer.h. */
#include "inspect/btf/c_writer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

enum { DEPTH_MOST = 1024, STEPS_PER_TYPE = 256, STEPS_MORE = 1 << 20 };

static void mark(struct c_writer *w, uint32_t id)
{
	if (id < w->end)
		w->states[id] |= C_IS_USED;
}

/* An enumeration without a name is written by itself if no type has it. */
static void mark_used(struct c_writer *w, uint32_t id)
{
	struct btf_record r;

	if (!btf_get(w->file, id, &r))
		return;
	switch (r.kind) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		mark(w, r.size_or_type);
		break;
	case BTF_KIND_ARRAY:
		mark(w, ((const struct btf_array *)r.extra)->type);
		mark(w, ((const struct btf_array *)r.extra)->index_type);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (uint32_t i = 0; i < r.vlen; i++)
			mark(w, ((const struct btf_member *)r.extra)[i].type);
		break;
	case BTF_KIND_FUNC_PROTO:
		mark(w, r.size_or_type);
		for (uint32_t i = 0; i < r.vlen; i++)
			mark(w, ((const struct btf_param *)r.extra)[i].type);
		break;
	case BTF_KIND_DATASEC:
		for (uint32_t i = 0; i < r.vlen; i++)
			mark(w, ((const struct btf_var_secinfo *)r.extra)[i].type);
		break;
	default:
		break;
	}
}

int c_writer_begin(struct c_writer *w, struct btf_file *file, struct out *o)
{
	*w = (struct c_writer){.file = file, .o = o, .end = btf_end(file)};
	w->steps_left = STEPS_MORE + (uint64_t)w->end * STEPS_PER_TYPE;
	w->states = calloc(w->end, sizeof(*w->states));
	w->aligns = calloc(w->end, sizeof(*w->aligns));
	w->numbers = calloc(w->end, sizeof(*w->numbers));
	if (!w->states || !w->aligns || !w->numbers) {
		c_writer_end(w);
		return -ENOMEM;
	}
	for (uint32_t id = 1; id < w->end; id++)
		mark_used(w, id);
	return 0;
}

void c_writer_end(struct c_writer *w)
{
	free(w->states);
	free(w->aligns);
	free(w->numbers);
	free(w->tags.slots);
	free(w->idents.slots);
	vec_free(&w->queue);
	vec_free(&w->chain);
}

void c_problem(struct c_writer *w, const char *fmt, ...)
{
	va_list ap;

	if (*w->problem)
		return; /* what follows from the first is not worth telling */
	va_start(ap, fmt);
	vsnprintf(w->problem, sizeof(w->problem), fmt, ap);
	va_end(ap);
}

bool c_get(struct c_writer *w, uint32_t id, struct btf_record *ret)
{
	if (*w->problem)
		return false;
	if (btf_get(w->file, id, ret))
		return true;
	c_problem(w, "there is no type %u, which another refers to", id);
	return false;
}

bool c_enter(struct c_writer *w)
{
	if (*w->problem)
		return false;
	if (w->depth >= DEPTH_MOST)
		c_problem(w, "types are nested more than %d deep", DEPTH_MOST);
	else if (!w->steps_left)
		c_problem(w, "types refer to each other without end");
	if (*w->problem)
		return false;
	w->depth++;
	w->steps_left--;
	return true;
}

void c_indent(struct c_writer *w, unsigned level)
{
	while (level--)
		out_char(w->o, '\t');
}
