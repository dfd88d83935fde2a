/* dw_ustack in the kernel: fills the maps that its programs look into (image.h).
 *
 * What is known before anything is attached (-p, --dwarf-pid) is loaded then, the command of -c
 * when its libraries are in place. A program that meets an address without a place says so in the
 * map of wanted processes: a library loaded later, a process nobody named. Its first stacks end
 * there. */
#include "engine/kernel/kernel.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/kernel/sys.h"
#include "unwind/unwind.h"

enum { RULE_SLOTS = 1 << 15, PATIENCE = 200, MOST_SERVED = 64 };

/* A file in the maps. */
struct loaded {
	bool is_loaded;
	uint64_t base; /* address as linked that rows count from */
	uint32_t root, levels;
};

/* A process in the maps. */
struct keys {
	pid_t pid;
	vec(struct image_unwind_key) keys; /* sorted */
};

struct unwind {
	struct engine *e;
	struct unwinder *u;
	int places, nodes, rules, wanted; /* descriptors */
	uint32_t most_nodes, most_rules;
	uint32_t n_nodes, n_rules;
	uint32_t *slots;          /* open hash: number of a rule, 0: free */
	uint64_t *known;          /* rules by number */
	vec(struct loaded) files; /* by id */
	vec(struct keys) processes;
};

/* ---- maps ----------------------------------------------------------------------------------- */

/* A kernel that keeps a stock of memory for maps may be out of it for a moment. */
static int update(int fd, const void *key, const void *value)
{
	union bpf_attr attr = {
	    .map_fd = (uint32_t)fd, .key = sys_ptr(key), .value = sys_ptr(value)};
	struct timespec moment = {.tv_nsec = 100000};
	int err = -ENOMEM;

	for (int i = 0; i < PATIENCE && err == -ENOMEM; i++) {
		if (i)
			nanosleep(&moment, NULL);
		err = sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
	}
	return err;
}

static void delete (int fd, const void *key)
{
	union bpf_attr attr = {.map_fd = (uint32_t)fd, .key = sys_ptr(key)};

	sys_bpf(BPF_MAP_DELETE_ELEM, &attr, sizeof(attr));
}

/* ---- files ---------------------------------------------------------------------------------- */

/* The number of a rule in the map; 0, "nobody knows", where there is no room. */
static uint32_t rule_number(struct unwind *w, uint64_t rule)
{
	size_t i = (size_t)(rule * 0x9e3779b97f4a7c15 >> 32) & (RULE_SLOTS - 1);
	uint32_t number;

	if (!rule)
		return 0;
	while (w->slots[i] && w->known[w->slots[i]] != rule)
		i = (i + 1) & (RULE_SLOTS - 1);
	if (w->slots[i])
		return w->slots[i];
	number = w->n_rules;
	if (number >= w->most_rules || update(w->rules, &number, &rule))
		return 0;
	w->n_rules++;
	w->known[number] = rule;
	w->slots[i] = number;
	return number;
}

/* One level of a tree over `rows`; what the level above is made of replaces them. */
static int add_level(struct unwind *w, struct unwind_row *rows, size_t *n)
{
	struct unwind_row node[IMAGE_UNWIND_NODE_ROWS];
	size_t n_nodes = 0;

	for (size_t from = 0; from < *n; from += IMAGE_UNWIND_NODE_ROWS, n_nodes++) {
		size_t some =
		    *n - from < IMAGE_UNWIND_NODE_ROWS ? *n - from : IMAGE_UNWIND_NODE_ROWS;
		uint32_t number = w->n_nodes;
		int err;

		memcpy(node, rows + from, some * sizeof(*node));
		for (size_t i = some; i < IMAGE_UNWIND_NODE_ROWS; i++)
			node[i] = (struct unwind_row){.pc = UINT32_MAX};
		err = number < w->most_nodes ? update(w->nodes, &number, node) : -E2BIG;
		if (err)
			return err;
		w->n_nodes++;
		rows[n_nodes] = (struct unwind_row){node[0].pc, number};
	}
	*n = n_nodes;
	return 0;
}

static int load_table(struct unwind *w, const struct unwind_table *t, struct loaded *ret)
{
	struct unwind_row *rows = malloc(t->n_rows * sizeof(*rows));
	uint32_t *numbers = malloc(t->n_rules * sizeof(*numbers));
	uint32_t levels = 0;
	size_t n = t->n_rows;
	int err = rows && numbers ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < t->n_rules; i++)
		numbers[i] = rule_number(w, t->rules[i]);
	for (size_t i = 0; !err && i < n; i++)
		rows[i] = (struct unwind_row){t->rows[i].pc, numbers[t->rows[i].rule]};
	while (!err && (n > 1 || !levels)) {
		err = levels < IMAGE_UNWIND_MOST_LEVELS ? add_level(w, rows, &n) : -E2BIG;
		levels++;
	}
	if (!err) {
		ret->base = t->base;
		ret->root = rows[0].rule;
		ret->levels = levels;
	}
	free(rows);
	free(numbers);
	return err;
}

static const struct loaded *load_file(struct unwind *w, struct unwind_file *f)
{
	uint32_t id = unwind_file_id(f);
	const struct unwind_table *t;
	struct loaded *known;

	while (w->files.n <= id)
		vec_add(NULL, &w->files);
	known = &w->files.items[id];
	if (!known->is_loaded) {
		known->is_loaded = true;
		t = unwind_file_table(f);
		/* Without room the file is one without tables. */
		if (t)
			load_table(w, t, known);
	}
	return known;
}

/* ---- processes ------------------------------------------------------------------------------ */

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct image_unwind_key));
}

static struct keys *keys_of(struct unwind *w, pid_t pid)
{
	struct keys *k;

	vec_each (p, &w->processes)
		if (p->pid == pid)
			return p;
	k = vec_add(NULL, &w->processes);
	k->pid = pid;
	return k;
}

/* From the first address on the largest power of two that the range has, and so on. */
static void add_range(struct unwind *w, struct keys *k, const struct unwind_mapping *m)
{
	struct image_unwind_place place = {.start = m->start, .end = m->end};
	const struct loaded *f = m->file ? load_file(w, m->file) : NULL;

	if (f && f->levels) {
		place.origin = m->bias + f->base;
		place.root = f->root;
		place.levels = f->levels;
	}
	for (uint64_t at = m->start; at < m->end;) {
		int bits = at ? __builtin_ctzll(at) : 63;
		struct image_unwind_key key = {.pid = (uint32_t)k->pid, .address_be = htobe64(at)};

		while ((uint64_t)1 << bits > m->end - at)
			bits--;
		key.prefix_bits = 32 + 64 - (uint32_t)bits;
		if (!update(w->places, &key, &place))
			vec_push(NULL, &k->keys, key);
		at += (uint64_t)1 << bits;
	}
}

static int load_process(struct unwind *w, pid_t pid, bool anew)
{
	const struct unwind_mapping *maps;
	struct keys now = {.pid = pid}, *before;
	size_t n;
	int err = unwinder_maps(w->u, pid, anew, &maps, &n);

	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		add_range(w, &now, &maps[i]);
	if (now.keys.n)
		qsort(now.keys.items, now.keys.n, sizeof(*now.keys.items), by_bytes);
	before = keys_of(w, pid);
	vec_each (old, &before->keys)
		if (!now.keys.n ||
		    !bsearch(old, now.keys.items, now.keys.n, sizeof(*old), by_bytes))
			delete (w->places, old);
	vec_free(&before->keys);
	*before = now;
	return 0;
}

void unwind_look_at(struct engine *e, pid_t pid)
{
	if (e->unwind)
		load_process(e->unwind, pid, true);
}

/* Who has been met without a place? A process that has been looked at in vain too often stays in
 * the map, and is not heard of again. */
void unwind_serve(struct engine *e)
{
	struct unwind *w = e->unwind;
	uint32_t pid = 0, next;
	bool has_pid = false;

	for (int i = 0; w && i < MOST_SERVED; i++) {
		union bpf_attr attr = {.map_fd = (uint32_t)w->wanted,
		                       .key = has_pid ? sys_ptr(&pid) : 0,
		                       .next_key = sys_ptr(&next)};

		if (sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr, sizeof(attr)))
			return;
		if (load_process(w, (pid_t)next, true) != -EAGAIN) {
			delete (w->wanted, &next);
			continue; /* from where it was */
		}
		pid = next;
		has_pid = true;
	}
}

/* ---- the life ------------------------------------------------------------------------------- */

static void find_maps(struct engine *e, struct unwind *w)
{
	for (uint32_t i = 0; i < e->img->maps.n; i++) {
		const struct image_map *m = &e->img->maps.items[i];

		if (m->role == MAP_UNWIND_PLACES)
			w->places = e->map_fds[i];
		else if (m->role == MAP_UNWIND_WANTED)
			w->wanted = e->map_fds[i];
		else if (m->role == MAP_UNWIND_NODES)
			w->nodes = e->map_fds[i], w->most_nodes = m->max_entries;
		else if (m->role == MAP_UNWIND_RULES)
			w->rules = e->map_fds[i], w->most_rules = m->max_entries;
	}
}

int unwind_open(struct engine *e, struct engine_error *ret_error)
{
	struct unwind *w = calloc(1, sizeof(*w));
	int err = 0;

	if (!w)
		return kernel_error(e->img, ret_error, -ENOMEM, UINT32_MAX, "Out of memory");
	w->e = e;
	w->places = w->nodes = w->rules = w->wanted = -1;
	find_maps(e, w);
	if (w->places < 0) { /* no program unwinds */
		free(w);
		return 0;
	}
	e->unwind = w;
	w->n_rules = 1;
	w->u = unwinder_create();
	w->slots = calloc(RULE_SLOTS, sizeof(*w->slots));
	w->known = calloc(w->most_rules, sizeof(*w->known));
	if (!w->u || !w->slots || !w->known)
		return kernel_error(e->img, ret_error, -ENOMEM, UINT32_MAX, "Out of memory");
	if (e->opts.pid)
		load_process(w, e->opts.pid, false);
	for (size_t i = 0; !err && i < e->opts.n_unwind_pids; i++) {
		err = load_process(w, e->opts.unwind_pids[i], false);
		if (err)
			return kernel_error(e->img, ret_error, err, UINT32_MAX,
			                    "The unwind tables of process %d can't be read: %s",
			                    (int)e->opts.unwind_pids[i], strerror(-err));
	}
	return 0;
}

void unwind_close(struct engine *e)
{
	struct unwind *w = e->unwind;

	if (!w)
		return;
	vec_each (p, &w->processes)
		vec_free(&p->keys);
	vec_free(&w->processes);
	vec_free(&w->files);
	unwinder_destroy(w->u);
	free(w->slots);
	free(w->known);
	free(w);
	e->unwind = NULL;
}
