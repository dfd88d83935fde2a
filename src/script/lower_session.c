/* Lowering of a pair, the entry and the return of one function, as a session: one program on one
 * link that runs at both and asks which it is. Half the links to make and to take off, and the
 * kernel hooks the function once. (kprobe_session: v6.10, uprobe_session: v6.13.)
 *
 * Only where nothing else of the script is on that function: among several programs on one place
 * the order is the script's, which two kinds of links would not keep. */
#include "script/lower.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/arena.h"
#include "bpf/newer.h"

static bool is_entry(enum probe_kind kind)
{
	return kind == PROBE_KPROBE || kind == PROBE_UPROBE;
}

static bool is_pair(enum probe_kind a, enum probe_kind b)
{
	return (a == PROBE_KPROBE && b == PROBE_KRETPROBE) ||
	       (a == PROBE_KRETPROBE && b == PROBE_KPROBE) ||
	       (a == PROBE_UPROBE && b == PROBE_URETPROBE) ||
	       (a == PROBE_URETPROBE && b == PROBE_UPROBE);
}

static bool is_equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool is_same_place(const struct probe_target *a, const struct probe_target *b)
{
	return is_equal(a->func, b->func) && is_equal(a->category, b->category) &&
	       is_equal(a->path, b->path) && a->address == b->address && a->off_b == b->off_b;
}

static bool may_be_half(const struct probe *pr)
{
	const struct probe_target *at = pr->targets.items;

	if (pr->targets.n != 1 || at->off_b || at->ref_ctr_off_b)
		return false;
	switch (pr->kind) {
	case PROBE_KPROBE:
	case PROBE_KRETPROBE: /* by its name alone: nothing else to tell the kernel */
		return at->func && !at->category;
	case PROBE_UPROBE:
	case PROBE_URETPROBE:
		return true;
	default:
		return false;
	}
}

/* Is one of the probe's targets at this place, or at another place of the same function? */
static bool touches(const struct probe *pr, const struct probe_target *at)
{
	bool is_user = at->path != NULL;

	if (!is_pair(pr->kind, is_user ? PROBE_UPROBE : PROBE_KPROBE) &&
	    !is_pair(pr->kind, is_user ? PROBE_URETPROBE : PROBE_KRETPROBE))
		return false;
	vec_each (t, &pr->targets)
		if (is_user ? is_equal(t->path, at->path) && t->address == at->address
		            : !t->func || is_equal(t->func, at->func))
			return true;
	return false;
}

struct probe *lower_session_partner(struct lower *l, const struct probe *pr)
{
	const struct script_target *t = &l->opts->target;
	bool (*is_there)(void) = pr->kind == PROBE_UPROBE || pr->kind == PROBE_URETPROBE
	                             ? t->has_uprobe_session
	                             : t->has_kprobe_session;
	struct probe *found = NULL;

	if (!is_there || !may_be_half(pr))
		return NULL;
	vec_each (other, &l->u->probes) {
		struct probe *o = *other;

		if (o == pr || !touches(o, &pr->targets.items[0]))
			continue;
		if (found || !may_be_half(o) || !is_pair(o->kind, pr->kind) ||
		    !is_same_place(&o->targets.items[0], &pr->targets.items[0]))
			return NULL;
		found = o;
	}
	return found && is_there() ? found : NULL;
}

static void lower_half(struct lower *l, struct probe *pr, struct ir_block *end)
{
	l->target = &pr->targets.items[0];
	l->target_index = NULL;
	l->b.at = pr->at;
	lower_probe_names(l, pr);
	lower_body(l, pr);
	ir_jump(&l->b, end);
}

bool lower_session(struct lower *l, struct probe *a, struct probe *b)
{
	struct probe *entry = is_entry(a->kind) ? a : b, *ret = entry == a ? b : a;
	const struct probe_target *t = &entry->targets.items[0];
	bool is_user = entry->kind == PROBE_UPROBE;
	struct image_program p = {.type = BPF_PROG_TYPE_KPROBE,
	                          .expected_attach_type = is_user ? SKEP_TRACE_UPROBE_SESSION
	                                                          : SKEP_TRACE_KPROBE_SESSION,
	                          .at = a->at};
	struct image_attach at = {.kind = is_user ? ATTACH_UPROBE : ATTACH_KPROBE,
	                          .name = t->name,
	                          .func = t->func,
	                          .path = t->path,
	                          .address = t->address,
	                          .tracepoint_id = -1,
	                          .n_probes = 2};
	struct ir_block *on_entry, *on_return, *end;
	struct ir_inst *is_return;
	uint32_t function = 0;

	types_find_func(l->u->types, "bpf_session_is_return", "vmlinux", &function, NULL, NULL);
	p.name = lower_program_name(l, t);
	lower_program_begin(l, p.name);
	l->args = ARGS_NONE;
	end = lower_block(l);
	on_entry = lower_block(l);
	on_return = lower_block(l);
	l->b.at = a->at;
	is_return = ir_call_kernel(&l->b, function, PTR_NONE, 0, NULL);
	is_return = ir_ext(&l->b, is_return, 1, false); /* a bool: the other bits are anything */
	ir_branch(&l->b, COND_NE, is_return, ir_const(&l->b, 0), on_return, on_entry);
	lower_enter(l, on_entry);
	lower_half(l, entry, end);
	lower_enter(l, on_return);
	lower_half(l, ret, end);
	lower_enter(l, end);
	vec_push(l->a, &p.attaches, at);
	return lower_program_end(l, &p);
}
