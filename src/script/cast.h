/* Conversions between the language's types: what a literal's type is, what two types have in
 * common (spec 4.2), what converts silently and what by a cast (spec 4.6). Knows types only, no
 * tree. */
#ifndef SKEP_SCRIPT_CAST_H
#define SKEP_SCRIPT_CAST_H

#include <stdbool.h>
#include <stdint.h>

#include "types/type.h"

/* A type nobody has found out (yet), or that a reported mistake left open: its kind is TYPE_NONE,
 * but it is no result of printf(). Compared by address. */
const struct type *cast_unknown(void);
bool cast_is_unknown(const struct type *t);

/* The type of a number as written: the smallest signed one that holds it, but *flexible*: it
 * adopts the signedness of what it meets. Flexible types equal plain ones (type_equal) and are told
 * apart by address, so that they travel inside tuples. With `is_unsigned` (u suffix, or beyond
 * INT64_MAX): the smallest unsigned type, not flexible. */
const struct type *cast_literal(uint64_t value, bool is_unsigned);
/* The smallest signed type for a negative (or any) number, not flexible. */
const struct type *cast_negative(int64_t value);
/* What `++` leaves in a fresh variable: uint64, flexible towards int64. */
const struct type *cast_counter(void);
bool cast_is_flexible(const struct type *t);
/* The same type without flexibility (of the outermost integer only). */
const struct type *cast_settled(const struct type *t);

/* The type both fit in, or NULL. An unknown one yields to the other. */
const struct type *cast_common(struct arena *a, const struct type *x, const struct type *y);
/* Is a value of `from` one of `to` without a cast being written? */
bool cast_is_implicit(const struct type *from, const struct type *to);
/* May `(to)from` be written? */
bool cast_is_legal(const struct type *from, const struct type *to);
/* Does the silent conversion between integers deserve the warning about signs? */
bool cast_changes_sign(const struct type *from, const struct type *to);

/* What a castable aggregation reads as: uint64 or int64. */
const struct type *cast_agg_result(const struct type *agg);
bool cast_is_number(const struct type *t); /* integer, enum or bool */
bool cast_is_signed(const struct type *t); /* of numbers; false for others */
bool cast_is_text(const struct type *t);   /* string or array of characters */
/* One word for messages of wrong arguments: int, string, pointer, ... */
const char *cast_kind_word(const struct type *t);

#endif
