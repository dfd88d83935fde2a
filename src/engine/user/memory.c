/* Memory of a traced task.
 *
 * process_vm_readv needs no descriptor and no stop; it honours page protections, which is what
 * reading wants. Writing to code goes through /proc/TID/mem, which a tracer may use on private
 * read-only pages (the page is copied); where a kernel forbids that (PROC_MEM_NO_FORCE, v6.12),
 * PTRACE_POKEDATA does the same on a stopped thread, a word at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/file.h"
#include "engine/user/inside.h"

enum { PAGE_B = 4096 };

static int open_mem(pid_t tid, int flags)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/mem", tid);
	return open(path, flags | O_CLOEXEC);
}

int memory_read(pid_t tid, uint64_t address, void *buf, size_t size_b)
{
	struct iovec here = {buf, size_b}, there = {(void *)(uintptr_t)address, size_b};
	own_fd int fd = -1;

	if (!size_b)
		return 0;
	if (process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)size_b)
		return 0;
	if (errno == ESRCH)
		return -ESRCH;
	/* execute-only pages, and where seccomp forbids the call */
	fd = open_mem(tid, O_RDONLY);
	if (fd >= 0 && pread(fd, buf, size_b, (off_t)address) == (ssize_t)size_b)
		return 0;
	return -EFAULT;
}

static int poke(pid_t tid, uint64_t address, const uint8_t *bytes, size_t size_b)
{
	while (size_b) {
		uint64_t word_at = address & ~7ull;
		size_t off = address - word_at, n = 8 - off < size_b ? 8 - off : size_b;
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, tid, word_at, NULL);
		if (word == -1 && errno)
			return -errno;
		memcpy((char *)&word + off, bytes, n);
		if (ptrace(PTRACE_POKEDATA, tid, word_at, word))
			return -errno;
		address += n;
		bytes += n;
		size_b -= n;
	}
	return 0;
}

int memory_write(pid_t tid, uint64_t address, const void *buf, size_t size_b)
{
	own_fd int fd = open_mem(tid, O_RDWR);

	if (fd >= 0 && pwrite(fd, buf, size_b, (off_t)address) == (ssize_t)size_b)
		return 0;
	return poke(tid, address, buf, size_b) ? -EFAULT : 0;
}

int tracer_read(struct tracer_task *k, uint64_t address, void *buf, size_t size_b)
{
	int err = memory_read(k->tid, address, buf, size_b);

	if (err) {
		memset(buf, 0, size_b);
		return -EFAULT;
	}
	points_hide(k, address, buf, size_b);
	return 0;
}

int tracer_read_str(struct tracer_task *k, uint64_t address, char *buf, size_t size_b)
{
	size_t n = 0;

	if (!size_b)
		return 0;
	/* page by page: what follows the string may not be mapped */
	while (n < size_b) {
		size_t part = PAGE_B - (address + n) % PAGE_B;
		char some[256]; /* most strings are short */
		const char *end;

		if (part > size_b - n)
			part = size_b - n;
		if (part > sizeof(some))
			part = sizeof(some);
		if (memory_read(k->tid, address + n, some, part))
			return -EFAULT;
		end = memchr(some, 0, part);
		/* what is behind the NUL stays as it was: strings are map keys, too */
		memcpy(buf + n, some, end ? (size_t)(end - some) + 1 : part);
		if (end)
			return (int)(n + (size_t)(end - some)) + 1;
		n += part;
	}
	buf[size_b - 1] = 0;
	return (int)size_b;
}

/* Unlike memory_write: read-only memory stays so. */
int memory_write_data(pid_t tid, uint64_t address, const void *buf, size_t size_b)
{
	struct iovec here = {(void *)(uintptr_t)buf, size_b},
	             there = {(void *)(uintptr_t)address, size_b};

	return process_vm_writev(tid, &here, 1, &there, 1, 0) == (ssize_t)size_b ? 0 : -EFAULT;
}

int tracer_write(struct tracer_task *k, uint64_t address, const void *buf, size_t size_b)
{
	return memory_write_data(k->tid, address, buf, size_b);
}
