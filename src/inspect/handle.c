/* `id N`, `tag HEX`, `name NAME`, `pinned PATH`: which objects are meant. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "inspect/internal.h"
#include "inspect/source.h"
#include "inspect/info.h"

void close_all(fd_list *fds)
{
	vec_each (fd, fds)
		close(*fd);
	fds->n = 0;
}

static int by_path(struct inspect *x, const char *path, const char *kind, fd_list *out)
{
	static const char *const kinds[HELD_N] = {"prog", "map", "link", "unknown"};
	int fd = bpf_obj_get(path);
	const char *is = "unknown";
	struct statfs fs;
	uint64_t id;

	if (fd < 0) {
		int err = errno;
		bool is_elsewhere = !statfs(path, &fs) && fs.f_type != BPF_FS_MAGIC;

		return inspect_error(x, "bpf obj get (%s): %s", path,
		                     is_elsewhere ? "directory not in bpf file system (bpffs)"
		                                  : strerror(err));
	}
	if (fdinfo_number(fd, "link_id", &id))
		is = kinds[HELD_LINK];
	else if (fdinfo_number(fd, "prog_id", &id))
		is = kinds[HELD_PROG];
	else if (fdinfo_number(fd, "map_id", &id))
		is = kinds[HELD_MAP];
	if (strcmp(is, kind) != 0) {
		close(fd);
		return inspect_error(x, "incorrect object type: %s", is);
	}
	vec_push(x->a, out, fd);
	return 1;
}

/* All whose tag or name it is. */
static int progs_like(struct inspect *x, const uint8_t *tag, const char *name, fd_list *out)
{
	uint32_t id = 0;

	while (!source_next_prog(id, &id)) {
		struct bpf_prog_info info;
		int fd = source_open_prog(id);
		bool is_meant;

		if (fd < 0 || prog_info(fd, &info)) {
			if (fd >= 0)
				close(fd);
			continue; /* it has gone */
		}
		is_meant = tag ? !memcmp(info.tag, tag, BPF_TAG_SIZE)
		               : !strcmp(prog_name(x->a, &info, fd), name);
		if (is_meant)
			vec_push(x->a, out, fd);
		else
			close(fd);
	}
	if (!out->n)
		return name ? inspect_error(x, "no program matches name '%s'", name)
		            : inspect_error(x, "no program matches this tag");
	return (int)out->n;
}

static int maps_like(struct inspect *x, const char *name, fd_list *out)
{
	uint32_t id = 0;

	while (!source_next_map(id, &id)) {
		struct bpf_map_info info;
		int fd = source_open_map(id);

		if (fd < 0)
			continue;
		if (!map_info(fd, &info) && !strcmp(info.name, name))
			vec_push(x->a, out, fd);
		else
			close(fd);
	}
	if (!out->n)
		return inspect_error(x, "no map matches name '%s'", name);
	return (int)out->n;
}

static int prog_by_tag(struct inspect *x, const char *word, fd_list *out)
{
	uint8_t tag[BPF_TAG_SIZE];
	unsigned byte;
	size_t i;

	for (i = 0; i < BPF_TAG_SIZE && sscanf(word + 2 * i, "%2x", &byte) == 1; i++)
		tag[i] = (uint8_t)byte;
	if (i != BPF_TAG_SIZE || strlen(word) != 2 * BPF_TAG_SIZE)
		return inspect_error(x, "can't parse tag");
	return progs_like(x, tag, NULL, out);
}

static int by_id(struct inspect *x, const char *which, int (*open)(uint32_t id),
                 const char *message, fd_list *out)
{
	uint32_t id;
	int fd;

	if (!word_number(which, &id))
		return inspect_error(x, "can't parse %s as ID", which);
	fd = open(id);
	if (fd < 0)
		return inspect_error(x, "%s (%u): %s", message, id, strerror(errno));
	vec_push(x->a, out, fd);
	return 1;
}

/* The two words of a handle; false: reported. */
static bool read_handle(struct inspect *x, struct words *w, const char **ret_how,
                        const char **ret_which)
{
	*ret_how = word_next(w);
	*ret_which = word_next(w);
	if (*ret_which)
		return true;
	inspect_error(x, "what is '%s'?", *ret_how ? *ret_how : w->at[-1]);
	return false;
}

int progs_of(struct inspect *x, struct words *w, fd_list *out)
{
	const char *how, *which;

	if (!read_handle(x, w, &how, &which))
		return -1;
	if (word_is(how, "id"))
		return by_id(x, which, source_open_prog, "get by id", out);
	if (word_is(how, "tag"))
		return prog_by_tag(x, which, out);
	if (word_is(how, "name")) {
		if (strlen(which) > 127)
			return inspect_error(x, "can't parse name");
		return progs_like(x, NULL, which, out);
	}
	if (word_is(how, "pinned"))
		return by_path(x, which, "prog", out);
	return inspect_error(x, "expected 'id', 'tag', 'name' or 'pinned', got: '%s'?", how);
}

int maps_of(struct inspect *x, struct words *w, fd_list *out)
{
	const char *how, *which;

	if (!read_handle(x, w, &how, &which))
		return -1;
	if (word_is(how, "id"))
		return by_id(x, which, source_open_map, "get map by id", out);
	if (word_is(how, "name")) {
		if (strlen(which) > BPF_OBJ_NAME_LEN - 1)
			return inspect_error(x, "can't parse name");
		return maps_like(x, which, out);
	}
	if (word_is(how, "pinned"))
		return by_path(x, which, "map", out);
	return inspect_error(x, "expected 'id', 'name' or 'pinned', got: '%s'?", how);
}

int links_of(struct inspect *x, struct words *w, fd_list *out)
{
	const char *how, *which;
	uint32_t id;
	int fd;

	if (!read_handle(x, w, &how, &which))
		return -1;
	if (word_is(how, "pinned"))
		return by_path(x, which, "link", out);
	if (!word_is(how, "id"))
		return inspect_error(x, "expected 'id' or 'pinned', got: '%s'?", how);
	if (!word_number(which, &id))
		return inspect_error(x, "can't parse %s as ID", which);
	fd = bpf_link_get_fd_by_id(id);
	if (fd < 0) {
		int err = errno;

		inspect_error(x, "failed to get link with ID %u: %s", id, strerror(err));
		return -err;
	}
	vec_push(x->a, out, fd);
	return 1;
}

static int only_one(struct inspect *x, int n, fd_list *found, const char *what)
{
	int fd;

	if (n < 0)
		return n;
	if (n > 1) {
		close_all(found);
		return inspect_error(x, "several %s match this handle", what);
	}
	fd = found->items[0];
	return fd;
}

int prog_of(struct inspect *x, struct words *w)
{
	fd_list found = {0};

	return only_one(x, progs_of(x, w, &found), &found, "programs");
}

int map_of(struct inspect *x, struct words *w)
{
	fd_list found = {0};

	return only_one(x, maps_of(x, w, &found), &found, "maps");
}

int link_of(struct inspect *x, struct words *w)
{
	fd_list found = {0};
	int n = links_of(x, w, &found);

	return n < 0 ? n : found.items[0];
}
