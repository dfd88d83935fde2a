/* Shell commands of system(). */
#ifndef SKEP_OUTPUT_COMMAND_H
#define SKEP_OUTPUT_COMMAND_H

#include "base/strbuf.h"

/* Run `/bin/sh -c command` to its end; what it writes to stdout and stderr is appended to `out`.
 * Returns its exit status (128 + signal if killed by one), or -errno if it could not be run. */
int command_run(const char *command, struct strbuf *out);

#endif
