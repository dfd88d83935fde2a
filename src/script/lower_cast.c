/* Lowering of casts, the written and the implicit ones (spec 4.6). */
#include "script/lower.h"

static struct value cast_to_int(struct lower *l, struct node *n, const struct type *to)
{
	struct node *x = n->args[0];
	const struct type *from = type_strip(x->type);
	struct ir_inst *v;

	if (type_is_agg(from)) {
		struct map *m = x->map;

		v = lower_map_reduce(l, m, m->is_keyed ? lower_map_key(l, m, x->args[0]) : NULL);
	} else if (from->kind == TYPE_ARRAY || from->kind == TYPE_STRING ||
	           from->kind == TYPE_MAC || from->kind == TYPE_BUFFER) {
		struct value mem = lower_direct(l, lower_expr(l, x));
		uint32_t size = from->size_b < 8 ? from->size_b : 8;

		if (to->kind == TYPE_BOOL) {
			v = ir_load(&l->b, mem.ir, 0, 1, false, PTR_NONE);
		} else {
			v = ir_const(&l->b, 0);
			for (uint32_t i = 0; i < size; i++)
				v = ir_bin(&l->b, IR_OR, v,
				           ir_bin_imm(&l->b, IR_SHL,
				                      ir_load(&l->b, mem.ir, i, 1, false, PTR_NONE),
				                      8 * i));
		}
	} else {
		v = lower_int(l, x);
	}
	if (to->kind == TYPE_BOOL)
		return value_reg(n->type, ir_cmp(&l->b, COND_NE, v, ir_const(&l->b, 0)));
	if (to->kind == TYPE_PTR)
		return value_reg(n->type, v);
	if (to->size_b < 8)
		v = ir_ext(&l->b, v, type_width(to), type_is_signed(to));
	return value_reg(n->type, v);
}

struct value lower_cast(struct lower *l, struct node *n)
{
	const struct type *to = type_strip(n->cast_to), *from = type_strip(n->args[0]->type);
	struct ir_inst *dst;

	if (type_is_register(to)) {
		struct value v;

		if (to->kind != TYPE_PTR)
			return cast_to_int(l, n, to);
		v = cast_to_int(l, n, to);
		/* a BTF pointer seen as another struct is a plain kernel pointer */
		if (v.ir->ptr == PTR_BTF &&
		    !(from->kind == TYPE_PTR && from->elem && to->elem &&
		      type_equal(type_strip(from->elem), type_strip(to->elem))))
			v.ir = ir_as(&l->b, v.ir, PTR_NONE);
		return v;
	}
	if (type_is_register(from)) { /* int to array */
		struct ir_inst *v = lower_int(l, n->args[0]);

		dst = lower_temp(l, 8, "cast");
		ir_store(&l->b, dst, 0, 8, v);
		return value_mem(n->type, dst, 8);
	}
	if (type_equal(to, from) || image_value_size(to) == image_value_size(from)) {
		struct value v = lower_expr(l, n->args[0]);

		if (to->kind != TYPE_TUPLE && to->kind != TYPE_RECORD) {
			v.type = n->type;
			return v;
		}
	}
	dst = lower_temp(l, image_value_size(to), "cast");
	lower_into(l, n, dst, 8, true);
	return value_mem(n->type, dst, 8);
}
