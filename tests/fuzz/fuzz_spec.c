/* Specifications of trace and argdist: any text becomes a script that parses, or mistakes are
 * reported that lie within it.
 *
 * corpus: *.spec */
#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/option.h"
#include "script/stages.h"

/* The first byte chooses the language and the list; the rest is the specification. */
void fuzz_one(const char *data, size_t len_b)
{
	static const char *const scripts[] = {
	    "options = { a = texts(\"A...\", \"\"); v = flag(\"-v\", \"\"); }\n"
	    "specifications trace(opt.a, opt.v);",
	    "options = { c = texts(\"-c C\", \"\"); a = texts(\"[A...]\", \"\"); }\n"
	    "specifications argdist(opt.c, opt.a);",
	    "options = { a = texts(\"A...\", \"\"); h = texts(\"-x H\", \"\"); "
	    "cumulative = flag(\"-k\", \"\"); }\n"
	    "specifications argdist(opt.a, opt.h);",
	};
	struct arena *a = arena_create();
	struct diag *d = diag_create(a);
	const char *spec = arena_strndup(a, data + (len_b > 0), len_b - (len_b > 0));
	const char *args[] = {"-v", "--", spec};
	const char *script = scripts[len_b ? (unsigned char)data[0] % 3 : 0];
	bool has_flag = script == scripts[0];
	struct strbuf dump = {0}, out = {0};
	struct script_options opts = {
	    .args = has_flag ? args : args + 1, .n_args = has_flag ? 3 : 2, .dump = &dump};
	struct unit u = {.a = a, .diag = d, .opts = &opts};
	size_t made;

	u.source = diag_add_source(d, "fuzz", script, strlen(script));
	FUZZ_CHECK(script_parse(&u));
	FUZZ_CHECK(script_command_line(&u));
	made = u.probes.n + u.hosts.n;
	if (script_specifications(&u)) {
		FUZZ_CHECK(!diag_errors(d));
		FUZZ_CHECK(u.probes.n + u.hosts.n > made);
		FUZZ_CHECK(u.probes.n <= 2 && u.hosts.n <= 1);
		FUZZ_CHECK(!u.macros.n && !u.fns.n && !u.tables.n && !u.ifs.n);
	} else {
		FUZZ_CHECK(diag_errors(d));
	}
	diag_render(d, &(struct diag_style){0}, &out);
	sb_free(&out);
	sb_free(&dump);
	arena_destroy(a);
}
