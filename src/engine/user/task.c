/* Threads as programs ask about them: struct image_task (image/image.h), made from /proc when one
 * of its members is read. */
#include "engine/user/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static ssize_t read_proc(pid_t tid, const char *name, char *ret, size_t size_b)
{
	char path[48];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, ret, size_b - 1);
	ret[n > 0 ? n : 0] = '\0';
	return n;
}

static void read_comm(pid_t tid, char ret[16])
{
	char text[32];

	ssize_t n = tid > 0 ? read_proc(tid, "comm", text, sizeof(text)) : 0;

	if (n > 1) /* a name may have line breaks of its own */
		memcpy(ret, text, n - 1 < 15 ? (size_t)n - 1 : 15);
}

/* A number of /proc/TID/status, 0 if there is no such line. */
static pid_t status_number(pid_t tid, const char *key)
{
	char text[1024], *at;

	if (tid <= 0 || read_proc(tid, "status", text, sizeof(text)) <= 0)
		return 0;
	at = strstr(text, key);
	return at ? atoi(at + strlen(key)) : 0;
}

static bool overlaps(uint32_t at, uint32_t size_b, size_t off_b, size_t member_b)
{
	return at < off_b + member_b && off_b < at + size_b;
}

#define WANTS(member)                                                                              \
	overlaps(off_b, size_b, offsetof(struct image_task, member), sizeof(task.member))

int user_task_read(uint64_t at, void *ret, uint32_t size_b)
{
	pid_t tid = (pid_t)(at / sizeof(struct image_task));
	uint32_t off_b = (uint32_t)(at % sizeof(struct image_task));
	struct image_task task = {0};

	memset(ret, 0, size_b);
	if (size_b > sizeof(task) - off_b)
		return -EFAULT;
	if (WANTS(comm))
		read_comm(tid, task.comm);
	if (WANTS(parent_tgid) || WANTS(parent_comm))
		task.parent_tgid = (uint32_t)status_number(tid, "\nPPid:");
	if (WANTS(parent_comm))
		read_comm((pid_t)task.parent_tgid, task.parent_comm);
	if (WANTS(leader_comm))
		read_comm(status_number(tid, "\nTgid:"), task.leader_comm);
	memcpy(ret, (const char *)&task + off_b, size_b);
	return 0;
}
