/* Answers of name servers (RFC 1035): which addresses a name was said to have.
 *
 * Input: a datagram, perhaps cut off, from whoever sent it. Nothing in it is believed: reading
 * stops at its end, and names that refer to names end after as many steps as there are bytes. */
#include <arpa/inet.h>
#include <string.h>

#include "base/strbuf.h"
#include "host/internal.h"

enum {
	HEADER_B = 12,     /* RFC 1035, 4.1.1 */
	TYPE_A = 1,        /* 3.2.2 */
	TYPE_AAAA = 28,    /* RFC 3596 */
	NAME_MOST_B = 255, /* 2.3.4 */
	FLAG_RESPONSE = 0x80,
	MASK_RCODE = 0x0f,
	LABEL_POINTER = 0xc0, /* 4.1.4 */
};

struct message {
	const unsigned char *bytes;
	size_t n_b, at;
};

static bool read_u16(struct message *m, uint16_t *ret)
{
	if (m->n_b - m->at < 2)
		return false;
	*ret = (uint16_t)(m->bytes[m->at] << 8 | m->bytes[m->at + 1]);
	m->at += 2;
	return true;
}

static bool skip(struct message *m, size_t n_b)
{
	if (m->n_b - m->at < n_b)
		return false;
	m->at += n_b;
	return true;
}

/* What is no plain character is written \DDD (5.1): names go to terminals. */
static void add_label(struct strbuf *out, const unsigned char *s, size_t n_b)
{
	if (out->n)
		sb_addc(out, '.');
	for (size_t i = 0; i < n_b; i++) {
		if (s[i] > ' ' && s[i] < 0x7f && s[i] != '.' && s[i] != '\\')
			sb_addc(out, (char)s[i]);
		else
			sb_addf(out, "\\%03u", s[i]);
	}
}

/* The name at `m`, which then is behind it; `out` may be NULL. */
static bool read_name(struct message *m, struct strbuf *out)
{
	size_t at = m->at, behind = 0, total_b = 0;

	for (size_t steps = 0; steps <= m->n_b && at < m->n_b; steps++) {
		unsigned char len_b = m->bytes[at];

		if ((len_b & LABEL_POINTER) == LABEL_POINTER) {
			if (at + 2 > m->n_b)
				return false;
			behind = behind ? behind : at + 2;
			at = (size_t)(len_b & ~LABEL_POINTER) << 8 | m->bytes[at + 1];
			continue;
		}
		if (len_b & LABEL_POINTER || at + 1 + len_b > m->n_b)
			return false;
		if (!len_b) {
			m->at = behind ? behind : at + 1;
			return true;
		}
		total_b += len_b + 1u;
		if (total_b > NAME_MOST_B)
			return false;
		if (out)
			add_label(out, m->bytes + at + 1, len_b);
		at += len_b + 1u;
	}
	return false;
}

static void add_answer(struct value_list *answers, const struct strbuf *name, int family,
                       const unsigned char *address)
{
	struct value pair = value_new_list();
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, address, text, sizeof(text));
	value_list_add(pair.list, value_text(text));
	value_list_add(pair.list, value_text_n(name->s, name->n));
	value_list_add(answers, pair);
}

/* Of the first question; that the answers are about another name (an alias) is usual. */
static void read_message(struct message *m, struct value_list *answers)
{
	own_strbuf struct strbuf name = {0};
	uint16_t flags, n_questions, n_answers, type, len_b;

	if (m->n_b < HEADER_B || !(m->bytes[2] & FLAG_RESPONSE))
		return;
	m->at = 2;
	if (!read_u16(m, &flags) || flags & MASK_RCODE || !read_u16(m, &n_questions) ||
	    !read_u16(m, &n_answers) || !n_questions)
		return;
	m->at = HEADER_B;
	for (unsigned i = 0; i < n_questions; i++)
		if (!read_name(m, i ? NULL : &name) || !skip(m, 4)) /* type, class */
			return;
	for (unsigned i = 0; i < n_answers && name.n; i++) {
		const unsigned char *data;

		if (!read_name(m, NULL) || !read_u16(m, &type) || !skip(m, 6) ||
		    !read_u16(m, &len_b))
			return;
		data = m->bytes + m->at;
		if (!skip(m, len_b))
			return;
		if (type == TYPE_A && len_b == 4)
			add_answer(answers, &name, AF_INET, data);
		else if (type == TYPE_AAAA && len_b == 16)
			add_answer(answers, &name, AF_INET6, data);
	}
}

struct value host_fn_dns_answers(struct host *h, const struct value *args, uint32_t n)
{
	struct value answers = value_new_list();
	struct message m = {0};
	uint32_t len_b;

	(void)h;
	(void)n;
	if (args[0].kind == VALUE_TEXT) {
		m.bytes = (const unsigned char *)args[0].text->s;
		m.n_b = args[0].text->len_b;
	} else if (args[0].kind == VALUE_TYPED && args[0].bytes->type->kind == TYPE_BUFFER) {
		memcpy(&len_b, args[0].bytes->bytes, 4);
		m.bytes = args[0].bytes->bytes + 4;
		m.n_b = len_b <= args[0].bytes->type->size_b - 4 ? len_b : 0;
	}
	read_message(&m, answers.list);
	return answers;
}
