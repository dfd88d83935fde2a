/* Values as text, by themselves and through printf's formats. */
#include <stdio.h>
#include <string.h>

#include "host/internal.h"

static void add_list(struct host *h, const struct value_list *l, struct strbuf *out)
{
	sb_addc(out, '(');
	for (size_t i = 0; i < l->n; i++) {
		sb_adds(out, i ? ", " : "");
		host_text(h, l->items[i], out);
	}
	sb_addc(out, ')');
}

static void add_map(struct host *h, const struct value_map *m, struct strbuf *out)
{
	sb_addc(out, '{');
	for (size_t i = 0; i < m->n; i++) {
		sb_adds(out, i ? ", " : "");
		host_text(h, m->entries[i].key, out);
		sb_adds(out, ": ");
		host_text(h, m->entries[i].value, out);
	}
	sb_addc(out, '}');
}

void host_text(struct host *h, struct value v, struct strbuf *out)
{
	switch (v.kind) {
	case VALUE_NONE:
		break;
	case VALUE_INT:
		sb_addf(out, "%lld", (long long)v.i);
		break;
	case VALUE_UINT:
		sb_addf(out, "%llu", (unsigned long long)v.u);
		break;
	case VALUE_FLOAT:
		sb_addf(out, "%.15g", v.f);
		break;
	case VALUE_TEXT:
		sb_add(out, v.text->s, v.text->len_b);
		break;
	case VALUE_LIST:
		add_list(h, v.list, out);
		break;
	case VALUE_MAP:
		add_map(h, v.map, out);
		break;
	case VALUE_TYPED:
		output_value_text(h->out, v.bytes->type, v.bytes->bytes, out);
		break;
	}
}

struct strbuf host_text_of(struct host *h, struct value v)
{
	struct strbuf text = {0};

	host_text(h, v, &text);
	return text;
}

/* One conversion of a format: `%`, flags, width, precision, a length that says nothing here, and a
 * letter. */
struct conversion {
	char flags[8];
	bool is_left;
	int width, precision; /* 0, -1: none */
	char letter;          /* 0: no conversion, a `%` by itself */
};

static int read_number(const char **s)
{
	enum { MOST = 65535 };
	int n = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++)
		n = n < MOST ? 10 * n + (**s - '0') : MOST;
	return n;
}

/* *s is behind the `%`; on success behind the letter. */
static struct conversion read_conversion(const char **s)
{
	struct conversion c = {.precision = -1};
	const char *at = *s;
	size_t n = 0;

	for (; *at && strchr("-+ #0", *at); at++) {
		c.is_left |= *at == '-';
		if (!memchr(c.flags, *at, n) && n + 1 < sizeof(c.flags))
			c.flags[n++] = *at;
	}
	c.width = read_number(&at);
	if (*at == '.') {
		at++;
		c.precision = read_number(&at);
	}
	at += strspn(at, "hlzjt");
	if (*at && strchr("dixXuocspfeEgGaA", *at)) {
		c.letter = *at;
		*s = at + 1;
	}
	return c;
}

/* Text with a width and a precision, which counts bytes. */
static void add_padded(struct strbuf *out, const char *s, size_t n, const struct conversion *c)
{
	size_t width = (size_t)c->width;

	if (c->precision >= 0 && n > (size_t)c->precision)
		n = (size_t)c->precision;
	if (!c->is_left && n < width)
		sb_pad(out, ' ', width - n);
	sb_add(out, s, n);
	if (c->is_left && n < width)
		sb_pad(out, ' ', width - n);
}

static void add_number(struct strbuf *out, struct value v, const struct conversion *c)
{
	char letter = c->letter, spec[64], precision[16] = "";
	bool is_real = strchr("feEgGaA", letter);

	if ((letter == 'd' || letter == 'i') && v.kind == VALUE_UINT)
		letter = 'u';
	if (c->precision >= 0)
		snprintf(precision, sizeof(precision), ".%d", c->precision);
	snprintf(spec, sizeof(spec), "%%%s%.0d%s%s%c", c->flags, c->width, precision,
	         is_real ? "" : "ll", letter);
	if (is_real)
		sb_addf(out, spec, value_to_float(v));
	else
		sb_addf(out, spec, (long long)value_to_int(v));
}

static void add_converted(struct host *h, struct value v, const struct conversion *c,
                          struct strbuf *out)
{
	own_strbuf struct strbuf text = {0};

	if (strchr("dixXuofeEgGaA", c->letter)) {
		add_number(out, v, c);
		return;
	}
	if (c->letter == 'c')
		sb_addc(&text, (char)value_to_int(v));
	else if (c->letter == 'p')
		sb_addf(&text, "0x%llx", (unsigned long long)value_to_int(v));
	else
		host_text(h, v, &text);
	add_padded(out, sb_str(&text), text.n, c);
}

void host_format(struct host *h, const struct value *values, uint32_t n, struct strbuf *out)
{
	uint32_t next = 1;

	if (!n || values[0].kind != VALUE_TEXT) {
		if (n)
			host_text(h, values[0], out);
		return;
	}
	for (const char *s = values[0].text->s; *s;) {
		struct conversion c;

		if (*s != '%') {
			sb_addc(out, *s++);
			continue;
		}
		s++;
		c = read_conversion(&s);
		if (c.letter) {
			add_converted(h, next < n ? values[next] : value_none(), &c, out);
			next++;
		} else {
			sb_addc(out, '%');
			s += *s == '%';
		}
	}
}
