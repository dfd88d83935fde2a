/* Configuration variables (spec 1.7): names and values as text to struct script_config.
 *
 * One table row per variable, made from config.def, says where in the struct its value lies and
 * how its text is read. A second table knows the names that mean something else today. */
#include "script/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "script/lexer.h"
#include "script/stages.h"

enum value_kind { VALUE_INT, VALUE_BOOL, VALUE_STRING, VALUE_ENUM };

struct variable_row {
	const char *name;
	enum value_kind kind;
	size_t off_b;       /* in struct script_config */
	const char *values; /* VALUE_ENUM: separated by '|' */
};

#define OFFSET(name) offsetof(struct script_config, name)
static const struct variable_row rows[] = {
#define CONFIG_INT(name, dflt, doc) {#name, VALUE_INT, OFFSET(name), NULL},
#define CONFIG_BOOL(name, dflt, doc) {#name, VALUE_BOOL, OFFSET(name), NULL},
#define CONFIG_STRING(name, dflt, doc) {#name, VALUE_STRING, OFFSET(name), NULL},
#define CONFIG_ENUM(name, dflt, values, doc) {#name, VALUE_ENUM, OFFSET(name), values},
#include "script/config.def"
#undef CONFIG_INT
#undef CONFIG_BOOL
#undef CONFIG_STRING
#undef CONFIG_ENUM
};

/* The order in which a message lists an enum's values, where it is not the table's. */
static const struct {
	const char *name, *values;
} message_orders[] = {
    {"stack_mode", "bpftrace|raw|perf|build_id"},
};

static const char *const licenses[] = {
    "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
};
#define LICENSES "GPL|GPL v2|GPL and additional rights|Dual BSD/GPL|Dual MIT/GPL|Dual MPL/GPL"

/* Numbers that not every number can be: the bounds, both included. */
static const struct bound_row {
	const char *name;
	uint64_t least, most;
} bounds[] = {
    {"max_map_keys", 1, UINT32_MAX},
    {"max_stacks", 1, UINT32_MAX},
    {"max_strlen", 1, 16384}, /* a value of a map, and what a helper copies at once */
};

enum old_kind {
	OLD_NO_EFFECT, /* accepted, says so */
	OLD_RENAMED,   /* set `now` */
	OLD_NEGATED,   /* set `now` to the opposite */
	OLD_ENV_ONLY,  /* read from the environment, by someone else */
	OLD_ENV_CACHE, /* BPFTRACE_NO_USER_SYMBOLS=1: no symbol cache; environment only */
};

static const struct old_row {
	const char *name;
	enum old_kind kind;
	const char *now;
} old_rows[] = {
    /* clang-format off */
	{"symbol_source",           OLD_NO_EFFECT,  NULL},
	{"max_type_res_iterations", OLD_NO_EFFECT,  NULL},
	{"unstable_addr",           OLD_NO_EFFECT,  NULL},
	{"unstable_import",         OLD_NO_EFFECT,  NULL},
	{"unstable_macro",          OLD_NO_EFFECT,  NULL},
	{"unstable_map_decl",       OLD_NO_EFFECT,  NULL},
	{"strlen",                  OLD_RENAMED,    "max_strlen"},
	{"cat_bytes_max",           OLD_RENAMED,    "max_cat_bytes"},
	{"map_keys_max",            OLD_RENAMED,    "max_map_keys"},
	{"no_cpp_demangle",         OLD_NEGATED,    "cpp_demangle"},
	{"no_user_symbols",         OLD_ENV_CACHE,  "cache_user_symbols"},
	{"btf",                     OLD_ENV_ONLY,   NULL},
	{"color",                   OLD_ENV_ONLY,   NULL},
	{"debug_output",            OLD_ENV_ONLY,   NULL},
	{"kernel_build",            OLD_ENV_ONLY,   NULL},
	{"kernel_source",           OLD_ENV_ONLY,   NULL},
	{"objcopy",                 OLD_ENV_ONLY,   NULL},
	{"vmlinux",                 OLD_ENV_ONLY,   NULL},
    /* clang-format on */
};

#define N_ROWS(table) (sizeof(table) / sizeof((table)[0]))

void script_config_defaults(struct script_config *c)
{
	*c = (struct script_config){
#define CONFIG_INT(name, dflt, doc) .name = dflt,
#define CONFIG_BOOL(name, dflt, doc) .name = dflt,
#define CONFIG_STRING(name, dflt, doc) .name = dflt,
#define CONFIG_ENUM(name, dflt, values, doc) .name = dflt,
#include "script/config.def"
#undef CONFIG_INT
#undef CONFIG_BOOL
#undef CONFIG_STRING
#undef CONFIG_ENUM
	};
}

static const struct variable_row *find_row(const char *name)
{
	for (size_t i = 0; i < N_ROWS(rows); i++)
		if (!strcasecmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static const struct old_row *find_old(const char *name)
{
	for (size_t i = 0; i < N_ROWS(old_rows); i++)
		if (!strcasecmp(old_rows[i].name, name))
			return &old_rows[i];
	return NULL;
}

/* "a|b|c" as "a, b, and c". */
static void add_choices(struct strbuf *out, const char *values)
{
	for (const char *v = values; v; v = strchr(v, '|')) {
		if (v != values)
			sb_adds(out, strchr(++v, '|') ? ", " : ", and ");
		sb_add(out, v, strcspn(v, "|"));
	}
}

static bool report_choices(struct diag *d, struct span at, const char *name, const char *values)
{
	own_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < N_ROWS(message_orders); i++)
		if (!strcmp(message_orders[i].name, name))
			values = message_orders[i].values;
	add_choices(&text, values);
	diag_error(d, E_CONFIG, at, "Invalid value for %s: valid values are %s.", name,
	           sb_str(&text));
	return false;
}

/* The place of `value` in "a|b|c", any case, or -1. */
static int find_choice(const char *values, const char *value)
{
	size_t len_b = strlen(value);
	int i = 0;

	for (const char *v = values; v; v = strchr(v, '|'), i++) {
		v += *v == '|';
		if (strcspn(v, "|") == len_b && !strncasecmp(v, value, len_b))
			return i;
	}
	return -1;
}

static bool parse_bool(const char *value, bool *ret)
{
	int i = find_choice("false|0|true|1", value);

	if (i >= 0)
		*ret = i >= 2;
	return i >= 0;
}

static bool check_bounds(struct diag *d, struct span at, const char *name, uint64_t value)
{
	for (size_t i = 0; i < N_ROWS(bounds); i++) {
		const struct bound_row *b = &bounds[i];

		if (strcmp(b->name, name) || (value >= b->least && value <= b->most))
			continue;
		diag_error(d, E_CONFIG, at, "%s must be %llu..%llu (%llu provided)", name,
		           (unsigned long long)b->least, (unsigned long long)b->most,
		           (unsigned long long)value);
		return false;
	}
	return true;
}

static bool set_int(uint64_t *to, struct diag *d, struct span at, const char *name,
                    const char *value)
{
	own_arena struct arena *a = arena_create();
	bool is_unsigned;
	uint64_t number;

	if (!lexer_parse_int(a, value, strlen(value), true, &number, &is_unsigned)) {
		if (!check_bounds(d, at, name, number))
			return false;
		*to = number;
		return true;
	}
	diag_error(d, E_CONFIG, at, "%s: expecting a number, got %s", name, value);
	return false;
}

static bool set_bool(bool *to, struct diag *d, struct span at, const char *value)
{
	if (parse_bool(value, to))
		return true;
	diag_error(d, E_CONFIG, at, "Invalid bool value: valid values are true, false, 1 or 0.");
	return false;
}

/* Enums accept what older versions took as well: gates are bools too, and cache_user_symbols was
 * one. */
static bool set_enum(int *to, struct diag *d, struct span at, const struct variable_row *row,
                     const char *value)
{
	bool is_gate = !strncmp(row->name, "unstable_", 9), as_bool;
	int i = find_choice(row->values, value);

	if (i < 0 && is_gate && parse_bool(value, &as_bool))
		i = find_choice(row->values, as_bool ? "enable" : "error");
	if (i < 0 && !strcmp(row->name, "cache_user_symbols") && parse_bool(value, &as_bool))
		i = find_choice(row->values, as_bool ? "PER_PROGRAM" : "PER_PID");
	if (i < 0)
		return report_choices(d, at, row->name, row->values);
	*to = i;
	return true;
}

static bool set_string(const char **to, struct diag *d, struct span at, const char *name,
                       const char *value)
{
	if (!strcmp(name, "license")) {
		for (size_t i = 0; i < N_ROWS(licenses); i++)
			if (!strcmp(licenses[i], value)) {
				*to = licenses[i];
				return true;
			}
		return report_choices(d, at, name, LICENSES);
	}
	*to = value;
	return true;
}

static bool set_row(struct script_config *c, struct diag *d, struct span at,
                    const struct variable_row *row, const char *value)
{
	void *to = (char *)c + row->off_b;

	switch (row->kind) {
	case VALUE_INT:
		return set_int(to, d, at, row->name, value);
	case VALUE_BOOL:
		return set_bool(to, d, at, value);
	case VALUE_STRING:
		return set_string(to, d, at, row->name, value);
	case VALUE_ENUM:
		return set_enum(to, d, at, row, value);
	}
	return false;
}

static bool set_old(struct script_config *c, struct diag *d, struct span at,
                    const struct old_row *old, const char *name, const char *value,
                    bool from_environment)
{
	bool as_bool;

	switch (old->kind) {
	case OLD_NO_EFFECT:
		diag_warn(d, E_DEPRECATED, at, "%s is deprecated and has no effect", old->name);
		return true;
	case OLD_ENV_ONLY:
		if (from_environment)
			return true;
		diag_error(d, E_CONFIG, at, "%s: can only be set as an environment variable", name);
		return false;
	case OLD_ENV_CACHE:
		if (!from_environment)
			break;
		if (!parse_bool(value, &as_bool))
			return set_bool(&as_bool, d, at, value);
		return !as_bool || set_row(c, d, at, find_row(old->now), "NONE");
	case OLD_RENAMED:
	case OLD_NEGATED:
		if (!from_environment)
			diag_warn(d, E_DEPRECATED, at, "%s has been renamed, please use %s",
			          old->name, old->now);
		if (old->kind == OLD_NEGATED && parse_bool(value, &as_bool))
			value = as_bool ? "false" : "true";
		return set_row(c, d, at, find_row(old->now), value);
	}
	diag_error(d, E_CONFIG, at, "%s: not a known configuration option", name);
	return false;
}

static bool report_unknown(struct diag *d, struct span at, const char *name)
{
	struct diag_guess guess = {.word = name};

	for (size_t i = 0; i < N_ROWS(rows); i++)
		diag_nearest(&guess, rows[i].name);
	diag_error(d, E_CONFIG, at, "%s: not a known configuration option", name);
	if (guess.best)
		diag_hint(d, "did you mean %s?", guess.best);
	return false;
}

bool script_config_get(const struct script_config *c, uint32_t i, struct script_config_value *ret)
{
	const struct variable_row *row = &rows[i];
	const void *at;
	const char *word;

	if (i >= N_ROWS(rows))
		return false;
	at = (const char *)c + row->off_b;
	*ret = (struct script_config_value){.name = row->name};
	switch (row->kind) {
	case VALUE_INT:
		ret->number = *(const uint64_t *)at;
		break;
	case VALUE_BOOL:
		ret->number = *(const bool *)at;
		ret->is_bool = true;
		break;
	case VALUE_STRING:
		ret->string = *(const char *const *)at;
		break;
	case VALUE_ENUM:
		word = row->values;
		for (int n = *(const int *)at; n; n--)
			word = strchr(word, '|') + 1;
		snprintf(ret->word, sizeof(ret->word), "%.*s", (int)strcspn(word, "|"), word);
		ret->string = ret->word;
	}
	return true;
}

/* The name behind a prefix of ours, or NULL if it has none. */
static const char *strip_prefix(const char *name)
{
	if (!strncasecmp(name, "BPFTRACE_", 9))
		return name + 9;
	if (!strncasecmp(name, "SKEP_", 5))
		return name + 5;
	return NULL;
}

bool script_config_set(struct script_config *c, struct diag *d, struct span at, const char *name,
                       const char *value, bool from_environment)
{
	const char *plain = strip_prefix(name);
	const struct variable_row *row;
	const struct old_row *old;

	plain = plain ? plain : name;
	row = find_row(plain);
	if (row)
		return set_row(c, d, at, row, value);
	old = find_old(plain);
	if (old)
		return set_old(c, d, at, old, plain, value, from_environment);
	/* The environment is shared with programs that we do not know. */
	return from_environment || report_unknown(d, at, plain);
}

/* The values stay where environ has them, so they must not be changed while c is used. */
bool script_config_from_environment(struct script_config *c, struct diag *d)
{
	own_arena struct arena *a = arena_create();
	bool is_good = true;

	for (char **e = environ; e && *e; e++) {
		const char *equals = strchr(*e, '=');

		if (!equals || !strip_prefix(*e))
			continue;
		is_good &= script_config_set(
		    c, d, NO_SPAN, arena_strndup(a, *e, (size_t)(equals - *e)), equals + 1, true);
	}
	return is_good;
}

bool script_apply_config(struct unit *u, struct script_config *config)
{
	bool is_good = true;

	vec_each (s, &u->config)
		if (s->value)
			is_good &=
			    script_config_set(config, u->diag, s->at, s->name, s->value, false);
	/* The environment wins; its mistakes were reported when the options were made. */
	if (u->config.n)
		script_config_from_environment(config, diag_create(u->a));
	return is_good;
}
