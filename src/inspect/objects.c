/* The objects and their commands: what the line is read by and usage is made from. */
#include <bpf/libbpf.h>
#include <stdio.h>

#include "inspect/internal.h"

int inspect_version(struct inspect *x, struct words *w)
{
	struct json_writer *j = &x->json;

	(void)w;
	if (!x->is_json) {
		printf("%s v%s\nusing libbpf %s\nfeatures:\n", x->program, SKEP_VERSION,
		       libbpf_version_string());
		return 0;
	}
	json_open(j, '{');
	json_member_string(j, "version", SKEP_VERSION);
	json_key(j, "libbpf_version");
	json_format(j, "%u.%u", libbpf_major_version(), libbpf_minor_version());
	json_key(j, "features");
	json_open(j, '{');
	json_close(j, '}');
	json_close(j, '}');
	return 0;
}

#define PROG_WORDS "       PROG := { id PROG_ID | pinned FILE | tag PROG_TAG | name PROG_NAME }\n"
#define MAP_WORDS "       MAP := { id MAP_ID | pinned FILE | name MAP_NAME }\n"

static const struct command prog_commands[] = {
    {"show", prog_show, "[PROG]"},
    {"list", prog_show, "[PROG]"},
    {NULL},
};

static const struct command map_commands[] = {
    {"show", map_show, "[MAP]"},
    {"list", map_show, "[MAP]"},
    {"lookup", map_lookup, "MAP [key DATA]"},
    {"update", map_update, "MAP [key DATA] [value VALUE] [UPDATE_FLAGS]"},
    {"dump", map_dump, "MAP"},
    {"getnext", map_getnext, "MAP [key DATA]"},
    {"delete", map_delete, "MAP key DATA"},
    {"pin", map_pin, "MAP FILE"},
    {"peek", map_peek, "MAP"},
    {"push", map_update, "MAP value VALUE"},
    {"pop", map_pop, "MAP"},
    {"enqueue", map_update, "MAP value VALUE"},
    {"dequeue", map_pop, "MAP"},
    {"freeze", map_freeze, "MAP"},
    {"create", map_create,
     "FILE type TYPE key KEY_SIZE value VALUE_SIZE entries MAX_ENTRIES name NAME [flags FLAGS] "
     "[inner_map MAP]"},
    {NULL},
};

static const struct command version_commands[] = {{NULL, inspect_version, NULL}};

const struct object inspect_objects[] = {
    {"prog", prog_commands, PROG_WORDS},
    {"map", map_commands,
     MAP_WORDS "       DATA := { [hex] BYTES }\n" PROG_WORDS
               "       VALUE := { DATA | MAP | PROG }\n"
               "       UPDATE_FLAGS := { any | exist | noexist }\n"},
    {"version", version_commands, NULL},
    {NULL},
};
