/* `prog load`, `loadall`: an object's programs and maps into the kernel and, as they would go with
 * us, pinned. What was pinned is unpinned if something fails later. */
#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/elf_object.h"
#include "inspect/prog/prog.h"

#ifndef BPF_F_XDP_DEV_BOUND_ONLY /* Linux 6.3 */
#define BPF_F_XDP_DEV_BOUND_ONLY (1U << 6)
#endif

/* `map idx N MAP`, `map name NAME MAP`. */
struct replacement {
	const char *name; /* NULL: by its number */
	int at, fd;
};

struct loading {
	struct inspect *x;
	const char *file, *path;
	bool is_all, attaches;
	bool has_type;
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	vec(struct replacement) replacements;
	uint32_t offload_if, metadata_if; /* 0: none */
	const char *map_dir, *kernel_btf;
	struct bpf_object *object;
	struct loader loader; /* of -L */
	vec(const char *) pinned;
	vec(const char *) made; /* directories */
	vec(struct bpf_link *) links;
};

/* ---- words ----------------------------------------------------------------------------------- */

/* By the name of a section, with or without its slash. */
static int parse_type(struct loading *l, struct words *w)
{
	struct inspect *x = l->x;
	libbpf_print_fn_t print;
	const char *name;
	int err;

	if (l->has_type)
		return inspect_error(x, "program type already specified");
	if (!words_need(x, w, 1))
		return -1;
	name = word_next(w);
	print = libbpf_set_print(NULL); /* it may be the second spelling that is right */
	err = libbpf_prog_type_by_name(name, &l->type, &l->attach_type);
	libbpf_set_print(print);
	if (err)
		err = libbpf_prog_type_by_name(arena_printf(x->a, "%s/", name), &l->type,
		                               &l->attach_type);
	if (err)
		return inspect_error(x, "no program type is called '%s'", name);
	l->has_type = true;
	return 0;
}

static int parse_map(struct loading *l, struct words *w)
{
	struct inspect *x = l->x;
	struct replacement r = {.at = -1};
	const char *how, *which;
	char *end;

	if (!words_need(x, w, 4))
		return -1;
	how = word_next(w);
	which = word_next(w);
	if (word_is(how, "idx")) {
		unsigned long at = strtoul(which, &end, 0);

		if (*end || !*which || at > INT_MAX)
			return inspect_error(x, "can't parse %s as IDX", which);
		r.at = (int)at;
	} else if (word_is(how, "name")) {
		r.name = which;
	} else {
		return inspect_error(x, "expected 'idx' or 'name', got: '%s'?", how);
	}
	r.fd = map_of(x, w);
	if (r.fd < 0)
		return -1;
	vec_push(x->a, &l->replacements, r);
	return 0;
}

static int parse_device(struct loading *l, struct words *w, const char *word)
{
	struct inspect *x = l->x;
	bool is_metadata = !strcmp(word, "xdpmeta_dev");
	uint32_t *to = is_metadata ? &l->metadata_if : &l->offload_if;

	if (*to)
		return inspect_error(x, "%s already specified",
		                     is_metadata ? "xdpmeta_dev" : "offload device");
	if (is_metadata ? l->offload_if : l->metadata_if)
		return inspect_error(x, "xdpmeta_dev and offload_dev are mutually exclusive");
	if (!words_need(x, w, 1))
		return -1;
	*to = if_nametoindex(w->at[0]);
	if (!*to)
		return inspect_error(x, "unrecognized netdevice '%s': %s", w->at[0],
		                     strerror(errno));
	word_next(w);
	return 0;
}

static int parse_path(struct loading *l, struct words *w, const char *word, const char **to)
{
	if (*to)
		return inspect_error(l->x, "%s already specified", word);
	if (!words_need(l->x, w, 1))
		return -1;
	*to = word_next(w);
	return 0;
}

static int parse_word(struct loading *l, struct words *w)
{
	const char *word = word_next(w);

	if (word_is(word, "type"))
		return parse_type(l, w);
	if (word_is(word, "map"))
		return parse_map(l, w);
	if (word_is(word, "dev")) {
		inspect_warn(l->x, "'dev' is the old word for 'offload_dev'; to use metadata of a "
		                   "device's packets only, say 'xdpmeta_dev'");
		return parse_device(l, w, "dev");
	}
	if (word_is(word, "offload_dev"))
		return parse_device(l, w, "offload_dev");
	if (word_is(word, "xdpmeta_dev"))
		return parse_device(l, w, "xdpmeta_dev");
	if (word_is(word, "pinmaps"))
		return parse_path(l, w, "pinmaps", &l->map_dir);
	if (word_is(word, "autoattach")) {
		l->attaches = true;
		return 0;
	}
	if (word_is(word, "kernel_btf"))
		return parse_path(l, w, "kernel_btf", &l->kernel_btf);
	return inspect_error(l->x,
	                     "expected no more arguments, 'type', 'map', 'offload_dev', "
	                     "'xdpmeta_dev', 'pinmaps', 'autoattach', or 'kernel_btf', got: '%s'?",
	                     word);
}

static int parse(struct loading *l, struct words *w)
{
	struct inspect *x = l->x;

	/* -L without a path only tries. */
	if (!words_need(x, w, x->has_loader && !l->is_all ? 1 : 2))
		return -EINVAL;
	l->file = word_next(w);
	l->path = word_next(w);
	while (w->n)
		if (parse_word(l, w))
			return -1;
	if (x->has_loader && l->replacements.n)
		return inspect_error(x, "a loader program cannot replace maps: leave out -L");
	if (x->has_loader && l->attaches)
		return inspect_error(x, "a loader program cannot attach: leave out -L");
	return 0;
}

/* ---- loading --------------------------------------------------------------------------------- */

/* Which map of the object, by its number: -1, reported. */
static int number_of(struct loading *l, const struct replacement *r)
{
	struct bpf_map *m;
	int n = 0;

	bpf_object__for_each_map(m, l->object)
	{
		if (r->name ? !strcmp(bpf_map__name(m), r->name) : r->at == n)
			return n;
		n++;
	}
	if (r->name)
		return inspect_error(l->x, "unable to find map '%s'", r->name);
	return inspect_error(l->x, "map idx '%d' not used", r->at);
}

static int replace_maps(struct loading *l)
{
	struct bpf_map *m;
	int n = 0;

	vec_each (r, &l->replacements) {
		r->at = number_of(l, r);
		if (r->at < 0)
			return -1;
		for (const struct replacement *o = l->replacements.items; o != r; o++)
			if (o->at == r->at)
				return inspect_error(
				    l->x, "replacement for map idx %d specified more than once",
				    r->at);
	}
	bpf_object__for_each_map(m, l->object)
	{
		vec_each (r, &l->replacements)
			if (r->at == n && bpf_map__reuse_fd(m, r->fd))
				return inspect_error(l->x, "failed to set up map %d as '%s': %s", n,
				                     bpf_map__name(m), strerror(errno));
		n++;
	}
	return 0;
}

static bool is_replaced(const struct loading *l, int n)
{
	vec_each (r, &l->replacements)
		if (r->at == n)
			return true;
	return false;
}

static void set_up(struct loading *l)
{
	struct bpf_program *p;
	struct bpf_map *m;
	int n = 0;

	bpf_object__for_each_program(p, l->object)
	{
		if (l->has_type) {
			bpf_program__set_type(p, l->type);
			bpf_program__set_expected_attach_type(p, l->attach_type);
		}
		if (l->metadata_if)
			bpf_program__set_flags(p, bpf_program__flags(p) | BPF_F_XDP_DEV_BOUND_ONLY);
		bpf_program__set_ifindex(p, l->offload_if ? l->offload_if : l->metadata_if);
	}
	bpf_object__for_each_map(m, l->object)
	{
		if (l->offload_if && !is_replaced(l, n) &&
		    bpf_map__type(m) != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			bpf_map__set_ifindex(m, l->offload_if);
		n++;
	}
}

/* ---- pins ------------------------------------------------------------------------------------ */

static int pin_one(struct loading *l, int fd, const char *path, const char *what)
{
	if (bpf_obj_pin(fd, path))
		return inspect_error(l->x, "failed to pin %s (%s): %s", what, path,
		                     strerror(errno));
	vec_push(l->x->a, &l->pinned, path);
	return 0;
}

static int make_dir(struct loading *l, const char *dir)
{
	bool is_new;

	if (pin_dir(l->x, dir, &is_new))
		return -1;
	if (is_new)
		vec_push(l->x->a, &l->made, dir);
	return 0;
}

static void undo(struct loading *l)
{
	while (l->pinned.n)
		unlink(l->pinned.items[--l->pinned.n]);
	while (l->made.n)
		rmdir(l->made.items[--l->made.n]);
}

static int pin_prog(struct loading *l, const struct bpf_program *p, int fd)
{
	struct inspect *x = l->x;
	const char *path =
	    l->is_all ? arena_printf(x->a, "%s/%s", l->path, bpf_program__name(p)) : l->path;
	const char *what = l->is_all
	                       ? "all programs"
	                       : arena_printf(x->a, "program %s", bpf_program__section_name(p));
	struct bpf_link *link;

	if (!l->attaches)
		return pin_one(l, fd, path, what);
	link = bpf_program__attach(p);
	if (!link && errno == EOPNOTSUPP) {
		if (!x->is_json)
			fprintf(stderr,
			        "Program %s does not support autoattach, falling back to "
			        "pinning\n",
			        bpf_program__name(p));
		return pin_one(l, fd, path, what);
	}
	if (!link)
		return inspect_error(x, "failed to attach program %s: %s", bpf_program__name(p),
		                     strerror(errno));
	vec_push(x->a, &l->links, link);
	return pin_one(l, bpf_link__fd(link), path, what);
}

static int pin_progs(struct loading *l)
{
	struct bpf_program *p;
	int n = 0;

	bpf_object__for_each_program(p, l->object)
	{
		int fd;

		if (!bpf_program__autoload(p))
			continue;
		fd = l->x->has_loader ? l->loader.prog_fds[n++] : bpf_program__fd(p);
		if (pin_prog(l, p, fd))
			return -1;
		if (!l->is_all)
			break;
	}
	return 0;
}

static int pin_maps(struct loading *l)
{
	struct bpf_map *m;
	int n = 0;

	bpf_object__for_each_map(m, l->object)
	{
		int fd = l->x->has_loader ? l->loader.map_fds[n++] : bpf_map__fd(m);
		char *path;

		if (fd < 0 || (l->x->has_loader && !fd))
			continue; /* one that was not made */
		path = arena_printf(l->x->a, "%s/%s", l->map_dir, bpf_map__name(m));
		/* The kernel keeps names with dots for itself. */
		for (char *c = path + strlen(l->map_dir); *c; c++)
			if (*c == '.')
				*c = '_';
		if (pin_one(l, fd, path, "all maps"))
			return -1;
	}
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Before the kernel is asked for anything. */
static int check_places(struct loading *l)
{
	if (l->path && (l->is_all ? make_dir(l, l->path) : pin_place(l->x, l->path)))
		return -1;
	return l->map_dir ? make_dir(l, l->map_dir) : 0;
}

static int load_object(struct loading *l)
{
	struct inspect *x = l->x;

	l->object = elf_object_open(x, l->file, l->kernel_btf);
	if (!l->object)
		return inspect_error(x, "failed to open object file");
	if (!bpf_object__next_program(l->object, NULL))
		return inspect_error(x, "object file doesn't contain any bpf program");
	if (replace_maps(l))
		return -1;
	set_up(l);
	if (check_places(l))
		return -1;
	if (x->has_loader)
		return elf_object_run_loader(x, l->object, &l->loader);
	return bpf_object__load(l->object) ? inspect_error(x, "failed to load object file") : 0;
}

static int load(struct inspect *x, struct words *w, bool is_all)
{
	struct loading l = {.x = x, .is_all = is_all};
	int status = parse(&l, w);

	if (!status)
		status = load_object(&l);
	if (!status && l.path)
		status = pin_progs(&l);
	if (!status && l.map_dir)
		status = pin_maps(&l);
	if (status)
		undo(&l);
	vec_each (link, &l.links) {
		if (!status)
			bpf_link__disconnect(*link); /* it is pinned and goes on */
		bpf_link__destroy(*link);
	}
	vec_each (r, &l.replacements)
		close(r->fd);
	loader_close(&l.loader);
	bpf_object__close(l.object);
	if (!status)
		say_done(x);
	return status;
}

int prog_load(struct inspect *x, struct words *w)
{
	return load(x, w, false);
}

int prog_loadall(struct inspect *x, struct words *w)
{
	return load(x, w, true);
}

int prog_pin(struct inspect *x, struct words *w)
{
	int fd, status;

	if (!words_need(x, w, 3))
		return -EINVAL;
	fd = prog_of(x, w);
	if (fd < 0)
		return -1;
	status = w->n > 1 ? inspect_error(x, "expected no more arguments, got: %s", w->at[1])
	                  : pin_at(x, fd, w->at[0]);
	close(fd);
	if (!status)
		say_done(x);
	return status;
}
