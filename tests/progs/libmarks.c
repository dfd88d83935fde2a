/* A library with USDT probes, for marks. */
#include "mark.h"

int library_call(int n);
int library_semaphore(void);

SEMAPHORE(skep_lib_watched_semaphore);

int library_call(int n)
{
	MARK("skep_lib", "call", "0", "-4@%0", "r"(n));
	if (skep_lib_watched_semaphore)
		MARK("skep_lib", "watched", "skep_lib_watched_semaphore", "-4@%0", "r"(n * 100));
	return n;
}

int library_semaphore(void)
{
	return skep_lib_watched_semaphore;
}
