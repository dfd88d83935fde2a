/* Where a specification probes: `[p|r|t|u]:[library]:function[+offset][(signature)]`, and what
 * arguments are there.
 *
 * Libraries are named as people name them: c is libc, then a program in $PATH. A system call's
 * function in the kernel (sys_read, __x64_sys_read) has one argument, the registers of the caller.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "probe/syscalls.h"
#include "script/option.h"
#include "script/script.h"
#include "script/spec.h"
#include "symbols/symbols.h"

#if defined(__x86_64__)
#define SYSCALL_PREFIX "__x64_sys_"
static const char *const syscall_registers[] = {"di", "si", "dx", "r10", "r8", "r9"};
#else
#define SYSCALL_PREFIX "__arm64_sys_"
static const char *const syscall_registers[] = {"regs[0]", "regs[1]", "regs[2]",
                                                "regs[3]", "regs[4]", "regs[5]"};
#endif

enum { PARTS_MAX = 4, ARGUMENTS = 6, PARAMS_MAX = 32 };

struct part {
	const char *text;
	uint32_t begin, end;
};

struct parts {
	struct part items[PARTS_MAX];
	uint32_t n, end; /* end: of all */
};

/* ---- the parts ------------------------------------------------------------------------------- */

static uint32_t raw_end(const struct spec *s, uint32_t at)
{
	while (at < s->label && !isspace((unsigned char)s->text[at]) && s->text[at] != '(' &&
	       s->text[at] != '"')
		at++;
	return at;
}

static bool split(const struct spec *s, uint32_t begin, struct parts *ret)
{
	ret->end = raw_end(s, begin);
	ret->n = 0;
	for (uint32_t at = begin;; at++) {
		struct part p = {.begin = at};

		while (at < ret->end && s->text[at] != ':')
			at++;
		p.end = at;
		p.text = arena_strndup(s->u->a, s->text + p.begin, at - p.begin);
		if (ret->n == PARTS_MAX) {
			spec_error(s, begin, ret->end, "Too many parts");
			diag_hint(s->u->diag, "[p|r]:[LIBRARY]:FUNCTION, t:CATEGORY:EVENT, "
			                      "u:LIBRARY:[PROVIDER:]PROBE; what follows for "
			                      "argdist stands behind a signature, if only ()");
			return false;
		}
		ret->items[ret->n++] = p;
		if (at == ret->end)
			return true;
	}
}

/* Two parts are a library and a function; what looks like another probe was meant to be one. */
static bool read_kind(struct spec *s, const struct parts *parts)
{
	static const struct {
		const char *letter;
		enum spec_kind kind;
		const char *form;
		uint32_t fewest, most;
	} kinds[] = {
	    {"p", SPEC_ENTRY, "p:[LIBRARY]:FUNCTION", 3, 3},
	    {"r", SPEC_RETURN, "r:[LIBRARY]:FUNCTION", 3, 3},
	    {"t", SPEC_TRACEPOINT, "t:CATEGORY:EVENT", 3, 3},
	    {"u", SPEC_USDT, "u:LIBRARY:[PROVIDER:]PROBE", 3, 4},
	};
	const struct part *first = &parts->items[0];

	s->kind = SPEC_ENTRY;
	for (size_t i = 0; i < 4 && parts->n > 1; i++) {
		if (strcmp(first->text, kinds[i].letter) != 0)
			continue;
		s->kind = kinds[i].kind;
		if (parts->n >= kinds[i].fewest && parts->n <= kinds[i].most)
			return true;
		return spec_error(s, first->begin, parts->end, "Expected %s", kinds[i].form);
	}
	if (parts->n < 3 || (!*first->text && parts->n == 3))
		return true;
	spec_error(s, first->begin, first->end, "Unknown kind of probe: '%s'", first->text);
	diag_hint(s->u->diag, "p (entry), r (return), t (tracepoint), u (USDT)");
	return false;
}

/* ---- libraries ------------------------------------------------------------------------------- */

static bool find_library(struct spec *s, const struct part *library)
{
	const struct option *o = unit_find_option(s->u, "pid");
	pid_t pid = o && o->is_given ? (pid_t)o->number : s->u->opts ? s->u->opts->pid : 0;
	char *path = NULL;

	if (!strchr(library->text, '/'))
		path = symbols_resolve_path(arena_printf(s->u->a, "lib%s", library->text), pid);
	if (!path)
		path = symbols_resolve_path(library->text, pid);
	if (!path)
		return spec_error(s, library->begin, library->end,
		                  "No such library or program: '%s'", library->text);
	s->path = arena_strdup(s->u->a, path);
	free(path);
	return true;
}

/* ---- functions ------------------------------------------------------------------------------- */

/* Of a name of a system call's function what follows the prefix, or NULL. */
static const char *syscall_of(const char *func)
{
	static const char *const prefixes[] = {SYSCALL_PREFIX, "sys_", "SyS_"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = strlen(prefixes[i]);

		if (!strncmp(func, prefixes[i], n) && syscall_number(func + n) >= 0)
			return func + n;
	}
	return NULL;
}

static bool read_function(struct spec *s, const struct part *last)
{
	const char *plus = strchr(last->text, '+');
	size_t name_b = plus ? (size_t)(plus - last->text) : strlen(last->text);
	char *end;

	s->func = arena_strndup(s->u->a, last->text, name_b);
	s->func_at = (struct span){s->source, last->begin, last->begin + (uint32_t)name_b};
	s->offset = "";
	if (!name_b)
		return spec_error(s, last->begin, last->end ? last->end : 1,
		                  "syntax: expected the name of %s",
		                  s->kind == SPEC_TRACEPOINT ? "an event"
		                  : s->kind == SPEC_USDT     ? "a probe"
		                                             : "a function");
	s->is_syscall = !s->path && s->kind <= SPEC_RETURN && syscall_of(s->func);
	if (!plus)
		return true;
	if (s->kind != SPEC_ENTRY)
		return spec_error(s, last->begin + (uint32_t)name_b, last->end,
		                  "An offset goes with the entry of a function only");
	if (!isdigit((unsigned char)plus[1]) || (strtoull(plus + 1, &end, 0), *end))
		return spec_error(s, last->begin + (uint32_t)name_b, last->end, "'%s' is no offset",
		                  plus);
	s->offset = plus;
	return true;
}

/* ---- signatures ------------------------------------------------------------------------------ */

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

static const char *const tags[] = {"struct", "union", "enum", NULL};
static const char *const type_words[] = {"unsigned", "signed", "long",   "short", "int",
                                         "char",     "float",  "double", "void",  NULL};
static const char *const no_words[] = {"const",      "volatile", "register",     "restrict",
                                       "__restrict", "__user",   "__restrict__", NULL};

/* Tokens [from, to) of one parameter: words, stars, then perhaps a name and []. A pointer to a
 * function has its name in the first brackets. */
bool spec_read_type(struct spec *s, uint32_t from, uint32_t to, struct spec_param *p)
{
	own_strbuf struct strbuf type = {0};
	const char *last = NULL;
	bool is_named = false, has_words = false;

	for (uint32_t i = from; i < to; i++) {
		const struct spec_token *t = &s->tokens.items[i];

		if (spec_is(s, i, "(") && spec_is(s, i + 1, "*")) {
			sb_reset(&type);
			sb_adds(&type, "void *");
			p->is_pointer = true;
			if (i + 2 < t->partner && s->tokens.items[i + 2].kind == SPEC_WORD)
				p->name = s->tokens.items[i + 2].text;
			has_words = true;
			break;
		}
		if (spec_is(s, i, "[")) {
			p->is_pointer = true;
			sb_addc(&type, '*');
			i = t->partner;
		} else if (spec_is(s, i, "*")) {
			p->is_pointer = true;
			sb_addc(&type, '*');
			last = NULL;
		} else if (t->kind == SPEC_WORD && is_one_of(t->text, no_words)) {
			p->is_user |= !strcmp(t->text, "__user");
		} else if (t->kind == SPEC_WORD && has_words && !is_named &&
		           !is_one_of(t->text, type_words) && (!last || !is_one_of(last, tags))) {
			p->name = t->text;
			is_named = true;
		} else if (t->kind == SPEC_WORD && !is_named) {
			sb_addf(&type, "%s%s", type.n ? " " : "", t->text);
			p->is_real |= !strcmp(t->text, "float") || !strcmp(t->text, "double");
			last = t->text;
			has_words = !is_one_of(t->text, tags);
		} else {
			return spec_error(s, t->begin, t->end,
			                  "syntax: '%s' cannot stand in a type", t->text);
		}
	}
	if (!has_words) {
		struct span at = spec_span(s, from, to);

		return spec_error(s, at.begin, at.end, "syntax: expected a type");
	}
	p->is_real &= !p->is_pointer;
	p->is_text = !strcmp(sb_str(&type), "char*") || !strcmp(sb_str(&type), "unsigned char*");
	p->type = arena_strndup(s->u->a, sb_str(&type), type.n);
	return true;
}

/* signature = "(" [ param { "," param } ] ")" */
static bool read_signature(struct spec *s)
{
	uint32_t from = 1, to = s->tokens.items[0].partner;
	int32_t number = 0;

	s->next = to + 1;
	if (from == to)
		return true;
	if (s->kind > SPEC_RETURN)
		return spec_error(s, s->tokens.items[from].begin, s->tokens.items[to].begin,
		                  "Only functions have a signature");
	for (;;) {
		struct spec_param p = {0};
		uint32_t comma = spec_find(s, from, to, ",");

		if (s->params.n == PARAMS_MAX)
			return spec_error(s, s->tokens.items[from].begin, s->tokens.items[to].begin,
			                  "More than %d parameters", PARAMS_MAX);
		if (!spec_read_type(s, from, comma, &p))
			return false;
		/* The first six integers and pointers are in registers. */
		p.number = p.is_real || number >= ARGUMENTS ? -1 : number++;
		vec_push(s->u->a, &s->params, p);
		if (comma == to)
			return true;
		from = comma + 1;
	}
}

/* ---- all of it ------------------------------------------------------------------------------- */

bool spec_read_point(struct spec *s)
{
	uint32_t begin = 0;
	struct parts parts;
	const struct part *library;

	while (begin < s->label && isspace((unsigned char)s->text[begin]))
		begin++;
	if (!split(s, begin, &parts) || !read_kind(s, &parts))
		return false;
	s->point_at = (struct span){s->source, begin, parts.end};
	/* behind the kind, if there is one */
	library = parts.n > 2 ? &parts.items[1] : parts.n > 1 ? &parts.items[0] : NULL;
	if (s->kind == SPEC_TRACEPOINT)
		s->provider = library->text;
	else if (library && *library->text && !find_library(s, library))
		return false;
	else if (s->kind == SPEC_USDT && !s->path)
		return spec_error(s, begin, parts.end, "Expected u:LIBRARY:[PROVIDER:]PROBE");
	if (s->kind == SPEC_USDT && parts.n == 4)
		s->provider = parts.items[2].text;
	if (!read_function(s, &parts.items[parts.n - 1]) || !spec_lex(s, parts.end, s->label))
		return false;
	return s->text[parts.end] != '(' || parts.end == s->label || read_signature(s);
}

/* Some name in an attach point, in quotes if it needs them. */
static void add_name(struct strbuf *out, const char *name)
{
	bool is_plain = *name;

	for (const char *c = name; *c; c++)
		is_plain &= isalnum((unsigned char)*c) || strchr("_./-+*?", *c);
	if (!is_plain)
		sb_addc(out, '"');
	for (const char *c = name; *c; c++) {
		if (*c == '"' || *c == '\\')
			sb_addc(out, '\\');
		sb_addc(out, *c);
	}
	if (!is_plain)
		sb_addc(out, '"');
}

void spec_add_point(struct spec_text *t, const struct spec *s, bool wants_entry)
{
	own_strbuf struct strbuf point = {0};
	const char *func = s->func;
	bool is_return = s->kind == SPEC_RETURN && !wants_entry;

	if (s->is_syscall)
		func = arena_printf(t->a, SYSCALL_PREFIX "%s",
		                    syscall_tracepoint_name(syscall_of(func)));
	switch (s->kind) {
	case SPEC_TRACEPOINT:
		sb_adds(&point, "tracepoint:");
		add_name(&point, s->provider);
		sb_addc(&point, ':');
		break;
	case SPEC_USDT:
		sb_adds(&point, "usdt:");
		add_name(&point, s->path);
		sb_addc(&point, ':');
		if (s->provider) {
			add_name(&point, s->provider);
			sb_addc(&point, ':');
		}
		break;
	case SPEC_ENTRY:
	case SPEC_RETURN:
		sb_adds(&point, s->path ? "u" : "k");
		sb_adds(&point, is_return ? "retprobe:" : "probe:");
		if (s->path) {
			add_name(&point, s->path);
			sb_addc(&point, ':');
		}
		break;
	}
	add_name(&point, func);
	sb_adds(&point, s->offset);
	spec_add_from(t, s, s->point_at.begin, s->point_at.end, "%s", sb_str(&point));
}

void spec_add_argument(struct spec_text *t, const struct spec *s, uint32_t number, uint32_t begin,
                       uint32_t end)
{
	if (s->is_syscall)
		spec_add_from(t, s, begin, end, "((struct pt_regs *)arg0)->%s",
		              syscall_registers[number - 1]);
	else
		spec_add_from(t, s, begin, end, "arg%u", number - 1);
}
