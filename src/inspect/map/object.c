/* `map`: what there is to do with maps. */
#include "inspect/internal.h"
#include "inspect/map/map.h"

static const struct command map_commands[] = {
    {"show", map_show, "[MAP]", true},
    {"list", map_show, "[MAP]", true},
    {"lookup", map_lookup, "MAP [key DATA]", true},
    {"update", map_update, "MAP [key DATA] [value VALUE] [UPDATE_FLAGS]", true},
    {"dump", map_dump, "MAP", true},
    {"getnext", map_getnext, "MAP [key DATA]", true},
    {"delete", map_delete, "MAP key DATA", true},
    {"pin", map_pin, "MAP FILE"},
    {"peek", map_lookup, "MAP", true},
    {"push", map_update, "MAP value VALUE", true},
    {"pop", map_pop, "MAP", true},
    {"enqueue", map_update, "MAP value VALUE", true},
    {"dequeue", map_pop, "MAP", true},
    {"freeze", map_freeze, "MAP", true},
    {"create", map_create,
     "FILE type TYPE key KEY_SIZE value VALUE_SIZE\n"
     "entries MAX_ENTRIES name NAME [flags FLAGS] "
     "[inner_map MAP] [offload_dev NAME]"},
    {"event_pipe", map_event_pipe, "MAP [cpu N index M]"},
    {"watch", map_watch, "MAP [INTERVAL]", true},
    {"hist", map_hist, "MAP [{ log2 | linear | keys }] [member NAME]", true},
    {NULL},
};

const struct object map_object = {"map", map_commands,
                                  MAP_WORDS "       DATA := { [hex] BYTES }\n" PROG_WORDS
                                            "       VALUE := { DATA | MAP | PROG }\n"
                                            "       UPDATE_FLAGS := { any | exist | noexist }\n",
                                  "{-f|--bpffs} | {-n|--nomount}"};
