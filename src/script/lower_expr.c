/* Lowering of expressions: registers, memory values, conditions.
 *
 * Integers are 64-bit registers extended by their own signedness, so arithmetic needs no casts;
 * a cast to a narrower type is an EXT. Memory values are written straight to where they are wanted
 * (lower_into): into the ring record, the key, the map's value. */
#include "script/lower.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "bpf/helpers.h"
#include "script/infer.h"

bool type_is_register(const struct type *t)
{
	switch (t->kind) {
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_ENUM:
	case TYPE_PTR:
	case TYPE_KSYM:
	case TYPE_USERNAME:
	case TYPE_NONE:
	case TYPE_VOID:
		return true;
	default:
		return false;
	}
}

/* A BTF pointer stays one only while the verifier knows it as one: in registers and spills, not
 * through maps. */
enum ir_ptr lower_ptr_kind(struct lower *l, const struct type *ptr, struct ir_inst *v)
{
	if (v->ptr == PTR_BTF || v->ptr == PTR_CTX)
		return v->ptr;
	switch (ptr->kind == TYPE_PTR ? ptr->as : AS_NONE) {
	case AS_USER:
		return PTR_USER;
	case AS_KERNEL:
	case AS_BTF:
		return PTR_KERNEL;
	case AS_NONE:
		break;
	}
	switch (l->probe->kind) { /* spec 3.4: the default address space */
	case PROBE_UPROBE:
	case PROBE_URETPROBE:
	case PROBE_USDT:
		return PTR_USER;
	case PROBE_KPROBE:
	case PROBE_KRETPROBE:
	case PROBE_FENTRY:
	case PROBE_FEXIT:
	case PROBE_TRACEPOINT:
	case PROBE_RAWTRACEPOINT:
	case PROBE_ITER:
		return PTR_KERNEL;
	default:
		return PTR_ANY;
	}
}

static bool is_direct(const struct ir_inst *v)
{
	return v->ptr == PTR_STACK || v->ptr == PTR_VALUE || v->ptr == PTR_MEM || v->ptr == PTR_CTX;
}

/* A pointer read out of an object is of the kind its declared address space says; one read out of
 * a BTF-typed object is BTF-typed itself. */
static enum ir_ptr loaded_kind(const struct type *t, const struct ir_inst *from)
{
	if (t->kind != TYPE_PTR)
		return PTR_NONE;
	if (t->as == AS_USER)
		return PTR_NONE;
	/* only pointers to structs stay walkable for the verifier */
	if (from->ptr == PTR_BTF && t->elem && type_strip(t->elem)->kind == TYPE_STRUCT)
		return PTR_BTF;
	return PTR_NONE;
}

static uint8_t align_at(uint8_t align_b, int64_t off_b)
{
	while (align_b > 1 && off_b % align_b)
		align_b /= 2;
	return align_b;
}

/* Memory that is read by a helper, which may fail. */
static bool is_foreign(const struct ir_inst *address)
{
	return address->ptr == PTR_KERNEL || address->ptr == PTR_USER || address->ptr == PTR_ANY;
}

void lower_check_read(struct lower *l, struct ir_inst *ret, uint32_t helper)
{
	struct ir_block *failed, *go_on;

	if (!l->opts->warn_all)
		return;
	failed = lower_block(l);
	go_on = lower_block(l);
	failed->is_unlikely = true;
	ir_branch(&l->b, COND_SLT, ret, ir_const(&l->b, 0), failed, go_on);
	lower_enter(l, failed);
	lower_runtime_warning(l, l->b.at, NULL, bpf_helper_name(helper), ret);
	ir_jump(&l->b, go_on);
	lower_enter(l, go_on);
}

void lower_read(struct lower *l, struct ir_inst *dst, struct ir_inst *src, uint32_t size_b)
{
	struct ir_inst *ret = ir_read(&l->b, dst, src, size_b);

	if (is_foreign(src) && size_b)
		lower_check_read(l, ret,
		                 src->ptr == PTR_USER  ? BPF_FUNC_probe_read_user
		                 : src->ptr == PTR_ANY ? BPF_FUNC_probe_read
		                                       : BPF_FUNC_probe_read_kernel);
}

struct value lower_at(struct lower *l, const struct type *type, struct ir_inst *address,
                      int64_t off_b, uint8_t align_b)
{
	const struct type *t = type_strip(type);
	struct ir_builder *b = &l->b;
	uint8_t width;

	if (!type_is_register(t)) {
		if (address->ptr == PTR_CTX) { /* the context allows no computed address */
			struct ir_inst *copy = lower_temp(l, t->size_b, "ctx");

			for (uint32_t at = 0; at < t->size_b;) {
				/* of both: the copy may lie on the stack, which is
				 * written aligned */
				width = align_at(8, (off_b + at) | at);
				while (width > t->size_b - at)
					width /= 2;
				ir_store(b, copy, at, width,
				         ir_load(b, address, off_b + at, width, false, PTR_NONE));
				at += width;
			}
			return value_mem(type, copy, 8);
		}
		return value_mem(type, ir_bin_imm(b, IR_ADD, address, off_b),
		                 align_at(align_b, off_b));
	}
	width = type_width(t);
	if (address->ptr == PTR_STACK && align_at(align_b, off_b) < width) {
		/* the stack must be read aligned: byte by byte */
		struct ir_inst *v = NULL;

		for (uint8_t i = 0; i < width; i++) {
			struct ir_inst *part = ir_load(b, address, off_b + i, 1, false, PTR_NONE);

			part = ir_bin_imm(b, IR_SHL, part, 8 * i);
			v = v ? ir_bin(b, IR_OR, v, part) : part;
		}
		if (width < 8 && type_is_signed(t))
			v = ir_ext(b, v, width, true);
		return value_reg(type, v);
	}
	if (l->opts->warn_all && is_foreign(address)) {
		struct ir_inst *copy = lower_temp(l, 8, "read");

		lower_read(l, copy, ir_bin_imm(b, IR_ADD, address, off_b), width);
		return value_reg(type, ir_load(b, copy, 0, width, type_is_signed(t), PTR_NONE));
	}
	return value_reg(
	    type, ir_load(b, address, off_b, width, type_is_signed(t), loaded_kind(t, address)));
}

struct value lower_direct(struct lower *l, struct value v)
{
	struct ir_inst *copy;
	uint32_t size = image_value_size(v.type);

	if (!v.is_memory || is_direct(v.ir))
		return v;
	copy = lower_temp(l, size, "copy");
	lower_read(l, copy, v.ir, size);
	return value_mem(v.type, copy, 8);
}

static void store_register(struct lower *l, struct ir_inst *dst, int64_t off_b, uint8_t width,
                           uint8_t align_b, struct ir_inst *v)
{
	if (dst->ptr == PTR_STACK && align_b < width) {
		for (uint8_t i = 0; i < width; i++)
			ir_store(&l->b, dst, off_b + i, 1, ir_bin_imm(&l->b, IR_SHR, v, 8 * i));
		return;
	}
	ir_store(&l->b, dst, off_b, width, v);
}

/* Element by element; a record's by name, as their order may be another one. */
static void store_tuple(struct lower *l, struct value v, const struct type *type,
                        struct ir_inst *dst, uint8_t align_b)
{
	const struct type *whole = type_strip(v.type);

	for (uint32_t i = 0; i < type->n_fields; i++) {
		const struct field *to = &type->fields[i], *from = &whole->fields[i];
		uint32_t off_b = from->off_b;

		if (to->name)
			from = type_find_field(whole, to->name, &off_b);

		lower_store(l, lower_at(l, from->type, v.ir, off_b, v.align_b), to->type,
		            ir_bin_imm(&l->b, IR_ADD, dst, to->off_b), align_at(align_b, to->off_b),
		            true);
	}
}

void lower_store(struct lower *l, struct value v, const struct type *type, struct ir_inst *dst,
                 uint8_t align_b, bool pad)
{
	const struct type *t = type_strip(type), *from = type_strip(v.type);
	uint32_t size = image_value_size(t), have;

	if (!v.is_memory) {
		store_register(l, dst, 0, type_width(t), align_b, v.ir);
		return;
	}
	have = image_value_size(from);
	v = lower_direct(l, v);
	if ((t->kind == TYPE_TUPLE || t->kind == TYPE_RECORD) && !type_equal(t, from)) {
		ir_zero(&l->b, dst, size, align_b);
		store_tuple(l, v, t, dst, align_b);
		return;
	}
	if (have > size) {
		have = size; /* a string cut: its last byte becomes the NUL */
	} else if (have < size) {
		uint32_t rest = have & ~(uint32_t)(align_b - 1);

		if (pad)
			ir_zero(&l->b, ir_bin_imm(&l->b, IR_ADD, dst, rest), size - rest, align_b);
	}
	ir_copy(&l->b, dst, v.ir, have, align_b < v.align_b ? align_b : v.align_b);
	if (t->kind == TYPE_STRING && from->kind != TYPE_STRING && have == size && size)
		return; /* a char array that may lack its NUL keeps all its bytes */
	if (t->kind == TYPE_STRING && have == size && image_value_size(from) > size)
		ir_store(&l->b, dst, size - 1, 1, ir_const(&l->b, 0));
}

/* ---- operators ------------------------------------------------------------------------------- */

const enum ir_op lower_arithmetic[OP_N] = {
    [OP_ADD] = IR_ADD, [OP_SUB] = IR_SUB, [OP_MUL] = IR_MUL, [OP_DIV] = IR_UDIV, [OP_MOD] = IR_UMOD,
    [OP_AND] = IR_AND, [OP_OR] = IR_OR,   [OP_XOR] = IR_XOR, [OP_SHL] = IR_SHL,  [OP_SHR] = IR_SHR,
};

static enum ir_cond condition(enum op op, bool sign)
{
	switch (op) {
	case OP_EQ:
		return COND_EQ;
	case OP_NE:
		return COND_NE;
	case OP_LT:
		return sign ? COND_SLT : COND_ULT;
	case OP_LE:
		return sign ? COND_SLE : COND_ULE;
	case OP_GT:
		return sign ? COND_SGT : COND_UGT;
	case OP_GE:
		return sign ? COND_SGE : COND_UGE;
	default:
		assert(!"not a comparison");
		return COND_EQ;
	}
}

static bool is_comparison(enum op op)
{
	return op >= OP_EQ && op <= OP_GE;
}

/* Pointers scale by what they point to; void and incomplete types count as one byte. */
static uint32_t pointee_size(struct lower *l, const struct type *ptr)
{
	const struct type *e = ptr->elem ? type_strip(ptr->elem) : NULL;

	if (e && e->is_incomplete)
		e = types_complete(l->u->types, e);
	return e && e->size_b ? e->size_b : 1;
}

/* A divisor of zero becomes one, with a warning at run time (spec 4.2). */
struct ir_inst *lower_safe_divisor(struct lower *l, struct ir_inst *v, struct span at)
{
	struct ir_block *zero = lower_block(l), *go_on = lower_block(l);
	ir_var var = ir_var_new(l->fn->f);

	if (v->op == IR_CONST && v->imm)
		return v;
	ir_var_set(&l->b, var, v);
	zero->is_unlikely = true;
	ir_branch(&l->b, COND_EQ, v, ir_const(&l->b, 0), zero, go_on);
	lower_enter(l, zero);
	lower_runtime_warning(l, at,
	                      "Divide or modulo by 0 detected. This can lead to unexpected "
	                      "results. 1 is being used as the result.",
	                      NULL, NULL);
	ir_var_set(&l->b, var, ir_const(&l->b, 1));
	ir_jump(&l->b, go_on);
	lower_enter(l, go_on);
	return ir_var_get(&l->b, var);
}

static struct ir_inst *arith(struct lower *l, struct node *n, struct ir_inst *x, struct ir_inst *y)
{
	const struct type *tx = type_strip(n->args[0]->type), *ty = type_strip(n->args[1]->type);

	if (tx->kind == TYPE_PTR && ty->kind != TYPE_PTR && (n->op == OP_ADD || n->op == OP_SUB))
		y = ir_bin_imm(&l->b, IR_MUL, y, pointee_size(l, tx));
	else if (ty->kind == TYPE_PTR && tx->kind != TYPE_PTR && n->op == OP_ADD)
		x = ir_bin_imm(&l->b, IR_MUL, x, pointee_size(l, ty));
	if (n->op == OP_DIV || n->op == OP_MOD)
		y = lower_safe_divisor(l, y, n->at);
	return ir_bin(&l->b, lower_arithmetic[n->op], x, y);
}

static bool is_text(const struct type *t)
{
	t = type_strip(t);
	return t->kind == TYPE_STRING || type_is_char_array(t);
}

/* Memory values other than text: equal if all bytes are (tuples element by element, as padding
 * may differ). */
static void branch_bytes_equal(struct lower *l, struct value x, struct value y,
                               struct ir_block *differ)
{
	const struct type *tx = type_strip(x.type), *ty = type_strip(y.type);

	if (!x.is_memory) {
		struct ir_block *same = lower_block(l);

		ir_branch(&l->b, COND_EQ, x.ir, y.ir, same, differ);
		lower_enter(l, same);
		return;
	}
	x = lower_direct(l, x);
	y = lower_direct(l, y);
	if (tx->kind == TYPE_TUPLE || tx->kind == TYPE_RECORD) {
		for (uint32_t i = 0; i < tx->n_fields; i++) {
			const struct field *fx = &tx->fields[i], *fy = &ty->fields[i];

			for (uint32_t k = 0; fx->name && k < ty->n_fields; k++)
				if (!strcmp(ty->fields[k].name, fx->name))
					fy = &ty->fields[k];
			branch_bytes_equal(l, lower_at(l, fx->type, x.ir, fx->off_b, x.align_b),
			                   lower_at(l, fy->type, y.ir, fy->off_b, y.align_b),
			                   differ);
		}
		return;
	}
	uint32_t size = image_value_size(tx);

	if (image_value_size(ty) < size)
		size = image_value_size(ty);
	for (uint32_t at = 0; at < size;) {
		uint8_t width = align_at(x.align_b < y.align_b ? x.align_b : y.align_b, at);
		struct ir_block *same = lower_block(l);

		while (width > size - at)
			width /= 2;
		ir_branch(&l->b, COND_EQ, ir_load(&l->b, x.ir, at, width, false, PTR_NONE),
		          ir_load(&l->b, y.ir, at, width, false, PTR_NONE), same, differ);
		lower_enter(l, same);
		at += width;
	}
}

void lower_cond(struct lower *l, struct node *n, struct ir_block *then, struct ir_block *otherwise)
{
	struct ir_block *middle;

	l->b.at = n->at;
	if (n->kind == NODE_UNARY && n->op == OP_NOT) {
		lower_cond(l, n->args[0], otherwise, then);
		return;
	}
	if (n->kind == NODE_BINARY && (n->op == OP_LAND || n->op == OP_LOR)) {
		middle = lower_block(l);
		if (n->op == OP_LAND)
			lower_cond(l, n->args[0], middle, otherwise);
		else
			lower_cond(l, n->args[0], then, middle);
		lower_enter(l, middle);
		lower_cond(l, n->args[1], then, otherwise);
		return;
	}
	if (n->kind == NODE_BINARY && is_comparison(n->op)) {
		struct node *x = n->args[0], *y = n->args[1];

		if (is_text(x->type) && is_text(y->type)) {
			struct ir_inst *equal = lower_string_equal(l, x, y, UINT64_MAX);

			if (n->op == OP_EQ)
				ir_branch_if(&l->b, equal, then, otherwise);
			else
				ir_branch_if(&l->b, equal, otherwise, then);
			return;
		}
		if (!type_is_register(type_strip(x->type))) {
			struct ir_block *same = n->op == OP_EQ ? then : otherwise;
			struct ir_block *differ = n->op == OP_EQ ? otherwise : then;
			struct value vx = lower_expr(l, x);

			branch_bytes_equal(l, vx, lower_expr(l, y), differ);
			ir_jump(&l->b, same);
			return;
		}
		struct ir_inst *rx = lower_int(l, x), *ry = lower_int(l, y);

		l->b.at = n->at;
		ir_branch(&l->b, condition(n->op, infer_compare_is_signed(n)), rx, ry, then,
		          otherwise);
		return;
	}
	if (is_text(n->type)) { /* a string is true if it is not empty */
		struct value v = lower_direct(l, lower_expr(l, n));

		ir_branch_if(&l->b, ir_load(&l->b, v.ir, 0, 1, false, PTR_NONE), then, otherwise);
		return;
	}
	ir_branch_if(&l->b, lower_int(l, n), then, otherwise);
}

/* The 0 or 1 of a condition. */
static struct ir_inst *cond_value(struct lower *l, struct node *n)
{
	struct ir_block *yes = lower_block(l), *no = lower_block(l), *join = lower_block(l);
	ir_var v = ir_var_new(l->fn->f);

	lower_cond(l, n, yes, no);
	lower_enter(l, yes);
	ir_var_set(&l->b, v, ir_const(&l->b, 1));
	ir_jump(&l->b, join);
	lower_enter(l, no);
	ir_var_set(&l->b, v, ir_const(&l->b, 0));
	ir_jump(&l->b, join);
	lower_enter(l, join);
	return ir_var_get(&l->b, v);
}

static struct value lower_binary(struct lower *l, struct node *n)
{
	struct ir_inst *x, *y;

	if (n->op == OP_LAND || n->op == OP_LOR || is_comparison(n->op)) {
		struct node *a = n->args[0], *b = n->args[1];

		if (is_comparison(n->op) && type_is_register(type_strip(a->type)) &&
		    type_is_register(type_strip(b->type))) {
			x = lower_int(l, a);
			y = lower_int(l, b);
			return value_reg(
			    n->type,
			    ir_cmp(&l->b, condition(n->op, infer_compare_is_signed(n)), x, y));
		}
		return value_reg(n->type, cond_value(l, n));
	}
	x = lower_int(l, n->args[0]);
	y = lower_int(l, n->args[1]);
	l->b.at = n->at;
	return value_reg(n->type, arith(l, n, x, y));
}

/* *p: what p points to. An integer is dereferenced as its own width. */
static struct value deref(struct lower *l, struct node *n)
{
	struct node *p = n->args[0];
	struct ir_inst *v = lower_int(l, p);
	const struct type *t = type_strip(p->type);
	enum ir_ptr kind = lower_ptr_kind(l, t, v);

	l->b.at = n->at;
	if (t->kind != TYPE_PTR)
		return value_reg(n->type, ir_load(&l->b, ir_as(&l->b, v, kind), 0, type_width(t),
		                                  false, PTR_NONE));
	return lower_at(l, n->type, ir_as(&l->b, v, kind), 0, 8);
}

static struct value lower_unary(struct lower *l, struct node *n)
{
	struct node *x = n->args[0];

	switch (n->op) {
	case OP_NEG:
		return value_reg(n->type, ir_neg(&l->b, lower_int(l, x)));
	case OP_BNOT:
		return value_reg(n->type, ir_bin_imm(&l->b, IR_XOR, lower_int(l, x), -1));
	case OP_NOT:
		return value_reg(n->type, cond_value(l, n));
	case OP_DEREF:
		return deref(l, n);
	case OP_ADDR:
		if (x->kind == NODE_VAR)
			return value_reg(n->type, lower_var_address(l, x->var));
		return value_reg(n->type, lower_map_address(l, x));
	default:
		assert(!"not a unary operator");
		return value_reg(n->type, ir_const(&l->b, 0));
	}
}

struct change {
	struct node *n;
	struct ir_inst *by;
	int64_t step;
};

static struct ir_inst *add_step(struct lower *l, struct ir_inst *old, void *arg)
{
	return ir_bin_imm(&l->b, IR_ADD, old, ((struct change *)arg)->step);
}

static struct value lower_incdec(struct lower *l, struct node *n)
{
	struct node *x = n->args[0];
	const struct type *t = type_strip(x->type);
	struct change c = {.n = n, .step = n->op == OP_INC ? 1 : -1};
	struct ir_inst *old, *changed;

	if (t->kind == TYPE_PTR)
		c.step *= pointee_size(l, t);
	if (x->kind == NODE_MAP)
		return value_reg(n->type, lower_map_update(l, x, add_step, &c, n->is_postfix));
	old = lower_var_read(l, x->var).ir;
	changed = add_step(l, old, &c);
	if (t->kind != TYPE_PTR && t->size_b < 8)
		changed = ir_ext(&l->b, changed, type_width(t), type_is_signed(t));
	lower_var_set(l, x->var, value_reg(x->type, changed));
	return value_reg(n->type, n->is_postfix ? old : changed);
}

/* ---- fields, elements ------------------------------------------------------------------------ */

static struct value load_bitfield(struct lower *l, const struct field *f, struct ir_inst *base,
                                  int64_t off_b, const struct type *type)
{
	const struct type *t = type_strip(f->type);
	uint8_t width = type_width(t);
	struct ir_inst *v = ir_load(&l->b, base, off_b, width, false, PTR_NONE);

	if (type_is_signed(t)) {
		v = ir_bin_imm(&l->b, IR_SHL, v, 64 - f->bit_off - f->bit_size);
		v = ir_bin_imm(&l->b, IR_SAR, v, 64 - f->bit_size);
	} else {
		v = ir_bin_imm(&l->b, IR_SHR, v, f->bit_off);
		if (f->bit_size < 64)
			v = ir_bin_imm(&l->b, IR_AND, v, (int64_t)((1ull << f->bit_size) - 1));
	}
	return value_reg(type, v);
}

static struct value lower_field(struct lower *l, struct node *n)
{
	struct node *x = n->args[0];
	const struct type *t = type_strip(x->type);
	struct ir_inst *base;
	uint8_t align_b = 8;

	if (x->kind == NODE_BUILTIN && x->builtin->id == B_args)
		return lower_args_field(l, n);
	if (x->kind == NODE_BUILTIN && x->builtin->id == B_ctx && l->probe->kind == PROBE_ITER &&
	    lower_ctx(l))
		return lower_iter_field(l, n);
	if (t->kind == TYPE_PTR) {
		base = lower_int(l, x);
		base = ir_as(&l->b, base, lower_ptr_kind(l, t, base));
	} else {
		/* A struct of numbers and floating-point ones is passed half in registers that can
		 * be read: the member says which half is wanted. */
		bool is_arg = l->probe->kind == PROBE_UPROBE && x->kind == NODE_FIELD &&
		              x->args[0]->kind == NODE_BUILTIN &&
		              x->args[0]->builtin->id == B_args && lower_ctx(l);
		struct value v =
		    is_arg ? lower_uprobe_arg(l, x, n->field_off_b, type_strip(n->type)->size_b)
		           : lower_expr(l, x);

		base = v.ir;
		align_b = v.align_b;
	}
	l->b.at = n->at;
	if (n->field->bit_size)
		return load_bitfield(l, n->field, base, n->field_off_b, n->type);
	return lower_at(l, n->type, base, n->field_off_b, align_b);
}

static struct value lower_index(struct lower *l, struct node *n)
{
	struct node *x = n->args[0];
	const struct type *t = type_strip(x->type);
	struct value base;
	struct ir_inst *index;
	uint32_t elem_b, count = 0;

	if (t->kind == TYPE_TUPLE || t->kind == TYPE_RECORD) {
		const struct field *f = &t->fields[n->args[1]->number];

		base = lower_expr(l, x);
		return lower_at(l, n->type, base.ir, f->off_b, base.align_b);
	}
	if (t->kind == TYPE_PTR) {
		struct ir_inst *p = lower_int(l, x);

		base = value_mem(n->type, ir_as(&l->b, p, lower_ptr_kind(l, t, p)), 8);
		elem_b = pointee_size(l, t);
	} else {
		base = lower_expr(l, x);
		elem_b = t->kind == TYPE_STRING ? 1 : pointee_size(l, t);
		count = t->kind == TYPE_STRING ? t->size_b : t->n_elems;
	}
	index = lower_int(l, n->args[1]);
	l->b.at = n->at;
	if (index->op == IR_CONST && (!count || (uint64_t)index->imm < count))
		return lower_at(l, n->type, base.ir, index->imm * elem_b, base.align_b);
	if (!count || !type_is_register(type_strip(n->type))) {
		if (is_direct(base.ir) && count) { /* keep the verifier sure of the bounds */
			struct ir_block *inside = lower_block(l);

			ir_branch(&l->b, COND_ULT, index, ir_const(&l->b, count), inside,
			          l->body_exit);
			lower_enter(l, inside);
		}
		base.ir = ir_bin(&l->b, IR_ADD, base.ir, ir_bin_imm(&l->b, IR_MUL, index, elem_b));
		return lower_at(l, n->type, base.ir, 0, elem_b >= 8 ? 8 : (uint8_t)elem_b);
	}
	/* out of bounds reads 0 and is reported (spec 4.4) */
	struct ir_block *inside = lower_block(l), *outside = lower_block(l), *join = lower_block(l);
	ir_var result = ir_var_new(l->fn->f);

	base = lower_direct(l, base);
	outside->is_unlikely = true;
	ir_branch(&l->b, COND_ULT, index, ir_const(&l->b, count), inside, outside);
	lower_enter(l, inside);
	base.ir = ir_bin(&l->b, IR_ADD, base.ir, ir_bin_imm(&l->b, IR_MUL, index, elem_b));
	ir_var_set(&l->b, result,
	           lower_at(l, n->type, base.ir, 0, elem_b < 8 ? (uint8_t)elem_b : 8).ir);
	ir_jump(&l->b, join);
	lower_enter(l, outside);
	lower_runtime_warning(l, n->at,
	                      "Array access out of bounds. This can lead to unexpected results.",
	                      NULL, NULL);
	ir_var_set(&l->b, result, ir_const(&l->b, 0));
	ir_jump(&l->b, join);
	lower_enter(l, join);
	return value_reg(n->type, ir_var_get(&l->b, result));
}

/* ---- the dispatch ---------------------------------------------------------------------------- */

static struct value string_literal(struct lower *l, struct node *n)
{
	uintptr_t known;
	uint32_t off;

	known = (uintptr_t)strmap_getn(&l->rodata_strings, n->string, n->string_len_b);
	if (known) {
		off = (uint32_t)known - 1;
	} else {
		char *copy = arena_alloc(l->a, n->string_len_b + 1);

		memcpy(copy, n->string, n->string_len_b);
		off = lower_rodata(l, copy, n->string_len_b + 1, 8);
		strmap_putn(&l->rodata_strings, n->string, n->string_len_b,
		            (void *)(uintptr_t)(off + 1));
	}
	return value_mem(type_string(l->a, n->string_len_b + 1), lower_rodata_addr(l, off), 8);
}

static struct value in_temp(struct lower *l, struct node *n)
{
	struct ir_inst *dst = lower_temp(l, image_value_size(n->type), "value");

	lower_into(l, n, dst, 8, true);
	return value_mem(n->type, dst, 8);
}

static struct value choose(struct lower *l, struct node *n);

static struct value block_value(struct lower *l, struct node *n)
{
	lower_stmts(l, n);
	if (n->n_args && n->args[0])
		return lower_expr(l, n->args[0]);
	return value_reg(type_none(), ir_const(&l->b, 0));
}

struct value lower_expr(struct lower *l, struct node *n)
{
	struct span outer = l->b.at;
	struct value v;

	l->b.at = n->at;
	switch (n->kind) {
	case NODE_INT:
		v = value_reg(n->type, ir_const(&l->b, (int64_t)n->number));
		break;
	case NODE_STRING:
		v = string_literal(l, n);
		break;
	case NODE_BUILTIN:
		v = lower_builtin(l, n);
		break;
	case NODE_CALL:
		v = lower_call(l, n);
		break;
	case NODE_CALL_KERNEL:
		v = lower_kernel_call(l, n);
		break;
	case NODE_FN_CALL:
		v = lower_fn_call(l, n);
		break;
	case NODE_OBJECT_CALL:
		v = lower_object_call(l, n);
		break;
	case NODE_VAR:
		v = lower_var_read(l, n->var);
		break;
	case NODE_MAP:
		v = lower_map_read(l, n);
		break;
	case NODE_UNARY:
		v = lower_unary(l, n);
		break;
	case NODE_BINARY:
		v = lower_binary(l, n);
		break;
	case NODE_INCDEC:
		v = lower_incdec(l, n);
		break;
	case NODE_FIELD:
		v = lower_field(l, n);
		break;
	case NODE_INDEX:
		v = lower_index(l, n);
		break;
	case NODE_CAST:
		v = lower_cast(l, n);
		break;
	case NODE_TUPLE:
		v = in_temp(l, n);
		break;
	case NODE_TERNARY:
	case NODE_IF:
		v = choose(l, n);
		break;
	case NODE_BLOCK:
		v = block_value(l, n);
		break;
	default:
		assert(!"not an expression after inference");
		v = value_reg(type_none(), ir_const(&l->b, 0));
	}
	l->b.at = outer;
	return v;
}

struct ir_inst *lower_int(struct lower *l, struct node *n)
{
	struct value v = lower_expr(l, n);

	if (v.is_memory) { /* inference inserted no cast: a few bytes seen as a number */
		v = lower_direct(l, v);
		return ir_load(&l->b, v.ir, 0, 8, false, PTR_NONE);
	}
	return v.ir;
}

/* One arm of a ternary or if, into `dst` or the variable. */
static void arm(struct lower *l, struct node *n, struct ir_inst *dst, ir_var var, bool has_value,
                struct ir_block *join)
{
	if (has_value && dst)
		lower_into(l, n, dst, 8, true);
	else if (has_value)
		ir_var_set(&l->b, var, lower_int(l, n));
	else
		lower_expr(l, n);
	if (!ir_is_terminated(&l->b))
		ir_jump(&l->b, join);
}

/* Ternary and `if` as expressions: c ? a : b, c ?: b. */
static struct value choose(struct lower *l, struct node *n)
{
	bool has_value = n->type && n->type->kind != TYPE_NONE && n->type->kind != TYPE_VOID;
	bool is_memory = has_value && !type_is_register(type_strip(n->type));
	struct ir_block *yes = lower_block(l), *no = lower_block(l), *join = lower_block(l);
	ir_var var = ir_var_new(l->fn->f);
	struct ir_inst *dst = NULL;

	if (is_memory)
		dst = lower_temp(l, image_value_size(n->type), "choice");
	if (!n->args[1]) { /* `?:`: the condition's own value if it is true */
		struct ir_inst *c = lower_int(l, n->args[0]);

		ir_var_set(&l->b, var, c);
		ir_branch_if(&l->b, c, yes, no);
		lower_enter(l, yes);
		ir_jump(&l->b, join);
	} else {
		lower_cond(l, n->args[0], yes, no);
		lower_enter(l, yes);
		arm(l, n->args[1], dst, var, has_value, join);
	}
	lower_enter(l, no);
	if (n->n_args > 2 && n->args[2])
		arm(l, n->args[2], dst, var, has_value, join);
	else
		ir_jump(&l->b, join);
	lower_enter(l, join);
	if (is_memory)
		return value_mem(n->type, dst, 8);
	return value_reg(n->type, has_value ? ir_var_get(&l->b, var) : ir_const(&l->b, 0));
}

static void tuple_into(struct lower *l, struct node *n, const struct type *t, struct ir_inst *dst,
                       uint8_t align_b)
{
	uint32_t filled = 0;
	bool has_gaps = false;

	for (uint32_t i = 0; i < t->n_fields; i++) {
		has_gaps = has_gaps || t->fields[i].off_b != filled;
		filled = t->fields[i].off_b + image_value_size(t->fields[i].type);
	}
	if (has_gaps || filled != t->size_b) /* padding is part of a key */
		ir_zero(&l->b, dst, t->size_b, align_b);
	for (uint32_t i = 0; i < n->n_args; i++) {
		const struct field *f = &t->fields[i];
		struct ir_inst *at = ir_bin_imm(&l->b, IR_ADD, dst, f->off_b);
		uint8_t al = align_at(align_b, f->off_b);

		if (type_equal(type_strip(n->args[i]->type), type_strip(f->type)))
			lower_into(l, n->args[i], at, al, true);
		else
			lower_store(l, lower_expr(l, n->args[i]), f->type, at, al, true);
	}
}

/* str(), kstr(): straight to its place, no copy. */
static void str_into(struct lower *l, struct node *n, const struct type *t, struct ir_inst *dst,
                     uint8_t align_b, bool pad)
{
	const struct type *from = type_strip(n->args[0]->type);
	bool is_kernel = n->function->id == F_kstr;
	struct node *size = n->n_args > 1 ? n->args[1] : NULL;

	if (type_is_register(from)) {
		struct ir_inst *p = lower_int(l, n->args[0]);

		lower_read_str(l, dst, size ? lower_int(l, size) : NULL, t->size_b, p,
		               is_kernel ? PTR_KERNEL : lower_ptr_kind(l, from, p), align_b, pad);
		return;
	}
	struct value v = lower_expr(l, n->args[0]);

	if (!size || size->kind == NODE_INT) { /* the type has that size */
		lower_store(l, v, n->type, dst, align_b, pad);
		return;
	}
	v = lower_direct(l, v);
	lower_read_str(l, dst, lower_int(l, size), t->size_b, ir_as(&l->b, v.ir, PTR_NONE),
	               PTR_KERNEL, align_b, pad);
}

void lower_into(struct lower *l, struct node *n, struct ir_inst *dst, uint8_t align_b, bool pad)
{
	const struct type *t = type_strip(n->type);
	struct node *x;

	l->b.at = n->at;
	if (n->kind == NODE_TUPLE) {
		tuple_into(l, n, t, dst, align_b);
		return;
	}
	if (n->kind == NODE_CALL && (n->function->id == F_str || n->function->id == F_kstr)) {
		str_into(l, n, t, dst, align_b, pad);
		return;
	}
	if (n->kind == NODE_CAST && !type_is_register(t)) {
		x = n->args[0];
		if (!type_is_register(type_strip(x->type))) {
			lower_store(l, lower_expr(l, x), n->type, dst, align_b, pad);
			return;
		}
	}
	lower_store(l, lower_expr(l, n), n->type, dst, align_b, pad);
}
