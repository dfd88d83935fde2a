/* System calls: names and numbers of this machine. */
#ifndef SKEP_PROBE_SYSCALLS_H
#define SKEP_PROBE_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

/* The number of a system call by its own name ("openat", "stat") or the one its tracepoints carry
 * ("newstat"); -1 if unknown. */
int32_t syscall_number(const char *name);
/* The name of a number as documented (section 2 of the manual), NULL if unknown. */
const char *syscall_name(int32_t nr);
/* The name its tracepoints carry: "newstat" for stat. */
const char *syscall_tracepoint_name(const char *name);

/* All of them, sorted by name; numbers are -1 for those of other machines. */
struct syscall {
	const char *name;
	int32_t nr;
};
extern const struct syscall syscalls[];
extern const size_t n_syscalls;

#endif
