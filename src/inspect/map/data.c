/* See map/data.h. */
#include "inspect/map/data.h"
#include "inspect/typed.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/info.h"
#include "inspect/source.h"

/* ---- opening --------------------------------------------------------------------------------- */

static bool is_per_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

static void find_types(struct open_map *m)
{
	struct btf *base = NULL;

	if (!m->info.btf_id && !m->info.btf_vmlinux_value_type_id)
		return;
	if (m->info.btf_vmlinux_value_type_id) { /* struct_ops */
		m->btf = btf__load_vmlinux_btf();
		m->value_type = m->info.btf_vmlinux_value_type_id;
		return;
	}
	m->btf = source_types(m->info.btf_id, base);
	m->key_type = m->info.btf_key_type_id;
	m->value_type = m->info.btf_value_type_id;
	if (m->btf && !m->value_type) {
		btf__free(m->btf);
		m->btf = NULL;
	}
}

int map_open_fd(struct inspect *x, int fd, bool wants_types, struct open_map *ret)
{
	int err;

	*ret = (struct open_map){.fd = fd, .n_cpus = 1};
	err = map_info(fd, &ret->info);
	if (err)
		return inspect_error(x, "can't get map info: %s", strerror(-err));
	ret->is_per_cpu = is_per_cpu(ret->info.type);
	ret->is_of_maps = ret->info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	                  ret->info.type == BPF_MAP_TYPE_HASH_OF_MAPS;
	ret->is_of_progs = ret->info.type == BPF_MAP_TYPE_PROG_ARRAY;
	ret->stride_b = ret->info.value_size;
	if (ret->is_per_cpu) {
		int n = libbpf_num_possible_cpus();

		ret->n_cpus = n > 0 ? (uint32_t)n : 1;
		ret->stride_b = (ret->info.value_size + 7) & ~7u;
	}
	ret->value_b = ret->stride_b * ret->n_cpus;
	ret->key = arena_alloc(x->a, ret->info.key_size + 8u);
	ret->value = arena_alloc(x->a, ret->value_b + 8u);
	if (wants_types)
		find_types(ret);
	return 0;
}

bool map_open(struct inspect *x, struct words *w, bool wants_types, struct open_map *ret)
{
	int fd = map_of(x, w);

	if (fd < 0)
		return false;
	if (!map_open_fd(x, fd, wants_types, ret))
		return true;
	close(fd);
	return false;
}

void map_forget_types(struct open_map *m)
{
	btf__free(m->btf);
	m->btf = NULL;
}

void map_close(struct open_map *m)
{
	map_forget_types(m);
	close(m->fd);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

int parse_bytes(struct inspect *x, struct words *w, const char *what, unsigned char *to,
                uint32_t n_b)
{
	uint32_t i = 0;
	int base = 0;

	if (w->n && word_is(w->at[0], "hex") && !isdigit((unsigned char)w->at[0][0])) {
		base = 16;
		word_next(w);
	}
	for (; i < n_b && w->n; i++) {
		char *end;
		unsigned long byte = strtoul(w->at[0], &end, base);

		if (*end || end == w->at[0])
			return inspect_error(x, "error parsing byte: %s", w->at[0]);
		if (byte > UINT8_MAX)
			return inspect_error(x, "%s is more than a byte holds", w->at[0]);
		to[i] = (unsigned char)byte;
		word_next(w);
	}
	if (i != n_b)
		return inspect_error(x, "%s expected %u bytes got %u", what, n_b, i);
	return 0;
}

/* Sixteen bytes as text; how long that is. */
enum { ROW_BYTES = 16, ROW_TEXT_B = 3 * ROW_BYTES + 1 };

static size_t row_text(char *to, const unsigned char *bytes, uint32_t n_b)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (uint32_t i = 0; i < n_b; i++) {
		if (i)
			to[n++] = ' ';
		if (i == 8)
			to[n++] = ' ';
		to[n++] = digits[bytes[i] >> 4];
		to[n++] = digits[bytes[i] & 15];
	}
	return n;
}

void print_hex(const unsigned char *bytes, uint32_t n_b)
{
	char row[ROW_TEXT_B + 1];

	for (uint32_t i = 0; i < n_b; i += ROW_BYTES) {
		uint32_t left_b = n_b - i;

		if (i)
			putc_unlocked('\n', stdout);
		fwrite_unlocked(row, 1,
		                row_text(row, bytes + i, left_b < ROW_BYTES ? left_b : ROW_BYTES),
		                stdout);
	}
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool is_typed(const struct open_map *m)
{
	return m->btf != NULL;
}

enum form { FORM_BYTES, FORM_TYPED, FORM_FORMATTED };

static void value_json(struct json_writer *j, const struct open_map *m, uint32_t cpu,
                       enum form form)
{
	const unsigned char *value = m->value + cpu * m->stride_b;

	json_key(j, "value");
	if (form == FORM_BYTES)
		json_bytes(j, value, m->info.value_size);
	else
		print_typed(j, m->btf, m->value_type, value, form == FORM_FORMATTED);
}

/* `value`, or the `values` of all CPUs. */
static void values_json(struct json_writer *j, const struct open_map *m, enum form form)
{
	if (!m->is_per_cpu) {
		value_json(j, m, 0, form);
		return;
	}
	json_key(j, "values");
	json_open(j, '[');
	for (uint32_t cpu = 0; cpu < m->n_cpus; cpu++) {
		json_open(j, '{');
		json_member_uint(j, "cpu", cpu);
		value_json(j, m, cpu, form);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* {"key": ..., "value": ...} by types. */
static void typed_entry(struct json_writer *j, const struct open_map *m, bool is_formatted)
{
	json_open(j, '{');
	if (m->key_type && m->info.key_size) {
		json_key(j, "key");
		print_typed(j, m->btf, m->key_type, m->key, is_formatted);
	}
	values_json(j, m, is_formatted ? FORM_FORMATTED : FORM_TYPED);
	json_close(j, '}');
}

static uint32_t id_of(const struct open_map *m)
{
	uint32_t id;

	memcpy(&id, m->value, 4);
	return id;
}

static void entry_json(struct inspect *x, struct open_map *m)
{
	struct json_writer *j = &x->json;

	json_open(j, '{');
	json_key(j, "key");
	json_bytes(j, m->key, m->info.key_size);
	values_json(j, m, FORM_BYTES);
	if (m->is_of_maps)
		json_member_uint(j, "inner_map_id", id_of(m));
	if (is_typed(m) && !m->is_of_maps && !m->is_of_progs) {
		json_key(j, "formatted");
		typed_entry(j, m, true);
	}
	json_close(j, '}');
}

static void part(const char *name, const unsigned char *bytes, uint32_t n_b, bool is_alone)
{
	fputs_unlocked(name, stdout);
	fputs_unlocked(is_alone ? ":\n" : ": ", stdout);
	print_hex(bytes, n_b);
}

static void entry_plain(struct open_map *m)
{
	uint32_t key_b = m->info.key_size, value_b = m->info.value_size;
	bool is_long = key_b > 16 || value_b > 16;

	if (m->is_per_cpu) {
		part("key", m->key, key_b, true);
		printf("\n");
		for (uint32_t cpu = 0; cpu < m->n_cpus; cpu++) {
			printf("value (CPU %02u):%s", cpu, value_b > 16 ? "\n" : " ");
			print_hex(m->value + cpu * m->stride_b, value_b);
			printf("\n");
		}
		return;
	}
	if (key_b) {
		part("key", m->key, key_b, is_long);
		fputs_unlocked(is_long || key_b + value_b > 24 ? "\n" : "  ", stdout);
	}
	if (m->is_of_maps)
		printf("inner_map_id: %u \n", id_of(m));
	else if (value_b) {
		part("value", m->value, value_b, is_long);
		putc_unlocked('\n', stdout);
	}
}

void print_entry(struct inspect *x, struct open_map *m)
{
	if (x->is_json) {
		entry_json(x, m);
	} else if (is_typed(m)) {
		typed_entry(&x->json, m, false);
	} else {
		entry_plain(m);
	}
}

/* Why there is no value, laid out as a value would be. */
static void no_entry_plain(struct open_map *m, int err)
{
	const char *why = err == -ENOENT ? "<no entry>"
	                  : err == -ENOSPC && m->info.type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY
	                      ? "<cannot read>"
	                      : strerror(-err);
	size_t why_b = strlen(why);
	bool is_long = m->info.key_size > 16 || why_b > 16;

	part("key", m->key, m->info.key_size, is_long);
	printf("%svalue:%s%s\n", is_long || m->info.key_size + why_b > 24 ? "\n" : "  ",
	       is_long ? "\n" : " ", why);
}

void print_no_entry(struct inspect *x, struct open_map *m, int err)
{
	struct json_writer *j = &x->json;

	if (m->is_of_maps || m->is_of_progs)
		return; /* an empty slot */
	if (!x->is_json && !is_typed(m)) {
		no_entry_plain(m, err);
		return;
	}
	json_open(j, '{');
	json_key(j, "key");
	json_bytes(j, m->key, m->info.key_size);
	json_key(j, "value");
	json_open(j, '{');
	json_member_string(j, "error", strerror(-err));
	json_close(j, '}');
	json_close(j, '}');
}

void map_typed_begin(struct inspect *x, const struct open_map *m)
{
	if (!x->is_json && m->btf)
		json_begin(&x->json, stdout, true);
}

void map_typed_end(struct inspect *x, const struct open_map *m)
{
	if (!x->is_json && m->btf)
		json_end(&x->json);
}
