/* The constants of headers that a machine may not have. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "types/cpp.h"

static const struct {
	const char *name;
	unsigned long long value;
} constants[] = {
#define CONSTANT(name) {#name, (unsigned long long)(name)},
#define KERNEL_CONSTANT(name, value) {#name, value},
#include "types/constants.def"
#undef KERNEL_CONSTANT
#undef CONSTANT
};

void cpp_each_constant(void (*fn)(void *arg, const char *name, unsigned long long value), void *arg)
{
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		fn(arg, constants[i].name, constants[i].value);
}

static bool is_in(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		size_t len_b = strlen(list[i]);

		if (list[i][len_b - 1] == '/' ? !strncmp(name, list[i], len_b)
		                              : !strcmp(name, list[i]))
			return true;
	}
	return false;
}

bool cpp_is_kernel_header(const char *name)
{
	static const char *const headers[] = {
	    "linux/",    "net/",        "asm/",    "asm-generic/", "uapi/",  "trace/", "crypto/",
	    "scsi/",     "sound/",      "drm/",    "rdma/",        "media/", "kvm/",   "video/",
	    "xen/",      "acpi/",       "ras/",    "target/",      "block/", "../fs/", "../kernel/",
	    "../block/", "../drivers/", "../net/", "../mm/"};

	return is_in(headers, sizeof(headers) / sizeof(headers[0]), name);
}

bool cpp_is_libc_header(const char *name)
{
	static const char *const headers[] = {
	    "sys/",      "bits/",    "netinet/", "arpa/",    "errno.h",   "fcntl.h",
	    "signal.h",  "sched.h",  "poll.h",   "stdint.h", "stddef.h",  "stdbool.h",
	    "stdlib.h",  "stdio.h",  "string.h", "unistd.h", "time.h",    "limits.h",
	    "pthread.h", "dirent.h", "netdb.h",  "locale.h", "inttypes.h"};

	return is_in(headers, sizeof(headers) / sizeof(headers[0]), name);
}
