/* What `feature probe` says, in three forms: sentences, JSON, macros of C. */
#ifndef SKEP_INSPECT_FEATURE_H
#define SKEP_INSPECT_FEATURE_H

#include "inspect/internal.h"

struct probing {
	struct inspect *x;
	bool is_full, is_unprivileged;
	const char *macros; /* in front of each macro's name; NULL: no macros are asked for */
	uint32_t ifindex;   /* 0: the kernel */
	uint32_t helpers_n; /* helpers from this number on are unknown to the kernel */
};

/* A part of the answer; nothing of it in a form that is not asked for. */
void feature_section(struct probing *p, const char *key, const char *title, const char *comment);
void feature_section_end(struct probing *p);
void probe_system(struct probing *p);

command_fn feature_probe, feature_list_builtins;

#endif
