/* A scalar's ranges of one width, 32 or 64, so that one piece of code serves both. For the
 * scalar_*.c files only. */
#ifndef SKEP_VM_SCALAR_VIEW_H
#define SKEP_VM_SCALAR_VIEW_H

#include "vm/verifier/scalar.h"

struct view {
	uint64_t umin, umax;
	int64_t smin, smax;
	uint8_t width;
};

struct view view_of(const struct scalar *s, uint8_t width);
struct view view_unknown(uint8_t width);
void view_store(struct scalar *s, const struct view *v); /* does not sync */
/* The value is one of lo, lo + 1, ... hi, counted modulo 2^width: keep what this says about each of
 * the two ranges, which is nothing for one that the way from lo to hi leaves at its end. */
void view_meet_wrapping(struct view *v, uint64_t lo, uint64_t hi);
/* Sign-extend the low `width` bits. */
int64_t extend(uint64_t v, uint8_t width);

void scalar_make_empty(struct scalar *s);
/* No number fits both. */
bool tnum_conflict(struct tnum a, struct tnum b);

#endif
