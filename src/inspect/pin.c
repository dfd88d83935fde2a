/* Pins: names of objects in a file system of the type bpf. */
#include <bpf/bpf.h>
#include <errno.h>
#include <libgen.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "inspect/internal.h"

static const char usual_place[] = "/sys/fs/bpf";

static bool is_bpffs(const char *dir)
{
	struct statfs fs;

	return !statfs(dir, &fs) && (uint32_t)fs.f_type == BPF_FS_MAGIC;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static const char *parent_of(struct inspect *x, const char *path)
{
	return dirname(arena_strdup(x->a, path));
}

/* bpftool mounts over any directory, which hides what is in it. This is done in the one place that
 * is there for it, and only while nothing is. */
static int mount_there(struct inspect *x, const char *dir)
{
	if (x->may_not_mount)
		return inspect_error(
		    x, "no BPF file system found, not mounting it due to --nomount option");
	if (strcmp(dir, usual_place) != 0)
		return inspect_error(
		    x, "%s is in no BPF file system: mount -t bpf bpf DIR makes one", dir);
	if (mount("bpf", dir, "bpf", 0, "mode=0700"))
		return inspect_error(x, "can't mount BPF file system on given dir '%s': %s", dir,
		                     strerror(errno));
	return 0;
}

int pin_place(struct inspect *x, const char *path)
{
	const char *dir = parent_of(x, path);
	struct stat st;

	if (!lstat(path, &st))
		return inspect_error(x, "can't pin BPF object: path '%s' already exists", path);
	if (!is_dir(dir))
		return inspect_error(x, "can't pin BPF object: dir '%s' doesn't exist", dir);
	return is_bpffs(dir) ? 0 : mount_there(x, dir);
}

int pin_at(struct inspect *x, int fd, const char *path)
{
	if (pin_place(x, path))
		return -1;
	if (!bpf_obj_pin(fd, path))
		return 0;
	return inspect_error(x, "can't pin the object (%s): %s", path, strerror(errno));
}

int pin_dir(struct inspect *x, const char *dir, bool *ret_is_new)
{
	const char *parent = parent_of(x, dir);
	struct stat st;

	*ret_is_new = false;
	if (is_dir(dir))
		return is_bpffs(dir) ? 0 : mount_there(x, dir);
	if (!lstat(dir, &st))
		return inspect_error(x, "can't create dir '%s' to pin BPF object: %s", dir,
		                     strerror(EEXIST));
	if (!is_dir(parent))
		return inspect_error(
		    x, "can't create dir '%s' to pin BPF object: parent dir '%s' doesn't exist",
		    dir, parent);
	if (!is_bpffs(parent) && mount_there(x, parent))
		return -1;
	if (mkdir(dir, 0700))
		return inspect_error(x, "can't create dir '%s' to pin BPF object: %s", dir,
		                     strerror(errno));
	*ret_is_new = true;
	return 0;
}
