/* The usual order of the passes. Read this first: it is the middle of the compiler. */
#include "ir/ir.h"

#include <stddef.h>

#include "ir/pass.h"

static const struct {
	const char *name;
	void (*run)(struct ir_unit *u);
} passes[] = {
    {"fold", ir_fold},
    {"thread", ir_thread},
    {"fold", ir_fold}, /* PHIs have lost arguments */
    {"number", ir_number},
    {"dead", ir_dead},
    {"legalize", ir_legalize},
    /* Legalizing makes arithmetic, and folding has made equals. */
    {"fold", ir_fold},
    {"number", ir_number},
    {"dead", ir_dead},
    {"known", ir_known},
    {"layout", ir_layout},
};

static void dump(const struct ir_unit *u, const char *after, struct strbuf *trace)
{
	if (!trace)
		return;
	sb_addf(trace, "-- %s --\n", after);
	ir_print(u, trace);
	sb_addc(trace, '\n');
}

/* A broken rule is found where it was broken. Not in release builds. */
static void check(const struct ir_unit *u)
{
#ifndef NDEBUG
	ir_check(u);
#else
	(void)u;
#endif
}

void ir_optimize(struct ir_unit *u, struct strbuf *trace)
{
	own_run struct ir_unit *run = ir_run_begin(u);

	(void)run;
	vec_each (f, &u->funcs)
		ir_remove_unreachable(*f);
	dump(u, "lower", trace);
	check(u);
	for (size_t k = 0; k < sizeof(passes) / sizeof(*passes); k++) {
		passes[k].run(u);
		dump(u, passes[k].name, trace);
		check(u);
	}
}
