/* C declarations: the struct, union, enum and typedef definitions of a script and its headers.
 *
 * Input: preprocessed tokens. Output: types in the context's name tables. Names follow the grammar
 * of C11 6.7; productions are quoted above their functions. Layout is that of the System V ABI:
 * members at their alignment, bit-fields in units of their type. A tag that isn't defined here
 * stays incomplete and is looked up in BTF when somebody needs its fields. Functions and variables
 * of headers are passed over; a mistake in a system header skips that declaration. */
#include <stdlib.h>
#include <string.h>

#include "types/cpp.h"

enum { DEEPEST = 100 };

struct attributes {
	bool is_packed;
	uint32_t align_b; /* 0: natural */
};

struct parser {
	struct types *ts;
	struct diag *d;
	c_tokens toks;
	size_t pos;
	unsigned depth;
	bool failed; /* in this declaration */
	bool reported;
};

struct declared {
	const struct type *type;
	const char *name; /* NULL: abstract */
	const struct c_token *at;
};

static const struct type *specifiers(struct parser *p, struct attributes *attrs, bool *is_typedef);
static const struct type *declarator(struct parser *p, const struct type *base,
                                     struct declared *ret);
static bool const_value(struct parser *p, int64_t *ret);

/* ---- tokens
 * ---------------------------------------------------------------------------------------- */

static const struct c_token *peek(struct parser *p)
{
	return &p->toks.items[p->pos];
}

static const struct c_token *peek_next(struct parser *p)
{
	return &p->toks.items[p->pos + (peek(p)->kind != C_END)];
}

static const struct c_token *next(struct parser *p)
{
	const struct c_token *t = peek(p);

	if (t->kind != C_END)
		p->pos++;
	return t;
}

static bool accept(struct parser *p, const char *text)
{
	if (!c_is(peek(p), text))
		return false;
	p->pos++;
	return true;
}

static const char *text_of(struct parser *p, const struct c_token *t)
{
	return arena_strndup(p->ts->a, t->s, t->n);
}

/* The first mistake of a declaration is reported, unless a system header made it. */
static void fail(struct parser *p, enum diag_code code, const struct c_token *t, const char *what,
                 const char *name)
{
	if (!p->failed && !t->is_system) {
		if (name)
			diag_error(p->d, code, t->at, "%s '%s'", what, name);
		else
			diag_error(p->d, code, t->at, "%s", what);
		p->reported = true;
	}
	p->failed = true;
}

static void expect(struct parser *p, const char *text)
{
	if (!accept(p, text))
		fail(p, E_SYNTAX, peek(p), "expected", text);
}

/* Past a balanced group whose opening token is next. */
static void skip_group(struct parser *p)
{
	int depth = 0;

	do {
		const struct c_token *t = next(p);

		if (t->kind == C_END)
			break;
		if (c_is(t, "(") || c_is(t, "[") || c_is(t, "{"))
			depth++;
		else if (c_is(t, ")") || c_is(t, "]") || c_is(t, "}"))
			depth--;
	} while (depth > 0);
}

/* To the end of a declaration that is of no interest, or went wrong. */
static void skip_declaration(struct parser *p)
{
	for (;;) {
		const struct c_token *t = peek(p);

		if (t->kind == C_END)
			return;
		if (c_is(t, "(") || c_is(t, "[")) {
			skip_group(p);
		} else if (c_is(t, "{")) {
			skip_group(p);
			accept(p, ";");
			return;
		} else {
			next(p);
			if (c_is(t, ";") || c_is(t, "}"))
				return;
		}
	}
}

/* ---- attributes and constants
 * -------------------------------------------------------------------------- */

static bool is_attribute_name(const struct c_token *t, const char *name)
{
	size_t n = strlen(name);

	return t->kind == C_NAME &&
	       ((t->n == n && !memcmp(t->s, name, n)) ||
	        (t->n == n + 4 && !memcmp(t->s, "__", 2) && !memcmp(t->s + 2, name, n) &&
	         !memcmp(t->s + 2 + n, "__", 2)));
}

static void aligned(struct parser *p, struct attributes *attrs)
{
	int64_t n = 16; /* without a value: the largest any type has */

	if (accept(p, "(")) {
		if (!const_value(p, &n))
			fail(p, E_SYNTAX, peek(p), "expected a constant", NULL);
		expect(p, ")");
	}
	if (n <= 0 || n > 1 << 16 || n & (n - 1))
		fail(p, E_SYNTAX, peek(p), "requested alignment is not a power of 2", NULL);
	else if ((uint32_t)n > attrs->align_b)
		attrs->align_b = (uint32_t)n;
}

/* attributes = { "__attribute__" "((" ... "))" | "__aligned" "(" n ")" | "_Alignas" "(" n ")" | asm
 * } */
static void attributes(struct parser *p, struct attributes *attrs)
{
	for (;;) {
		if (accept(p, "__aligned") || accept(p, "_Alignas")) {
			aligned(p, attrs);
		} else if (c_is(peek(p), "__asm__") || c_is(peek(p), "asm")) {
			next(p);
			skip_group(p);
		} else if (accept(p, "__attribute__") || accept(p, "__attribute")) {
			expect(p, "(");
			expect(p, "(");
			while (!p->failed && !c_is(peek(p), ")")) {
				const struct c_token *t = next(p);

				if (is_attribute_name(t, "packed")) {
					attrs->is_packed = true;
				} else if (is_attribute_name(t, "aligned")) {
					aligned(p, attrs);
				} else if (c_is(peek(p), "(")) {
					skip_group(p);
				}
				if (t->kind == C_END)
					fail(p, E_SYNTAX, t, "expected", ")");
			}
			expect(p, ")");
			expect(p, ")");
		} else {
			return;
		}
	}
}

static bool name_value(void *arg, const struct c_token *name, int64_t *ret)
{
	struct parser *p = arg;

	return types_find_enumerator(p->ts, text_of(p, name), ret, NULL);
}

static bool size_of(void *arg, size_t *pos, int64_t *ret)
{
	struct parser *p = arg;
	struct attributes attrs = {0};
	struct declared decl = {0};
	const struct type *t;
	size_t before = p->pos;
	bool unused = false;

	p->pos = *pos;
	expect(p, "(");
	t = specifiers(p, &attrs, &unused);
	if (t)
		t = declarator(p, t, &decl);
	expect(p, ")");
	*pos = p->pos;
	p->pos = before;
	if (!t || p->failed)
		return false;
	*ret = t->size_b;
	return true;
}

static bool const_value(struct parser *p, int64_t *ret)
{
	struct c_names names = {.value = name_value, .size_of = size_of, .arg = p};

	return c_const_expr(&p->toks, &p->pos, &names, ret);
}

/* ---- structs and enums
 * --------------------------------------------------------------------------------- */

static uint32_t round_up(uint64_t n, uint64_t to)
{
	uint64_t up = (n + to - 1) / to * to;

	return up > UINT32_MAX ? UINT32_MAX / (uint32_t)to * (uint32_t)to : (uint32_t)up;
}

/* Where the next member goes. All in bits, as bit-fields share bytes. */
struct layout {
	uint64_t end_bit, size_bit; /* a union's end stays 0 */
	uint32_t align_b;
	bool is_union, is_packed;
	struct strmap names; /* of the members so far */
};

static void place(struct layout *l, struct field *f, const struct attributes *attrs, bool is_bits,
                  uint32_t width)
{
	uint32_t natural_b = f->type->align_b ? f->type->align_b : 1;
	bool is_packed = l->is_packed || attrs->is_packed;
	uint32_t align_b = is_packed ? 1 : natural_b;
	uint64_t unit = (uint64_t)f->type->size_b * 8, bit = l->end_bit;

	if (attrs->align_b > align_b)
		align_b = attrs->align_b;
	if (is_bits && !width) { /* `int : 0;` closes the unit */
		l->end_bit = (bit + unit - 1) / unit * unit;
		return;
	}
	if (is_bits) {
		/* A bit-field doesn't cross a boundary of its type, unless packed. */
		if (!is_packed && bit / unit != (bit + width - 1) / unit)
			bit = (bit + unit - 1) / unit * unit;
		type_place_bits(f, (uint32_t)bit, width);
		bit += width;
	} else {
		bit = (bit + align_b * 8ull - 1) / (align_b * 8ull) * (align_b * 8ull);
		f->off_b = (uint32_t)(bit / 8);
		bit += unit;
	}
	if (align_b > l->align_b && (!is_bits || f->name))
		l->align_b = align_b;
	if (bit > l->size_bit)
		l->size_bit = bit;
	if (!l->is_union)
		l->end_bit = bit;
}

/* Types held by value must have a size: of the script, or the kernel's. */
static const struct type *need_complete(struct parser *p, const struct type *t,
                                        const struct c_token *at)
{
	const struct type *bare = type_strip(t), *whole = t;

	if (bare->kind == TYPE_ARRAY) {
		whole = need_complete(p, bare->elem, at);
		return whole == bare->elem ? t : type_array(p->ts->a, whole, bare->n_elems);
	}
	if (bare->is_incomplete)
		whole = types_complete(p->ts, bare);
	if (!whole || bare->kind == TYPE_VOID || bare->kind == TYPE_FUNC) {
		fail(p, E_UNKNOWN_NAME, at, "field has incomplete type",
		     type_name_dup(p->ts->a, bare));
		return type_int(1, false);
	}
	return whole;
}

typedef vec(struct field) field_list;

/* member = specifiers [ declarator [ ":" width ] { "," ... } ] ";" */
static void member(struct parser *p, struct layout *l, field_list *fields)
{
	struct attributes attrs = {0};
	bool unused = false;
	const struct c_token *first = peek(p);
	const struct type *base = specifiers(p, &attrs, &unused);

	if (!base)
		return;
	if (accept(p, ";")) { /* an anonymous struct or union; a tag alone declares nothing */
		const struct type *bare = type_strip(base);

		if ((bare->kind == TYPE_STRUCT || bare->kind == TYPE_UNION) && !bare->name) {
			struct field f = {.type = base};

			place(l, &f, &attrs, false, 0);
			vec_push(p->ts->a, fields, f);
		}
		return;
	}
	do {
		struct attributes own = attrs;
		struct declared decl = {.at = first};
		struct field f = {0};
		int64_t width = 0;
		bool is_bits = false;

		f.type = c_is(peek(p), ":") ? base : declarator(p, base, &decl);
		if (p->failed)
			return;
		f.name = decl.name;
		f.type = need_complete(p, f.type, decl.at ? decl.at : first);
		if (accept(p, ":")) {
			is_bits = true;
			if (!type_is_integer(f.type) || !const_value(p, &width) || width < 0 ||
			    width > (int64_t)f.type->size_b * 8) {
				fail(p, E_SYNTAX, first, "bad width of a bit-field", NULL);
				return;
			}
		}
		attributes(p, &own);
		if (f.name && strmap_put(&l->names, f.name, l) && decl.at)
			fail(p, E_REDEFINED, decl.at, "duplicate member", f.name);
		place(l, &f, &own, is_bits, (uint32_t)width);
		if (f.name)
			vec_push(p->ts->a, fields, f);
	} while (!p->failed && accept(p, ","));
	expect(p, ";");
}

static void *put(struct types *ts, struct strmap *map, const char *name, const void *value)
{
	return strmap_put(map, arena_strdup(ts->a, name), (void *)value);
}

/* Remember a definition; what was said about the name before is no longer true. */
static void remember_tag(struct parser *p, struct strmap *map, const char *word,
                         const struct type *t, const struct c_token *at)
{
	const struct type *old = strmap_get(map, t->name);
	const char *c_name = arena_printf(p->ts->a, "%s %s", word, t->name);

	if (old && !old->is_incomplete && !at->is_system) {
		fail(p, E_REDEFINED, at, "redefinition of", t->name);
		return;
	}
	put(p->ts, map, t->name, t);
	if (strmap_get(&p->ts->found, c_name))
		put(p->ts, &p->ts->found, c_name, NULL);
}

/* "{" { member } "}" attributes */
static const struct type *struct_body(struct parser *p, bool is_union, const char *tag,
                                      const struct c_token *at, struct attributes *attrs)
{
	struct layout l = {.align_b = 1, .is_union = is_union, .is_packed = attrs->is_packed};
	struct type *t = arena_new(p->ts->a, struct type);
	field_list fields = {0};
	size_t body = p->pos;

	/* Attributes behind the body count for it too: look ahead. */
	p->pos--;
	skip_group(p);
	attributes(p, attrs);
	l.is_packed = attrs->is_packed;
	p->pos = body;

	while (!p->failed && !c_is(peek(p), "}")) {
		if (peek(p)->kind == C_END)
			fail(p, E_SYNTAX, peek(p), "expected", "}");
		else if (!accept(p, ";"))
			member(p, &l, &fields);
	}
	expect(p, "}");
	strmap_free(&l.names);
	attributes(p, attrs);
	if (attrs->align_b > l.align_b)
		l.align_b = attrs->align_b;
	t->kind = is_union ? TYPE_UNION : TYPE_STRUCT;
	t->name = tag;
	t->fields = fields.items;
	t->n_fields = (uint32_t)fields.n;
	t->align_b = l.align_b;
	if (l.size_bit / 8 > UINT32_MAX / 2)
		fail(p, E_LIMIT, at, "too large a struct", NULL);
	t->size_b = round_up((l.size_bit + 7) / 8, l.align_b);
	if (tag && !p->failed)
		remember_tag(p, is_union ? &p->ts->unions : &p->ts->structs,
		             is_union ? "union" : "struct", t, at);
	return t;
}

/* "{" NAME [ "=" value ] { "," ... } [ "," ] "}" */
static const struct type *enum_body(struct parser *p, const char *tag, const struct c_token *at)
{
	struct type *t = arena_new(p->ts->a, struct type);
	vec(struct enumerator) list = {0};
	int64_t value = 0, least = 0, most = 0;

	while (!p->failed && !c_is(peek(p), "}")) {
		const struct c_token *name = next(p);
		struct declared_enumerator *own;

		if (name->kind != C_NAME) {
			fail(p, E_SYNTAX, name, "expected identifier", NULL);
			break;
		}
		if (accept(p, "=") && !const_value(p, &value)) {
			fail(p, E_SYNTAX, peek(p), "expected a constant", NULL);
			break;
		}
		vec_push(p->ts->a, &list, ((struct enumerator){text_of(p, name), value}));
		least = value < least ? value : least;
		most = value > most ? value : most;
		if (strmap_get(&p->ts->enumerators, vec_last(&list).name))
			fail(p, E_REDEFINED, name, "redefinition of enumerator",
			     vec_last(&list).name);
		own = arena_new(p->ts->a, struct declared_enumerator);
		*own = (struct declared_enumerator){value, t};
		put(p->ts, &p->ts->enumerators, vec_last(&list).name, own);
		value = (int64_t)((uint64_t)value + 1);
		if (!accept(p, ","))
			break;
	}
	expect(p, "}");
	t->kind = TYPE_ENUM;
	t->name = tag;
	t->enumerators = list.items;
	t->n_enumerators = (uint32_t)list.n;
	t->is_signed = least < 0;
	t->size_b =
	    least < INT32_MIN || most > UINT32_MAX || (least < 0 && most > INT32_MAX) ? 8 : 4;
	t->align_b = t->size_b;
	if (tag && !p->failed)
		remember_tag(p, &p->ts->enums, "enum", t, at);
	return t;
}

static const struct type *tag_by_name(struct parser *p, enum type_kind kind, const char *tag)
{
	const struct strmap *map = kind == TYPE_STRUCT  ? &p->ts->structs
	                           : kind == TYPE_UNION ? &p->ts->unions
	                                                : &p->ts->enums;
	const struct type *known = strmap_get(map, tag);
	struct type *t;

	if (known)
		return known;
	t = arena_new(p->ts->a, struct type);
	t->kind = kind;
	t->name = tag;
	t->align_b = 1;
	t->is_incomplete = true;
	return t;
}

/* ("struct" | "union" | "enum") attributes [ TAG ] [ body ] */
static const struct type *tagged(struct parser *p, struct attributes *outer)
{
	const struct c_token *word = next(p), *at = word;
	struct attributes attrs = {0};
	const char *tag = NULL;

	attributes(p, &attrs);
	if (peek(p)->kind == C_NAME) {
		at = next(p);
		tag = text_of(p, at);
	}
	attributes(p, &attrs);
	if (accept(p, "{")) {
		if (c_is(word, "enum"))
			return enum_body(p, tag, at);
		return struct_body(p, c_is(word, "union"), tag, at, &attrs);
	}
	if (!tag) {
		fail(p, E_SYNTAX, peek(p), "expected identifier or", "{");
		return NULL;
	}
	(void)outer;
	return tag_by_name(p,
	                   c_is(word, "enum")    ? TYPE_ENUM
	                   : c_is(word, "union") ? TYPE_UNION
	                                         : TYPE_STRUCT,
	                   tag);
}

/* ---- declarations
 * ----------------------------------------------------------------------------------------- */

static bool is_qualifier(const struct c_token *t)
{
	static const char *const words[] = {
	    "const",        "volatile",  "restrict", "__const",    "__restrict",    "__volatile__",
	    "__restrict__", "inline",    "__inline", "__inline__", "register",      "extern",
	    "static",       "_Noreturn", "_Atomic",  "auto",       "_Thread_local", "__const__"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (c_is(t, words[i]))
			return true;
	return false;
}

/* specifiers = { qualifier | "typedef" | attributes | base words | tagged | TYPEDEF-NAME } */
static const struct type *specifiers(struct parser *p, struct attributes *attrs, bool *is_typedef)
{
	struct base_words words = {0};
	const struct type *t = NULL;
	bool is_const = false;

	if (++p->depth > DEEPEST)
		fail(p, E_LIMIT, peek(p), "nested too deeply", NULL);
	while (!p->failed) {
		const struct c_token *tok = peek(p);
		size_t before = p->pos;

		attributes(p, attrs);
		if (p->pos != before)
			continue;
		if (tok->kind != C_NAME)
			break;
		if (c_is(tok, "const"))
			is_const = true;
		if (c_is(tok, "typedef")) {
			*is_typedef = true;
			p->pos++;
		} else if (is_qualifier(tok)) {
			p->pos++;
		} else if (t) {
			break;
		} else if (base_words_add(&words, tok->s, tok->n)) {
			p->pos++;
		} else if (words.any) {
			break;
		} else if (c_is(tok, "struct") || c_is(tok, "union") || c_is(tok, "enum")) {
			t = tagged(p, attrs);
		} else {
			t = types_find(p->ts, text_of(p, tok));
			if (!t)
				fail(p, E_UNKNOWN_NAME, tok, "unknown type name", text_of(p, tok));
			p->pos++;
		}
	}
	p->depth--;
	if (!t && !p->failed)
		t = base_words_type(&words);
	if (!t)
		fail(p, E_SYNTAX, peek(p), "expected a type", NULL);
	if (p->failed)
		return NULL;
	return is_const ? type_const(p->ts->a, t) : t;
}

/* "(" [ specifiers declarator { "," ... } ] [ "..." ] ")" */
static const struct type *function(struct parser *p, const struct type *result)
{
	struct type *t = arena_new(p->ts->a, struct type);
	field_list params = {0};

	while (!p->failed && !c_is(peek(p), ")")) {
		struct attributes attrs = {0};
		struct declared decl = {0};
		const struct type *base;
		bool unused = false;

		if (accept(p, "..."))
			break;
		base = specifiers(p, &attrs, &unused);
		if (!base)
			break;
		base = declarator(p, base, &decl);
		if (base && base->kind == TYPE_VOID && !decl.name && c_is(peek(p), ")"))
			break;
		if (base)
			vec_push(p->ts->a, &params,
			         ((struct field){.name = decl.name, .type = base}));
		if (!accept(p, ","))
			break;
	}
	expect(p, ")");
	t->kind = TYPE_FUNC;
	t->align_b = 1;
	t->elem = result;
	t->fields = params.items;
	t->n_fields = (uint32_t)params.n;
	return t;
}

/* suffixes = { "[" [ value ] "]" | "(" parameters ")" } */
static const struct type *suffixes(struct parser *p, const struct type *base)
{
	int64_t n = 0;

	if (p->failed)
		return base;
	if (accept(p, "(")) {
		base = function(p, base);
		return suffixes(p, base);
	}
	if (!accept(p, "["))
		return base;
	while (c_is(peek(p), "static") || is_qualifier(peek(p)))
		p->pos++;
	if (!c_is(peek(p), "]") && (!const_value(p, &n) || n < 0 || n > INT32_MAX)) {
		fail(p, E_SYNTAX, peek(p), "expected the size of an array", NULL);
		return base;
	}
	expect(p, "]");
	if (++p->depth > DEEPEST) {
		fail(p, E_LIMIT, peek(p), "nested too deeply", NULL);
		return base;
	}
	base = suffixes(p, base); /* int a[2][3] is two of int[3] */
	p->depth--;
	if (base->is_incomplete)
		base = need_complete(p, base, peek(p));
	return type_array(p->ts->a, base, (uint32_t)n);
}

/* Is this "(" the start of a declarator in parentheses, not of parameters? */
static bool is_nested(struct parser *p)
{
	const struct c_token *t = peek_next(p);

	return c_is(peek(p), "(") &&
	       (c_is(t, "*") || c_is(t, "(") || c_is(t, "__attribute__") ||
	        (t->kind == C_NAME && !is_qualifier(t) && !c_is(t, "struct") && !c_is(t, "union") &&
	         !c_is(t, "enum") && !types_standard(text_of(p, t)) &&
	         !strmap_getn(&p->ts->typedefs, t->s, t->n)));
}

/* declarator = { "*" { qualifier } } [ NAME | "(" declarator ")" ] suffixes */
static const struct type *declarator(struct parser *p, const struct type *base,
                                     struct declared *ret)
{
	struct attributes attrs = {0};

	if (++p->depth > DEEPEST)
		fail(p, E_LIMIT, peek(p), "nested too deeply", NULL);
	while (!p->failed) {
		attributes(p, &attrs);
		if (accept(p, "*"))
			base = type_ptr(p->ts->a, base, AS_NONE);
		else if (is_qualifier(peek(p)))
			p->pos++;
		else
			break;
	}
	if (!p->failed && is_nested(p)) {
		size_t inner = p->pos + 1, outer;
		struct declared unused = {0};

		/* What stands around the parentheses applies first: read that, come back. */
		skip_group(p);
		base = suffixes(p, base);
		outer = p->pos;
		p->pos = inner;
		base = declarator(p, base, ret ? ret : &unused);
		expect(p, ")");
		p->pos = outer;
	} else if (!p->failed) {
		if (peek(p)->kind == C_NAME) {
			ret->at = next(p);
			ret->name = text_of(p, ret->at);
		}
		base = suffixes(p, base);
	}
	p->depth--;
	return base;
}

static void remember_typedef(struct parser *p, const struct declared *decl,
                             const struct attributes *attrs)
{
	struct type *t = arena_new(p->ts->a, struct type);

	t->kind = TYPE_TYPEDEF;
	t->name = decl->name;
	t->elem = decl->type;
	t->size_b = decl->type->size_b;
	t->align_b = attrs->align_b > decl->type->align_b ? attrs->align_b : decl->type->align_b;
	t->is_signed = decl->type->is_signed;
	put(p->ts, &p->ts->typedefs, decl->name, t);
	if (strmap_get(&p->ts->found, decl->name))
		put(p->ts, &p->ts->found, decl->name, NULL);
}

static bool starts_declaration(const struct c_token *t)
{
	return t->kind == C_END || c_is(t, "struct") || c_is(t, "union") || c_is(t, "enum") ||
	       c_is(t, "typedef");
}

/* declaration = specifiers [ declarator { "," declarator } ] ";" | a function's body */
static void declaration(struct parser *p)
{
	struct attributes attrs = {0};
	bool is_typedef = false, is_definition;
	const struct type *base;

	p->failed = false;
	p->depth = 0;
	if (accept(p, ";") || accept(p, "}"))
		return;
	base = specifiers(p, &attrs, &is_typedef);
	if (!base) {
		skip_declaration(p);
		return;
	}
	/* The language lets the semicolon behind a definition out. */
	is_definition = p->pos && c_is(&p->toks.items[p->pos - 1], "}");
	if (accept(p, ";") || (is_definition && !is_typedef && starts_declaration(peek(p))))
		return;
	do {
		struct attributes own = attrs;
		struct declared decl = {0};

		decl.type = declarator(p, base, &decl);
		if (p->failed)
			break;
		attributes(p, &own);
		if (is_typedef && decl.name)
			remember_typedef(p, &decl, &own);
	} while (accept(p, ","));
	if (p->failed || !accept(p, ";")) {
		/* A function with its body or a variable with its value: not ours. */
		if (is_typedef && !p->failed)
			fail(p, E_SYNTAX, peek(p), "expected", ";");
		if (!(peek(p)->kind == C_END && is_definition))
			skip_declaration(p);
	}
}

bool types_declare(struct types *ts, struct diag *d, uint32_t source, size_t begin_b, size_t end_b,
                   const struct c_options *opts)
{
	struct parser p = {.ts = ts, .d = d};
	size_t errors = diag_errors(d);

	cpp_run(ts, d, source, begin_b, end_b, opts, &p.toks);
	while (peek(&p)->kind != C_END) {
		size_t before = p.pos;

		declaration(&p);
		if (p.pos == before)
			p.pos++;
	}
	return diag_errors(d) == errors;
}
