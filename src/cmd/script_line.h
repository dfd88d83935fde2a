/* Where skep's own command line ends: a script that has an options block reads all that stands
 * behind it by itself. */
#ifndef SKEP_CMD_SCRIPT_LINE_H
#define SKEP_CMD_SCRIPT_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "toolbox/toolbox.h"

struct script_line {
	int n_own; /* how many arguments, argv[0] counted, are skep's own; the others are the
	              script's */
	/* The script, if it had to be read from what can be read only once; else NULL. */
	const char *text;
	size_t len_b;
	struct tool tool;         /* that it is; without a name: it is none */
	const char *tool_problem; /* NULL, or why the user's tool of that name is not to be run */
};

/* Looks for the script in the line, and into it. A line or a script with a mistake is left to those
 * who report it: then all arguments are skep's. */
void script_line_split(struct arena *a, int argc, char **argv, bool has_tools,
                       struct script_line *ret);

/* All of stdin, in `a`. */
const char *script_read_stdin(struct arena *a, size_t *ret_len_b);

#endif
