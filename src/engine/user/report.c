/* The part of `--info` about the engine that needs no privilege: what this system lets a user do
 * with processes of their own. */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "engine/engine.h"

/* The number a file of /proc/sys holds, or `missing` where there is none. */
static int setting(const char *path, int missing)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	return n > 0 ? atoi(text) : missing;
}

static bool has_action(uint32_t action)
{
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static const char *yes_no(bool is)
{
	return is ? "yes" : "no";
}

void user_engine_report(struct strbuf *out)
{
	static const char *const scopes[] = {"processes of the same user (-c, -p)",
	                                     "what skep starts (-c)", "only with CAP_SYS_PTRACE",
	                                     "nobody's"};
	int scope = setting("/proc/sys/kernel/yama/ptrace_scope", 0);

	sb_adds(out, "\nUser engine\n");
#if defined(__x86_64__) || defined(__aarch64__)
	sb_adds(out, "  programs run as: machine code\n");
#else
	sb_adds(out, "  programs run as: interpreted code\n");
#endif
	sb_addf(out, "  may trace: %s\n", scopes[scope >= 0 && scope <= 3 ? scope : 3]);
	sb_addf(out, "  seccomp filters: %s\n", yes_no(has_action(SECCOMP_RET_TRACE)));
	sb_addf(out, "  seccomp notifications: %s\n", yes_no(has_action(SECCOMP_RET_USER_NOTIF)));
	sb_addf(out, "  profile, software and hardware events: %s\n",
	        yes_no(setting("/proc/sys/kernel/perf_event_paranoid", 2) <= 2));
}
