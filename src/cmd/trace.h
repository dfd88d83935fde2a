/* The tracer: run a script, list probes, report features. */
#ifndef SKEP_CMD_TRACE_H
#define SKEP_CMD_TRACE_H

/* argv[0] is the name to show in messages. Returns the exit status. */
int cmd_trace(int argc, char **argv);

#endif
