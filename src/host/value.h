/* Values of host code: numbers by themselves, everything else counted by who holds it.
 *
 * A function that returns a value gives it away; one that takes a value borrows it unless it says
 * otherwise. Lists and maps are changed only while nobody else holds them. */
#ifndef SKEP_HOST_VALUE_H
#define SKEP_HOST_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "types/type.h"

enum value_kind {
	VALUE_NONE,  /* nothing is known: prints as nothing, counts as 0 */
	VALUE_INT,   /* i */
	VALUE_UINT,  /* u: above what i can hold */
	VALUE_FLOAT, /* f */
	VALUE_TEXT,
	VALUE_LIST,
	VALUE_MAP,
	VALUE_TYPED, /* bytes as a program made them: addresses, stacks, histograms, structs */
};

struct value_text {
	uint32_t refs, len_b;
	char s[]; /* NUL-terminated behind len_b bytes */
};

struct value_bytes {
	uint32_t refs;
	const struct type *type;
	unsigned char bytes[] __attribute__((aligned(8)));
};

struct value_list;
struct value_map;

struct value {
	enum value_kind kind;
	union {
		int64_t i;
		uint64_t u;
		double f;
		struct value_text *text;
		struct value_list *list;
		struct value_map *map;
		struct value_bytes *bytes;
	};
};

struct value_list {
	uint32_t refs;
	size_t n, cap;
	struct value *items;
};

struct value_entry {
	struct value key, value;
};

/* In the order in which keys came. */
struct value_map {
	uint32_t refs;
	size_t n, cap;
	struct value_entry *entries;
	size_t n_slots;  /* a power of two, or 0 */
	uint32_t *slots; /* 1 + entry; 0 is free */
};

static inline struct value value_none(void)
{
	return (struct value){.kind = VALUE_NONE};
}

static inline struct value value_int(int64_t i)
{
	return (struct value){.kind = VALUE_INT, .i = i};
}

static inline struct value value_float(double f)
{
	return (struct value){.kind = VALUE_FLOAT, .f = f};
}

struct value value_uint(uint64_t u); /* VALUE_INT if it fits */
struct value value_text_n(const char *s, size_t len_b);
struct value value_text(const char *s);
struct value value_typed(const struct type *t, const void *bytes, size_t size_b);
struct value value_new_list(void);
struct value value_new_map(void);

struct value value_keep(struct value v); /* one more holder */
void value_drop(struct value v);         /* one less */

/* Both take their values over. */
void value_list_add(struct value_list *l, struct value v);
void value_map_set(struct value_map *m, struct value key, struct value v);
/* NULL: no such key. The entry stays where it is until the map changes. */
struct value_entry *value_map_find(const struct value_map *m, struct value key);
bool value_map_delete(struct value_map *m, struct value key);

bool value_is_true(struct value v);
bool value_is_number(struct value v);
/* As numbers; text is read as one as far as it is one. */
int64_t value_to_int(struct value v);
double value_to_float(struct value v);
/* Total order: nothing, numbers, text, lists, the rest. */
int value_compare(struct value a, struct value b);

#endif
