/* Writes and reads eight bytes at a fixed address: in the first thread, in another, in a child. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE 0x10000000
#define WATCHED (*(volatile long *)PLACE)

static void *in_thread(void *arg)
{
	WATCHED = 30;
	return arg;
}

/* With "wait": not before a line comes in. */
int main(int argc, char **argv)
{
	pthread_t thread;
	long seen;

	if (mmap((void *)PLACE, 4096, PROT_READ | PROT_WRITE,
	         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != (void *)PLACE)
		return 1;
	if (argc > 1 && !strcmp(argv[1], "wait") && getchar() == EOF)
		return 1;
	WATCHED = 10;
	WATCHED = 20;
	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
	seen = WATCHED;
	if (!fork()) {
		WATCHED = 50;
		_exit(0);
	}
	wait(NULL);
	WATCHED = seen + 30;
	return 0;
}
