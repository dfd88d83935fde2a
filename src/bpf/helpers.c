/* Helper look-ups over the table of helpers.def, which is indexed by id. */
#include "bpf/helpers.h"

#include <stddef.h>
#include <string.h>

static const struct bpf_helper helpers[] = {
#define HELPER(id, name, result, args, since, pure)                                                \
	[id] = {id, #name, HELPER_##result, args, since, pure},
#include "bpf/helpers.def"
#undef HELPER
};

enum { N_HELPERS = sizeof(helpers) / sizeof(*helpers) };

const struct bpf_helper *bpf_helper_find(uint32_t id)
{
	return id < N_HELPERS && helpers[id].name ? &helpers[id] : NULL;
}

const struct bpf_helper *bpf_helper_find_name(const char *name)
{
	for (uint32_t id = 0; id < N_HELPERS; id++) {
		if (helpers[id].name && !strcmp(helpers[id].name, name))
			return &helpers[id];
	}
	return NULL;
}

const char *bpf_helper_name(uint32_t id)
{
	const struct bpf_helper *h = bpf_helper_find(id);

	return h ? h->name : "unknown";
}

uint32_t bpf_helper_count(void)
{
	return N_HELPERS - 1;
}
