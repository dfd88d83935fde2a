/* Helpers on text: numbers from it, comparing, and the format language of bpf_snprintf() and its
 * kin, with the refusals of bpf_bprintf_prepare() (kernel/bpf/helpers.c, Linux 6.18). */
#include "vm/helpers.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers from text ----------------------------------------------------------------------- */

enum {
	BASE_MASK = 0x1f,  /* BPF_STRTOX_BASE_MASK */
	MAX_NUMBER_B = 63, /* of the text that is looked at, behind blanks and sign */
};

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

/* _parse_integer_fixup_radix(), lib/kstrtox.c */
static const char *find_base(const char *s, unsigned *base)
{
	bool is_hex = s[0] == '0' && (s[1] | 0x20) == 'x';

	if (!*base)
		*base = s[0] != '0' ? 10 : is_hex && digit_of(s[2]) < 16 ? 16 : 8;
	return *base == 16 && is_hex ? s + 2 : s;
}

/* Bytes used, or -errno. */
static int64_t parse_number(const char *buf, uint64_t len_b, uint64_t flags, uint64_t *ret,
                            bool *ret_is_negative)
{
	unsigned base = flags & BASE_MASK;
	char text[MAX_NUMBER_B + 1];
	const char *s, *digits;
	uint64_t at = 0, v = 0;
	bool overflows = false;
	size_t n;

	if (!len_b || (base && base != 8 && base != 10 && base != 16) || flags & ~BASE_MASK)
		return -EINVAL;
	/* isspace() of the kernel knows Latin-1's hard blank, too. */
	while (at < len_b && (isspace((unsigned char)buf[at]) || (unsigned char)buf[at] == 0xa0))
		at++;
	*ret_is_negative = at < len_b && buf[at] == '-';
	at += *ret_is_negative;
	if (at == len_b)
		return -EINVAL;
	n = len_b - at < MAX_NUMBER_B ? len_b - at : MAX_NUMBER_B;
	memcpy(text, buf + at, n);
	text[n] = 0;
	s = digits = find_base(text, &base);
	for (; digit_of(*s) < base; s++) {
		overflows |= __builtin_mul_overflow(v, (uint64_t)base, &v);
		overflows |= __builtin_add_overflow(v, (uint64_t)digit_of(*s), &v);
	}
	if (overflows)
		return -ERANGE;
	if (s == digits)
		return -EINVAL;
	*ret = v;
	return (int64_t)at + (s - text);
}

VM_HELPER_FN(strtol)
{
	int64_t *ret = vm_pointer(r4);
	bool is_negative;
	uint64_t v;
	int64_t n;

	*ret = 0;
	n = parse_number(vm_pointer(r1), r2, r3, &v, &is_negative);
	if (n < 0)
		return (uint64_t)n;
	if (is_negative ? (int64_t)-v > 0 : (int64_t)v < 0)
		return VM_ERROR(ERANGE);
	*ret = (int64_t)(is_negative ? -v : v);
	return (uint64_t)n;
}

VM_HELPER_FN(strtoul)
{
	uint64_t *ret = vm_pointer(r4), v;
	bool is_negative;
	int64_t n;

	*ret = 0;
	n = parse_number(vm_pointer(r1), r2, r3, &v, &is_negative);
	if (n < 0)
		return (uint64_t)n;
	if (is_negative)
		return VM_ERROR(EINVAL);
	*ret = v;
	return (uint64_t)n;
}

VM_HELPER_FN(strncmp)
{
	const unsigned char *a = vm_pointer(r1), *b = vm_pointer(r3);

	for (uint32_t k = 0; k < (uint32_t)r2; k++) {
		if (a[k] != b[k])
			return a[k] < b[k] ? (uint64_t)-1 : 1;
		if (!a[k])
			break;
	}
	return 0;
}

/* ---- formats --------------------------------------------------------------------------------- */

enum {
	MAX_VALUES = 12,  /* MAX_BPRINTF_VARARGS */
	VALUES_B = 512,   /* MAX_BPRINTF_BIN_ARGS: room for all values and texts of one call */
	PRINT_B = 1024,   /* MAX_BPRINTF_BUF */
	MAX_WIDTH = 4096, /* far more than any buffer of a program; the kernel cuts at 8 M */
};

struct printing {
	struct vm_run *run;
	const uint64_t *values;
	uint32_t n_values, used;
	uint32_t room_at; /* of VALUES_B */
	char *out;
	uint32_t out_b, len; /* len goes on where out ends */
};

/* One conversion: "%-08llx" */
struct spec {
	bool is_left, has_plus, has_blank, has_zeros;
	int width;
	char kind;      /* d i u x X c s p */
	char pointer;   /* p: what kind of */
	char family;    /* pi, pI: '4' or '6' */
	uint8_t size_b; /* of an integer */
};

static void put(struct printing *p, const char *text, size_t n)
{
	for (size_t k = 0; k < n; k++, p->len++)
		if (p->len < p->out_b)
			p->out[p->len] = text[k];
}

static void pad(struct printing *p, char c, int n)
{
	while (n-- > 0)
		put(p, &c, 1);
}

static void put_text(struct printing *p, const struct spec *s, const char *text, size_t n)
{
	if (!s->is_left)
		pad(p, ' ', s->width - (int)n);
	put(p, text, n);
	if (s->is_left)
		pad(p, ' ', s->width - (int)n);
}

static void put_number(struct printing *p, const struct spec *s, uint64_t v)
{
	bool is_signed = s->kind == 'd' || s->kind == 'i', is_negative;
	const char *digits = s->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned base = s->kind == 'x' || s->kind == 'X' ? 16 : 10;
	char text[24], sign = 0;
	int at = sizeof(text), n;

	if (s->size_b == 4)
		v = is_signed ? (uint64_t)(int32_t)v : (uint32_t)v;
	is_negative = is_signed && (int64_t)v < 0;
	if (is_signed)
		sign = is_negative ? '-' : s->has_plus ? '+' : s->has_blank ? ' ' : 0;
	if (is_negative)
		v = -v;
	do {
		text[--at] = digits[v % base];
		v /= base;
	} while (v);
	n = (int)sizeof(text) - at + (sign != 0);
	if (!s->is_left && !s->has_zeros)
		pad(p, ' ', s->width - n);
	if (sign)
		put(p, &sign, 1);
	if (!s->is_left && s->has_zeros)
		pad(p, '0', s->width - n);
	put(p, &text[at], sizeof(text) - (size_t)at);
	if (s->is_left)
		pad(p, ' ', s->width - n);
}

/* The values lie one after the other in a buffer of the kernel's; what it has no room for, this
 * machine hasn't either. */
static bool take_room(struct printing *p, uint32_t size_b)
{
	p->room_at = (p->room_at + 3) & ~3u;
	if (VALUES_B - p->room_at < size_b)
		return false;
	p->room_at += size_b;
	return true;
}

static int put_string(struct printing *p, const struct spec *s, uint64_t address)
{
	char text[VALUES_B];
	uint32_t room_b = VALUES_B - p->room_at;
	int64_t n;

	if (!room_b)
		return -ENOSPC;
	if (s->pointer == 'u')
		n = vm_read_user_str(p->run, text, room_b, address);
	else
		n = vm_read_kernel_str(p->run, text, room_b, address);
	/* A plain %s may point to either. */
	if (n < 0 && !s->pointer)
		n = vm_read_user_str(p->run, text, room_b, address);
	if (n <= 0) {
		text[0] = 0;
		n = 1;
	}
	p->room_at += (uint32_t)n;
	if (s->pointer) /* taken over as it is */
		put(p, text, strlen(text));
	else
		put_text(p, s, text, strlen(text));
	return 0;
}

/* %pI4 1.2.3.4, %pi4 001.002.003.004, %pI6 with colons, %pi6 without. */
static int put_ip(struct printing *p, const struct spec *s, uint64_t address)
{
	unsigned char ip[16];
	uint32_t size_b = s->family == '4' ? 4 : 16;
	char text[48];
	int n = 0;

	if (VALUES_B - p->room_at < size_b)
		return -ENOSPC;
	vm_read_kernel(p->run, ip, size_b, address);
	if (s->family == '4')
		n = snprintf(text, sizeof(text),
		             s->pointer == 'I' ? "%u.%u.%u.%u" : "%03u.%03u.%03u.%03u", ip[0],
		             ip[1], ip[2], ip[3]);
	else
		for (int k = 0; k < 16; k += 2)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%02x%02x",
			              k && s->pointer == 'I' ? ":" : "", ip[k], ip[k + 1]);
	p->room_at += (uint32_t)n + 1;
	put(p, text, (size_t)n);
	return 0;
}

/* Addresses: 16 digits; as a symbol, where nothing has a name. */
static int put_pointer(struct printing *p, const struct spec *s, uint64_t v)
{
	char text[24];
	int n;

	if (!take_room(p, 8))
		return -ENOSPC;
	if (s->pointer == 's' || s->pointer == 'S' || s->pointer == 'B')
		n = snprintf(text, sizeof(text), "0x%llx", (unsigned long long)v);
	else
		n = snprintf(text, sizeof(text), "%016llx", (unsigned long long)v);
	put_text(p, s, text, (size_t)n);
	return 0;
}

static bool ends_word(char c)
{
	return !c || isspace((unsigned char)c) || ispunct((unsigned char)c);
}

/* What stands behind "%p"; `f` is at the p. Returns how far it goes, 0: refused. */
static int read_pointer_spec(const char *f, struct spec *ret)
{
	if (ends_word(f[1]))
		return 1;
	ret->pointer = f[1];
	if ((f[1] == 'k' || f[1] == 'u') && f[2] == 's') {
		ret->kind = 's';
		return ends_word(f[3]) ? 3 : 0;
	}
	if (strchr("KxsSB", f[1]))
		return 2;
	if ((f[1] == 'i' || f[1] == 'I') && (f[2] == '4' || f[2] == '6')) {
		ret->family = f[2];
		return 3;
	}
	return 0;
}

/* A conversion behind its '%'. Returns how far it goes, 0: refused. */
static int read_spec(const char *begin, struct spec *ret)
{
	const char *f = begin;
	int n;

	*ret = (struct spec){.size_b = 4};
	for (; *f == '0' || *f == '+' || *f == '-' || *f == ' '; f++) {
		ret->has_zeros |= *f == '0';
		ret->has_plus |= *f == '+';
		ret->is_left |= *f == '-';
		ret->has_blank |= *f == ' ';
	}
	for (; *f >= '0' && *f <= '9'; f++)
		if (ret->width < MAX_WIDTH)
			ret->width = ret->width * 10 + (*f - '0');
	ret->kind = *f;
	switch (*f) {
	case 'p':
		n = read_pointer_spec(f, ret);
		return n ? (int)(f - begin) + n : 0;
	case 's':
		return ends_word(f[1]) ? (int)(f - begin) + 1 : 0;
	case 'c':
		return (int)(f - begin) + 1;
	}
	for (n = 0; *f == 'l' && n < 2; n++, f++)
		ret->size_b = 8;
	ret->kind = *f;
	return *f && strchr("diuxX", *f) ? (int)(f - begin) + 1 : 0;
}

static int put_value(struct printing *p, const struct spec *s)
{
	uint64_t v = p->values[p->used++];
	char c = (char)v;

	switch (s->kind) {
	case 's':
		return put_string(p, s, v);
	case 'p':
		return s->family ? put_ip(p, s, v) : put_pointer(p, s, v);
	case 'c':
		if (p->room_at == VALUES_B)
			return -ENOSPC;
		p->room_at++;
		put_text(p, s, &c, 1);
		return 0;
	default:
		if (!take_room(p, s->size_b))
			return -ENOSPC;
		put_number(p, s, v);
		return 0;
	}
}

/* Length of the text without its NUL, whatever fits of which is in p->out; or -errno. `format_b`
 * is how far the format may go. */
static int64_t print(struct printing *p, const char *format, uint64_t format_b)
{
	size_t len_b = strnlen(format, format_b);

	if (len_b == format_b)
		return -EINVAL;
	for (size_t i = 0; i < len_b; i++) {
		unsigned char c = (unsigned char)format[i];
		struct spec s;
		int n, err;

		if (c >= 0x80 || (!isprint(c) && !isspace(c)))
			return -EINVAL;
		if (c != '%' || format[i + 1] == '%') {
			put(p, &format[i], 1);
			i += c == '%';
			continue;
		}
		if (p->used >= p->n_values)
			return -EINVAL;
		n = read_spec(&format[i + 1], &s);
		if (!n)
			return -EINVAL;
		err = put_value(p, &s);
		if (err)
			return err;
		i += (size_t)n;
	}
	if (p->out_b)
		p->out[p->len < p->out_b ? p->len : p->out_b - 1] = 0;
	return p->len;
}

static bool values_are_good(uint64_t address, uint64_t bytes)
{
	return bytes % 8 == 0 && bytes <= MAX_VALUES * 8 && (!bytes || address);
}

VM_HELPER_FN(snprintf)
{
	struct printing p = {.run = run,
	                     .out = vm_pointer(r1),
	                     .out_b = (uint32_t)r2,
	                     .values = vm_pointer(r4),
	                     .n_values = (uint32_t)r5 / 8};
	int64_t n;

	if (!values_are_good(r4, (uint32_t)r5))
		return VM_ERROR(EINVAL);
	n = print(&p, vm_pointer(r3), UINT32_MAX);
	return (uint64_t)(n < 0 ? n : n + 1);
}

static uint64_t print_out(struct printing *p, const char *format, uint32_t format_b)
{
	char text[PRINT_B];
	const struct vm_host *h = p->run->host;
	int64_t n;

	p->out = text;
	p->out_b = sizeof(text);
	n = print(p, format, format_b);
	if (n >= 0 && h && h->print)
		h->print(p->run->host_arg, text, n < PRINT_B ? (size_t)n : PRINT_B - 1);
	return (uint64_t)n;
}

VM_HELPER_FN(trace_printk)
{
	uint64_t values[] = {r3, r4, r5};
	struct printing p = {.run = run, .values = values, .n_values = 3};

	return print_out(&p, vm_pointer(r1), (uint32_t)r2);
}

VM_HELPER_FN(trace_vprintk)
{
	struct printing p = {.run = run, .values = vm_pointer(r3), .n_values = (uint32_t)r4 / 8};

	if (!values_are_good(r3, (uint32_t)r4))
		return VM_ERROR(EINVAL);
	return print_out(&p, vm_pointer(r1), (uint32_t)r2);
}
