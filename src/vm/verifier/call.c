/* Calls of functions, of callbacks, and the ways back.
 *
 * Static functions are walked as part of their caller. Global ones are verified once, by their BTF
 * prototype; a caller only has to fit it. Callbacks are entered from the helper's call, return to
 * it, and are entered again until nothing new is found. */
#include "vm/verifier/state.h"

#include <string.h>

#include "bpf/helpers.h"
#include "vm/verifier/tables.h"

static int leave_function(struct verifier *v, uint32_t *ret_next);

int clear_caller_saved(struct verifier *v)
{
	for (uint32_t n = BPF_REG_0; n <= BPF_REG_5; n++)
		reg_forget(&cur_regs(v)[n]);
	return 0;
}

static int enter(struct verifier *v, struct state *st, uint32_t func, uint32_t call_pc)
{
	struct frame *f;

	if (st->frame + 1 >= MAX_FRAMES)
		return refuse(v, WAY_STACK, "the call stack of %u frames is too deep",
		              st->frame + 2);
	f = frame_create(v, func, call_pc);
	f->regs[BPF_REG_10].frame = st->frame + 1;
	st->frames[++st->frame] = f;
	return 0;
}

static int call_static(struct verifier *v, uint32_t func)
{
	struct frame *caller = cur_frame(v), *callee;

	if (enter(v, v->cur, func, v->pc))
		return -1;
	callee = cur_frame(v);
	memcpy(&callee->regs[BPF_REG_1], &caller->regs[BPF_REG_1], 5 * sizeof(struct reg));
	for (uint32_t n = BPF_REG_0; n <= BPF_REG_5; n++)
		reg_forget(&caller->regs[n]);
	return 0;
}

static int call_global(struct verifier *v, uint32_t func)
{
	struct function *f = &v->funcs.items[func];

	if (is_in_lock(v))
		return refuse(
		    v, WAY_UNLOCK,
		    "global function calls are not allowed while holding a lock, use static "
		    "function instead");
	if (f->might_sleep &&
	    (v->cur->rcu || v->cur->preempt || v->cur->irq_id || !in_sleepable(v)))
		return refuse(v, WAY_UNLOCK,
		              "global functions that may sleep are not allowed in "
		              "non-sleepable context");
	f->is_called = true;
	if (global_function_args(v, func, cur_regs(v), true))
		return -1;
	clear_caller_saved(v);
	reg_unknown(&cur_regs(v)[BPF_REG_0]);
	if (f->changes_packet)
		packet_forget(v);
	return 0;
}

/* Of a function only that one's frame goes with a tail call: its caller goes on with what the other
 * program returns. The call may fail as well, and the function goes on. */
static int leave_by_tail_call(struct verifier *v, uint32_t *ret_next)
{
	if (!push_path(v, v->pc + 1, v->pc))
		return -1;
	reg_unknown(&cur_regs(v)[BPF_REG_0]);
	return leave_function(v, ret_next);
}

int check_call(struct verifier *v, const struct bpf_insn *i, uint32_t *ret_next)
{
	uint32_t func;

	*ret_next = v->pc + 1;
	if (is_in_lock(v) && !insn_is_function_call(i)) {
		bool is_unlock = insn_is_helper(i) && i->imm == BPF_FUNC_spin_unlock;

		if (insn_is_helper(i) && !is_unlock)
			return refuse(v, WAY_UNLOCK,
			              "function calls are not allowed while holding a lock");
	}
	if (insn_is_kfunc(i))
		return check_kfunc_call(v, i);
	if (!insn_is_function_call(i)) {
		if (check_helper_call(v, i))
			return -1;
		return i->imm == BPF_FUNC_tail_call && v->cur->frame
		           ? leave_by_tail_call(v, ret_next)
		           : 0;
	}
	func = function_at(v, v->pc + 1 + (uint32_t)i->imm);
	if (v->funcs.items[func].is_global)
		return call_global(v, func);
	*ret_next = v->funcs.items[func].start;
	return call_static(v, func);
}

/* ---- callbacks ---------------------------------------------------------------------------------
 */

int begin_callback(struct verifier *v, uint32_t helper, uint32_t func, const struct reg *args)
{
	bool is_async = helper == BPF_FUNC_timer_set_callback;
	struct function *fn = &v->funcs.items[func];
	struct state *st;
	struct frame *f;

	fn->is_callback = true;
	if (is_async) {
		/* Runs later, by itself: a stack and a state of its own. */
		fn->is_async_callback = true;
		st = push_path(v, fn->start, v->pc);
		if (!st)
			return -1;
		for (uint32_t k = 0; k <= st->frame; k++) {
			frame_free(v, st->frames[k]);
			st->frames[k] = NULL;
		}
		if (st->parent)
			st->parent->branches--;
		st->parent = NULL;
		st->first_pc = fn->start;
		st->frame = 0;
		st->refs.n = 0;
		st->locks = st->rcu = st->preempt = st->irq_id = 0;
		st->is_sleepable = false;
		st->history.n = 0;
		f = st->frames[0] = frame_create(v, func, v->pc);
		f->is_async = true;
		st->async_entry++;
	} else {
		st = push_path(v, fn->start, v->pc);
		if (!st)
			return -1;
		st->callback_depth++;
		st->frames[st->frame]->callback_depth++;
		if (enter(v, st, func, v->pc))
			return -1;
		f = st->frames[st->frame];
		cur_frame(v)->callback_depth = 0;
	}
	f->is_callback = true;
	f->call_helper = helper;
	f->return_min = 0;
	f->return_max = is_async ? 0 : 1;
	f->n_refs = (uint32_t)st->refs.n;
	memcpy(&f->regs[BPF_REG_1], args, 5 * sizeof(*args));
	return 0;
}

static int check_callback_result(struct verifier *v, const struct frame *f)
{
	const struct reg *r0 = &f->regs[BPF_REG_0];

	if (r0->kind != REG_SCALAR)
		return refuse(v, WAY_RETURN, "R0 not a scalar value");
	mark_precise(v, BPF_REG_0);
	if (r0->s.smin < f->return_min || r0->s.smax > f->return_max)
		return refuse(
		    v, WAY_RETURN,
		    "At callback return the register R0 has smin=%lld smax=%lld should have "
		    "been in [%lld, %lld]",
		    (long long)r0->s.smin, (long long)r0->s.smax, (long long)f->return_min,
		    (long long)f->return_max);
	if (v->cur->refs.n != f->n_refs)
		return refuse(v, WAY_RELEASE,
		              "a callback must give back what it acquires, and "
		              "cannot release what its caller holds");
	return 0;
}

static int leave_function(struct verifier *v, uint32_t *ret_next)
{
	struct state *st = v->cur;
	struct frame *callee = cur_frame(v), *caller;
	bool is_callback = callee->is_callback;
	struct state *earlier;

	if (callee->regs[BPF_REG_0].kind == REG_STACK)
		return refuse(v, WAY_NONE, "cannot return stack pointer to the caller");
	if (is_callback && check_callback_result(v, callee))
		return -1;
	caller = st->frames[st->frame - 1];
	if (!is_callback)
		caller->regs[BPF_REG_0] = callee->regs[BPF_REG_0];
	/* A callback returns to the call itself, which may enter it once more. */
	*ret_next = callee->call_pc + !is_callback;
	frame_free(v, callee);
	st->frames[st->frame--] = NULL;
	if (is_callback) {
		earlier = earlier_here(v, st, *ret_next);
		if (earlier)
			widen_scalars(earlier, st);
	}
	return 0;
}

/* ---- the end -----------------------------------------------------------------------------------
 */

/* The register that holds what the program or the global function ends with: r0, or what it throws
 * in r1. */
int check_return(struct verifier *v, uint32_t regno)
{
	const struct frame *f = v->cur->frames[0];
	struct reg *r0 = &cur_regs(v)[regno];
	bool is_32 = false;
	int64_t min = 0, max = 0;

	if (v->global != NO_FUNC && !f->is_async) {
		if (use_reg(v, regno))
			return -1;
		if (r0->kind != REG_SCALAR)
			return refuse(
			    v, WAY_RETURN,
			    "At subprogram exit the register R%u is not a scalar value (%s)", regno,
			    reg_kind_name(r0));
		return 0;
	}
	if (!f->is_async && context_btf_returns_nothing(v->p))
		return 0;
	if (use_reg(v, regno))
		return -1;
	if (f->is_async) {
		min = f->return_min;
		max = f->return_max;
	} else {
		if (v->opts->is_unprivileged && reg_is_pointer(r0))
			return refuse(v, WAY_LEAK, "R%u leaks addr as return value", regno);
		if (v->p->type == BPF_PROG_TYPE_UNSPEC ||
		    !kind_return_range(v->p, &min, &max, &is_32))
			return 0;
	}
	if (r0->kind != REG_SCALAR)
		return refuse(v, WAY_RETURN,
		              "At %s exit the register R%u is not a known value (%s)",
		              f->is_async ? "async callback" : "program", regno, reg_kind_name(r0));
	mark_precise(v, regno);
	if (is_32 ? r0->s.s32_min < min || r0->s.s32_max > max
	          : r0->s.smin < min || r0->s.smax > max)
		return refuse(v, WAY_RETURN,
		              "At %s the register R%u has smin=%lld smax=%lld should have been in "
		              "[%lld, %lld]",
		              f->is_async ? "async callback return" : "program exit", regno,
		              (long long)(is_32 ? r0->s.s32_min : r0->s.smin),
		              (long long)(is_32 ? r0->s.s32_max : r0->s.smax), (long long)min,
		              (long long)max);
	return 0;
}

int check_exit(struct verifier *v, uint32_t *ret_next, bool *ret_is_done)
{
	*ret_is_done = false;
	if (v->cur->frame)
		return leave_function(v, ret_next);
	if (refs_check_exit(v, "BPF_EXIT instruction in main prog"))
		return -1;
	*ret_is_done = true;
	return check_return(v, BPF_REG_0);
}
