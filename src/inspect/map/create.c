/* Maps themselves: made, pinned, frozen. */
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpus.h"
#include "inspect/map/data.h"
#include "inspect/map/map.h"
#include "inspect/names.h"
#include "inspect/source.h"

struct creation {
	bool has_type;
	uint32_t type, key_b, value_b, entries, flags, ifindex;
	const char *name;
	int inner_fd; /* -1: none */
};

/* How a number of `map create` is called, and where it goes. */
struct create_number {
	const char *word, *what;
	uint32_t *to;
};

static int parse_create(struct inspect *x, struct words *w, struct creation *c)
{
	const struct create_number numbers[] = {{"key", "key size", &c->key_b},
	                                        {"value", "value size", &c->value_b},
	                                        {"entries", "max entries", &c->entries},
	                                        {"flags", "flags", &c->flags}};
	bool is_given[4] = {false};

	while (w->n) {
		const char *word, *value;
		size_t i = 0;

		if (!words_need(x, w, 2))
			return -1;
		word = word_next(w);
		value = word_next(w);
		if (word_is(word, "type")) {
			if (c->has_type)
				return inspect_error(x, "map type already specified");
			c->has_type = true;
			for (c->type = 1; map_type_name(c->type); c->type++)
				if (!strcmp(map_type_name(c->type), value))
					break;
			if (!map_type_name(c->type))
				return inspect_error(x, "unrecognized map type: %s", value);
			continue;
		}
		if (word_is(word, "name")) {
			if (c->name)
				return inspect_error(x, "map name already specified");
			c->name = value;
			if (strlen(value) > BPF_OBJ_NAME_LEN - 1)
				inspect_warn(x,
				             "map name is longer than %d characters, it will be "
				             "truncated.",
				             BPF_OBJ_NAME_LEN - 1);
			continue;
		}
		if (word_is(word, "offload_dev") || !strcmp(word, "dev")) {
			if (c->ifindex)
				return inspect_error(x, "offload device already specified");
			c->ifindex = if_nametoindex(value);
			if (!c->ifindex)
				return inspect_error(x, "unrecognized netdevice '%s': %s", value,
				                     strerror(errno));
			continue;
		}
		if (word_is(word, "inner_map")) {
			w->at--;
			w->n++;
			c->inner_fd = map_of(x, w);
			if (c->inner_fd < 0)
				return -1;
			continue;
		}
		for (; i < 4 && !word_is(word, numbers[i].word); i++)
			;
		if (i == 4)
			return inspect_error(x, "unknown arg %s", word);
		if (is_given[i])
			return inspect_error(x, "%s already specified", numbers[i].what);
		is_given[i] = true;
		if (!word_number(value, numbers[i].to))
			return inspect_error(x, "can't parse %s as %s", value, numbers[i].what);
	}
	if (!c->name)
		return inspect_error(x, "map name not specified");
	return 0;
}

int map_create(struct inspect *x, struct words *w)
{
	struct creation c = {.inner_fd = -1};
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	char name[BPF_OBJ_NAME_LEN];
	const char *path;
	int fd, status;

	if (!words_need(x, w, 7))
		return -EINVAL;
	path = word_next(w);
	status = parse_create(x, w, &c);
	if (!status) {
		opts.map_flags = c.flags;
		opts.map_ifindex = c.ifindex;
		if (c.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY && !c.entries)
			c.entries = cpus_possible();
		opts.inner_map_fd = c.inner_fd >= 0 ? (uint32_t)c.inner_fd : 0;
		snprintf(name, sizeof(name), "%s", c.name);
		fd = bpf_map_create((enum bpf_map_type)c.type, name, c.key_b, c.value_b, c.entries,
		                    &opts);
		if (fd < 0)
			status = inspect_error(x, "map create failed: %s", strerror(errno));
		else
			status = pin_at(x, fd, path);
		if (fd >= 0)
			close(fd);
	}
	if (!status)
		say_done(x);
	if (c.inner_fd >= 0)
		close(c.inner_fd);
	return status;
}

int map_pin(struct inspect *x, struct words *w)
{
	const char *path;
	int fd, status;

	if (!words_need(x, w, 3))
		return -EINVAL;
	fd = map_of(x, w);
	if (fd < 0)
		return -1;
	path = word_next(w);
	status = w->n ? inspect_error(x, "expected no more arguments, got: %s", w->at[0])
	              : pin_at(x, fd, path);
	close(fd);
	if (!status)
		say_done(x);
	return status;
}

int map_freeze(struct inspect *x, struct words *w)
{
	int fd, status = 0;

	if (!words_need(x, w, 2))
		return -EINVAL;
	fd = map_of(x, w);
	if (fd < 0)
		return -1;
	if (w->n)
		status = inspect_error(x, "expected no more arguments, got: %s", w->at[0]);
	if (!status && source_freeze(fd)) {
		status = -errno;
		inspect_error(x, "failed to freeze map: %s", strerror(errno));
	} else if (!status) {
		say_done(x);
	}
	close(fd);
	return status;
}
