/* Spans become lines of a text that is cut up at its first use. */
#include "image/lines.h"

#include <ctype.h>
#include <string.h>

struct source_lines {
	uint32_t source;
	const char *text;
	uint32_t name_off;
	vec(uint32_t) begins; /* byte offset of each line */
	uint32_t *text_offs;  /* per line: its text in the string table, or 0 */
};

static uint32_t add_string(struct strbuf *strings, const char *s, size_t len_b)
{
	uint32_t off_b = (uint32_t)strings->n;

	sb_add(strings, s, len_b);
	sb_addc(strings, '\0');
	return off_b;
}

static struct source_lines *lines_of(struct image_lines *b, uint32_t source)
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
	s->name_off = add_string(b->strings, name, strlen(name));
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

static struct bpf_line_info line_info(struct image_lines *b, uint32_t insn, struct span at)
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
		s->text_offs[line] = add_string(b->strings, text, len_b < 200 ? len_b : 200);
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

struct bpf_line_info *image_lines_of(struct image_lines *b, const struct ir_code *code,
                                     uint32_t *ret_n)
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
	*ret_n = (uint32_t)lines.n;
	return lines.items;
}
