/* `prog graph`: control flow as an SVG file of its own, a frame each function. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "inspect/prog/dump.h"
#include "inspect/prog/flow.h"
#include "inspect/prog/graph.h"
#include "inspect/prog/prog.h"

enum { COLUMNS_MOST = 100 }; /* of a line of text; the whole one is in its title */

static const double char_width = 7.3, line_height = 15, padding = 8, margin = 24, title_height = 30;

struct line {
	const char *text;
	bool is_source;
	int32_t calls; /* a function's number; -1: none */
};

struct drawn_block {
	vec(struct line) lines;
};

/* At most `most` characters of text, as XML has them. */
static void add_xml(const char *text, size_t most, struct strbuf *out)
{
	own_strbuf struct strbuf shown = {0};
	const char *p;
	size_t n = 0, len_b;

	put_text(text, &shown);
	for (p = sb_str(&shown); *p; p += len_b, n++) {
		len_b = utf8_length(p, 4); /* put_text() leaves nothing else */
		if (n + 1 >= most && p[len_b]) {
			sb_adds(out, "…");
			return;
		}
		switch (*p) {
		case '<':
			sb_adds(out, "&lt;");
			break;
		case '>':
			sb_adds(out, "&gt;");
			break;
		case '&':
			sb_adds(out, "&amp;");
			break;
		case '"':
			sb_adds(out, "&quot;");
			break;
		case '\t':
			sb_addc(out, ' ');
			break;
		default:
			if (!strncmp(p, "\xef\xbf\xbe", 3) || !strncmp(p, "\xef\xbf\xbf", 3))
				sb_add_utf8(out, 0xfffd); /* no characters of XML */
			else
				sb_add(out, p, len_b);
		}
	}
}

static size_t columns(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80 ? 1 : 0;
	return n < COLUMNS_MOST ? n : COLUMNS_MOST;
}

/* ---- what is written in a block -------------------------------------------------------------- */

static int32_t called(const struct loaded *l, const struct flow *flow, uint32_t pc)
{
	const struct bpf_insn *i = &l->insns[pc];
	int64_t to = i->code == (BPF_JMP | BPF_CALL) && i->src_reg == BPF_PSEUDO_CALL
	                 ? loaded_call_target(l, pc)
	                 : -1;

	for (uint32_t k = 0; k < flow->n_functions; k++)
		if (flow->functions[k].begin == to)
			return (int32_t)k;
	return -1;
}

static void write_block(struct inspect *x, const struct loaded *l, struct naming *n,
                        const struct flow *flow, const struct block *b, struct drawn_block *ret,
                        struct graph_box *box)
{
	const char *last = NULL;
	size_t widest = 4;

	for (size_t pc = b->begin, slots; pc < b->end; pc += slots) {
		const struct bpf_line_info *at = loaded_line_at(l, (uint32_t)pc);
		own_strbuf struct strbuf text = {0};

		if (at && *loaded_line_text(l, at) && loaded_line_text(l, at) != last) {
			last = loaded_line_text(l, at);
			vec_push(x->a, &ret->lines, ((struct line){last, true, -1}));
		}
		sb_addf(&text, "%4zu: ", pc);
		slots = bpf_disasm_named(l->insns, l->n_insns, pc, &n->names, &text);
		vec_push(x->a, &ret->lines,
		         ((struct line){arena_strdup(x->a, text.s), false,
		                        called(l, flow, (uint32_t)pc)}));
	}
	if (b->is_indirect)
		vec_push(x->a, &ret->lines,
		         ((struct line){"(where to is in a register)", true, -1}));
	vec_each (line, &ret->lines)
		if (columns(line->text) > widest)
			widest = columns(line->text);
	box->width = (double)widest * char_width + 2 * padding;
	box->height = (double)ret->lines.n * line_height + 2 * padding;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void draw_block(const struct drawn_block *b, const struct graph_box *box, bool is_exit,
                       struct strbuf *out)
{
	double y = box->y + padding + line_height - 4;

	sb_addf(out,
	        "<rect class=\"block%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
	        "rx=\"4\"/>\n",
	        is_exit ? " exit" : "", box->x, box->y, box->width, box->height);
	vec_each (line, &b->lines) {
		if (line->calls >= 0)
			sb_addf(out, "<a href=\"#function%d\">", line->calls);
		sb_addf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">",
		        line->is_source ? "source" : "insn", box->x + padding, y);
		add_xml(line->text, COLUMNS_MOST, out);
		if (columns(line->text) == COLUMNS_MOST) {
			sb_adds(out, "<title>");
			add_xml(line->text, SIZE_MAX, out);
			sb_adds(out, "</title>");
		}
		sb_adds(out, "</text>");
		sb_adds(out, line->calls >= 0 ? "</a>\n" : "\n");
		y += line_height;
	}
}

static void draw_edge(const struct graph_edge *e, struct strbuf *out)
{
	const struct graph_point *p = e->points;

	sb_addf(out, "<path class=\"%s%s\" data-from=\"%u\" data-to=\"%u\" d=\"M%.1f %.1f",
	        e->kind == EDGE_NEXT ? "next" : "taken", e->is_back ? " back" : "", e->from, e->to,
	        p[0].x, p[0].y);
	for (uint32_t i = 1; i < e->n_points; i++) {
		double middle = (p[i - 1].y + p[i].y) / 2;

		if (e->is_in_lane || fabs(p[i].x - p[i - 1].x) < 0.1)
			sb_addf(out, "L%.1f %.1f", p[i].x, p[i].y);
		else
			sb_addf(out, "C%.1f %.1f %.1f %.1f %.1f %.1f", p[i - 1].x, middle, p[i].x,
			        middle, p[i].x, p[i].y);
	}
	sb_addf(out, "\" marker-end=\"url(#%s)\"/>\n",
	        e->is_back             ? "back"
	        : e->kind == EDGE_NEXT ? "next"
	                               : "taken");
}

static void draw_function(struct inspect *x, const struct loaded *l, struct naming *n,
                          const struct flow *flow, uint32_t number, double *y, double *width,
                          struct strbuf *out)
{
	const struct flow_function *f = &flow->functions[number];
	struct drawn_block *blocks = arena_array(x->a, struct drawn_block, f->n_blocks);
	struct graph g = {.boxes = arena_array(x->a, struct graph_box, f->n_blocks)};
	int info = loaded_function_at(l, f->begin);
	own_strbuf struct strbuf title = {0};
	double frame;

	memset(blocks, 0, f->n_blocks * sizeof(*blocks));
	memset(g.boxes, 0, f->n_blocks * sizeof(*g.boxes));
	for (uint32_t i = 0; i < f->n_blocks; i++)
		write_block(x, l, n, flow, &f->blocks[i], &blocks[i], &g.boxes[i]);
	graph_place(x->a, f, &g);
	if (info < 0 || !loaded_prototype(l, (uint32_t)info, &title))
		sb_addf(&title, "%s, from instruction %u on",
		        number                ? "function"
		        : l->name && *l->name ? l->name
		                              : "program",
		        f->begin);
	frame = (double)columns(title.s) * char_width * 1.1;
	frame = (g.width > frame ? g.width : frame) + 2 * margin;
	sb_addf(out,
	        "<g class=\"function\" id=\"function%u\" transform=\"translate(%.1f %.1f)\">\n"
	        "<rect class=\"frame\" width=\"%.1f\" height=\"%.1f\" rx=\"8\"/>\n"
	        "<text class=\"title\" x=\"%.1f\" y=\"21\">",
	        number, margin, *y, frame, g.height + title_height + margin, margin);
	add_xml(title.s, COLUMNS_MOST, out);
	sb_addf(out, "</text>\n<g transform=\"translate(%.1f %.1f)\">\n", margin,
	        title_height + margin);
	for (uint32_t k = 0; k < g.n_edges; k++)
		draw_edge(&g.edges[k], out);
	for (uint32_t i = 0; i < f->n_blocks; i++)
		draw_block(&blocks[i], &g.boxes[i], f->blocks[i].is_exit, out);
	sb_adds(out, "</g>\n</g>\n");
	*y += g.height + title_height + 2 * margin;
	if (frame + 2 * margin > *width)
		*width = frame + 2 * margin;
}

static const char style[] = "text{font:12px monospace;white-space:pre}\n"
                            ".title{font-weight:bold;font-size:13px}\n"
                            ".source{fill:#00695c;font-style:italic}\n"
                            "a .insn{fill:#1565c0;text-decoration:underline}\n"
                            ".frame{fill:#fafafa;stroke:#9e9e9e;stroke-dasharray:5 3}\n"
                            ".block{fill:#fff;stroke:#424242}\n"
                            ".exit{stroke-width:2.5}\n"
                            "path{fill:none;stroke-width:1.4}\n"
                            ".next{stroke:#616161}\n"
                            ".taken{stroke:#2e7d32}\n"
                            ".back{stroke:#c62828}\n";

static void add_marker(const char *name, const char *colour, struct strbuf *out)
{
	sb_addf(out,
	        "<marker id=\"%s\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
	        "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8Z\" "
	        "style=\"fill:%s;stroke:none\"/></marker>\n",
	        name, colour);
}

static void draw(struct inspect *x, const struct loaded *l, struct naming *n, struct strbuf *out)
{
	own_strbuf struct strbuf body = {0};
	double y = margin, width = 0;
	struct flow flow;

	flow_of(x->a, l, &flow);
	for (uint32_t i = 0; i < flow.n_functions; i++)
		draw_function(x, l, n, &flow, i, &y, &width, &body);
	sb_addf(out,
	        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
	        "viewBox=\"0 0 %.0f %.0f\">\n<title>",
	        width, y, width, y);
	add_xml(l->name ? l->name : "", SIZE_MAX, out);
	sb_addf(out, " (%u)</title>\n<style>\n%s</style>\n<defs>\n", l->info.id, style);
	add_marker("next", "#616161", out);
	add_marker("taken", "#2e7d32", out);
	add_marker("back", "#c62828", out);
	sb_adds(out, "</defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
	sb_add(out, sb_str(&body), body.n);
	sb_adds(out, "</svg>\n");
}

int prog_graph(struct inspect *x, struct words *w)
{
	own_strbuf struct strbuf out = {0};
	const char *file = NULL;
	struct naming n;
	struct loaded l;
	int fd = prog_of(x, w), status;

	if (fd < 0)
		return fd;
	if (w->n) {
		bool is_file = word_is(word_next(w), "file");

		file = word_next(w);
		if (!is_file || !file || w->n) {
			close(fd);
			return is_file && !file ? inspect_error(x, "expected file path")
			                        : inspect_say_usage(x, &prog_object);
		}
	}
	status = dump_open(x, fd, &l);
	close(fd);
	if (!status && x->is_json && !file)
		status = inspect_error(x, "'graph' is not compatible with JSON output");
	if (!status) {
		naming_begin(&n);
		n.program = &l;
		draw(x, &l, &n, &out);
		naming_end(&n);
		if (!file)
			fwrite(out.s, 1, out.n, stdout);
		else if (!(status = write_file(x, file, out.s, out.n)))
			say_done(x);
	}
	loaded_close(&l);
	return status;
}
