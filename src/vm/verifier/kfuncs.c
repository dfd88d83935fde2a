/* Which kernel functions programs may call, and what their registration says of them (kfuncs.def).
 * What BTF says, their arguments and results, is left to the caller. */
#include <string.h>

#include "base/strbuf.h"
#include "vm/verifier/tables.h"

/* clang-format off */
/* A kind of program as a bit of a hook. The machine's own kind (0) is served as any other. */
#define K(type) (1ull << (type))
#define P(name) K(BPF_PROG_TYPE_##name)

/* enum btf_kfunc_hook: kinds of program that are registered for together. */
#define COMMON   UINT64_MAX
#define XDP      P(XDP)
#define TC       P(SCHED_CLS)
#define ACT      P(SCHED_ACT)
#define OPS      P(STRUCT_OPS)
#define TRACING  (P(TRACING) | P(TRACEPOINT) | P(PERF_EVENT) | P(LSM))
#define LSM      P(LSM)
#define SYSCALL  P(SYSCALL)
#define KPROBE   P(KPROBE)
#define CGROUP   (P(CGROUP_SKB) | P(CGROUP_SOCK) | P(CGROUP_DEVICE) | P(CGROUP_SOCK_ADDR) | \
	          P(CGROUP_SOCKOPT) | P(CGROUP_SYSCTL) | P(SOCK_OPS))
#define LWT      (P(LWT_IN) | P(LWT_OUT) | P(LWT_XMIT) | P(LWT_SEG6LOCAL))
#define GENERIC  (TRACING | TC | XDP | OPS | SYSCALL | CGROUP)
#define SKB      (TC | ACT | P(SK_SKB) | P(SOCKET_FILTER) | CGROUP | LWT | P(NETFILTER) | \
	          TRACING)

#define ACQUIRE      KFUNC_ACQUIRE
#define RELEASE      KFUNC_RELEASE
#define MAY_FAIL     KFUNC_RET_NULL
#define TRUSTED      KFUNC_TRUSTED_ARGS
#define SLEEPS       KFUNC_SLEEPABLE
#define DESTRUCTIVE  KFUNC_DESTRUCTIVE
#define RCU          KFUNC_RCU
#define ITER_NEW     KFUNC_ITER_NEW
#define ITER_NEXT    KFUNC_ITER_NEXT
#define ITER_DESTROY KFUNC_ITER_DESTROY
#define RCU_SECTION  KFUNC_RCU_PROTECTED
#define FASTCALL     KFUNC_FASTCALL
/* clang-format on */

static const struct kfunc {
	const char *name;
	uint32_t flags;
	uint64_t kinds;
	const char *ops; /* struct_ops only: the struct; NULL: any */
} kfuncs[] = {
#define KFUNC(name, flags, hooks) {#name, flags, hooks, NULL},
#define OPS_KFUNC(name, flags, ops) {#name, flags, OPS, ops},
#include "vm/verifier/kfuncs.def"
#undef KFUNC
#undef OPS_KFUNC
};

static const struct kfunc *find(const char *name)
{
	for (size_t k = 0; k < sizeof(kfuncs) / sizeof(*kfuncs); k++) {
		if (!strcmp(kfuncs[k].name, name))
			return &kfuncs[k];
	}
	return NULL;
}

static bool has_ops(const struct vm_program *p, const char *ops)
{
	struct attach_target t;

	return attach_target_find(p, &t, NULL) && t.struct_name && !strcmp(t.struct_name, ops);
}

static bool is_one_of(const char *name, const char *a, const char *b)
{
	return !strcmp(name, a) || !strcmp(name, b);
}

/* What the registrations' filters, and check_css_task_iter_allowlist(), ask on top. */
static bool is_allowed_there(const struct vm_program *p, const struct kfunc *f)
{
	uint32_t attach = kind_attach_type(p);

	if (f->ops && !has_ops(p, f->ops))
		return false;
	if (is_one_of(f->name, "bpf_session_is_return", "bpf_session_cookie"))
		return attach == SKEP_TRACE_KPROBE_SESSION || attach == SKEP_TRACE_UPROBE_SESSION;
	if (!strcmp(f->name, "bpf_sock_destroy"))
		return attach == BPF_TRACE_ITER;
	if (!strcmp(f->name, "bpf_iter_css_task_new"))
		return p->type == BPF_PROG_TYPE_LSM || (p->flags & BPF_F_SLEEPABLE) ||
		       (p->type == BPF_PROG_TYPE_TRACING && attach == BPF_TRACE_ITER);
	return true;
}

const char *kfunc_row(uint32_t i)
{
	return i < sizeof(kfuncs) / sizeof(*kfuncs) ? kfuncs[i].name : NULL;
}

bool kfunc_is_known(const char *name)
{
	return find(name) != NULL;
}

bool kfunc_find(const struct vm_program *p, const char *name, uint32_t *ret_flags,
                struct strbuf *why)
{
	const struct kfunc *f = find(name);

	if (!f) {
		sb_addf(why, "kernel function %s is none that programs may call", name);
		return false;
	}
	if (p->type >= 64 || !(f->kinds >> p->type & 1) || !is_allowed_there(p, f)) {
		const struct kind *k = kind_find(p->type);

		sb_addf(why, "calling kernel function %s is not allowed in %s programs", name,
		        k ? k->name : "these");
		return false;
	}
	*ret_flags = f->flags;
	return true;
}
