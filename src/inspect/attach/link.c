/* `link`: what holds a program where it is attached. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inspect/attach/attach.h"
#include "inspect/names.h"

static int show(struct inspect *x, int fd)
{
	struct json_writer *j = &x->json;
	struct skep_link_info i;
	int err = link_info(x, fd, &i);
	const char *type;

	if (err)
		return inspect_error(x, "can't get link info: %s", strerror(-err));
	type = link_type_name(i.type);
	if (x->is_json)
		json_open(j, '{');
	show_identity(x, i.id, type, i.type, "");
	if (i.type == BPF_LINK_TYPE_STRUCT_OPS && x->is_json)
		json_member_uint(j, "map_id", i.map.map_id);
	else if (i.type == BPF_LINK_TYPE_STRUCT_OPS)
		printf("map %u  ", i.map.map_id);
	else if (x->is_json)
		json_member_uint(j, "prog_id", i.prog_id);
	else
		printf("prog %u  ", i.prog_id);
	link_show_details(x, &i);
	show_pins(x, HELD_LINK, i.id);
	show_holders(x, HELD_LINK, i.id);
	if (x->is_json)
		json_close(j, '}');
	else
		printf("\n");
	return 0;
}

static int link_show(struct inspect *x, struct words *w)
{
	static const struct shown_kind links = {.next_id = bpf_link_get_next_id,
	                                        .open = bpf_link_get_fd_by_id,
	                                        .find = links_of,
	                                        .show = show,
	                                        .word = "link",
	                                        .title = "link"};
	int status;

	if (w->n > 2)
		return inspect_error(x, "what is '%s'?", w->at[2]);
	status = show_objects(x, w, &links);
	link_forget_symbols();
	return status;
}

static int link_pin(struct inspect *x, struct words *w)
{
	int fd, status;

	if (!words_need(x, w, 3))
		return -EINVAL;
	fd = link_of(x, w);
	if (fd < 0)
		return fd;
	if (w->n != 1) {
		close(fd);
		return inspect_say_usage(x, &link_object);
	}
	status = pin_at(x, fd, word_next(w));
	close(fd);
	if (!status)
		say_done(x);
	return status;
}

/* Its failures are 1, as bpftool's are. */
static int link_detach(struct inspect *x, struct words *w)
{
	int fd, err;

	if (w->n != 2) {
		inspect_error(x, "link specifier is invalid or missing%s", x->is_json ? "" : "\n");
		return 1;
	}
	fd = link_of(x, w);
	if (fd < 0)
		return 1;
	err = bpf_link_detach(fd) ? errno : 0;
	close(fd);
	if (err) {
		inspect_error(x, "failed link detach: %s", strerror(err));
		return 1;
	}
	say_done(x);
	return 0;
}

static const struct command link_commands[] = {
    {"show", link_show, "[LINK]"},
    {"list", link_show, "[LINK]"},
    {"pin", link_pin, "LINK FILE"},
    {"detach", link_detach, "LINK"},
    {NULL},
};

const struct object link_object = {"link", link_commands,
                                   "       LINK := { id LINK_ID | pinned FILE }\n",
                                   .options = "{-f|--bpffs} | {-n|--nomount}"};
