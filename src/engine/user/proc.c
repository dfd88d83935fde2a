/* What /proc says of a traced task. Names change at any time, also by other threads' hands: read
 * when asked, through a descriptor that is kept. User ids change by few calls, which are followed.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "engine/user/inside.h"

static ssize_t read_file(pid_t tid, const char *name, char *buf, size_t size_b)
{
	char path[48];
	own_fd int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, size_b - 1);
	buf[n > 0 ? n : 0] = 0;
	return n;
}

bool proc_status_number(pid_t tid, const char *key, uint64_t *ret)
{
	char text[4096];
	const char *at = text;
	size_t len = strlen(key);

	if (read_file(tid, "status", text, sizeof(text)) <= 0)
		return false;
	while (at) {
		if (!strncmp(at, key, len) && at[len] == ':') {
			*ret = strtoull(at + len + 1, NULL, 10);
			return true;
		}
		at = strchr(at, '\n');
		at += at != NULL;
	}
	return false;
}

/* Field `n` of /proc/TID/stat as proc(5) counts them; n > 2. The name in between may have blanks
 * and parentheses of its own. */
static uint64_t stat_field(pid_t tid, int n)
{
	char text[1024], *at;

	if (read_file(tid, "stat", text, sizeof(text)) <= 0)
		return 0;
	at = strrchr(text, ')');
	for (int field = 2; at && field < n; field++) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

bool proc_changes_ids(int nr)
{
	static const int calls[] = {SYS_setuid,    SYS_setgid,    SYS_setreuid, SYS_setregid,
	                            SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i] == nr)
			return true;
	return false;
}

void proc_forget(struct tracer_task *k)
{
	if (k->comm_fd >= 0)
		close(k->comm_fd);
	k->comm_fd = -1;
	k->has_ids = false;
}

void tracer_comm(struct tracer_task *k, char ret[16])
{
	char path[40], text[64];
	ssize_t n;

	memset(ret, 0, 16);
	if (k->comm_fd < 0) {
		snprintf(path, sizeof(path), "/proc/%d/comm", k->tid);
		k->comm_fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (k->comm_fd < 0)
		n = read_file(k->tid, "comm", text, sizeof(text));
	else
		n = pread(k->comm_fd, text, sizeof(text), 0);
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n > 0)
		memcpy(ret, text, n < 15 ? (size_t)n : 15);
}

void tracer_ids(struct tracer_task *k, uint32_t *ret_uid, uint32_t *ret_gid)
{
	uint64_t uid = 0, gid = 0;

	if (!k->has_ids && proc_status_number(k->tid, "Uid", &uid) &&
	    proc_status_number(k->tid, "Gid", &gid)) {
		k->uid = (uint32_t)uid;
		k->gid = (uint32_t)gid;
		k->has_ids = true;
	}
	*ret_uid = k->uid;
	*ret_gid = k->gid;
}

pid_t tracer_ppid(struct tracer_task *k)
{
	return (pid_t)stat_field(k->tid, 4);
}

uint32_t tracer_cpu(struct tracer_task *k)
{
	return (uint32_t)stat_field(k->tid, 39);
}

uint64_t tracer_start_time_ns(struct tracer_task *k)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);

	return stat_field(k->tgid, 22) * (1000000000 / (hz ? hz : 100));
}

/* The id is the inode of the group's directory in the unified hierarchy (kernfs). */
uint64_t proc_cgroup(pid_t tid)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	own_strbuf struct strbuf path = {0};
	char text[4096], *at, *end;
	struct stat st;

	if (read_file(tid, "cgroup", text, sizeof(text)) <= 0)
		return 0;
	at = strncmp(text, "0::", 3) ? strstr(text, "\n0::") : text;
	if (!at)
		return 0;
	at = strchr(at, '/');
	if (!at)
		return 0;
	end = strchr(at, '\n');
	if (end)
		*end = 0;
	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		sb_reset(&path);
		sb_addf(&path, "%s/cgroup.controllers", mounts[i]);
		if (access(path.s, F_OK))
			continue;
		sb_reset(&path);
		sb_addf(&path, "%s%s", mounts[i], at);
		if (!stat(path.s, &st))
			return st.st_ino;
	}
	return 0;
}

uint64_t tracer_cgroup(struct tracer_task *k)
{
	return proc_cgroup(k->tid);
}
