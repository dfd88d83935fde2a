/* Stacks that are known: main() -> outer() -> middle() -> inner(), and then
 *
 *   chain burn MS           is on the CPU for so much of its time
 *   chain read MS           so much of it in the kernel, too, by read(2)
 *   chain sleep MS N        sleeps, N times
 *   chain alloc BYTES N FREED [READY]
 *                           allocates N times, of which it frees so many, and 300 * BYTES once
 *   chain kinds [READY]     keeps 33 bytes of calloc(), 44 of realloc(), 55 of posix_memalign(), 66
 *                           of memalign(), 77 of valloc(), 88 of pvalloc(), 128 of aligned_alloc(),
 *                           8192 of mmap() and 200000 of malloc(), and some more for a while
 *   chain pipes N [READY]   has so many pipes
 *                           With READY: makes this file then and waits until it is gone (20 s)
 *   chain hold READY GO WHAT...
 *                           makes the file READY, waits until there is a file GO (20 s), then the
 * same
 *
 * barechain is the same without frame pointers. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define KEPT __attribute__((noinline, noclone))

static char **args;
static int zero_fd;
static volatile long work;
static void *volatile kept;

static long arg(int i)
{
	return strtol(args[i], NULL, 0);
}

static void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static long cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Another allocator, in a way. */
KEPT void *my_malloc(size_t size_b)
{
	void *p = malloc(size_b);

	work++;
	return p;
}

KEPT void my_free(void *p)
{
	free(p);
	work++;
}

KEPT static void once(void)
{
	kept = calloc(3, (size_t)arg(1) * 100);
	work++;
}

static void kinds(void)
{
	void *p;

	kept = calloc(3, 11);
	kept = realloc(malloc(5), 44);
	work += posix_memalign(&p, 64, 55);
	kept = memalign(64, 66);
	kept = valloc(77);
	kept = pvalloc(88);
	kept = aligned_alloc(64, 128);
	kept = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kept = malloc(200000);
	kept = malloc(300000);
	free(kept);
	kept = malloc(7);
	free(kept);
	kept = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(kept, 4096);
}

/* One burst each: what costs time is here or below. */
KEPT static long inner(const char *what)
{
	static char bytes[1 << 18];

	if (!strcmp(what, "burn"))
		for (int i = 0; i < 1000000; i++)
			work += i;
	if (!strcmp(what, "read"))
		work += read(zero_fd, bytes, sizeof(bytes));
	if (!strcmp(what, "sleep"))
		sleep_ms(arg(1));
	if (!strcmp(what, "alloc"))
		kept = my_malloc((size_t)arg(1));
	return work + 1;
}

KEPT static long middle(const char *what)
{
	return inner(what) + 1;
}

KEPT static long outer(const char *what)
{
	return middle(what) + 1;
}

static void make(const char *path)
{
	close(open(path, O_WRONLY | O_CREAT, 0644));
}

static void wait_for(const char *path, int is_there)
{
	for (int i = 0; i < 2000 && !access(path, F_OK) != is_there; i++)
		sleep_ms(10);
}

static void stay(const char *ready)
{
	if (ready) {
		make(ready);
		wait_for(ready, 0);
	}
}

static void run(void)
{
	const char *what = args[0];

	zero_fd = open("/dev/zero", O_RDONLY);
	if (!strcmp(what, "burn") || !strcmp(what, "read"))
		while (cpu_ms() < arg(1))
			work += outer(what);
	if (!strcmp(what, "sleep"))
		for (long i = 0; i < arg(2); i++)
			work += outer(what);
	if (!strcmp(what, "alloc")) {
		for (long i = 0; i < arg(2); i++) {
			work += outer(what);
			if (i < arg(3))
				my_free(kept);
		}
		once();
		stay(args[4]);
	}
	if (!strcmp(what, "kinds")) {
		kinds();
		stay(args[1]);
	}
	if (!strcmp(what, "pipes")) {
		int ends[2];

		for (long i = 0; i < arg(1); i++)
			work += pipe(ends);
		stay(args[2]);
	}
}

int main(int argc, char **argv)
{
	args = argv + 1;
	if (argc > 4 && !strcmp(argv[1], "hold")) {
		make(argv[2]);
		wait_for(argv[3], 1);
		args += 3;
	}
	if (argc > 1)
		run();
	return work == 42;
}
