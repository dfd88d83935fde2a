/* Functions that look at the machine: files, names of numbers. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "host/internal.h"
#include "probe/syscalls.h"

enum { MOST_FILE_B = 1 << 20 };

/* ---- files ----------------------------------------------------------------------------------- */

static void read_into(const char *path, struct strbuf *out)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char bytes[4096];
	ssize_t n = 0;

	while (fd >= 0 && out->n < MOST_FILE_B && (n = read(fd, bytes, sizeof(bytes))) > 0)
		sb_add(out, bytes, (size_t)n);
}

struct value host_fn_read_file(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf path = host_text_of(h, args[0]), text = {0};

	(void)n;
	read_into(sb_str(&path), &text);
	return value_text_n(sb_str(&text), text.n);
}

struct value host_fn_read_link(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf path = host_text_of(h, args[0]);
	char target[4096];
	ssize_t len = readlink(sb_str(&path), target, sizeof(target));

	(void)n;
	return value_text_n(target, len > 0 ? (size_t)len : 0);
}

struct value host_fn_glob(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf pattern = host_text_of(h, args[0]);
	struct value list = value_new_list();
	glob_t found = {0};

	(void)n;
	if (!glob(sb_str(&pattern), 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			value_list_add(list.list, value_text(found.gl_pathv[i]));
	globfree(&found);
	return list;
}

/* ---- names ----------------------------------------------------------------------------------- */

struct value host_fn_comm_of(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = {0};
	char path[64];

	(void)h;
	(void)n;
	snprintf(path, sizeof(path), "/proc/%lld/comm", (long long)value_to_int(args[0]));
	read_into(path, &text);
	return value_text_n(sb_str(&text), text.n ? text.n - 1 : 0); /* without its newline */
}

struct value host_fn_user_name(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = {0};

	(void)n;
	output_user_text(h->out, (uint64_t)value_to_int(args[0]), &text);
	return value_text_n(sb_str(&text), text.n);
}

/* The kernel's own number of a device: 12 bits major, 20 minor. */
struct value host_fn_disk_name(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf disks = {0};
	uint64_t dev = (uint64_t)value_to_int(args[0]);
	unsigned major, minor;
	char name[64];

	(void)h;
	(void)n;
	read_into("/proc/partitions", &disks);
	for (const char *line = sb_str(&disks); line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, " %u %u %*u %63s", &major, &minor, name) == 3 &&
		    major == dev >> 20 && minor == (dev & 0xfffff))
			return value_text(name);
	}
	return value_text("?");
}

static struct value name_or_number(const char *name, struct value number)
{
	own_strbuf struct strbuf text = {0};

	if (name)
		return value_text(name);
	sb_addf(&text, "%lld", (long long)value_to_int(number));
	return value_text_n(text.s, text.n);
}

struct value host_fn_errno_name(struct host *h, const struct value *args, uint32_t n)
{
	int64_t e = value_to_int(args[0]);

	(void)h;
	(void)n;
	return name_or_number(e > 0 && e < 4096 ? strerrorname_np((int)e) : NULL, args[0]);
}

struct value host_fn_signal_name(struct host *h, const struct value *args, uint32_t n)
{
	int64_t s = value_to_int(args[0]);

	(void)h;
	(void)n;
	return name_or_number(s > 0 && s < NSIG ? sigabbrev_np((int)s) : NULL, args[0]);
}

struct value host_fn_capability_name(struct host *h, const struct value *args, uint32_t n)
{
#define NAME(name) [CAP_##name] = "CAP_" #name
	static const char *const names[] = {
	    NAME(CHOWN),
	    NAME(DAC_OVERRIDE),
	    NAME(DAC_READ_SEARCH),
	    NAME(FOWNER),
	    NAME(FSETID),
	    NAME(KILL),
	    NAME(SETGID),
	    NAME(SETUID),
	    NAME(SETPCAP),
	    NAME(LINUX_IMMUTABLE),
	    NAME(NET_BIND_SERVICE),
	    NAME(NET_BROADCAST),
	    NAME(NET_ADMIN),
	    NAME(NET_RAW),
	    NAME(IPC_LOCK),
	    NAME(IPC_OWNER),
	    NAME(SYS_MODULE),
	    NAME(SYS_RAWIO),
	    NAME(SYS_CHROOT),
	    NAME(SYS_PTRACE),
	    NAME(SYS_PACCT),
	    NAME(SYS_ADMIN),
	    NAME(SYS_BOOT),
	    NAME(SYS_NICE),
	    NAME(SYS_RESOURCE),
	    NAME(SYS_TIME),
	    NAME(SYS_TTY_CONFIG),
	    NAME(MKNOD),
	    NAME(LEASE),
	    NAME(AUDIT_WRITE),
	    NAME(AUDIT_CONTROL),
	    NAME(SETFCAP),
	    NAME(MAC_OVERRIDE),
	    NAME(MAC_ADMIN),
	    NAME(SYSLOG),
	    NAME(WAKE_ALARM),
	    NAME(BLOCK_SUSPEND),
	    NAME(AUDIT_READ),
	    NAME(PERFMON),
	    NAME(BPF),
	    NAME(CHECKPOINT_RESTORE),
	};
#undef NAME
	int64_t cap = value_to_int(args[0]);
	bool is_known = cap >= 0 && cap < (int64_t)(sizeof(names) / sizeof(names[0]));

	(void)h;
	(void)n;
	return name_or_number(is_known ? names[cap] : NULL, args[0]);
}

/* The kernel's enum without its TCP_; include/net/tcp_states.h. */
struct value host_fn_tcp_state(struct host *h, const struct value *args, uint32_t n)
{
	static const char *const names[] = {
	    NULL,        "ESTABLISHED", "SYN_SENT",     "SYN_RECV",   "FIN_WAIT1",
	    "FIN_WAIT2", "TIME_WAIT",   "CLOSE",        "CLOSE_WAIT", "LAST_ACK",
	    "LISTEN",    "CLOSING",     "NEW_SYN_RECV",
	};
	int64_t state = value_to_int(args[0]);
	bool is_known = state >= 0 && state < (int64_t)(sizeof(names) / sizeof(names[0]));

	(void)h;
	(void)n;
	return name_or_number(is_known ? names[state] : NULL, args[0]);
}

struct value host_fn_syscall_name(struct host *h, const struct value *args, uint32_t n)
{
	int64_t nr = value_to_int(args[0]);
	own_strbuf struct strbuf text = {0};
	const char *name = nr >= 0 && nr < 4096 ? syscall_name((int32_t)nr) : NULL;

	(void)h;
	(void)n;
	if (name)
		return value_text(name);
	sb_addf(&text, "[unknown: %lld]", (long long)nr);
	return value_text_n(text.s, text.n);
}
