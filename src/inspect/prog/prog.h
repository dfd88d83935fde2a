/* The commands of `prog`. */
#ifndef SKEP_INSPECT_PROG_H
#define SKEP_INSPECT_PROG_H

#include "inspect/internal.h"

command_fn prog_show, prog_dump, prog_graph, prog_explain;
command_fn prog_pin, prog_load, prog_loadall, prog_attach, prog_detach, prog_run, prog_tracelog;
command_fn prog_profile, prog_stats;
/* Seconds. 0, or reported. */
int parse_duration(struct inspect *x, const char *word, uint32_t *ret_s);

struct bpf_prog_info;
/* What begins a program in listings of several: number, kind, name, tag, how often it ran. */
void prog_show_heading(struct inspect *x, const struct bpf_prog_info *info, const char *name);

#endif
