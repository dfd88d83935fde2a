/* Scratch memory of the passes: a few arenas passed from one to the next. */
#include "ir/pass.h"

enum { N_SPARES = sizeof(((struct ir_unit *)0)->spares) / sizeof(struct arena *) };

struct ir_scratch ir_scratch_begin(struct ir_unit *u)
{
	if (u->n_spares)
		return (struct ir_scratch){.u = u, .a = u->spares[--u->n_spares]};
	return (struct ir_scratch){.u = u, .a = arena_create()};
}

void ir_scratch_end(struct ir_scratch *s)
{
	if (!s->u->n_runs || s->u->n_spares == N_SPARES) {
		arena_destroy(s->a);
		return;
	}
	arena_reset(s->a);
	s->u->spares[s->u->n_spares++] = s->a;
}

struct ir_unit *ir_run_begin(struct ir_unit *u)
{
	u->n_runs++;
	return u;
}

void ir_run_end(struct ir_unit **u)
{
	if (--(*u)->n_runs)
		return;
	while ((*u)->n_spares)
		arena_destroy((*u)->spares[--(*u)->n_spares]);
}
