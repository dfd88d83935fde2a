/* `gen`: what there is to make of BPF objects. */
#include "inspect/gen/gen.h"

static const struct command gen_commands[] = {
    {"object", gen_object, "OUTPUT_FILE INPUT_FILE [INPUT_FILE...]"},
    {"skeleton", gen_skeleton, "FILE [name OBJECT_NAME]"},
    {"subskeleton", gen_subskeleton, "FILE [name OBJECT_NAME]"},
    {"min_core_btf", gen_min_core_btf, "INPUT OUTPUT OBJECT [OBJECT...]"},
    {NULL},
};

const struct object gen_object_words = {"gen", gen_commands, NULL, "{-L|--use-loader}"};

bool gen_need(struct inspect *x, const struct words *w, int n)
{
	if (words_need(x, w, n))
		return true;
	if (!x->is_json)
		inspect_usage(x, &gen_object_words);
	return false;
}
