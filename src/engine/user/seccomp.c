/* The seccomp filter: which system calls stop, which notify, and which pass at full speed.
 *
 * Numbers with the same action form ranges; the filter is a balanced binary search over their
 * bounds, a handful of comparisons for any number. The kernel runs it for each number when it is
 * installed and remembers those that always pass (v5.11), so that an untraced call does not even
 * run it: it must decide by number and architecture alone wherever it lets calls pass. */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "engine/user/inside.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

struct range {
	int first;
	uint8_t action;
};

struct program {
	vec(struct sock_filter) insns;
};

static void put(struct program *p, uint16_t code, uint32_t k, size_t jt, size_t jf)
{
	vec_push(
	    NULL, &p->insns,
	    ((struct sock_filter){.code = code, .jt = (uint8_t)jt, .jf = (uint8_t)jf, .k = k}));
}

/* Filters see 32 bits at a time. */
static uint32_t low_half(unsigned arg)
{
	return (uint32_t)(offsetof(struct seccomp_data, args) + arg * 8 +
	                  (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0));
}

static void put_action(struct program *p, enum call_action action)
{
	switch (action) {
	case CALL_PASSES:
		put(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
		break;
	case CALL_STOPS:
		put(p, BPF_RET | BPF_K, SECCOMP_RET_TRACE, 0, 0);
		break;
	case CALL_NOTIFIES:
		put(p, BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF, 0, 0);
		break;
	case CALL_STOPS_IF_FILE: /* mmap: the fourth argument has the flags */
		put(p, BPF_LD | BPF_W | BPF_ABS, low_half(3), 0, 0);
		put(p, BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 0, 1);
		put(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
		put(p, BPF_RET | BPF_K, SECCOMP_RET_TRACE, 0, 0);
		break;
	case CALL_STOPS_IF_EXEC: /* mmap, mprotect: the third argument is the protection */
		put(p, BPF_LD | BPF_W | BPF_ABS, low_half(2), 0, 0);
		put(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
		put(p, BPF_RET | BPF_K, SECCOMP_RET_TRACE, 0, 0);
		put(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
		break;
	}
}

/* The search over ranges[0..n), the number being in the accumulator. A conditional jump reaches 255
 * instructions, enough for all but the first few of the longest filters. */
static void put_search(struct program *p, const struct range *ranges, size_t n)
{
	size_t half = n / 2, at = p->insns.n, left;

	if (n == 1) {
		put_action(p, ranges[0].action);
		return;
	}
	put(p, BPF_JMP | BPF_JGE | BPF_K, (uint32_t)ranges[half].first, 0, 0);
	put_search(p, ranges, half);
	left = p->insns.n - at - 1;
	if (left <= UINT8_MAX) {
		p->insns.items[at].jt = (uint8_t)left;
	} else {
		put(p, BPF_JMP | BPF_JA, 0, 0, 0); /* room */
		memmove(&p->insns.items[at + 2], &p->insns.items[at + 1],
		        left * sizeof(*p->insns.items));
		p->insns.items[at].jf = 1;
		p->insns.items[at + 1] =
		    (struct sock_filter){.code = BPF_JMP | BPF_JA, .k = (uint32_t)left};
	}
	put_search(p, ranges + half, n - half);
}

struct sock_filter *filter_build(const uint8_t actions[TRACER_SYSCALLS], size_t *ret_n)
{
	struct range ranges[TRACER_SYSCALLS + 1];
	struct program p = {0};
	size_t n = 0;

	for (int nr = 0; nr < TRACER_SYSCALLS; nr++)
		if (!nr || actions[nr] != ranges[n - 1].action)
			ranges[n++] = (struct range){nr, actions[nr]};
	/* What lies above (x32's numbers do) is not ours. */
	if (ranges[n - 1].action != CALL_PASSES)
		ranges[n++] = (struct range){TRACER_SYSCALLS, CALL_PASSES};
	put(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, ARCH_AUDIT, 1, 0);
	put_action(&p, CALL_PASSES);
	put(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	put_search(&p, ranges, n);
	*ret_n = p.insns.n;
	return p.insns.items;
}

static uint8_t action_for(const struct tracer *t, int nr, bool notifies)
{
	bool enter = bit_get(t->wants_enter, nr), exits = bit_get(t->wants_exit, nr);

	if (nr == SYS_mmap && points_need_all_maps(t) && !enter && !exits)
		return CALL_STOPS_IF_FILE;
	if (t->points && (nr == SYS_mmap || nr == SYS_mprotect) && !enter && !exits)
		return CALL_STOPS_IF_EXEC;
	if (!enter && !exits && !proc_changes_ids(nr))
		return CALL_PASSES;
	return notifies ? CALL_NOTIFIES : CALL_STOPS;
}

static int64_t inject(struct tracer_task *k, uint64_t ip, int nr, uint64_t a, uint64_t b,
                      uint64_t c, uint64_t d)
{
	const uint64_t args[6] = {a, b, c, d, 0, 0};

	return inject_syscall(k, ip, nr, args);
}

static int64_t inject_filter(struct tracer_task *k, uint64_t ip, unsigned long flags, uint64_t prog)
{
	int64_t ret = inject(k, ip, SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog, 0);

	/* Only who may do everything may filter without giving up setuid programs. */
	if (ret == -EACCES) {
		ret = inject(k, ip, SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0);
		if (!ret)
			ret = inject(k, ip, SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog, 0);
	}
	return ret;
}

static int install(struct tracer_task *k, uint64_t ip, bool notifies)
{
	struct tracer *t = k->t;
	uint8_t actions[TRACER_SYSCALLS];
	struct sock_fprog prog;
	struct sock_filter *insns;
	size_t n, size_b;
	int64_t page, ret;

	for (int nr = 0; nr < TRACER_SYSCALLS; nr++)
		actions[nr] = action_for(t, nr, notifies);
	insns = filter_build(actions, &n);
	size_b = sizeof(prog) + n * sizeof(*insns);
	/* Gone with the exec that the child is held before. */
	{
		const uint64_t args[6] = {
		    0, size_b, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};

		page = inject_syscall(k, ip, SYS_mmap, args);
	}
	if (page < 0 && page > -4096) {
		free(insns);
		return (int)page;
	}
	memset(&prog, 0, sizeof(prog));
	prog.len = (unsigned short)n;
	prog.filter = (void *)(uintptr_t)((uint64_t)page + sizeof(prog));
	ret = memory_write(k->tid, (uint64_t)page, &prog, sizeof(prog));
	if (!ret)
		ret =
		    memory_write(k->tid, (uint64_t)page + sizeof(prog), insns, n * sizeof(*insns));
	free(insns);
	if (ret)
		return (int)ret;
	if (!notifies)
		return (int)inject_filter(k, ip, 0, (uint64_t)page);
	ret = inject_filter(
	    k, ip, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
	    (uint64_t)page);
	if (ret == -EINVAL) /* v5.18 and older: a signal may make us see a call twice */
		ret = inject_filter(k, ip, SECCOMP_FILTER_FLAG_NEW_LISTENER, (uint64_t)page);
	if (ret < 0)
		return (int)ret;
	/* The child's own descriptor closes at its exec. */
	return notify_open(t, k->tid, (int)ret);
}

int filter_install(struct tracer_task *k)
{
	struct tracer *t = k->t;
	const struct arch_regs *r = task_regs(k);
	bool notifies =
	    t->wants_any_enter && !t->wants_any_exit && !t->opts.needs_regs && !t->points;
	uint64_t ip;
	int err;

	if (!r)
		return -ESRCH;
	ip = arch_ip(r) - arch_syscall_b; /* of the read it waits in */
	err = install(k, ip, notifies);
	if (err && notifies && t->listener_fd < 0)
		err = install(k, ip, false);
	t->has_filter = !err;
	return err;
}
