/* The floor: bench() of one program as a C function, once to warm up and then as often as asked,
 * under the thread's processor clock. Prints what `skep vm run` prints. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int bench(void *ctx);

int main(int argc, char **argv)
{
	unsigned long repeat = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	struct timespec begin, end;
	int result = bench(NULL);

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	for (unsigned long k = 0; k < repeat; k++)
		result = bench(NULL);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	printf("ns_per_run %.1f result %u\n",
	       ((double)(end.tv_sec - begin.tv_sec) * 1e9 +
	        (double)(end.tv_nsec - begin.tv_nsec)) /
	           (double)(repeat ? repeat : 1),
	       (unsigned)result);
	return 0;
}
