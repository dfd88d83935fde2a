/* Inside of the symbols room: processes, and who tells of them. */
#ifndef SKEP_SYMBOLS_PROCESS_H
#define SKEP_SYMBOLS_PROCESS_H

#include "symbols/symbols_priv.h"

/* What the kernel told (mappings.c), in the order in which it happened. A process that is not known
 * is looked up in /proc. */
void process_forked(struct symbols *s, pid_t parent, pid_t child);
void process_executed(struct symbols *s, pid_t pid);
void process_mapped(struct symbols *s, pid_t pid, const struct maps_line *line);

#endif
