/* driver [CPU]: the load that bench/run traces, and nothing else is. It stays on one CPU and obeys
 * lines on standard input, each answered with one line:
 *
 *   loop CALL N ROUNDS PAUSE_US   nanoseconds per call of each round of N calls
 *   run CALL SECONDS              how many calls were made
 *   until CALL                    call every 50 us until the next line comes; how many
 *   keys N                        getpgid(1) to getpgid(N)
 *   stacks N                      the same, from 8192 places
 *   spin SECONDS                  burn the CPU, 24 frames deep; user time in ms
 *   driver --stamp                print the clock and leave: for a tracer's -c
 */
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "driver_calls.h"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Rounds without a pause last for milliseconds, in which nobody else may have the CPU. With one,
 * a tracer is meant to work meanwhile, and should not be kept from it. */
static void loop(once_fn *once, uint64_t n, int rounds, unsigned pause_us)
{
	struct sched_param first = {.sched_priority = 1}, ordinary = {0};

	if (!pause_us)
		sched_setscheduler(0, SCHED_FIFO, &first);
	for (int r = 0; r < rounds; r++) {
		uint64_t from = now_ns();

		for (uint64_t i = 0; i < n; i++)
			once(i);
		printf("%.2f ", (double)(now_ns() - from) / (double)n);
		if (pause_us)
			usleep(pause_us);
	}
	sched_setscheduler(0, SCHED_OTHER, &ordinary);
}

static uint64_t run(once_fn *once, double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9), n = 0;

	while (now_ns() < end)
		for (int i = 0; i < 256; i++)
			once(n++);
	return n;
}

static uint64_t until(once_fn *once)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	uint64_t n = 0;

	while (!poll(&in, 1, 0)) {
		once(n++);
		usleep(50);
	}
	return n;
}

static volatile uint64_t sink;

/* Different depths give different stacks. */
__attribute__((noinline)) static void burn(int depth, uint64_t n)
{
	if (depth)
		burn(depth - 1, n);
	else
		for (uint64_t i = 0; i < n; i++)
			sink += i;
	sink++;
}

__attribute__((noinline)) static int compare(const void *a, const void *b)
{
	burn(0, 50);
	return *(const int *)a - *(const int *)b;
}

/* Half the time below main alone, half below libc's qsort. */
static double spin(double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
	struct rusage u;
	int numbers[64];

	for (int round = 0; now_ns() < end; round++) {
		burn(round % 24, 20000);
		for (int i = 0; i < 64; i++)
			numbers[i] = (i * 37 + round) & 63;
		qsort(numbers, 64, sizeof(int), compare);
	}
	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec * 1e3 + (double)u.ru_utime.tv_usec / 1e3;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	char line[256], call[32];
	unsigned pause_us;
	unsigned long n;
	double seconds;
	int rounds;

	if (argc > 1 && !strcmp(argv[1], "--stamp")) {
		printf("stamp %llu\n", (unsigned long long)now_ns());
		return 0;
	}
	if (argc > 1)
		pin(atoi(argv[1]));
	setvbuf(stdin, NULL, _IONBF, 0); /* so that poll() sees what is there */
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "loop %31s %lu %d %u", call, &n, &rounds, &pause_us) == 4 &&
		    call_find(call))
			loop(call_find(call), n, rounds, pause_us);
		else if (sscanf(line, "run %31s %lf", call, &seconds) == 2 && call_find(call))
			printf("%llu", (unsigned long long)run(call_find(call), seconds));
		else if (sscanf(line, "until %31s", call) == 1 && call_find(call))
			printf("%llu", (unsigned long long)until(call_find(call)));
		else if (sscanf(line, "keys %lu", &n) == 1)
			for (unsigned long i = 1; i <= n; i++)
				syscall(SYS_getpgid, (long)i);
		else if (sscanf(line, "stacks %lu", &n) == 1)
			for (unsigned long i = 1; i <= n; i++)
				call_from_somewhere(i);
		else if (sscanf(line, "spin %lf", &seconds) == 1)
			printf("%.1f", spin(seconds));
		printf("\n");
		fflush(stdout);
	}
	return 0;
}
