/* Feature probes that have a file of their own; the table is in features.c. */
#ifndef SKEP_ENGINE_KERNEL_FEATURES_H
#define SKEP_ENGINE_KERNEL_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

/* features_btf.c: what needs a BTF id of the running kernel. */
bool feature_fentry(uint32_t unused);
bool feature_iter(uint32_t unused);
bool feature_btf_raw_tracepoint(uint32_t unused);

/* Does a process id given to uprobe_multi mean the process (v6.10), not one thread? Tried anew
 * at each call. */
bool feature_uprobe_multi_pid(void);

#endif
