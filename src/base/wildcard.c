/* Greedy wildcard match with one point of return: linear but for the last `*`. */
#include "base/wildcard.h"

#include <stddef.h>
#include <string.h>

bool wildcard_match(const char *pattern, const char *text)
{
	const char *after_star = NULL, *retry = NULL;

	while (*text) {
		if (*pattern == '*') {
			after_star = ++pattern;
			retry = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (after_star) {
			pattern = after_star;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool wildcard_has(const char *pattern)
{
	return strchr(pattern, '*') != NULL;
}
