/* The objects, in the order in which a beginning of a name is matched. Their commands are in the
 * folders of their own. */
#include <bpf/libbpf.h>
#include <stdio.h>

#include "inspect/internal.h"

/* Under bpftool's names, for scripts that ask for one; those that are its own business are false.
 */
static const struct {
	const char *name;
	bool is_there;
} features[] = {
    {"libbfd", false}, {"llvm", false},     {"capstone", true},
    {"crypto", false}, {"skeletons", true}, {"bootstrap", false},
};

int inspect_version(struct inspect *x, struct words *w)
{
	struct json_writer *j = &x->json;
	const char *between = " ";

	(void)w;
	if (!x->is_json) {
		printf("%s v%s\nusing libbpf %s\nfeatures:", x->program, SKEP_VERSION,
		       libbpf_version_string());
		for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
			if (features[i].is_there) {
				printf("%s%s", between, features[i].name);
				between = ", ";
			}
		putchar('\n');
		return 0;
	}
	json_open(j, '{');
	json_member_string(j, "version", SKEP_VERSION);
	json_key(j, "libbpf_version");
	json_format(j, "%u.%u", libbpf_major_version(), libbpf_minor_version());
	json_key(j, "features");
	json_open(j, '{');
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		json_member_bool(j, features[i].name, features[i].is_there);
	json_close(j, '}');
	json_close(j, '}');
	return 0;
}

static const struct command batch_commands[] = {{NULL, inspect_batch, NULL}};
const struct object batch_object = {"batch", batch_commands};

static const struct command version_commands[] = {{NULL, inspect_version, NULL}};
static const struct object version_object = {"version", version_commands};

static const struct command sessions_commands[] = {
    {"show", sessions_show, "", true}, {"list", sessions_show, "", true}, {NULL}};
static const struct object sessions_object = {"sessions", sessions_commands};

const struct object *const session_objects[] = {
    &batch_object, &prog_object, &map_object, &sessions_object, &top_object, &version_object, NULL,
};

const struct object *const inspect_objects[] = {
    &batch_object,  &prog_object,      &map_object,        &link_object,
    &cgroup_object, &perf_object,      &net_object,        &feature_object,
    &btf_object,    &gen_object_words, &struct_ops_object, &iter_object,
    &token_object,  &top_object,       &version_object,    NULL,
};
