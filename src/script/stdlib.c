/* Modules of the standard library, read when a macro of theirs is first used. The text is parsed as
 * a source of its own, so that messages can show it. */
#include "script/stdlib.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "script/stages.h"
#include "script/stdlib_modules.h"

static bool has_word(const char *words, const char *word)
{
	size_t len_b = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at++)
		if (at > words && at[-1] == ' ' && at[len_b] == ' ')
			return true;
	return false;
}

static bool load(struct unit *u, const struct stdlib_module *module)
{
	uint32_t bit = 1u << (module - stdlib_modules);

	if (!(u->stdlib_loaded & bit)) {
		u->stdlib_loaded |= bit;
		script_parse_library(u, module->path, module->text);
	}
	return true;
}

bool stdlib_load(struct unit *u, const char *name)
{
	for (const struct stdlib_module *m = stdlib_modules; m->name; m++)
		if (has_word(m->macros, name))
			return load(u, m);
	return false;
}

bool stdlib_has_module(const char *name)
{
	for (const struct stdlib_module *m = stdlib_modules; m->name; m++)
		if (!strcmp(m->name, name))
			return true;
	return false;
}
