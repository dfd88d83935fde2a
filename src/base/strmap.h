/* String map: byte strings to pointers, insertion only, keeps insertion order. Keys are not
 * copied: they must live as long as the map. */
#ifndef SKEP_BASE_STRMAP_H
#define SKEP_BASE_STRMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strmap_entry {
	const char *key;
	size_t len_b;
	void *value;
};

struct strmap {
	struct strmap_entry *items; /* in order of insertion */
	size_t n, cap;
	uint32_t *slots; /* 1 + index into items; 0 is free */
	size_t n_slots;  /* a power of two */
};

void *strmap_get(const struct strmap *m, const char *key);
void *strmap_getn(const struct strmap *m, const char *key, size_t len_b);
/* Set or replace; returns the value that was there, or NULL. */
void *strmap_put(struct strmap *m, const char *key, void *value);
void *strmap_putn(struct strmap *m, const char *key, size_t len_b, void *value);
void strmap_free(struct strmap *m);

#endif
