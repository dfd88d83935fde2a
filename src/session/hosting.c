/* What host code gets of a session: the engine's maps, reduced over CPUs, and the way to end it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/internal.h"

struct passing {
	struct session *s;
	uint32_t var;
	bool is_taken;
	host_entry_fn *fn;
	void *arg;
	unsigned char *reduced; /* room for one value */
};

/* Is every word of the value a count that only grows? Then what was taken before is taken off. */
static bool is_sum(const struct type *t)
{
	switch (type_strip(t)->kind) {
	case TYPE_COUNT:
	case TYPE_SUM:
	case TYPE_AVG:
	case TYPE_STATS:
	case TYPE_HIST:
	case TYPE_LHIST:
		return true;
	default:
		return false;
	}
}

/* A scalar stays where it is and cannot be taken away without losing what is added meanwhile: it is
 * counted from what it was the last time. */
static void take_off_base(struct passing *p, uint32_t size_b)
{
	unsigned char **base = &p->s->taken[p->var];

	if (!*base)
		*base = calloc(1, size_b);
	if (!*base)
		abort();
	for (uint32_t i = 0; i + 8 <= size_b; i += 8) {
		uint64_t now, before, rest;

		memcpy(&now, p->reduced + i, 8);
		memcpy(&before, *base + i, 8);
		rest = now - before;
		memcpy(p->reduced + i, &rest, 8);
		if (p->is_taken)
			memcpy(*base + i, &now, 8);
	}
}

static bool pass_entry(void *arg, const void *key, const void *values, uint32_t n_values,
                       uint32_t stride_b)
{
	struct passing *p = arg;
	const struct image_var *v = &p->s->img->vars.items[p->var];
	uint32_t size_b = image_value_size(type_strip(v->value));

	if (v->is_per_cpu)
		output_reduce(v->value, values, n_values, stride_b, p->reduced);
	else
		memcpy(p->reduced, values, size_b);
	if (!v->key && is_sum(v->value) && (p->is_taken || p->s->taken[p->var]))
		take_off_base(p, size_b);
	p->fn(p->arg, key, p->reduced);
	return true;
}

static void pass(struct session *s, uint32_t var, const void *key, bool is_taken, host_entry_fn *fn,
                 void *arg)
{
	const struct image_var *v = &s->img->vars.items[var];
	struct passing p = {.s = s, .var = var, .is_taken = is_taken, .fn = fn, .arg = arg};
	int err;

	p.reduced = calloc(1, image_value_size(type_strip(v->value)) + 8u);
	if (!p.reduced)
		abort();
	if (key)
		err = s->ops->var_find(s->engine, var, key, pass_entry, &p);
	else if (is_taken && v->key)
		err = s->ops->var_take(s->engine, var, pass_entry, &p);
	else
		err = s->ops->var_read(s->engine, var, pass_entry, &p);
	if (!err && is_taken && !v->key && !is_sum(v->value))
		err = s->ops->var_zero(s->engine, var);
	if (err)
		session_complain(s, "Failed to read map %s: %s", v->name, strerror(-err));
	free(p.reduced);
}

static void host_read(void *arg, uint32_t var, bool is_taken, host_entry_fn *fn, void *fn_arg)
{
	pass(arg, var, NULL, is_taken, fn, fn_arg);
}

static void host_find(void *arg, uint32_t var, const void *key, host_entry_fn *fn, void *fn_arg)
{
	pass(arg, var, key, false, fn, fn_arg);
}

static void host_clear(void *arg, uint32_t var)
{
	struct session *s = arg;

	s->ops->var_clear(s->engine, var);
	session_forget_taken(s, var);
}

void session_forget_taken(struct session *s, uint32_t var)
{
	if (!s->taken)
		return;
	free(s->taken[var]);
	s->taken[var] = NULL;
}

static void host_print_map(void *arg, uint32_t var, uint32_t top, uint32_t div)
{
	session_print_map(arg, var, top, div);
}

static void host_exit(void *arg, int code)
{
	struct session *s = arg;

	s->exit_code = code & 0xff;
	s->has_exited = s->is_dropping = true;
}

void session_host_open(struct session *s)
{
	struct host_world world = {.arg = s,
	                           .read = host_read,
	                           .find = host_find,
	                           .clear = host_clear,
	                           .print_map = host_print_map,
	                           .exit = host_exit};

	s->host = host_create(s->img, s->out, s->opts->symbols, &world);
	if (!s->host)
		return;
	s->taken = calloc(s->img->vars.n + 1, sizeof(*s->taken));
	if (!s->taken)
		abort();
}

void session_host_close(struct session *s)
{
	for (uint32_t i = 0; s->taken && i < s->img->vars.n; i++)
		free(s->taken[i]);
	free(s->taken);
	host_destroy(s->host);
}
