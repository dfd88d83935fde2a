/* trace: a message per event.
 *
 *   spec = point [ signature ] [ "(" predicate ")" ] [ STRING { "," expression } ]
 *
 * The string is a format of printf(), and has %K and %U, too: names of addresses in the kernel and
 * in the process. What is done with a message is the script's: the macro spec_event(name, message).
 */
#include <string.h>

#include "base/arena.h"
#include "script/spec.h"

/* The letters of a format's conversions, in order. */
typedef vec(char) letter_list;

/* The format as printf() takes it, with the conversions' letters. */
static void add_format(struct spec_text *t, const struct spec *s, const struct spec_token *format,
                       letter_list *letters)
{
	char *copy = arena_strdup(t->a, format->text);

	for (char *c = strchr(copy, '%'); c; c = strchr(c + 1, '%')) {
		c += 1 + strspn(c + 1, "-+ #0123456789.hlzjt");
		if (!*c)
			break;
		if (*c == '%')
			continue;
		vec_push(t->a, letters, *c);
		if (*c == 'K' || *c == 'U')
			*c = 's';
	}
	spec_add_from(t, s, format->begin, format->end, "%s", copy);
}

/* The format and what it shows, tokens from s->next on. */
static bool add_message(struct spec *s, struct spec_text *t)
{
	letter_list letters = {0};
	uint32_t end = (uint32_t)s->tokens.n, from = s->next, to, n = 0;
	const struct spec_token *format = &s->tokens.items[from];

	if (format->kind != SPEC_STRING)
		return spec_error(s, format->begin, format->end,
		                  "syntax: expected a format in quotes");
	spec_add(t, "format(");
	add_format(t, s, format, &letters);
	for (from++; from < end; from = to) {
		char letter = n < letters.n ? letters.items[n] : 'd';

		if (!spec_is(s, from, ","))
			return spec_error(s, s->tokens.items[from].begin, s->tokens.items[from].end,
			                  "syntax: expected ','");
		to = spec_find(s, from + 1, end, ",");
		spec_add_from(t, s, s->tokens.items[from].begin, s->tokens.items[from].end, ", %s",
		              letter == 'K'   ? "ksym("
		              : letter == 'U' ? "usym("
		                              : "");
		if (!spec_add_expr(t, s, from + 1, to, letter == 's' ? SPEC_TEXT : SPEC_VALUE))
			return false;
		if (letter == 'K' || letter == 'U')
			spec_add(t, ")");
		n++;
	}
	spec_add_from(t, s, s->tokens.items[end - 1].begin, s->tokens.items[end - 1].end, ")");
	if (n != letters.n)
		return spec_error(s, format->begin, s->tokens.items[end - 1].end,
		                  "The format shows %zu value%s, and %u %s given", letters.n,
		                  letters.n == 1 ? "" : "s", n, n == 1 ? "is" : "are");
	return true;
}

bool spec_trace(struct spec *s, struct spec_text *probes, bool *has_message)
{
	uint32_t close;

	spec_add_point(probes, s, false);
	spec_add(probes, "\n/spec_is_wanted()");
	if (spec_is(s, s->next, "(")) {
		close = s->tokens.items[s->next].partner;
		spec_add(probes, " && (");
		if (!spec_add_expr(probes, s, s->next + 1, close, SPEC_VALUE))
			return false;
		spec_add_from(probes, s, s->tokens.items[close].begin, s->tokens.items[close].end,
		              ")");
		s->next = close + 1;
	}
	spec_add(probes, "/\n{\n\tspec_event(");
	if (s->kind <= SPEC_RETURN && strchr(s->func, '*'))
		spec_add(probes, "func"); /* which of those that match */
	else
		spec_add_literal(probes, s->func, strlen(s->func));
	spec_add(probes, ", ");
	if (s->next < s->tokens.n) {
		*has_message = true;
		if (!add_message(s, probes))
			return false;
	} else {
		spec_add(probes, "\"\"");
	}
	spec_add(probes, ");\n}\n");
	return true;
}
