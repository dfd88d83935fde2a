/* Lowering of texts by number, of joined text and of compared bytes. */
#include "script/lower.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/arena.h"

/* All texts lie in read-only memory, equally far apart. */
static uint32_t text_table_at(struct lower *l, enum text_table_id id)
{
	const struct text_table *t = &text_tables[id];

	if (!l->text_tables[id]) {
		char *bytes = arena_alloc(l->a, (size_t)(t->n + 1) * t->stride_b);

		for (uint32_t i = 0; i <= t->n; i++)
			t->write(i, bytes + (size_t)i * t->stride_b, t->stride_b);
		l->text_tables[id] =
		    1 + lower_rodata(l, bytes, (size_t)(t->n + 1) * t->stride_b, 8);
	}
	return l->text_tables[id] - 1;
}

struct value lower_text_of(struct lower *l, struct node *call, enum text_table_id id)
{
	const struct text_table *t = &text_tables[id];
	struct ir_builder *b = &l->b;
	struct ir_block *known = lower_block(l), *go_on = lower_block(l);
	ir_var index = ir_var_new(l->fn->f);
	struct ir_inst *number = lower_int(l, call->args[0]), *at;

	ir_var_set(b, index, ir_const(b, t->n));
	ir_branch(b, COND_ULT, number, ir_const(b, t->n), known, go_on);
	lower_enter(l, known);
	ir_var_set(b, index, number);
	ir_jump(b, go_on);
	lower_enter(l, go_on);
	at = ir_bin_imm(b, IR_MUL, ir_var_get(b, index), t->stride_b);
	at = ir_bin(b, IR_ADD, lower_rodata_addr(l, text_table_at(l, id)), at);
	return value_mem(type_string(l->a, t->stride_b), at, 8);
}

/* Text of at most size_b bytes at `from`, which is readable directly, to dst; the bytes it took
 * without the NUL, less than size_b wherever the verifier looks. */
static struct ir_inst *put_text(struct lower *l, struct ir_inst *dst, struct ir_inst *from,
                                uint32_t size_b)
{
	struct ir_builder *b = &l->b;
	struct ir_block *failed = lower_block(l), *got = lower_block(l), *done = lower_block(l);
	uint32_t helper = l->opts->target.has_probe_read_split ? BPF_FUNC_probe_read_kernel_str
	                                                       : BPF_FUNC_probe_read_str;
	ir_var len = ir_var_new(l->fn->f);
	struct ir_inst *n =
	    ir_callv(b, helper, PTR_NONE, dst, ir_const(b, size_b), ir_as(b, from, PTR_NONE));

	n = ir_bin_imm(b, IR_SUB, n, 1);
	failed->is_unlikely = true;
	ir_branch(b, COND_ULT, n, ir_const(b, size_b), got, failed);
	lower_enter(l, got);
	ir_var_set(b, len, n);
	ir_jump(b, done);
	lower_enter(l, failed);
	ir_store(b, dst, 0, 1, ir_const(b, 0));
	ir_var_set(b, len, ir_const(b, 0));
	ir_jump(b, done);
	lower_enter(l, done);
	return ir_var_get(b, len);
}

/* An array of characters may lack its NUL: a copy that has one. */
static struct value terminated(struct lower *l, const struct node *n, struct value v)
{
	struct ir_builder *b = &l->b;
	uint32_t size_b = image_value_size(type_strip(v.type));
	struct ir_inst *copy;

	if (n->kind != NODE_CAST || !n->is_implicit)
		return v;
	copy = lower_scratch_at(l, lower_scratch_alloc(l, size_b + 1));
	lower_store(l, v, v.type, copy, 8, true);
	ir_store(b, copy, size_b, 1, ir_const(b, 0));
	return value_mem(type_string(l->a, size_b + 1), copy, 8);
}

/* The left text is put into scratch memory, the right one behind it: there is room for both, and
 * what is more than the type holds is cut off. */
struct value lower_str_concat(struct lower *l, struct node *call)
{
	struct ir_builder *b = &l->b;
	struct value left = lower_direct(l, lower_expr(l, call->args[0]));
	struct value right =
	    terminated(l, call->args[1], lower_direct(l, lower_expr(l, call->args[1])));
	uint32_t left_b = image_value_size(type_strip(left.type));
	uint32_t right_b = image_value_size(type_strip(right.type));
	uint32_t size_b = type_strip(call->type)->size_b;
	/* Arrays of characters may be full: one more for the NUL. */
	uint32_t off_b = lower_scratch_alloc(l, left_b + right_b + 2);
	struct ir_inst *dst = lower_scratch_at(l, off_b), *len;

	ir_zero(b, dst, left_b + right_b + 2, 8);
	lower_store(l, left, left.type, dst, 8, true);
	len = put_text(l, dst, dst, left_b + 1);
	put_text(l, ir_bin(b, IR_ADD, lower_scratch_at(l, off_b), len), right.ir, right_b);
	ir_store(b, lower_scratch_at(l, off_b), size_b - 1, 1, ir_const(b, 0));
	return value_mem(call->type, lower_scratch_at(l, off_b), 8);
}

/* ---- memcmp ---------------------------------------------------------------------------------- */

/* n bytes of an argument, readable directly. */
static struct ir_inst *bytes_of(struct lower *l, struct node *arg, uint32_t n)
{
	struct ir_inst *copy;

	if (!type_is_register(type_strip(arg->type)))
		return lower_direct(l, lower_expr(l, arg)).ir;
	copy = lower_scratch_at(l, lower_scratch_alloc(l, n));
	lower_bytes_into(l, arg, copy, n);
	return copy;
}

struct ir_inst *lower_memcmp(struct lower *l, struct node *call)
{
	struct ir_builder *b = &l->b;
	uint32_t n = (uint32_t)call->args[2]->number;
	struct ir_block *head = lower_block(l), *body = lower_block(l), *next = lower_block(l);
	struct ir_block *stop = lower_block(l), *same = lower_block(l), *done = lower_block(l);
	ir_var at = ir_var_new(l->fn->f), result = ir_var_new(l->fn->f);
	struct ir_inst *x, *y, *i, *difference;

	if (!n)
		return ir_const(b, 0);
	x = bytes_of(l, call->args[0], n);
	y = bytes_of(l, call->args[1], n);
	ir_var_set(b, at, ir_const(b, 0));
	ir_jump(b, head);
	b->block = head;
	i = ir_var_get(b, at);
	ir_branch(b, COND_ULT, i, ir_const(b, n), body, same);
	lower_enter(l, body);
	difference = ir_load(b, ir_bin(b, IR_ADD, y, i), 0, 1, false, PTR_NONE);
	difference = ir_bin(b, IR_SUB, ir_load(b, ir_bin(b, IR_ADD, x, i), 0, 1, false, PTR_NONE),
	                    difference);
	next->is_unlikely = true; /* see lower_string.c */
	ir_branch(b, COND_NE, difference, ir_const(b, 0), stop, next);
	lower_enter(l, next);
	ir_var_set(b, at, ir_bin_imm(b, IR_ADD, i, 1));
	ir_jump(b, head);
	ir_seal(head);
	lower_enter(l, stop);
	/* its sign: -1 or 1 */
	ir_var_set(b, result, ir_bin_imm(b, IR_OR, ir_bin_imm(b, IR_SAR, difference, 63), 1));
	ir_jump(b, done);
	lower_enter(l, same);
	ir_var_set(b, result, ir_const(b, 0));
	ir_jump(b, done);
	lower_enter(l, done);
	return ir_var_get(b, result);
}
