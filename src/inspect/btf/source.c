/* Where BTF comes from: the kernel by number, what a program or a map was loaded with, files. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "inspect/btf/btf.h"
#include "inspect/btf/merge.h"
#include "inspect/info.h"

static const char kernel_path[] = "/sys/kernel/btf/vmlinux";

/* ---- files ----------------------------------------------------------------------------------- */

static bool is_raw(const char *path)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint16_t magic = 0;

	return fd >= 0 && read(fd, &magic, sizeof(magic)) == sizeof(magic) && magic == BTF_MAGIC;
}

/* An ELF file, or one of the other byte order. */
static int open_by_libbpf(const char *path, struct btf_file *base, const char *base_path,
                          struct btf_source *ret)
{
	struct btf *split_from = base_path ? btf__parse(base_path, NULL) : NULL, *btf;
	const void *bytes;
	uint32_t size_b;
	int err;

	if (base_path && !split_from)
		return -errno;
	btf = btf__parse_split(path, split_from);
	err = btf ? btf__set_endianness(btf, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	                                         ? BTF_LITTLE_ENDIAN
	                                         : BTF_BIG_ENDIAN)
	          : -errno;
	bytes = err ? NULL : btf__raw_data(btf, &size_b);
	if (!err)
		err = bytes ? btf_open_bytes(bytes, size_b, base, &ret->file) : -ENOMEM;
	btf__free(split_from);
	if (err)
		btf__free(btf);
	else
		ret->held = btf;
	return err;
}

int btf_source_open(const char *path, struct btf_file *base, const char *base_path,
                    struct btf_source *ret)
{
	int err = is_raw(path) ? btf_open(path, base, &ret->file)
	                       : open_by_libbpf(path, base, base_path, ret);

	if (err)
		return err;
	return btf_is_whole(ret->file) ? 0 : -EINVAL;
}

/* The base of all: that of -B, or `path` if it is not NULL. */
static int open_base(struct inspect *x, struct btf_source *s, const char *path)
{
	struct btf_source base = {0};
	int err;

	if (x->base_btf)
		path = x->base_btf;
	if (!path)
		return 0;
	err = btf_source_open(path, NULL, NULL, &base);
	s->base = base.file;
	s->base_held = base.held;
	if (err)
		return inspect_error(x, "failed to parse base BTF at '%s': %s", path,
		                     btf_error_text(x, -err));
	return 0;
}

/* A file of /sys/kernel/btf that is a module's. */
static bool is_of_module(const char *path)
{
	static const char dir[] = "/sys/kernel/btf/";

	return !strncmp(path, dir, strlen(dir)) && strcmp(path, kernel_path) != 0;
}

static int from_file(struct inspect *x, const char *path, struct btf_source *s)
{
	int err = btf_source_open(path, s->base, s->base ? x->base_btf ?: kernel_path : NULL, s);

	if (err) {
		inspect_error(x, "failed to load BTF from %s: %s", path, btf_error_text(x, -err));
		return err;
	}
	return 0;
}

/* All words `file FILE` that stand next to each other. */
static int from_files(struct inspect *x, const char *path, struct words *w, struct btf_source *s)
{
	vec(const char *) paths = {0};
	bool has_module = is_of_module(path);
	int status;

	vec_push(x->a, &paths, path);
	/* One letter is `format`. */
	while (w->n >= 2 && w->at[0][1] && word_is(w->at[0], "file")) {
		word_next(w);
		path = word_next(w);
		has_module |= is_of_module(path);
		vec_push(x->a, &paths, path);
	}
	status = open_base(x, s, has_module ? kernel_path : NULL);
	if (status)
		return status;
	if (paths.n == 1)
		return from_file(x, path, s);
	return btf_merge(x, paths.items, paths.n, s->base ? x->base_btf ?: kernel_path : NULL, s);
}

/* ---- the kernel's ---------------------------------------------------------------------------- */

/* Its bytes, as many as `info` says; NULL: errno. */
static void *read_bytes(int fd, struct bpf_btf_info *info, char *name, uint32_t name_b)
{
	uint32_t size_b = sizeof(*info);
	void *bytes;

	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(fd, info, &size_b))
		return NULL;
	bytes = malloc(info->btf_size ? info->btf_size : 1);
	if (!bytes)
		return NULL;
	*info = (struct bpf_btf_info){.btf = (uint64_t)(uintptr_t)bytes,
	                              .btf_size = info->btf_size,
	                              .name = (uint64_t)(uintptr_t)name,
	                              .name_len = name_b};
	size_b = sizeof(*info);
	if (bpf_obj_get_info_by_fd(fd, info, &size_b)) {
		int err = errno;

		free(bytes);
		errno = err;
		return NULL;
	}
	return bytes;
}

static int from_kernel(struct inspect *x, uint32_t id, struct btf_source *s)
{
	own_fd int fd = bpf_btf_get_fd_by_id(id);
	struct bpf_btf_info info;
	char name[64] = "";
	int err, status;

	s->bytes = fd < 0 ? NULL : read_bytes(fd, &info, name, sizeof(name));
	if (!s->bytes)
		return inspect_error(x, "get btf by id (%u): %s", id, strerror(errno));
	status = open_base(x, s, info.kernel_btf && strcmp(name, "vmlinux") ? kernel_path : NULL);
	if (status)
		return status;
	err = btf_open_bytes(s->bytes, info.btf_size, s->base, &s->file);
	if (!err && !btf_is_whole(s->file))
		err = -EINVAL;
	return err ? inspect_error(x, "get btf by id (%u): %s", id, strerror(-err)) : 0;
}

/* ---- words ----------------------------------------------------------------------------------- */

static int from_id(struct inspect *x, const char *word, struct btf_source *s)
{
	uint32_t id;

	if (!word_number(word, &id))
		return inspect_error(x, "can't parse %s as ID", word);
	return from_kernel(x, id, s);
}

static int from_prog(struct inspect *x, struct words *w, struct btf_source *s)
{
	own_fd int fd = prog_of(x, w);
	struct bpf_prog_info info;
	int err = fd < 0 ? fd : prog_info(fd, &info);

	if (fd < 0)
		return fd;
	if (err)
		return inspect_error(x, "can't get prog info: %s", strerror(-err));
	return from_kernel(x, info.btf_id, s);
}

/* Which types of a map are meant. */
static int choose(struct words *w, const struct bpf_map_info *info, struct btf_source *s)
{
	bool has_key = true, has_value = true;

	if (w->n && word_is(w->at[0], "key")) {
		has_value = false;
		word_next(w);
	} else if (w->n && word_is(w->at[0], "value")) {
		has_key = false;
		word_next(w);
	} else if (w->n && word_is(w->at[0], "kv")) {
		word_next(w);
	} else if (w->n && word_is(w->at[0], "all")) {
		word_next(w);
		return 0;
	}
	if (has_key && info->btf_key_type_id)
		s->roots[s->n_roots++] = info->btf_key_type_id;
	if (has_value && info->btf_value_type_id)
		s->roots[s->n_roots++] = info->btf_value_type_id;
	s->has_chosen = true;
	return 0;
}

static int from_map(struct inspect *x, struct words *w, struct btf_source *s)
{
	own_fd int fd = map_of(x, w);
	struct bpf_map_info info;
	int err = fd < 0 ? fd : map_info(fd, &info);

	if (fd < 0)
		return fd;
	if (err)
		return inspect_error(x, "can't get map info: %s", strerror(-err));
	choose(w, &info, s);
	return from_kernel(x, info.btf_id, s);
}

int btf_source_find(struct inspect *x, struct words *w, struct btf_source *s)
{
	const char *how = word_next(w);

	if (word_is(how, "prog"))
		return from_prog(x, w, s);
	if (word_is(how, "map"))
		return from_map(x, w, s);
	if (word_is(how, "id"))
		return from_id(x, word_next(w), s);
	if (word_is(how, "file"))
		return from_files(x, word_next(w), w, s);
	return inspect_error(x, "unrecognized BTF source specifier: '%s'", how);
}

void btf_source_close(struct btf_source *s)
{
	if (s->file)
		btf_close(s->file);
	if (s->base)
		btf_close(s->base);
	btf__free(s->held);
	btf__free(s->base_held);
	free(s->bytes);
}

const char *btf_error_text(struct inspect *x, int err)
{
	char text[128];

	if (err < __LIBBPF_ERRNO__START)
		return strerror(err);
	libbpf_strerror(err, text, sizeof(text));
	return arena_strdup(x->a, text);
}
