/* Inference of calls that ask about a task: comm(pid), ppid(task) and their kin (spec 6). */
#include <string.h>

#include "script/infer_rules.h"

bool infer_task(struct infer *x, struct node *n, uint32_t i)
{
	const struct type *t = infer_value(x, &n->args[i]), *to;

	if (cast_is_unknown(t))
		return false;
	to = t->kind == TYPE_PTR ? type_strip(t->elem) : NULL;
	if (to && to->kind == TYPE_STRUCT && to->name && !strcmp(to->name, "task_struct")) {
		if (!x->u->opts->target.is_user_engine)
			return true;
		infer_error(x, E_NEEDS_KERNEL, n->args[i]->at,
		            "%s() of a task needs the kernel: the user engine reads no kernel "
		            "memory",
		            n->name);
		infer_hint(x, "run as root, or with CAP_BPF and CAP_PERFMON");
		return false;
	}
	infer_error(x, E_ARG_KIND, n->args[i]->at,
	            "%s() only supports struct task_struct * arguments (%s provided)", n->name,
	            t->kind == TYPE_PTR ? infer_type_text(x, t) : cast_kind_word(t));
	return false;
}

const struct type *infer_result_comm(struct infer *x, struct node *n)
{
	enum { TASK_COMM_B = 16 }; /* TASK_COMM_LEN, include/linux/sched.h */

	(void)n;
	return type_string(x->a, TASK_COMM_B);
}

const struct type *infer_result_task_id(struct infer *x, struct node *n)
{
	(void)x;
	(void)n;
	return type_int(4, false);
}
