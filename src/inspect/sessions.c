/* Sessions of our own machine: which processes have one, and which of them is meant. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "inspect/internal.h"
#include "inspect/source.h"
#include "vm/session/ask.h"

struct found {
	struct arena *a;
	vec(pid_t) pids;
};

/* Whoever does not answer us is another user's. */
static void add(void *arg, pid_t pid)
{
	struct found *f = arg;
	int fd = vm_session_connect(pid);
	uint32_t id;

	if (fd < 0)
		return;
	if (!vm_session_next(fd, VM_SERVED_MAP, 0, &id) || errno == ENOENT)
		vec_push(f->a, &f->pids, pid);
	close(fd);
}

static struct found find(struct inspect *x)
{
	struct found f = {.a = x->a};

	vm_sessions_each(add, &f);
	return f;
}

int sessions_choose(struct inspect *x)
{
	struct found f = {0};
	char *end;
	long pid;

	if (x->pid) {
		int fd;

		pid = strtol(x->pid, &end, 10);
		if (*end || pid <= 0 || pid > INT32_MAX)
			return inspect_error(x, "can't parse %s as PID", x->pid);
		fd = vm_session_connect((pid_t)pid);
		if (fd < 0)
			return inspect_error(x, "process %ld has no session: %s", pid,
			                     strerror(errno));
		close(fd);
		source_use_session((pid_t)pid);
		return 0;
	}
	f = find(x);
	if (!f.pids.n)
		return inspect_error(x, "no session of this user runs here");
	if (f.pids.n > 1)
		return inspect_error(x,
		                     "%zu sessions run here: say with --pid which is meant ('%s "
		                     "sessions' lists them)",
		                     f.pids.n, x->program);
	source_use_session(f.pids.items[0]);
	return 0;
}

static uint32_t count(pid_t pid, enum vm_served_kind kind)
{
	int fd = vm_session_connect(pid);
	uint32_t id = 0, n = 0;

	while (fd >= 0 && !vm_session_next(fd, kind, id, &id))
		n++;
	if (fd >= 0)
		close(fd);
	return n;
}

int sessions_show(struct inspect *x, struct words *w)
{
	struct found f = find(x);

	if (w->n)
		return inspect_error(x, "expected no more arguments, got: '%s'?", w->at[0]);
	if (x->is_json)
		json_open(&x->json, '[');
	vec_each (pid, &f.pids) {
		uint32_t n_programs = count(*pid, VM_SERVED_PROGRAM);
		uint32_t n_maps = count(*pid, VM_SERVED_MAP);
		const char *path = arena_printf(x->a, "/proc/%d/comm", (int)*pid);
		char *comm;

		if (file_read(x->a, path, &comm, NULL))
			continue; /* it has ended */
		comm[strcspn(comm, "\n")] = '\0';
		if (x->is_json) {
			json_open(&x->json, '{');
			json_member_uint(&x->json, "pid", (uint64_t)*pid);
			json_member_string(&x->json, "comm", comm);
			json_member_uint(&x->json, "progs", n_programs);
			json_member_uint(&x->json, "maps", n_maps);
			json_close(&x->json, '}');
		} else {
			printf("%d: %s  progs %u  maps %u\n", (int)*pid, comm, n_programs, n_maps);
		}
	}
	if (x->is_json)
		json_close(&x->json, ']');
	return 0;
}
