/* Objects that a script imports: each function that can be called is, and what comes out of the
 * compiler is looked at by the verifier and written as an object.
 *
 * corpus: *.o
 * mutate: in place */
#include "fuzz.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "image/elf.h"
#include "image/program.h"
#include "script/script.h"
#include "types/types.h"
#include "vm/object.h"
#include "vm/verifier/verifier.h"

enum { MOST_CALLS = 8 };

static bool is_word(const char *s)
{
	for (size_t i = 0; s[i]; i++)
		if (!isalpha((unsigned char)s[i]) && s[i] != '_' &&
		    !(i && isdigit((unsigned char)s[i])))
			return false;
	return *s;
}

/* Zeros are numbers and null pointers alike, so the count is all that has to be right. */
static uint32_t count_params(struct arena *a, const struct vm_object *o, uint32_t btf_id)
{
	struct types *ts = types_create(a, "/dev/null");
	int number = types_add_btf(ts, o->btf_bytes, o->btf_len_b);
	const struct type *t = number < 0 ? NULL : types_func_of(ts, number, btf_id);
	uint32_t n = t ? t->n_fields : 0;

	types_destroy(ts);
	return n > 6 ? 6 : n;
}

static void compile(const char *text, bool is_user_engine)
{
	struct arena *a = arena_create();
	struct diag *d = diag_create(a);
	struct types *ts = types_create(a, NULL);
	struct script_options opts = {.target = {.has_ringbuf = true,
	                                         .has_probe_read_split = true,
	                                         .has_btf = true,
	                                         .has_sext = true,
	                                         .n_cpus = 4,
	                                         .is_user_engine = is_user_engine}};
	struct vm_verify_options verify = {.max_insns = 10000};
	struct strbuf out = {0};
	struct image *img;

	script_config_defaults(&opts.config);
	img = script_compile(a, d, ts, "fuzz", text, strlen(text), &opts);
	FUZZ_CHECK(!img == !!diag_errors(d));
	if (img) {
		struct vm_program *programs = image_programs(a, img, NULL, d);
		struct vm_verdict verdict;

		for (size_t i = 0; i < img->programs.n; i++) {
			vm_verify(a, &programs[i], &verify, &verdict);
			ir_code_reason(a, &img->programs.items[i].code, verdict.pc, "no");
		}
		image_to_elf(a, img, &(struct elf_options){.diag = d}, &out);
	}
	diag_render(d, &(struct diag_style){0}, &out);
	sb_free(&out);
	types_destroy(ts);
	arena_destroy(a);
}

void fuzz_one(const char *data, size_t len_b)
{
	struct vm_object_options opts = {.type = UINT32_MAX, .is_library = true};
	struct arena *a = arena_create();
	struct strbuf why = {0};
	struct vm_object *o;
	char path[64];
	FILE *file;
	unsigned n = 0;

	snprintf(path, sizeof(path), "/tmp/fuzz-import-%d.bpf.o", (int)getpid());
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, len_b, file) != len_b || fclose(file))
		abort();
	if (vm_object_open(a, data, len_b, &opts, &o, &why)) {
		compile(arena_printf(a, "import \"%s\"; begin { }", path), false);
	} else {
		for (uint32_t i = 0; i < o->n_funcs && n < MOST_CALLS; i++) {
			const struct vm_object_func *f = &o->funcs[i];
			uint32_t n_params = count_params(a, o, f->btf_id);

			if (!f->is_global || !is_word(f->name))
				continue;
			compile(arena_printf(a, "import \"%s\"; begin { %s(%.*s); }", path, f->name,
			                     (int)(n_params ? 2 * n_params - 1 : 0), "0,0,0,0,0,0"),
			        n++ % 2);
		}
		vm_object_close(o);
	}
	unlink(path);
	sb_free(&why);
	arena_destroy(a);
}
