/* The tools: scripts that are run by their name. They come with skep, inside of the executable;
 * those in the user's own directory are there as well, and stand for the ones of the same name. */
#ifndef SKEP_TOOLBOX_TOOLBOX_H
#define SKEP_TOOLBOX_TOOLBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "base/vec.h"

struct arena;

struct tool {
	const char *name;
	const char *area;    /* `// area: WORD` in its leading comment; "other" if it says none */
	const char *purpose; /* what is behind `// NAME: ` in its first line; "" if nothing is */
	const char *path;    /* the user's file; NULL: it came with skep */
	const char *shown;   /* how messages call the text */
	const char *text;
	size_t len_b;
};
typedef vec(struct tool) tool_list;

/* $SKEP_TOOLS, $XDG_CONFIG_HOME/skep/tools or ~/.config/skep/tools, whether it is there or not;
 * NULL if none of these is set. In `a`. */
const char *tool_directory(struct arena *a);

/* False: there is no tool of this name; or, with *ret_problem (in `a`, else NULL), the user has one
 * that cannot be taken. Everything lives in `a` or for ever. */
bool tool_find(struct arena *a, const char *name, struct tool *ret, const char **ret_problem);
/* Every tool, by area and name, appended. The user's files that cannot be taken are left out. */
void tool_list_all(struct arena *a, tool_list *out);
/* Names to guess among, without a look at the texts. */
void tool_guess(struct arena *a, struct diag_guess *g);

#endif
