/* What infer_call.c's table of functions refers to, by topic: the type of a call whose arguments
 * have been checked, each reporting what is wrong with them beyond their kinds. */
#ifndef SKEP_SCRIPT_INFER_RULES_H
#define SKEP_SCRIPT_INFER_RULES_H

#include "script/infer_internal.h"

typedef const struct type *infer_result_fn(struct infer *x, struct node *n);

/* ---- infer_call.c ---- */
/* Reports a number of arguments that is not between these. */
bool infer_check_count(struct infer *x, const struct node *n, uint32_t fewest, uint32_t most);
infer_result_fn infer_result_format; /* checks the arguments against args[0] */
infer_result_fn infer_result_field_text;

/* ---- infer_text.c ---- */
infer_result_fn infer_result_str, infer_result_buf, infer_result_strlen, infer_result_strcap;
infer_result_fn infer_result_str_concat, infer_result_memcmp, infer_result_timestamp;
infer_result_fn infer_result_strerror, infer_result_signal_name, infer_result_syscall_name;
/* Text as strlen() and its kin take it: a string, an array of characters, or a pointer to them,
 * which becomes str(pointer). False: reported, or not known yet. */
bool infer_c_string(struct infer *x, struct node *n, uint32_t i);

/* ---- infer_task.c ---- */
infer_result_fn infer_result_comm, infer_result_task_id;
bool infer_task(struct infer *x, struct node *n, uint32_t i); /* a pointer to a task */

/* ---- infer_kernel.c ---- */
infer_result_fn infer_result_debugf, infer_result_override, infer_result_path;
infer_result_fn infer_result_percpu_kaddr, infer_result_socket_cookie, infer_result_write_user,
    infer_result_in_cgroup, infer_result_pinned_has;

/* ---- infer_opt.c ---- */
infer_result_fn infer_result_contains, infer_result_given;

/* ---- infer_object.c ---- */
/* Reports a name that an imported object has, but not as something to call; false: none has. */
bool infer_object_has_other(struct infer *x, const struct node *n);
void infer_guess_object_fn(struct infer *x, struct diag_guess *g);

/* ---- infer_kfunc.c ---- */
infer_result_fn infer_result_kfunc_exist, infer_result_kfunc_allowed;
/* Is n, a CALL of no function of the language, one of the kernel's? Then it becomes CALL_KERNEL. */
bool infer_becomes_kernel_call(struct infer *x, struct node *n);
/* The hint at an unknown function; g has the language's own, and gets the kernel's. */
void infer_hint_kernel_call(struct infer *x, const struct node *n, struct diag_guess *g);

#endif
