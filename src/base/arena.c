/* Arena: a chain of blocks, bump allocation from the newest. A request larger than a quarter of
 * a block gets a block of its own, so one big array does not waste the tail of the current. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_B = 64 * 1024, ALIGN_B = 16 };

struct block {
	struct block *next;
	size_t size_b;
	size_t used_b;
	_Alignas(ALIGN_B) unsigned char data[];
};

struct arena {
	struct block *blocks; /* the first is the one allocated from */
};

static struct block *block_new(size_t size_b)
{
	/* calloc: fresh pages come zeroed from the kernel and are never touched here. */
	struct block *b = calloc(1, sizeof(*b) + size_b);

	if (!b) {
		fprintf(stderr, "skep: out of memory (%zu bytes)\n", size_b);
		exit(255);
	}
	b->size_b = size_b;
	return b;
}

struct arena *arena_create(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a) {
		fprintf(stderr, "skep: out of memory\n");
		exit(255);
	}
	return a;
}

void arena_destroy(struct arena *a)
{
	if (!a)
		return;
	for (struct block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

void arena_reset(struct arena *a)
{
	struct block *keep = NULL;

	for (struct block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		if (!keep && b->size_b == BLOCK_B)
			keep = b;
		else
			free(b);
	}
	if (keep) {
		memset(keep->data, 0, keep->used_b);
		keep->used_b = 0;
		keep->next = NULL;
	}
	a->blocks = keep;
}

void *arena_alloc(struct arena *a, size_t size_b)
{
	struct block *b = a->blocks;
	void *p;

	if (size_b > SIZE_MAX - ALIGN_B)
		size_b = SIZE_MAX - ALIGN_B; /* block_new then says "out of memory" */
	size_b = (size_b + ALIGN_B - 1) & ~(size_t)(ALIGN_B - 1);
	if (b && b->size_b - b->used_b >= size_b) {
		p = b->data + b->used_b;
		b->used_b += size_b;
		return p;
	}
	if (size_b > BLOCK_B / 4) {
		struct block *own = block_new(size_b);

		own->used_b = size_b;
		if (b) { /* keep the current block in front */
			own->next = b->next;
			b->next = own;
		} else {
			a->blocks = own;
		}
		return own->data;
	}
	b = block_new(BLOCK_B);
	b->next = a->blocks;
	a->blocks = b;
	b->used_b = size_b;
	return b->data;
}

void *arena_memdup(struct arena *a, const void *p, size_t len_b)
{
	void *copy = arena_alloc(a, len_b);

	if (len_b)
		memcpy(copy, p, len_b);
	return copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t len_b)
{
	char *copy = arena_alloc(a, len_b + 1);

	if (len_b)
		memcpy(copy, s, len_b);
	copy[len_b] = '\0';
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	int n;
	char *s;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	s = arena_alloc(a, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	return s;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}
