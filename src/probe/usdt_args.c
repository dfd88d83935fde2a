/* Operands of USDT arguments.
 *
 * Input: the third string of a note, `-4@%edi 8@16(%rsp) 1@$7` or `-4@w0 8@[sp, 16] 1@7`: for each
 * argument its size in bytes, negative if it is signed, and an operand as the compiler prints it
 * for the assembler (AT&T syntax on x86-64). Output: a constant, a register, or a place in memory.
 */
#include "probe/usdt_args.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	struct arena *a;
	const char *at;
	const char *why;
};

static const char malformed[] = "it is malformed";

static bool fail(struct parser *p, const char *why)
{
	p->why = why;
	return false;
}

static bool eat(struct parser *p, char c)
{
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t");
}

/* ---- the list ---------------------------------------------------------------------------- */

/* Arguments are separated by blanks; those of arm64 have some inside of their brackets. */
static const char *next_operand(const char *s, size_t *ret_len_b)
{
	const char *start = s += strspn(s, " \t");
	int depth = 0;

	for (; *s && (depth || !strchr(" \t", *s)); s++) {
		if (*s == '[' || *s == '(')
			depth++;
		else if ((*s == ']' || *s == ')') && depth)
			depth--;
	}
	*ret_len_b = (size_t)(s - start);
	return s > start ? start : NULL;
}

uint32_t usdt_args_count(const char *text)
{
	uint32_t n = 0;
	size_t len_b;

	while ((text = next_operand(text, &len_b))) {
		text += len_b;
		n++;
	}
	return n;
}

const char *usdt_arg_text(struct arena *a, const char *text, uint32_t i)
{
	size_t len_b;

	for (uint32_t k = 0; (text = next_operand(text, &len_b)); k++, text += len_b)
		if (k == i)
			return arena_strndup(a, text, len_b);
	return NULL;
}

/* ---- parts ------------------------------------------------------------------------------- */

static bool parse_size(struct parser *p, struct usdt_arg *ret)
{
	const char *s = p->at;
	bool is_signed = *s == '-';
	size_t digits;

	s += is_signed;
	digits = strspn(s, "0123456789");
	if (!digits || (s[digits] != '@' && (s[digits] != 'f' || s[digits + 1] != '@')))
		return true; /* an operand alone: its register says how large it is */
	if (s[digits] == 'f')
		return fail(p, "it is a floating-point number");
	if (digits != 1 || !strchr("1248", *s))
		return fail(p, "its size is none of 1, 2, 4 and 8");
	ret->size_b = (uint8_t)(*s - '0');
	ret->is_signed = is_signed;
	p->at = s + 2;
	return true;
}

static bool parse_int(struct parser *p, int64_t *ret)
{
	bool is_negative = *p->at == '-';
	const char *digits = p->at + (is_negative || *p->at == '+');
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)*digits))
		return fail(p, malformed);
	errno = 0;
	n = strtoull(digits, &end, 0);
	if (errno || (is_negative && n > 1ull << 63))
		return fail(p, "its number is too large");
	p->at = end;
	*ret = (int64_t)(is_negative ? 0 - n : n);
	return true;
}

static bool is_symbol_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

/* A register word at the parser's place; its length. */
static size_t word_length(const struct parser *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p->at[n]))
		n++;
	return n;
}

/* "0".."30" up to the end of [s, s + n); -1 otherwise. */
static int small_number(const char *s, size_t n)
{
	if (n == 1 && isdigit((unsigned char)s[0]))
		return s[0] - '0';
	if (n == 2 && s[0] >= '1' && s[0] <= '3' && isdigit((unsigned char)s[1]))
		return (s[0] - '0') * 10 + (s[1] - '0');
	return -1;
}

/* ---- x86-64 ------------------------------------------------------------------------------ */

/* %r8, %r8d, %r8w, %r8b */
static bool x86_numbered(struct parser *p, const char *s, size_t n, struct usdt_reg *ret)
{
	uint8_t size_b = 8;
	int number;

	switch (s[n - 1]) {
	case 'd':
		size_b = 4;
		break;
	case 'w':
		size_b = 2;
		break;
	case 'b':
	case 'l':
		size_b = 1;
		break;
	}
	number = small_number(s + 1, n - 1 - (size_b != 8));
	if (number < 8 || number > 15)
		return false;
	*ret = (struct usdt_reg){arena_printf(p->a, "r%d", number), size_b, 0};
	return true;
}

/* The register named by s[0..n), without its percent sign. */
static bool x86_named(const char *s, size_t n, struct usdt_reg *ret)
{
	static const char *const names[] = {"ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *name = names[i];
		bool has_high = i < 4, has_low = i < 8;

		*ret = (struct usdt_reg){name, 0, 0};
		if (n == 3 && !strncmp(s + 1, name, 2) && (s[0] == 'r' || s[0] == 'e'))
			ret->size_b = s[0] == 'r' ? 8 : 4;
		else if (n == 2 && has_low && !strncmp(s, name, 2))
			ret->size_b = 2;
		else if (n == 2 && has_high && s[0] == name[0] && (s[1] == 'l' || s[1] == 'h'))
			ret->size_b = 1;
		else if (n == 3 && has_low && !has_high && !strncmp(s, name, 2) && s[2] == 'l')
			ret->size_b = 1;
		if (ret->size_b) {
			ret->shift = n == 2 && s[1] == 'h' ? 8 : 0;
			return true;
		}
	}
	return false;
}

/* %NAME */
static bool x86_reg(struct parser *p, struct usdt_reg *ret)
{
	const char *s;
	size_t n;

	if (!eat(p, '%'))
		return fail(p, malformed);
	s = p->at;
	n = word_length(p);
	p->at += n;
	if (n == 2 && s[1] == 's')
		return fail(p, "it is in a segment of its own (thread-local memory)");
	if (n >= 2 && s[0] == 'r' && isdigit((unsigned char)s[1]) && x86_numbered(p, s, n, ret))
		return true;
	if (n >= 2 && x86_named(s, n, ret))
		return true;
	return fail(p, "its register is none that can be read");
}

/* Numbers and at most one symbol, with signs between them: -20, foo+8, 8+foo */
static bool x86_terms(struct parser *p, struct usdt_arg *ret)
{
	while (*p->at && *p->at != '(') {
		bool is_negative = *p->at == '-', is_signed = is_negative || *p->at == '+';
		const char *s = p->at + is_signed;
		size_t n = 0;
		int64_t value;

		if (isdigit((unsigned char)*s)) {
			if (!parse_int(p, &value))
				return false;
			ret->value = (int64_t)((uint64_t)ret->value + (uint64_t)value);
			continue;
		}
		while (is_symbol_char(s[n]))
			n++;
		if (!n || is_negative || ret->symbol)
			return fail(p, malformed);
		if (s[n] == '@')
			return fail(p, "its address is one that the linker makes up");
		ret->symbol = arena_strndup(p->a, s, n);
		p->at = s + n;
	}
	return true;
}

static bool is_address_reg(struct parser *p, const struct usdt_reg *r)
{
	return r->size_b >= 4 || fail(p, malformed);
}

/* (BASE), (BASE,INDEX), (BASE,INDEX,SCALE), (,INDEX,SCALE) */
static bool x86_parens(struct parser *p, struct usdt_arg *ret)
{
	int64_t scale = 1;

	skip_blanks(p);
	if (*p->at == '%' && (!x86_reg(p, &ret->base) || !is_address_reg(p, &ret->base)))
		return false;
	skip_blanks(p);
	if (eat(p, ',')) {
		skip_blanks(p);
		if (!x86_reg(p, &ret->index) || !is_address_reg(p, &ret->index))
			return false;
		skip_blanks(p);
		if (eat(p, ',')) {
			skip_blanks(p);
			if (!parse_int(p, &scale))
				return false;
			skip_blanks(p);
		}
	}
	if (!eat(p, ')') || (!ret->base.name && !ret->index.name))
		return fail(p, malformed);
	if (scale != 1 && scale != 2 && scale != 4 && scale != 8)
		return fail(p, malformed);
	ret->index_shift = (uint8_t)__builtin_ctzll((unsigned long long)scale);
	if (ret->index.name && !strcmp(ret->index.name, "ip"))
		return fail(p, malformed);
	if (!ret->base.name || strcmp(ret->base.name, "ip") != 0)
		return true;
	/* relative to the instruction: the assembler has subtracted its address from the symbol's
	 */
	if (!ret->symbol || ret->index.name)
		return fail(p, malformed);
	ret->base = (struct usdt_reg){0};
	return true;
}

static bool x86_operand(struct parser *p, struct usdt_arg *ret)
{
	if (eat(p, '$')) {
		ret->kind = USDT_CONST;
		return parse_int(p, &ret->value);
	}
	if (*p->at == '%') {
		ret->kind = USDT_REG;
		return x86_reg(p, &ret->base);
	}
	ret->kind = USDT_MEM;
	if (!*p->at)
		return fail(p, malformed);
	return x86_terms(p, ret) && (!eat(p, '(') || x86_parens(p, ret));
}

/* ---- arm64 ------------------------------------------------------------------------------- */

/* x0..x30, w0..w30, sp, wsp; the zero registers are the constant 0. */
static bool arm64_reg(struct parser *p, struct usdt_reg *ret, bool *ret_is_zero)
{
	const char *s = p->at;
	size_t n = word_length(p);
	int number;

	p->at += n;
	*ret_is_zero = n == 3 && (!strncmp(s, "xzr", 3) || !strncmp(s, "wzr", 3));
	*ret = (struct usdt_reg){"sp", 8, 0};
	if (*ret_is_zero || (n == 2 && !strncmp(s, "sp", 2)))
		return true;
	if (n && *s == 'w')
		ret->size_b = 4;
	if (n == 3 && !strncmp(s, "wsp", 3))
		return true;
	number = n > 1 && (*s == 'x' || *s == 'w') ? small_number(s + 1, n - 1) : -1;
	if (number < 0 || number > 30)
		return fail(p, "its register is none that can be read");
	ret->name = arena_printf(p->a, "r%d", number);
	return true;
}

/* lsl 3, sxtw 2, uxtw, sxtx 3: what is done to the index */
static bool arm64_extend(struct parser *p, struct usdt_arg *ret)
{
	static const struct {
		const char *word;
		bool is_wide, is_signed;
	} words[] = {{"lsl", true, false},
	             {"uxtw", false, false},
	             {"sxtw", false, true},
	             {"sxtx", true, true}};
	size_t n = word_length(p);
	int64_t shift = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) != n || strncmp(words[i].word, p->at, n) != 0)
			continue;
		if (words[i].is_wide != (ret->index.size_b == 8))
			return fail(p, malformed);
		ret->is_index_signed = words[i].is_signed;
		p->at += n;
		skip_blanks(p);
		eat(p, '#');
		if (*p->at != ']' && (!parse_int(p, &shift) || shift < 0 || shift > 4))
			return fail(p, malformed);
		ret->index_shift = (uint8_t)shift;
		return true;
	}
	return fail(p, malformed);
}

/* [BASE], [BASE, 16], [BASE, INDEX], [BASE, INDEX, lsl 3] */
static bool arm64_memory(struct parser *p, struct usdt_arg *ret)
{
	bool is_zero;

	skip_blanks(p);
	if (!arm64_reg(p, &ret->base, &is_zero))
		return false;
	if (is_zero || ret->base.size_b != 8)
		return fail(p, malformed);
	skip_blanks(p);
	if (eat(p, ',')) {
		bool is_number;

		skip_blanks(p);
		is_number = eat(p, '#') || *p->at == '-' || isdigit((unsigned char)*p->at);
		if (*p->at == ':')
			return fail(p, "its address is one that the linker makes up");
		if (is_number) {
			if (!parse_int(p, &ret->value))
				return false;
		} else {
			if (!arm64_reg(p, &ret->index, &is_zero))
				return false;
			if (is_zero)
				ret->index = (struct usdt_reg){0};
			skip_blanks(p);
			if (eat(p, ',')) {
				skip_blanks(p);
				if (!ret->index.name || !arm64_extend(p, ret))
					return fail(p, malformed);
			} else if (ret->index.name && ret->index.size_b != 8) {
				return fail(p, malformed);
			}
		}
		skip_blanks(p);
	}
	return eat(p, ']') || fail(p, malformed);
}

static bool arm64_operand(struct parser *p, struct usdt_arg *ret)
{
	bool is_zero;

	if (eat(p, '[')) {
		ret->kind = USDT_MEM;
		return arm64_memory(p, ret);
	}
	if (eat(p, '#') || *p->at == '-' || isdigit((unsigned char)*p->at)) {
		ret->kind = USDT_CONST;
		return parse_int(p, &ret->value);
	}
	ret->kind = USDT_REG;
	if (!arm64_reg(p, &ret->base, &is_zero))
		return false;
	if (is_zero) {
		ret->kind = USDT_CONST;
		ret->base = (struct usdt_reg){0};
	}
	return true;
}

/* ---- the whole --------------------------------------------------------------------------- */

bool usdt_arg_parse(struct arena *a, enum usdt_cpu cpu, const char *text, uint32_t i,
                    struct usdt_arg *ret, const char **ret_why)
{
	struct parser p = {.a = a, .at = usdt_arg_text(a, text, i)};
	struct usdt_arg arg = {0};
	bool ok;

	if (!p.at) {
		*ret_why = "there is none";
		return false;
	}
	ok = parse_size(&p, &arg) &&
	     (cpu == USDT_X86_64 ? x86_operand(&p, &arg) : arm64_operand(&p, &arg));
	if (ok && *p.at)
		ok = fail(&p, malformed);
	if (!ok) {
		*ret_why = p.why;
		return false;
	}
	if (!arg.size_b)
		arg.size_b = arg.kind == USDT_REG ? arg.base.size_b : 8;
	*ret = arg;
	return true;
}
