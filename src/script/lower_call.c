/* Lowering of function calls. Emissions are in lower_event.c, strings in lower_string.c,
 * aggregations in lower_map.c. */
#include "script/lower.h"

#include <assert.h>
#include <arpa/inet.h>
#include <ctype.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "symbols/symbols.h"

static struct value nothing(struct lower *l)
{
	return value_reg(type_none(), ir_const(&l->b, 0));
}

static bool is_memory(const struct node *n)
{
	return !type_is_register(type_strip(n->type));
}

/* An image string (strftime format, cgroup filter), 1-based. */
static uint32_t image_string(struct lower *l, const char *s)
{
	vec_push(l->a, &l->img->strings, s);
	return (uint32_t)l->img->strings.n;
}

/* The smaller of both, where the verifier sees it. */
static struct ir_inst *at_most(struct lower *l, struct ir_inst *n, uint32_t limit)
{
	struct ir_builder *b = &l->b;
	struct ir_block *cap = lower_block(l), *go_on = lower_block(l);
	ir_var var = ir_var_new(l->fn->f);

	ir_var_set(b, var, n);
	ir_branch(b, COND_UGT, n, ir_const(b, limit), cap, go_on);
	lower_enter(l, cap);
	ir_var_set(b, var, ir_const(b, limit));
	ir_jump(b, go_on);
	lower_enter(l, go_on);
	return ir_var_get(b, var);
}

static struct value call_buf(struct lower *l, struct node *n)
{
	const struct type *t = type_strip(n->type);
	struct ir_builder *b = &l->b;
	uint32_t max_b = t->size_b - 4;
	struct ir_inst *dst = lower_temp(l, t->size_b, "buffer");
	struct ir_inst *len, *src;
	struct value from;

	ir_zero(b, dst, t->size_b, 8);
	if (is_memory(n->args[0])) {
		from = lower_expr(l, n->args[0]);
		src = from.ir;
		if (src->ptr == PTR_STACK || src->ptr == PTR_VALUE || src->ptr == PTR_MEM) {
			uint32_t have = image_value_size(type_strip(from.type));

			if (n->n_args > 1 && n->args[1]->kind == NODE_INT &&
			    n->args[1]->number < have)
				have = (uint32_t)n->args[1]->number;
			if (have > max_b)
				have = max_b;
			len = ir_const(b, have);
			if (n->n_args > 1 && n->args[1]->kind != NODE_INT)
				len = at_most(l, lower_int(l, n->args[1]), have);
			ir_store(b, dst, 0, 4, len);
			ir_copy(b, ir_bin_imm(b, IR_ADD, dst, 4), src, have,
			        from.align_b < 4 ? from.align_b : 4);
			return value_mem(n->type, dst, 8);
		}
	} else {
		src = lower_int(l, n->args[0]);
		src = ir_as(b, src, lower_ptr_kind(l, type_strip(n->args[0]->type), src));
	}
	if (n->n_args < 2 || n->args[1]->kind == NODE_INT) {
		uint64_t want = n->n_args > 1 ? n->args[1]->number : max_b;

		if (want > max_b)
			want = max_b;
		ir_store(b, dst, 0, 4, ir_const(b, (int64_t)want));
		lower_read(l, ir_bin_imm(b, IR_ADD, dst, 4), src, (uint32_t)want);
		return value_mem(n->type, dst, 8);
	}
	/* a length known at run time: read that much */
	uint32_t helper = src->ptr == PTR_USER  ? BPF_FUNC_probe_read_user
	                  : src->ptr == PTR_ANY ? BPF_FUNC_probe_read
	                                        : BPF_FUNC_probe_read_kernel;

	if (!l->opts->target.has_probe_read_split)
		helper = BPF_FUNC_probe_read;
	len = at_most(l, lower_int(l, n->args[1]), max_b);
	ir_store(b, dst, 0, 4, len);
	lower_check_read(l, ir_callv(b, helper, PTR_NONE, ir_bin_imm(b, IR_ADD, dst, 4), len, src),
	                 helper);
	return value_mem(n->type, dst, 8);
}

/* Struct bytes from wherever they are, into dst. */
void lower_bytes_into(struct lower *l, struct node *n, struct ir_inst *dst, uint32_t size_b)
{
	struct ir_builder *b = &l->b;

	if (is_memory(n)) {
		struct value v = lower_expr(l, n);

		if (v.ir->ptr == PTR_STACK || v.ir->ptr == PTR_VALUE || v.ir->ptr == PTR_MEM)
			ir_copy(b, dst, v.ir, size_b, v.align_b);
		else
			lower_read(l, dst, v.ir, size_b);
	} else {
		struct ir_inst *p = lower_int(l, n);

		lower_read(l, dst, ir_as(b, p, lower_ptr_kind(l, type_strip(n->type), p)), size_b);
	}
}

static struct value call_ntop(struct lower *l, struct node *n)
{
	struct node *addr = n->args[n->n_args - 1];
	const struct type *t = type_strip(addr->type);
	struct ir_builder *b = &l->b;
	struct ir_inst *dst = lower_temp(l, 24, "inet"), *bytes, *af;
	bool is_v6 = false;

	ir_zero(b, dst, 24, 8);
	bytes = ir_bin_imm(b, IR_ADD, dst, 8);
	if (!is_memory(addr) && t->kind != TYPE_PTR) {
		ir_store(b, bytes, 0, 4, lower_int(l, addr));
	} else {
		uint32_t size = is_memory(addr) ? t->size_b : 16;

		is_v6 = size >= 16;
		lower_bytes_into(l, addr, bytes, is_v6 ? 16 : 4);
	}
	af = n->n_args > 1 ? lower_int(l, n->args[0]) : ir_const(b, is_v6 ? AF_INET6 : AF_INET);
	ir_store(b, dst, 0, 8, af);
	return value_mem(n->type, dst, 8);
}

static struct value call_macaddr(struct lower *l, struct node *n)
{
	struct ir_inst *dst = lower_temp(l, 8, "macaddr");

	ir_zero(&l->b, dst, 8, 8);
	lower_bytes_into(l, n->args[0], dst, 6);
	return value_mem(n->type, dst, 8);
}

static struct value call_usym(struct lower *l, struct node *n)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *dst = lower_temp(l, 16, "usym");
	struct ir_inst *pid;

	ir_store(b, dst, 0, 8, lower_int(l, n->args[0]));
	pid = ir_call(b, BPF_FUNC_get_current_pid_tgid, PTR_NONE, 0, NULL);
	ir_store(b, dst, 8, 4, ir_bin_imm(b, IR_SHR, pid, 32));
	ir_store(b, dst, 12, 4, ir_const(b, l->first_probe_name));
	return value_mem(n->type, dst, 8);
}

static struct value call_strftime(struct lower *l, struct node *n)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *dst = lower_temp(l, 16, "timestamp");

	ir_store(b, dst, 0, 8, lower_int(l, n->args[1]));
	ir_store(b, dst, 8, 8, ir_const(b, image_string(l, n->args[0]->string)));
	return value_mem(n->type, dst, 8);
}

static struct value call_cgroup_path(struct lower *l, struct node *n)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *dst = lower_temp(l, 16, "cgroup");
	uint32_t filter = n->n_args > 1 ? image_string(l, n->args[1]->string) : 0;

	ir_store(b, dst, 0, 8, lower_int(l, n->args[0]));
	ir_store(b, dst, 8, 8, ir_const(b, filter));
	return value_mem(n->type, dst, 8);
}

static struct value call_nsecs(struct lower *l, struct node *n)
{
	const char *mode = n->n_args ? n->args[0]->name : "boot";
	uint32_t helper = BPF_FUNC_ktime_get_boot_ns;

	if (mode && !strcmp(mode, "monotonic"))
		helper = BPF_FUNC_ktime_get_ns;
	else if (mode && (!strcmp(mode, "tai") || !strcmp(mode, "sw_tai")))
		helper = BPF_FUNC_ktime_get_tai_ns;
	if (helper == BPF_FUNC_ktime_get_tai_ns && !l->opts->target.has_ktime_tai)
		diag_error(l->u->diag, E_UNSUPPORTED, n->at,
		           "nsecs(%s) needs a kernel with bpf_ktime_get_tai_ns (6.1)", mode);
	if (helper == BPF_FUNC_ktime_get_boot_ns && !l->opts->target.has_ktime_boot)
		helper = BPF_FUNC_ktime_get_ns;
	return value_reg(n->type, ir_call(&l->b, helper, PTR_NONE, 0, NULL));
}

static struct value call_kaddr(struct lower *l, struct node *n)
{
	uint64_t address = symbols_kernel_address(l->u->symbols, n->args[0]->string);
	const char *problem;

	if (!address) {
		diag_error(l->u->diag, E_UNKNOWN_NAME, n->at, "Failed to resolve kernel symbol: %s",
		           n->args[0]->string);
		problem = symbols_kernel_problem(l->u->symbols);
		if (problem)
			diag_hint(l->u->diag, "the kernel's addresses are not known: %s", problem);
	}
	return value_reg(n->type, ir_const(&l->b, (int64_t)address));
}

/* How far the traced file lies from where it was linked to: the traced function's address now,
 * less the one in its symbol table. */
static struct ir_inst *load_bias(struct lower *l)
{
	const struct probe_target *t = l->target ? l->target : &l->probe->targets.items[0];
	struct ir_inst *now;
	int ip = lower_reg_offset("pc");

	if (!lower_ctx(l) || !t->sym_address)
		return ir_const(&l->b, 0);
	if (l->probe->kind == PROBE_URETPROBE)
		now = ir_callv(&l->b, BPF_FUNC_get_func_ip, PTR_NONE, lower_ctx(l));
	else
		now = ir_load(&l->b, lower_ctx(l), ip, 8, false, PTR_NONE);
	return ir_bin_imm(&l->b, IR_SUB, now, (int64_t)(t->sym_address + t->off_b));
}

static struct value call_uaddr(struct lower *l, struct node *n)
{
	struct elf_symbol s = {0};
	const char *path = l->target ? l->target->path : l->probe->targets.items[0].path;

	if (!symbols_elf_find(l->u->symbols, path, n->args[0]->string, &s))
		diag_error(l->u->diag, E_UNKNOWN_NAME, n->at, "Could not resolve symbol: %s:%s",
		           path, n->args[0]->string);
	return value_reg(n->type, ir_bin_imm(&l->b, IR_ADD, load_bias(l), (int64_t)s.address));
}

static struct value call_pton(struct lower *l, struct node *n)
{
	unsigned char bytes[16] = {0};
	const char *text = n->args[0]->string;
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, bytes) != 1)
		diag_error(l->u->diag, E_ARG_KIND, n->at,
		           "pton() expects an string argument of an IPv4/IPv6 address, got %s",
		           text);
	return value_mem(
	    n->type, lower_rodata_addr(l, lower_rodata(l, bytes, family == AF_INET ? 4 : 16, 8)),
	    8);
}

static struct value call_reg(struct lower *l, struct node *n)
{
	int off = lower_reg_offset(n->args[0]->string);

	if (off < 0) {
		diag_error(l->u->diag, E_UNKNOWN_NAME, n->at,
		           "'%s' is not a valid register on this architecture", n->args[0]->string);
		return value_reg(n->type, ir_const(&l->b, 0));
	}
	if (!lower_ctx(l)) {
		diag_error(l->u->diag, E_BUILTIN_PLACE, n->at,
		           "reg can not be used inside a for loop, assign it to a variable first");
		return value_reg(n->type, ir_const(&l->b, 0));
	}
	return value_reg(n->type, ir_load(&l->b, lower_ctx(l), off, 8, false, PTR_NONE));
}

static int signal_number(const char *name)
{
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (int i = 1; i < NSIG; i++) {
		const char *abbrev = sigabbrev_np(i);

		if (abbrev && !strcasecmp(abbrev, name))
			return i;
	}
	return 0;
}

static struct value call_signal(struct lower *l, struct node *n)
{
	bool is_thread = n->function->id == F_signal_thread;
	struct node *x = n->args[0];
	struct ir_inst *number;

	if (x->kind == NODE_STRING) {
		int s = signal_number(x->string);

		if (!s)
			diag_error(l->u->diag, E_ARG_KIND, x->at, "%s is not a valid signal",
			           x->string);
		number = ir_const(&l->b, s);
	} else {
		number = lower_int(l, x);
	}
	ir_callv(&l->b, is_thread ? BPF_FUNC_send_signal_thread : BPF_FUNC_send_signal, PTR_NONE,
	         number);
	return nothing(l);
}

static struct value call_len(struct lower *l, struct node *n)
{
	struct node *x = n->args[0];

	if (x->kind == NODE_MAP && !x->n_args && x->map->is_keyed)
		return value_reg(n->type, lower_map_len(l, x->map));
	return value_reg(n->type, lower_stack_len(l, lower_direct(l, lower_expr(l, x))));
}

/* exit(): a record, then nothing more of this probe. */
static struct value call_exit(struct lower *l, struct node *n)
{
	struct image_event ev = {.kind = EVENT_EXIT, .at = n->at};
	struct ir_inst *code = n->n_args ? lower_int(l, n->args[0]) : NULL;

	lower_simple_event(l, ev, code, true);
	ir_jump(&l->b, l->body_exit);
	return nothing(l);
}

static struct value map_event(struct lower *l, struct node *n, enum event_kind kind)
{
	struct image_event ev = {
	    .kind = kind, .at = n->at, .var = l->var_of_map[n->args[0]->map->id]};

	lower_simple_event(l, ev, NULL, false);
	return nothing(l);
}

static struct value call_time(struct lower *l, struct node *n)
{
	struct image_event ev = {.kind = EVENT_TIME,
	                         .at = n->at,
	                         .format = n->n_args ? n->args[0]->string : "%H:%M:%S\n"};

	lower_simple_event(l, ev, NULL, false);
	return nothing(l);
}

static struct value format_call(struct lower *l, struct node *n, enum event_kind kind)
{
	lower_format_event(l, kind, n);
	return nothing(l);
}

static struct value call_str(struct lower *l, struct node *n)
{
	struct ir_inst *dst = lower_temp(l, n->type->size_b, "str");

	lower_into(l, n, dst, 8, true);
	return value_mem(n->type, dst, 8);
}

static struct value call_bswap(struct lower *l, struct node *n)
{
	const struct type *t = type_strip(n->args[0]->type);
	uint8_t width = type_width(t);
	struct ir_inst *v = lower_int(l, n->args[0]);

	return value_reg(n->type,
	                 width == 1 ? ir_ext(&l->b, v, 1, false) : ir_bswap(&l->b, v, width));
}

static struct value call_delete(struct lower *l, struct node *n)
{
	struct node at = *n->args[0];

	if (n->n_args > 1) { /* delete(@m, key) is delete(@m[key]) */
		at.args = &n->args[1];
		at.n_args = 1;
	}
	return value_reg(type_bool(), lower_map_delete(l, &at, n->is_statement_value_used));
}

static struct value call_strncmp(struct lower *l, struct node *n)
{
	struct ir_inst *equal = lower_string_equal(l, n->args[0], n->args[1], n->args[2]->number);

	return value_reg(n->type, ir_bin_imm(&l->b, IR_XOR, equal, 1));
}

/* pid(init), tid(curr_ns) */
static struct value call_pid(struct lower *l, struct node *n, bool want_pid)
{
	const char *ns = n->n_args ? n->args[0]->name : NULL;

	return value_reg(n->type, lower_pid_tgid(l, want_pid, ns && !strcmp(ns, "init")));
}

struct value lower_call(struct lower *l, struct node *n)
{
	switch (n->function->id) {
	case F_buf:
		return call_buf(l, n);
	case F_bswap:
		return call_bswap(l, n);
	case F_cat:
		return format_call(l, n, EVENT_CAT);
	case F_system:
		return format_call(l, n, EVENT_SYSTEM);
	case F_printf:
		return format_call(l, n, EVENT_PRINTF);
	case F_errorf:
		return format_call(l, n, EVENT_ERRORF);
	case F_warnf:
		return format_call(l, n, EVENT_WARNF);
	case F_print:
		lower_print(l, n);
		return nothing(l);
	case F_clear:
		return map_event(l, n, EVENT_CLEAR);
	case F_zero:
		return map_event(l, n, EVENT_ZERO);
	case F_delete:
		return call_delete(l, n);
	case F_exit:
		return call_exit(l, n);
	case F_has_key:
		return value_reg(n->type, lower_map_has_key(l, n->args[0], n->args[1]));
	case F_join:
		lower_join(l, n);
		return nothing(l);
	case F_kaddr:
		return call_kaddr(l, n);
	case F_uaddr:
		return call_uaddr(l, n);
	case F_kptr:
	case F_uptr:
		return value_reg(n->type, lower_int(l, n->args[0]));
	case F_dw_ustack:
		return lower_stack(l, n->type, STACK_UNWOUND, n->at);
	case F_kstack:
		return lower_stack(l, n->type, STACK_KERNEL, n->at);
	case F_ustack:
		return lower_stack(l, n->type, STACK_USER, n->at);
	case F_ksym:
		return value_reg(n->type, lower_int(l, n->args[0]));
	case F_usym:
		return call_usym(l, n);
	case F_str:
	case F_kstr:
		return call_str(l, n);
	case F_len:
		return call_len(l, n);
	case F_macaddr:
		return call_macaddr(l, n);
	case F_nsecs:
		return call_nsecs(l, n);
	case F_ntop:
		return call_ntop(l, n);
	case F_pid:
		return call_pid(l, n, true);
	case F_tid:
		return call_pid(l, n, false);
	case F_pton:
		return call_pton(l, n);
	case F_reg:
		return call_reg(l, n);
	case F_signal:
	case F_signal_thread:
		return call_signal(l, n);
	case F_skboutput:
		return lower_skboutput(l, n);
	case F_strcontains:
		return value_reg(n->type, lower_strcontains(l, n->args[0], n->args[1]));
	case F_strstr:
		return value_reg(n->type, lower_strstr(l, n->args[0], n->args[1]));
	case F_str_concat:
		return lower_str_concat(l, n);
	case F_memcmp:
		return value_reg(n->type, lower_memcmp(l, n));
	case F_strerror:
		return lower_text_of(l, n, TEXT_ERRORS);
	case F_signal_name:
		return lower_text_of(l, n, TEXT_SIGNALS);
	case F_syscall_name:
		return lower_text_of(l, n, TEXT_SYSCALLS);
	case F_comm:
		return lower_comm_of(l, n);
	case F_leader_comm:
	case F_leader_tid:
	case F_pcomm:
	case F_ppid:
		return lower_task_value(l, n, n->args[0]);
	case F_debugf:
		lower_debugf(l, n);
		return nothing(l);
	case F_override:
		lower_override(l, n);
		return nothing(l);
	case F_path:
		return lower_path(l, n);
	case F_percpu_kaddr:
		return lower_percpu_kaddr(l, n);
	case F_in_cgroup:
		return lower_in_cgroup(l, n);
	case F_pinned_has:
		return lower_pinned_has(l, n);
	case F_socket_cookie:
		return lower_socket_cookie(l, n);
	case F_write_user:
		return lower_write_user(l, n);
	case F_find:
		return value_reg(n->type, lower_map_find(l, n));
	case F_strftime:
		return call_strftime(l, n);
	case F_strlen:
		return value_reg(n->type, lower_strlen(l, n->args[0]));
	case F_strncmp:
		return call_strncmp(l, n);
	case F_cgroup_path:
		return call_cgroup_path(l, n);
	case F_time:
		return call_time(l, n);
	case F_unwatch:
		return nothing(l);
	case F_is_scalar:
	case F_strcap:
	case F_fail: /* reported or folded by inference */
	case F_contains:
	case F_given:
	case F_is_array:
	case F_is_integer:
	case F_is_literal:
	case F_is_ptr:
	case F_is_str:
	case F_is_unsigned_integer:
	case F_cgroupid:
	case F_inode:
	case F_kfunc_allowed:
	case F_has_field:
	case F_kfunc_exist:
	case F_probe_exists:
	case F_getopt: /* only if it is kept */
		return lower_option(l, n);
	case F_avg:
	case F_count:
	case F_hist:
	case F_lhist:
	case F_max:
	case F_min:
	case F_stats:
	case F_sum:
	case F_tseries: /* only as @m = f(): lower_map_aggregate */
	case F_format:  /* only in emit: lower_emit */
	case F_N:
		break;
	}
	assert(!"a call that inference should have folded or refused");
	return nothing(l);
}
