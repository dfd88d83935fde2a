/* System calls: all `tracepoint:syscalls:*` probes as one program on the raw tracepoint sys_enter
 * (one on sys_exit) that dispatches on the call's number. */
#include "script/lower.h"

#include <string.h>

#include "base/arena.h"
#include "script/lower_arch.h"

enum {
	SYSCALL_TABLE_N = 512,
	SYSCALL_COMPARES = 3, /* up to so many numbers are compared one by one */
};

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

bool lower_syscalls(struct lower *l, bool is_enter)
{
	const char *event = is_enter ? "sys_enter" : "sys_exit";
	struct image_program p = {
	    .type = BPF_PROG_TYPE_TRACING, .expected_attach_type = BPF_TRACE_RAW_TP, .name = event};
	struct image_attach at = {.kind = ATTACH_BTF_RAW_TRACEPOINT,
	                          .func = event,
	                          .name = is_enter ? "tracepoint:syscalls:sys_enter_*"
	                                           : "tracepoint:syscalls:sys_exit_*",
	                          .tracepoint_id = -1};
	struct ir_block *end;
	struct ir_inst *nr;
	bool any = false;

	vec_each (prp, &l->u->probes)
		any = any || lower_is_dispatched(l, *prp, is_enter);
	if (!any)
		return true;
	if (!types_find_raw_tracepoint(l->u->types, event, &p.attach_btf_id)) {
		diag_error(l->u->diag, E_UNSUPPORTED, NO_SPAN,
		           "the kernel's BTF does not describe the raw tracepoint %s", event);
		return false;
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
	vec_each (prp, &l->u->probes) {
		struct probe *pr = *prp;
		struct ir_block *next;

		if (!lower_is_dispatched(l, pr, is_enter))
			continue;
		p.at = pr->at;
		l->b.at = pr->at;
		next = lower_block(l);
		l->target = pr->targets.n == 1 ? &pr->targets.items[0] : NULL;
		l->target_index = NULL;
		lower_probe_names(l, pr);
		dispatch(l, pr, nr, next);
		skip_compat(l, next);
		lower_body(l, pr);
		ir_jump(&l->b, next);
		lower_enter(l, next);
		at.n_probes += (uint32_t)pr->targets.n;
	}
	ir_jump(&l->b, end);
	lower_enter(l, end);
	vec_push(l->a, &p.attaches, at);
	return lower_program_end(l, &p);
}
