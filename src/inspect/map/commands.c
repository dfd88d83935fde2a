/* Entries of maps, and maps themselves: all that `map` does but show. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/map/data.h"
#include "inspect/map/map.h"
#include "inspect/names.h"

struct creation {
	bool has_type;
	uint32_t type, key_b, value_b, entries, flags;
	const char *name;
	int inner_fd; /* -1: none */
};

/* Plain output of types is JSON as well, indented. */
static void typed_begin(struct inspect *x, const struct open_map *m)
{
	if (!x->is_json && m->btf)
		json_begin(&x->json, stdout, true);
}

static void typed_end(struct inspect *x, const struct open_map *m)
{
	if (!x->is_json && m->btf)
		json_end(&x->json);
}

/* ---- dump ------------------------------------------------------------------------------------ */

static int dump_entries(struct inspect *x, struct open_map *m, uint32_t *ret_n)
{
	unsigned char *next = arena_alloc(x->a, m->info.key_size + 8u);
	bool is_first = true;

	while (!bpf_map_get_next_key(m->fd, is_first ? NULL : m->key, next)) {
		is_first = false;
		memcpy(m->key, next, m->info.key_size);
		if (bpf_map_lookup_elem(m->fd, m->key, m->value)) {
			print_no_entry(x, m, -errno);
			continue;
		}
		print_entry(x, m);
		(*ret_n)++;
	}
	return errno == ENOENT ? 0 : -errno;
}

static int dump(struct inspect *x, struct open_map *m)
{
	bool is_plain = !x->is_json && !m->btf;
	uint32_t n = 0;
	int status;

	typed_begin(x, m);
	if (!is_plain)
		json_open(&x->json, '[');
	status = dump_entries(x, m, &n);
	if (!is_plain)
		json_close(&x->json, ']');
	typed_end(x, m);
	if (is_plain)
		printf("Found %u element%s\n", n, n == 1 ? "" : "s");
	return status;
}

int map_dump(struct inspect *x, struct words *w)
{
	struct open_map m;
	fd_list fds = {0};
	int n, status = 0;

	if (w->n != 2)
		return inspect_say_usage(x, &map_object);
	n = maps_of(x, w, &fds);
	if (n < 0)
		return n;
	if (x->is_json && n > 1)
		json_open(&x->json, '[');
	for (int i = 0; i < n && !status; i++) {
		status = map_open_fd(x, fds.items[i], true, &m);
		if (!status)
			status = dump(x, &m);
		if (i + 1 < n && !x->is_json)
			printf("\n");
	}
	if (x->is_json && n > 1)
		json_close(&x->json, ']');
	close_all(&fds);
	return status;
}

/* ---- one entry ------------------------------------------------------------------------------- */

/* `key DATA`, where the map has keys. */
static int parse_key(struct inspect *x, struct words *w, struct open_map *m)
{
	if (!w->n)
		return m->info.key_size ? inspect_error(x, "did not find key") : 0;
	if (!word_is(w->at[0], "key"))
		return inspect_error(x, "expected key or value, got: %s", w->at[0]);
	word_next(w);
	if (!m->info.key_size)
		return inspect_error(x, "unnecessary key");
	return parse_bytes(x, w, "key", m->key, m->info.key_size);
}

static int no_more(struct inspect *x, const struct words *w)
{
	return w->n ? inspect_error(x, "expected key or value, got: %s", w->at[0]) : 0;
}

int map_lookup(struct inspect *x, struct words *w)
{
	struct open_map m;
	int status;

	if (w->n < 2)
		return inspect_say_usage(x, &map_object);
	if (!map_open(x, w, true, &m))
		return -1;
	status = parse_key(x, w, &m);
	if (!status)
		status = no_more(x, w);
	if (status) {
		map_close(&m);
		return status;
	}
	if (!bpf_map_lookup_elem(m.fd, m.key, m.value)) {
		typed_begin(x, &m);
		print_entry(x, &m);
		typed_end(x, &m);
	} else if (errno == ENOENT) {
		status = -ENOENT;
		if (x->is_json) {
			json_null(&x->json);
		} else {
			printf("key:\n");
			print_hex(m.key, m.info.key_size);
			printf("\n\nNot found\n");
		}
	} else {
		status = -errno;
		inspect_error(x, "lookup failed: %s", strerror(errno));
	}
	map_close(&m);
	return status;
}

int map_getnext(struct inspect *x, struct words *w)
{
	struct json_writer *j = &x->json;
	unsigned char *next;
	struct open_map m;
	bool has_key;
	int status = 0;

	if (w->n < 2)
		return inspect_say_usage(x, &map_object);
	if (!map_open(x, w, false, &m))
		return -1;
	next = arena_alloc(x->a, m.info.key_size + 8u);
	has_key = w->n > 0;
	if (has_key)
		status = parse_key(x, w, &m);
	if (!status)
		status = no_more(x, w);
	if (!status && bpf_map_get_next_key(m.fd, has_key ? m.key : NULL, next)) {
		status = -errno;
		inspect_error(x, "can't get next key: %s", strerror(errno));
	} else if (!status && x->is_json) {
		json_open(j, '{');
		json_key(j, "key");
		if (has_key)
			json_hex(j, m.key, m.info.key_size);
		else
			json_null(j);
		json_key(j, "next_key");
		json_hex(j, next, m.info.key_size);
		json_close(j, '}');
	} else if (!status) {
		printf(has_key ? "key:\n" : "key: None");
		if (has_key)
			print_hex(m.key, m.info.key_size);
		printf("\nnext key:\n");
		print_hex(next, m.info.key_size);
		printf("\n");
	}
	map_close(&m);
	return status;
}

/* The value of a map of maps or programs is another object's descriptor. */
static int parse_value(struct inspect *x, struct words *w, struct open_map *m, int *ret_fd)
{
	uint32_t n;

	if (m->is_of_maps || m->is_of_progs) {
		if (w->n < 2)
			return inspect_error(x, "not enough value arguments for map %s",
			                     m->is_of_maps ? "in map" : "of progs");
		*ret_fd = m->is_of_maps ? map_of(x, w) : prog_of(x, w);
		if (*ret_fd < 0)
			return *ret_fd;
		n = (uint32_t)*ret_fd;
		memcpy(m->value, &n, sizeof(n));
		return 0;
	}
	if (parse_bytes(x, w, "value", m->value, m->info.value_size))
		return -1;
	for (uint32_t cpu = 1; cpu < m->n_cpus; cpu++) /* the same on all CPUs */
		memcpy(m->value + cpu * m->stride_b, m->value, m->info.value_size);
	return 0;
}

struct update {
	bool has_key, has_value, has_flags;
	uint64_t flags;
	int object; /* to be closed; -1: none */
	bool is_by_id;
};

static int parse_update(struct inspect *x, struct words *w, struct open_map *m, struct update *u)
{
	static const struct {
		const char *name;
		uint64_t flags;
	} flags[] = {{"any", BPF_ANY}, {"noexist", BPF_NOEXIST}, {"exist", BPF_EXIST}};

	while (w->n) {
		const char *word = w->at[0];
		size_t i = 0;

		if (word_is(word, "key")) {
			word_next(w);
			if (!m->info.key_size)
				return inspect_error(x, "unnecessary key");
			if (u->has_key)
				return inspect_error(x, "duplicate key");
			u->has_key = true;
			if (parse_bytes(x, w, "key", m->key, m->info.key_size))
				return -1;
			continue;
		}
		if (word_is(word, "value")) {
			word_next(w);
			if (u->has_value)
				return inspect_error(x, "duplicate value");
			u->has_value = true;
			if (parse_value(x, w, m, &u->object))
				return -1;
			continue;
		}
		for (; i < sizeof(flags) / sizeof(flags[0]) && !word_is(word, flags[i].name); i++)
			;
		if (i == sizeof(flags) / sizeof(flags[0]))
			return inspect_error(x, "expected key or value, got: %s", word);
		if (u->has_flags)
			return inspect_error(x, "flags specified multiple times: %s", word);
		u->has_flags = true;
		u->flags = flags[i].flags;
		word_next(w);
	}
	if (m->info.key_size && !u->has_key)
		return inspect_error(x, "did not find key");
	if (!u->has_value)
		return inspect_error(x, "did not find value");
	return 0;
}

int map_update(struct inspect *x, struct words *w)
{
	struct update u = {.object = -1};
	struct open_map m;
	int status;

	if (w->n < 2)
		return inspect_say_usage(x, &map_object);
	u.is_by_id = word_is(w->at[0], "id");
	if (!map_open(x, w, false, &m))
		return -1;
	status = parse_update(x, w, &m, &u);
	if (!status && m.is_of_progs && u.is_by_id)
		inspect_warn(x,
		             "updating program array via MAP_ID, make sure this map is kept open\n"
		             "         by some process or pinned otherwise update will be lost");
	if (!status &&
	    bpf_map_update_elem(m.fd, m.info.key_size ? m.key : NULL, m.value, u.flags)) {
		status = -errno;
		inspect_error(x, "update failed: %s", strerror(errno));
	} else if (!status) {
		say_done(x);
	}
	if (u.object >= 0)
		close(u.object);
	map_close(&m);
	return status;
}

int map_delete(struct inspect *x, struct words *w)
{
	struct open_map m;
	int status;

	if (w->n < 2)
		return inspect_say_usage(x, &map_object);
	if (!map_open(x, w, false, &m))
		return -1;
	status = parse_key(x, w, &m);
	if (!status)
		status = no_more(x, w);
	if (!status && bpf_map_delete_elem(m.fd, m.key)) {
		status = -errno;
		inspect_error(x, "delete failed: %s", strerror(errno));
	} else if (!status) {
		say_done(x);
	}
	map_close(&m);
	return status;
}

/* ---- queues ---------------------------------------------------------------------------------- */

/* `{"key":[],"value":...}`, or `value: ...`. */
static int take(struct inspect *x, struct words *w, bool is_taken)
{
	struct open_map m;
	int err, status = 0;

	if (w->n < 2)
		return inspect_say_usage(x, &map_object);
	if (!map_open(x, w, true, &m))
		return -1;
	err = w->n       ? inspect_error(x, "expected no more arguments, got: %s", w->at[0])
	      : is_taken ? bpf_map_lookup_and_delete_elem(m.fd, NULL, m.value)
	                 : bpf_map_lookup_elem(m.fd, NULL, m.value);
	if (w->n) {
		status = err;
	} else if (!err) {
		typed_begin(x, &m);
		print_entry(x, &m);
		typed_end(x, &m);
	} else if (errno == ENOENT) {
		status = -ENOENT;
		if (x->is_json)
			json_null(&x->json);
		else
			printf(is_taken ? "Error: empty map\n" : "key:\n\n\nNot found\n");
	} else {
		status = -errno;
		inspect_error(x, is_taken ? "pop failed: %s" : "lookup failed: %s",
		              strerror(errno));
	}
	map_close(&m);
	return status;
}

int map_peek(struct inspect *x, struct words *w)
{
	return take(x, w, false);
}

int map_pop(struct inspect *x, struct words *w)
{
	return take(x, w, true);
}

/* ---- the map itself -------------------------------------------------------------------------- */

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
		const char *word = word_next(w), *value;
		size_t i = 0;
		char *end;

		value = word_next(w);
		if (!value)
			return inspect_error(x, "'%s' needs at least 1 arguments, 0 found", word);
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
		*numbers[i].to = (uint32_t)strtoul(value, &end, 0);
		if (*end)
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
	if (!status && bpf_map_freeze(fd)) {
		status = -errno;
		inspect_error(x, "failed to freeze map: %s", strerror(errno));
	} else if (!status) {
		say_done(x);
	}
	close(fd);
	return status;
}
