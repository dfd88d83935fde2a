/* load WHAT N ROUNDS: what the tracers of bench/user/run follow. Prints the nanoseconds that one
 * WHAT took in each round of N:
 *
 *   traced    getppid(2)         untraced  getuid(2)
 *   open      openat(2) of a file that is not there
 *   function  a call of probed() below */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((noinline)) int probed(int n)
{
	__asm__ volatile("");
	return n + 1;
}

static void once(char what, int n)
{
	switch (what) {
	case 't':
		syscall(SYS_getppid);
		break;
	case 'u':
		syscall(SYS_getuid);
		break;
	case 'o':
		syscall(SYS_openat, AT_FDCWD, "/nonexistent/of/the/bench", O_RDONLY);
		break;
	case 'f':
		probed(n);
		break;
	}
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	int n, rounds;

	if (argc != 4 || !strchr("tuof", argv[1][0])) {
		fprintf(stderr, "usage: load traced|untraced|open|function N ROUNDS\n");
		return 2;
	}
	n = atoi(argv[2]);
	rounds = atoi(argv[3]);
	for (int i = 0; i < n / 10; i++)
		once(argv[1][0], i);
	for (int r = 0; r < rounds; r++) {
		double from = now_ns();

		for (int i = 0; i < n; i++)
			once(argv[1][0], i);
		printf("%.1f ", (now_ns() - from) / n);
	}
	printf("\n");
	return 0;
}
