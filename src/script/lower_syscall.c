/* System calls: all `tracepoint:syscalls:*` probes as one program on the raw tracepoint sys_enter
 * (one on sys_exit) that dispatches on the call's number. Probes that are too many for one program
 * become several. */
#include "script/lower.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "script/lower_arch.h"

enum {
	SYSCALL_TABLE_N = 512,
	SYSCALL_COMPARES = 3, /* up to so many numbers are compared one by one */
	CHAIN_MOST = 8,       /* probes: more are searched by halves */
	/* Of one program. The kernel lets it use 64 maps, some of which are our own; jumps reach
	 * 32,767 instructions, of which a node takes fewer than two. */
	MAPS_MOST = 48,
	NODES_MOST = 1500,
};

typedef vec(struct probe *) probes_of_one;

bool lower_is_dispatched(struct lower *l, const struct probe *pr, bool is_enter)
{
	if (pr->kind != PROBE_TRACEPOINT || !lower_has_raw_tracepoints(l) || lower_prefers_perf(pr))
		return false;
	vec_each (t, &pr->targets)
		if (!t->category || strcmp(t->category, "syscalls") || t->syscall_nr < 0 ||
		    t->syscall_nr >= SYSCALL_TABLE_N ||
		    !strncmp(t->func, "sys_enter_", 10) != is_enter)
			return false;
	return true;
}

/* Branch to `yes` with l->target_index set if `nr` is one of the probe's system calls. */
static void dispatch(struct lower *l, struct probe *pr, struct ir_inst *nr, struct ir_block *no)
{
	uint16_t table[SYSCALL_TABLE_N] = {0};
	struct ir_block *yes, *bounded;
	struct ir_inst *entry;

	if (pr->targets.n <= SYSCALL_COMPARES && (pr->targets.n == 1 || !pr->uses_probe_name)) {
		yes = lower_block(l);
		for (size_t i = 0; i < pr->targets.n; i++) {
			bool is_last = i + 1 == pr->targets.n;
			struct ir_block *next = is_last ? no : lower_block(l);

			ir_branch(&l->b, COND_EQ, nr,
			          ir_const(&l->b, pr->targets.items[i].syscall_nr), yes, next);
			if (!is_last)
				lower_enter(l, next);
		}
		lower_enter(l, yes);
		return;
	}
	for (size_t i = 0; i < pr->targets.n; i++)
		table[pr->targets.items[i].syscall_nr] = (uint16_t)(i + 1);
	bounded = lower_block(l);
	yes = lower_block(l);
	ir_branch(&l->b, COND_ULT, nr, ir_const(&l->b, SYSCALL_TABLE_N), bounded, no);
	lower_enter(l, bounded);
	entry = lower_rodata_addr(l, lower_rodata(l, table, sizeof(table), 8));
	entry = ir_bin(&l->b, IR_ADD, entry, ir_bin_imm(&l->b, IR_SHL, nr, 1));
	entry = ir_load(&l->b, entry, 0, 2, false, PTR_NONE);
	ir_branch(&l->b, COND_NE, entry, ir_const(&l->b, 0), yes, no);
	lower_enter(l, yes);
	l->target_index = ir_bin_imm(&l->b, IR_SUB, entry, 1);
}

/* The syscalls tracepoints leave out 32-bit calls of a 64-bit kernel (their numbers mean other
 * calls): trace_event's arch_trace_is_compat_syscall. */
static void skip_compat(struct lower *l, struct ir_block *no)
{
	const struct type *task = types_find(l->u->types, "struct task_struct");
	const struct field *info, *status;
	const struct type *info_type;
	uint32_t info_off, status_off;
	struct ir_block *go_on;
	struct ir_inst *v;

	info = task ? type_find_field(task, "thread_info", &info_off) : NULL;
	info_type = info ? types_complete(l->u->types, type_strip(info->type)) : NULL;
	status = info_type ? type_find_field(info_type, ARCH_COMPAT_FIELD, &status_off) : NULL;
	if (!status || !l->opts->target.has_task_btf)
		return;
	go_on = lower_block(l);
	v = ir_call(&l->b, BPF_FUNC_get_current_task_btf, PTR_BTF, 0, NULL);
	v = ir_load(&l->b, v, info_off + status_off, 4, false, PTR_NONE);
	ir_branch(&l->b, COND_SET, v, ir_const(&l->b, ARCH_COMPAT_MASK), no, go_on);
	lower_enter(l, go_on);
}

/* ---- how much fits a program ----------------------------------------------------------------- */

struct load {
	bool *has_map; /* by the map's id */
	uint32_t n_maps, n_nodes;
};

static void weigh(struct load *w, const struct node *n)
{
	if (!n)
		return;
	w->n_nodes++;
	if (n->kind == NODE_MAP && n->map && n->map->is_keyed && !w->has_map[n->map->id]) {
		w->has_map[n->map->id] = true;
		w->n_maps++;
	}
	for (uint32_t i = 0; i < n->n_args; i++)
		weigh(w, n->args[i]);
	vec_each (stmt, &n->stmts)
		weigh(w, *stmt);
}

/* The probes of the next program: as many of `all` from `from` on as fit, but one at least. */
static size_t fill(struct lower *l, const probes_of_one *all, size_t from, probes_of_one *ret)
{
	struct load w = {.has_map = arena_array(l->a, bool, l->u->maps.n + 1)};

	ret->n = 0;
	while (from < all->n) {
		weigh(&w, all->items[from]->predicate);
		weigh(&w, all->items[from]->body);
		if (ret->n && (w.n_maps > MAPS_MOST || w.n_nodes > NODES_MOST))
			break;
		vec_push(l->a, ret, all->items[from++]);
	}
	return from;
}

/* ---- dispatch -------------------------------------------------------------------------------- */

static int by_number(const void *va, const void *vb)
{
	const struct probe *a = *(struct probe *const *)va, *b = *(struct probe *const *)vb;
	int nr_a = a->targets.items[0].syscall_nr, nr_b = b->targets.items[0].syscall_nr;

	if (nr_a != nr_b)
		return nr_a < nr_b ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static void body(struct lower *l, struct probe *pr, struct ir_block *next)
{
	skip_compat(l, next);
	lower_body(l, pr);
	ir_jump(&l->b, next);
	lower_enter(l, next);
}

static void body_begin(struct lower *l, struct probe *pr)
{
	l->b.at = pr->at;
	l->target = pr->targets.n == 1 ? &pr->targets.items[0] : NULL;
	l->target_index = NULL;
	lower_probe_names(l, pr);
}

/* Of probes sorted by number, items[from..to): those of nr, in their order, then to `end`. */
static void search(struct lower *l, const probes_of_one *probes, size_t from, size_t to,
                   struct ir_inst *nr, struct ir_block *end)
{
	size_t mid = from + (to - from) / 2;
	int number = probes->items[mid]->targets.items[0].syscall_nr;
	struct ir_block *low, *high;

	while (mid > from && probes->items[mid - 1]->targets.items[0].syscall_nr == number)
		mid--;
	l->b.at = probes->items[mid]->at;
	if (mid == from) {
		/* The middle's number begins the list: is there another one behind it? */
		while (mid < to && probes->items[mid]->targets.items[0].syscall_nr == number)
			mid++;
		if (mid == to) {
			struct ir_block *next = lower_block(l);

			ir_branch(&l->b, COND_EQ, nr, ir_const(&l->b, (uint64_t)number), next, end);
			lower_enter(l, next);
			for (size_t i = from; i < to; i++) {
				body_begin(l, probes->items[i]);
				body(l, probes->items[i], lower_block(l));
			}
			ir_jump(&l->b, end);
			return;
		}
		number = probes->items[mid]->targets.items[0].syscall_nr;
	}
	low = lower_block(l);
	high = lower_block(l);
	ir_branch(&l->b, COND_ULT, nr, ir_const(&l->b, (uint64_t)number), low, high);
	lower_enter(l, low);
	search(l, probes, from, mid, nr, end);
	lower_enter(l, high);
	search(l, probes, mid, to, nr, end);
}

static void chain(struct lower *l, const probes_of_one *probes, struct ir_inst *nr,
                  struct ir_block *end)
{
	vec_each (prp, probes) {
		struct ir_block *next = lower_block(l);

		body_begin(l, *prp);
		dispatch(l, *prp, nr, next);
		body(l, *prp, next);
	}
	ir_jump(&l->b, end);
}

/* ---- programs -------------------------------------------------------------------------------- */

static bool one_program(struct lower *l, probes_of_one *probes, bool is_enter, uint32_t btf_id)
{
	const char *event = is_enter ? "sys_enter" : "sys_exit";
	struct image_program p = {.type = BPF_PROG_TYPE_TRACING,
	                          .expected_attach_type = BPF_TRACE_RAW_TP,
	                          .name = event,
	                          .attach_btf_id = btf_id};
	struct image_attach at = {.kind = ATTACH_BTF_RAW_TRACEPOINT,
	                          .func = event,
	                          .name = is_enter ? "tracepoint:syscalls:sys_enter_*"
	                                           : "tracepoint:syscalls:sys_exit_*",
	                          .tracepoint_id = -1};
	bool is_searched = probes->n > CHAIN_MOST;
	struct ir_block *end;
	struct ir_inst *nr;

	vec_each (prp, probes) {
		p.at = (*prp)->at;
		at.n_probes += (uint32_t)(*prp)->targets.n;
		is_searched = is_searched && (*prp)->targets.n == 1;
	}
	lower_program_begin(l, event);
	end = lower_block(l);
	if (is_enter) {
		nr = ir_load(&l->b, lower_ctx(l), 8, 8, false, PTR_NONE);
	} else {
		nr = ir_load(&l->b, lower_ctx(l), 0, 8, false, PTR_BTF);
		nr = ir_load(&l->b, nr, ARCH_SYSCALL_NR, ARCH_SYSCALL_NR_WIDTH, true, PTR_NONE);
	}
	l->args = is_enter ? ARGS_SYSCALL_ENTER : ARGS_SYSCALL_EXIT;
	if (is_searched) {
		qsort(probes->items, probes->n, sizeof(*probes->items), by_number);
		search(l, probes, 0, probes->n, nr, end);
	} else {
		chain(l, probes, nr, end);
	}
	lower_enter(l, end);
	vec_push(l->a, &p.attaches, at);
	return lower_program_end(l, &p);
}

bool lower_syscalls(struct lower *l, bool is_enter)
{
	const char *event = is_enter ? "sys_enter" : "sys_exit";
	probes_of_one all = {0}, some = {0};
	uint32_t btf_id;
	bool is_good = true;

	vec_each (prp, &l->u->probes)
		if (lower_is_dispatched(l, *prp, is_enter))
			vec_push(l->a, &all, *prp);
	if (!all.n)
		return true;
	if (!types_find_raw_tracepoint(l->u->types, event, &btf_id)) {
		diag_error(l->u->diag, E_UNSUPPORTED, NO_SPAN,
		           "the kernel's BTF does not describe the raw tracepoint %s", event);
		return false;
	}
	for (size_t at = 0; at < all.n;) {
		at = fill(l, &all, at, &some);
		is_good = one_program(l, &some, is_enter, btf_id) && is_good;
	}
	return is_good;
}
