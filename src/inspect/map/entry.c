/* One entry of a map: looked up, written, taken away; the entries of queues. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inspect/map/data.h"
#include "inspect/map/map.h"
#include "inspect/source.h"

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
	if (!source_lookup(m.fd, m.info.key_size ? m.key : NULL, m.info.key_size, m.value,
	                   m.value_b)) {
		map_typed_begin(x, &m);
		print_entry(x, &m);
		map_typed_end(x, &m);
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
	if (!status && source_next_key(m.fd, has_key ? m.key : NULL, next, m.info.key_size)) {
		status = -errno;
		inspect_error(x, "can't get next key: %s", strerror(errno));
	} else if (!status && x->is_json) {
		json_open(j, '{');
		json_key(j, "key");
		if (has_key)
			json_bytes(j, m.key, m.info.key_size);
		else
			json_null(j);
		json_key(j, "next_key");
		json_bytes(j, next, m.info.key_size);
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
	if (!status && source_update(m.fd, m.info.key_size ? m.key : NULL, m.info.key_size, m.value,
	                             m.value_b, u.flags)) {
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
	status = w->n ? parse_key(x, w, &m) : inspect_error(x, "did not find key");
	if (!status)
		status = no_more(x, w);
	if (!status && source_delete(m.fd, m.key, m.info.key_size)) {
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
int map_pop(struct inspect *x, struct words *w)
{
	struct open_map m;
	int status = 0;

	if (w->n < 2)
		return inspect_say_usage(x, &map_object);
	if (!map_open(x, w, true, &m))
		return -1;
	if (w->n) {
		status = inspect_error(x, "expected no more arguments, got: %s", w->at[0]);
	} else if (m.info.key_size) {
		status = inspect_error(x, "pop: this map is neither a queue nor a stack");
	} else if (!source_take(m.fd, NULL, 0, m.value, m.value_b)) {
		map_typed_begin(x, &m);
		print_entry(x, &m);
		map_typed_end(x, &m);
	} else if (errno == ENOENT) {
		status = -ENOENT;
		if (x->is_json)
			json_null(&x->json);
		else
			fprintf(stderr, "Error: empty map\n");
	} else {
		status = -errno;
		inspect_error(x, "pop failed: %s", strerror(errno));
	}
	map_close(&m);
	return status;
}
