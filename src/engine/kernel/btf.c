/* The small BTF the kernel wants beside a program: a name for every function (without it no
 * callbacks) and, for each instruction where a new line of the script begins, that line's text. The
 * verifier prints the lines in its log and bpftool in its dumps.
 *
 * Written by hand (Documentation/bpf/btf.rst): three kinds of type, one string table, one blob
 * for all programs of the image, as one load is cheaper than one each. A line's text is stored
 * once however many programs quote it. */
#include "engine/kernel/btf.h"

#include <ctype.h>
#include <linux/btf.h>
#include <string.h>

#include "base/arena.h"
#include "base/vec.h"

enum { TYPE_ID_LONG = 1, TYPE_ID_VOID_PTR, TYPE_ID_MAIN, TYPE_ID_SUB, TYPE_ID_FIRST_FUNC };

/* A registered source, cut into lines at its first use. */
struct source_lines {
	uint32_t source;
	const char *text;
	uint32_t name_off;
	vec(uint32_t) begins; /* byte offset of each line */
	uint32_t *text_offs;  /* per line: its text in the string table, or 0 */
};

struct builder {
	struct arena *a;
	const struct diag *diag;
	struct strbuf types, strings;
	vec(struct source_lines) sources;
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
 * against theirs, and none here is global. */
static void add_base_types(struct builder *b)
{
	uint32_t int_info = BTF_INT_SIGNED << 24 | 64;
	struct btf_param ctx;

	add_type(b, add_string(b, "long", 4), BTF_KIND_INT, 0, 8);
	sb_add(&b->types, &int_info, sizeof(int_info));
	add_type(b, 0, BTF_KIND_PTR, 0, 0);
	ctx = (struct btf_param){.name_off = add_string(b, "ctx", 3), .type = TYPE_ID_VOID_PTR};
	add_type(b, 0, BTF_KIND_FUNC_PROTO, 1, TYPE_ID_LONG);
	sb_add(&b->types, &ctx, sizeof(ctx));
	add_type(b, 0, BTF_KIND_FUNC_PROTO, 0, TYPE_ID_LONG);
}

static struct source_lines *lines_of(struct builder *b, uint32_t source)
{
	struct source_lines *s;
	const char *name;

	vec_each (it, &b->sources)
		if (it->source == source)
			return it;
	s = vec_add(b->a, &b->sources);
	s->source = source;
	s->text = diag_source_text(b->diag, source);
	name = diag_source_name(b->diag, source);
	s->name_off = add_string(b, name, strlen(name));
	vec_push(b->a, &s->begins, 0);
	for (const char *at = s->text; (at = strchr(at, '\n')); at++)
		vec_push(b->a, &s->begins, (uint32_t)(at + 1 - s->text));
	s->text_offs = arena_array(b->a, uint32_t, s->begins.n);
	return s;
}

/* Index of the line that holds byte off_b. */
static uint32_t line_at(const struct source_lines *s, uint32_t off_b)
{
	size_t low = 0, high = s->begins.n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->begins.items[middle] <= off_b)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)low;
}

static struct bpf_line_info line_info(struct builder *b, uint32_t insn, struct span at)
{
	struct bpf_line_info info = {.insn_off = insn};
	struct source_lines *s;
	uint32_t line, col;

	if (at.source == SPAN_NONE)
		return info;
	s = lines_of(b, at.source);
	line = line_at(s, at.begin);
	if (!s->text_offs[line]) {
		const char *text = s->text + s->begins.items[line];
		size_t len_b = strcspn(text, "\n");

		while (len_b && isspace((unsigned char)*text)) {
			text++;
			len_b--;
		}
		s->text_offs[line] = add_string(b, text, len_b < 200 ? len_b : 200);
	}
	col = at.begin - s->begins.items[line] + 1;
	info.file_name_off = s->name_off;
	info.line_off = s->text_offs[line];
	info.line_col = (line + 1) << 10 | (col < 1023 ? col : 1023);
	return info;
}

static bool is_second_half(const struct ir_code *code, uint32_t insn)
{
	return insn && code->insns.items[insn - 1].code == (BPF_LD | BPF_IMM | BPF_DW);
}

/* One record at the start of each function (the kernel insists) and one wherever the line
 * changes. */
static void add_lines(struct builder *b, const struct ir_code *code, struct btf_program *ret)
{
	vec(struct bpf_line_info) lines = {0};
	size_t func = 0;
	struct span last = NO_SPAN;
	bool is_last_second_half = false;

	for (uint32_t i = 0; i < code->insns.n; i++) {
		bool is_start = func < code->func_starts.n && code->func_starts.items[func] == i;
		struct span at = i < code->spans.n ? code->spans.items[i] : NO_SPAN;
		struct bpf_line_info info;

		is_last_second_half = !is_last_second_half && is_second_half(code, i);
		if (is_last_second_half)
			continue;
		func += is_start;
		if (!is_start && (at.source == SPAN_NONE ||
		                  (at.source == last.source && at.begin == last.begin)))
			continue;
		last = at;
		info = line_info(b, i, at);
		if (!is_start && lines.n && vec_last(&lines).line_off == info.line_off &&
		    vec_last(&lines).line_col >> 10 == info.line_col >> 10)
			continue;
		vec_push(b->a, &lines, info);
	}
	ret->lines = lines.items;
	ret->n_lines = (uint32_t)lines.n;
}

static void add_funcs(struct builder *b, const struct image_program *p, struct btf_program *ret)
{
	size_t n = p->code.func_starts.n ? p->code.func_starts.n : 1;

	ret->funcs = arena_array(b->a, struct bpf_func_info, n);
	ret->n_funcs = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		const char *name = i == 0 ? p->name : p->func_names ? p->func_names[i] : "sub";

		ret->funcs[i].insn_off = i ? p->code.func_starts.items[i] : 0;
		ret->funcs[i].type_id = b->n_types + 1;
		/* BTF_FUNC_STATIC: callbacks have to be */
		add_type(b, add_identifier(b, name), BTF_KIND_FUNC, 0,
		         i == 0 ? TYPE_ID_MAIN : TYPE_ID_SUB);
	}
}

void btf_build(struct arena *a, const struct image *img, const struct diag *diag,
               struct strbuf *ret_blob, struct btf_program *ret_programs)
{
	struct builder b = {.a = a, .diag = diag};
	struct btf_header header = {
	    .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(header)};

	sb_addc(&b.strings, '\0');
	add_base_types(&b);
	for (size_t i = 0; i < img->programs.n; i++) {
		add_funcs(&b, &img->programs.items[i], &ret_programs[i]);
		if (diag)
			add_lines(&b, &img->programs.items[i].code, &ret_programs[i]);
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
