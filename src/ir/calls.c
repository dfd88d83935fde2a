/* Limits of a program's calls (check_max_stack_depth() in kernel/bpf/verifier.c, v4.16 and later):
 * 256 functions, 8 frames on top of each other, 512 bytes of stack in all of these. Frames count in
 * steps of 32 bytes. A callback counts where its address is taken. */
#include "ir/mach.h"

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "bpf/insn.h"

enum { FUNCS_MAX = 256, FRAMES_MAX = 8, STEP_B = 32 };

/* A call on the way to the deepest; func 0, which nobody calls: there is none. */
struct step {
	uint32_t func;
	struct span at;
};

/* Of a function and the deepest that it calls. */
struct depth {
	uint32_t n_frames, stack_b;
	struct step to_frames, to_stack;
	bool is_known;
};

struct calls {
	const struct ir_unit *u;
	const uint32_t *frame_b;
	struct depth *depths;
};

static bool leads_on(const struct ir_inst *i)
{
	return i->op == IR_CALL_FUNC || i->op == IR_FUNC;
}

static void measure(struct calls *c, const struct ir_func *f);

static void follow(struct calls *c, struct depth *own, struct step step)
{
	const struct depth *other = &c->depths[step.func];

	measure(c, c->u->funcs.items[step.func]);
	if (other->n_frames > own->n_frames) {
		own->n_frames = other->n_frames;
		own->to_frames = step;
	}
	if (other->stack_b > own->stack_b) {
		own->stack_b = other->stack_b;
		own->to_stack = step;
	}
}

/* Callees before callers; nothing of ours is recursive, and what foreign code is ends here. */
static void measure(struct calls *c, const struct ir_func *f)
{
	struct depth *own = &c->depths[f->index];
	uint32_t frame_b = (c->frame_b[f->index] + STEP_B - 1) / STEP_B * STEP_B;

	if (own->is_known)
		return;
	own->is_known = true;
	for (uint32_t i = 0; f->foreign && i < f->foreign->n_refs; i++)
		follow(c, own, (struct step){f->foreign->refs[i].func, f->foreign->at});
	vec_each (b, &f->blocks) {
		vec_each (i, &(*b)->insts)
			if (leads_on(*i))
				follow(c, own, (struct step){(*i)->ref, (*i)->at});
	}
	own->n_frames++;
	own->stack_b += frame_b ? frame_b : STEP_B;
}

static void hint_chain(const struct calls *c, struct diag *d, bool is_stack)
{
	enum { SHOWN = 12 };
	own_strbuf struct strbuf chain = {0};
	uint32_t f = 0, n = 0;

	for (;;) {
		const struct depth *depth = &c->depths[f];
		const struct step *step = is_stack ? &depth->to_stack : &depth->to_frames;
		const char *name = c->u->funcs.items[f]->name;

		sb_addf(&chain, "%s%s", n ? " > " : "", name ? name : c->u->name);
		if (is_stack)
			sb_addf(&chain, " (%u)", c->frame_b[f]);
		if (!step->func || ++n == SHOWN)
			break;
		f = step->func;
	}
	diag_hint(d, "the deepest calls: %s%s", sb_str(&chain), n == SHOWN ? " > ..." : "");
}

bool ir_check_calls(const struct ir_unit *u, const uint32_t *frame_b, struct arena *scratch,
                    struct diag *d)
{
	struct calls c = {u, frame_b, arena_array(scratch, struct depth, u->funcs.n)};
	const struct depth *all = &c.depths[0];

	if (u->funcs.n > FUNCS_MAX) {
		diag_error(d, E_LIMIT, NO_SPAN,
		           "%s calls %zu functions, loops among them; a program has at most %d",
		           u->name, u->funcs.n - 1, FUNCS_MAX - 1);
		return false;
	}
	measure(&c, u->funcs.items[0]);
	if (all->n_frames > FRAMES_MAX) {
		diag_error(d, E_LIMIT, all->to_frames.at,
		           "The calls from here are %u deep, loops among them; a program has at "
		           "most %d",
		           all->n_frames - 1, FRAMES_MAX - 1);
		hint_chain(&c, d, false);
		return false;
	}
	/* A single frame that is too large was refused before. */
	if (all->stack_b > BPF_STACK_B && all->to_stack.func) {
		diag_error(d, E_LIMIT, all->to_stack.at,
		           "The calls from here need %u bytes of stack; a program has %d",
		           all->stack_b, BPF_STACK_B);
		hint_chain(&c, d, true);
		return false;
	}
	return true;
}
