/* The commands of `map`. */
#ifndef SKEP_INSPECT_MAP_H
#define SKEP_INSPECT_MAP_H

#include "inspect/internal.h"

command_fn map_show, map_dump, map_lookup, map_getnext, map_update, map_delete, map_freeze, map_pop,
    map_create, map_pin, map_event_pipe, map_watch, map_hist;

#endif
