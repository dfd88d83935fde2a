/* `btf`: what there is to do with type information. */
#include "inspect/btf/btf.h"

static const struct command btf_commands[] = {
    {"show", btf_show, "[id BTF_ID]"},
    {"list", btf_show, "[id BTF_ID]"},
    {"dump", btf_dump, "BTF_SRC [format FORMAT] [root_id ROOT_ID]"},
    {NULL},
};

const struct object btf_object = {
    "btf", btf_commands,
    "       BTF_SRC := { id BTF_ID | prog PROG | map MAP [{ key | value | kv | all }] |\n"
    "                    file FILE [file FILE]... }\n"
    "       FORMAT := { raw | c [unsorted] }\n" MAP_WORDS PROG_WORDS,
    "{-B|--base-btf FILE}"};
