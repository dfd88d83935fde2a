/* Lowering of uprobes' `args.NAME`: where debug information or the calling convention has a
 * parameter becomes loads from registers and from the program's memory. */
#include "script/lower.h"

#include "probe/uprobe_args.h"
#include "script/lower_arch.h"

static struct ir_inst *load_reg(struct lower *l, const char *name)
{
	return ir_load(&l->b, lower_ctx(l), lower_reg_offset(name), 8, false, PTR_NONE);
}

static struct ir_inst *sum(struct lower *l, const struct arg_place *p)
{
	if (!p->base)
		return ir_const(&l->b, p->number);
	return ir_bin_imm(&l->b, IR_ADD, load_reg(l, p->base), p->number);
}

static struct value zeros(struct lower *l, struct node *n, const struct type *t)
{
	return type_is_register(t) ? value_reg(n->type, ir_const(&l->b, 0))
	                           : value_mem(n->type, lower_zeros(l, image_value_size(t)), 8);
}

/* Bytes of its own that one store can write: not the odd rest of a register, but at the end. */
static uint32_t store_size(const struct arg_part *part)
{
	uint32_t size_b = part->size_b;

	if (size_b & (size_b - 1))
		size_b = 8;
	return (part->reg || part->is_constant) && part->off_b % size_b == 0 ? size_b : 0;
}

/* The value as it is spread over registers, put together in memory. */
static struct value gather(struct lower *l, struct node *n, const struct type *t,
                           const struct arg_place *p)
{
	struct ir_inst *dst = lower_temp(l, 16, "args");

	for (int i = 0; i < 2; i++)
		ir_store(&l->b, dst, 8 * i, 8, ir_const(&l->b, 0));
	for (uint32_t i = 0; i < p->n_parts; i++) {
		const struct arg_part *part = &p->parts[i];
		uint32_t size_b = store_size(part);

		if (size_b)
			ir_store(&l->b, dst, part->off_b, size_b,
			         part->reg ? load_reg(l, part->reg)
			                   : ir_const(&l->b, part->number));
	}
	return type_is_register(t) ? lower_at(l, n->type, dst, 0, 8) : value_mem(n->type, dst, 8);
}

static bool is_readable(const struct arg_place *p, uint32_t off_b, uint32_t size_b)
{
	for (uint32_t i = 0; i < p->n_parts; i++) {
		const struct arg_part *part = &p->parts[i];

		if (!store_size(part) && off_b < part->off_b + part->size_b &&
		    part->off_b < off_b + size_b)
			return false;
	}
	return p->kind != ARG_NOWHERE;
}

struct value lower_uprobe_arg(struct lower *l, struct node *n, uint32_t off_b, uint32_t size_b)
{
	const struct probe_target *target = l->target ? l->target : &l->probe->targets.items[0];
	struct probe_context cx = {.a = l->a, .types = l->u->types, .symbols = l->u->symbols};
	uint32_t index = (uint32_t)(n->field - l->probe->args_type->fields);
	const struct type *t = type_strip(n->type);
	struct arg_place p = {.why = "it is not known where it is"};
	struct ir_inst *v;

	if (!uprobe_args_place(&cx, target, index, &p) || !is_readable(&p, off_b, size_b)) {
		diag_error(l->u->diag, E_UNSUPPORTED, n->at, "args.%s of %s cannot be read: %s",
		           n->field->name, target->name, p.why);
		return zeros(l, n, t);
	}
	switch (p.kind) {
	case ARG_SUM:
		v = sum(l, &p);
		break;
	case ARG_MEMORY:
		v = ir_as(&l->b, sum(l, &p), PTR_USER);
		if (p.is_address)
			v = ir_as(&l->b, ir_load(&l->b, v, 0, 8, false, PTR_NONE), PTR_USER);
		return lower_at(l, n->type, v, 0, 8);
	default:
		if (!type_is_register(t) || p.n_parts > 1 || !p.parts[0].reg)
			return gather(l, n, t, &p);
		v = load_reg(l, p.parts[0].reg);
		break;
	}
	if (!type_is_register(t)) {
		struct ir_inst *dst = lower_temp(l, 8, "args");

		ir_store(&l->b, dst, 0, 8, v);
		return value_mem(n->type, dst, 8);
	}
	if (t->kind != TYPE_PTR && type_width(t) < 8)
		v = ir_ext(&l->b, v, type_width(t), type_is_signed(t));
	return value_reg(n->type, v);
}
