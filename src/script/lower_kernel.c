/* Lowering of calls that only the kernel answers. */
#include "script/lower.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"

/* ---- debugf ---------------------------------------------------------------------------------- */

/* The kernel's %p hides addresses; ours shows them. */
static uint32_t trace_format(struct lower *l, const char *format, uint32_t *ret_size_b)
{
	own_strbuf struct strbuf text = {0};

	for (; *format; format++) {
		if (format[0] == '%' && format[1] == 'p') {
			sb_adds(&text, "0x%llx");
			format++;
			continue;
		}
		sb_addc(&text, *format);
		if (format[0] == '%' && format[1] == '%')
			sb_addc(&text, *++format);
	}
	sb_addc(&text, '\0');
	*ret_size_b = (uint32_t)text.n;
	return lower_rodata(l, sb_str(&text), text.n, 8);
}

void lower_debugf(struct lower *l, struct node *call)
{
	enum { MOST = 5 };
	struct ir_inst *args[MOST];
	uint32_t size_b, at = trace_format(l, call->args[0]->string, &size_b), n = 2;

	for (uint32_t i = 1; i < call->n_args; i++) {
		struct node *a = call->args[i];

		if (type_is_register(type_strip(a->type)))
			args[n++] = lower_int(l, a);
		else
			args[n++] = lower_direct(l, lower_expr(l, a)).ir;
	}
	args[0] = lower_rodata_addr(l, at);
	args[1] = ir_const(&l->b, size_b);
	ir_call(&l->b, BPF_FUNC_trace_printk, PTR_NONE, n, args);
}

/* ---- changing things ------------------------------------------------------------------------- */

void lower_override(struct lower *l, struct node *call)
{
	struct ir_inst *rc = lower_int(l, call->args[0]);

	if (!lower_ctx(l)) {
		diag_error(l->u->diag, E_BUILTIN_PLACE, call->at,
		           "override can not be used inside a for loop");
		return;
	}
	ir_callv(&l->b, BPF_FUNC_override_return, PTR_NONE, lower_ctx(l), rc);
}

struct value lower_write_user(struct lower *l, struct node *call)
{
	struct ir_builder *b = &l->b;
	uint32_t n = (uint32_t)call->args[2]->number;
	struct ir_inst *dst = lower_int(l, call->args[0]), *from, *ret;

	if (type_is_register(type_strip(call->args[1]->type))) {
		from = lower_scratch_at(l, lower_scratch_alloc(l, n));
		lower_bytes_into(l, call->args[1], from, n);
	} else {
		from = lower_direct(l, lower_expr(l, call->args[1])).ir;
	}
	ret = ir_callv(b, BPF_FUNC_probe_write_user, PTR_NONE, dst, from, ir_const(b, n));
	return value_reg(call->type, ir_cmp(b, COND_EQ, ret, ir_const(b, 0)));
}

/* ---- objects of the kernel ------------------------------------------------------------------- */

/* The argument as the kernel's verifier wants it: a pointer whose type it knows. */
static struct ir_inst *trusted(struct lower *l, struct node *call)
{
	struct ir_inst *p = lower_expr(l, call->args[0]).ir;

	if (p->ptr != PTR_BTF)
		diag_error(l->u->diag, E_ARG_KIND, call->args[0]->at,
		           "%s() needs an object that the kernel vouches for: one that args or its "
		           "members lead to",
		           call->name);
	return p;
}

struct value lower_path(struct lower *l, struct node *call)
{
	struct ir_builder *b = &l->b;
	uint32_t size_b = type_strip(call->type)->size_b;
	uint32_t off_b = lower_scratch_alloc(l, size_b);
	struct ir_block *failed = lower_block(l), *done = lower_block(l);
	struct ir_inst *path = trusted(l, call), *text, *len;

	text = lower_scratch_at(l, off_b);
	ir_zero(b, text, size_b, 8);
	len = ir_callv(b, BPF_FUNC_d_path, PTR_NONE, path, text, ir_const(b, size_b));
	/* too long a name leaves its end there */
	failed->is_unlikely = true;
	ir_branch(b, COND_SGE, len, ir_const(b, 0), done, failed);
	lower_enter(l, failed);
	ir_zero(b, lower_scratch_at(l, off_b), size_b, 8);
	ir_jump(b, done);
	lower_enter(l, done);
	return value_mem(call->type, lower_scratch_at(l, off_b), 8);
}

struct value lower_socket_cookie(struct lower *l, struct node *call)
{
	return value_reg(call->type,
	                 ir_callv(&l->b, BPF_FUNC_get_socket_cookie, PTR_NONE, trusted(l, call)));
}

/* The address is read back from memory: what the verifier knows of it (that it may be null, what
 * it points to) would only be in the way of computing with it. */
struct value lower_percpu_kaddr(struct lower *l, struct node *call)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *slot = lower_scratch_at(l, lower_scratch_alloc(l, 8)), *var, *at;
	uint32_t id = types_find_percpu_var(l->u->types, call->args[0]->string);
	struct ir_inst *cpu = call->n_args > 1 ? lower_int(l, call->args[1]) : NULL;

	var = ir_btf_var(b, id);
	if (cpu)
		at = ir_callv(b, BPF_FUNC_per_cpu_ptr, PTR_NONE, var, cpu);
	else
		at = ir_callv(b, BPF_FUNC_this_cpu_ptr, PTR_NONE, var);
	ir_store(b, slot, 0, 8, at);
	at = ir_load(b, slot, 0, 8, false, PTR_KERNEL);
	at->is_volatile = true;
	return value_reg(call->type, at);
}

/* The image's map for what has this path, made on first use. */
static uint32_t map_at(struct lower *l, enum map_role role, const char *path, uint32_t type,
                       uint32_t key_b)
{
	uint32_t i;

	for (i = 0; i < l->img->maps.n; i++)
		if (l->img->maps.items[i].role == role && !strcmp(l->img->maps.items[i].path, path))
			return i;
	i = lower_add_map(l, role, role == MAP_PINNED ? "pinned" : "cgroup", type, key_b,
	                  role == MAP_PINNED ? 1 : 4, 1);
	vec_last(&l->img->maps).path = path;
	return i;
}

struct value lower_in_cgroup(struct lower *l, struct node *call)
{
	struct ir_builder *b = &l->b;
	uint32_t map = map_at(l, MAP_CGROUP, call->args[0]->string, BPF_MAP_TYPE_CGROUP_ARRAY, 4);
	struct ir_inst *is = ir_callv(b, BPF_FUNC_current_task_under_cgroup, PTR_NONE,
	                              ir_map(b, map), ir_const(b, 0));

	return value_reg(call->type, ir_cmp(b, COND_EQ, is, ir_const(b, 1)));
}

struct value lower_pinned_has(struct lower *l, struct node *call)
{
	struct ir_builder *b = &l->b;
	uint32_t map = map_at(l, MAP_PINNED, call->args[0]->string, BPF_MAP_TYPE_HASH, 8);
	struct ir_inst *key = ir_slot_addr(b, ir_slot_new(b, 8, 8, "key"));
	struct ir_inst *value;

	ir_store(b, key, 0, 8, lower_int(l, call->args[1]));
	value = ir_callv(b, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(b, map), key);
	return value_reg(call->type, ir_cmp(b, COND_NE, value, ir_const(b, 0)));
}
