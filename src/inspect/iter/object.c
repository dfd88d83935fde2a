/* `iter`: a pinned iterator is a file that runs its program when it is read. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "inspect/elf_object.h"
#include "inspect/internal.h"

struct pinning {
	const char *file, *path;
	int map; /* that it goes over; -1: none */
};

static int parse(struct inspect *x, struct words *w, struct pinning *p)
{
	if (!words_need(x, w, 2))
		return -1;
	p->file = word_next(w);
	p->path = word_next(w);
	if (!w->n)
		return 0;
	if (!word_is(w->at[0], "map"))
		return inspect_error(x, "expected 'map', got: '%s'?", w->at[0]);
	word_next(w);
	if (!words_need(x, w, 2))
		return -1;
	p->map = map_of(x, w);
	if (p->map < 0)
		return -1;
	return w->n ? inspect_error(x, "expected no more arguments, got: %s", w->at[0]) : 0;
}

static int attach_and_pin(struct inspect *x, const struct bpf_program *prog,
                          const struct pinning *p)
{
	union bpf_iter_link_info info = {.map.map_fd = (uint32_t)p->map};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	struct bpf_link *link;
	int status = 0;

	if (p->map >= 0) {
		opts.link_info = &info;
		opts.link_info_len = sizeof(info);
	}
	link = bpf_program__attach_iter(prog, &opts);
	if (!link) {
		status = -errno;
		inspect_error(x, "attach_iter failed for program %s", bpf_program__name(prog));
		return status;
	}
	if (bpf_link__pin(link, p->path)) {
		status = -errno;
		inspect_error(x, "pin_iter failed for program %s to path %s",
		              bpf_program__name(prog), p->path);
	}
	bpf_link__destroy(link); /* it lives by its pin */
	return status;
}

static int load_and_pin(struct inspect *x, const struct pinning *p)
{
	struct bpf_object *o = elf_object_open(x, p->file, NULL);
	struct bpf_program *prog;
	int status = -1;

	if (!o) {
		status = -errno;
		inspect_error(x, "can't open objfile %s", p->file);
		return status;
	}
	prog = bpf_object__next_program(o, NULL);
	if (!prog) {
		status = -ENOENT;
		inspect_error(x, "can't find bpf program in objfile %s", p->file);
	} else if (pin_place(x, p->path)) {
		status = -1;
	} else if (bpf_object__load(o)) {
		status = -errno;
		inspect_error(x, "can't load objfile %s", p->file);
	} else {
		status = attach_and_pin(x, prog, p);
	}
	bpf_object__close(o);
	return status;
}

static int iter_pin(struct inspect *x, struct words *w)
{
	struct pinning p = {.map = -1};
	int status = parse(x, w, &p);

	if (!status)
		status = load_and_pin(x, &p);
	if (p.map >= 0)
		close(p.map);
	if (!status)
		say_done(x);
	return status;
}

static int help(struct inspect *x, struct words *w)
{
	(void)w;
	inspect_say_usage(x, &iter_object);
	return 0;
}

static const struct command iter_commands[] = {
    {"help", help, NULL},
    {"pin", iter_pin, "OBJ PATH [map MAP]"},
    {NULL},
};

const struct object iter_object = {"iter", iter_commands, MAP_WORDS, "{-n|--nomount}"};
