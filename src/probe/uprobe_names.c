/* Names of C++ and Rust as people write them.
 *
 * Input: what somebody wrote, perhaps with wildcards, and a mangled name. `ns::f` means all
 * overloads of f and, like `ns::f(int)`, the const one too; what a template returns and blanks do
 * not count. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/wildcard.h"
#include "probe/uprobe.h"

/* `(anonymous namespace)::f` and `operator()` have none. */
static bool has_parameters(const char *name)
{
	static const char call[] = "operator()";
	const char *close = strrchr(name, ')');
	size_t n = strlen(name), m = sizeof(call) - 1;

	return close && !strstr(close, "::") && (n < m || strcmp(name + n - m, call) != 0);
}

/* The length without parameters and what follows them: up to the last group in parentheses at the
 * outer level, which is not that of `operator()` or `(anonymous namespace)`. */
static size_t bare_length(const char *text)
{
	const char *open = strrchr(text, ')');

	if (!open)
		return strlen(text);
	for (int depth = 0; open > text; open--) {
		depth += *open == ')' ? 1 : *open == '(' ? -1 : 0;
		if (!depth)
			break;
	}
	return (size_t)(open - text);
}

static bool is_of_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Takes out the blanks that part no words. */
static char *squeeze(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++)
		if (*p != ' ' || (p > text && is_of_word(p[-1]) && is_of_word(p[1])))
			*to++ = *p;
	*to = '\0';
	return text;
}

/* Both squeezed. Cuts `text`. */
static bool is_match(const char *wanted, char *text)
{
	char *close = strrchr(text, ')');

	if (wildcard_match(wanted, text))
		return true;
	if (!has_parameters(wanted))
		text[bare_length(text)] = '\0';
	else if (close)
		close[1] = '\0'; /* const, & */
	return wildcard_match(wanted, text);
}

static bool match_copy(const char *wanted, char *text, bool is_owned)
{
	char *mine = text ? squeeze(is_owned ? text : strdup(text)) : NULL;
	bool match = mine && is_match(wanted, mine);

	free(mine);
	return match;
}

char *uprobe_name_match(const char *wanted, const char *symbol)
{
	char *text = symbols_demangle(symbol, true), *mine;
	bool match;

	if (!text)
		return NULL;
	mine = squeeze(strdup(wanted));
	match = match_copy(mine, text, false) ||
	        (strchr(text, '<') && match_copy(mine, symbols_demangle(symbol, false), true));
	free(mine);
	if (match)
		return text;
	free(text);
	return NULL;
}

const char *uprobe_nearest_name(struct uprobe_work *w, const struct elf_symbol *list, size_t n)
{
	const char *word = arena_strndup(w->cx->a, w->func, bare_length(w->func));
	struct diag_guess guess = {.word = word};

	for (size_t i = 0; i < n; i++) {
		char *text = symbols_demangle(list[i].name, false);
		size_t n_b = text ? bare_length(text) : 0, m = strlen(word);
		const char *bare = text ? arena_strndup(w->cx->a, text, n_b) : list[i].name;

		free(text);
		if (text && n_b > m + 2 && !memcmp(bare + n_b - m - 2, "::", 2) &&
		    !strcmp(bare + n_b - m, word))
			return bare; /* without its namespace */
		diag_nearest(&guess, bare);
	}
	return guess.best;
}
