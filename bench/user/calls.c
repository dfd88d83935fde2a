/* calls [ROUNDS]: what a system call, and a call of a function, costs here: nanoseconds, the least
 * of many short rounds, so that a busy machine shows in few of them. `traced` is getppid,
 * `untraced` getuid, `function` is probed by bench/user/run. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 200 };

__attribute__((noinline, noclone)) int probed(int a)
{
	__asm__ volatile("" ::: "memory");
	return a + 1;
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double round_of(int what)
{
	double start = now_ns();

	for (int i = 0; i < CALLS; i++) {
		if (what == 0)
			syscall(SYS_getppid);
		else if (what == 1)
			syscall(SYS_getuid);
		else
			probed(i);
	}
	return (now_ns() - start) / CALLS;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"traced", "untraced", "function"};
	int rounds = argc > 1 ? atoi(argv[1]) : 100;
	double *times = calloc((size_t)(rounds > 0 ? rounds : 1), sizeof(*times));

	if (rounds <= 0 || !times)
		return 2;
	for (int what = 0; what < 3; what++) {
		for (int i = 0; i < rounds; i++)
			times[i] = round_of(what);
		qsort(times, (size_t)rounds, sizeof(*times), compare);
		printf("%s %.1f %.1f\n", names[what], times[0], times[rounds / 2]);
	}
	free(times);
	return 0;
}
