/* The whole pipeline, text to image, in one place: each stage is a function of stages.h, and what
 * it leaves can be looked at with -d. */
#include "script/script.h"
#include "symbols/symbols.h"

#include <string.h>

#include "base/arena.h"
#include "script/format.h"
#include "script/object.h"
#include "script/option.h"
#include "script/stages.h"

bool script_is_dumped(const char *stages, const char *stage)
{
	size_t len_b;

	for (const char *s = stages; s && *s; s += len_b + (s[len_b] == ',')) {
		len_b = strcspn(s, ",");
		if ((len_b == 3 && !strncmp(s, "all", 3)) ||
		    (len_b == strlen(stage) && !strncmp(s, stage, len_b)))
			return true;
	}
	return false;
}

static void dump_tree(const struct unit *u, const char *stage)
{
	bool with_types = !strcmp(stage, "types");

	if (!*stage || !u->opts->dump || !script_is_dumped(u->opts->debug_stages, stage))
		return;
	sb_addf(u->opts->dump, "; %s\n", stage);
	ast_print(u, with_types, u->opts->dump);
}

/* The config block, into a copy of the options that the later stages read. */
static bool script_configure(struct unit *u)
{
	struct script_options *opts = arena_memdup(u->a, u->opts, sizeof(*opts));

	if (!script_apply_config(u, &opts->config))
		return false;
	if (opts->effective)
		*opts->effective = opts->config;
	u->opts = opts;
	return true;
}

static bool script_declare(struct unit *u)
{
	struct c_options c = {.include_dirs = u->opts->include_dirs,
	                      .n_include_dirs = u->opts->n_include_dirs};

	vec_each (t, &u->c_texts)
		if (!types_declare(u->types, u->diag, t->source, t->begin_b, t->end_b, &c))
			goto wrong;
	if (u->c_begin_b == u->c_end_b ||
	    types_declare(u->types, u->diag, u->source, u->c_begin_b, u->c_end_b, &c))
		return true;
wrong:
	if (u->opts->c_is_wrong)
		*u->opts->c_is_wrong = true;
	return false;
}

/* A stage, then its dump under the name `-d` has for it ("": none). A stage reports all it finds
 * and then stops the pipeline. */
#define STAGE(u, name, dump) (script_##name(u) && (dump_tree((u), (dump)), true))

/* clang-format off */
static bool compile(struct unit *u, struct image *img)
{
	return STAGE(u, parse, "parse") && /* text -> tree */
	       STAGE(u, command_line, "") && /* options block -> values */
	       STAGE(u, specifications, "") && /* tools' own languages -> probes */
	       STAGE(u, configure, "") &&  /* config block -> options */
	       STAGE(u, declare, "") &&    /* C section -> types */
	       STAGE(u, choose, "") &&     /* `if` around probes -> the branch it means */
	       STAGE(u, objects, "") &&    /* imported objects -> functions */
	       STAGE(u, macros, "ast") &&  /* macro calls -> their bodies */
	       script_host(u, img) &&      /* tables, host blocks -> host code */
	       STAGE(u, hoist, "") &&      /* old scope of variables */
	       STAGE(u, drop_probes, "") && /* without what is off */
	       STAGE(u, expand, "") &&     /* attach points -> targets */
	       STAGE(u, infer, "types") && /* every node typed */
	       STAGE(u, prune, "") &&      /* without what never runs */
	       script_lower(u, img);       /* tree -> IR -> passes -> BPF -> image; -d ir, passes */
}
/* clang-format on */

/* A unit over a copy of the text that ends in a NUL; NULL if the text cannot be a script. */
static struct unit *new_unit(struct arena *a, struct diag *d, struct types *ts, const char *name,
                             const char *text, size_t len_b, const struct script_options *opts)
{
	struct unit *u = arena_new(a, struct unit);
	const char *nul;

	u->a = a;
	u->diag = d;
	u->types = ts;
	u->opts = opts;
	text = arena_strndup(a, text, len_b);
	u->source = diag_add_source(d, name, text, len_b);
	diag_hide_lines(d, u->source, opts->hidden_line, opts->n_hidden_lines);
	nul = memchr(text, '\0', len_b);
	if (nul && (size_t)(nul - text) < UINT32_MAX) {
		uint32_t at = (uint32_t)(nul - text);

		diag_error(d, E_SYNTAX, (struct span){u->source, at, at + 1},
		           "syntax: unexpected byte 0x00");
		return NULL;
	}
	return u;
}

struct image *script_compile(struct arena *a, struct diag *d, struct types *ts, const char *name,
                             const char *text, size_t len_b, const struct script_options *opts)
{
	struct unit *u = new_unit(a, d, ts, name, text, len_b, opts);
	struct image *img = arena_new(a, struct image);
	struct symbols *own = opts->symbols ? NULL : symbols_create();
	bool is_good;

	img->a = a;
	if (u)
		u->symbols = own ? own : opts->symbols;
	is_good = u && compile(u, img) && !diag_errors(d);
	if (is_good)
		script_host_finish(u, img);
	if (u)
		objects_close(u);
	symbols_destroy(own);
	return is_good ? img : NULL;
}

/* Conditions around probes want to know options and types. */
static bool decide(struct unit *u)
{
	struct symbols *own = u->opts->symbols ? NULL : symbols_create();
	bool is_good;

	u->symbols = own ? own : u->opts->symbols;
	is_good = script_configure(u) && script_declare(u) && script_choose(u);
	symbols_destroy(own);
	return is_good;
}

/* With quotes where it needs them: cpp:"ns::f(int, int)". */
static const char *pattern_of(struct arena *a, const struct attach_point *ap)
{
	const char *text = "";

	for (uint32_t i = 0; i < ap->n_parts; i++) {
		const char *quote = strpbrk(ap->parts[i], ":,") ? "\"" : "";

		text =
		    arena_printf(a, "%s%s%s%s%s", text, i ? ":" : "", quote, ap->parts[i], quote);
	}
	return text;
}

bool script_list_probes(struct arena *a, struct diag *d, struct types *ts, const char *name,
                        const char *text, size_t len_b, const struct script_options *opts,
                        void (*fn)(void *arg, const char *pattern), void *arg)
{
	struct unit *u = new_unit(a, d, ts, name, text, len_b, opts);

	if (!u || !script_parse(u) || !script_command_line(u) || !script_specifications(u) ||
	    (u->ifs.n && !decide(u)))
		return false;
	vec_each (probe, &u->probes)
		vec_each (ap, &(*probe)->points) {
			enum probe_kind kind = probe_kind_find(ap->parts[0]);

			/* begin and its kin exist everywhere: nobody needs them listed */
			if (!probe_kind_is_run(kind))
				fn(arg, pattern_of(a, ap));
		}
	return true;
}

bool script_ask(struct arena *a, struct diag *d, const char *name, const char *text, size_t len_b,
                const struct script_options *opts, struct script_request *ret)
{
	struct diag *quiet = diag_create(a); /* for what the compilation will say again */
	struct unit *u = new_unit(a, quiet, NULL, name, text, len_b, opts);
	bool is_parsed;

	*ret = (struct script_request){0};
	if (!u)
		return true;
	u->is_alone = true;
	is_parsed = script_parse(u);
	ret->has_options = u->options != NULL;
	if (!is_parsed || !u->options)
		return true;
	return option_ask(u, d, ret);
}

bool script_manual(struct arena *a, struct diag *d, const char *name, const char *text,
                   size_t len_b, struct strbuf *out)
{
	struct script_options none = {0};
	struct unit *u = new_unit(a, d, NULL, name, text, len_b, &none);

	if (!u)
		return false;
	u->is_alone = true;
	if (!script_parse(u))
		return false;
	option_manual(u, name, out);
	return true;
}

bool script_format(struct arena *a, struct diag *d, const char *name, const char *text,
                   size_t len_b, const struct script_options *opts, struct strbuf *out)
{
	struct unit *u = new_unit(a, d, NULL, name, text, len_b, opts), *again;
	own_strbuf struct strbuf formatted = {0};
	own_strbuf struct strbuf before = {0};
	own_strbuf struct strbuf after = {0};

	if (!u)
		return false;
	u->is_alone = true;
	if (!script_parse(u))
		return false;
	ast_print(u, false, &before);
	format_unit(u, arena_strndup(a, text, len_b), len_b, &formatted);
	again = new_unit(a, d, NULL, name, sb_str(&formatted), formatted.n, opts);
	if (again) {
		again->is_alone = true;
		if (script_parse(again))
			ast_print(again, false, &after);
	}
	if (before.n != after.n || memcmp(sb_str(&before), sb_str(&after), before.n) != 0) {
		diag_error(d, E_INTERNAL, NO_SPAN,
		           "The layout would change what the script means, which is a bug in skep; "
		           "nothing is written");
		return false;
	}
	sb_add(out, sb_str(&formatted), formatted.n);
	return true;
}
