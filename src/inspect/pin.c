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

int pin_at(struct inspect *x, int fd, const char *path)
{
	const char *dir = dirname(arena_strdup(x->a, path));
	struct stat st;

	if (!lstat(path, &st))
		return inspect_error(x, "can't pin BPF object: path '%s' already exists", path);
	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		return inspect_error(x, "can't pin BPF object: dir '%s' doesn't exist", dir);
	if (!is_bpffs(dir) && mount_there(x, dir))
		return -1;
	if (!bpf_obj_pin(fd, path))
		return 0;
	return inspect_error(x, "can't pin the object (%s): %s", path, strerror(errno));
}
