/* Random programs for the machines of ir_run.h: variables, nested branches, bounded loops, calls,
 * slots, map values, reads of kernel memory, sub-programs. Every program ends; every value that
 * was ever set counts for the result. */
#ifndef SKEP_TESTS_IR_RANDOM_H
#define SKEP_TESTS_IR_RANDOM_H

#include <stdint.h>

#include "ir/ir.h"
#include "ir_run.h"

struct gen {
	struct ir_builder b;
	uint64_t seed;
	ir_var vars[24];
	uint32_t n_vars;
	struct ir_inst *live[64]; /* values that dominate where we are */
	uint32_t n_live;
	struct ir_inst *ctx;
	int budget;  /* statements left */
	int n_loops; /* around us */
	struct ir_func *callee;
	bool for_kernel; /* what the verifier would take too long on, left out */
};

static inline uint64_t g_next(struct gen *g)
{
	g->seed ^= g->seed << 13;
	g->seed ^= g->seed >> 7;
	g->seed ^= g->seed << 17;
	return g->seed * 0x2545f4914f6cdd1dull >> 16;
}

static inline uint32_t g_pick(struct gen *g, uint32_t n)
{
	return (uint32_t)(g_next(g) % n);
}

static inline int64_t g_number(struct gen *g)
{
	static const int64_t special[] = {
	    0,           1,         -1,        2,          8,          63,
	    64,          255,       256,       0x7fffffff, 0x80000000, 0xffffffff,
	    0x100000000, INT64_MIN, INT64_MAX, -128,       32768,      65535};

	switch (g_pick(g, 4)) {
	case 0:
		return special[g_pick(g, sizeof(special) / sizeof(*special))];
	case 1:
		return (int64_t)(g_next(g) << 20 ^ g_next(g));
	default:
		return (int64_t)g_pick(g, 200) - 50;
	}
}

static inline struct ir_inst *g_keep(struct gen *g, struct ir_inst *v)
{
	if (g->n_live < 64)
		g->live[g->n_live++] = v;
	return v;
}

static inline struct ir_inst *g_value(struct gen *g, int depth);

static inline struct ir_inst *g_memory(struct gen *g, int depth)
{
	uint8_t width = (uint8_t)(1u << g_pick(g, 4));
	bool is_signed = g_pick(g, 2);
	int64_t off = (int64_t)(g_pick(g, 64u / width) * width);
	struct ir_inst *at;

	switch (g_pick(g, 5)) {
	case 0:
	case 1:
		if (g->ctx)
			return ir_load(&g->b, g->ctx, off, width, is_signed, PTR_NONE);
		/* fall through */
	case 2:
		return ir_load(&g->b, ir_map_value(&g->b, 0, (uint32_t)off), 0, width, is_signed,
		               PTR_NONE);
	case 3:
		at = ir_as(&g->b, ir_map_value(&g->b, 0, 0), PTR_KERNEL);
		return ir_load(&g->b, at, off, width, is_signed, PTR_NONE);
	default:
		/* Within the value, wherever that is. */
		at = ir_bin_imm(&g->b, IR_AND, g_value(g, depth - 1), 64 - width);
		at = ir_bin(&g->b, IR_ADD, ir_map_value(&g->b, 0, 0), at);
		return ir_load(&g->b, at, 0, width, is_signed, PTR_NONE);
	}
}

static inline struct ir_inst *g_call(struct gen *g, int depth)
{
	struct ir_inst *args[5];

	if (g->callee && g_pick(g, 2)) {
		for (uint32_t k = 0; k < g->callee->n_params; k++)
			args[k] = g_value(g, depth - 1);
		return ir_call_func(&g->b, g->callee, g->callee->n_params, args);
	}
	if (g->for_kernel) /* the clock is not what it is for the other machines */
		return ir_bin_imm(&g->b, IR_AND,
		                  ir_call(&g->b, BPF_FUNC_ktime_get_ns, PTR_NONE, 0, NULL), 0);
	return ir_call(&g->b, g_pick(g, 2) ? BPF_FUNC_ktime_get_ns : BPF_FUNC_get_current_pid_tgid,
	               PTR_NONE, 0, NULL);
}

static inline struct ir_inst *g_value(struct gen *g, int depth)
{
	static const uint8_t narrow[] = {1, 2, 4}, swaps[] = {2, 4, 8};
	struct ir_inst *x, *y;

	if (depth <= 0 || g_pick(g, 5) == 0) {
		switch (g_pick(g, 4)) {
		case 0:
			return ir_const(&g->b, g_number(g));
		case 1:
			if (g->n_live)
				return g->live[g_pick(g, g->n_live)];
			/* fall through */
		default:
			return ir_var_get(&g->b, g->vars[g_pick(g, g->n_vars)]);
		}
	}
	switch (g_pick(g, 16)) {
	case 0:
	case 1:
	case 2:
		return g_keep(g, g_memory(g, depth));
	case 3:
		return g_keep(g, g_call(g, depth));
	case 4:
		return ir_ext(&g->b, g_value(g, depth - 1), narrow[g_pick(g, 3)], g_pick(g, 2));
	case 5:
		return ir_bswap(&g->b, g_value(g, depth - 1), swaps[g_pick(g, 3)]);
	case 6:
		return ir_neg(&g->b, g_value(g, depth - 1));
	case 7:
	case 8:
		x = g_value(g, depth - 1);
		y = g_value(g, depth - 1);
		return ir_cmp(&g->b, (enum ir_cond)g_pick(g, COND_N), x, y);
	case 9:
		return ir_atomic(&g->b, g_pick(g, 2) ? (BPF_ADD | BPF_FETCH) : BPF_XCHG,
		                 ir_map_value(&g->b, 0, 8 * g_pick(g, 8)), 0, g_pick(g, 2) ? 8 : 4,
		                 g_value(g, depth - 1));
	case 10:
		x = g_value(g, depth - 1);
		y = g_value(g, depth - 1);
		return ir_cmpxchg(&g->b, ir_map_value(&g->b, 0, 8 * g_pick(g, 8)), 0, 8, x, y);
	default:
		x = g_value(g, depth - 1);
		y = g_value(g, depth - 1);
		return g_keep(g, ir_bin_width(&g->b, (enum ir_op)(IR_ADD + g_pick(g, 11)),
		                              g_pick(g, 4) ? 8 : 4, x, y));
	}
}

static inline void g_statements(struct gen *g, int depth);

/* x && y, or x || y, as a lowering that knows only values writes them. */
static inline void g_short_circuit(struct gen *g, struct ir_block *then, struct ir_block *otherwise)
{
	struct ir_block *more = ir_block_add(g->b.func), *join = ir_block_add(g->b.func);
	ir_var v = ir_var_new(g->b.func);
	bool is_or = g_pick(g, 2);
	uint32_t n_live;
	struct ir_inst *x = g_value(g, 2), *y;

	ir_var_set(&g->b, v, ir_const(&g->b, is_or));
	ir_branch_if(&g->b, x, is_or ? join : more, is_or ? more : join);
	n_live = g->n_live;
	ir_seal(more);
	g->b.block = more;
	x = g_value(g, 2);
	y = g_value(g, 1);
	ir_var_set(&g->b, v, ir_cmp(&g->b, (enum ir_cond)g_pick(g, COND_N), x, y));
	ir_jump(&g->b, join);
	ir_seal(join);
	g->n_live = n_live;
	g->b.block = join;
	if (g_pick(g, 4) == 0)
		ir_var_set(&g->b, g->vars[g_pick(g, g->n_vars)], ir_var_get(&g->b, v));
	ir_branch_if(&g->b, ir_var_get(&g->b, v), then, otherwise);
}

static inline void g_branch(struct gen *g, struct ir_block *then, struct ir_block *otherwise)
{
	struct ir_inst *x, *y;

	if (g_pick(g, 4) == 0) {
		g_short_circuit(g, then, otherwise);
		return;
	}
	if (g_pick(g, 3) == 0) {
		ir_branch_if(&g->b, g_value(g, 2), then, otherwise);
		return;
	}
	x = g_value(g, 2);
	y = g_value(g, 1);
	ir_branch(&g->b, (enum ir_cond)g_pick(g, COND_N), x, y, then, otherwise);
}

static inline void g_if(struct gen *g, int depth)
{
	struct ir_block *then = ir_block_add(g->b.func), *join = ir_block_add(g->b.func);
	struct ir_block *otherwise = g_pick(g, 2) ? ir_block_add(g->b.func) : join;
	uint32_t n_live;

	g_branch(g, then, otherwise);
	n_live = g->n_live;
	ir_seal(then);
	then->is_unlikely = g_pick(g, 4) == 0;
	g->b.block = then;
	g_statements(g, depth - 1);
	if (g_pick(g, 12) == 0)
		ir_ret(&g->b, g_value(g, 1));
	ir_jump(&g->b, join);
	if (otherwise != join) {
		g->n_live = n_live;
		ir_seal(otherwise);
		g->b.block = otherwise;
		g_statements(g, depth - 1);
		ir_jump(&g->b, join);
	}
	g->n_live = n_live;
	ir_seal(join);
	g->b.block = join;
}

static inline void g_loop(struct gen *g, int depth)
{
	struct ir_block *head = ir_block_add(g->b.func), *body = ir_block_add(g->b.func);
	struct ir_block *out = ir_block_add(g->b.func), *more;
	ir_var i = ir_var_new(g->b.func);
	uint32_t n_live = g->n_live, trips = 1 + g_pick(g, g->for_kernel ? 3 : 7);
	bool is_bottom_tested = g_pick(g, 2);

	ir_var_set(&g->b, i, ir_const(&g->b, 0));
	ir_jump(&g->b, is_bottom_tested ? body : head);
	g->n_loops++;
	if (!is_bottom_tested) {
		g->b.block = head;
		ir_branch(&g->b, COND_ULT, ir_var_get(&g->b, i), ir_const(&g->b, trips), body, out);
		ir_seal(body);
	}
	g->b.block = body;
	g_statements(g, depth - 1);
	if (g_pick(g, 3) == 0) {
		more = ir_block_add(g->b.func);
		g_branch(g, more, out);
		ir_seal(more);
		g->b.block = more;
	}
	ir_var_set(&g->b, i, ir_bin_imm(&g->b, IR_ADD, ir_var_get(&g->b, i), 1));
	if (is_bottom_tested) {
		ir_branch(&g->b, COND_ULT, ir_var_get(&g->b, i), ir_const(&g->b, trips), body, out);
		ir_seal(head);
		ir_seal(body);
	} else {
		ir_jump(&g->b, head);
		ir_seal(head);
	}
	g->n_loops--;
	ir_seal(out);
	g->n_live = n_live;
	g->b.block = out;
}

/* Look an entry up, use it if it is there. */
static inline void g_entry(struct gen *g)
{
	struct ir_block *have = ir_block_add(g->b.func), *join = ir_block_add(g->b.func);
	uint32_t slot = ir_slot_new(&g->b, 4, 4, "key"), n_live = g->n_live;
	struct ir_inst *key = ir_slot_addr(&g->b, slot), *entry;

	ir_store(&g->b, key, 0, 4, ir_bin_imm(&g->b, IR_AND, g_value(g, 2), 7));
	entry = ir_callv(&g->b, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(&g->b, 1), key);
	ir_branch(&g->b, COND_NE, entry, ir_const(&g->b, 0), have, join);
	ir_seal(have);
	g->b.block = have;
	ir_atomic(&g->b, BPF_ADD, entry, 8 * g_pick(g, 8), 8, g_value(g, 2));
	ir_store(&g->b, entry, 4 * g_pick(g, 16), 4, g_value(g, 2));
	ir_var_set(&g->b, g->vars[g_pick(g, g->n_vars)],
	           ir_load(&g->b, entry, 8 * g_pick(g, 8), 8, false, PTR_NONE));
	ir_jump(&g->b, join);
	ir_seal(join);
	g->n_live = n_live;
	g->b.block = join;
}

/* A record on the stack: zeroed or copied, written, handed to a helper, read back. */
static inline void g_record(struct gen *g)
{
	uint32_t slot = ir_slot_new(&g->b, W_VALUE_B, 8, "record");
	uint32_t key = ir_slot_new(&g->b, 4, 4, "key");
	struct ir_inst *record = ir_slot_addr(&g->b, slot);
	struct ir_inst *from = ir_map_value(&g->b, 0, 0);

	if (g->for_kernel && g->n_loops)
		return;
	switch (g_pick(g, 3)) {
	case 0:
		ir_zero(&g->b, record, W_VALUE_B, 8);
		break;
	case 1:
		ir_copy(&g->b, record, from, W_VALUE_B, 8);
		break;
	default:
		ir_read(&g->b, record, ir_as(&g->b, from, PTR_KERNEL), W_VALUE_B);
		break;
	}
	for (int k = 0; k < 3; k++)
		ir_store(&g->b, record, 4 * g_pick(g, 16), 4, g_value(g, 2));
	if (g_pick(g, 2)) {
		ir_store(&g->b, ir_slot_addr(&g->b, key), 0, 4, ir_const(&g->b, g_pick(g, 5)));
		g_keep(g, ir_callv(&g->b, BPF_FUNC_map_update_elem, PTR_NONE, ir_map(&g->b, 1),
		                   ir_slot_addr(&g->b, key), record, ir_const(&g->b, 0)));
	}
	g_keep(g, ir_load(&g->b, record, 8 * g_pick(g, 8), 8, false, PTR_NONE));
	if (g_pick(g, 2))
		ir_copy(&g->b, from, record, 24, 4);
}

static inline void g_statement(struct gen *g, int depth)
{
	uint8_t width = (uint8_t)(1u << g_pick(g, 4));

	switch (g_pick(g, depth > 0 ? 12 : 8)) {
	case 0:
		ir_store(&g->b, ir_map_value(&g->b, 0, width * g_pick(g, 64u / width)), 0, width,
		         g_value(g, 3));
		break;
	case 1:
		g_entry(g);
		break;
	case 2:
		g_record(g);
		break;
	case 8:
	case 9:
	case 10:
		g_if(g, depth);
		break;
	case 11:
		if (g->n_loops < (g->for_kernel ? 1 : 2))
			g_loop(g, depth);
		break;
	default:
		ir_var_set(&g->b, g->vars[g_pick(g, g->n_vars)], g_value(g, 4));
		break;
	}
}

static inline void g_statements(struct gen *g, int depth)
{
	uint32_t n = 1 + g_pick(g, 5);

	while (n-- && g->budget-- > 0)
		g_statement(g, depth);
}

static inline void g_body(struct gen *g, struct ir_func *f)
{
	struct ir_inst *result;

	g->b = ir_builder_at_entry(f);
	g->n_live = 0;
	g->n_loops = 0;
	for (uint32_t k = 0; k < g->n_vars; k++)
		g->vars[k] = ir_var_new(f);
	if (f->index == 0) {
		g->ctx = ir_param(&g->b, 0);
	} else {
		for (uint32_t k = 0; k < f->n_params; k++)
			g_keep(g, ir_param(&g->b, k));
	}
	for (uint32_t k = 0; k < g->n_vars; k++) {
		if (g_pick(g, 3))
			ir_var_set(&g->b, g->vars[k],
			           f->index ? ir_const(&g->b, g_number(g)) : g_memory(g, 0));
	}
	while (g->budget > 0)
		g_statements(g, 4);
	result = ir_const(&g->b, 0);
	for (uint32_t k = 0; k < g->n_vars; k++) {
		result =
		    ir_bin(&g->b, k % 2 ? IR_XOR : IR_ADD, result, ir_var_get(&g->b, g->vars[k]));
		result = ir_bin_imm(&g->b, IR_MUL, result, 31);
	}
	ir_ret(&g->b, result);
}

/* A unit from a seed: the same one for the same seed, size and target. */
static inline struct ir_unit *g_unit(struct arena *a, uint64_t seed, int size, bool for_kernel,
                                     struct ir_target target)
{
	static const enum ir_ptr program[] = {PTR_CTX};
	static const enum ir_ptr numbers[5] = {PTR_NONE};
	struct ir_unit *u = ir_unit_create(a, "random", target);
	struct gen g = {.seed = seed * 0x9e3779b97f4a7c15ull + 1, .for_kernel = for_kernel};
	struct ir_func *f = ir_func_add(u, "program", 1, program), *callee = NULL;

	for (int k = 0; k < 4; k++)
		g_next(&g);
	if (g_pick(&g, 3) == 0) {
		callee = ir_func_add(u, "callee", g_pick(&g, 6), numbers);
		g.n_vars = 2 + g_pick(&g, 6);
		g.budget = 5;
		g_body(&g, callee);
	}
	g.callee = callee;
	g.n_vars = 2 + g_pick(&g, 20);
	g.budget = size;
	g_body(&g, f);
	return u;
}

#endif
