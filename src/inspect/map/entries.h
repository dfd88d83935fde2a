/* Going through a map. */
#ifndef SKEP_INSPECT_MAP_ENTRIES_H
#define SKEP_INSPECT_MAP_ENTRIES_H

#include "inspect/map/data.h"

/* Calls `each` for every entry, which then is in m->key and m->value; `err` is 0, or -errno for a
 * key whose value cannot be had. Ends early when `each` returns something else than 0, which is
 * returned. Otherwise 0 or -errno.
 *
 * Entries are read many at a time where the map's kind can (BPF_MAP_LOOKUP_BATCH), in as much
 * memory as a few thousand of them need. A map that changes meanwhile neither ends this nor keeps
 * it going. */
typedef int entry_fn(void *arg, struct open_map *m, int err);
int map_each(struct open_map *m, entry_fn *each, void *arg);

#endif
