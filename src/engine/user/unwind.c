/* dw_ustack without the kernel: the traced thread stands still, so its stack is walked from here,
 * with tables read as they are needed. */
#include "engine/user/user.h"

#include <errno.h>
#include <string.h>
#include <sys/user.h>

#if defined(__aarch64__)
#include <asm/ptrace.h>
#endif

#include "unwind/unwind.h"

enum { CHUNK_B = 1024 }; /* read at once: a call costs more than the bytes */

struct reading {
	struct tracer_task *task;
	uint64_t at; /* of the bytes */
	bool is_there;
	uint8_t bytes[CHUNK_B];
};

static int read_word(void *arg, uint64_t address, uint64_t *ret)
{
	struct reading *r = arg;
	uint64_t at = address & ~(uint64_t)(CHUNK_B - 1);

	if (address - at > CHUNK_B - sizeof(*ret)) /* across two chunks */
		return tracer_read(r->task, address, ret, sizeof(*ret));
	if (!r->is_there || r->at != at) {
		r->at = at;
		r->is_there = !tracer_read(r->task, at, r->bytes, CHUNK_B);
	}
	if (!r->is_there)
		return -EFAULT;
	memcpy(ret, r->bytes + (address - at), sizeof(*ret));
	return 0;
}

#if defined(__x86_64__)
enum { N_REGS = 17 };
static void by_number(const void *regs, uint64_t ret[N_REGS])
{
	const struct user_regs_struct *r = regs;
	const uint64_t all[N_REGS] = {r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi,
	                              r->rbp, r->rsp, r->r8,  r->r9,  r->r10, r->r11,
	                              r->r12, r->r13, r->r14, r->r15, r->rip};

	memcpy(ret, all, sizeof(all));
}
#else
enum { N_REGS = 32 };
static void by_number(const void *regs, uint64_t ret[N_REGS])
{
	const struct user_pt_regs *r = regs;

	memcpy(ret, r->regs, 31 * sizeof(*ret));
	ret[31] = r->sp;
}
#endif

int64_t user_unwind(struct engine *e, uint64_t *ret, uint32_t max)
{
	const void *regs = e->task ? tracer_regs(e->task) : NULL;
	struct reading r = {.task = e->task};
	uint64_t all[N_REGS];
	struct unwind_regs start = {.by_nr = all, .n_by_nr = N_REGS, .is_exact = true};

	if (!regs)
		return -EFAULT;
	if (!e->unwinder)
		e->unwinder = unwinder_create();
	if (!e->unwinder)
		return -ENOMEM;
	by_number(regs, all);
	start.pc = tracer_regs_ip(regs);
	start.sp = tracer_regs_sp(regs);
	start.fp = tracer_regs_fp(regs);
#if defined(__aarch64__)
	start.lr = all[30];
	start.has_lr = true;
#endif
	return unwinder_walk(e->unwinder, tracer_tgid(e->task), start, read_word, &r, ret, max);
}
