/* Colours of functions: the same for the same name in every picture. */
#ifndef SKEP_FLAME_PALETTE_H
#define SKEP_FLAME_PALETTE_H

#include <stdbool.h>
#include <stdint.h>

#include "flame/tree.h"

/* What a frame is, by the annotation that stack collapsers put behind its name. */
enum flame_kind {
#define PALETTE(...)
#define KIND(id, mark, what, palette) FLAME_##id,
#include "flame/palette.def"
	FLAME_KINDS
};

struct flame_palette; /* colours of one tone */

struct flame_color {
	uint8_t red, green, blue;
};

/* NULL if there is none of that name. */
const struct flame_palette *flame_palette_find(const char *name);
/* Names, one after the other, then NULL. */
const char *flame_palette_name(unsigned index);
/* The palette for frames of a kind, where kinds are told apart. */
const struct flame_palette *flame_palette_of(enum flame_kind kind);
/* The colour of a function. Names that begin alike (up to the first sign of punctuation) have
 * hues alike. */
struct flame_color flame_palette_color(const struct flame_palette *p, struct flame_frame f,
                                       uint32_t seed);
/* The colour of a difference, `share` from -1 (blue) over 0 (nearly white) to 1 (red). */
struct flame_color flame_change_color(double share);

/* The frame's kind. *f loses its annotation. */
enum flame_kind flame_kind_of(struct flame_frame *f);
const char *flame_kind_name(enum flame_kind kind);

#endif
