/* Lowering of maps: look-ups, updates, aggregations.
 *
 * Scalars have no key and are reached by address: plain ones in the globals array, aggregated ones
 * in a per-CPU value looked up once per program. A keyed aggregation is found once per event and
 * incremented in place; only a new key costs an update. */
#include "script/lower.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/arena.h"

static const char map_full[] =
    "Map full; can't update element. Try increasing max_map_keys config or manually setting "
    "the max entries in a map declaration e.g. `let @a = hash(5000)`";

static const struct image_var *var_of(struct lower *l, const struct map *m)
{
	return &l->img->vars.items[l->var_of_map[m->id]];
}

static struct ir_inst *map_of(struct lower *l, const struct map *m)
{
	return ir_map(&l->b, var_of(l, m)->map);
}

/* A value in memory with exactly the layout of `type`, for helpers that take an address. */
static struct ir_inst *in_memory(struct lower *l, struct value v, const struct type *type,
                                 const char *name)
{
	struct ir_inst *dst;

	v = lower_direct(l, v);
	if (!image_value_size(type)) /* the map has values of one byte */
		return lower_zeros(l, 1);
	if (v.is_memory && type_equal(type_strip(v.type), type_strip(type)))
		return v.ir;
	dst = lower_temp(l, image_value_size(type), name);
	lower_store(l, v, type, dst, 8, true);
	return dst;
}

struct ir_inst *lower_map_key(struct lower *l, struct map *m, struct node *key)
{
	const struct type *t = type_strip(m->key);
	struct ir_inst *dst;

	if (key->kind == NODE_TUPLE && type_equal(type_strip(key->type), t)) {
		dst = lower_temp(l, t->size_b, "key");
		lower_into(l, key, dst, 8, true);
		return dst;
	}
	return in_memory(l, lower_expr(l, key), m->key, "key");
}

static struct ir_inst *key_of(struct lower *l, struct node *map)
{
	return map->map->is_keyed ? lower_map_key(l, map->map, map->args[0]) : NULL;
}

static struct ir_inst *lookup(struct lower *l, const struct map *m, struct ir_inst *key)
{
	return ir_callv(&l->b, BPF_FUNC_map_lookup_elem, PTR_VALUE, map_of(l, m), key);
}

/* Where a scalar lives. */
static struct ir_inst *scalar_address(struct lower *l, const struct map *m)
{
	const struct image_var *v = var_of(l, m);

	if (v->is_per_cpu)
		return ir_bin_imm(&l->b, IR_ADD, lower_cpu_globals(l, v->map), v->off_b);
	return ir_map_value(&l->b, v->map, v->off_b);
}

static void missing_key_warning(struct lower *l, struct node *map)
{
	if (l->opts->warn_all)
		lower_runtime_warning(l, map->at,
		                      "Can't lookup map element because it does not exist.",
		                      "map_lookup_elem", NULL);
}

/* Where the value is: zeros for a key that is not there. */
struct ir_inst *lower_map_address(struct lower *l, struct node *n)
{
	const struct type *t = type_strip(n->map->value);
	struct ir_block *found, *missing, *join;
	struct ir_inst *v;
	ir_var result;

	if (!n->map->is_keyed)
		return scalar_address(l, n->map);
	found = lower_block(l);
	missing = lower_block(l);
	join = lower_block(l);
	result = ir_var_new(l->fn->f);
	v = lookup(l, n->map, key_of(l, n));
	ir_branch(&l->b, COND_NE, v, ir_const(&l->b, 0), found, missing);
	lower_enter(l, found);
	ir_var_set(&l->b, result, v);
	ir_jump(&l->b, join);
	lower_enter(l, missing);
	missing_key_warning(l, n);
	ir_var_set(&l->b, result, lower_zeros(l, image_value_size(t)));
	ir_jump(&l->b, join);
	lower_enter(l, join);
	return ir_as(&l->b, ir_var_get(&l->b, result), PTR_VALUE);
}

struct value lower_map_read(struct lower *l, struct node *n)
{
	struct map *m = n->map;
	const struct type *t = type_strip(m->value);
	struct ir_block *found, *missing, *join;
	struct ir_inst *v;
	ir_var result;

	if (!m->is_keyed || !type_is_register(t))
		return lower_at(l, m->value, lower_map_address(l, n), 0, 8);
	found = lower_block(l);
	missing = lower_block(l);
	join = lower_block(l);
	result = ir_var_new(l->fn->f);
	v = lookup(l, m, key_of(l, n));
	ir_branch(&l->b, COND_NE, v, ir_const(&l->b, 0), found, missing);
	lower_enter(l, found);
	ir_var_set(&l->b, result, lower_at(l, m->value, v, 0, 8).ir);
	ir_jump(&l->b, join);
	lower_enter(l, missing);
	missing_key_warning(l, n);
	ir_var_set(&l->b, result, ir_const(&l->b, 0));
	ir_jump(&l->b, join);
	lower_enter(l, join);
	return value_reg(m->value, ir_var_get(&l->b, result));
}

/* Reports a failed update_elem: the map is full. */
static void check_update(struct lower *l, struct ir_inst *ret, struct span at)
{
	struct ir_block *failed = lower_block(l), *go_on = lower_block(l);

	failed->is_unlikely = true;
	ir_branch(&l->b, COND_EQ, ret, ir_const(&l->b, 0), go_on, failed);
	lower_enter(l, failed);
	lower_runtime_warning(l, at, map_full, "map_update_elem", ret);
	ir_jump(&l->b, go_on);
	lower_enter(l, go_on);
}

static void update(struct lower *l, struct map *m, struct ir_inst *key, struct ir_inst *value,
                   struct span at)
{
	struct ir_inst *ret = ir_callv(&l->b, BPF_FUNC_map_update_elem, PTR_NONE, map_of(l, m), key,
	                               value, ir_const(&l->b, BPF_ANY));

	check_update(l, ret, at);
}

void lower_map_write_value(struct lower *l, struct node *map, struct value v)
{
	struct map *m = map->map;
	struct ir_inst *key;

	if (!m->is_keyed) {
		lower_store(l, v, m->value, scalar_address(l, m), 8, true);
		return;
	}
	key = key_of(l, map);
	update(l, m, key, in_memory(l, v, m->value, "value"), map->at);
}

void lower_map_write(struct lower *l, struct node *map, struct node *value)
{
	struct map *m = map->map;

	if (!m->is_keyed && !type_is_register(type_strip(m->value)) &&
	    type_equal(type_strip(value->type), type_strip(m->value))) {
		/* the value may read the map it is assigned to: go through a copy unless it can't
		 */
		if (value->kind == NODE_CALL || value->kind == NODE_STRING ||
		    value->kind == NODE_BUILTIN) {
			lower_into(l, value, scalar_address(l, m), 8, true);
			return;
		}
	}
	if (m->is_keyed && !type_is_register(type_strip(m->value)) &&
	    !type_equal(type_strip(value->type), type_strip(m->value))) {
		struct ir_inst *tmp = lower_temp(l, image_value_size(m->value), "value");

		lower_store(l, lower_expr(l, value), m->value, tmp, 8, true);
		lower_map_write_value(l, map, value_mem(m->value, tmp, 8));
		return;
	}
	lower_map_write_value(l, map, lower_expr(l, value));
}

struct ir_inst *lower_map_update(struct lower *l, struct node *map,
                                 struct ir_inst *(*change)(struct lower *l, struct ir_inst *old,
                                                           void *arg),
                                 void *arg, bool want_old)
{
	struct map *m = map->map;
	const struct type *t = type_strip(m->value);
	uint8_t width = type_width(t);
	struct ir_inst *address, *key, *old, *fresh, *slot;
	struct ir_block *found, *missing, *join;
	ir_var v_old, v_new;

	if (!m->is_keyed) {
		address = scalar_address(l, m);
		old = lower_at(l, m->value, address, 0, 8).ir;
		fresh = change(l, old, arg);
		ir_store(&l->b, address, 0, width, fresh);
		return want_old ? old : fresh;
	}
	found = lower_block(l);
	missing = lower_block(l);
	join = lower_block(l);
	v_old = ir_var_new(l->fn->f);
	v_new = ir_var_new(l->fn->f);
	key = key_of(l, map);
	address = lookup(l, m, key);
	ir_branch(&l->b, COND_NE, address, ir_const(&l->b, 0), found, missing);
	lower_enter(l, found);
	old = lower_at(l, m->value, address, 0, 8).ir;
	fresh = change(l, old, arg);
	ir_store(&l->b, address, 0, width, fresh);
	ir_var_set(&l->b, v_old, old);
	ir_var_set(&l->b, v_new, fresh);
	ir_jump(&l->b, join);
	lower_enter(l, missing);
	fresh = change(l, ir_const(&l->b, 0), arg);
	slot = lower_temp(l, 8, "value");
	ir_store(&l->b, slot, 0, width, fresh);
	update(l, m, key, slot, map->at);
	ir_var_set(&l->b, v_old, ir_const(&l->b, 0));
	ir_var_set(&l->b, v_new, fresh);
	ir_jump(&l->b, join);
	lower_enter(l, join);
	return ir_var_get(&l->b, want_old ? v_old : v_new);
}

struct ir_inst *lower_map_delete(struct lower *l, struct node *map, bool is_used)
{
	struct map *m = map->map;
	struct ir_inst *ret;

	if (!m->is_keyed) {
		struct ir_inst *at = scalar_address(l, m);

		ir_zero(&l->b, at, (image_value_size(m->value) + 7) & ~7u, 8);
		return ir_const(&l->b, 1);
	}
	ret = ir_callv(&l->b, BPF_FUNC_map_delete_elem, PTR_NONE, map_of(l, m), key_of(l, map));
	if (!is_used) {
		struct ir_block *failed = lower_block(l), *go_on = lower_block(l);

		failed->is_unlikely = true;
		ir_branch(&l->b, COND_EQ, ret, ir_const(&l->b, 0), go_on, failed);
		lower_enter(l, failed);
		lower_runtime_warning(l, map->at,
		                      "Can't delete map element because it does not exist.",
		                      "map_delete_elem", ret);
		ir_jump(&l->b, go_on);
		lower_enter(l, go_on);
	}
	return ir_cmp(&l->b, COND_EQ, ret, ir_const(&l->b, 0));
}

struct ir_inst *lower_map_has_key(struct lower *l, struct node *map, struct node *key)
{
	struct ir_inst *v = lookup(l, map->map, lower_map_key(l, map->map, key));

	return ir_cmp(&l->b, COND_NE, v, ir_const(&l->b, 0));
}

struct ir_inst *lower_map_find(struct lower *l, struct node *call)
{
	struct node *map = call->args[0], *to = call->args[2];
	struct map *m = map->map;
	struct ir_block *found = lower_block(l), *missing = lower_block(l), *join = lower_block(l);
	struct ir_inst *key = lower_map_key(l, m, call->args[1]), *at = lookup(l, m, key);
	ir_var is_there = ir_var_new(l->fn->f);
	struct value v;

	ir_branch(&l->b, COND_NE, at, ir_const(&l->b, 0), found, missing);
	lower_enter(l, found);
	if (type_is_castable_agg(type_strip(m->value)))
		v = value_reg(to->type, lower_map_reduce(l, m, key));
	else
		v = lower_at(l, m->value, at, 0, 8);
	lower_var_set(l, to->var, v);
	ir_var_set(&l->b, is_there, ir_const(&l->b, 1));
	ir_jump(&l->b, join);
	lower_enter(l, missing);
	ir_var_set(&l->b, is_there, ir_const(&l->b, 0));
	ir_jump(&l->b, join);
	lower_enter(l, join);
	return ir_var_get(&l->b, is_there);
}

/* ---- aggregations ---------------------------------------------------------------------------- */

/* floor(log2 n) of n > 0, without branches: every branch here would multiply the paths that the
 * kernel verifier walks through the rest of the program. (-(n >> s)) >> 63 is 1 if n has a bit at
 * or above s. */
static struct ir_inst *log2_of(struct lower *l, struct ir_inst *n)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *log = NULL;

	for (int s = 5; s >= 0; s--) {
		struct ir_inst *high = ir_bin_imm(b, IR_SHR, n, 1 << s);
		struct ir_inst *shift = ir_bin_imm(b, IR_SHR, ir_neg(b, high), 63);

		shift = ir_bin_imm(b, IR_SHL, shift, s);
		if (s)
			n = ir_bin(b, IR_SHR, n, shift);
		log = log ? ir_bin(b, IR_OR, log, shift) : shift;
	}
	return log;
}

/* Bucket of n (spec 7.4), as a variable since the cases meet. */
static struct ir_inst *hist_bucket(struct lower *l, const struct type *t, struct ir_inst *n,
                                   bool is_signed)
{
	struct ir_builder *b = &l->b;
	int64_t k = t->hist_bits, linear = 1ll << k;
	ir_var bucket = ir_var_new(l->fn->f);
	struct ir_block *join = lower_block(l), *small, *big;
	struct ir_inst *m, *sub;

	if (is_signed) {
		struct ir_block *negative = lower_block(l), *positive = lower_block(l);

		ir_branch(b, COND_SLT, n, ir_const(b, 0), negative, positive);
		lower_enter(l, negative);
		ir_var_set(b, bucket, ir_const(b, 0));
		ir_jump(b, join);
		lower_enter(l, positive);
	}
	if (k == 0) {
		/* log2 of n|1, plus one more unless n is 0 */
		struct ir_inst *some = ir_bin_imm(b, IR_SHR, ir_bin(b, IR_OR, ir_neg(b, n), n), 63);

		m = log2_of(l, ir_bin_imm(b, IR_OR, n, 1));
		ir_var_set(b, bucket, ir_bin_imm(b, IR_ADD, ir_bin(b, IR_ADD, m, some), 1));
		ir_jump(b, join);
		lower_enter(l, join);
		return ir_var_get(b, bucket);
	}
	small = lower_block(l);
	big = lower_block(l);
	ir_branch(b, COND_ULT, n, ir_const(b, linear), small, big);
	lower_enter(l, small);
	ir_var_set(b, bucket, ir_bin_imm(b, IR_ADD, n, 1));
	ir_jump(b, join);
	lower_enter(l, big);
	m = log2_of(l, n);
	sub = ir_bin(b, IR_SHR, n, ir_bin_imm(b, IR_SUB, m, k));
	sub = ir_bin_imm(b, IR_AND, sub, linear - 1);
	m = ir_bin_imm(b, IR_SHL, ir_bin_imm(b, IR_ADD, m, 1 - k), k);
	ir_var_set(b, bucket, ir_bin_imm(b, IR_ADD, ir_bin(b, IR_ADD, m, sub), 1));
	ir_jump(b, join);
	lower_enter(l, join);
	return ir_var_get(b, bucket);
}

static struct ir_inst *lhist_bucket(struct lower *l, const struct type *t, struct ir_inst *n,
                                    bool is_signed)
{
	struct ir_builder *b = &l->b;
	ir_var bucket = ir_var_new(l->fn->f);
	struct ir_block *below = lower_block(l), *rest = lower_block(l), *above = lower_block(l);
	struct ir_block *inside = lower_block(l), *join = lower_block(l);
	struct ir_inst *step;

	ir_branch(b, is_signed ? COND_SLT : COND_ULT, n, ir_const(b, t->lhist_min), below, rest);
	lower_enter(l, below);
	ir_var_set(b, bucket, ir_const(b, 0));
	ir_jump(b, join);
	lower_enter(l, rest);
	ir_branch(b, is_signed ? COND_SGE : COND_UGE, n, ir_const(b, t->lhist_max), above, inside);
	lower_enter(l, above);
	ir_var_set(b, bucket, ir_const(b, image_hist_buckets(t) - 1));
	ir_jump(b, join);
	lower_enter(l, inside);
	step = ir_bin_imm(b, IR_SUB, n, t->lhist_min);
	if (t->lhist_step != 1)
		step = ir_bin_imm(b, IR_UDIV, step, t->lhist_step);
	ir_var_set(b, bucket, ir_bin_imm(b, IR_ADD, step, 1));
	ir_jump(b, join);
	lower_enter(l, join);
	return ir_var_get(b, bucket);
}

static void add_in_place(struct lower *l, struct ir_inst *address, int64_t off_b,
                         struct ir_inst *by)
{
	struct ir_inst *old = ir_load(&l->b, address, off_b, 8, false, PTR_NONE);

	ir_store(&l->b, address, off_b, 8, ir_bin(&l->b, IR_ADD, old, by));
}

static void keep_extreme(struct lower *l, struct ir_inst *address, struct ir_inst *n,
                         enum ir_cond better)
{
	struct ir_builder *b = &l->b;
	struct ir_block *compare = lower_block(l), *take = lower_block(l), *done = lower_block(l);

	ir_branch(b, COND_NE, ir_load(b, address, 8, 8, false, PTR_NONE), ir_const(b, 0), compare,
	          take);
	lower_enter(l, compare);
	ir_branch(b, better, n, ir_load(b, address, 0, 8, false, PTR_NONE), take, done);
	lower_enter(l, take);
	ir_store(b, address, 0, 8, n);
	ir_store(b, address, 8, 8, ir_const(b, 1));
	ir_jump(b, done);
	lower_enter(l, done);
}

/* What one event does to the aggregation at `address`. */
static void aggregate(struct lower *l, const struct type *t, struct ir_inst *address,
                      struct ir_inst *n, bool is_signed)
{
	struct ir_builder *b = &l->b;
	struct ir_block *inside, *outside;
	struct ir_inst *bucket;

	switch (t->kind) {
	case TYPE_COUNT:
		add_in_place(l, address, 0, ir_const(b, 1));
		return;
	case TYPE_SUM:
		add_in_place(l, address, 0, n);
		return;
	case TYPE_AVG:
	case TYPE_STATS:
		add_in_place(l, address, 0, n);
		add_in_place(l, address, 8, ir_const(b, 1));
		return;
	case TYPE_MIN:
		keep_extreme(l, address, n, is_signed ? COND_SLT : COND_ULT);
		return;
	case TYPE_MAX:
		keep_extreme(l, address, n, is_signed ? COND_SGT : COND_UGT);
		return;
	case TYPE_HIST:
	case TYPE_LHIST:
		bucket = t->kind == TYPE_HIST ? hist_bucket(l, t, n, is_signed)
		                              : lhist_bucket(l, t, n, is_signed);
		/* the verifier cannot follow the arithmetic to this bound */
		inside = lower_block(l);
		outside = lower_block(l);
		outside->is_unlikely = true;
		ir_branch(b, COND_ULT, bucket, ir_const(b, image_hist_buckets(t)), inside, outside);
		lower_enter(l, inside);
		add_in_place(l, ir_bin(b, IR_ADD, address, ir_bin_imm(b, IR_SHL, bucket, 3)), 0,
		             ir_const(b, 1));
		ir_jump(b, outside);
		lower_enter(l, outside);
		return;
	case TYPE_TSERIES:
		lower_tseries(l, t, address, n);
		return;
	default:
		return;
	}
}

void lower_map_aggregate(struct lower *l, struct node *map, struct node *call)
{
	struct map *m = map->map;
	const struct type *t = type_strip(m->value);
	struct ir_block *found, *fresh, *full, *made;
	struct ir_inst *n = NULL, *key, *v;
	bool is_signed = false;
	ir_var address;

	if (call->n_args) {
		const struct type *nt = type_strip(call->args[0]->type);

		is_signed = nt->kind == TYPE_INT && nt->is_signed;
		if (t->kind != TYPE_HIST && t->kind != TYPE_LHIST)
			is_signed = t->is_signed;
		n = lower_int(l, call->args[0]);
	}
	if (!m->is_keyed) {
		aggregate(l, t, scalar_address(l, m), n, is_signed);
		return;
	}
	address = ir_var_new(l->fn->f);
	key = key_of(l, map);
	v = lookup(l, m, key);
	found = lower_block(l);
	fresh = lower_block(l);
	full = lower_block(l);
	made = lower_block(l);
	fresh->is_unlikely = true;
	full->is_unlikely = true;
	ir_var_set(&l->b, address, v);
	ir_branch(&l->b, COND_NE, v, ir_const(&l->b, 0), found, fresh);
	/* A new key: zeros first, unless another CPU was quicker, then like any other. */
	lower_enter(l, fresh);
	struct ir_inst *ret =
	    ir_callv(&l->b, BPF_FUNC_map_update_elem, PTR_NONE, map_of(l, m), key,
	             lower_zeros(l, image_value_size(t)), ir_const(&l->b, BPF_NOEXIST));
	v = lookup(l, m, key);
	ir_var_set(&l->b, address, v);
	ir_branch(&l->b, COND_NE, v, ir_const(&l->b, 0), found, full);
	lower_enter(l, full);
	lower_runtime_warning(l, map->at, map_full, "map_update_elem", ret);
	ir_jump(&l->b, made);
	lower_enter(l, found);
	aggregate(l, t, ir_as(&l->b, ir_var_get(&l->b, address), PTR_VALUE), n, is_signed);
	ir_jump(&l->b, made);
	lower_enter(l, made);
}

/* One CPU's part joins the total. */
static void reduce_step(struct lower *l, const struct type *t, struct ir_inst *part, ir_var total,
                        ir_var count)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *value = ir_load(b, part, 0, 8, false, PTR_NONE);
	struct ir_inst *second;
	struct ir_block *set, *take, *done;
	enum ir_cond better;

	switch (t->kind) {
	case TYPE_AVG:
	case TYPE_STATS:
		second = ir_load(b, part, 8, 8, false, PTR_NONE);
		ir_var_set(b, count, ir_bin(b, IR_ADD, ir_var_get(b, count), second));
		/* fall through */
	case TYPE_COUNT:
	case TYPE_SUM:
		ir_var_set(b, total, ir_bin(b, IR_ADD, ir_var_get(b, total), value));
		return;
	default: /* min, max: `count` says whether a CPU has been seen */
		better = t->kind == TYPE_MIN ? (t->is_signed ? COND_SLT : COND_ULT)
		                             : (t->is_signed ? COND_SGT : COND_UGT);
		set = lower_block(l);
		take = lower_block(l);
		done = lower_block(l);
		second = ir_load(b, part, 8, 8, false, PTR_NONE);
		ir_branch(b, COND_NE, second, ir_const(b, 0), set, done);
		lower_enter(l, set);
		struct ir_block *compare = lower_block(l);

		ir_branch(b, COND_NE, ir_var_get(b, count), ir_const(b, 0), compare, take);
		lower_enter(l, compare);
		ir_branch(b, better, value, ir_var_get(b, total), take, done);
		lower_enter(l, take);
		ir_var_set(b, total, value);
		ir_var_set(b, count, ir_const(b, 1));
		ir_jump(b, done);
		lower_enter(l, done);
	}
}

/* BPF divides unsigned numbers only (and by zero to zero): a negative total is divided by its
 * distance from zero. */
static struct ir_inst *quotient(struct ir_builder *b, struct ir_inst *total, struct ir_inst *count,
                                bool is_signed)
{
	struct ir_inst *sign;

	if (!is_signed)
		return ir_bin(b, IR_UDIV, total, count);
	sign = ir_bin_imm(b, IR_SAR, total, 63);
	total = ir_bin(b, IR_SUB, ir_bin(b, IR_XOR, total, sign), sign);
	total = ir_bin(b, IR_UDIV, total, count);
	return ir_bin(b, IR_SUB, ir_bin(b, IR_XOR, total, sign), sign);
}

struct ir_inst *lower_map_reduce(struct lower *l, struct map *m, struct ir_inst *key)
{
	const struct image_var *var = var_of(l, m);
	const struct type *t = type_strip(m->value);
	struct ir_builder *b = &l->b;
	struct ir_block *head = lower_block(l), *body = lower_block(l), *there = lower_block(l);
	struct ir_block *next = lower_block(l), *done = lower_block(l);
	ir_var cpu = ir_var_new(l->fn->f), total = ir_var_new(l->fn->f);
	ir_var count = ir_var_new(l->fn->f);
	struct ir_inst *i, *part, *sum;
	int64_t off_b = 0;

	if (!l->opts->target.has_lookup_percpu)
		diag_error(l->u->diag, E_UNSUPPORTED, b->at,
		           "reading %s in a program needs bpf_map_lookup_percpu_elem (kernel 5.19)",
		           m->name);
	if (!key) {
		key = lower_temp(l, 4, "zero");
		ir_store(b, key, 0, 4, ir_const(b, 0));
		off_b = var->off_b;
	}
	ir_var_set(b, cpu, ir_const(b, 0));
	ir_var_set(b, total, ir_const(b, 0));
	ir_var_set(b, count, ir_const(b, 0));
	ir_jump(b, head);
	b->block = head;
	i = ir_var_get(b, cpu);
	ir_branch(b, COND_ULT, i, ir_const(b, l->opts->target.n_cpus), body, done);
	lower_enter(l, body);
	part = ir_callv(b, BPF_FUNC_map_lookup_percpu_elem, PTR_VALUE, ir_map(b, var->map), key, i);
	ir_branch(b, COND_NE, part, ir_const(b, 0), there, next);
	lower_enter(l, there);
	reduce_step(l, t, ir_bin_imm(b, IR_ADD, part, off_b), total, count);
	ir_jump(b, next);
	lower_enter(l, next);
	ir_var_set(b, cpu, ir_bin_imm(b, IR_ADD, i, 1));
	ir_jump(b, head);
	ir_seal(head);
	lower_enter(l, done);
	sum = ir_var_get(b, total);
	if (t->kind == TYPE_AVG || t->kind == TYPE_STATS)
		sum = quotient(b, sum, ir_var_get(b, count), t->is_signed);
	return sum;
}
