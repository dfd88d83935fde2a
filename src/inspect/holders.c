/* Who holds an object: processes by their descriptors, file systems by their pins.
 *
 * What a descriptor is, /proc/PID/fdinfo/FD says in lines such as `prog_id:<TAB>12`; that needs no
 * program of its own in the kernel, and all of /proc is read once. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/internal.h"
#include "inspect/source.h"

static const char *const id_lines[HELD_N] = {
    [HELD_PROG] = "prog_id:",
    [HELD_MAP] = "map_id:",
    [HELD_LINK] = "link_id:",
    [HELD_BTF] = "btf_id:",
};

/* The first so many bytes; false: it cannot be read. */
static bool read_start(int dir, const char *name, char *ret, size_t size_b)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, size_b - 1);

	if (fd >= 0)
		close(fd);
	ret[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

/* Behind a name at the beginning of a line. */
static const char *value_of(const char *text, const char *name)
{
	size_t name_b = strlen(name);

	for (; text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
		if (!strncmp(text, name, name_b))
			return text + name_b + strspn(text + name_b, " \t");
	return NULL;
}

bool fdinfo_text(int fd, const char *name, char *ret, size_t size_b)
{
	char path[64], text[4096];
	const char *value;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (!read_start(AT_FDCWD, path, text, sizeof(text)))
		return false;
	snprintf(path, sizeof(path), "%s:", name);
	value = value_of(text, path);
	if (value)
		snprintf(ret, size_b, "%.*s", (int)strcspn(value, "\n"), value);
	return value;
}

bool fdinfo_number(int fd, const char *name, uint64_t *ret)
{
	char text[64];

	if (!fdinfo_text(fd, name, text, sizeof(text)))
		return false;
	*ret = strtoull(text, NULL, 0);
	return true;
}

/* A link is of a program, too: its own line counts. */
static bool kind_of(const char *text, enum held_kind *ret_kind, uint32_t *ret_id)
{
	static const enum held_kind order[] = {HELD_LINK, HELD_PROG, HELD_MAP, HELD_BTF};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const char *value = value_of(text, id_lines[order[i]]);

		if (!value)
			continue;
		*ret_kind = order[i];
		*ret_id = (uint32_t)strtoul(value, NULL, 10);
		return true;
	}
	return false;
}

static void read_process(struct inspect *x, int proc, const char *pid)
{
	char path[64], comm[32], text[1024];
	struct dirent *entry;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%.16s/comm", pid);
	if (!read_start(proc, path, comm, sizeof(comm)))
		return;
	comm[strcspn(comm, "\n")] = '\0';
	snprintf(path, sizeof(path), "%.16s/fdinfo", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		struct holder h = {.pid = (pid_t)atoi(pid)};
		bool is_known = false;

		if (entry->d_name[0] == '.' || !read_start(fd, entry->d_name, text, sizeof(text)) ||
		    !kind_of(text, &h.kind, &h.id))
			continue;
		memcpy(h.comm, comm, sizeof(h.comm) - 1);
		vec_each (other, &x->holders)
			is_known |=
			    other->kind == h.kind && other->id == h.id && other->pid == h.pid;
		if (!is_known)
			vec_push(x->a, &x->holders, h);
	}
	closedir(dir);
}

static void find_holders(struct inspect *x)
{
	DIR *proc = opendir("/proc");
	char own[16];
	struct dirent *entry;

	x->knows_holders = true;
	if (!proc || source_session()) {
		if (proc)
			closedir(proc);
		return;
	}
	snprintf(own, sizeof(own), "%d", (int)getpid());
	while ((entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    strcmp(entry->d_name, own) != 0)
			read_process(x, dirfd(proc), entry->d_name);
	closedir(proc);
}

void show_holders(struct inspect *x, enum held_kind kind, uint32_t id)
{
	bool is_first = true;

	if (!x->knows_holders)
		find_holders(x);
	vec_each (h, &x->holders) {
		if (h->kind != kind || h->id != id)
			continue;
		if (!x->is_json) {
			printf("%s%s(%d)", is_first ? "\n\tpids " : ", ", h->comm, (int)h->pid);
		} else {
			if (is_first) {
				json_key(&x->json, "pids");
				json_open(&x->json, '[');
			}
			json_open(&x->json, '{');
			json_key(&x->json, "pid");
			json_int(&x->json, h->pid);
			json_member_string(&x->json, "comm", h->comm);
			json_close(&x->json, '}');
		}
		is_first = false;
	}
	if (x->is_json && !is_first)
		json_close(&x->json, ']');
}

/* ---- pins ------------------------------------------------------------------------------------ */

static struct inspect *walking; /* nftw() passes nothing on */

static int add_pin(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char text[1024], info[64];
	struct pin p;
	int fd;

	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	vec_each (known, &walking->pins)
		if (!strcmp(known->path, path)) /* one mount lies on another */
			return 0;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	snprintf(info, sizeof(info), "/proc/self/fdinfo/%d", fd);
	if (read_start(AT_FDCWD, info, text, sizeof(text)) && kind_of(text, &p.kind, &p.id)) {
		p.path = arena_strdup(walking->a, path);
		vec_push(walking->a, &walking->pins, p);
	}
	close(fd);
	return 0;
}

static void find_pins(struct inspect *x)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	struct mntent *m;

	x->knows_pins = true;
	walking = x;
	while (mounts && (m = getmntent(mounts)))
		if (!strcmp(m->mnt_type, "bpf"))
			nftw(m->mnt_dir, add_pin, 16, FTW_PHYS | FTW_MOUNT);
	if (mounts)
		endmntent(mounts);
}

void show_pins(struct inspect *x, enum held_kind kind, uint32_t id)
{
	bool is_first = true;

	if (!x->shows_pins)
		return;
	if (!x->knows_pins)
		find_pins(x);
	vec_each (p, &x->pins) {
		if (p->kind != kind || p->id != id)
			continue;
		if (!x->is_json) {
			printf("\n\tpinned %s", p->path);
			continue;
		}
		if (is_first) {
			json_key(&x->json, "pinned");
			json_open(&x->json, '[');
		}
		json_string(&x->json, p->path);
		is_first = false;
	}
	if (x->is_json && !is_first)
		json_close(&x->json, ']');
}
