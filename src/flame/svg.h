/* A laid-out tree as one SVG file that works by itself: style and script are in it. */
#ifndef SKEP_FLAME_SVG_H
#define SKEP_FLAME_SVG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "flame/layout.h"
#include "flame/palette.h"

struct flame_style {
	const char *title;
	const char *subtitle;             /* NULL: none */
	const char *count_name;           /* "samples" */
	const char *name_type;            /* "Function" */
	const struct flame_palette *tone; /* NULL: by the frames' kinds */
	uint32_t seed;
	double width_px, frame_px, font_px; /* of the picture, of a level, of names */
	bool is_fluid;                      /* a browser may fit the width to its window */
	bool is_icicle;                     /* the root is on top */
	bool is_negated;                    /* of differences: red is less */
};

/* Space to the left and right of the boxes. */
enum { FLAME_MARGIN_PX = 10 };

/* Returns false if `out` took an error. */
bool flame_svg_write(const struct flame_tree *t, const struct flame_layout *l,
                     const struct flame_style *style, FILE *out);

#endif
