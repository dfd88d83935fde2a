/* What is attached where: links, and what is asked of cgroups, devices, processes and mounts. */
#ifndef SKEP_INSPECT_ATTACH_H
#define SKEP_INSPECT_ATTACH_H

#include "bpf/newer.h"
#include "inspect/internal.h"

/* ---- link_info.c ---- */
/* Texts and arrays that the kernel wrote; the info's addresses point there, in the arena. 0 or
 * -errno. */
int link_info(struct inspect *x, int fd, struct skep_link_info *ret);
/* The link as a line, or the members of an object; `details` after it where there are any. */
void link_show_details(struct inspect *x, const struct skep_link_info *i);
void link_forget_symbols(void);
/* `ip input prio -128`, or the members. */
void show_netfilter(struct inspect *x, const struct skep_link_info *i);
/* `software:cpu-clock` of a perf event. */
const char *event_text(struct inspect *x, const struct skep_link_info *i);

/* ---- text.c ---- */
/* A member of an object, or `NAME NUMBER  `. */
void put_number(struct inspect *x, const char *name, uint64_t n);
void put_attach_type(struct inspect *x, uint32_t type);
/* `ifindex NAME(N)  `, or its members. */
void put_device(struct inspect *x, uint32_t ifindex);
/* The name of program `id`, "" if it has gone, and perhaps all about it. */
const char *prog_name_of_id(struct inspect *x, uint32_t id, struct bpf_prog_info *ret);

/* ---- net_dump.c ---- */
/* A program of a classifier, with those of its actions. */
struct classic_action {
	const char *name;
	uint32_t id;
};
struct classic_prog {
	uint32_t ifindex, id;
	const char *kind; /* clsact/ingress, or the kind of the qdisc or class */
	const char *name; /* as it was given when it was attached */
	vec(struct classic_action) actions;
};
typedef vec(struct classic_prog) classic_list;
/* Those of all devices, or of one (0: all). 0 or -errno. */
int classic_progs(struct inspect *x, uint32_t ifindex, classic_list *out);

#endif
