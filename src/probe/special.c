/* Probes that are run, not attached: begin and end, self (when skep is asked to), test and bench
 * (by
 * --test and --bench). */
#include <string.h>

#include "base/wildcard.h"
#include "probe/provider.h"

static bool expand_special(struct probe_context *cx, const struct attach_point *ap,
                           enum probe_kind kind, probe_targets *out)
{
	(void)ap;
	target_add(cx, out, kind)->name = probe_kind_name(kind);
	return true;
}

/* self:signal:SIGUSR1, the one thing there is. */
static bool expand_self(struct probe_context *cx, const struct attach_point *ap,
                        enum probe_kind kind, probe_targets *out)
{
	struct probe_target *t;

	if (strcmp(ap->parts[1], "signal") != 0) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "%s is not an event of self probes",
		           ap->parts[1]);
		diag_hint(cx->diag, "there is self:signal:SIGUSR1");
		return false;
	}
	if (strcmp(ap->parts[2], "SIGUSR1") != 0) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "%s is not a supported signal",
		           ap->parts[2]);
		diag_hint(cx->diag, "there is self:signal:SIGUSR1");
		return false;
	}
	t = target_add(cx, out, kind);
	t->category = "signal";
	t->func = "SIGUSR1";
	t->name = "self:signal:SIGUSR1";
	return true;
}

static void list_self(struct listing *l)
{
	if ((!l->n_parts || wildcard_match(l->parts[0], "signal")) &&
	    (l->n_parts < 2 || wildcard_match(l->parts[1], "SIGUSR1")))
		sb_adds(l->out, "self:signal:SIGUSR1\n");
}

static bool expand_named(struct probe_context *cx, const struct attach_point *ap,
                         enum probe_kind kind, probe_targets *out)
{
	struct probe_target *t;

	if (!*ap->parts[1] || wildcard_has(ap->parts[1])) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "%s probe needs a name of its own",
		           probe_kind_name(kind));
		return false;
	}
	t = target_add(cx, out, kind);
	t->func = ap->parts[1];
	t->name = arena_printf(cx->a, "%s:%s", probe_kind_name(kind), ap->parts[1]);
	return true;
}

const struct provider begin_provider = {.expand = expand_special};
const struct provider end_provider = {.expand = expand_special};
const struct provider self_provider = {
    .min_args = 2, .max_args = 2, .expand = expand_self, .list = list_self};
const struct provider test_provider = {.min_args = 1, .max_args = 1, .expand = expand_named};
const struct provider bench_provider = {.min_args = 1, .max_args = 1, .expand = expand_named};
