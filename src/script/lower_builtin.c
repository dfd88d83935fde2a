/* Lowering of builtins: pid, comm, args, stacks and their kin. */
#include "script/lower.h"

#include <assert.h>
#include <linux/bpf.h>
#include <string.h>

#include "base/arena.h"
#include "script/lower_arch.h"

static struct ir_inst *call0(struct lower *l, uint32_t helper, enum ir_ptr result)
{
	return ir_call(&l->b, helper, result, 0, NULL);
}

/* The process (thread) id as the tracer's pid namespace counts them, or the kernel's own. */
struct ir_inst *lower_pid_tgid(struct lower *l, bool want_pid, bool is_init_ns)
{
	const struct script_target *t = &l->opts->target;
	struct ir_builder *b = &l->b;
	struct ir_inst *v, *slot;

	if (t->pidns_dev && !is_init_ns) {
		/* struct bpf_pidns_info { u32 pid (thread), u32 tgid } */
		slot = ir_slot_addr(b, ir_slot_new(b, 8, 8, "pidns"));
		ir_store(b, slot, 0, 8, ir_const(b, 0));
		ir_callv(b, BPF_FUNC_get_ns_current_pid_tgid, PTR_NONE,
		         ir_const(b, (int64_t)t->pidns_dev), ir_const(b, (int64_t)t->pidns_ino),
		         slot, ir_const(b, 8));
		return ir_load(b, slot, want_pid ? 4 : 0, 4, false, PTR_NONE);
	}
	v = call0(l, BPF_FUNC_get_current_pid_tgid, PTR_NONE);
	return want_pid ? ir_bin_imm(b, IR_SHR, v, 32) : ir_ext(b, v, 4, false);
}

struct ir_inst *lower_now(struct lower *l)
{
	return call0(
	    l, l->opts->target.has_ktime_boot ? BPF_FUNC_ktime_get_boot_ns : BPF_FUNC_ktime_get_ns,
	    PTR_NONE);
}

static struct ir_inst *elapsed(struct lower *l)
{
	struct ir_inst *start;

	l->has_globals = true;
	l->img->start_ns_off_b = 0;
	start = ir_load(&l->b, ir_map_value(&l->b, l->globals, 0), 0, 8, false, PTR_NONE);
	return ir_bin(&l->b, IR_SUB, lower_now(l), start);
}

static struct value comm(struct lower *l, struct node *n)
{
	struct ir_inst *at = ir_slot_addr(&l->b, ir_slot_new(&l->b, 16, 8, "comm"));

	ir_zero(&l->b, at, 16, 8);
	ir_callv(&l->b, BPF_FUNC_get_current_comm, PTR_NONE, at, ir_const(&l->b, 16));
	return value_mem(n->type, at, 8);
}

static const char *old_name(const struct lower *l)
{
	if (l->opts->is_compat && l->probe->kind == PROBE_BEGIN)
		return "BEGIN";
	if (l->opts->is_compat && l->probe->kind == PROBE_END)
		return "END";
	return l->target->name;
}

static struct value probe_name(struct lower *l, struct node *n)
{
	struct ir_builder *b = &l->b;
	struct ir_block *outside = lower_block(l), *inside = lower_block(l);
	ir_var index = ir_var_new(l->fn->f);
	struct ir_inst *at;

	if (l->target) {
		const char *name = old_name(l);
		uint32_t size = n->type->size_b;
		char *padded = arena_alloc(l->a, size);

		memcpy(padded, name, strlen(name) < size ? strlen(name) : size - 1);
		return value_mem(n->type, lower_rodata_addr(l, lower_rodata(l, padded, size, 8)),
		                 8);
	}
	if (l->fn->outer) { /* which one fired is known outside only */
		diag_error(l->u->diag, E_BUILTIN_PLACE, n->at,
		           "probe can not be used inside a for loop when there are several attach "
		           "points, assign it to a variable first");
		return value_mem(n->type, lower_zeros(l, n->type->size_b), 8);
	}
	if (!l->target_index) {
		diag_error(l->u->diag, E_UNSUPPORTED, n->at,
		           "this kernel cannot tell which of several attach points fired");
		return value_mem(n->type, lower_zeros(l, n->type->size_b), 8);
	}
	/* It cannot be out of bounds; the verifier wants to see it, and a record may be reserved,
	 * so there is no leaving from here. */
	ir_var_set(b, index, l->target_index);
	ir_branch(b, COND_ULT, l->target_index, ir_const(b, (int64_t)l->probe->targets.n), inside,
	          outside);
	outside->is_unlikely = true;
	lower_enter(l, outside);
	ir_var_set(b, index, ir_const(b, 0));
	ir_jump(b, inside);
	lower_enter(l, inside);
	at = ir_bin_imm(b, IR_MUL, ir_var_get(b, index), l->probe_name_stride);
	at = ir_bin(b, IR_ADD, lower_rodata_addr(l, l->probe_names_off_b), at);
	return value_mem(type_string(l->a, l->probe_name_stride), at, 8);
}

/* The register that holds argument number i, or NULL if there is none. */
static struct ir_inst *argument(struct lower *l, struct node *n, uint64_t i)
{
	struct ir_builder *b = &l->b;

	if (l->probe->kind == PROBE_USDT)
		return lower_usdt_arg(l, n, i);
	if (l->args == ARGS_SLOTS)
		return ir_load(b, lower_ctx(l), (int64_t)i * 8, 8, false, PTR_NONE);
	if (i >= ARCH_N(arch_args)) {
		diag_error(l->u->diag, E_LIMIT, n->at,
		           "arg%llu is not passed in a register on this CPU (at most arg%zu)",
		           (unsigned long long)i, ARCH_N(arch_args) - 1);
		return ir_const(b, 0);
	}
	return ir_load(b, lower_ctx(l), arch_args[i], 8, false, PTR_NONE);
}

int lower_reg_offset(const char *name)
{
	for (size_t i = 0; i < ARCH_N(arch_regs); i++)
		if (!strcmp(arch_regs[i].name, name))
			return arch_regs[i].off_b;
	return -1;
}

static struct ir_inst *stack_argument(struct lower *l, uint64_t i)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *sp = ir_load(b, lower_ctx(l), ARCH_SP, 8, false, PTR_NONE);
	enum ir_ptr kind = l->probe->kind == PROBE_UPROBE ? PTR_USER : PTR_KERNEL;

	return ir_load(b, ir_as(b, sp, kind), ARCH_STACK_ARGS + (int64_t)i * 8, 8, false, PTR_NONE);
}

static struct ir_inst *retval(struct lower *l, struct node *n)
{
	const struct type *args = l->probe->args_type;
	struct ir_builder *b = &l->b;

	if (l->probe->kind == PROBE_FEXIT && l->probe->targets.items[0].prog_id) {
		/* how many arguments lie before it, the kernel decides (check_attach_target()) */
		struct ir_inst *at = ir_slot_addr(b, ir_slot_new(b, 8, 8, "retval"));

		ir_store(b, at, 0, 8, ir_const(b, 0));
		ir_callv(b, BPF_FUNC_get_func_ret, PTR_NONE, lower_ctx(l), at);
		return ir_load(b, at, 0, 4, true, PTR_NONE);
	}
	if (l->probe->kind == PROBE_FEXIT && args && args->n_fields) {
		/* behind the arguments */
		const struct field *f = &args->fields[args->n_fields - 1];
		struct value v = lower_at(l, n->type, lower_ctx(l), f->off_b, 8);

		if (type_strip(n->type)->kind == TYPE_PTR)
			v.ir = ir_load(b, lower_ctx(l), f->off_b, 8, false, PTR_BTF);
		return v.ir;
	}
	return ir_load(b, lower_ctx(l), ARCH_RETVAL, 8, false, PTR_NONE);
}

static struct value func(struct lower *l, struct node *n)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *ip, *at;

	if (type_strip(n->type)->kind == TYPE_KSYM) {
		if (l->opts->target.has_func_ip)
			return value_reg(n->type,
			                 ir_callv(b, BPF_FUNC_get_func_ip, PTR_NONE, lower_ctx(l)));
		return value_reg(n->type, ir_load(b, lower_ctx(l), ARCH_IP, 8, false, PTR_NONE));
	}
	if (l->probe->kind == PROBE_URETPROBE && l->opts->target.has_func_ip)
		ip = ir_callv(b, BPF_FUNC_get_func_ip, PTR_NONE, lower_ctx(l));
	else
		ip = ir_load(b, lower_ctx(l), ARCH_IP, 8, false, PTR_NONE);
	at = lower_temp(l, 16, "usym");
	ir_store(b, at, 0, 8, ip);
	ir_store(b, at, 8, 4,
	         ir_bin_imm(b, IR_SHR, call0(l, BPF_FUNC_get_current_pid_tgid, PTR_NONE), 32));
	ir_store(b, at, 12, 4, ir_const(b, l->first_probe_name));
	return value_mem(n->type, at, 8);
}

struct value lower_args_field(struct lower *l, struct node *n)
{
	const struct field *f = n->field;
	const struct type *t = type_strip(n->type);
	struct ir_builder *b = &l->b;
	struct ir_inst *v, *regs;
	const struct type *args = l->probe->args_type;
	uint32_t index = 0;

	if (!lower_ctx(l)) {
		diag_error(l->u->diag, E_BUILTIN_PLACE, n->at,
		           "args can not be used inside a for loop, assign the field to a variable "
		           "first");
		return type_is_register(t) ? value_reg(n->type, ir_const(b, 0))
		                           : value_mem(n->type, lower_zeros(l, t->size_b), 8);
	}
	if (l->probe->kind == PROBE_UPROBE)
		return lower_uprobe_arg(l, n, 0, t->size_b);
	switch (l->args) {
	case ARGS_SYSCALL_ENTER:
	case ARGS_SYSCALL_EXIT:
		if (!strcmp(f->name, "__syscall_nr") || !strcmp(f->name, "nr")) {
			if (l->args == ARGS_SYSCALL_ENTER) {
				v = ir_load(b, lower_ctx(l), 8, 8, false, PTR_NONE);
			} else {
				regs = ir_load(b, lower_ctx(l), 0, 8, false, PTR_BTF);
				v = ir_load(b, regs, ARCH_SYSCALL_NR, ARCH_SYSCALL_NR_WIDTH, true,
				            PTR_NONE);
			}
		} else if (l->args == ARGS_SYSCALL_EXIT) {
			v = ir_load(b, lower_ctx(l), 8, 8, false, PTR_NONE);
		} else {
			/* the record keeps the number in the 8 bytes before the arguments */
			const struct field *first = args->fields;

			while (strcmp(first->name, "__syscall_nr") && strcmp(first->name, "nr"))
				first++;
			index = (f->off_b - first->off_b) / 8 - 1;
			if (index >= ARCH_N(arch_syscall_args))
				index = 0;
			regs = ir_load(b, lower_ctx(l), 0, 8, false, PTR_BTF);
			v = ir_load(b, regs, arch_syscall_args[index], 8, false, PTR_NONE);
		}
		if (t->kind != TYPE_PTR && t->size_b < 8)
			v = ir_ext(b, v, (uint8_t)t->size_b, t->is_signed);
		return value_reg(n->type, v);
	case ARGS_SLOTS:
		if (t->kind == TYPE_PTR) {
			bool to_struct = t->elem && type_strip(t->elem)->kind == TYPE_STRUCT;

			v = ir_load(b, lower_ctx(l), f->off_b, 8, false,
			            to_struct ? PTR_BTF : PTR_NONE);
			return value_reg(n->type, v);
		}
		if (type_is_register(t)) {
			v = ir_load(b, lower_ctx(l), f->off_b, 8, false, PTR_NONE);
			if (t->size_b < 8)
				v = ir_ext(b, v, (uint8_t)t->size_b, t->is_signed);
			return value_reg(n->type, v);
		}
		return lower_at(l, n->type, lower_ctx(l), f->off_b, 8);
	default:
		if (f->is_data_loc) {
			/* offset from the record's start in the low half (tracefs __data_loc) */
			v = ir_load(b, lower_ctx(l), f->off_b, 4, false, PTR_NONE);
			v = ir_bin_imm(b, IR_AND, v, 0xffff);
			v = ir_bin(b, IR_ADD, lower_ctx(l), v);
			return value_reg(n->type, ir_as(b, v, PTR_KERNEL));
		}
		if (f->bit_size) {
			v = ir_load(b, lower_ctx(l), f->off_b, 4, false, PTR_NONE);
			v = ir_bin_imm(b, IR_SHR, v, f->bit_off);
			return value_reg(n->type,
			                 ir_bin_imm(b, IR_AND, v, (1ll << f->bit_size) - 1));
		}
		return lower_at(l, n->type, lower_ctx(l), n->field_off_b, 8);
	}
}

/* Does the builtin look at the program's context, which a callback does not have? */
static bool needs_ctx(enum builtin_id id)
{
	switch (id) {
	case B_args:
	case B_ctx:
	case B_func:
	case B_retval:
	case B_usermode:
	case B_arg:
	case B_sarg:
		return true;
	default:
		return false;
	}
}

/* What stands for a value that could not be lowered, so that more mistakes are found. */
static struct value placeholder(struct lower *l, const struct type *t)
{
	if (type_is_register(type_strip(t)))
		return value_reg(t, ir_const(&l->b, 0));
	return value_mem(t, lower_zeros(l, image_value_size(type_strip(t))), 8);
}

struct value lower_builtin(struct lower *l, struct node *n)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *v;

	if (needs_ctx(n->builtin->id) && !lower_ctx(l)) {
		diag_error(l->u->diag, E_BUILTIN_PLACE, n->at,
		           "%s can not be used inside a for loop, assign it to a variable first",
		           n->name ? n->name : n->builtin->name);
		return placeholder(l, n->type);
	}
	switch (n->builtin->id) {
	case B_args:
		return value_reg(n->type, lower_ctx(l));
	case B_cgroup:
		return value_reg(n->type, call0(l, BPF_FUNC_get_current_cgroup_id, PTR_NONE));
	case B_comm:
		return comm(l, n);
	case B_cpid:
		return value_reg(n->type, ir_const(b, l->opts->child_pid));
	case B_cpu:
		return value_reg(n->type, call0(l, BPF_FUNC_get_smp_processor_id, PTR_NONE));
	case B_ctx:
		return value_reg(n->type, lower_ctx(l));
	case B_curtask:
		return value_reg(n->type, lower_curtask(l));
	case B_elapsed:
		return value_reg(n->type, elapsed(l));
	case B_func:
		return func(l, n);
	case B_gid:
		return value_reg(
		    n->type,
		    ir_bin_imm(b, IR_SHR, call0(l, BPF_FUNC_get_current_uid_gid, PTR_NONE), 32));
	case B_uid:
	case B_username:
		return value_reg(
		    n->type, ir_ext(b, call0(l, BPF_FUNC_get_current_uid_gid, PTR_NONE), 4, false));
	case B_jiffies:
		return value_reg(n->type, call0(l, BPF_FUNC_jiffies64, PTR_NONE));
	case B_dw_ustack:
		return lower_stack(l, n->type, STACK_UNWOUND, n->at);
	case B_kstack:
		return lower_stack(l, n->type, STACK_KERNEL, n->at);
	case B_ustack:
		return lower_stack(l, n->type, STACK_USER, n->at);
	case B_ncpus:
		return value_reg(n->type, ir_const(b, l->opts->target.n_cpus));
	case B_nsecs:
		return value_reg(n->type, lower_now(l));
	case B_numaid:
		return value_reg(n->type, call0(l, BPF_FUNC_get_numa_node_id, PTR_NONE));
	case B_pid:
		return value_reg(n->type, lower_pid_tgid(l, true, false));
	case B_tid:
		return value_reg(n->type, lower_pid_tgid(l, false, false));
	case B_ppid:
	case B_pcomm:
	case B_leader_comm:
		return lower_task_value(l, n, NULL);
	case B_leader_tid:
		return value_reg(n->type, lower_pid_tgid(l, true, false));
	case B_probe:
		return probe_name(l, n);
	case B_probetype: {
		const char *name = probe_kind_title(l->probe->kind);
		char *padded = arena_alloc(l->a, n->type->size_b);

		memcpy(padded, name,
		       strlen(name) < n->type->size_b ? strlen(name) : n->type->size_b - 1);
		return value_mem(
		    n->type, lower_rodata_addr(l, lower_rodata(l, padded, n->type->size_b, 8)), 8);
	}
	case B_rand:
		return value_reg(n->type,
		                 ir_ext(b, call0(l, BPF_FUNC_get_prandom_u32, PTR_NONE), 4, false));
	case B_retval:
		return value_reg(n->type, retval(l, n));
	case B_usermode: /* the low bits of cs (x86) or pstate (arm64) say the privilege level */
		v = ir_load(b, lower_ctx(l), ARCH_CS, 8, false, PTR_NONE);
#if defined(__x86_64__)
		v = ir_cmp(b, COND_EQ, ir_bin_imm(b, IR_AND, v, 3), ir_const(b, 3));
#else
		v = ir_cmp(b, COND_EQ, ir_bin_imm(b, IR_AND, v, 0xf), ir_const(b, 0));
#endif
		return value_reg(n->type, v);
	case B_arg:
		return value_reg(n->type, argument(l, n, n->number));
	case B_sarg:
		return value_reg(n->type, stack_argument(l, n->number));
	case B_default_str_length: /* literals since inference */
	case B_config:
	case B_has_cpid:
	case B_N:
		break;
	}
	assert(!"a builtin without code");
	return placeholder(l, n->type);
}
