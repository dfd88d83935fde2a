/* Lowering of emissions: what an event's record holds, written straight into the ring's reservation
 * (lower_record.c). */
#include "script/lower.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/arena.h"

enum {
	JOIN_STRINGS = 16,
	PACK_FROM_B = 64, /* strings up to this size stay at fixed offsets */
};

static uint32_t add_event(struct lower *l, struct image_event ev)
{
	vec_push(l->a, &l->img->events, ev);
	return (uint32_t)l->img->events.n - 1;
}

static uint32_t align_of_value(const struct type *t)
{
	t = type_strip(t);
	if (type_is_register(t))
		return type_width(t);
	return 8;
}

/* Fields one behind the other, each aligned for its stores. Returns the record's size. */
static uint32_t lay_out(struct lower *l, struct node **args, uint32_t n,
                        const struct image_field **ret)
{
	struct image_field *fields = arena_array(l->a, struct image_field, n + 1);
	uint32_t off = sizeof(struct image_record);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t align = align_of_value(args[i]->type);

		off = (off + align - 1) & ~(align - 1);
		fields[i] = (struct image_field){.type = args[i]->type, .off_b = off};
		off += image_value_size(type_strip(args[i]->type));
	}
	*ret = fields;
	return off;
}

/* Addresses of a process are named when printed: the sooner, the likelier it still lives. */
static bool has_user_address(const struct type *t)
{
	t = type_strip(t);
	for (uint32_t i = 0; (t->kind == TYPE_TUPLE || t->kind == TYPE_RECORD) && i < t->n_fields;
	     i++)
		if (has_user_address(t->fields[i].type))
			return true;
	return t->kind == TYPE_USYM || t->kind == TYPE_USTACK;
}

/* A string read from memory straight into the record: how long it is shows only then. */
static bool is_packable(const struct node *n)
{
	return n->kind == NODE_CALL && (n->function->id == F_str || n->function->id == F_kstr) &&
	       type_is_register(type_strip(n->args[0]->type)) && n->type->size_b > PACK_FROM_B;
}

/* Fields with packed strings: a fixed part, in which each such string has a u32, then the strings.
 * Returns the fixed part's size; *ret_most is the whole record's at worst. */
static uint32_t lay_out_packed(struct node **args, uint32_t n, struct image_field *fields,
                               uint32_t *ret_most)
{
	uint32_t off = sizeof(struct image_record), strings = 0;

	for (uint32_t i = 0; i < n; i++) {
		bool packed = is_packable(args[i]);
		uint32_t align = packed ? 4 : align_of_value(args[i]->type);

		off = (off + align - 1) & ~(align - 1);
		fields[i] = (struct image_field){args[i]->type, off, packed};
		off += packed ? 4 : image_value_size(type_strip(args[i]->type));
		strings += packed ? args[i]->type->size_b : 0;
	}
	*ret_most = off + strings;
	return off;
}

/* A record as long as its strings are, built in scratch memory and copied to the ring: a ring of
 * reservations for the longest strings would hold a tenth of the events. */
static void emit_packed(struct lower *l, struct image_event ev, struct node **args, uint32_t n,
                        uint32_t fixed_b, uint32_t most_b)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *base, *size;
	bool wake = false;

	ev.size_b = fixed_b;
	base = lower_scratch_at(l, lower_scratch_alloc(l, most_b));
	vec_push(l->a, &l->img->events, ev);
	ir_store(b, base, 0, 8, ir_const(b, (int64_t)l->img->events.n - 1));
	size = ir_const(b, fixed_b);
	for (uint32_t i = 0; i < n; i++) {
		const struct type *t = type_strip(args[i]->type);
		struct ir_inst *at = ir_bin_imm(b, IR_ADD, base, ev.fields[i].off_b);

		wake = wake || has_user_address(t);
		if (!ev.fields[i].is_packed) {
			lower_into(l, args[i], at, 8, false);
			continue;
		}
		ir_store(b, base, ev.fields[i].off_b, 4, size);
		size = ir_bin(b, IR_ADD, size,
		              lower_str_packed(l, args[i], ir_bin(b, IR_ADD, base, size)));
	}
	lower_record_copy(l, base, size, wake);
}

/* May evaluating n do more than yield a value: change something, emit, leave the probe? */
static bool acts(const struct node *n)
{
	if (!n)
		return false;
	switch (n->kind) {
	case NODE_BLOCK:
	case NODE_IF:
	case NODE_INCDEC:
	case NODE_CALL_KERNEL:
	case NODE_FN_CALL:
	case NODE_OBJECT_CALL:
		return true;
	case NODE_CALL: /* delete(), find(), and what returns nothing */
		if (n->function->id == F_delete || n->function->id == F_find ||
		    n->type->kind == TYPE_NONE)
			return true;
		break;
	case NODE_INDEX: /* out of bounds leaves the probe */
		if (!type_is_register(type_strip(n->type)) && n->args[1]->kind != NODE_INT)
			return true;
		break;
	default:
		break;
	}
	for (uint32_t i = 0; i < n->n_args; i++)
		if (acts(n->args[i]))
			return true;
	return false;
}

/* The value of n as it is now, in memory that lasts until the statement's end. */
static struct value kept(struct lower *l, struct node *n)
{
	struct ir_inst *dst = lower_temp(l, image_value_size(type_strip(n->type)), "kept");

	lower_into(l, n, dst, 8, true);
	return value_mem(n->type, dst, 8);
}

static void emit_fields(struct lower *l, struct image_event ev, struct node **args, uint32_t n)
{
	struct image_field *packed = arena_array(l->a, struct image_field, n + 1);
	struct record_field *registers = arena_array(l->a, struct record_field, n + 1);
	uint32_t most_b, fixed_b = lay_out_packed(args, n, packed, &most_b), n_registers = 0;
	struct record r;
	uint32_t event;
	bool wake = false, has_effects = false;
	struct value *early = arena_array(l->a, struct value, n + 1);

	ev.n_fields = n;
	/* without packed strings the two layouts are the same; see also SCRATCH_CHUNK_B */
	if (most_b != fixed_b && most_b <= SCRATCH_CHUNK_B / 2 && lower_uses_ring(l)) {
		ev.fields = packed;
		emit_packed(l, ev, args, n, fixed_b, most_b);
		return;
	}
	ev.size_b = lay_out(l, args, n, &ev.fields);
	event = add_event(l, ev);
	for (uint32_t i = 0; i < n; i++)
		has_effects = has_effects || acts(args[i]);
	/* Registers first: what they cost is not paid while the reservation is held, and a failing
	 * reservation does not change what the script's expressions do. The same goes for all if
	 * one of them acts; it may even leave the probe, and then nothing may be reserved. */
	for (uint32_t i = 0; i < n; i++) {
		const struct type *t = type_strip(args[i]->type);

		wake = wake || has_user_address(t);
		if (type_is_register(t)) {
			early[i] = value_reg(args[i]->type, lower_int(l, args[i]));
			registers[n_registers++] =
			    (struct record_field){ev.fields[i].off_b, type_width(t), early[i].ir};
		} else if (has_effects) {
			early[i] = kept(l, args[i]);
		}
	}
	if (n_registers == n) {
		lower_record_of_registers(l, event, ev.size_b, registers, n, wake);
		return;
	}
	r = lower_record_begin(l, event, ev.size_b, wake);
	for (uint32_t i = 0; i < n; i++) {
		const struct type *t = type_strip(args[i]->type);
		struct ir_inst *at = ir_bin_imm(&l->b, IR_ADD, r.at, ev.fields[i].off_b);

		if (early[i].ir)
			lower_store(l, early[i], t, at, 8, false);
		else
			lower_into(l, args[i], at, 8, false);
	}
	lower_record_end(l, &r);
}

static void add_callers(struct lower *l, struct image_event *ev, const struct origin *origin)
{
	struct span *callers;

	for (const struct origin *o = origin; o; o = o->outer)
		ev->n_callers++;
	callers = arena_array(l->a, struct span, ev->n_callers + 1);
	for (uint32_t i = 0; origin; origin = origin->outer)
		callers[i++] = origin->call;
	ev->callers = callers;
}

void lower_format_event(struct lower *l, enum event_kind kind, struct node *call)
{
	struct image_event ev = {.kind = kind, .format = call->args[0]->string, .at = call->at};

	if (kind == EVENT_PRINTF && l->probe->kind == PROBE_ITER &&
	    l->probe->targets.items[0].path) {
		lower_iter_printf(l, call);
		return;
	}
	if (kind == EVENT_ERRORF || kind == EVENT_WARNF)
		add_callers(l, &ev, call->origin);
	emit_fields(l, ev, call->args + 1, call->n_args - 1);
}

void lower_emit(struct lower *l, struct node *n)
{
	struct image_event ev = {.kind = EVENT_ROW, .table = n->table->id, .at = n->at};
	struct image_cell *cells = arena_array(l->a, struct image_cell, n->n_args + 1);
	vec(struct node *) args = {0};

	for (uint32_t i = 0; i < n->n_args; i++) {
		struct node *arg = n->args[i];

		cells[i] = (struct image_cell){NULL, 1};
		if (!node_is_format(arg)) {
			vec_push(l->a, &args, arg);
			continue;
		}
		cells[i] = (struct image_cell){arg->args[0]->string, arg->n_args - 1};
		for (uint32_t k = 1; k < arg->n_args; k++)
			vec_push(l->a, &args, arg->args[k]);
	}
	ev.cells = cells;
	ev.n_cells = n->n_args;
	emit_fields(l, ev, args.items, (uint32_t)args.n);
}

void lower_simple_event(struct lower *l, struct image_event ev, struct ir_inst *arg, bool wake)
{
	struct record_field field = {offsetof(struct image_record, arg), 4, arg};
	uint64_t head;

	ev.size_b = sizeof(struct image_record);
	head = add_event(l, ev);
	if (arg && arg->op == IR_CONST) {
		head |= (uint64_t)arg->imm << 32;
		arg = NULL;
	}
	lower_record_of_registers(l, head, ev.size_b, &field, arg ? 1 : 0, wake);
}

/* The key goes to the session, which reads the value of all CPUs. */
static void lower_print_element(struct lower *l, struct image_event ev, struct node *element)
{
	struct map *m = element->map;
	struct image_field *field = arena_new(l->a, struct image_field);
	struct ir_inst *key = lower_map_key(l, m, element->args[0]);
	struct record r;

	*field = (struct image_field){.type = m->key, .off_b = sizeof(struct image_record)};
	ev.kind = EVENT_PRINT_ELEMENT;
	ev.var = l->var_of_map[m->id];
	ev.fields = field;
	ev.n_fields = 1;
	ev.size_b = field->off_b + image_value_size(type_strip(m->key));
	r = lower_record_begin(l, add_event(l, ev), ev.size_b, false);
	lower_store(l, value_mem(m->key, key, 8), m->key,
	            ir_bin_imm(&l->b, IR_ADD, r.at, field->off_b), 8, true);
	lower_record_end(l, &r);
}

void lower_print(struct lower *l, struct node *call)
{
	struct node *what = call->args[0];
	struct image_event ev = {.kind = EVENT_PRINT, .at = call->at};

	if (what->kind == NODE_MAP && !what->n_args && what->map->is_keyed) {
		ev.kind = EVENT_PRINT_MAP;
	} else if (what->kind == NODE_MAP && !what->map->is_keyed &&
	           type_is_agg(type_strip(what->map->value))) {
		ev.kind = EVENT_PRINT_MAP; /* reduced over CPUs when printed */
	} else if (what->kind == NODE_MAP && !what->n_args) {
		ev.kind = EVENT_PRINT_MAP;
	}
	if (ev.kind == EVENT_PRINT_MAP) {
		ev.var = l->var_of_map[what->map->id];
		if (call->n_args > 1)
			ev.top = (uint32_t)call->args[1]->number;
		if (call->n_args > 2)
			ev.div = (uint32_t)call->args[2]->number;
		lower_simple_event(l, ev, NULL, false);
		return;
	}
	if (what->kind == NODE_MAP && type_is_agg(type_strip(what->type))) {
		lower_print_element(l, ev, what);
		return;
	}
	emit_fields(l, ev, call->args, 1);
}

void lower_runtime_warning(struct lower *l, struct span at, const char *text, const char *helper,
                           struct ir_inst *retcode)
{
	struct image_event ev = {
	    .kind = EVENT_RUNTIME_WARNING, .format = text, .helper = helper, .at = at};

	lower_simple_event(l, ev, retcode ? ir_neg(&l->b, retcode) : NULL, false);
}

/* join(char *argv[]): pointers until a null one, at most 16 strings of at most 1024 bytes. */
void lower_join(struct lower *l, struct node *call)
{
	struct image_event ev = {.kind = EVENT_JOIN,
	                         .at = call->at,
	                         .format = call->n_args > 1 ? call->args[1]->string : " ",
	                         .n_fields = JOIN_STRINGS};
	struct image_field *fields = arena_array(l->a, struct image_field, JOIN_STRINGS);
	const struct type *text = type_string(l->a, 1024);
	struct ir_builder *b = &l->b;
	struct ir_inst *argv = lower_int(l, call->args[0]), *p;
	enum ir_ptr kind = lower_ptr_kind(l, type_strip(call->args[0]->type), argv);
	struct ir_block *end;
	struct record r;
	ir_var n = ir_var_new(l->fn->f);

	for (uint32_t i = 0; i < JOIN_STRINGS; i++)
		fields[i] = (struct image_field){text, 8 + i * 1024};
	ev.fields = fields;
	ev.size_b = 8 + JOIN_STRINGS * 1024;
	argv = ir_as(b, argv, kind);
	r = lower_record_begin(l, add_event(l, ev), ev.size_b, false);
	end = lower_block(l);
	ir_var_set(b, n, ir_const(b, 0));
	for (uint32_t i = 0; i < JOIN_STRINGS; i++) {
		struct ir_block *some = lower_block(l);

		p = ir_load(b, argv, i * 8, 8, false, PTR_NONE);
		ir_branch(b, COND_NE, p, ir_const(b, 0), some, end);
		lower_enter(l, some);
		lower_read_str(l, ir_bin_imm(b, IR_ADD, r.at, 8 + i * 1024), NULL, 1024, p, kind, 8,
		               false);
		ir_var_set(b, n, ir_const(b, i + 1));
	}
	ir_jump(b, end);
	lower_enter(l, end);
	ir_store(b, r.at, 4, 4, ir_var_get(b, n));
	lower_record_end(l, &r);
}
