/* `skep tools`, and tools by their names in the first word or as the program's own. */
#ifndef SKEP_CMD_TOOLS_H
#define SKEP_CMD_TOOLS_H

#include <stdbool.h>

#include "toolbox/toolbox.h"

int cmd_tools(int argc, char **argv); /* argv[0] is "tools" */

/* Is the executable called by a tool's name, through a link? */
bool tools_called_as(const char *argv0);

/* What a tool without an options block has for -h: its leading comment. */
void tools_help(const struct tool *t, struct strbuf *out);

/* Which verb or tool could have been meant by a word that is none, on stderr. */
void tools_hint(struct arena *a, const char *word);

#endif
