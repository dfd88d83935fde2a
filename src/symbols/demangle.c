/* C++ and Rust names as people write them: `ns::f(int)`, with parameters, as bpftrace shows them.
 */
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "symbols/symbols_priv.h"

char *symbols_demangle(const char *name, bool with_result)
{
	enum { LONGEST = 4096 }; /* libiberty recurses over the name */

	if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R') || strlen(name) > LONGEST)
		return NULL;
	return cplus_demangle(name, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO |
	                                (with_result ? 0 : DMGL_RET_DROP));
}

const char *symbols_shown_name(struct symbols *s, const char *name)
{
	const char *shown;
	char *text;

	if (s->no_demangle || name[0] != '_' || (name[1] != 'Z' && name[1] != 'R'))
		return name;
	shown = strmap_get(&s->demangled, name);
	if (shown)
		return shown;
	text = symbols_demangle(name, true);
	shown = text ? arena_strdup(s->a, text) : name;
	free(text);
	/* `name` lives in a file's table, as long as `s`. */
	strmap_put(&s->demangled, name, (void *)shown);
	return shown;
}
