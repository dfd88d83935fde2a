/* `skep flamegraph`: folded stacks in, an interactive SVG out. */
#ifndef SKEP_CMD_FLAMEGRAPH_H
#define SKEP_CMD_FLAMEGRAPH_H

int cmd_flamegraph(int argc, char **argv); /* argv[0] is "flamegraph" */

#endif
