/* Wildcards of attach points and listings: `*` matches any run of characters, nothing else is
 * special. */
#ifndef SKEP_BASE_WILDCARD_H
#define SKEP_BASE_WILDCARD_H

#include <stdbool.h>

bool wildcard_match(const char *pattern, const char *text);
bool wildcard_has(const char *pattern); /* does it contain one at all? */

#endif
