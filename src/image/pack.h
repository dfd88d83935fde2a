/* Compiled programs as bytes, to be kept in a file (--aot) and run elsewhere or later.
 *
 * One function per structure says its members in order, and serves both directions: `out` set, it
 * writes; `out` NULL, it reads from `in`. What is read is checked for lengths and for numbers of
 * maps and events out of range, as files can be damaged. Numbers are in the machine's order. */
#ifndef SKEP_IMAGE_PACK_H
#define SKEP_IMAGE_PACK_H

#include "base/strbuf.h"
#include "image/image.h"

struct packer {
	struct arena *a;    /* where what is read lives */
	struct strbuf *out; /* NULL: reading */
	const unsigned char *in;
	size_t left_b;
	bool is_bad; /* reading: what is there makes no sense; all further values are zeros */
};

void pack_bytes(struct packer *p, void *bytes, size_t len_b);
void pack_text(struct packer *p, const char **text); /* NULL stays NULL */
/* A number of elements that take at least min_b bytes each. */
void pack_count(struct packer *p, uint32_t *n, size_t min_b);
#define pack_value(p, v) pack_bytes((p), (v), sizeof(*(v)))

/* The image, all of it but the arena (read: p->a) and the sources its spans point into. */
void pack_image(struct packer *p, struct image *img);

#endif
