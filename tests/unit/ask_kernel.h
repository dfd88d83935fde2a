/* For tests that put questions to the kernel they run on, as programs of a few instructions. */
#ifndef SKEP_TESTS_ASK_KERNEL_H
#define SKEP_TESTS_ASK_KERNEL_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <cmocka.h>
#include <linux/bpf.h>

#include "base/strbuf.h"
#include "bpf/helpers.h"
#include "bpf/insn.h"
#include "types/btf.h"
#include "vm/verifier/context.h"
#include "bpf/newer.h"
#include "vm/verifier/numbers.h"

enum { LOG_B = 16384, NEWEST = 6 << 8 | 18 };

struct kernel {
	bool is_there;
	unsigned log_level;
	unsigned version; /* major << 8 | minor */
	struct btf_file *btf;
	char log[LOG_B];
};

/* The fd, or -errno. The log is in k->log. */
static inline int load(struct kernel *k, const struct vm_program *p)
{
	union bpf_attr a = {0};
	int fd;

	a.prog_type = p->type;
	a.expected_attach_type = p->attach_type;
	a.attach_btf_id = p->attach_btf_id;
	a.insns = (uintptr_t)p->insns;
	a.insn_cnt = p->n_insns;
	a.license = (uintptr_t)(p->is_gpl ? "GPL" : "none");
	a.prog_flags = p->flags;
	a.log_buf = (uintptr_t)k->log;
	a.log_size = LOG_B;
	a.log_level = k->log_level;
	k->log[0] = '\0';
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
	return fd < 0 ? -errno : fd;
}

static inline bool loads(struct kernel *k, const struct vm_program *p)
{
	int fd = load(k, p);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* The last the log (of level 2) says of this register: the kernel's word for what it holds,
 * "trusted_ptr_or_null_task_struct", "scalar". */
static inline void read_register(const struct kernel *k, int reg, struct strbuf *out)
{
	const char *at = k->log, *last = NULL;
	char name[8];

	snprintf(name, sizeof(name), "R%d=", reg);
	while ((at = strstr(at, name)))
		last = at += strlen(name);
	if (!last)
		return;
	/* A number that the kernel knows more of. */
	if ((*last >= '0' && *last <= '9') || *last == '-')
		sb_adds(out, "scalar");
	else
		sb_add(out, last, strcspn(last, "( \n"));
}

static inline int setup(void **state)
{
	struct kernel *k = calloc(1, sizeof(*k));
	struct bpf_insn nothing[] = {bpf_mov_imm(0, 0), bpf_exit()};
	struct vm_program p = {
	    .type = BPF_PROG_TYPE_XDP, .insns = nothing, .n_insns = 2, .is_gpl = true};
	unsigned major = 0, minor = 0;
	struct utsname u;

	if (!k)
		return -1;
	k->log_level = 1;
	k->is_there = loads(k, &p);
	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	k->version = major << 8 | minor;
	if (btf_open("/sys/kernel/btf/vmlinux", NULL, &k->btf))
		k->btf = NULL;
	*state = k;
	return 0;
}

static inline int teardown(void **state)
{
	struct kernel *k = *state;

	if (k->btf)
		btf_close(k->btf);
	free(k);
	return 0;
}

/* False, and says why: the tables are those of Linux 6.18, others differ here and there. */
static inline bool can_ask(const struct kernel *k)
{
	if (!k->is_there) {
		printf("# skipped: bpf(2) does not load programs here\n");
		return false;
	}
	if (k->version != NEWEST) {
		printf("# skipped: the tables are those of Linux 6.18, this is %u.%u\n",
		       k->version >> 8, k->version & 0xff);
		return false;
	}
	return true;
}

/* ---- kinds ----------------------------------------------------------------------------------- */

/* Every kind that needs no target, with each attach type that makes a difference. */
static const struct {
	uint32_t type, attach_type;
} kinds[] = {
    {BPF_PROG_TYPE_SOCKET_FILTER, 0},
    {BPF_PROG_TYPE_KPROBE, 0},
    {BPF_PROG_TYPE_KPROBE, SKEP_TRACE_KPROBE_SESSION},
    {BPF_PROG_TYPE_SCHED_CLS, 0},
    {BPF_PROG_TYPE_SCHED_ACT, 0},
    {BPF_PROG_TYPE_TRACEPOINT, 0},
    {BPF_PROG_TYPE_XDP, 0},
    {BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP},
    {BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP},
    {BPF_PROG_TYPE_PERF_EVENT, 0},
    {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS},
    {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS},
    {BPF_PROG_TYPE_CGROUP_SOCK, 0},
    {BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE},
    {BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_RELEASE},
    {BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET4_POST_BIND},
    {BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET6_POST_BIND},
    {BPF_PROG_TYPE_LWT_IN, 0},
    {BPF_PROG_TYPE_LWT_OUT, 0},
    {BPF_PROG_TYPE_LWT_XMIT, 0},
    {BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS},
    {BPF_PROG_TYPE_SK_SKB, 0},
    {BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE},
    {BPF_PROG_TYPE_CGROUP_DEVICE, 0},
    {BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT},
    {BPF_PROG_TYPE_RAW_TRACEPOINT, 0},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_BIND},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, SKEP_CGROUP_UNIX_CONNECT},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, SKEP_CGROUP_UNIX_SENDMSG},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_RECVMSG},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_RECVMSG},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, SKEP_CGROUP_UNIX_RECVMSG},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_GETPEERNAME},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_GETPEERNAME},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, SKEP_CGROUP_UNIX_GETPEERNAME},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_GETSOCKNAME},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_GETSOCKNAME},
    {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, SKEP_CGROUP_UNIX_GETSOCKNAME},
    {BPF_PROG_TYPE_LWT_SEG6LOCAL, 0},
    {BPF_PROG_TYPE_LIRC_MODE2, 0},
    {BPF_PROG_TYPE_SK_REUSEPORT, 0},
    {BPF_PROG_TYPE_SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT_OR_MIGRATE},
    {BPF_PROG_TYPE_FLOW_DISSECTOR, BPF_FLOW_DISSECTOR},
    {BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL},
    {BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 0},
    {BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT},
    {BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT},
    {BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP},
    {BPF_PROG_TYPE_SYSCALL, 0},
    {BPF_PROG_TYPE_NETFILTER, SKEP_NETFILTER},
};

enum { N_KINDS = sizeof(kinds) / sizeof(*kinds) };

static inline struct vm_program program(const struct kernel *k, uint32_t type, uint32_t attach_type)
{
	return (struct vm_program){
	    .name = "table",
	    .type = type,
	    .attach_type = attach_type,
	    .flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0,
	    .is_gpl = true,
	    .kernel_btf = k->btf,
	    .attach_btf = k->btf,
	};
}

/* A value this kind may return. */
static inline int32_t good_result(const struct vm_program *p)
{
	int64_t min, max;
	bool is_32;

	return kind_return_range(p, &min, &max, &is_32) ? (int32_t)max : 0;
}

/* Is this kind of program configured into the kernel at all? */
static inline bool is_configured(struct kernel *k, struct vm_program p)
{
	struct bpf_insn insns[] = {bpf_mov_imm(0, good_result(&p)), bpf_exit()};

	p.insns = insns;
	p.n_insns = 2;
	if (loads(k, &p))
		return true;
	printf("# not in this kernel: program type %u\n", p.type);
	return false;
}

/* ---- helpers --------------------------------------------------------------------------------- */

/* Helpers that this kernel has for fewer programs than it could have. */
static const struct {
	uint32_t helper;
	const char *reason;
} lacking[] = {
    {H_override_return, "CONFIG_BPF_KPROBE_OVERRIDE"},
    {H_probe_write_user, "a security module may forbid it"},
};

static inline bool is_lacking(uint32_t helper)
{
	for (size_t i = 0; i < sizeof(lacking) / sizeof(*lacking); i++) {
		if (lacking[i].helper == helper)
			return true;
	}
	return false;
}

static inline bool kernel_lets_call(struct kernel *k, struct vm_program *p, uint32_t helper)
{
	struct bpf_insn insns[] = {bpf_call((int32_t)helper), bpf_mov_imm(0, good_result(p)),
	                           bpf_exit()};

	p->insns = insns;
	p->n_insns = 3;
	if (loads(k, p))
		return true;
	/* Any other complaint is about the arguments. */
	return !strstr(k->log, "cannot use helper") && !strstr(k->log, "unknown func") &&
	       !strstr(k->log, "invalid func") && !strstr(k->log, "might sleep") &&
	       !strstr(k->log, "is not allowed in") && !strstr(k->log, "GPL-restricted") &&
	       !strstr(k->log, "not supported for program type") &&
	       !strstr(k->log, "supported only for fentry/fexit/fmod_ret");
}

static inline unsigned compare_helpers(struct kernel *k, struct vm_program p)
{
	unsigned n_wrong = 0;

	for (uint32_t h = 1; h <= bpf_helper_count(); h++) {
		own_strbuf struct strbuf why = {0};
		bool ours = kind_may_call(&p, h, &why), theirs = kernel_lets_call(k, &p, h);

		if (!ours)
			assert_true(why.n);
		if (ours == theirs || (ours && is_lacking(h)))
			continue;
		n_wrong++;
		printf("# type %u attach %u btf_id %u helper %s: ours %d, kernel's %d: %s%s\n",
		       p.type, p.attach_type, p.attach_btf_id, bpf_helper_name(h), ours, theirs,
		       sb_str(&why), k->log);
	}
	return n_wrong;
}

#endif
