/* Lowering of dw_ustack: a walk through user frames without frame pointers, in the kernel.
 *
 * The rules of unwind/unwind.h lie in maps that the engine fills (image.h says how). One frame is
 * one round of bpf_loop(): the place of the frame's address among the process's mappings (kept from
 * the frame before, as callers are mostly near), the row for it in that file's tree, the rule, and
 * with it the caller's registers, read from the user's stack. unwind/walk.c does the same in C.
 *
 * The search in a node has no branches: each step adds a power of two or nothing, so that the
 * verifier follows one way instead of 256. */
#include "script/lower.h"

#include <linux/bpf.h>
#include <stddef.h>

#include "base/arena.h"
#include "script/lower_arch.h"
#include "unwind/unwind.h"

/* DWARF numbers to offsets in struct pt_regs. */
#if defined(__aarch64__)
enum { IS_ARM64 = 1, REG_FP_OFF = 232, REG_LR_OFF = 240 };
static const int16_t by_number[] = {
    0,   8,   16,  24,  32,  40,  48,  56,  64,  72,  80,  88,  96,  104, 112, 120,
    128, 136, 144, 152, 160, 168, 176, 184, 192, 200, 208, 216, 224, 232, 240, 248,
};
#else
enum { IS_ARM64 = 0, REG_FP_OFF = 32, REG_LR_OFF = 0 };
static const int16_t by_number[] = {80, 96, 88, 40, 104, 112, 32, 152,
                                    72, 64, 56, 48, 24,  16,  8,  0};
#endif

enum { WANTED_N = 256 };

/* The walk's state, in scratch memory: 64-bit words. */
enum {
	ST_PC = 0,
	ST_SP = 8,
	ST_FP = 16,
	ST_LR = 24,
	ST_N = 32,        /* frames so far */
	ST_EXACT = 40,    /* 1: pc is the instruction itself */
	ST_IS_FIRST = 48, /* 1: ST_REGS hold */
	ST_PID = 56,
	ST_PLACE = 64, /* struct image_unwind_place of the frame before; zeros: none */
	ST_REGS = ST_PLACE + sizeof(struct image_unwind_place),
	ST_SIZE = ST_REGS + 8 * ARCH_N(by_number),
};

/* One round being written. */
struct round {
	struct lower *l;
	struct ir_inst *state;
	struct ir_block *stop;
	uint32_t word, key; /* slots */
};

struct walk {
	uint32_t state, frames; /* scratch */
	uint32_t depth;
};

static uint32_t map_of(struct lower *l, enum map_role role)
{
	static const struct {
		const char *name;
		uint32_t type, key_b, value_b, n;
		bool grows;
	} rows[] = {
	    [MAP_UNWIND_PLACES] = {"unwind_places", BPF_MAP_TYPE_LPM_TRIE,
	                           sizeof(struct image_unwind_key),
	                           sizeof(struct image_unwind_place), 1 << 20, true},
	    [MAP_UNWIND_NODES] = {"unwind_nodes", BPF_MAP_TYPE_HASH, 4,
	                          IMAGE_UNWIND_NODE_ROWS * sizeof(struct unwind_row), 1 << 14,
	                          false},
	    [MAP_UNWIND_RULES] = {"unwind_rules", BPF_MAP_TYPE_ARRAY, 4, 8, 1 << 14, false},
	    [MAP_UNWIND_WANTED] = {"unwind_wanted", BPF_MAP_TYPE_HASH, 4, 4, WANTED_N, false},
	};
	struct image_map *m;
	uint32_t i;

	for (i = 0; i < l->img->maps.n; i++)
		if (l->img->maps.items[i].role == role)
			return i;
	i = lower_add_map(l, role, rows[role].name, rows[role].type, rows[role].key_b,
	                  rows[role].value_b, rows[role].n);
	m = &l->img->maps.items[i];
	if (rows[role].grows)
		m->flags = BPF_F_NO_PREALLOC; /* the trie knows no other way */
	if (role == MAP_UNWIND_NODES && l->opts->target.has_mem_alloc)
		m->flags = BPF_F_NO_PREALLOC;
	else if (role == MAP_UNWIND_NODES)
		m->max_entries = 1 << 11; /* 4 MiB at once */
	return i;
}

static struct ir_inst *get(struct round *r, int64_t off_b)
{
	return ir_load(&r->l->b, r->state, off_b, 8, false, PTR_NONE);
}

static void put(struct round *r, int64_t off_b, struct ir_inst *v)
{
	ir_store(&r->l->b, r->state, off_b, 8, v);
}

/* Go on if the condition holds, else end the walk. */
static void need(struct round *r, enum ir_cond cond, struct ir_inst *x, struct ir_inst *y)
{
	struct ir_block *ok = lower_block(r->l);

	ir_branch(&r->l->b, cond, x, y, ok, r->stop);
	lower_enter(r->l, ok);
}

static struct ir_inst *look_up(struct round *r, enum map_role role, struct ir_inst *key)
{
	struct ir_builder *b = &r->l->b;
	struct ir_inst *at = ir_slot_addr(b, r->key), *v;

	ir_store(b, at, 0, 4, key);
	v = ir_callv(b, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(b, map_of(r->l, role)), at);
	need(r, COND_NE, v, ir_const(b, 0));
	return v;
}

static struct ir_inst *read_word(struct round *r, struct ir_inst *address)
{
	struct ir_builder *b = &r->l->b;
	struct ir_inst *at = ir_slot_addr(b, r->word), *err;

	err = ir_callv(b, BPF_FUNC_probe_read_user, PTR_NONE, at, ir_const(b, 8), address);
	need(r, COND_EQ, err, ir_const(b, 0));
	return ir_load(b, ir_slot_addr(b, r->word), 0, 8, false, PTR_NONE);
}

/* ---- where is it? --------------------------------------------------------------------------- */

/* Leaves the place of `at` in the state. */
static void find_place(struct round *r, struct ir_inst *at)
{
	struct lower *l = r->l;
	struct ir_builder *b = &l->b;
	struct ir_block *above = lower_block(l), *other = lower_block(l), *here = lower_block(l);
	struct ir_block *known = lower_block(l), *unknown = lower_block(l);
	struct ir_inst *key, *v;

	ir_branch(b, COND_UGE, at, get(r, ST_PLACE + offsetof(struct image_unwind_place, start)),
	          above, other);
	lower_enter(l, above);
	ir_branch(b, COND_ULT, at, get(r, ST_PLACE + offsetof(struct image_unwind_place, end)),
	          here, other);
	lower_enter(l, other);
	key = ir_slot_addr(b, r->key);
	ir_store(b, key, offsetof(struct image_unwind_key, prefix_bits), 4, ir_const(b, 96));
	ir_store(b, key, offsetof(struct image_unwind_key, pid), 4, get(r, ST_PID));
	ir_store(b, key, offsetof(struct image_unwind_key, address_be), 8, ir_bswap(b, at, 8));
	v = ir_callv(b, BPF_FUNC_map_lookup_elem, PTR_VALUE,
	             ir_map(b, map_of(l, MAP_UNWIND_PLACES)), key);
	unknown->is_unlikely = true;
	ir_branch(b, COND_NE, v, ir_const(b, 0), known, unknown);
	lower_enter(l, unknown); /* for the engine to look at */
	key = ir_slot_addr(b, r->key);
	ir_store(b, key, 0, 4, get(r, ST_PID));
	ir_store(b, key, 4, 4, ir_const(b, 0));
	ir_callv(b, BPF_FUNC_map_update_elem, PTR_NONE, ir_map(b, map_of(l, MAP_UNWIND_WANTED)),
	         key, ir_bin_imm(b, IR_ADD, key, 4), ir_const(b, BPF_NOEXIST));
	ir_jump(b, r->stop);
	lower_enter(l, known);
	for (size_t i = 0; i < sizeof(struct image_unwind_place); i += 8)
		put(r, ST_PLACE + (int64_t)i, ir_load(b, v, (int64_t)i, 8, false, PTR_NONE));
	ir_jump(b, here);
	lower_enter(l, here);
}

/* The rule for an address, counted from the file's first, by its tree. */
static struct ir_inst *find_rule(struct round *r, struct ir_inst *rel, struct ir_inst *levels)
{
	struct lower *l = r->l;
	struct ir_builder *b = &l->b;
	struct ir_block *head = lower_block(l), *more = lower_block(l), *down = lower_block(l);
	struct ir_block *found = lower_block(l);
	ir_var level = ir_var_new(l->fn->f), number = ir_var_new(l->fn->f);
	struct ir_inst *i, *node, *pos, *less;

	ir_var_set(b, level, ir_const(b, 0));
	ir_var_set(b, number,
	           ir_load(b, r->state, ST_PLACE + offsetof(struct image_unwind_place, root), 4,
	                   false, PTR_NONE));
	ir_jump(b, head);
	b->block = head;
	i = ir_var_get(b, level);
	ir_branch(b, COND_ULT, i, ir_const(b, IMAGE_UNWIND_MOST_LEVELS), more, found);
	lower_enter(l, more);
	ir_branch(b, COND_ULT, i, levels, down, found);
	lower_enter(l, down);
	node = look_up(r, MAP_UNWIND_NODES, ir_var_get(b, number));
	pos = node;
	for (uint32_t half = IMAGE_UNWIND_NODE_ROWS / 2; half; half /= 2) {
		less = ir_load(b, pos, half * 8, 4, false, PTR_NONE);
		less = ir_bin_imm(b, IR_SHR, ir_bin(b, IR_SUB, rel, less), 63); /* 1: not there */
		less = ir_bin_imm(b, IR_AND, ir_bin_imm(b, IR_SUB, less, 1), half * 8);
		pos = ir_bin(b, IR_ADD, pos, less);
	}
	ir_var_set(b, number, ir_load(b, pos, 4, 4, false, PTR_NONE));
	ir_var_set(b, level, ir_bin_imm(b, IR_ADD, i, 1));
	ir_jump(b, head);
	ir_seal(head);
	lower_enter(l, found);
	node = look_up(r, MAP_UNWIND_RULES, ir_var_get(b, number));
	return ir_load(b, node, 0, 8, false, PTR_NONE);
}

/* ---- what does the rule say? ---------------------------------------------------------------- */

static struct ir_inst *field(struct round *r, struct ir_inst *rule, unsigned shift, unsigned bits)
{
	return ir_bin_imm(&r->l->b, IR_AND, ir_bin_imm(&r->l->b, IR_SHR, rule, shift),
	                  ((int64_t)1 << bits) - 1);
}

static struct ir_inst *signed_field(struct round *r, struct ir_inst *rule, unsigned shift,
                                    unsigned bits)
{
	struct ir_inst *top = ir_bin_imm(&r->l->b, IR_SHL, rule, 64 - shift - bits);

	return ir_bin_imm(&r->l->b, IR_SAR, top, 64 - bits);
}

/* One of several: each case sets a variable and goes on behind them. */
struct choice {
	struct round *r;
	struct ir_inst *of;
	struct ir_block *next, *done;
	ir_var result;
};

static struct choice choice_begin(struct round *r, struct ir_inst *of)
{
	return (struct choice){r, of, NULL, lower_block(r->l), ir_var_new(r->l->fn->f)};
}

static void choice_case(struct choice *c, int64_t value)
{
	struct ir_block *yes = lower_block(c->r->l);

	c->next = lower_block(c->r->l);
	ir_branch(&c->r->l->b, COND_EQ, c->of, ir_const(&c->r->l->b, value), yes, c->next);
	lower_enter(c->r->l, yes);
}

static void choice_is(struct choice *c, struct ir_inst *v)
{
	ir_var_set(&c->r->l->b, c->result, v);
	ir_jump(&c->r->l->b, c->done);
	if (c->next)
		lower_enter(c->r->l, c->next);
	c->next = NULL;
}

static struct ir_inst *choice_end(struct choice *c)
{
	lower_enter(c->r->l, c->done);
	return ir_var_get(&c->r->l->b, c->result);
}

static struct ir_inst *find_cfa(struct round *r, struct ir_inst *rule, struct ir_inst *at)
{
	struct ir_builder *b = &r->l->b;
	struct choice c = choice_begin(r, field(r, rule, 0, UNWIND_CFA_BITS));
	struct ir_inst *off = signed_field(r, rule, UNWIND_OFF_SHIFT, UNWIND_OFF_BITS);
	struct ir_inst *param = field(r, rule, UNWIND_PARAM_SHIFT, UNWIND_PARAM_BITS), *v;
	struct ir_block *pushed = lower_block(r->l), *not_yet = lower_block(r->l);

	choice_case(&c, UNWIND_SP);
	choice_is(&c, ir_bin(b, IR_ADD, get(r, ST_SP), off));
	choice_case(&c, UNWIND_FP);
	choice_is(&c, ir_bin(b, IR_ADD, get(r, ST_FP), off));
	choice_case(&c, UNWIND_SP_DEREF);
	choice_is(&c, ir_bin(b, IR_ADD, read_word(r, ir_bin(b, IR_ADD, get(r, ST_SP), off)),
	                     ir_bin_imm(b, IR_SHL, param, 3)));
	choice_case(&c, UNWIND_FP_DEREF);
	choice_is(&c, ir_bin(b, IR_ADD, read_word(r, ir_bin(b, IR_ADD, get(r, ST_FP), off)),
	                     ir_bin_imm(b, IR_SHL, param, 3)));
	choice_case(&c, UNWIND_REG);
	need(r, COND_NE, get(r, ST_IS_FIRST), ir_const(b, 0));
	need(r, COND_ULT, param, ir_const(b, ARCH_N(by_number)));
	v = ir_bin(b, IR_ADD, r->state, ir_bin_imm(b, IR_SHL, param, 3));
	choice_is(&c, ir_bin(b, IR_ADD, ir_load(b, v, ST_REGS, 8, false, PTR_NONE), off));
	if (IS_ARM64) {
		ir_jump(b, r->stop);
		return choice_end(&c);
	}
	need(r, COND_EQ, c.of, ir_const(b, UNWIND_PLT));
	off = ir_bin(b, IR_ADD, get(r, ST_SP), off);
	ir_branch(b, COND_UGE, ir_bin_imm(b, IR_AND, at, 15), param, pushed, not_yet);
	lower_enter(r->l, pushed);
	choice_is(&c, ir_bin_imm(b, IR_ADD, off, 8));
	lower_enter(r->l, not_yet);
	choice_is(&c, off);
	return choice_end(&c);
}

static struct ir_inst *find_saved(struct round *r, struct ir_inst *rule, unsigned shift,
                                  struct ir_inst *cfa, struct ir_inst *same)
{
	struct ir_builder *b = &r->l->b;
	struct ir_inst *off = signed_field(r, rule, shift + 2, UNWIND_SAVED_BITS);
	struct choice base, c = choice_begin(r, field(r, rule, shift, 2));

	off = ir_bin_imm(b, IR_SHL, off, 3);
	choice_case(&c, UNWIND_SAME);
	choice_is(&c, same);
	base = choice_begin(r, c.of);
	choice_case(&base, UNWIND_AT_CFA);
	choice_is(&base, cfa);
	choice_case(&base, UNWIND_AT_SP);
	choice_is(&base, get(r, ST_SP));
	choice_is(&base, get(r, ST_FP));
	choice_is(&c, read_word(r, ir_bin(b, IR_ADD, choice_end(&base), off)));
	return choice_end(&c);
}

static struct ir_inst *unsigned_address(struct round *r, struct ir_inst *v)
{
	return IS_ARM64 ? ir_bin_imm(&r->l->b, IR_AND, v, ((int64_t)1 << UNWIND_ARM64_VA_BITS) - 1)
	                : v;
}

/* The state becomes the caller's. */
static void step_by_rule(struct round *r, struct ir_inst *rule, struct ir_inst *at)
{
	struct lower *l = r->l;
	struct ir_builder *b = &l->b;
	struct ir_block *shrinks = lower_block(l), *odd = lower_block(l), *ok = lower_block(l);
	struct ir_inst *cfa = find_cfa(r, rule, at), *pc, *fp, *is_signal, *may_stay;

	if (IS_ARM64) {
		struct ir_block *has_lr = lower_block(l), *saved = lower_block(l);

		ir_branch(b, COND_NE, field(r, rule, UNWIND_RA_SHIFT, 2), ir_const(b, UNWIND_SAME),
		          saved, has_lr);
		lower_enter(l, has_lr);
		need(r, COND_NE, get(r, ST_LR), ir_const(b, 0));
		ir_jump(b, saved);
		lower_enter(l, saved);
	}
	pc = find_saved(r, rule, UNWIND_RA_SHIFT, cfa, get(r, ST_LR));
	fp = find_saved(r, rule, UNWIND_FP_SHIFT, cfa, get(r, ST_FP));
	pc = unsigned_address(r, pc);
	need(r, COND_NE, pc, ir_const(b, 0));
	is_signal = field(r, rule, UNWIND_SIGNAL_BIT, 1);
	may_stay = IS_ARM64 ? ir_bin(b, IR_OR, is_signal, get(r, ST_LR)) : is_signal;
	ir_branch(b, COND_UGT, cfa, get(r, ST_SP), shrinks, odd);
	lower_enter(l, odd);
	need(r, COND_NE, may_stay, ir_const(b, 0));
	ir_jump(b, shrinks);
	lower_enter(l, shrinks);
	if (IS_ARM64) {
		struct ir_block *signaled = lower_block(l), *plain = lower_block(l);
		struct ir_inst *lr;

		ir_branch(b, COND_NE, is_signal, ir_const(b, 0), signaled, plain);
		lower_enter(l, signaled);
		lr = read_word(r, ir_bin_imm(b, IR_ADD, get(r, ST_SP), UNWIND_ARM64_SIGFRAME_LR));
		put(r, ST_LR, lr);
		ir_jump(b, ok);
		lower_enter(l, plain);
		put(r, ST_LR, ir_const(b, 0));
	}
	ir_jump(b, ok);
	lower_enter(l, ok);
	put(r, ST_PC, pc);
	put(r, ST_SP, cfa);
	put(r, ST_FP, fp);
	put(r, ST_EXACT, is_signal);
}

/* Code without tables: perhaps it keeps frame pointers. */
static void step_by_fp(struct round *r)
{
	struct ir_builder *b = &r->l->b;
	struct ir_inst *fp = get(r, ST_FP), *sp = get(r, ST_SP), *caller, *pc;

	need(r, COND_EQ, ir_bin_imm(b, IR_AND, fp, 7), ir_const(b, 0));
	need(r, COND_UGE, fp, sp);
	need(r, COND_ULE, ir_bin(b, IR_SUB, fp, sp), ir_const(b, UNWIND_MOST_FRAME_B));
	caller = read_word(r, fp);
	pc = unsigned_address(r, read_word(r, ir_bin_imm(b, IR_ADD, fp, 8)));
	need(r, COND_NE, pc, ir_const(b, 0));
	put(r, ST_PC, pc);
	put(r, ST_SP, ir_bin_imm(b, IR_ADD, fp, 16));
	put(r, ST_FP, caller);
	put(r, ST_EXACT, ir_const(b, 0));
	if (IS_ARM64)
		put(r, ST_LR, ir_const(b, 0));
}

/* ---- the walk ------------------------------------------------------------------------------- */

static void one_frame(struct lower *l, struct ir_inst *i, struct ir_block *stop, void *arg)
{
	const struct walk *w = arg;
	struct ir_builder *b = &l->b;
	struct round r = {.l = l, .stop = stop, .state = lower_scratch_at(l, w->state)};
	struct ir_block *by_rule = lower_block(l), *by_fp = lower_block(l), *done = lower_block(l);
	struct ir_inst *n, *at, *rel, *pc, *frame, *levels;

	(void)i;
	r.word = ir_slot_new(b, 8, 8, "word");
	r.key = ir_slot_new(b, sizeof(struct image_unwind_key), 8, "key");
	n = get(&r, ST_N);
	need(&r, COND_ULT, n, ir_const(b, w->depth));
	pc = get(&r, ST_PC);
	frame = ir_bin(b, IR_ADD, lower_scratch_at(l, w->frames), ir_bin_imm(b, IR_SHL, n, 3));
	ir_store(b, frame, 0, 8, pc);
	put(&r, ST_N, ir_bin_imm(b, IR_ADD, n, 1));
	at = ir_bin_imm(b, IR_SUB, ir_bin(b, IR_ADD, pc, get(&r, ST_EXACT)), 1);
	find_place(&r, at);
	levels = ir_load(b, r.state, ST_PLACE + offsetof(struct image_unwind_place, levels), 4,
	                 false, PTR_NONE);
	ir_branch(b, COND_NE, levels, ir_const(b, 0), by_rule, by_fp);
	lower_enter(l, by_rule);
	rel =
	    ir_bin(b, IR_SUB, at, get(&r, ST_PLACE + offsetof(struct image_unwind_place, origin)));
	need(&r, COND_ULT, rel, ir_const(b, UINT32_MAX));
	step_by_rule(&r, find_rule(&r, rel, levels), at);
	ir_jump(b, done);
	lower_enter(l, by_fp);
	step_by_fp(&r);
	ir_jump(b, done);
	lower_enter(l, done);
	put(&r, ST_IS_FIRST, ir_const(b, 0));
}

/* Is the context the user's registers? */
static bool has_user_regs(const struct lower *l)
{
	return l->probe->kind == PROBE_UPROBE || l->probe->kind == PROBE_URETPROBE ||
	       l->probe->kind == PROBE_USDT;
}

/* Where the thread was when it came into the kernel, for whatever reason: the registers at the
 * bottom of its kernel stack. Goes to `none` for threads of the kernel, which have no user side. */
static struct ir_inst *entry_regs(struct lower *l, struct ir_block *none)
{
	struct ir_builder *b = &l->b;
	struct ir_block *ok = lower_block(l);
	struct ir_inst *regs, *mode;

	regs = ir_callv(b, BPF_FUNC_get_current_task_btf, PTR_BTF);
	regs = ir_callv(b, BPF_FUNC_task_pt_regs, PTR_BTF, regs);
	mode = ir_load(b, regs, ARCH_CS, 1, false, PTR_NONE);
	if (IS_ARM64) /* PSTATE.M: exception level 0 */
		ir_branch(b, COND_EQ, ir_bin_imm(b, IR_AND, mode, 15), ir_const(b, 0), ok, none);
	else
		ir_branch(b, COND_EQ, ir_bin_imm(b, IR_AND, mode, 3), ir_const(b, 3), ok, none);
	lower_enter(l, ok);
	return regs;
}

static bool is_possible(struct lower *l, struct span at)
{
	const struct script_target *t = &l->opts->target;

	if (!t->has_bpf_loop)
		diag_error(l->u->diag, E_UNSUPPORTED, at, "dw_ustack needs bpf_loop (kernel 5.17)");
	else if (!has_user_regs(l) && (!t->has_task_pt_regs || !t->has_task_btf))
		diag_error(l->u->diag, E_UNSUPPORTED, at,
		           "dw_ustack needs bpf_task_pt_regs (kernel 5.15) but in uprobe and usdt "
		           "probes");
	else
		return true;
	return false;
}

struct ir_inst *lower_unwind(struct lower *l, uint32_t frames, uint32_t depth, struct span at)
{
	struct ir_builder *b = &l->b;
	struct ir_block *done = lower_block(l);
	ir_var len = ir_var_new(l->fn->f);
	struct walk w = {.frames = frames, .depth = depth};
	struct ir_inst *regs, *state;

	if (!is_possible(l, at))
		return ir_const(b, 0);
	w.state = lower_scratch_alloc(l, ST_SIZE);
	state = lower_scratch_at(l, w.state);
	ir_var_set(b, len, ir_const(b, 0));
	regs = has_user_regs(l) ? lower_ctx(l) : entry_regs(l, done);
	ir_zero(b, state, ST_REGS, 8);
	ir_store(b, state, ST_PC, 8, ir_load(b, regs, ARCH_IP, 8, false, PTR_NONE));
	ir_store(b, state, ST_SP, 8, ir_load(b, regs, ARCH_SP, 8, false, PTR_NONE));
	ir_store(b, state, ST_FP, 8, ir_load(b, regs, REG_FP_OFF, 8, false, PTR_NONE));
	if (IS_ARM64)
		ir_store(b, state, ST_LR, 8, ir_load(b, regs, REG_LR_OFF, 8, false, PTR_NONE));
	for (size_t i = 0; i < ARCH_N(by_number); i++)
		ir_store(b, state, ST_REGS + 8 * (int64_t)i, 8,
		         ir_load(b, regs, by_number[i], 8, false, PTR_NONE));
	ir_store(b, state, ST_EXACT, 8, ir_const(b, 1));
	ir_store(b, state, ST_IS_FIRST, 8, ir_const(b, 1));
	ir_store(b, state, ST_PID, 8, lower_pid_tgid(l, true, false));
	lower_repeat(l, depth, one_frame, &w);
	state = lower_scratch_at(l, w.state);
	ir_var_set(b, len, ir_bin_imm(b, IR_SHL, ir_load(b, state, ST_N, 8, false, PTR_NONE), 3));
	ir_jump(b, done);
	lower_enter(l, done);
	return ir_var_get(b, len);
}
