/* Stacks that want names: each way ends in one getpgid(12345), called by inner() and outer().
 *
 *   frames                  at once
 *   frames hold READY GO [END]
 *                           makes the file READY, then waits until there is a file GO (20 s);
 *                           and afterwards for END
 *   frames fork             in a child, which ends before its parent
 *   frames jit              through code made at run time, named in /tmp/perf-PID.map (which stays)
 *   frames exec             as itself, then by exec of itself
 *   frames clock            not at all: asks for the time for some tenths of a second
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

__attribute__((noinline)) int inner(int n)
{
	return (int)syscall(SYS_getpgid, 12345 + n) + 1;
}

__attribute__((noinline)) int outer(int n)
{
	return inner(n) + 2;
}

static void wait_for(const char *file)
{
	for (int i = 0; i < 2000 && access(file, F_OK); i++)
		usleep(10000);
}

#if defined(__x86_64__)
/* push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret */
static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
#else
/* stp x29,x30,[sp,#-16]!; mov x29,sp; blr x0; ldp x29,x30,[sp],#16; ret */
static const unsigned char code[] = {0xfd, 0x7b, 0xbf, 0xa9, 0xfd, 0x03, 0x00, 0x91, 0x00, 0x00,
                                     0x3f, 0xd6, 0xfd, 0x7b, 0xc1, 0xa8, 0xc0, 0x03, 0x5f, 0xd6};
#endif

static void call_outer(void)
{
	outer(0);
}

static void jit(const char *name)
{
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];
	FILE *map;

	memcpy(page, code, sizeof(code));
	__builtin___clear_cache((char *)page, (char *)page + sizeof(code));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	map = fopen(path, "a");
	if (!map)
		return;
	fprintf(map, "%lx %zx %s\n", (unsigned long)page, sizeof(code), name);
	fclose(map);
	((void (*)(void (*)(void)))page)(call_outer);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	if (!strcmp(how, "hold") && argc > 3) {
		close(open(argv[2], O_CREAT | O_WRONLY, 0644));
		wait_for(argv[3]);
	}
	if (!strcmp(how, "jit")) {
		jit("made here");
		return 0;
	}
	if (!strcmp(how, "clock")) {
		struct timespec now;

		for (unsigned i = 0; i < 10000000; i++)
			clock_gettime(CLOCK_MONOTONIC, &now);
		return 0;
	}
	if (!strcmp(how, "fork") && fork()) {
		wait(NULL);
		return 0;
	}
	outer(0);
	if (!strcmp(how, "exec"))
		execl("/proc/self/exe", argv[0], (char *)NULL);
	if (argc > 4)
		wait_for(argv[4]);
	return 0;
}
