/* What BPF is on this machine, asked with bpftool's grammar: OBJECT COMMAND ARGUMENTS, each word by
 * any beginning of it. One file for each kind of object; what they share is the line (line.c),
 * handles (handle.c), and the two forms of output, plain and JSON, of which each command writes
 * one. */
#ifndef SKEP_INSPECT_INSPECT_H
#define SKEP_INSPECT_INSPECT_H

/* argv[0] is what usage calls the program; the rest is bpftool's command line. Returns an exit
 * status, 0 for success. */
int inspect_run(int argc, char **argv);
/* The same words about programs and maps of a session of our own machine, in another process: the
 * only one there is, or --pid's. `sessions` lists them. */
int inspect_run_session(int argc, char **argv);

#endif
