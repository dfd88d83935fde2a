/* Stacks without frame pointers: every kind of frame that a compiler and the C library make calls
 * here(), which prints what backtrace(3) says of its callers as "NAME ADDRESS ADDRESS...". Probes on
 * here() have to find the same.
 *
 *   bare           each kind once
 *   bare deep N    N frames of recursion
 *   bare loop      through a library that is loaded while it runs, again and again for 20 s
 *   bare spin N    calls of a function far down, for measurements */
#include <alloca.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <libgen.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT __attribute__((noinline, noclone, noipa))
#define HOLD(x) __asm__ volatile("" : : "r"(x) : "memory")

static int is_quiet;

KEPT void here(const char *name);
KEPT void here(const char *name)
{
	void *frames[300];
	int n;

	HOLD(name);
	if (is_quiet)
		return;
	n = backtrace(frames, 300);
	printf("%s", name);
	for (int i = 1; i < n; i++)
		printf(" %lx", (unsigned long)frames[i]);
	printf("\n");
	fflush(stdout);
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

/* Aligned more than the stack is: the frame is found through a saved pointer. */
KEPT static void aligned(const char *name, size_t n)
{
	_Alignas(64) char room[64];
	char *more = alloca(n);

	HOLD(room);
	HOLD(more);
	plain(name);
	HOLD(room);
}

KEPT static void aligned_seven(int a, int b, int c, int d, int e, int f, const char *name)
{
	_Alignas(128) char room[128];

	HOLD(a + b + c + d + e + f);
	HOLD(room);
	plain(name);
	HOLD(room);
}

KEPT static void tail(const char *name)
{
	HOLD(name);
	here(name); /* a jump */
}

KEPT static void large(const char *name)
{
	char room[100000];

	HOLD(room);
	plain(name);
	HOLD(room);
}

/* The return address lies behind the function's end. */
KEPT static _Noreturn void last(const char *name)
{
	plain(name);
	pthread_exit(NULL);
}

static int compare(const void *a, const void *b)
{
	static int times;

	if (!times++)
		plain("callback");
	return *(const int *)a - *(const int *)b;
}

KEPT static void sort(void)
{
	int numbers[] = {3, 1, 2};

	qsort(numbers, 3, sizeof(int), compare);
	HOLD(numbers);
}

static void on_signal(int sig)
{
	HOLD(sig);
	plain("signal");
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	static const char *name = "fault";

	HOLD(sig);
	HOLD(info);
	HOLD(context);
	dynamic(name, 500);
	_exit(0);
}

/* Interrupted, not having called: at its very first instruction. */
__asm__(".text\n.type faults, @function\nfaults:\n.cfi_startproc\n"
#if defined(__x86_64__)
        "ud2\n"
#else
        "udf #0\n"
#endif
        ".cfi_endproc\n.size faults, . - faults\n");
void faults(void);

static void *in_thread(void *arg)
{
	plain(arg);
	last("noreturn");
}

KEPT static int deep(int n)
{
	char room[64];
	int below;

	HOLD(room);
	if (!n) {
		here("deep");
		return 0;
	}
	below = deep(n - 1);
	HOLD(room);
	return below + 1;
}

KEPT static void loop(const char *self)
{
	char path[4096], copy[4096];
	void (*call)(void (*fn)(const char *), const char *arg);
	void *lib;

	snprintf(copy, sizeof(copy), "%s", self);
	snprintf(path, sizeof(path), "%s/libbare.so", dirname(copy));
	lib = dlopen(path, RTLD_NOW);
	call = lib ? (void (*)(void (*)(const char *), const char *))dlsym(lib, "libbare_call")
	           : NULL;
	if (!call)
		exit(1);
	is_quiet = 1;
	for (int i = 0; i < 2000; i++) {
		call(here, "library");
		usleep(10000);
	}
}

int main(int argc, char **argv)
{
	static char signal_stack[64 << 10];
	stack_t other = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};
	struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	pthread_t thread;

	self[n > 0 ? n : 0] = '\0';
	if (argc > 2 && !strcmp(argv[1], "deep"))
		return deep(atoi(argv[2])) < 0;
	if (argc > 1 && !strcmp(argv[1], "loop")) {
		loop(self);
		return 0;
	}
	if (argc > 2 && !strcmp(argv[1], "spin")) {
		is_quiet = 1;
		for (int i = atoi(argv[2]); i > 0; i--)
			deep(10);
		return 0;
	}
	plain("plain");
	dynamic("alloca", (size_t)argc * 1000);
	aligned("aligned", (size_t)argc * 100);
	aligned_seven(1, 2, 3, 4, 5, argc, "aligned_seven");
	tail("tail");
	large("large");
	sort();
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	pthread_create(&thread, NULL, in_thread, "thread");
	pthread_join(thread, NULL);
	sigaltstack(&other, NULL);
	sigaction(SIGILL, &fault, NULL);
	faults();
	return 1;
}
