/* Lowering of stacks.
 *
 * The frames go to the program's scratch memory, a 64-bit hash of them becomes the stack's id, and
 * only a stack not seen before is copied to the map of stacks. So a key is 8 bytes: hashing and
 * comparing a thousand bytes of frames per event would cost as much as unwinding them. */
#include "script/lower.h"

#include <linux/bpf.h>

#include "base/arena.h"
#include "vm/code.h"

enum { USER_BUILD_ID = 1 << 11 /* BPF_F_USER_BUILD_ID */ };

/* Multiply-and-fold over the 8-byte words; never 0, which means "no stack". The verifier walks the
 * loop to its end, so it is bounded by the type's depth. */
static struct ir_inst *hash_words(struct lower *l, struct ir_inst *words, struct ir_inst *n,
                                  uint32_t most)
{
	struct ir_builder *b = &l->b;
	struct ir_block *head = lower_block(l), *within = lower_block(l), *body = lower_block(l);
	struct ir_block *done = lower_block(l);
	ir_var i = ir_var_new(l->fn->f), hash = ir_var_new(l->fn->f);
	struct ir_inst *iv, *h;

	ir_var_set(b, i, ir_const(b, 0));
	ir_var_set(b, hash, n);
	ir_jump(b, head);
	b->block = head;
	iv = ir_var_get(b, i);
	ir_branch(b, COND_ULT, iv, ir_const(b, most), within, done);
	lower_enter(l, within);
	ir_branch(b, COND_ULT, iv, n, body, done);
	lower_enter(l, body);
	h = ir_load(b, ir_bin(b, IR_ADD, words, ir_bin_imm(b, IR_SHL, iv, 3)), 0, 8, false,
	            PTR_NONE);
	h = ir_bin(b, IR_XOR, ir_var_get(b, hash), h);
	h = ir_bin(b, IR_MUL, h,
	           ir_const(b, (int64_t)0x9e3779b97f4a7c15)); /* 2^64 / golden ratio */
	h = ir_bin(b, IR_XOR, h, ir_bin_imm(b, IR_SHR, h, 32));
	ir_var_set(b, hash, h);
	ir_var_set(b, i, ir_bin_imm(b, IR_ADD, iv, 1));
	ir_jump(b, head);
	ir_seal(head);
	lower_enter(l, done);
	return ir_bin_imm(b, IR_OR, ir_var_get(b, hash), 1);
}

/* A stack that was not seen before, maybe of a process not seen before: the session should look at
 * it while it lives. The user engine's session does so without being told. */
static void tell_of_process(struct lower *l, const struct type *t)
{
	struct image_event ev = {.kind = EVENT_PROCESS};
	struct ir_inst *pid;

	if (t->kind != TYPE_USTACK || l->opts->target.is_user_engine ||
	    (t->stack_mode != STACK_BPFTRACE && t->stack_mode != STACK_PERF))
		return;
	pid = ir_call(&l->b, BPF_FUNC_get_current_pid_tgid, PTR_NONE, 0, NULL);
	lower_simple_event(l, ev, ir_bin_imm(&l->b, IR_SHR, pid, 32), true);
}

/* Keep the frames under `id` unless they are kept already. */
static void keep(struct lower *l, const struct type *t, uint32_t map, struct ir_inst *id_at,
                 struct ir_inst *stack, struct ir_inst *n_frames, struct span at)
{
	struct ir_builder *b = &l->b;
	struct ir_block *fresh = lower_block(l), *full = lower_block(l), *known = lower_block(l);
	struct ir_block *kept = lower_block(l);
	struct ir_inst *v, *ret;

	v = ir_callv(b, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(b, map), id_at);
	fresh->is_unlikely = true;
	full->is_unlikely = true;
	ir_branch(b, COND_NE, v, ir_const(b, 0), known, fresh);
	lower_enter(l, fresh);
	ir_store(b, stack, 0, 8, n_frames);
	ret = ir_callv(b, BPF_FUNC_map_update_elem, PTR_NONE, ir_map(b, map), id_at, stack,
	               ir_const(b, BPF_ANY));
	ir_branch(b, COND_EQ, ret, ir_const(b, 0), kept, full);
	lower_enter(l, full);
	lower_runtime_warning(l, at, "Too many different stacks; this one is not kept. Try a larger max_stacks.",
	                      "map_update_elem", ret);
	ir_jump(b, known);
	lower_enter(l, kept);
	kept->is_unlikely = true;
	tell_of_process(l, t);
	ir_jump(b, known);
	lower_enter(l, known);
}

/* How many frames to leave out of a kernel stack: one seen from a raw tracepoint begins with the
 * program itself, at the place of the call, and bpf_trace_runN. Equal stacks would differ. */
static uint64_t own_frames(const struct lower *l)
{
	bool is_raw = l->probe->kind == PROBE_RAWTRACEPOINT ||
	              (l->probe->kind == PROBE_TRACEPOINT && l->args != ARGS_RECORD);

	return is_raw ? 2 : 0;
}

static bool is_sample(const struct lower *l)
{
	return l->probe->kind == PROBE_PROFILE || l->probe->kind == PROBE_SOFTWARE ||
	       l->probe->kind == PROBE_HARDWARE;
}

/* The frames, at `frames` in scratch memory: their bytes, or at most 0 if there are none. */
static struct ir_inst *get_stack(struct lower *l, const struct type *t, enum stack_source source,
                                 uint32_t frames, struct span at)
{
	struct ir_builder *b = &l->b;
	uint64_t flags = source == STACK_KERNEL ? own_frames(l) : BPF_F_USER_STACK;

	if (source == STACK_UNWOUND && !l->opts->target.is_user_engine)
		return lower_unwind(l, frames, t->stack_depth, at);
	if (source == STACK_UNWOUND && is_sample(l)) {
		diag_error(l->u->diag, E_NEEDS_KERNEL, at,
		           "dw_ustack in %s needs the kernel: the user engine's samples bring "
		           "frames, not the stack",
		           probe_kind_name(l->probe->kind));
		diag_hint(l->u->diag, "ustack goes by frame pointers");
	}
	if (source == STACK_UNWOUND)
		flags |= VM_F_UNWOUND_STACK;
	if (t->stack_mode == STACK_BUILD_ID)
		flags |= USER_BUILD_ID;
	return ir_callv(b, BPF_FUNC_get_stack, PTR_NONE, lower_ctx(l), lower_scratch_at(l, frames),
	                ir_const(b, t->stack_depth * image_frame_size(t->stack_mode)),
	                ir_const(b, (int64_t)flags));
}

struct value lower_stack(struct lower *l, const struct type *t, enum stack_source source,
                         struct span at)
{
	static const char *const names[] = {"kstack", "ustack", "dw_ustack"};
	struct ir_builder *b = &l->b;
	bool is_user = t->kind == TYPE_USTACK, is_build_id = t->stack_mode == STACK_BUILD_ID;
	uint32_t frame_b = image_frame_size(t->stack_mode), size = image_stack_size(t);
	uint32_t map = lower_stacks_map(l, size), stack_at;
	struct ir_inst *value, *stack, *frames, *len, *words;
	struct ir_block *got = lower_block(l), *failed = lower_block(l), *done = lower_block(l);
	struct ir_block *refused = lower_block(l);

	value = lower_temp(l, is_user ? 16 : 8, "stack");
	if (!lower_ctx(l)) {
		diag_error(l->u->diag, E_BUILTIN_PLACE, at,
		           "%s can not be used inside a for loop, assign it to a variable first",
		           names[source]);
		return value_mem(t, value, 8);
	}
	ir_store(b, value, 0, 8, ir_const(b, 0));
	if (is_user) {
		struct ir_inst *pid = ir_call(b, BPF_FUNC_get_current_pid_tgid, PTR_NONE, 0, NULL);

		ir_store(b, value, 8, 4, ir_bin_imm(b, IR_SHR, pid, 32));
		ir_store(b, value, 12, 4, ir_const(b, l->first_probe_name));
	}
	stack_at = lower_scratch_alloc(l, size);
	len = get_stack(l, t, source, stack_at + (uint32_t)sizeof(struct image_stack), at);
	stack = lower_scratch_at(l, stack_at);
	frames = ir_bin_imm(b, IR_ADD, stack, sizeof(struct image_stack));
	failed->is_unlikely = true;
	ir_branch(b, COND_SGT, len, ir_const(b, 0), got, failed);
	lower_enter(l, failed);
	/* no frames at all: a kernel thread has no user stack, which is no failure */
	ir_branch(b, COND_SLT, len, ir_const(b, 0), refused, done);
	lower_enter(l, refused);
	lower_runtime_warning(l, at, is_user ? "Error reading ustack." : "Error reading kstack.",
	                      "get_stack", len);
	ir_jump(b, done);
	lower_enter(l, got);
	words = ir_bin_imm(b, IR_SHR, len, 3);
	ir_store(b, value, 0, 8, hash_words(l, frames, words, t->stack_depth * (frame_b / 8)));
	keep(l, t, map, value, stack, is_build_id ? ir_bin_imm(b, IR_SHR, len, 5) : words, at);
	ir_jump(b, done);
	lower_enter(l, done);
	return value_mem(t, value, 8);
}

struct ir_inst *lower_stack_len(struct lower *l, struct value stack)
{
	struct ir_builder *b = &l->b;
	uint32_t map = lower_stacks_map(l, image_stack_size(type_strip(stack.type)));
	struct ir_inst *key = lower_temp(l, 8, "id"), *v;
	struct ir_block *known = lower_block(l), *done = lower_block(l);
	ir_var n = ir_var_new(l->fn->f);

	ir_store(b, key, 0, 8, ir_load(b, stack.ir, 0, 8, false, PTR_NONE));
	ir_var_set(b, n, ir_const(b, 0));
	v = ir_callv(b, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(b, map), key);
	ir_branch(b, COND_NE, v, ir_const(b, 0), known, done);
	lower_enter(l, known);
	ir_var_set(b, n, ir_load(b, v, 0, 8, false, PTR_NONE));
	ir_jump(b, done);
	lower_enter(l, done);
	return ir_var_get(b, n);
}
