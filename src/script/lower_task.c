/* Lowering of what is asked about tasks: their parents', leaders' and namesakes' names and numbers.
 *
 * In the kernel all of it is read from struct task_struct, its members found by name in the BTF.
 * Our own machine has no such thing; its programs read struct image_task instead (image/image.h).
 */
#include "script/lower.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/arena.h"

enum { COMM_B = 16 };

/* ---- struct image_task ----------------------------------------------------------------------- */

static struct ir_inst *image_task(struct lower *l, struct ir_inst *tid)
{
	struct ir_builder *b = &l->b;

	tid = ir_bin_imm(b, IR_MUL, ir_ext(b, tid, 4, false), sizeof(struct image_task));
	return ir_as(b, ir_bin_imm(b, IR_ADD, tid, (int64_t)IMAGE_TASKS), PTR_KERNEL);
}

static struct value comm_at(struct lower *l, struct ir_inst *at, int64_t off_b)
{
	const struct type *t = type_string(l->a, COMM_B);
	struct ir_inst *copy = lower_temp(l, COMM_B, "comm");

	ir_zero(&l->b, copy, COMM_B, 8);
	ir_read(&l->b, copy, ir_bin_imm(&l->b, IR_ADD, at, off_b), COMM_B);
	return value_mem(t, copy, 8);
}

static struct value user_value(struct lower *l, struct node *n, const char *what)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *task = image_task(l, lower_pid_tgid(l, false, false));

	if (!strcmp(what, "ppid"))
		return value_reg(n->type, ir_load(b, task, offsetof(struct image_task, parent_tgid),
		                                  4, false, PTR_NONE));
	return comm_at(l, task,
	               !strcmp(what, "pcomm") ? offsetof(struct image_task, parent_comm)
	                                      : offsetof(struct image_task, leader_comm));
}

/* ---- struct task_struct ---------------------------------------------------------------------- */

/* Where a member of a kernel struct lies; reports if the kernel does not tell. */
static uint32_t member_at(struct lower *l, const struct node *n, const char *type,
                          const char *member)
{
	const struct type *t = types_find(l->u->types, type);
	uint32_t off_b = 0;

	if (!t || !type_find_field(t, member, &off_b))
		diag_error(l->u->diag, E_UNSUPPORTED, n->at, "%s needs the kernel's BTF", n->name);
	return off_b;
}

static struct ir_inst *follow(struct lower *l, const struct node *n, struct ir_inst *at,
                              const char *type, const char *member)
{
	uint32_t off_b = member_at(l, n, type, member);

	return ir_load(&l->b, at, off_b, 8, false, PTR_KERNEL);
}

struct ir_inst *lower_curtask(struct lower *l)
{
	if (l->opts->target.has_task_btf && l->opts->target.has_btf)
		return ir_call(&l->b, BPF_FUNC_get_current_task_btf, PTR_BTF, 0, NULL);
	return ir_as(&l->b, ir_call(&l->b, BPF_FUNC_get_current_task, PTR_NONE, 0, NULL),
	             PTR_KERNEL);
}

/* A process is named as its first thread is: so does /proc/PID/comm. */
struct value lower_task_value(struct lower *l, struct node *n, struct node *task)
{
	const char *what = n->kind == NODE_CALL ? n->function->name : n->builtin->name;
	struct ir_inst *at;

	if (l->opts->target.is_user_engine)
		return user_value(l, n, what);
	at = task ? lower_int(l, task) : lower_curtask(l);
	if (task)
		at = ir_as(&l->b, at, lower_ptr_kind(l, type_strip(task->type), at));
	if (!strcmp(what, "leader_tid"))
		return value_reg(n->type,
		                 ir_load(&l->b, at, member_at(l, n, "struct task_struct", "tgid"),
		                         4, false, PTR_NONE));
	if (what[0] == 'p')
		at = follow(l, n, at, "struct task_struct", "real_parent");
	if (!strcmp(what, "ppid"))
		return value_reg(n->type,
		                 ir_load(&l->b, at, member_at(l, n, "struct task_struct", "tgid"),
		                         4, false, PTR_NONE));
	at = follow(l, n, at, "struct task_struct", "group_leader");
	return comm_at(l, at, member_at(l, n, "struct task_struct", "comm"));
}

/* ---- comm(pid) ------------------------------------------------------------------------------- */

enum {
	ID_BITS = 22,   /* PID_MAX_LIMIT */
	SPECIAL = 4096, /* internal entries up to here are no nodes (include/linux/xarray.h) */
	INTERNAL = 2,   /* of the two low bits of a node's address */
	INTERNAL_MASK = 3,
};

/* The entry of number `id` in the kernel's array of thread ids, struct pid *, or 0: the tree of
 * struct xa_node that xas_load() walks. Read without locks: nothing but a name depends on it. */
static struct ir_inst *find_id(struct lower *l, const struct node *n, struct ir_inst *entry,
                               struct ir_inst *id)
{
	struct ir_builder *b = &l->b;
	const struct type *node = types_find(l->u->types, "struct xa_node");
	uint32_t slots_b = member_at(l, n, "struct xa_node", "slots"), unused;
	const struct field *slots = node ? type_find_field(node, "slots", &unused) : NULL;
	uint32_t n_slots = slots ? type_strip(slots->type)->n_elems : 64;
	uint32_t bits = n_slots ? (uint32_t)__builtin_ctz(n_slots) : 6;
	struct ir_block *none = lower_block(l), *done = lower_block(l);
	ir_var found = ir_var_new(l->fn->f);

	for (uint32_t level = 0; level * bits < ID_BITS; level++) {
		struct ir_block *inner = lower_block(l), *within = lower_block(l);
		struct ir_block *is_node = lower_block(l);
		struct ir_inst *at, *shifted;

		ir_var_set(b, found, entry);
		ir_branch(b, COND_EQ, ir_bin_imm(b, IR_AND, entry, INTERNAL_MASK),
		          ir_const(b, INTERNAL), inner, done);
		lower_enter(l, inner);
		ir_branch(b, COND_UGT, entry, ir_const(b, SPECIAL), is_node, none);
		lower_enter(l, is_node);
		at = ir_as(b, ir_bin_imm(b, IR_SUB, entry, INTERNAL), PTR_KERNEL);
		shifted = ir_bin(
		    b, IR_SHR, id,
		    ir_load(b, at, member_at(l, n, "struct xa_node", "shift"), 1, false, PTR_NONE));
		if (!level) /* higher than the tree is */
			ir_branch(b, COND_ULT, shifted, ir_const(b, n_slots), within, none);
		else
			ir_jump(b, within);
		lower_enter(l, within);
		shifted = ir_bin_imm(b, IR_AND, shifted, n_slots - 1);
		at = ir_bin(b, IR_ADD, at, ir_bin_imm(b, IR_SHL, shifted, 3));
		entry = ir_load(b, ir_as(b, at, PTR_KERNEL), slots_b, 8, false, PTR_NONE);
	}
	ir_var_set(b, found, entry);
	ir_jump(b, done);
	lower_enter(l, none);
	ir_var_set(b, found, ir_const(b, 0));
	ir_jump(b, done);
	lower_enter(l, done);
	return ir_var_get(b, found);
}

/* The numbers are those of the first namespace, which every task's struct pid leads to. */
static struct value kernel_comm_of(struct lower *l, struct node *n)
{
	struct ir_builder *b = &l->b;
	struct ir_block *is_there = lower_block(l), *done = lower_block(l);
	struct ir_inst *id = ir_ext(b, lower_int(l, n->args[0]), 4, false), *at;
	struct ir_inst *copy = lower_temp(l, COMM_B, "comm");
	uint32_t idr_b = member_at(l, n, "struct pid_namespace", "idr");
	uint32_t root_b = member_at(l, n, "struct idr", "idr_rt");
	uint32_t head_b = member_at(l, n, "struct xarray", "xa_head");
	uint32_t links_b = member_at(l, n, "struct task_struct", "pid_links");

	ir_zero(b, copy, COMM_B, 8);
	at = follow(l, n, lower_curtask(l), "struct task_struct", "thread_pid");
	at = ir_load(
	    b, at, member_at(l, n, "struct pid", "numbers") + member_at(l, n, "struct upid", "ns"),
	    8, false, PTR_KERNEL);
	at = ir_load(b, at, idr_b + root_b + head_b, 8, false, PTR_NONE);
	at = find_id(l, n, at, id);
	/* its first task of the kind PIDTYPE_PID, 0: the head of a list of members pid_links[0] */
	at = ir_load(b, ir_as(b, at, PTR_KERNEL), member_at(l, n, "struct pid", "tasks"), 8, false,
	             PTR_NONE);
	ir_branch(b, COND_NE, at, ir_const(b, 0), is_there, done);
	lower_enter(l, is_there);
	at = ir_as(b, ir_bin_imm(b, IR_SUB, at, links_b), PTR_KERNEL);
	ir_read(b, copy, ir_bin_imm(b, IR_ADD, at, member_at(l, n, "struct task_struct", "comm")),
	        COMM_B);
	ir_jump(b, done);
	lower_enter(l, done);
	return value_mem(n->type, copy, 8);
}

struct value lower_comm_of(struct lower *l, struct node *n)
{
	if (l->opts->target.is_user_engine)
		return comm_at(l, image_task(l, lower_int(l, n->args[0])),
		               offsetof(struct image_task, comm));
	if (l->opts->target.pidns_dev)
		diag_error(l->u->diag, E_UNSUPPORTED, n->at,
		           "comm() of another task is not known inside a pid namespace");
	return kernel_comm_of(l, n);
}
