/* Functions of text. What is no text is taken as str() would write it. */
#include <ctype.h>
#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "host/internal.h"

static struct value give(const struct strbuf *text)
{
	return value_text_n(sb_str(text), text->n);
}

struct value host_fn_str(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = host_text_of(h, args[0]);

	(void)n;
	return give(&text);
}

struct value host_fn_format(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = {0};

	host_format(h, args, n, &text);
	return give(&text);
}

struct value host_fn_len(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = {0};

	(void)n;
	if (args[0].kind == VALUE_LIST)
		return value_int((int64_t)args[0].list->n);
	if (args[0].kind == VALUE_MAP)
		return value_int((int64_t)args[0].map->n);
	host_text(h, args[0], &text);
	return value_int((int64_t)text.n);
}

struct value host_fn_contains(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = {0}, part = {0};

	if (args[0].kind == VALUE_LIST || args[0].kind == VALUE_MAP)
		return host_fn_has(h, args, n);
	host_text(h, args[0], &text);
	host_text(h, args[1], &part);
	return value_int(strstr(sb_str(&text), sb_str(&part)) != NULL);
}

struct value host_fn_starts(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = host_text_of(h, args[0]), part = host_text_of(h, args[1]);

	(void)n;
	return value_int(text.n >= part.n && !strncmp(sb_str(&text), sb_str(&part), part.n));
}

/* The expression is compiled once: most scripts have one. */
struct value host_fn_matches(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = host_text_of(h, args[0]),
	                         pattern = host_text_of(h, args[1]);

	(void)n;
	if (!h->pattern || strcmp(h->pattern, sb_str(&pattern)) != 0) {
		host_forget_pattern(h);
		if (regcomp(&h->regex, sb_str(&pattern), REG_EXTENDED | REG_NOSUB)) {
			own_strbuf struct strbuf line = {0};

			sb_addf(&line, "ERROR: '%s' is no regular expression\n", sb_str(&pattern));
			output_complain_text(h->out, line.s, line.n);
			h->is_ending = true;
			h->world.exit(h->world.arg, 1);
			return value_int(0);
		}
		h->pattern = strdup(sb_str(&pattern));
	}
	return value_int(!regexec(&h->regex, sb_str(&text), 0, NULL, 0));
}

void host_forget_pattern(struct host *h)
{
	if (h->pattern)
		regfree(&h->regex);
	free(h->pattern);
	h->pattern = NULL;
}

struct value host_fn_substr(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = host_text_of(h, args[0]);
	int64_t from = value_to_int(args[1]), len = (int64_t)text.n;
	int64_t most = n > 2 ? value_to_int(args[2]) : len;

	from = from < 0 ? (from + len > 0 ? from + len : 0) : from < len ? from : len;
	most = most < 0 ? 0 : most < len - from ? most : len - from;
	return value_text_n(sb_str(&text) + from, (size_t)most);
}

struct value host_fn_replace(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = host_text_of(h, args[0]), what = host_text_of(h, args[1]);
	own_strbuf struct strbuf with = host_text_of(h, args[2]), out = {0};
	const char *at = sb_str(&text), *next;

	(void)n;
	while (what.n && (next = strstr(at, what.s))) {
		sb_add(&out, at, (size_t)(next - at));
		sb_add(&out, sb_str(&with), with.n);
		at = next + what.n;
	}
	sb_adds(&out, at);
	return give(&out);
}

struct value host_fn_split(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = host_text_of(h, args[0]), by = host_text_of(h, args[1]);
	struct value list = value_new_list();
	const char *at = sb_str(&text), *next;

	(void)n;
	while (by.n && (next = strstr(at, by.s))) {
		value_list_add(list.list, value_text_n(at, (size_t)(next - at)));
		at = next + by.n;
	}
	value_list_add(list.list, value_text(at));
	return list;
}

struct value host_fn_join(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf out = {0}, between = {0};
	struct value list = host_as_list(args[0]);

	if (n > 1)
		host_text(h, args[1], &between);
	else
		sb_addc(&between, ' ');
	for (size_t i = 0; i < list.list->n; i++) {
		if (i)
			sb_add(&out, sb_str(&between), between.n);
		host_text(h, list.list->items[i], &out);
	}
	value_drop(list);
	return give(&out);
}

struct value host_fn_trim(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = host_text_of(h, args[0]);
	const char *s = sb_str(&text);
	size_t len = text.n;

	(void)n;
	for (; len && isspace((unsigned char)*s); s++)
		len--;
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	return value_text_n(s, len);
}

static struct value in_case(struct host *h, struct value v, int (*fn)(int))
{
	own_strbuf struct strbuf text = host_text_of(h, v);

	for (size_t i = 0; i < text.n; i++)
		text.s[i] = (char)fn((unsigned char)text.s[i]);
	return give(&text);
}

struct value host_fn_lower(struct host *h, const struct value *args, uint32_t n)
{
	(void)n;
	return in_case(h, args[0], tolower);
}

struct value host_fn_upper(struct host *h, const struct value *args, uint32_t n)
{
	(void)n;
	return in_case(h, args[0], toupper);
}

struct value host_fn_escape(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = host_text_of(h, args[0]), out = {0};
	static const char letters[] = "\a\b\t\n\v\f\r", names[] = "abtnvfr";

	(void)n;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.s[i];
		const char *known = c ? strchr(letters, c) : NULL;

		if (known)
			sb_addf(&out, "\\%c", names[known - letters]);
		else if (c == '"' || c == '\\')
			sb_addf(&out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			sb_addf(&out, "\\x%02x", c);
		else
			sb_addc(&out, (char)c);
	}
	return give(&out);
}

/* The names are those of the bits from the lowest on, with blanks between; `-` is none. What stands
 * before all of them may be said once. */
struct value host_fn_bit_names(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf names = host_text_of(h, args[1]), out = {0};
	own_strbuf struct strbuf prefix = host_text_of(h, n > 2 ? args[2] : value_none());
	uint64_t left = (uint64_t)value_to_int(args[0]);
	uint64_t bit = 1;

	for (const char *s = sb_str(&names); *(s += strspn(s, " ")); bit <<= 1) {
		size_t len = strcspn(s, " ");

		if ((left & bit) && !(len == 1 && *s == '-')) {
			sb_addf(&out, "%s%s%.*s", out.n ? "|" : "", sb_str(&prefix), (int)len, s);
			left &= ~bit;
		}
		s += len;
	}
	if (left || !out.n)
		sb_addf(&out, "%s0x%" PRIx64, out.n ? "|" : "", left);
	return give(&out);
}
