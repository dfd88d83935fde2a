/* USDT probes to aim at: `marks N` passes by each N times, in turns of a library's and its own.
 * `marks wait` goes on until its standard input ends, then waits until nobody traces it any more
 * (at most 20 s: the kernel takes breakpoints off when it finds the time) and prints the
 * semaphores. */
#include <dlfcn.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mark.h"

#define OPAQUE __attribute__((noipa))

OPAQUE void mark_operands(int i, const char *text);
OPAQUE void mark_memory(const int *table, long i);
OPAQUE void mark_even(int i);
OPAQUE void mark_odd(int i);
OPAQUE void mark_guarded(int i);

SEMAPHORE(skep_test_guarded_semaphore);
static int global[2] = {4711, 4712};

/* Registers and constants of all sizes; text. */
void mark_operands(int i, const char *text)
{
	signed char small = (signed char)-i;
	unsigned short medium = (unsigned short)(65535 - i);
	int64_t large = -5000000000 - i;

#ifdef __x86_64__
	MARK("skep_test", "operands", "0", "-1@%b0 2@%w1 -4@%2 -8@%3 8@%4 -4@%5 1@%6", "q"(small),
	     "r"(medium), "r"(-i), "r"(large), "r"(text), "i"(-7), "i"(200));
#else
	MARK("skep_test", "operands", "0", "-1@%w0 2@%w1 -4@%w2 -8@%3 8@%4 -4@%5 1@%6", "r"(small),
	     "r"(medium), "r"(-i), "r"(large), "r"(text), "i"(-7), "i"(200));
#endif
}

/* On the stack, by an index, by a symbol's name. */
void mark_memory(const int *table, long i)
{
	volatile int on_stack = (int)i - 3;
	volatile unsigned char byte = (unsigned char)(250 + i);

#ifdef __x86_64__
	MARK("skep_test", "memory", "0", "-4@%0 1@%1 4@(%2,%3,4) 4@%4 4@4+%4", "m"(on_stack),
	     "m"(byte), "r"(table), "r"(i), "m"(global[0]));
#else
	MARK("skep_test", "memory", "0", "-4@%0 1@%1 4@[%2, %3, lsl 2] 4@%w4 4@%w5", "m"(on_stack),
	     "m"(byte), "r"(table), "r"(i), "r"(global[0]), "r"(global[1]));
#endif
}

/* One probe, two places, with the argument in different ones. */
void mark_even(int i)
{
	volatile int there = i;

	MARK("skep_test", "place", "0", "-4@%0", "m"(there));
}

void mark_odd(int i)
{
	MARK("skep_test", "place", "0", "-4@%0", "r"(i));
}

void mark_guarded(int i)
{
	if (skep_test_guarded_semaphore)
		MARK("skep_test", "guarded", "skep_test_guarded_semaphore", "-4@%0", "r"(i * 10));
}

static int (*library_call)(int), (*library_semaphore)(void);

/* The library lies beside the program. */
static int open_library(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("libmarks.so"));
	char *slash;
	void *lib;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return -1;
	strcpy(slash + 1, "libmarks.so");
	lib = dlopen(path, RTLD_NOW);
	if (!lib)
		return -1;
	*(void **)&library_call = dlsym(lib, "library_call");
	*(void **)&library_semaphore = dlsym(lib, "library_semaphore");
	return library_call && library_semaphore ? 0 : -1;
}

static void round_of(int i)
{
	static const int table[] = {10, 20, 30, 40};
	char text[16];

	snprintf(text, sizeof(text), "text %d", i);
	mark_operands(i, text);
	mark_memory(table, i & 3);
	if (i & 1)
		mark_odd(i);
	else
		mark_even(i);
	mark_guarded(i);
	library_call(i);
}

int main(int argc, char **argv)
{
	struct pollfd in = {.fd = 0, .events = POLLIN};
	int n = argc > 1 ? atoi(argv[1]) : 1;

	if (open_library()) {
		fprintf(stderr, "marks: %s\n", dlerror());
		return 1;
	}
	if (argc < 2 || strcmp(argv[1], "wait") != 0) {
		for (int i = 0; i < n; i++)
			round_of(i);
		return 0;
	}
	for (int i = 0; poll(&in, 1, 10) == 0; i++)
		round_of(i);
	for (int i = 0; i < 2000 && (skep_test_guarded_semaphore || library_semaphore()); i++)
		poll(NULL, 0, 10);
	printf("semaphores %d %d\n", skep_test_guarded_semaphore, library_semaphore());
	return 0;
}
