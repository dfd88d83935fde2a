/* Objects of the kernel's BPF, asked for in bpftool's words: `skep prog show`, or the whole of
 * bpftool's command line through a link of that name. */
#ifndef SKEP_CMD_INSPECT_H
#define SKEP_CMD_INSPECT_H

#include <stdbool.h>

int cmd_inspect(int argc, char **argv);    /* argv[0] is the object */
bool inspect_called_as(const char *argv0); /* bpftool */

#endif
