/* The tables of builtins and functions, and how a name finds its row. Both are short and looked
 * up once per identifier of a script, so they are searched from the front. */
#include "script/builtins.h"

#include <string.h>

static const struct builtin builtins[] = {
#define BUILTIN(id, where, doc) {B_##id, #id, where, doc},
#include "script/builtins.def"
#undef BUILTIN
};

static const struct function functions[] = {
#define FUNCTION(id, fewest, most, kind, where, doc)                                               \
	{F_##id, #id, fewest, most, KIND_##kind, where, doc},
#include "script/functions.def"
#undef FUNCTION
};

/* "arg12" for the row `arg`: 12. Numbers are as short as can be (no arg01) and below 1000. */
static bool parse_numbered(const char *name, const char *row, uint64_t *ret)
{
	size_t len_b = strlen(row);
	uint64_t number = 0;

	if (strncmp(name, row, len_b) || !name[len_b] || strlen(name) > len_b + 3)
		return false;
	name += len_b;
	if (name[0] == '0' && name[1])
		return false;
	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return false;
		number = number * 10 + (uint64_t)(*name - '0');
	}
	*ret = number;
	return true;
}

const struct builtin *builtin_find(const char *name, uint64_t *ret_number)
{
	for (uint32_t i = 0; i < B_N; i++) {
		const struct builtin *b = &builtins[i];

		if (b->id == B_arg || b->id == B_sarg) {
			if (parse_numbered(name, b->name, ret_number))
				return b;
		} else if (!strcmp(b->name, name)) {
			*ret_number = 0;
			return b;
		}
	}
	return NULL;
}

const struct function *function_find(const char *name)
{
	for (uint32_t i = 0; i < F_N; i++)
		if (!strcmp(functions[i].name, name))
			return &functions[i];
	return NULL;
}

const struct builtin *builtin_row(uint32_t i)
{
	return i < B_N ? &builtins[i] : NULL;
}

const struct function *function_row(uint32_t i)
{
	return i < F_N ? &functions[i] : NULL;
}
