/* What the readers of lines (read.c) and of maps (map.c) share. */
#ifndef SKEP_FLAME_READ_INTERNAL_H
#define SKEP_FLAME_READ_INTERNAL_H

#include "flame/read.h"

struct arena;

struct flame_reader {
	const struct flame_read_options *o;
	struct flame_tree *tree;
	struct flame_read_counts counts;
	uint64_t line;                  /* its number */
	vec(struct flame_frame) frames; /* of the stack at hand */
	struct arena *scratch;          /* names made for the stack at hand */
	char *map;                      /* the map whose stacks are drawn, once one was met */
	struct strbuf key;              /* a map's key in text, over several lines */
	uint64_t key_line;              /* where it began; 0: there is none */
	struct strbuf text;             /* a map's key in JSON, decoded */
	struct strbuf *why;
	bool has_failed;
};

enum line_is { LINE_USED, LINE_BAD, LINE_OTHER };

/* The stack in frames, to the tree. */
void reader_add_stack(struct flame_reader *r, double before, double value);
/* A line that cannot be read. */
void reader_ignore(struct flame_reader *r, uint64_t line);
/* A count at the end of s[0..*len_b), which then ends before it and its blanks. False if there is
 * none, or none that can be drawn: negative, or beyond 2^63. */
bool reader_take_count(const char *s, size_t *len_b, double *ret);

/* LINE_OTHER if the line belongs to no map. */
enum line_is map_line(struct flame_reader *r, const char *s, size_t len_b);
/* The input is over. */
void map_end(struct flame_reader *r);

#endif
