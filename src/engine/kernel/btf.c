/* The small BTF the kernel wants beside a program: a name for every function (without it no
 * callbacks) and, for each instruction where a new line of the script begins, that line's text. The
 * verifier prints the lines in its log and bpftool in its dumps.
 *
 * Written by hand (Documentation/bpf/btf.rst): three kinds of type, one string table, one blob
 * for all programs of the image, as one load is cheaper than one each. */
#include "engine/kernel/btf.h"

#include <ctype.h>
#include <linux/btf.h>
#include <string.h>

#include "base/arena.h"
#include "image/lines.h"

enum {
	TYPE_ID_LONG = 1,
	TYPE_ID_VOID_PTR,
	TYPE_ID_MAIN,
	TYPE_ID_SUB, /* of no arguments, then of one, ... */
	MOST_PARAMS = 5,
};

struct builder {
	struct arena *a;
	struct strbuf types, strings;
	struct image_lines lines;
	uint32_t n_types;
};

static uint32_t add_string(struct builder *b, const char *s, size_t len_b)
{
	uint32_t off = (uint32_t)b->strings.n;

	sb_add(&b->strings, s, len_b);
	sb_addc(&b->strings, '\0');
	return off;
}

/* Function names must be C identifiers. */
static uint32_t add_identifier(struct builder *b, const char *s)
{
	uint32_t off = (uint32_t)b->strings.n;

	if (!s || !*s)
		s = "f";
	if (isdigit((unsigned char)*s))
		sb_addc(&b->strings, '_');
	for (size_t n = 0; s[n] && n < 120; n++)
		sb_addc(&b->strings, isalnum((unsigned char)s[n]) ? s[n] : '_');
	sb_addc(&b->strings, '\0');
	return off;
}

static void add_type(struct builder *b, uint32_t name_off, uint32_t kind, uint32_t vlen,
                     uint32_t size_or_type)
{
	struct btf_type t = {.name_off = name_off, .info = kind << 24 | vlen, .size = size_or_type};

	sb_add(&b->types, &t, sizeof(t));
	b->n_types++;
}

/* The prototypes are as plain as the verifier lets them be: only global functions are checked
 * against theirs, and they take numbers. */
static void add_base_types(struct builder *b)
{
	uint32_t int_info = BTF_INT_SIGNED << 24 | 64;
	struct btf_param ctx, number = {.name_off = add_string(b, "n", 1), .type = TYPE_ID_LONG};

	add_type(b, add_string(b, "long", 4), BTF_KIND_INT, 0, 8);
	sb_add(&b->types, &int_info, sizeof(int_info));
	add_type(b, 0, BTF_KIND_PTR, 0, 0);
	ctx = (struct btf_param){.name_off = add_string(b, "ctx", 3), .type = TYPE_ID_VOID_PTR};
	add_type(b, 0, BTF_KIND_FUNC_PROTO, 1, TYPE_ID_LONG);
	sb_add(&b->types, &ctx, sizeof(ctx));
	for (uint32_t n = 0; n <= MOST_PARAMS; n++) {
		add_type(b, 0, BTF_KIND_FUNC_PROTO, n, TYPE_ID_LONG);
		for (uint32_t i = 0; i < n; i++)
			sb_add(&b->types, &number, sizeof(number));
	}
}

static void add_funcs(struct builder *b, const struct image_program *p, struct btf_program *ret)
{
	size_t n = p->code.func_starts.n ? p->code.func_starts.n : 1;

	ret->funcs = arena_array(b->a, struct bpf_func_info, n);
	ret->n_funcs = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		const struct image_func *f = i && p->funcs ? &p->funcs[i] : NULL;
		const char *name = i == 0 ? p->name : f ? f->name : "sub";
		uint32_t linkage = f && f->is_global ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC;

		ret->funcs[i].insn_off = i ? p->code.func_starts.items[i] : 0;
		ret->funcs[i].type_id = b->n_types + 1;
		/* callbacks have to be static */
		add_type(b, add_identifier(b, name), BTF_KIND_FUNC, linkage,
		         i == 0                       ? TYPE_ID_MAIN
		         : linkage == BTF_FUNC_GLOBAL ? TYPE_ID_SUB + f->n_params
		                                      : TYPE_ID_SUB);
	}
}

void btf_build(struct arena *a, const struct image *img, const struct diag *diag,
               struct strbuf *ret_blob, struct btf_program *ret_programs)
{
	struct builder b = {.a = a};
	struct btf_header header = {
	    .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(header)};

	b.lines = (struct image_lines){.a = a, .diag = diag, .strings = &b.strings};
	sb_addc(&b.strings, '\0');
	add_base_types(&b);
	for (size_t i = 0; i < img->programs.n; i++) {
		add_funcs(&b, &img->programs.items[i], &ret_programs[i]);
		if (diag)
			ret_programs[i].lines = image_lines_of(
			    &b.lines, &img->programs.items[i].code, &ret_programs[i].n_lines);
	}
	header.type_len = (uint32_t)b.types.n;
	header.str_off = header.type_len;
	header.str_len = (uint32_t)b.strings.n;
	sb_reset(ret_blob);
	sb_add(ret_blob, &header, sizeof(header));
	sb_add(ret_blob, b.types.s, b.types.n);
	sb_add(ret_blob, b.strings.s, b.strings.n);
	sb_free(&b.types);
	sb_free(&b.strings);
}
