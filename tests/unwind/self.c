/* A program that walks its own stack by its files' tables, and compares with what the compiler's
 * own unwinder finds. For CPUs of which there is no kernel to ask: it runs under an emulator.
 * Prints a line for each kind of frame, `ok NAME N frames` or `not ok NAME`. */
#include <alloca.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#include "unwind/unwind.h"

#define KEPT __attribute__((noinline, noclone, noipa))
#define HOLD(x) __asm__ volatile("" : : "r"(x) : "memory")

enum { MOST = 300 };

static int failures;

static int read_own(void *arg, uint64_t address, uint64_t *ret)
{
	(void)arg;
	memcpy(ret, (const void *)(uintptr_t)address, sizeof(*ret));
	return 0;
}

struct frames {
	uint64_t pc[MOST];
	uint32_t n;
};

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *c, void *arg)
{
	struct frames *f = arg;

	if (f->n < MOST && _Unwind_GetIP(c))
		f->pc[f->n++] = _Unwind_GetIP(c);
	return _URC_NO_REASON;
}

/* The registers of this place. */
static inline __attribute__((always_inline)) struct unwind_regs own_regs(void)
{
	struct unwind_regs r = {.is_exact = true};

#if defined(__aarch64__)
	__asm__ volatile("adr %0, .\n\tmov %1, sp\n\tmov %2, x29\n\tmov %3, x30"
	                 : "=r"(r.pc), "=r"(r.sp), "=r"(r.fp), "=r"(r.lr));
	r.has_lr = true;
#else
	__asm__ volatile("lea (%%rip), %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2"
	                 : "=r"(r.pc), "=r"(r.sp), "=r"(r.fp));
#endif
	return r;
}

KEPT static void here(const char *name)
{
	struct unwinder *u = unwinder_create();
	struct frames want = {.n = 0};
	uint64_t got[MOST];
	struct unwind_regs regs;
	uint32_t n, same = 1;

	_Unwind_Backtrace(add_frame, &want);
	regs = own_regs();
	n = unwinder_walk(u, getpid(), regs, read_own, NULL, got, MOST);
	/* The innermost is another place in here(). */
	while (same < n && same < want.n && got[same] == want.pc[same])
		same++;
	if (n == want.n && same == n) {
		printf("ok %s %u frames\n", name, n);
	} else {
		printf("not ok %s: frame %u of %u, %u\n", name, same, n, want.n);
		for (uint32_t i = 0; i < n || i < want.n; i++)
			printf("    | %" PRIx64 " %" PRIx64 "\n", i < n ? got[i] : 0,
			       i < want.n ? want.pc[i] : 0);
		failures++;
	}
	unwinder_destroy(u);
}

KEPT static void plain(const char *name)
{
	char room[200];

	HOLD(room);
	here(name);
	HOLD(room);
}

KEPT static void dynamic(const char *name, size_t n)
{
	char *room = alloca(n);

	memset(room, 1, n);
	HOLD(room);
	plain(name);
	HOLD(room);
}

KEPT static void aligned(const char *name)
{
	_Alignas(128) char room[128];

	HOLD(room);
	plain(name);
	HOLD(room);
}

KEPT static void large(const char *name)
{
	char room[100000];

	HOLD(room);
	plain(name);
	HOLD(room);
}

KEPT static void deep(const char *name, int n)
{
	if (n)
		deep(name, n - 1);
	else
		plain(name);
	HOLD(n);
}

KEPT static void tail(const char *name)
{
	HOLD(name);
	here(name); /* a jump */
}

static int compare(const void *a, const void *b)
{
	static int times;

	if (!times++)
		plain("callback");
	return *(const int *)a - *(const int *)b;
}

static void *in_thread(void *arg)
{
	plain(arg);
	return NULL;
}

int main(void)
{
	int numbers[] = {3, 1, 2};
	pthread_t thread;

	plain("plain");
	dynamic("alloca", 700);
	aligned("aligned");
	large("large");
	deep("deep", 100);
	tail("tail");
	qsort(numbers, 3, sizeof(int), compare);
	if (!pthread_create(&thread, NULL, in_thread, "thread"))
		pthread_join(thread, NULL);
	return failures != 0;
}
