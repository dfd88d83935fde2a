/* The driver's calls: each makes the events that some of bench/scripts.py's scripts trace. */
#include "driver_calls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void do_getppid(uint64_t i)
{
	(void)i;
	syscall(SYS_getppid);
}

static void do_untraced(uint64_t i)
{
	(void)i;
	syscall(SYS_getuid);
}

/* Sizes differ from call to call, so that a histogram of them has more than one bucket. */
static void do_pread(uint64_t i)
{
	static char content[4096], buf[4096];
	static int file = -1;

	if (file < 0) {
		file = (int)syscall(SYS_memfd_create, "bench", 0);
		if (file < 0 || write(file, content, sizeof(content)) < 0)
			abort();
	}
	syscall(SYS_pread64, file, buf, 1ul << (i & 7), 0l);
}

static void do_openat(uint64_t i)
{
	(void)i;
	syscall(SYS_openat, AT_FDCWD, "/nonexistent/of/the/bench", O_RDONLY);
}

static void do_key(uint64_t i)
{
	(void)i;
	syscall(SYS_getpgid, 1l);
}

static void do_stat(uint64_t i)
{
	struct stat st;

	(void)i;
	(void)!stat("/nonexistent/of/the/bench", &st);
}

static void do_kill(uint64_t i)
{
	(void)i;
	kill(getpid(), 0);
}

static void do_mmap(uint64_t i)
{
	void *p = mmap(NULL, 4096 << (i & 3), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p, 4096 << (i & 3));
}

static void do_brk(uint64_t i)
{
	(void)i;
	syscall(SYS_brk, 0l);
}

/* The word is another than the one to wait for: no wait. */
static void do_futex(uint64_t i)
{
	static uint32_t word;

	(void)i;
	syscall(SYS_futex, &word, FUTEX_WAIT, 1, NULL, NULL, 0);
}

static void do_fault(uint64_t i)
{
	static volatile char *pages;

	if (!pages)
		pages = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		             -1, 0);
	if (!(i & 63))
		madvise((void *)pages, 64 * 4096, MADV_DONTNEED);
	pages[(i & 63) * 4096] = 1;
}

static void do_pipe(uint64_t i)
{
	int ends[2];

	(void)i;
	if (pipe(ends))
		abort();
	close(ends[0]);
	close(ends[1]);
}

/* A datagram over the loopback, and its reading. */
static void do_net(uint64_t i)
{
	static char buf[1024];
	static int fd = -1;

	if (fd < 0) {
		struct sockaddr_in here = {.sin_family = AF_INET,
		                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t b = sizeof(here);

		fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&here, b) ||
		    getsockname(fd, (struct sockaddr *)&here, &b) ||
		    connect(fd, (struct sockaddr *)&here, b))
			abort();
	}
	(void)!send(fd, buf, 1ul << (i & 7), 0);
	(void)!recv(fd, buf, sizeof(buf), 0);
}

static void do_malloc(uint64_t i)
{
	void *volatile p = malloc(16ul << (i & 7));

	free(p);
}

static void do_lock(uint64_t i)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	(void)i;
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
}

/* To a partner on the same CPU and back: two switches. */
static void do_switch(uint64_t i)
{
	static int to[2], from[2];
	char byte = 0;

	(void)i;
	if (!to[1]) {
		if (pipe(to) || pipe(from))
			abort();
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_NAME, "partner");
			while (read(to[0], &byte, 1) == 1 && write(from[1], &byte, 1) == 1)
				;
			_exit(0);
		}
	}
	if (write(to[1], &byte, 1) != 1 || read(from[0], &byte, 1) != 1)
		abort();
}

static void do_umount(uint64_t i)
{
	(void)i;
	umount2("/nonexistent/of/the/bench", 0);
}

/* A connection that nobody takes: two changes of state. */
static void do_refused(uint64_t i)
{
	struct sockaddr_in there = {.sin_family = AF_INET,
	                            .sin_port = htons(9),
	                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)i;
	(void)!connect(fd, (struct sockaddr *)&there, sizeof(there));
	close(fd);
}

once_fn *call_find(const char *name)
{
	static const struct {
		const char *name;
		once_fn *fn;
	} calls[] = {
	    {"getppid", do_getppid}, {"untraced", do_untraced}, {"pread", do_pread},
	    {"openat", do_openat},   {"key", do_key},           {"stat", do_stat},
	    {"kill", do_kill},       {"mmap", do_mmap},         {"brk", do_brk},
	    {"futex", do_futex},     {"fault", do_fault},       {"pipe", do_pipe},
	    {"net", do_net},         {"malloc", do_malloc},     {"lock", do_lock},
	    {"switch", do_switch},   {"umount", do_umount},     {"refused", do_refused},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].fn;
	return NULL;
}

static volatile uint64_t sink;

__attribute__((noinline)) static void left(uint64_t i, unsigned depth);

/* Which of the two calls which is written in the bits of i. */
__attribute__((noinline)) static void right(uint64_t i, unsigned depth)
{
	if (!depth)
		syscall(SYS_getpgid, (long)i);
	else if (i >> (depth - 1) & 1)
		right(i, depth - 1);
	else
		left(i, depth - 1);
	sink++;
}

__attribute__((noinline)) static void left(uint64_t i, unsigned depth)
{
	if (!depth)
		syscall(SYS_getpgid, (long)i);
	else if (i >> (depth - 1) & 1)
		right(i, depth - 1);
	else
		left(i, depth - 1);
	sink++;
}

void call_from_somewhere(uint64_t i)
{
	left(i, 13);
}
