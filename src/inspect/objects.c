/* The objects, in the order in which a beginning of a name is matched. Their commands are in the
 * folders of their own. */
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

static const struct command version_commands[] = {{NULL, inspect_version, NULL}};
static const struct object version_object = {"version", version_commands, NULL};

const struct object *const inspect_objects[] = {
    &prog_object,
    &map_object,
    &version_object,
    NULL,
};
