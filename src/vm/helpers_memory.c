/* Reading and writing memory that the verifier does not vouch for: the traced program's, through
 * the host, or this process's own. A failed read leaves zeros, as in the kernel. */
#include "vm/helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE_B = 4096 };

/* Through a pipe, which needs no right: write() looks at the address as it would at any. Slower by
 * far. */
static int read_through_pipe(unsigned char *ret, uint32_t size_b, uint64_t address)
{
	int ends[2], err = 0;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -EFAULT;
	for (uint32_t at = 0; at < size_b && !err;) {
		uint32_t left_b = size_b - at;
		ssize_t n =
		    write(ends[1], vm_pointer(address + at), left_b < PAGE_B ? left_b : PAGE_B);

		if (n <= 0 || read(ends[0], ret + at, (size_t)n) != n)
			err = -EFAULT;
		else
			at += (uint32_t)n;
	}
	close(ends[0]);
	close(ends[1]);
	return err;
}

/* Copies with the kernel's help: a bad address is an error, not a signal. Sandboxes refuse
 * process_vm_readv, kernels without CROSS_MEMORY_ATTACH and user emulation lack it. */
static int read_self(void *ret, uint32_t size_b, uint64_t address)
{
	struct iovec to = {.iov_base = ret, .iov_len = size_b};
	struct iovec from = {.iov_base = vm_pointer(address), .iov_len = size_b};

	if (!size_b)
		return 0;
	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size_b)
		return 0;
	if (errno == ENOSYS || errno == EPERM)
		return read_through_pipe(ret, size_b, address);
	return -EFAULT;
}

typedef int read_fn(void *arg, void *ret, uint32_t size_b, uint64_t address);

static int read_with(read_fn *fn, void *arg, void *ret, uint32_t size_b, uint64_t address)
{
	int err = fn ? fn(arg, ret, size_b, address) : read_self(ret, size_b, address);

	if (err)
		memset(ret, 0, size_b);
	return err;
}

static read_fn *kernel_reader(struct vm_run *run)
{
	return run->host ? run->host->read_kernel : NULL;
}

int vm_read_user(struct vm_run *run, void *ret, uint32_t size_b, uint64_t address)
{
	return read_with(run->host ? run->host->read_user : NULL, run->host_arg, ret, size_b,
	                 address);
}

int vm_read_kernel(struct vm_run *run, void *ret, uint32_t size_b, uint64_t address)
{
	return read_with(kernel_reader(run), run->host_arg, ret, size_b, address);
}

/* Text, up to the end of a page at a time: the next may not be there. */
static int64_t read_text(read_fn *fn, void *arg, char *ret, uint32_t size_b, uint64_t address)
{
	uint32_t have = 0;

	if (!size_b)
		return 0;
	while (have < size_b) {
		uint32_t n = PAGE_B - (uint32_t)((address + have) % PAGE_B);
		const char *nul;

		if (n > size_b - have)
			n = size_b - have;
		if (read_with(fn, arg, ret + have, n, address + have)) {
			memset(ret, 0, size_b);
			return -EFAULT;
		}
		nul = memchr(ret + have, 0, n);
		if (nul)
			return nul - ret + 1;
		have += n;
	}
	ret[size_b - 1] = 0;
	return size_b;
}

int64_t vm_read_user_str(struct vm_run *run, char *ret, uint32_t size_b, uint64_t address)
{
	const struct vm_host *h = run->host;
	int64_t n;

	if (!h || !h->read_user_str)
		return read_text(h ? h->read_user : NULL, run->host_arg, ret, size_b, address);
	if (!size_b)
		return 0;
	n = h->read_user_str(run->host_arg, ret, size_b, address);
	if (n < 0)
		memset(ret, 0, size_b);
	else
		ret[(n && n <= size_b ? (uint32_t)n : size_b) - 1] = 0;
	return n;
}

int64_t vm_read_kernel_str(struct vm_run *run, char *ret, uint32_t size_b, uint64_t address)
{
	return read_text(kernel_reader(run), run->host_arg, ret, size_b, address);
}

VM_HELPER_FN(probe_read_user)
{
	return (uint64_t)(int64_t)vm_read_user(run, vm_pointer(r1), (uint32_t)r2, r3);
}

VM_HELPER_FN(probe_read_kernel)
{
	return (uint64_t)(int64_t)vm_read_kernel(run, vm_pointer(r1), (uint32_t)r2, r3);
}

VM_HELPER_FN(probe_read_user_str)
{
	return (uint64_t)vm_read_user_str(run, vm_pointer(r1), (uint32_t)r2, r3);
}

VM_HELPER_FN(probe_read_kernel_str)
{
	return (uint64_t)vm_read_kernel_str(run, vm_pointer(r1), (uint32_t)r2, r3);
}

/* The old ones: user memory below TASK_SIZE, else the kernel's (bpf_trace.c, *_compat). Here a
 * program's own memory is below it, too, so what is no user memory is tried as the kernel's. */
VM_HELPER_FN(probe_read)
{
	if (!vm_read_user(run, vm_pointer(r1), (uint32_t)r2, r3))
		return 0;
	return (uint64_t)(int64_t)vm_read_kernel(run, vm_pointer(r1), (uint32_t)r2, r3);
}

VM_HELPER_FN(probe_read_str)
{
	int64_t n = vm_read_user_str(run, vm_pointer(r1), (uint32_t)r2, r3);

	return (uint64_t)(n >= 0 ? n : vm_read_kernel_str(run, vm_pointer(r1), (uint32_t)r2, r3));
}

VM_HELPER_FN(copy_from_user)
{
	return (uint64_t)(int64_t)vm_read_user(run, vm_pointer(r1), (uint32_t)r2, r3);
}

VM_HELPER_FN(probe_write_user)
{
	if (run->host && run->host->write_user)
		return (uint64_t)(int64_t)run->host->write_user(run->host_arg, r1, vm_pointer(r2),
		                                                (uint32_t)r3);
	/* Of this process nothing is written: its memory is the machine's own. */
	return VM_ERROR(EPERM);
}

uint64_t vm_probe_load(struct vm_run *run, uint64_t address, uint32_t size_b)
{
	uint8_t v8;
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (size_b) {
	case 1:
		return vm_read_kernel(run, &v8, 1, address) ? 0 : v8;
	case 2:
		return vm_read_kernel(run, &v16, 2, address) ? 0 : v16;
	case 4:
		return vm_read_kernel(run, &v32, 4, address) ? 0 : v32;
	default:
		return vm_read_kernel(run, &v64, 8, address) ? 0 : v64;
	}
}
