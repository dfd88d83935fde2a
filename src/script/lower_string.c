/* Lowering of strings: reading them, comparing them.
 *
 * A comparison with a literal is a handful of wide loads; two run-time strings are compared by a
 * loop that the kernel verifier walks to its end, so it is bounded by the shorter type. A search
 * for a run-time string is a loop in a loop: the outer one calls the inner one back. */
#include "script/lower.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/arena.h"

struct ir_inst *lower_read_str(struct lower *l, struct ir_inst *dst, struct ir_inst *size,
                               uint32_t max_b, struct ir_inst *p, enum ir_ptr kind, uint8_t align_b,
                               bool pad)
{
	uint32_t helper;
	struct ir_builder *b = &l->b;
	struct ir_inst *ret;

	if (pad)
		ir_zero(b, dst, max_b, align_b);
	switch (kind) {
	case PTR_USER:
		helper = BPF_FUNC_probe_read_user_str;
		break;
	case PTR_ANY:
		helper = BPF_FUNC_probe_read_str;
		break;
	default:
		helper = BPF_FUNC_probe_read_kernel_str;
	}
	if (!l->opts->target.has_probe_read_split)
		helper = BPF_FUNC_probe_read_str;
	if (!size || size->op == IR_CONST) {
		uint64_t n = size ? (uint64_t)size->imm : max_b;

		if (n > max_b)
			n = max_b;
		if (!n) {
			ir_store(b, dst, 0, 1, ir_const(b, 0));
			return ir_const(b, 1);
		}
		ret = ir_callv(b, helper, PTR_NONE, dst, ir_const(b, (int64_t)n), p);
		lower_check_read(l, ret, helper);
		return ret;
	}
	/* A size known at run time only: cap it where the verifier can see it. */
	struct ir_block *big = lower_block(l), *go_on = lower_block(l), *done = lower_block(l);
	struct ir_block *read = lower_block(l);
	ir_var n = ir_var_new(l->fn->f), result = ir_var_new(l->fn->f);

	ir_store(b, dst, 0, 1, ir_const(b, 0));
	ir_var_set(b, n, size);
	ir_branch(b, COND_UGT, size, ir_const(b, max_b), big, go_on);
	lower_enter(l, big);
	ir_var_set(b, n, ir_const(b, max_b));
	ir_jump(b, go_on);
	lower_enter(l, go_on);
	size = ir_var_get(b, n);
	ir_branch(b, COND_EQ, size, ir_const(b, 0), done, read);
	lower_enter(l, read);
	ret = ir_callv(b, helper, PTR_NONE, dst, size, p);
	lower_check_read(l, ret, helper);
	ir_var_set(b, result, ret);
	ir_jump(b, done);
	lower_enter(l, done);
	return ir_var_get(b, result);
}

struct ir_inst *lower_str_packed(struct lower *l, struct node *call, struct ir_inst *dst)
{
	const struct type *pt = type_strip(call->args[0]->type);
	struct ir_inst *p = lower_int(l, call->args[0]), *len, *size;
	enum ir_ptr kind = call->function->id == F_kstr ? PTR_KERNEL : lower_ptr_kind(l, pt, p);
	struct ir_block *empty = lower_block(l), *go_on = lower_block(l), *some = lower_block(l);
	uint32_t max_b = type_strip(call->type)->size_b;
	ir_var n = ir_var_new(l->fn->f);

	size = call->n_args > 1 ? lower_int(l, call->args[1]) : NULL;
	l->b.at = call->at;
	len = lower_read_str(l, dst, size, max_b, p, kind, 1, false);
	/* -errno and 0 are empty strings; checked on what is used, so the verifier sees the bound
	 */
	ir_var_set(&l->b, n, len);
	ir_branch(&l->b, COND_EQ, len, ir_const(&l->b, 0), empty, some);
	lower_enter(l, some);
	ir_branch(&l->b, COND_ULE, len, ir_const(&l->b, max_b), go_on, empty);
	lower_enter(l, empty);
	ir_store(&l->b, dst, 0, 1, ir_const(&l->b, 0));
	ir_var_set(&l->b, n, ir_const(&l->b, 1));
	ir_jump(&l->b, go_on);
	lower_enter(l, go_on);
	return ir_var_get(&l->b, n);
}

static uint8_t widest(uint32_t left, uint8_t align_b, uint32_t at)
{
	uint8_t width = 8;

	while (width > left || width > align_b || at % width)
		width /= 2;
	return width;
}

/* Leaves for `differ` at the first byte in which v is not `bytes`. */
static void match_literal(struct lower *l, struct ir_inst *base, uint8_t align_b, const char *bytes,
                          uint32_t n, struct ir_block *differ)
{
	for (uint32_t at = 0; at < n;) {
		uint8_t width = widest(n - at, align_b, at);
		struct ir_block *same = lower_block(l);
		uint64_t want = 0;

		memcpy(&want, bytes + at, width);
		ir_branch(&l->b, COND_EQ, ir_load(&l->b, base, at, width, false, PTR_NONE),
		          ir_const(&l->b, (int64_t)want), same, differ);
		lower_enter(l, same);
		at += width;
	}
}

static struct ir_inst *finish(struct lower *l, struct ir_block *differ)
{
	struct ir_block *join = lower_block(l);
	ir_var result = ir_var_new(l->fn->f);

	ir_var_set(&l->b, result, ir_const(&l->b, 1));
	ir_jump(&l->b, join);
	lower_enter(l, differ);
	ir_var_set(&l->b, result, ir_const(&l->b, 0));
	ir_jump(&l->b, join);
	lower_enter(l, join);
	return ir_var_get(&l->b, result);
}

static struct ir_inst *equal_literal(struct lower *l, struct node *s, const struct node *literal,
                                     uint64_t limit)
{
	struct value v = lower_direct(l, lower_expr(l, s));
	uint32_t size = image_value_size(type_strip(s->type));
	uint32_t n = (uint32_t)strlen(literal->string) + 1;
	struct ir_block *differ = lower_block(l);

	if (n > limit)
		n = (uint32_t)limit;
	if (n > size) { /* the literal is longer than s can be; equal only up to s's end */
		if (n - 1 > size || limit < n) {
			ir_jump(&l->b, differ);
			l->b.block = lower_block(l);
			ir_seal(l->b.block);
			return finish(l, differ);
		}
		n = size;
	}
	if (n)
		match_literal(l, v.ir, v.align_b, literal->string, n, differ);
	return finish(l, differ);
}

/* The kernel verifier walks every turn of a loop, and remembers the other side of each branch on
 * its way through the whole program, 8192 at most. So a turn has one branch only, and its way on
 * lies elsewhere (is_unlikely) while the way out of the loop falls through: the verifier walks that
 * first and, from the second turn on, finds itself where it has been. */

/* 1 if v != 0, else 0. */
static struct ir_inst *is_some(struct lower *l, struct ir_inst *v)
{
	return ir_bin_imm(&l->b, IR_SHR, ir_bin(&l->b, IR_OR, v, ir_neg(&l->b, v)), 63);
}

/* 1 if the byte is 0. */
static struct ir_inst *is_nul(struct lower *l, struct ir_inst *byte)
{
	return ir_bin_imm(&l->b, IR_SHR, ir_bin_imm(&l->b, IR_SUB, byte, 1), 63);
}

static struct ir_inst *byte_at(struct lower *l, struct ir_inst *base, struct ir_inst *index)
{
	return ir_load(&l->b, ir_bin(&l->b, IR_ADD, base, index), 0, 1, false, PTR_NONE);
}

/* for (i = 0; i < n && x[i] == y[i] && x[i]; i++); then leaves for `equal` or `differ`. */
static void compare_bytes(struct lower *l, struct ir_inst *x, struct ir_inst *y, uint64_t n,
                          struct ir_block *equal, struct ir_block *differ)
{
	struct ir_block *head = lower_block(l), *body = lower_block(l), *next = lower_block(l);
	struct ir_block *stop = lower_block(l);
	ir_var var = ir_var_new(l->fn->f);
	struct ir_inst *i, *cx, *difference;

	ir_var_set(&l->b, var, ir_const(&l->b, 0));
	ir_jump(&l->b, head);
	l->b.block = head;
	i = ir_var_get(&l->b, var);
	ir_branch(&l->b, COND_ULT, i, ir_const(&l->b, (int64_t)n), body, equal);
	lower_enter(l, body);
	cx = byte_at(l, x, i);
	difference = ir_bin(&l->b, IR_XOR, cx, byte_at(l, y, i));
	next->is_unlikely = true;
	ir_branch(&l->b, COND_NE, ir_bin(&l->b, IR_OR, is_some(l, difference), is_nul(l, cx)),
	          ir_const(&l->b, 0), stop, next);
	lower_enter(l, next);
	ir_var_set(&l->b, var, ir_bin_imm(&l->b, IR_ADD, i, 1));
	ir_jump(&l->b, head);
	ir_seal(head);
	lower_enter(l, stop);
	ir_branch(&l->b, COND_EQ, difference, ir_const(&l->b, 0), equal, differ);
}

static struct ir_inst *equal_loop(struct lower *l, struct node *x, struct node *y, uint64_t limit)
{
	struct value vx = lower_direct(l, lower_expr(l, x)), vy = lower_direct(l, lower_expr(l, y));
	uint64_t nx = image_value_size(type_strip(vx.type));
	uint64_t ny = image_value_size(type_strip(vy.type));
	uint64_t n = nx < ny ? nx : ny;
	struct ir_block *equal = lower_block(l), *differ = lower_block(l);

	compare_bytes(l, vx.ir, vy.ir, n < limit ? n : limit, equal, differ);
	lower_enter(l, equal);
	return finish(l, differ);
}

struct ir_inst *lower_string_equal(struct lower *l, struct node *x, struct node *y, uint64_t limit)
{
	if (x->kind == NODE_STRING && y->kind == NODE_STRING)
		return ir_const(&l->b, limit == UINT64_MAX ? !strcmp(x->string, y->string)
		                                           : !strncmp(x->string, y->string, limit));
	while (x->kind == NODE_CAST && x->is_implicit && x->args[0]->kind == NODE_STRING)
		x = x->args[0];
	while (y->kind == NODE_CAST && y->is_implicit && y->args[0]->kind == NODE_STRING)
		y = y->args[0];
	if (y->kind == NODE_STRING)
		return equal_literal(l, x, y, limit);
	if (x->kind == NODE_STRING)
		return equal_literal(l, y, x, limit);
	return equal_loop(l, x, y, limit);
}

/* A loop's counter behind its end. It goes through memory, where the verifier does not follow it:
 * known to it, the program's rest would be walked once for each of its values. */
static struct ir_inst *forgotten(struct lower *l, struct ir_inst *i)
{
	struct ir_inst *at = lower_scratch_at(l, lower_scratch_alloc(l, 8)), *same;

	ir_store(&l->b, at, 0, 8, i);
	same = ir_load(&l->b, at, 0, 8, false, PTR_NONE);
	same->is_volatile = true;
	return same;
}

struct ir_inst *lower_strlen(struct lower *l, struct node *s)
{
	struct value v = lower_direct(l, lower_expr(l, s));
	uint32_t n = image_value_size(type_strip(v.type));
	struct ir_block *head = lower_block(l), *body = lower_block(l), *next = lower_block(l);
	struct ir_block *done = lower_block(l);
	ir_var var = ir_var_new(l->fn->f);
	struct ir_inst *i, *c;

	ir_var_set(&l->b, var, ir_const(&l->b, 0));
	ir_jump(&l->b, head);
	l->b.block = head;
	i = ir_var_get(&l->b, var);
	ir_branch(&l->b, COND_ULT, i, ir_const(&l->b, n), body, done);
	lower_enter(l, body);
	c = byte_at(l, v.ir, i);
	next->is_unlikely = true;
	ir_branch(&l->b, COND_EQ, c, ir_const(&l->b, 0), done, next);
	lower_enter(l, next);
	ir_var_set(&l->b, var, ir_bin_imm(&l->b, IR_ADD, i, 1));
	ir_jump(&l->b, head);
	ir_seal(head);
	lower_enter(l, done);
	return forgotten(l, ir_var_get(&l->b, var));
}

/* ---- strstr, strcontains
 * ----------------------------------------------------------------------------- */

/* The n bytes at `at` against the literal's: 0 if they are the same. */
static struct ir_inst *literal_difference(struct lower *l, struct ir_inst *at, const char *bytes,
                                          uint32_t n)
{
	struct ir_inst *difference = ir_const(&l->b, 0);

	for (uint32_t k = 0; k < n;) {
		/* only the stack must be read aligned */
		uint8_t width = widest(n - k, at->ptr == PTR_STACK ? 1 : 8, 0);
		uint64_t want = 0;
		struct ir_inst *part;

		memcpy(&want, bytes + k, width);
		part = ir_bin(&l->b, IR_XOR, ir_load(&l->b, at, k, width, false, PTR_NONE),
		              ir_const(&l->b, (int64_t)want));
		difference = ir_bin(&l->b, IR_OR, difference, part);
		k += width;
	}
	return difference;
}

/* Where the literal begins, or -1; 0 for any place if only that it is there is wanted. */
static struct ir_inst *find_literal(struct lower *l, struct value hay, const char *needle,
                                    bool want_place)
{
	uint32_t size = image_value_size(type_strip(hay.type)), n = (uint32_t)strlen(needle);
	struct ir_block *head = lower_block(l), *body = lower_block(l), *next = lower_block(l);
	struct ir_block *stop = lower_block(l), *found = lower_block(l), *missing = lower_block(l);
	struct ir_block *join = lower_block(l);
	ir_var var = ir_var_new(l->fn->f), place = ir_var_new(l->fn->f);
	struct ir_inst *i, *at, *difference, *is_end;

	if (!n || n > size)
		return ir_const(&l->b, n ? -1 : 0);
	ir_var_set(&l->b, var, ir_const(&l->b, 0));
	ir_jump(&l->b, head);
	l->b.block = head;
	i = ir_var_get(&l->b, var);
	ir_branch(&l->b, COND_ULT, i, ir_const(&l->b, size - n + 1), body, missing);
	lower_enter(l, body);
	at = ir_bin(&l->b, IR_ADD, hay.ir, i);
	difference = literal_difference(l, at, needle, n);
	/* the haystack ends at its NUL */
	next->is_unlikely = true;
	is_end = is_nul(l, ir_load(&l->b, at, 0, 1, false, PTR_NONE));
	ir_branch(
	    &l->b, COND_EQ,
	    ir_bin(&l->b, IR_OR, is_end, ir_bin_imm(&l->b, IR_XOR, is_some(l, difference), 1)),
	    ir_const(&l->b, 0), next, stop);
	lower_enter(l, next);
	ir_var_set(&l->b, var, ir_bin_imm(&l->b, IR_ADD, i, 1));
	ir_jump(&l->b, head);
	ir_seal(head);
	lower_enter(l, stop);
	ir_branch(&l->b, COND_EQ, difference, ir_const(&l->b, 0), found, missing);
	lower_enter(l, found);
	ir_var_set(&l->b, place, want_place ? forgotten(l, i) : ir_const(&l->b, 0));
	ir_jump(&l->b, join);
	lower_enter(l, missing);
	ir_var_set(&l->b, place, ir_const(&l->b, -1));
	ir_jump(&l->b, join);
	lower_enter(l, join);
	return ir_var_get(&l->b, place);
}

/* A needle known at run time only, in scratch memory as is the haystack: both are found there by
 * the callback, which looks at one place of the haystack. */
struct search {
	uint32_t hay, needle, result; /* offsets */
	uint32_t hay_b, needle_b;
};

static void search_here(struct lower *l, struct ir_inst *i, struct ir_block *stop, void *arg)
{
	struct search *s = arg;
	struct ir_builder *b = &l->b;
	struct ir_block *inside = lower_block(l), *differ = lower_block(l), *found = lower_block(l);
	struct ir_block *head = lower_block(l), *body = lower_block(l), *next = lower_block(l);
	struct ir_block *end = lower_block(l), *go_on = lower_block(l);
	ir_var var = ir_var_new(l->fn->f);
	struct ir_inst *hay, *needle = lower_scratch_at(l, s->needle), *k, *c, *difference;

	ir_branch(b, COND_ULT, i, ir_const(b, s->hay_b), inside, stop);
	lower_enter(l, inside);
	hay = ir_bin(b, IR_ADD, lower_scratch_at(l, s->hay), i);
	ir_var_set(b, var, ir_const(b, 0));
	ir_jump(b, head);
	b->block = head;
	k = ir_var_get(b, var);
	ir_branch(b, COND_ULT, k, ir_const(b, s->needle_b), body, found);
	lower_enter(l, body);
	c = byte_at(l, needle, k);
	difference = ir_bin(b, IR_XOR, c, byte_at(l, hay, k));
	next->is_unlikely = true;
	ir_branch(b, COND_NE, ir_bin(b, IR_OR, is_some(l, difference), is_nul(l, c)),
	          ir_const(b, 0), end, next);
	lower_enter(l, next);
	ir_var_set(b, var, ir_bin_imm(b, IR_ADD, k, 1));
	ir_jump(b, head);
	ir_seal(head);
	lower_enter(l, end);
	ir_branch(b, COND_EQ, c, ir_const(b, 0), found, differ);
	lower_enter(l, found);
	ir_store(b, lower_scratch_at(l, s->result), 0, 8, i);
	ir_jump(b, stop);
	lower_enter(l, differ);
	ir_branch(b, COND_EQ, ir_load(b, hay, 0, 1, false, PTR_NONE), ir_const(b, 0), stop, go_on);
	lower_enter(l, go_on);
}

static uint32_t into_scratch(struct lower *l, struct value v, uint32_t spare_b)
{
	uint32_t size = image_value_size(type_strip(v.type));
	uint32_t off = lower_scratch_alloc(l, size + spare_b);
	struct ir_inst *dst = lower_scratch_at(l, off);

	lower_store(l, v, v.type, dst, 8, true);
	if (spare_b) /* the haystack may lack a NUL */
		ir_store(&l->b, dst, size, 1, ir_const(&l->b, 0));
	return off;
}

static struct ir_inst *search(struct lower *l, struct node *hay, struct node *needle,
                              bool want_place)
{
	struct value h = lower_direct(l, lower_expr(l, hay)), n;
	struct search s;

	while (needle->kind == NODE_CAST && needle->is_implicit)
		needle = needle->args[0];
	if (needle->kind == NODE_STRING)
		return find_literal(l, h, needle->string, want_place);
	n = lower_direct(l, lower_expr(l, needle));
	s.hay_b = image_value_size(type_strip(h.type));
	s.needle_b = image_value_size(type_strip(n.type));
	s.hay = into_scratch(l, h, s.needle_b + 1);
	s.needle = into_scratch(l, n, 0);
	s.result = lower_scratch_alloc(l, 8);
	ir_store(&l->b, lower_scratch_at(l, s.result), 0, 8, ir_const(&l->b, -1));
	lower_repeat(l, s.hay_b, search_here, &s);
	return ir_load(&l->b, lower_scratch_at(l, s.result), 0, 8, false, PTR_NONE);
}

struct ir_inst *lower_strstr(struct lower *l, struct node *hay, struct node *needle)
{
	return search(l, hay, needle, true);
}

struct ir_inst *lower_strcontains(struct lower *l, struct node *hay, struct node *needle)
{
	return ir_cmp(&l->b, COND_NE, search(l, hay, needle, false), ir_const(&l->b, -1));
}
