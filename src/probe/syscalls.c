/* System call names and numbers.
 *
 * Input: a name or number. Output: the other. A tracepoint is named after the kernel's function
 * (SYSCALL_DEFINE), which differs from the documented name for a dozen calls that were given a
 * second, newer implementation once. */
#include "probe/syscalls.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#define SYSCALL(name, x86_64, generic) {#name, x86_64},
#else /* arm64 and riscv64 share the generic numbers */
#define SYSCALL(name, x86_64, generic) {#name, generic},
#endif
const struct syscall syscalls[] = {
#include "probe/syscalls.def"
};
#undef SYSCALL
const size_t n_syscalls = sizeof(syscalls) / sizeof(syscalls[0]);

/* clang-format off */
static const struct {
	const char *tracepoint, *name;
} renamed[] = {
	{"newfstat",    "fstat"},
	{"newlstat",    "lstat"},
	{"newstat",     "stat"},
	{"newuname",    "uname"},
	{"sendfile64",  "sendfile"},
	{"umount",      "umount2"},
	/* arm64 and riscv64 name the 64-bit forms of these as the only ones */
	{"fadvise64_64", "fadvise64"},
};
/* clang-format on */

static int by_name(const void *key, const void *elem)
{
	return strcmp(key, ((const struct syscall *)elem)->name);
}

static const struct syscall *find(const char *name)
{
	return bsearch(name, syscalls, n_syscalls, sizeof(syscalls[0]), by_name);
}

int32_t syscall_number(const char *name)
{
	const struct syscall *s = find(name);

	for (size_t i = 0; !s && i < sizeof(renamed) / sizeof(renamed[0]); i++)
		if (!strcmp(renamed[i].tracepoint, name))
			s = find(renamed[i].name);
	return s ? s->nr : -1;
}

const char *syscall_name(int32_t nr)
{
	if (nr < 0)
		return NULL;
	for (size_t i = 0; i < n_syscalls; i++)
		if (syscalls[i].nr == nr)
			return syscalls[i].name;
	return NULL;
}

const char *syscall_tracepoint_name(const char *name)
{
	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
		if (!strcmp(renamed[i].name, name))
			return renamed[i].tracepoint;
	return name;
}
