/* The catalogue: probe types by name, and an attach point handed to its provider.
 *
 * Input: an attach point as split by the parser. Output: targets, or diagnostics. All knowledge of
 * a probe type is in its provider's table entry; here is what is the same for all. */
#include "probe/probe.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/wildcard.h"
#include "probe/provider.h"
#include "symbols/x86_insn.h"

static const struct {
	const char *full, *abbrev;
} kind_names[] = {
#define PROVIDER(id, full, abbrev, since, doc) [PROBE_##id] = {full, abbrev},
#include "probe/providers.def"
#undef PROVIDER
};

/* Names that older scripts use. */
static const struct {
	const char *name;
	enum probe_kind kind;
} old_names[] = {
    {"kfunc", PROBE_FENTRY},
    {"kretfunc", PROBE_FEXIT},
};

static const struct provider *const providers[PROBE_N] = {
    [PROBE_BEGIN] = &begin_provider,
    [PROBE_END] = &end_provider,
    [PROBE_SELF] = &self_provider,
    [PROBE_TEST] = &test_provider,
    [PROBE_BENCH] = &bench_provider,
    [PROBE_WATCHPOINT] = &watchpoint_provider,
    [PROBE_KPROBE] = &kprobe_provider,
    [PROBE_KRETPROBE] = &kretprobe_provider,
    [PROBE_FENTRY] = &fentry_provider,
    [PROBE_FEXIT] = &fexit_provider,
    [PROBE_TRACEPOINT] = &tracepoint_provider,
    [PROBE_RAWTRACEPOINT] = &rawtracepoint_provider,
    [PROBE_UPROBE] = &uprobe_provider,
    [PROBE_URETPROBE] = &uretprobe_provider,
    [PROBE_USDT] = &usdt_provider,
    [PROBE_ITER] = &iter_provider,
    [PROBE_PROFILE] = &profile_provider,
    [PROBE_INTERVAL] = &interval_provider,
    [PROBE_SOFTWARE] = &software_provider,
    [PROBE_HARDWARE] = &hardware_provider,
};

const struct provider *provider_of(enum probe_kind kind)
{
	return providers[kind];
}

enum probe_kind probe_kind_find(const char *word)
{
	for (int k = 0; k < PROBE_N; k++)
		if (!strcasecmp(word, kind_names[k].full) ||
		    (*kind_names[k].abbrev && !strcmp(word, kind_names[k].abbrev)))
			return (enum probe_kind)k;
	for (size_t i = 0; i < sizeof(old_names) / sizeof(old_names[0]); i++)
		if (!strcasecmp(word, old_names[i].name))
			return old_names[i].kind;
	return PROBE_N;
}

bool probe_kind_needs_kernel(enum probe_kind kind)
{
	return kind == PROBE_KPROBE || kind == PROBE_KRETPROBE || kind == PROBE_FENTRY ||
	       kind == PROBE_FEXIT || kind == PROBE_RAWTRACEPOINT || kind == PROBE_ITER;
}

const char *probe_kind_name(enum probe_kind kind)
{
	return kind < PROBE_N ? kind_names[kind].full : "";
}

const char *probe_kind_title(enum probe_kind kind)
{
	switch (kind) {
	case PROBE_BEGIN:
	case PROBE_END:
	case PROBE_SELF:
		return "special";
	case PROBE_BENCH:
		return "benchmark";
	default:
		return probe_kind_name(kind);
	}
}

bool probe_kind_is_run(enum probe_kind kind)
{
	return kind == PROBE_BEGIN || kind == PROBE_END || kind == PROBE_SELF ||
	       kind == PROBE_TEST || kind == PROBE_BENCH;
}

/* ---- for the providers ------------------------------------------------------------------- */

struct probe_target *target_add(struct probe_context *cx, probe_targets *out, enum probe_kind kind)
{
	struct probe_target *t = vec_add(cx->a, out);

	t->kind = kind;
	t->tracepoint_id = -1;
	t->syscall_nr = -1;
	return t;
}

const char *attach_point_rest(struct probe_context *cx, const struct attach_point *ap)
{
	const char *rest = ap->n_parts > 1 ? ap->parts[1] : "";

	for (uint32_t i = 2; i < ap->n_parts; i++)
		rest = arena_printf(cx->a, "%s:%s", rest, ap->parts[i]);
	return rest;
}

bool report_no_match(struct probe_context *cx, const struct attach_point *ap, enum probe_kind kind,
                     const char *nearest)
{
	const char *type = probe_kind_name(kind), *rest = attach_point_rest(cx, ap);

	if (cx->missing == MISSING_IGNORE)
		return true;
	if (cx->missing == MISSING_WARN)
		diag_warn(cx->diag, E_PROBE_NO_MATCH, ap->at, "No matches for %s %s. Skipping.",
		          type, rest);
	else
		diag_error(cx->diag, E_PROBE_NO_MATCH, ap->at, "No matches for %s %s.", type, rest);
	if (nearest)
		diag_hint(cx->diag, "did you mean %s?", nearest);
	return cx->missing == MISSING_WARN;
}

bool check_instruction(struct probe_context *cx, const struct attach_point *ap,
                       enum probe_kind kind, const char *place, const uint8_t *code, size_t n_b,
                       uint64_t off_b)
{
	size_t before = off_b, after = off_b + 1;

	if (insn_starts_at(code, n_b, off_b))
		return true;
	diag_error(cx->diag, E_PROBE_PARTS, ap->at,
	           "Could not add %s into middle of instruction: %s+%llu", probe_kind_name(kind),
	           place, (unsigned long long)off_b);
	while (insn_starts_at(code, n_b, before) == 0)
		before--;
	while (after < n_b && insn_starts_at(code, n_b, after) == 0)
		after++;
	if (insn_starts_at(code, n_b, after) == 1)
		diag_hint(cx->diag, "instructions start at +%zu and at +%zu", before, after);
	return false;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void names_sort(name_list *list)
{
	size_t n = 0;

	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), compare_names);
	for (size_t i = 0; i < list->n; i++)
		if (!n || strcmp(list->items[n - 1], list->items[i]))
			list->items[n++] = list->items[i];
	list->n = n;
}

bool parse_number(const char *s, uint64_t *ret)
{
	char *end;
	unsigned long long n;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	n = strtoull(s, &end, 0);
	if (errno || *end)
		return false;
	*ret = n;
	return true;
}

/* ---- expansion --------------------------------------------------------------------------- */

static bool check_parts(struct probe_context *cx, const struct attach_point *ap,
                        enum probe_kind kind)
{
	const struct provider *p = providers[kind];
	uint32_t n = ap->n_parts - 1;

	if (n >= p->min_args && n <= p->max_args)
		return true;
	if (p->has_rate && n == p->max_args + 1u && !strcmp(ap->parts[n - 1], "hz"))
		return true;
	if (p->min_args == p->max_args)
		diag_error(cx->diag, E_PROBE_PARTS, ap->at,
		           "%s probe type requires %u arguments, found %u", probe_kind_name(kind),
		           p->min_args, n);
	else if (p->min_args + 1 == p->max_args)
		diag_error(cx->diag, E_PROBE_PARTS, ap->at,
		           "%s probe type requires %u or %u arguments, found %u",
		           probe_kind_name(kind), p->min_args, p->max_args, n);
	else
		diag_error(cx->diag, E_PROBE_PARTS, ap->at,
		           "%s probe type requires %u to %u arguments, found %u",
		           probe_kind_name(kind), p->min_args, p->max_args, n);
	if (strstr(ap->text, "::"))
		diag_hint(cx->diag, "a name with colons stands in quotes: cpp:\"ns::f\"");
	return false;
}

static bool expand_wild_type(struct probe_context *cx, const struct attach_point *ap,
                             probe_targets *out)
{
	struct probe_context quiet = *cx;
	size_t before = out->n;
	bool known = false;

	quiet.missing = MISSING_IGNORE;
	for (int k = 0; k < PROBE_N; k++) {
		const struct provider *p = providers[k];
		uint32_t n = ap->n_parts - 1;

		if (!p->is_wild_probe || !wildcard_match(ap->parts[0], kind_names[k].full))
			continue;
		known = true;
		if (n < p->min_args || n > p->max_args)
			continue;
		if (!p->expand(&quiet, ap, (enum probe_kind)k, out))
			return false;
	}
	cx->cache = quiet.cache;
	for (size_t i = before; i < out->n; i++)
		out->items[i].from_wildcard = true;
	if (!known) {
		diag_error(cx->diag, E_PROBE_TYPE, ap->at, "Invalid probe type: %s", ap->parts[0]);
		diag_hint(cx->diag, "a wildcard stands for kprobe, tracepoint, rawtracepoint and "
		                    "fentry");
		return false;
	}
	if (out->n > before || cx->missing == MISSING_IGNORE)
		return true;
	if (cx->missing == MISSING_WARN) {
		diag_warn(cx->diag, E_PROBE_NO_MATCH, ap->at, "No matches for %s. Skipping.",
		          ap->text);
		return true;
	}
	diag_error(cx->diag, E_PROBE_NO_MATCH, ap->at, "No matches for %s.", ap->text);
	return false;
}

static void report_unknown_kind(struct probe_context *cx, const struct attach_point *ap)
{
	struct diag_guess guess = {.word = ap->parts[0]};

	diag_error(cx->diag, E_PROBE_TYPE, ap->at, "Invalid probe type: %s", ap->parts[0]);
	if (!strcasecmp(ap->parts[0], "asyncwatchpoint") || !strcmp(ap->parts[0], "aw")) {
		diag_hint(cx->diag, "asyncwatchpoint has left the language; there is "
		                    "watchpoint:ADDRESS:LENGTH:MODE");
		return;
	}
	for (int k = 0; k < PROBE_N; k++)
		diag_nearest(&guess, kind_names[k].full);
	if (guess.best)
		diag_hint(cx->diag, "did you mean %s?", guess.best);
}

bool probe_expand(struct probe_context *cx, const struct attach_point *ap, probe_targets *out)
{
	enum probe_kind kind;

	if (!ap->n_parts || !*ap->parts[0]) {
		diag_error(cx->diag, E_PROBE_TYPE, ap->at, "Invalid probe type: %s", "");
		return false;
	}
	if (wildcard_has(ap->parts[0])) {
		if (!expand_wild_type(cx, ap, out))
			return false;
	} else {
		kind = probe_kind_find(ap->parts[0]);
		if (kind == PROBE_N) {
			report_unknown_kind(cx, ap);
			return false;
		}
		if (!check_parts(cx, ap, kind) || !providers[kind]->expand(cx, ap, kind, out))
			return false;
	}
	if (cx->max_probes && out->n > cx->max_probes) {
		diag_error(cx->diag, E_PROBE_LIMIT, ap->at,
		           "Can't attach to %zu probes because it exceeds the current limit of %u "
		           "probes.",
		           out->n, cx->max_probes);
		diag_hint(cx->diag, "raise it: config = { max_probes = %zu }", out->n);
		return false;
	}
	return true;
}

bool probe_find(struct probe_context *cx, const struct attach_point *ap, probe_targets *out)
{
	struct probe_context quiet = *cx;
	enum probe_kind kind = ap->n_parts ? probe_kind_find(ap->parts[0]) : PROBE_N;
	bool is_wild = ap->n_parts && wildcard_has(ap->parts[0]);
	size_t before = out->n;

	if (kind == PROBE_N && !is_wild) {
		report_unknown_kind(cx, ap);
		return false;
	}
	if (!is_wild && !check_parts(cx, ap, kind))
		return false;
	if (cx->is_user_engine && probe_kind_needs_kernel(kind))
		return true;
	quiet.diag = diag_create(cx->a);
	quiet.missing = MISSING_ERROR;
	/* A function that may not be there is only warned about. */
	if (!probe_expand(&quiet, ap, out) || diag_warnings(quiet.diag))
		out->n = before;
	cx->cache = quiet.cache;
	return true;
}

const struct type *probe_args_type(struct probe_context *cx, const struct probe_target *t)
{
	const struct provider *p = providers[t->kind];

	return p->args_type ? p->args_type(cx, t) : NULL;
}

void probe_list_args(struct probe_context *cx, const struct probe_target *t, struct strbuf *out)
{
	const struct provider *p = providers[t->kind];

	if (p->list_args)
		p->list_args(cx, t, out);
}
