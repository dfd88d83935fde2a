/* Patterns of names in attach points and listings: `*` matches any run of characters, nothing else is
 * special; but what begins with `~` is a POSIX extended regular expression that has to match all of
 * the name. No function's name begins so. */
#ifndef SKEP_BASE_WILDCARD_H
#define SKEP_BASE_WILDCARD_H

#include <stdbool.h>
#include <stddef.h>

#define WILDCARD_REGEX '~'

/* Not for several threads at once: the last expression is kept compiled. One that is none matches
 * nothing. */
bool wildcard_match(const char *pattern, const char *text);
bool wildcard_has(const char *pattern); /* may it stand for more than one name? */
/* What every name that matches begins with: so many bytes of the pattern. */
size_t wildcard_plain_b(const char *pattern);

#endif
