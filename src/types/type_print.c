/* Types as text: the language's names for messages, C declarations and definitions for listings.
 *
 * Input: a type. Output: text appended to a buffer. The trick is C's: a declaration is written
 * from the name outwards (pointers to the left, arrays and parameters to the right) until the
 * type that has a name of its own is reached; that one goes first. */
#include "types/type.h"

#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"

enum {
	DEEPEST = 64, /* a type nested deeper than this is cut off with "..." */
};

static const char *const agg_names[TYPE_N] = {
    [TYPE_COUNT] = "count_t", [TYPE_SUM] = "sum_t",     [TYPE_MIN] = "min_t",
    [TYPE_MAX] = "max_t",     [TYPE_AVG] = "avg_t",     [TYPE_STATS] = "stats_t",
    [TYPE_HIST] = "hist_t",   [TYPE_LHIST] = "lhist_t", [TYPE_TSERIES] = "tseries_t",
};

static const char *const simple_names[TYPE_N] = {
    [TYPE_NONE] = "none",           [TYPE_VOID] = "void",
    [TYPE_BOOL] = "bool",           [TYPE_INET] = "inet",
    [TYPE_MAC] = "macaddr_t",       [TYPE_TIMESTAMP] = "timestamp",
    [TYPE_USERNAME] = "username_t", [TYPE_CGROUP_PATH] = "cgroup_path_t",
    [TYPE_KSYM] = "ksym_t",         [TYPE_USYM] = "usym_t",
};

static const char *const mode_names[] = {
    [STACK_BPFTRACE] = "bpftrace",
    [STACK_PERF] = "perf",
    [STACK_RAW] = "raw",
    [STACK_BUILD_ID] = "build_id",
};

static void add_type_name(const struct type *t, struct strbuf *out, unsigned depth);

static void add_tagged(const char *tag, const struct type *t, struct strbuf *out)
{
	sb_addf(out, "%s %s", tag, t->name ? t->name : "(anonymous)");
}

static void add_members(const struct type *t, struct strbuf *out, unsigned depth)
{
	bool is_record = t->kind == TYPE_RECORD;

	sb_adds(out, is_record ? "record { " : "(");
	for (uint32_t i = 0; i < t->n_fields; i++) {
		if (i)
			sb_adds(out, is_record ? ", " : ",");
		if (is_record)
			sb_addf(out, ".%s = ", t->fields[i].name);
		add_type_name(t->fields[i].type, out, depth + 1);
	}
	sb_adds(out, is_record ? " }" : ")");
}

static void add_type_name(const struct type *t, struct strbuf *out, unsigned depth)
{
	t = type_strip(t);
	if (!t || depth > DEEPEST) {
		sb_adds(out, "...");
		return;
	}
	switch (t->kind) {
	case TYPE_INT:
		sb_addf(out, "%sint%u", t->is_signed ? "" : "u", t->size_b * 8);
		break;
	case TYPE_FLOAT:
		sb_adds(out, t->name ? t->name : "double");
		break;
	case TYPE_ENUM:
		add_tagged("enum", t, out);
		break;
	case TYPE_STRUCT:
		add_tagged("struct", t, out);
		break;
	case TYPE_UNION:
		add_tagged("union", t, out);
		break;
	case TYPE_PTR:
		add_type_name(t->elem, out, depth + 1);
		sb_adds(out, " *");
		break;
	case TYPE_ARRAY:
		add_type_name(t->elem, out, depth + 1);
		sb_addf(out, "[%u]", t->n_elems);
		break;
	case TYPE_FUNC:
		add_type_name(t->elem, out, depth + 1);
		sb_adds(out, " (");
		for (uint32_t i = 0; i < t->n_fields; i++) {
			sb_adds(out, i ? ", " : "");
			add_type_name(t->fields[i].type, out, depth + 1);
		}
		sb_addc(out, ')');
		break;
	case TYPE_STRING:
		sb_addf(out, "string[%u]", t->size_b);
		break;
	case TYPE_BUFFER:
		sb_addf(out, "buffer[%u]", t->size_b - 4);
		break;
	case TYPE_TUPLE:
	case TYPE_RECORD:
		add_members(t, out, depth);
		break;
	case TYPE_KSTACK:
	case TYPE_USTACK:
		sb_addf(out, "%cstack_%s_%u", t->kind == TYPE_KSTACK ? 'k' : 'u',
		        mode_names[t->stack_mode], t->stack_depth);
		break;
	case TYPE_SUM:
	case TYPE_MIN:
	case TYPE_MAX:
	case TYPE_AVG:
	case TYPE_STATS:
		if (!t->is_signed)
			sb_addc(out, 'u');
		sb_adds(out, agg_names[t->kind]);
		break;
	case TYPE_COUNT:
	case TYPE_HIST:
	case TYPE_LHIST:
	case TYPE_TSERIES:
		sb_adds(out, agg_names[t->kind]);
		break;
	default:
		sb_adds(out, t->kind < TYPE_N && simple_names[t->kind] ? simple_names[t->kind]
		                                                       : "unknown");
	}
}

void type_name(const struct type *t, struct strbuf *out)
{
	add_type_name(t, out, 0);
}

const char *type_name_dup(struct arena *a, const struct type *t)
{
	own_strbuf struct strbuf sb = {0};

	type_name(t, &sb);
	return arena_strdup(a, sb_str(&sb));
}

/* ---- C declarations ---------------------------------------------------------------------- */

/* Listings put a blank behind the star (`char * p`), definitions do not (`char *p`). */
struct c_style {
	bool star_blank;
	unsigned indent;
};

static void add_declaration(const struct type *t, const char *declarator, struct c_style style,
                            struct strbuf *out, unsigned depth);
static void add_body(const struct type *t, struct c_style style, struct strbuf *out,
                     unsigned depth);

static const char *tag_word(const struct type *t)
{
	return t->kind == TYPE_ENUM ? "enum" : t->kind == TYPE_UNION ? "union" : "struct";
}

/* The type that has a name of its own: what a declaration begins with. */
static void add_base(const struct type *t, struct c_style style, struct strbuf *out, unsigned depth)
{
	if (t->is_const)
		sb_adds(out, "const ");
	switch (t->kind) {
	case TYPE_STRUCT:
	case TYPE_UNION:
	case TYPE_ENUM:
		sb_adds(out, tag_word(t));
		if (t->name) {
			sb_addf(out, " %s", t->name);
		} else {
			sb_addc(out, ' ');
			add_body(t, style, out, depth + 1);
		}
		break;
	default:
		if (t->name)
			sb_adds(out, t->name);
		else
			add_type_name(t, out, depth);
	}
}

static void add_params(const struct type *t, struct c_style style, struct strbuf *out,
                       unsigned depth)
{
	sb_addc(out, '(');
	for (uint32_t i = 0; i < t->n_fields; i++) {
		const struct field *p = &t->fields[i];

		sb_adds(out, i ? ", " : "");
		add_declaration(p->type, p->name ? p->name : "", style, out, depth + 1);
	}
	if (!t->n_fields)
		sb_adds(out, "void");
	sb_addc(out, ')');
}

static void add_declaration(const struct type *t, const char *declarator, struct c_style style,
                            struct strbuf *out, unsigned depth)
{
	own_strbuf struct strbuf around = {0};
	bool after_ptr = false;

	sb_adds(&around, declarator);
	while (t && (t->kind == TYPE_PTR || t->kind == TYPE_ARRAY || t->kind == TYPE_FUNC)) {
		own_strbuf struct strbuf outer = {0};

		if (++depth > DEEPEST)
			break;
		if (t->kind == TYPE_PTR) {
			sb_addc(&outer, '*');
			if (t->is_const)
				sb_adds(&outer, around.n ? "const " : "const");
			else if (style.star_blank && !after_ptr && around.n)
				sb_addc(&outer, ' ');
			sb_adds(&outer, sb_str(&around));
		} else {
			if (after_ptr)
				sb_addf(&outer, "(%s)", sb_str(&around));
			else
				sb_adds(&outer, sb_str(&around));
			if (t->kind == TYPE_FUNC)
				add_params(t, style, &outer, depth);
			else if (t->n_elems)
				sb_addf(&outer, "[%u]", t->n_elems);
			else
				sb_adds(&outer, "[]");
		}
		after_ptr = t->kind == TYPE_PTR;
		sb_reset(&around);
		sb_add(&around, sb_str(&outer), outer.n);
		t = t->elem;
	}
	if (!t || depth > DEEPEST)
		sb_adds(out, "...");
	else
		add_base(t, style, out, depth);
	if (around.n && around.s[0] == '[' && !*declarator) {
		sb_adds(out, sb_str(&around));
	} else if (around.n) {
		sb_addc(out, ' ');
		sb_adds(out, sb_str(&around));
	}
}

void type_declare(const struct type *t, const char *name, struct strbuf *out)
{
	add_declaration(t, name ? name : "", (struct c_style){.star_blank = true}, out, 0);
}

static void add_body(const struct type *t, struct c_style style, struct strbuf *out, unsigned depth)
{
	style.indent++;
	sb_adds(out, "{\n");
	if (depth > DEEPEST) {
		sb_pad(out, '\t', style.indent);
		sb_adds(out, "...\n");
	} else if (t->kind == TYPE_ENUM) {
		for (uint32_t i = 0; i < t->n_enumerators; i++) {
			const struct enumerator *e = &t->enumerators[i];

			sb_pad(out, '\t', style.indent);
			sb_addf(out, t->is_signed ? "%s = %lld,\n" : "%s = %llu,\n", e->name,
			        (long long)e->value);
		}
	} else {
		for (uint32_t i = 0; i < t->n_fields; i++) {
			const struct field *f = &t->fields[i];

			sb_pad(out, '\t', style.indent);
			add_declaration(f->type, f->name ? f->name : "", style, out, depth + 1);
			if (f->bit_size)
				sb_addf(out, ": %u", f->bit_size);
			sb_adds(out, ";\n");
		}
	}
	sb_pad(out, '\t', style.indent - 1);
	sb_addc(out, '}');
}

void type_define(const struct type *t, struct strbuf *out)
{
	t = type_strip(t);
	if (t->kind != TYPE_STRUCT && t->kind != TYPE_UNION && t->kind != TYPE_ENUM) {
		type_declare(t, "", out);
		return;
	}
	sb_adds(out, tag_word(t));
	sb_addc(out, ' ');
	if (t->name)
		sb_addf(out, "%s ", t->name);
	add_body(t, (struct c_style){0}, out, 0);
	sb_addc(out, ';');
}
