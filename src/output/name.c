/* Names behind numbers: users from /etc/passwd, cgroup paths from the cgroup file systems. Both
 * are looked up once per number and kept, as a script prints the same few over and over.
 *
 * A cgroup id is the file handle of its directory in the kernel's cgroup file system (v5.5 and
 * newer), so the directory can be opened by its id alone and its path read back from the
 * descriptor; no tree is walked. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"
#include "base/wildcard.h"
#include "output/internal.h"

struct cached_path {
	uint64_t number;
	const char *filter; /* compared by address: filters are the image's strings */
	char *text;
};

struct path_cache {
	vec(struct cached_path) all;
};

/* The place to keep the text for (number, filter); its `text` is NULL at first. */
static struct cached_path *lookup(struct output *o, struct path_cache **cache, uint64_t number,
                                  const char *filter)
{
	struct cached_path *entry;

	if (!*cache)
		*cache = arena_new(o->a, struct path_cache);
	vec_each (c, &(*cache)->all)
		if (c->number == number && c->filter == filter)
			return c;
	entry = vec_add(NULL, &(*cache)->all);
	entry->number = number;
	entry->filter = filter;
	return entry;
}

void name_free(struct output *o)
{
	if (o->users)
		vec_free(&o->users->all);
	if (o->cgroups)
		vec_free(&o->cgroups->all);
}

/* Reads the file rather than asking the name service, which a static program does not have. */
static char *find_user(struct arena *a, uint64_t uid)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *entry;
	char *name = NULL;

	while (f && !name && (entry = fgetpwent(f)))
		if (entry->pw_uid == uid)
			name = arena_strdup(a, entry->pw_name);
	if (f)
		fclose(f);
	return name;
}

void name_user_text(struct output *o, uint64_t uid, struct strbuf *out)
{
	struct cached_path *c = lookup(o, &o->users, uid, NULL);

	if (!c->text)
		c->text = find_user(o->a, uid);
	if (!c->text)
		c->text = arena_strdup(o->a, "");
	sb_adds(out, c->text);
}

/* The directory with this id below the mount point, as a path from the mount point, "/" for the
 * root itself. Appends nothing if there is none. */
static bool add_cgroup_path(const char *mount_point, uint64_t id, struct strbuf *out)
{
	/* struct file_handle with room for the eight bytes of a kernfs id (FILEID_KERNFS) */
	union {
		struct file_handle head;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} handle = {.head = {.handle_bytes = sizeof(uint64_t), .handle_type = 0xfe}};
	own_fd int mount_fd = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	own_fd int fd = -1;
	char link[64], path[4096];
	size_t prefix_b = strlen(mount_point);
	ssize_t n;

	if (mount_fd < 0)
		return false;
	memcpy(handle.head.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(mount_fd, &handle.head, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	if (n < (ssize_t)prefix_b || memcmp(path, mount_point, prefix_b))
		return false;
	if (n == (ssize_t)prefix_b)
		sb_addc(out, '/');
	else
		sb_add(out, path + prefix_b, (size_t)n - prefix_b);
	return true;
}

/* All hierarchies that have this id: `unified:/user.slice`, version 1 ones by their mount point's
 * last part (cpu,cpuacct). */
static char *find_cgroups(struct output *o, uint64_t id, const char *filter)
{
	own_strbuf struct strbuf text = {0}, path = {0};
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;

	while (mounts && (m = getmntent(mounts))) {
		bool is_v2 = !strcmp(m->mnt_type, "cgroup2");
		const char *base = strrchr(m->mnt_dir, '/');
		const char *name = is_v2 ? "unified" : base ? base + 1 : m->mnt_dir;

		if ((!is_v2 && strcmp(m->mnt_type, "cgroup")) ||
		    (filter && !wildcard_match(filter, name)))
			continue;
		sb_reset(&path);
		if (add_cgroup_path(m->mnt_dir, id, &path))
			sb_addf(&text, "%s%s:%s", text.n ? "," : "", name, sb_str(&path));
	}
	if (mounts)
		endmntent(mounts);
	return arena_strdup(o->a, sb_str(&text));
}

void name_cgroup_text(struct output *o, uint64_t id, const char *filter, struct strbuf *out)
{
	struct cached_path *c = lookup(o, &o->cgroups, id, filter);

	if (!c->text)
		c->text = find_cgroups(o, id, filter);
	sb_adds(out, c->text);
}
