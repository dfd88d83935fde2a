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
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* Most descriptors are something else, which what they point to tells at a third of the price. */
static bool may_be_object(int dir, const char *fd, bool *ret_is_denied)
{
	char target[24];
	ssize_t n = readlinkat(dir, fd, target, sizeof(target));

	*ret_is_denied = n < 0 && errno == EACCES; /* so are all others of this process */
	return n > 14 &&
	       (!memcmp(target, "anon_inode:bpf", 14) || !memcmp(target, "anon_inode:btf", 14));
}

static void add_holder(struct inspect *x, int proc, const char *pid, const char *fd)
{
	struct holder h = {.pid = (pid_t)atoi(pid)};
	char path[64], text[1024];
	size_t length;

	snprintf(path, sizeof(path), "%.16s/fdinfo/%.16s", pid, fd);
	if (!read_start(proc, path, text, sizeof(text)) || !kind_of(text, &h.kind, &h.id))
		return;
	vec_each (other, &x->holders)
		if (other->kind == h.kind && other->id == h.id && other->pid == h.pid)
			return;
	snprintf(path, sizeof(path), "%.16s/comm", pid);
	if (!read_start(proc, path, h.comm, sizeof(h.comm)))
		return;
	length = strlen(h.comm);
	if (length && h.comm[length - 1] == '\n') /* the file's own; a name may hold others */
		h.comm[length - 1] = '\0';
	vec_push(x->a, &x->holders, h);
}

/* What getdents64(2) writes. */
struct entry {
	uint64_t inode;
	int64_t next_off;
	uint16_t size_b;
	uint8_t type;
	char name[];
};

/* Without readdir(), whose fstat(), fcntl() and malloc() are half of the price of a small
 * directory. */
static void read_process(struct inspect *x, int proc, const char *pid, bool tells_size)
{
	char path[32], entries[8192] __attribute__((aligned(8)));
	bool is_denied = false;
	struct stat st;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%.16s/fd", pid);
	/* Threads of the kernel, most of what runs on a quiet machine, have none open. */
	if (tells_size && (fstatat(proc, path, &st, 0) || !st.st_size))
		return;
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	while (!is_denied && (n = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0)
		for (char *at = entries; at < entries + n && !is_denied;) {
			const struct entry *e = (const struct entry *)at;

			if (e->name[0] != '.' && may_be_object(fd, e->name, &is_denied))
				add_holder(x, proc, pid, e->name);
			at += e->size_b;
		}
	close(fd);
}

static void find_holders(struct inspect *x)
{
	DIR *proc = opendir("/proc");
	char own[16];
	struct dirent *entry;
	bool tells_size;
	struct stat st;

	x->knows_holders = true;
	if (!proc || source_session()) {
		if (proc)
			closedir(proc);
		return;
	}
	snprintf(own, sizeof(own), "%d", (int)getpid());
	/* The size of /proc/PID/fd is how many are open (Linux 6.2). */
	tells_size = !fstatat(dirfd(proc), "self/fd", &st, 0) && st.st_size;
	while ((entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    strcmp(entry->d_name, own) != 0)
			read_process(x, dirfd(proc), entry->d_name, tells_size);
	closedir(proc);
}

void holders_read(struct inspect *x)
{
	x->holders.n = 0;
	find_holders(x);
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
			printf("%s%s(%d)", is_first ? "\n\tpids " : ", ", plain_text(x, h->comm),
			       (int)h->pid);
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
			printf("\n\tpinned %s", plain_text(x, p->path));
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
