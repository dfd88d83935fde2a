/* `skep vm WORD`: the machine by itself. Each word is a function that takes its own arguments,
 * argv[0] being the word, and returns the exit status. A row of cmd/vm.def brings it in. */
#ifndef SKEP_CMD_VM_H
#define SKEP_CMD_VM_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Exit statuses of every word. */
enum {
	VM_OK = 0,
	VM_REFUSED = 1, /* the program is no good */
	VM_TROUBLE = 2, /* could not be found out: usage, files, memory */
};

int cmd_vm(int argc, char **argv); /* argv[0] is "vm" */

int cmd_vm_run(int argc, char **argv);
int cmd_vm_verify(int argc, char **argv);
int cmd_vm_conformance(int argc, char **argv);
int cmd_vm_asm(int argc, char **argv);
int cmd_vm_disasm(int argc, char **argv);
int cmd_vm_bench(int argc, char **argv);
int cmd_vm_inspect(int argc, char **argv); /* cmd/inspect.c */

/* How `word` is used, to stderr, under what is wrong (may be NULL: getopt said it). Returns
 * VM_TROUBLE. */
int vm_usage_error(const char *word, const char *text);
/* Reads a file, or standard input for "-". Says on stderr what is wrong and returns false. */
bool vm_read_input(struct arena *a, const char *path, char **ret, size_t *ret_len_b);

#endif
