/* The texts behind strerror(), signal_name() and syscall_name(). */
#include "script/text_tables.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "probe/syscalls.h"

/* What the C library cannot know of: numbers beyond the last that Linux has. */
enum { N_ERRORS = 134, N_SIGNALS = 65, N_SYSCALLS = 512 };
/* The first that applications may use; the C library keeps the kernel's two before it. */
enum { FIRST_REAL_TIME = 34 };

static void write_error(uint32_t i, char *ret, uint32_t size_b)
{
	const char *text = i < N_ERRORS ? strerrordesc_np((int)i) : NULL;

	snprintf(ret, size_b, "%s", text ? text : "Unknown error");
}

static void write_signal(uint32_t i, char *ret, uint32_t size_b)
{
	const char *text = i < FIRST_REAL_TIME ? sigdescr_np((int)i) : NULL;

	if (i == N_SIGNALS)
		snprintf(ret, size_b, "Unknown signal");
	else if (i >= FIRST_REAL_TIME)
		snprintf(ret, size_b, "Real-time signal %u", i - FIRST_REAL_TIME);
	else if (text)
		snprintf(ret, size_b, "%s", text);
	else
		snprintf(ret, size_b, "Unknown signal %u", i);
}

static void write_syscall(uint32_t i, char *ret, uint32_t size_b)
{
	const char *name = i < N_SYSCALLS ? syscall_name((int32_t)i) : NULL;

	snprintf(ret, size_b, "%s", name ? name : "unknown");
}

const struct text_table text_tables[TEXT_TABLES_N] = {
    [TEXT_ERRORS] = {N_ERRORS, 64, write_error},
    [TEXT_SIGNALS] = {N_SIGNALS, 32, write_signal},
    [TEXT_SYSCALLS] = {N_SYSCALLS, 32, write_syscall},
};
