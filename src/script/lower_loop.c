/* Lowering of `for`: over ranges and over maps.
 *
 * A short constant range is a plain loop. Longer ones (or short ones in one another whose trips
 * multiply to many: the kernel verifier walks them all) call bpf_loop(), maps are walked by
 * bpf_for_each_map_elem(): the body becomes a callback, a function of its own that finds the
 * variables it shares in the program's scratch memory (inference marks them as captured). */
#include "script/lower.h"

#include <linux/bpf.h>

#include "base/arena.h"

enum { PLAIN_TRIPS = 128 };

/* What lowering was at before a callback was begun. */
struct outside {
	struct ir_builder b;
	struct ir_block *body_exit;
	struct lower_loop *loop;
	uint32_t flag; /* scratch: set when the callback says `return` */
};

static struct outside callback_begin(struct lower *l, const char *name, uint32_t n_params,
                                     const enum ir_ptr *params, struct lower_loop *loop,
                                     struct ir_func **ret)
{
	struct outside out = {.b = l->b, .body_exit = l->body_exit, .loop = l->loop};

	out.flag = lower_scratch_alloc(l, 8);
	ir_store(&l->b, lower_scratch_at(l, out.flag), 0, 8, ir_const(&l->b, 0));
	out.b = l->b;
	*ret = ir_func_add(l->unit, arena_printf(l->a, "%s%u", name, l->n_callbacks++), n_params,
	                   params);
	lower_func_begin(l, *ret);
	*loop = (struct lower_loop){
	    .on_break = lower_block(l), .on_continue = lower_block(l), .func = l->fn};
	l->body_exit = lower_block(l);
	l->loop = loop;
	return out;
}

/* Ends the callback and is back outside; the caller makes the call. */
static void callback_end(struct lower *l, struct outside *out)
{
	struct ir_builder *b = &l->b;

	if (!ir_is_terminated(b))
		ir_jump(b, l->loop->on_continue);
	lower_enter(l, l->loop->on_continue);
	ir_ret(b, ir_const(b, 0));
	lower_enter(l, l->body_exit);
	ir_store(b, lower_scratch_at(l, out->flag), 0, 8, ir_const(b, 1));
	ir_jump(b, l->loop->on_break);
	lower_enter(l, l->loop->on_break);
	ir_ret(b, ir_const(b, 1));
	lower_func_end(l);
	l->b = out->b;
	l->body_exit = out->body_exit;
	l->loop = out->loop;
}

static void leave_if_returned(struct lower *l, const struct outside *out)
{
	struct ir_block *go_on = lower_block(l), *leave = lower_block(l);
	struct ir_inst *flag =
	    ir_load(&l->b, lower_scratch_at(l, out->flag), 0, 8, false, PTR_NONE);

	ir_branch(&l->b, COND_EQ, flag, ir_const(&l->b, 0), go_on, leave);
	lower_enter(l, leave);
	lower_fn_fetch(l);
	ir_jump(&l->b, l->body_exit);
	lower_enter(l, go_on);
}

static uint64_t product(uint64_t x, uint64_t y)
{
	return x && y > UINT32_MAX / x ? UINT32_MAX : x * y;
}

static uint64_t trips_within(const struct node *n);

/* How often a loop's body, and the loops in it, run in all; UINT32_MAX: nobody knows. */
static uint64_t trips_of(const struct node *n)
{
	const struct node *from = n->args[0], *to = n->args[1];

	if (n->kind != NODE_FOR_RANGE || from->kind != NODE_INT || to->kind != NODE_INT)
		return UINT32_MAX;
	if ((int64_t)to->number <= (int64_t)from->number)
		return 0;
	return product(to->number - from->number, trips_within(n->args[2]));
}

/* The most that a loop somewhere in n runs; 1 if there is none. */
static uint64_t trips_within(const struct node *n)
{
	uint64_t most = 1, trips;

	if (!n)
		return 1;
	if (n->kind == NODE_FOR_RANGE || n->kind == NODE_FOR_MAP || n->kind == NODE_WHILE)
		return trips_of(n);
	for (uint32_t i = 0; i < n->n_args; i++) {
		trips = trips_within(n->args[i]);
		most = trips > most ? trips : most;
	}
	vec_each (s, &n->stmts) {
		trips = trips_within(*s);
		most = trips > most ? trips : most;
	}
	return most;
}

static void plain_range(struct lower *l, struct node *n, struct ir_inst *from, struct ir_inst *to)
{
	struct ir_block *head = lower_block(l), *body = lower_block(l), *step = lower_block(l);
	struct ir_block *out = lower_block(l);
	struct lower_loop loop = {
	    .outer = l->loop, .on_break = out, .on_continue = step, .func = l->fn};
	ir_var counter = ir_var_new(l->fn->f);
	struct ir_inst *i;

	ir_var_set(&l->b, counter, from);
	ir_jump(&l->b, head);
	l->b.block = head;
	i = ir_var_get(&l->b, counter);
	ir_branch(&l->b, COND_SLT, i, to, body, out);
	lower_enter(l, body);
	lower_var_set(l, n->var, value_reg(n->var->type, i));
	l->loop = &loop;
	lower_stmt(l, n->args[2]);
	l->loop = loop.outer;
	if (!ir_is_terminated(&l->b))
		ir_jump(&l->b, step);
	lower_enter(l, step);
	ir_var_set(&l->b, counter, ir_bin_imm(&l->b, IR_ADD, i, 1));
	ir_jump(&l->b, head);
	ir_seal(head);
	lower_enter(l, out);
}

void lower_for_range(struct lower *l, struct node *n)
{
	static const enum ir_ptr params[] = {PTR_NONE, PTR_NONE};
	struct ir_builder *b = &l->b;
	struct ir_inst *from = lower_int(l, n->args[0]), *to = lower_int(l, n->args[1]);
	struct ir_block *some, *done, *ok, *refused;
	struct lower_loop loop;
	struct outside out;
	struct ir_func *f;
	struct ir_inst *i;
	uint32_t start;

	/* one in a plain loop is plain as well: that loop has counted it */
	if (trips_of(n) <= PLAIN_TRIPS || !l->opts->target.has_bpf_loop) {
		plain_range(l, n, from, to);
		return;
	}
	some = lower_block(l);
	done = lower_block(l);
	ir_branch(b, COND_SLT, from, to, some, done);
	lower_enter(l, some);
	start = lower_scratch_alloc(l, 8);
	ir_store(b, lower_scratch_at(l, start), 0, 8, from);
	out = callback_begin(l, "loop", 2, params, &loop, &f);
	i = ir_load(b, lower_scratch_at(l, start), 0, 8, false, PTR_NONE);
	i = ir_bin(b, IR_ADD, i, ir_ext(b, ir_param(b, 0), 4, false));
	lower_var_set(l, n->var, value_reg(n->var->type, i));
	lower_stmt(l, n->args[2]);
	callback_end(l, &out);
	i = ir_callv(b, BPF_FUNC_loop, PTR_NONE, ir_bin(b, IR_SUB, to, from), ir_func_addr(b, f),
	             ir_const(b, 0), ir_const(b, 0));
	/* The call that the verifier puts inline gives -E2BIG in 32 bits, the helper in 64. */
	i = ir_ext(b, i, 4, true);
	ok = lower_block(l);
	refused = lower_block(l);
	refused->is_unlikely = true;
	ir_branch(b, COND_SGE, i, ir_const(b, 0), ok, refused);
	lower_enter(l, refused);
	lower_runtime_warning(l, n->at,
	                      "The range is too long for one loop (at most 8388608 rounds); it was "
	                      "not run.",
	                      "loop", i);
	ir_jump(b, done);
	lower_enter(l, ok);
	leave_if_returned(l, &out);
	ir_jump(b, done);
	lower_enter(l, done);
}

void lower_repeat(struct lower *l, uint32_t n,
                  void (*body)(struct lower *l, struct ir_inst *i, struct ir_block *stop,
                               void *arg),
                  void *arg)
{
	static const enum ir_ptr params[] = {PTR_NONE, PTR_NONE};
	struct ir_builder outer = l->b;
	struct ir_block *stop;
	struct ir_func *f;

	if (!l->opts->target.has_bpf_loop)
		diag_error(l->u->diag, E_UNSUPPORTED, l->b.at,
		           "searching for text not known beforehand needs bpf_loop (kernel 5.17)");
	f = ir_func_add(l->unit, arena_printf(l->a, "repeat%u", l->n_callbacks++), 2, params);
	lower_func_begin(l, f);
	stop = lower_block(l);
	body(l, ir_ext(&l->b, ir_param(&l->b, 0), 4, false), stop, arg);
	ir_ret(&l->b, ir_const(&l->b, 0));
	lower_enter(l, stop);
	ir_ret(&l->b, ir_const(&l->b, 1));
	lower_func_end(l);
	l->b = outer;
	ir_callv(&l->b, BPF_FUNC_loop, PTR_NONE, ir_const(&l->b, n), ir_func_addr(&l->b, f),
	         ir_const(&l->b, 0), ir_const(&l->b, 0));
}

static void need_for_each(struct lower *l)
{
	if (!l->opts->target.has_for_each_map)
		diag_error(l->u->diag, E_UNSUPPORTED, l->b.at,
		           "walking a map needs bpf_for_each_map_elem (kernel 5.13)");
}

void lower_for_map(struct lower *l, struct node *n)
{
	/* long callback(struct bpf_map *map, const void *key, void *value, void *ctx) */
	static const enum ir_ptr params[] = {PTR_MAP, PTR_VALUE, PTR_VALUE, PTR_NONE};
	struct map *m = n->args[0]->map;
	const struct image_var *var = &l->img->vars.items[l->var_of_map[m->id]];
	const struct type *pair = type_strip(n->var->type);
	struct ir_builder *b = &l->b;
	struct lower_loop loop;
	struct outside out;
	struct ir_func *f;
	struct ir_inst *kv, *key, *value;

	need_for_each(l);
	out = callback_begin(l, "each", 4, params, &loop, &f);
	kv = lower_var_address(l, n->var);
	key = ir_param(b, 1);
	value = ir_param(b, 2);
	ir_zero(b, kv, (pair->size_b + 7) & ~7u, 8);
	lower_store(l, lower_at(l, m->key, key, 0, 8), pair->fields[0].type,
	            ir_bin_imm(b, IR_ADD, kv, pair->fields[0].off_b), 1, true);
	if (type_is_castable_agg(type_strip(m->value)))
		lower_store(l, value_reg(pair->fields[1].type, lower_map_reduce(l, m, key)),
		            pair->fields[1].type, ir_bin_imm(b, IR_ADD, kv, pair->fields[1].off_b),
		            8, true);
	else
		lower_store(l, lower_at(l, m->value, value, 0, 8), pair->fields[1].type,
		            ir_bin_imm(b, IR_ADD, kv, pair->fields[1].off_b), 1, true);
	lower_stmt(l, n->args[1]);
	callback_end(l, &out);
	ir_callv(b, BPF_FUNC_for_each_map_elem, PTR_NONE, ir_map(b, var->map), ir_func_addr(b, f),
	         ir_const(b, 0), ir_const(b, 0));
	leave_if_returned(l, &out);
}

/* bpf_for_each_map_elem() returns how many elements it walked: a callback that does nothing
 * counts. */
struct ir_inst *lower_map_len(struct lower *l, struct map *m)
{
	static const enum ir_ptr params[] = {PTR_MAP, PTR_VALUE, PTR_VALUE, PTR_NONE};
	struct ir_builder outer = l->b, inner;
	struct ir_func *f;

	need_for_each(l);
	f = ir_func_add(l->unit, arena_printf(l->a, "count%u", l->n_callbacks++), 4, params);
	inner = ir_builder_at_entry(f);
	inner.at = outer.at;
	ir_ret(&inner, ir_const(&inner, 0));
	return ir_callv(&l->b, BPF_FUNC_for_each_map_elem, PTR_NONE,
	                ir_map(&l->b, l->img->vars.items[l->var_of_map[m->id]].map),
	                ir_func_addr(&l->b, f), ir_const(&l->b, 0), ir_const(&l->b, 0));
}
