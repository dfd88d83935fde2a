/* Records: reserved in the ring, filled, handed to the reader; what finds no room is counted.
 *
 * Lost records are counted per CPU and program, and reported by the session. The consumer is woken
 * only when much has gathered (or at exit): a wake-up per event would cost more than the event.
 *
 * All that is some 35 instructions. A program's first records do it in place; where there are
 * many, the further ones call sub-programs, which costs some nanoseconds: one that counts what is
 * lost, one that submits, and one for each form of record that registers alone fill. What takes
 * numbers only is a global function: the kernel's verifier then looks at it once, not once for
 * each call. */
#include "script/lower.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/arena.h"

enum {
	RING_AVAIL_DATA = 0, /* BPF_RB_AVAIL_DATA */
	RING_NO_WAKEUP = 1,
	RING_FORCE_WAKEUP = 2,
	WATERMARK_B = 64 * 1024,
	IN_PLACE = 8, /* records of a program */
	FORMS = 16,   /* a program's, at most */
	/* Other sub-programs, of 256, and frames, of 8: a call may add one, and what a frame is
	 * counted for may have a callback of its own. */
	OTHER_FUNCS = 256 - FORMS - 4,
	OTHER_FRAMES = 6,
};

/* Records that one sub-program fills and submits. */
struct record_form {
	uint32_t size_b, n_fields;
	struct record_field fields[RECORD_FIELDS]; /* without values */
	bool wake, is_global;
	struct ir_func *func;
};

struct lower_records {
	uint32_t n;
	struct ir_func *lost, *submit, *copy, *output;
	vec(struct record_form) forms;
};

/* Its records do not go through the ring, see lower_iter.c. */
static bool is_iter(const struct lower *l)
{
	return l->probe->kind == PROBE_ITER;
}

bool lower_uses_ring(const struct lower *l)
{
	return l->opts->target.has_ringbuf && !is_iter(l);
}

/* ---- may there be calls? -------------------------------------------------------------------- */

struct calls {
	uint32_t *frames; /* per struct fn.id: its own and those it calls, 0: unknown yet */
	uint64_t n_funcs;
};

/* Does it become a callback, or have one? */
static bool has_callback(const struct node *n)
{
	switch (n->kind) {
	case NODE_FOR_MAP:
	case NODE_FOR_RANGE:
		return true;
	case NODE_BUILTIN:
		return n->builtin->id == B_ustack || n->builtin->id == B_dw_ustack;
	case NODE_CALL:
		return n->function->id == F_ustack || n->function->id == F_dw_ustack ||
		       n->function->id == F_len || n->function->id == F_strstr ||
		       n->function->id == F_strcontains;
	default:
		return false;
	}
}

/* The frames on top of its own that n needs at most; functions are counted `times`. */
static uint32_t frames_above(struct calls *c, const struct node *n, uint64_t times)
{
	uint32_t most = 0, above;
	bool is_callback;

	if (!n)
		return 0;
	is_callback = has_callback(n);
	c->n_funcs += is_callback ? times : 0;
	if (n->kind == NODE_UNROLL)
		times *= n->args[0]->number;
	if (times > OTHER_FUNCS)
		times = OTHER_FUNCS + 1;
	if (n->kind == NODE_FN_CALL) {
		uint32_t *frames = &c->frames[n->fn->id];

		if (!*frames) {
			c->n_funcs++;
			*frames = 1 + frames_above(c, n->fn->probe->body, 1);
		}
		most = *frames;
	}
	for (uint32_t i = 0; i < n->n_args; i++) {
		above = frames_above(c, n->args[i], times);
		most = above > most ? above : most;
	}
	vec_each (s, &n->stmts) {
		above = frames_above(c, *s, times);
		most = above > most ? above : most;
	}
	return most + is_callback;
}

void lower_records_plan(struct lower *l)
{
	struct calls c = {.frames = arena_array(l->a, uint32_t, l->u->fns.n + 1)};

	l->may_share_records = true;
	vec_each (p, &l->u->probes) {
		uint32_t predicate = frames_above(&c, (*p)->predicate, 1);
		uint32_t body = frames_above(&c, (*p)->body, 1);

		if (1 + (predicate > body ? predicate : body) > OTHER_FRAMES)
			l->may_share_records = false;
	}
	if (c.n_funcs > OTHER_FUNCS)
		l->may_share_records = false;
}

void lower_records_begin(struct lower *l)
{
	l->records = arena_new(l->a, struct lower_records);
}

/* Asked once for each record. */
static bool next_is_shared(struct lower *l)
{
	return ++l->records->n > IN_PLACE && l->may_share_records && !is_iter(l);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static struct ir_builder sub_begin(struct lower *l, struct ir_func **ret, const char *name,
                                   uint32_t n_params, const enum ir_ptr *params)
{
	struct ir_builder outside = l->b;

	*ret = ir_func_add(l->unit, name, n_params, params);
	lower_func_begin(l, *ret);
	return outside;
}

static void sub_end(struct lower *l, const struct ir_builder *outside)
{
	ir_ret(&l->b, ir_const(&l->b, 0));
	lower_func_end(l);
	l->b = *outside;
}

static void count_lost_here(struct lower *l)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *key = ir_slot_addr(b, ir_slot_new(b, 4, 4, "lost"));
	struct ir_block *there = lower_block(l), *done = lower_block(l);
	struct ir_inst *n;

	l->has_lost = true;
	ir_store(b, key, 0, 4, ir_const(b, l->program));
	n = ir_callv(b, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(b, l->lost), key);
	ir_branch(b, COND_NE, n, ir_const(b, 0), there, done);
	lower_enter(l, there);
	ir_store(b, n, 0, 8, ir_bin_imm(b, IR_ADD, ir_load(b, n, 0, 8, false, PTR_NONE), 1));
	ir_jump(b, done);
	lower_enter(l, done);
}

static void count_lost(struct lower *l, bool is_shared)
{
	struct lower_records *r = l->records;

	if (!is_shared) {
		count_lost_here(l);
		return;
	}
	if (!r->lost) {
		struct ir_builder outside = sub_begin(l, &r->lost, "count_lost", 0, NULL);

		r->lost->is_global = true;
		count_lost_here(l);
		sub_end(l, &outside);
	}
	ir_call_func(&l->b, r->lost, 0, NULL);
}

/* Counts the record if `ret` is no success, and goes to `done`. */
static void count_failed(struct lower *l, struct ir_inst *ret, struct ir_block *done,
                         bool is_shared)
{
	struct ir_block *failed = lower_block(l);

	failed->is_unlikely = true;
	ir_branch(&l->b, COND_EQ, ret, ir_const(&l->b, 0), done, failed);
	lower_enter(l, failed);
	count_lost(l, is_shared);
	ir_jump(&l->b, done);
	lower_enter(l, done);
}

/* The flag to submit `size` bytes with: the reader is woken by the record that crosses the
 * watermark, no other. `pending` is what the ring does not count as waiting yet. Without a branch,
 * see log2_of(): beyond the watermark, but not by the record's size, is >= 0, and < 0 without it.
 */
static struct ir_inst *wake_flags(struct lower *l, struct ir_inst *size, struct ir_inst *pending)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *beyond = ir_callv(b, BPF_FUNC_ringbuf_query, PTR_NONE, ir_map(b, l->ring),
	                                  ir_const(b, RING_AVAIL_DATA)),
	               *before;

	beyond = ir_bin(b, IR_ADD, beyond, pending);
	beyond = ir_bin_imm(b, IR_SUB, beyond, WATERMARK_B);
	before = ir_bin(b, IR_SUB, beyond, size);
	before = ir_bin_imm(b, IR_SHR, ir_bin(b, IR_XOR, before, beyond), 63);
	return ir_bin_imm(b, IR_ADD, before, RING_NO_WAKEUP);
}

static void submit_here(struct lower *l, struct ir_inst *at, struct ir_inst *size, bool wake)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *flags =
	    wake ? ir_const(b, RING_FORCE_WAKEUP) : wake_flags(l, size, ir_const(b, 0));

	ir_callv(b, BPF_FUNC_ringbuf_submit, PTR_NONE, at, flags);
}

static void submit(struct lower *l, const struct record *r)
{
	static const enum ir_ptr params[] = {PTR_MEM, PTR_NONE};
	struct ir_inst *size = ir_const(&l->b, r->size_b);

	if (!r->is_shared || r->wake) {
		submit_here(l, r->at, size, r->wake);
		return;
	}
	if (!l->records->submit) {
		struct ir_builder outside = sub_begin(l, &l->records->submit, "submit", 2, params);

		submit_here(l, ir_param(&l->b, 0), ir_param(&l->b, 1), false);
		sub_end(l, &outside);
	}
	ir_call_func(&l->b, l->records->submit, 2, (struct ir_inst *[]){r->at, size});
}

/* ---- into the ring, in place ---------------------------------------------------------------- */

static void reserve(struct lower *l, struct record *r)
{
	struct ir_builder *b = &l->b;
	struct ir_block *got = lower_block(l), *none = lower_block(l);

	none->is_unlikely = true;
	r->at = ir_callv(b, BPF_FUNC_ringbuf_reserve, PTR_MEM, ir_map(b, l->ring),
	                 ir_const(b, r->size_b), ir_const(b, 0));
	ir_branch(b, COND_NE, r->at, ir_const(b, 0), got, none);
	lower_enter(l, none);
	count_lost(l, r->is_shared);
	ir_jump(b, r->done);
	lower_enter(l, got);
}

static struct record begin(struct lower *l, uint32_t size_b, bool wake, bool is_shared)
{
	struct record r = {.size_b = (size_b + 7) & ~7u,
	                   .wake = wake,
	                   .is_shared = is_shared,
	                   .done = lower_block(l)};

	l->has_ring |= !is_iter(l);
	if (lower_uses_ring(l))
		reserve(l, &r);
	else
		r.at = lower_scratch_at(l, lower_scratch_alloc(l, r.size_b));
	return r;
}

struct record lower_record_begin(struct lower *l, uint32_t event, uint32_t size_b, bool wake)
{
	struct record r = begin(l, size_b, wake, next_is_shared(l));

	ir_store(&l->b, r.at, 0, 8, ir_const(&l->b, event));
	return r;
}

/* ---- into perf buffers ---------------------------------------------------------------------- */

static void output_here(struct lower *l, struct ir_inst *ctx, struct ir_inst *at,
                        struct ir_inst *size)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *ret = ir_callv(b, BPF_FUNC_perf_event_output, PTR_NONE, ctx,
	                               ir_map(b, l->ring), ir_const(b, 0xffffffff), at, size);

	count_failed(l, ret, lower_block(l), false);
}

static void output(struct lower *l, const struct record *r)
{
	static const enum ir_ptr params[] = {PTR_CTX, PTR_VALUE, PTR_NONE};
	struct ir_inst *ctx = lower_ctx(l), *size = ir_const(&l->b, r->size_b);

	if (!ctx) {
		diag_error(l->u->diag, E_UNSUPPORTED, l->b.at,
		           "output from inside a loop needs a ring buffer (kernel 5.8)");
		return;
	}
	if (!r->is_shared) {
		output_here(l, ctx, r->at, size);
		return;
	}
	if (!l->records->output) {
		struct ir_builder outside = sub_begin(l, &l->records->output, "output", 3, params);

		output_here(l, ir_param(&l->b, 0), ir_param(&l->b, 1), ir_param(&l->b, 2));
		sub_end(l, &outside);
	}
	ir_call_func(&l->b, l->records->output, 3, (struct ir_inst *[]){ctx, r->at, size});
}

/* ---- any of them ---------------------------------------------------------------------------- */

void lower_record_end(struct lower *l, struct record *r)
{
	if (is_iter(l))
		lower_iter_write(l, r->at, r->size_b);
	else if (lower_uses_ring(l))
		submit(l, r);
	else
		output(l, r);
	ir_jump(&l->b, r->done);
	lower_enter(l, r->done);
}

static void fill(struct lower *l, struct ir_inst *at, const struct record_field *fields, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		ir_store(&l->b, at, fields[i].off_b, fields[i].width, fields[i].value);
}

/* Does the kernel's verifier know it as a number, not as a pointer whose value somebody wants? */
static bool is_number(const struct ir_inst *i)
{
	switch (i->op) {
	case IR_ADD:
	case IR_SUB:
	case IR_NEG:
		for (uint32_t k = 0; k < i->n_args; k++)
			if (!is_number(i->args[k]))
				return false;
		return true;
	case IR_LOAD:
		return i->width < 8 || i->args[0]->ptr == PTR_VALUE;
	case IR_CALL:
		return i->ptr == PTR_NONE;
	case IR_CONST:
	case IR_MUL:
	case IR_UDIV:
	case IR_UMOD:
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
	case IR_EXT:
	case IR_CMP:
		return true;
	default:
		return false;
	}
}

static bool are_numbers(const struct record_field *fields, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!is_number(fields[i].value))
			return false;
	return true;
}

static bool has_form(const struct record_form *f, uint32_t size_b,
                     const struct record_field *fields, uint32_t n, bool wake, bool is_global)
{
	if (f->size_b != size_b || f->n_fields != n || f->wake != wake || f->is_global != is_global)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (f->fields[i].off_b != fields[i].off_b || f->fields[i].width != fields[i].width)
			return false;
	return true;
}

/* The sub-program takes the head, then the fields' values. */
static struct ir_func *make_form(struct lower *l, const struct record_form *f)
{
	static const enum ir_ptr params[1 + RECORD_FIELDS]; /* PTR_NONE */
	struct record_field fields[RECORD_FIELDS];
	struct ir_func *func;
	struct ir_builder outside =
	    sub_begin(l, &func, arena_printf(l->a, "record%zu", l->records->forms.n),
	              1 + f->n_fields, params);
	struct record r = begin(l, f->size_b, f->wake, false);

	func->is_global = f->is_global;
	ir_store(&l->b, r.at, 0, 8, ir_param(&l->b, 0));
	for (uint32_t i = 0; i < f->n_fields; i++) {
		fields[i] = f->fields[i];
		fields[i].value = ir_param(&l->b, 1 + i);
	}
	fill(l, r.at, fields, f->n_fields);
	lower_record_end(l, &r);
	sub_end(l, &outside);
	return func;
}

/* NULL: there are enough. */
static struct ir_func *form_of(struct lower *l, uint32_t size_b, const struct record_field *fields,
                               uint32_t n, bool wake)
{
	bool is_global = are_numbers(fields, n);
	struct record_form *f;

	vec_each (known, &l->records->forms)
		if (has_form(known, size_b, fields, n, wake, is_global))
			return known->func;
	if (n > RECORD_FIELDS || l->records->forms.n == FORMS)
		return NULL;
	f = vec_add(l->a, &l->records->forms);
	*f = (struct record_form){
	    .size_b = size_b, .n_fields = n, .wake = wake, .is_global = is_global};
	memcpy(f->fields, fields, n * sizeof(*fields));
	return f->func = make_form(l, f);
}

void lower_record_of_registers(struct lower *l, uint64_t head, uint32_t size_b,
                               const struct record_field *fields, uint32_t n, bool wake)
{
	bool is_shared = next_is_shared(l);
	struct ir_inst *first = ir_const(&l->b, (int64_t)head), *args[1 + RECORD_FIELDS] = {first};
	struct ir_func *func =
	    is_shared && lower_uses_ring(l) ? form_of(l, size_b, fields, n, wake) : NULL;
	struct record r;

	if (func) {
		for (uint32_t i = 0; i < n; i++)
			args[1 + i] = fields[i].value;
		ir_call_func(&l->b, func, 1 + n, args);
		return;
	}
	r = begin(l, size_b, wake, is_shared);
	ir_store(&l->b, r.at, 0, 8, first);
	fill(l, r.at, fields, n);
	lower_record_end(l, &r);
}

static void copy_here(struct lower *l, struct ir_inst *at, struct ir_inst *size, bool wake,
                      bool is_shared)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *flags = wake ? ir_const(b, RING_FORCE_WAKEUP) : wake_flags(l, size, size);
	struct ir_inst *ret =
	    ir_callv(b, BPF_FUNC_ringbuf_output, PTR_NONE, ir_map(b, l->ring), at, size, flags);

	count_failed(l, ret, lower_block(l), is_shared);
}

void lower_record_copy(struct lower *l, struct ir_inst *at, struct ir_inst *size, bool wake)
{
	static const enum ir_ptr params[] = {PTR_VALUE, PTR_NONE};
	bool is_shared = next_is_shared(l);

	l->has_ring = true;
	if (!is_shared || wake) {
		copy_here(l, at, size, wake, is_shared);
		return;
	}
	if (!l->records->copy) {
		struct ir_builder outside = sub_begin(l, &l->records->copy, "copy", 2, params);

		copy_here(l, ir_param(&l->b, 0), ir_param(&l->b, 1), false, false);
		sub_end(l, &outside);
	}
	ir_call_func(&l->b, l->records->copy, 2, (struct ir_inst *[]){at, size});
}
