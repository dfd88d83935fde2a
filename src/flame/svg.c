/* Writing SVG. From top to bottom: title, subtitle, a row for the script's controls, a legend where
 * colours mean something, the boxes, a line for details.
 *
 * A frame is a group: its place in the tree (`data-f`: depth, start and value in samples), its
 * title, its box, and its name as far as there is room. The script needs the first two only: it
 * places boxes and names anew when something is zoomed. */
#include "flame/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "flame/assets.h"
#include "flame/text.h"

enum { FLUSH_B = 1 << 16, CONTROLS_PX = 30, PADDING_PX = 3, LEAST_CELLS = 3 };

/* Between neighbours, where there is room for it. */
#define GAP_PX 0.6
/* Width of a character of a monospaced font by its size: the common ones have 0.55 to 0.61. */
#define CELL_EM 0.61

struct writer {
	struct strbuf out;
	FILE *file;
	const struct flame_tree *tree;
	const struct flame_layout *layout;
	const struct flame_style *style;
	double px_per_unit;
	double boxes_y, height_px; /* where boxes begin; of the picture */
	double largest_change;     /* of a node by itself */
	unsigned kinds;            /* of which there are frames, as bits */
};

static void flush(struct writer *w)
{
	fwrite(sb_str(&w->out), 1, w->out.n, w->file);
	sb_reset(&w->out);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Coordinates: two places behind the point, none of them zeros at the end. */
static void add_px(struct strbuf *out, double v)
{
	sb_addf(out, "%.2f", v);
	while (out->s[out->n - 1] == '0')
		out->s[--out->n] = '\0';
	if (out->s[out->n - 1] == '.')
		out->s[--out->n] = '\0';
}

/* A value for the script, as short as it can be read back. */
static void add_exact(struct strbuf *out, double v)
{
	size_t from = out->n;

	for (int digits = 15;; digits++) {
		sb_addf(out, "%.*g", digits, v);
		if (digits == 17 || strtod(out->s + from, NULL) == v)
			return;
		out->n = from;
	}
}

/* A value for people: 1,234,567 or 0.25. */
static void add_value(struct strbuf *out, double v)
{
	double size = fabs(v);
	char digits[64];
	size_t n;

	if (size != floor(size)) {
		sb_addf(out, size < 1 ? "%.3g" : "%.2f", v);
		return;
	}
	n = (size_t)snprintf(digits, sizeof(digits), "%.0f", size);
	if (v < 0)
		sb_adds(out, "−");
	for (size_t i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			sb_addc(out, ',');
		sb_addc(out, digits[i]);
	}
}

static void add_text(struct strbuf *out, const char *s)
{
	flame_text_add(out, s, strlen(s), SIZE_MAX);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static struct flame_color color(const struct writer *w, uint32_t node, struct flame_frame name,
                                enum flame_kind kind)
{
	double change;

	if (w->tree->is_differential) {
		change = w->largest_change > 0
		             ? w->tree->changes.items[node].own / w->largest_change
		             : 0;
		return flame_change_color(w->style->is_negated ? -change : change);
	}
	if (node == FLAME_ROOT)
		return flame_palette_color(flame_palette_find("grey"), name, 0);
	return flame_palette_color(w->style->tone ? w->style->tone : flame_palette_of(kind), name,
	                           w->style->seed);
}

/* −15, 0, +15 */
static void add_signed(struct strbuf *out, double v)
{
	if (v > 0)
		sb_addc(out, '+');
	add_value(out, v);
}

static void add_change(struct writer *w, uint32_t node)
{
	const struct flame_change *c = &w->tree->changes.items[node];
	double change = w->tree->nodes.items[node].value - c->before;

	sb_adds(&w->out, ", ");
	add_signed(&w->out, change);
	if (c->before > 0)
		sb_addf(&w->out, " (%s%.1f%%)",
		        change > 0   ? "+"
		        : change < 0 ? "−"
		                     : "",
		        100 * fabs(change) / c->before);
	else if (change > 0)
		sb_adds(&w->out, " (new)");
	sb_adds(&w->out, ", by itself ");
	add_signed(&w->out, c->own);
}

static void add_title(struct writer *w, uint32_t node, struct flame_frame name,
                      enum flame_kind kind)
{
	double value = w->tree->nodes.items[node].value;

	sb_adds(&w->out, "<title>");
	flame_text_add(&w->out, name.name, name.len_b, SIZE_MAX);
	sb_addc(&w->out, '\n');
	add_value(&w->out, value);
	sb_addc(&w->out, ' ');
	if (value == 1 && !strcmp(w->style->count_name, "samples"))
		sb_adds(&w->out, "sample");
	else
		add_text(&w->out, w->style->count_name);
	sb_addf(&w->out, ", %.2f%%", w->layout->total > 0 ? 100 * value / w->layout->total : 0);
	if (w->tree->is_differential)
		add_change(w, node);
	if (node != FLAME_ROOT && kind > FLAME_CPP)
		sb_addf(&w->out, ", %s", flame_kind_name(kind));
	sb_adds(&w->out, "</title>");
}

static double level_y(const struct writer *w, uint32_t depth)
{
	uint32_t level = w->style->is_icicle ? depth : w->layout->n_levels - 1 - depth;

	return w->boxes_y + level * w->style->frame_px;
}

static void add_frame(struct writer *w, const struct flame_box *box)
{
	const struct flame_style *s = w->style;
	struct flame_frame name = flame_node_name(w->tree, box->node);
	enum flame_kind kind = flame_kind_of(&name);
	double value =
	    box->node == FLAME_ROOT ? w->layout->total : w->tree->nodes.items[box->node].value;
	struct flame_color c = color(w, box->node, name, kind);
	double x = FLAME_MARGIN_PX + box->start * w->px_per_unit, y = level_y(w, box->depth);
	double width = value * w->px_per_unit;
	double room = (width - 2 * PADDING_PX) / (s->font_px * CELL_EM);

	sb_addf(&w->out, "<g class=\"f\" data-f=\"%u ", box->depth);
	add_exact(&w->out, box->start);
	sb_addc(&w->out, ' ');
	add_exact(&w->out, value);
	sb_adds(&w->out, "\">");
	add_title(w, box->node, name, kind);
	sb_adds(&w->out, "<rect x=\"");
	add_px(&w->out, x);
	sb_adds(&w->out, "\" y=\"");
	add_px(&w->out, y);
	sb_adds(&w->out, "\" width=\"");
	add_px(&w->out, width > 3 ? width - GAP_PX : width);
	sb_adds(&w->out, "\" height=\"");
	add_px(&w->out, s->frame_px - 1);
	sb_addf(&w->out, "\" fill=\"#%02x%02x%02x\"/>", c.red, c.green, c.blue);
	if (room >= LEAST_CELLS) {
		sb_adds(&w->out, "<text x=\"");
		add_px(&w->out, x + PADDING_PX);
		sb_adds(&w->out, "\" y=\"");
		add_px(&w->out, y + (s->frame_px - 1) / 2 + s->font_px * 0.35);
		sb_adds(&w->out, "\">");
		flame_text_add(&w->out, name.name, name.len_b, (size_t)room);
		sb_adds(&w->out, "</text>");
	}
	sb_adds(&w->out, "</g>\n");
	if (w->out.n > FLUSH_B)
		flush(w);
}

/* ---- around them ----------------------------------------------------------------------------- */

static void add_legend_entry(struct writer *w, double *x, double y, struct flame_color c,
                             const char *text)
{
	double size = w->style->font_px * 0.8;

	sb_adds(&w->out, "<rect x=\"");
	add_px(&w->out, *x);
	sb_adds(&w->out, "\" y=\"");
	add_px(&w->out, y - size);
	sb_addf(&w->out, "\" width=\"%g\" height=\"%g\" fill=\"#%02x%02x%02x\"/><text x=\"", size,
	        size, c.red, c.green, c.blue);
	*x += size + 5;
	add_px(&w->out, *x);
	sb_adds(&w->out, "\" y=\"");
	add_px(&w->out, y);
	sb_adds(&w->out, "\">");
	add_text(&w->out, text);
	sb_adds(&w->out, "</text>");
	*x += flame_text_cells(text, strlen(text)) * w->style->font_px * CELL_EM + 15;
}

/* What the colours say, if they do. */
static void add_legend(struct writer *w, double y)
{
	double x = FLAME_MARGIN_PX;
	static const struct flame_frame nobody = {"legend", 6};

	sb_adds(&w->out, "<g class=\"legend\">");
	if (w->tree->is_differential) {
		double more = w->style->is_negated ? -0.7 : 0.7;

		add_legend_entry(w, &x, y, flame_change_color(more), "more than before");
		add_legend_entry(w, &x, y, flame_change_color(-more), "less");
	} else {
		for (unsigned kind = 0; kind < FLAME_KINDS; kind++)
			if (w->kinds & 1u << kind)
				add_legend_entry(
				    w, &x, y,
				    flame_palette_color(flame_palette_of(kind), nobody, 0),
				    flame_kind_name(kind));
	}
	sb_adds(&w->out, "</g>\n");
}

/* A line in the middle, cut to the picture's width. */
static void add_heading(struct writer *w, const char *class, const char *text, double y,
                        double font_px)
{
	double room = (w->style->width_px - 2 * FLAME_MARGIN_PX) / (font_px * CELL_EM);

	sb_addf(&w->out, "<text class=\"%s\" x=\"50%%\" y=\"", class);
	add_px(&w->out, y);
	sb_adds(&w->out, "\" font-size=\"");
	add_px(&w->out, font_px);
	sb_adds(&w->out, "\">");
	flame_text_add(&w->out, text, strlen(text), room > 1 ? (size_t)room : 1);
	sb_adds(&w->out, "</text>\n");
}

static void look_at_frames(struct writer *w)
{
	vec_each (box, &w->layout->boxes) {
		struct flame_frame name = flame_node_name(w->tree, box->node);

		if (box->node != FLAME_ROOT)
			w->kinds |= 1u << flame_kind_of(&name);
	}
	for (size_t i = 0; i < w->tree->changes.n; i++)
		if (fabs(w->tree->changes.items[i].own) > w->largest_change)
			w->largest_change = fabs(w->tree->changes.items[i].own);
}

static void add_data(struct writer *w, const char *name, const char *text)
{
	sb_addf(&w->out, " data-%s=\"", name);
	add_text(&w->out, text);
	sb_addc(&w->out, '"');
}

static void add_head(struct writer *w, double controls_y)
{
	const struct flame_style *s = w->style;

	sb_adds(&w->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	                 "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"skep-flame\" width=\"");
	add_px(&w->out, s->width_px);
	sb_adds(&w->out, "\" height=\"");
	add_px(&w->out, w->height_px);
	sb_adds(&w->out, "\" viewBox=\"0 0 ");
	add_px(&w->out, s->width_px);
	sb_addc(&w->out, ' ');
	add_px(&w->out, w->height_px);
	sb_addf(&w->out,
	        "\" font-size=\"%g\" data-frame=\"%g\" data-margin=\"%d\" "
	        "data-padding=\"%d\" data-controls=\"%g\"",
	        s->font_px, s->frame_px, FLAME_MARGIN_PX, PADDING_PX, controls_y);
	add_data(w, "count", s->count_name);
	add_data(w, "type", s->name_type);
	if (s->is_fluid)
		sb_adds(&w->out, " data-fluid=\"\"");
	if (s->is_icicle)
		sb_adds(&w->out, " data-icicle=\"\"");
	sb_adds(&w->out, ">\n<title>");
	add_text(&w->out, s->title);
	sb_adds(&w->out, "</title>\n<style><![CDATA[\n");
	sb_adds(&w->out, flame_flame_css);
	sb_adds(&w->out, "]]></style>\n<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n");
}

bool flame_svg_write(const struct flame_tree *t, const struct flame_layout *l,
                     const struct flame_style *style, FILE *out)
{
	struct writer w = {.file = out, .tree = t, .layout = l, .style = style};
	double title_px = style->font_px * 1.4, y = 10, title_y, subtitle_y = 0, controls_y,
	       legend_y = 0;

	look_at_frames(&w);
	w.px_per_unit = l->total > 0 ? (style->width_px - 2 * FLAME_MARGIN_PX) / l->total : 0;
	title_y = y += title_px;
	if (style->subtitle)
		subtitle_y = y += style->font_px * 1.6;
	controls_y = y + 8;
	y = controls_y + CONTROLS_PX;
	if (t->is_differential || !style->tone)
		legend_y = y += style->font_px + 2;
	w.boxes_y = floor(y + 8);
	w.height_px = w.boxes_y + l->n_levels * style->frame_px + style->font_px * 2 + 4;

	add_head(&w, controls_y);
	add_heading(&w, "title", style->title, title_y, title_px);
	if (style->subtitle)
		add_heading(&w, "subtitle", style->subtitle, subtitle_y, style->font_px);
	if (legend_y > 0)
		add_legend(&w, legend_y);
	sb_adds(&w.out, "<g class=\"frames\">\n");
	vec_each (box, &l->boxes)
		add_frame(&w, box);
	sb_adds(&w.out, "</g>\n<text class=\"details\" x=\"");
	add_px(&w.out, FLAME_MARGIN_PX);
	sb_adds(&w.out, "\" y=\"");
	add_px(&w.out, w.height_px - style->font_px * 0.8);
	sb_adds(&w.out, "\"> </text>\n<script><![CDATA[\n");
	sb_adds(&w.out, flame_flame_js);
	sb_adds(&w.out, "]]></script>\n</svg>\n");
	flush(&w);
	sb_free(&w.out);
	return !fflush(out) && !ferror(out);
}
