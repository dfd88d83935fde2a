/* `skep flamegraph`: read stacks, merge them, lay them out, write the picture. */
#include "cmd/flamegraph.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "cmd/verb_options.h"
#include "flame/layout.h"
#include "flame/palette.h"
#include "flame/read.h"
#include "flame/svg.h"

struct flamegraph_options {
	const char *output, *title, *subtitle, *min_width, *count_name, *name_type, *palette, *map;
	double width, height, font, total, seed;
	bool is_icicle, is_reversed, keeps_order, is_differential, has_one_count, is_negated,
	    is_normalized, keeps_offset;
};

static const struct verb_option rows[] = {
#define OPTION(letter, name, argument, kind, field, least, most, help)                             \
	{letter, name, argument, help, VERB_##kind, offsetof(struct flamegraph_options, field),    \
	 least,  most},
#include "cmd/flamegraph.def"
#undef OPTION
};

static const struct verb verb = {
    .name = "flamegraph",
    .arguments = "[OPTIONS] [FILE]",
    .about = "draw stacks (a line: `frame;frame;... COUNT`) as an interactive SVG",
    .options = rows,
    .n_options = sizeof(rows) / sizeof(*rows),
    .max_operands = 1,
    .more = "EXAMPLES:\n"
            "    skep -e 'profile:hz:99 { @[kstack, ustack, comm] = count(); }' >stacks\n"
            "    skep flamegraph -o flame.svg stacks\n"
            "        draw where the CPUs' time goes\n"
            "    skep flamegraph --palette kinds --title 'All CPUs' -o flame.svg out.folded\n"
            "        folded stacks of another tool, annotated with _[k], _[j], _[i]\n",
};

/* Without --width it is what a browser may change. */
static double width_of(const struct flamegraph_options *o)
{
	return o->width > 0 ? o->width : 1200;
}

/* Two options that say the opposite, a palette that there is none of, a width that is none. */
static int check(const struct flamegraph_options *o, double *ret_min_px)
{
	char *end;

	if (o->is_differential && o->has_one_count)
		return verb_usage_error(&verb, "Cannot use both --differential and --one-count.");
	if (o->palette && strcmp(o->palette, "kinds") && !flame_palette_find(o->palette)) {
		fprintf(stderr, "ERROR: There is no palette %s, there are kinds", o->palette);
		for (unsigned i = 0; flame_palette_name(i); i++)
			fprintf(stderr, "%s%s", flame_palette_name(i + 1) ? ", " : " and ",
			        flame_palette_name(i));
		fputc('\n', stderr);
		return VERB_USAGE;
	}
	*ret_min_px = 0.1;
	if (!o->min_width)
		return -1;
	*ret_min_px = strtod(o->min_width, &end);
	if (end != o->min_width && !strcmp(end, "%")) {
		*ret_min_px *= (width_of(o) - 2 * FLAME_MARGIN_PX) / 100;
		end++;
	}
	if (end == o->min_width || *end || !(*ret_min_px >= 0 && *ret_min_px <= width_of(o)))
		return verb_usage_error(&verb,
		                        "--minwidth takes a number of pixels, or a share "
		                        "like 0.5%%: %s",
		                        o->min_width);
	return -1;
}

/* Is there a frame whose kind is written on it? */
static bool has_kinds(const struct flame_tree *t)
{
	for (size_t i = 1; i < t->names.n; i++) {
		struct flame_frame name = t->names.items[i];

		if (flame_kind_of(&name) > FLAME_CPP)
			return true;
	}
	return false;
}

static const char *default_title(const struct flamegraph_options *o, const struct flame_tree *t)
{
	if (t->is_differential)
		return "Differential Flame Graph";
	if (o->keeps_order)
		return o->is_icicle ? "Icicle Chart" : "Flame Chart";
	if (o->is_reversed)
		return o->is_icicle ? "Reverse Icicle Graph" : "Reverse Flame Graph";
	return o->is_icicle ? "Icicle Graph" : "Flame Graph";
}

static int write_picture(const struct flamegraph_options *o, const struct flame_tree *t,
                         double min_px)
{
	bool is_written;
	double width = width_of(o);
	double total = o->total > 0 ? o->total : t->nodes.items[FLAME_ROOT].value;
	struct flame_style style = {
	    .title = o->title ? o->title : default_title(o, t),
	    .subtitle = o->subtitle,
	    .count_name = o->count_name,
	    .name_type = o->name_type,
	    .seed = (uint32_t)o->seed,
	    .width_px = width,
	    .frame_px = o->height,
	    .font_px = o->font,
	    .is_fluid = o->width <= 0,
	    .is_icicle = o->is_icicle,
	    .is_negated = o->is_negated,
	};
	FILE *out = o->output ? fopen(o->output, "we") : stdout;
	struct flame_layout layout;

	if (!out) {
		fprintf(stderr, "ERROR: cannot write %s: %s\n", o->output, strerror(errno));
		return VERB_FAILED;
	}
	if (o->palette ? strcmp(o->palette, "kinds") : !has_kinds(t))
		style.tone = flame_palette_find(o->palette ? o->palette : "hot");
	flame_layout_make(&layout, t, total, total * min_px / (width - 2 * FLAME_MARGIN_PX));
	is_written = flame_svg_write(t, &layout, &style, out);
	/* What a full disk took back shows here only. */
	if (out != stdout && fclose(out))
		is_written = false;
	flame_layout_free(&layout);
	if (is_written)
		return VERB_OK;
	fprintf(stderr, "ERROR: cannot write %s: %s\n", o->output ? o->output : "standard output",
	        strerror(errno));
	return VERB_FAILED;
}

/* What was read, in a sentence, if there is something to say. Returns VERB_OK if it can be drawn.
 */
static int judge(const struct flamegraph_options *o, const struct flame_tree *t,
                 const struct flame_read_counts *counts, const char *name)
{
	double sum = t->nodes.items[FLAME_ROOT].value;

	if (counts->n_ignored)
		fprintf(stderr, "WARNING: %llu %s ignored, the first is line %llu\n",
		        (unsigned long long)counts->n_ignored,
		        counts->n_ignored == 1 ? "line" : "lines",
		        (unsigned long long)counts->first_ignored);
	if (!counts->n_stacks && o->map) {
		fprintf(stderr, "ERROR: %s: there are no stacks in a map %s\n", name, o->map);
		return VERB_FAILED;
	}
	if (!counts->n_stacks) {
		fprintf(stderr,
		        "ERROR: %s: there are no stacks\n"
		        "HINT: a line is expected to be `frame;frame;... COUNT`, or of what skep "
		        "prints for @[ustack] = count()\n",
		        name);
		return VERB_FAILED;
	}
	if ((o->is_negated || o->is_normalized) && !t->is_differential)
		fprintf(stderr,
		        "WARNING: %s: lines have one count, there is no difference to show\n",
		        name);
	if (sum <= 0) {
		fprintf(stderr, "ERROR: %s: all counts are 0\n", name);
		return VERB_FAILED;
	}
	if (o->total > 0 && o->total < sum) {
		fprintf(stderr, "ERROR: --total %.15g is less than the sum of all counts, %.15g\n",
		        o->total, sum);
		return VERB_FAILED;
	}
	return VERB_OK;
}

static int draw(const struct flamegraph_options *o, const char *path, double min_px)
{
	bool is_stdin = !path || !strcmp(path, "-");
	const char *name = is_stdin ? "standard input" : path;
	struct flame_read_options opts = {
	    .counts = o->is_differential ? FLAME_COUNTS_TWO
	              : o->has_one_count ? FLAME_COUNTS_ONE
	                                 : FLAME_COUNTS_AUTO,
	    .reverses = o->is_reversed,
	    .keeps_order = o->keeps_order,
	    .keeps_offset = o->keeps_offset,
	    .map = o->map,
	};
	own_arena struct arena *a = arena_create();
	own_strbuf struct strbuf why = {0};
	own_fd int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct flame_read_counts counts;
	struct flame_tree tree;
	int err = fd < 0 ? -errno : 0, status = VERB_FAILED;

	if (err) {
		fprintf(stderr, "ERROR: cannot read %s: %s\n", name, strerror(-err));
		return VERB_FAILED;
	}
	err = flame_read(fd, &opts, a, &tree, &counts, &why);
	if (err && why.n)
		fprintf(stderr, "ERROR: %s: %s\n", name, sb_str(&why));
	else if (err)
		fprintf(stderr, "ERROR: cannot read %s: %s\n", name, strerror(-err));
	if (!err) {
		flame_tree_finish(&tree, o->is_normalized);
		status = judge(o, &tree, &counts, name);
	}
	if (status == VERB_OK)
		status = write_picture(o, &tree, min_px);
	flame_tree_free(&tree);
	return status;
}

int cmd_flamegraph(int argc, char **argv)
{
	struct flamegraph_options o = {
	    .height = 17, .font = 12, .count_name = "samples", .name_type = "Function"};
	double min_px = 0;
	int operand, status = verb_parse(&verb, argc, argv, &o, &operand);

	if (status < 0)
		status = check(&o, &min_px);
	if (status >= 0)
		return status;
	if (operand == argc && isatty(STDIN_FILENO))
		return verb_usage_error(&verb, "no FILE, and standard input is a terminal");
	return draw(&o, operand < argc ? argv[operand] : NULL, min_px);
}
