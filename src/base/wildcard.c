/* Greedy wildcard match with one point of return: linear but for the last `*`. */
#include "base/wildcard.h"

#include <regex.h>
#include <string.h>

#include "base/strbuf.h"

/* A pattern is asked of thousands of names in turn: the last one stays compiled. */
static struct {
	struct strbuf text;
	regex_t re;
	bool is_good;
} last;

static bool regex_match(const char *pattern, const char *text)
{
	regmatch_t all;

	if (!last.text.n || strcmp(sb_str(&last.text), pattern) != 0) {
		if (last.is_good)
			regfree(&last.re);
		sb_reset(&last.text);
		sb_adds(&last.text, pattern);
		last.is_good = !regcomp(&last.re, pattern, REG_EXTENDED);
	}
	/* The leftmost match is the longest one there, so it is all of the name if any is. */
	return last.is_good && !regexec(&last.re, text, 1, &all, 0) && all.rm_so == 0 &&
	       !text[all.rm_eo];
}

bool wildcard_match(const char *pattern, const char *text)
{
	const char *after_star = NULL, *retry = NULL;

	if (*pattern == WILDCARD_REGEX)
		return regex_match(pattern + 1, text);
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
	return *pattern == WILDCARD_REGEX || strchr(pattern, '*');
}

size_t wildcard_plain_b(const char *pattern)
{
	return *pattern == WILDCARD_REGEX ? 0 : strcspn(pattern, "*");
}
