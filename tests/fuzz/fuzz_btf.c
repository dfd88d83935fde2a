/* Type information on any bytes: listed plainly, as JSON and as C, in the order of the file and sorted,
 * alone and as a part of itself.
 *
 * corpus: *.btf
 * mutate: in place */
#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "inspect/btf/btf.h"
#include "inspect/btf/c_writer.h"

static void list(const struct btf_source *s)
{
	struct inspect x = {.a = arena_create()};

	btf_dump_raw(&x, s);
	x.is_json = true;
	json_begin(&x.json, stdout, true);
	btf_dump_raw(&x, s);
	json_end(&x.json);
	/* What is wrong is told as JSON, too. */
	json_begin(&x.json, stdout, false);
	btf_dump_c(&x, s, false);
	json_end(&x.json);
	json_begin(&x.json, stdout, false);
	btf_dump_c(&x, s, true);
	json_end(&x.json);
	arena_destroy(x.a);
}

void fuzz_one(const char *data, size_t len_b)
{
	struct btf_source alone = {0}, split = {0};
	FILE *said = stdout;

	if (btf_open_bytes(data, len_b, NULL, &alone.file))
		return;
	stdout = fopen("/dev/null", "w");
	if (!stdout)
		abort();
	list(&alone);
	if (!btf_open_bytes(data, len_b, alone.file, &split.file)) {
		split.roots[0] = btf_first(split.file);
		split.n_roots = btf_first(split.file) < btf_end(split.file);
		list(&split);
		btf_close(split.file);
	}
	btf_close(alone.file);
	fclose(stdout);
	stdout = said;
}
