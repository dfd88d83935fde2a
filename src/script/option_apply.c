/* The command line behind a script comes to its options: the stage after parsing, and the question
 * that is asked before (script_ask).
 *
 * In: the options block, opts->args. Out: values in the options, and in place of {opt.NAME} in
 * attach points and of hash(opt.NAME). A list there makes one attach point for each of its
 * elements, and none if it is empty; an attach point that is nothing but {opt.NAME} is the text
 * that was given, colons and all. */
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/option.h"
#include "script/stages.h"

/* ---- reading ----------------------------------------------------------------------------------
 */

/* What the script calls itself in its usage: its file's name without .bt, else what its leading
 * comment says. */
static const char *script_name(struct unit *u, const char **ret_purpose)
{
	const char *path = u->opts->path, *name = "script", *base, *dot;
	const char *text = diag_source_text(u->diag, u->source);

	*ret_purpose = option_purpose(u->a, text, diag_source_len(u->diag, u->source), &name);
	if (!path)
		return name;
	base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	dot = strrchr(base, '.');
	return dot && dot > base && !strcmp(dot, ".bt")
	           ? arena_strndup(u->a, base, (size_t)(dot - base))
	           : base;
}

static void add_flag(struct unit *u, const char *name, const char *help)
{
	struct option *o;

	vec_each (known, &u->options->options)
		if (!strcmp((*known)->name, name) ||
		    ((*known)->word && !strcmp((*known)->word, name)))
			return;
	o = arena_new(u->a, struct option);
	o->name = o->word = name;
	o->kind = OPTION_FLAG;
	o->help = help;
	o->at = u->options->at;
	vec_push(u->a, &u->options->options, o);
}

static bool has_hist(const struct node *n)
{
	bool has = n && n->kind == NODE_CALL && !strcmp(n->name, "print_hist");

	if (!n)
		return false;
	for (uint32_t i = 0; i < n->n_args && !has; i++)
		has = has_hist(n->args[i]);
	vec_each (s, &n->stmts)
		has = has || has_hist(*s);
	return has;
}

/* A table, or histograms for people: also in branches. */
static bool has_rows(const struct unit *part)
{
	bool has = part->tables.n;

	vec_each (h, &part->hosts)
		has = has || has_hist((*h)->body);
	vec_each (top_if, &part->ifs)
		vec_each (b, &top_if->branches)
			has = has || has_rows(b->unit);
	return has;
}

/* Whoever has them can write them in two more forms. */
void option_add_row_options(struct unit *u)
{
	if (!has_rows(u))
		return;
	add_flag(u, "json", "rows as JSON, an object a line");
	add_flag(u, "csv", "rows as comma-separated values");
}

static bool read_line(struct unit *u, struct diag *d, bool *ret_wants_help)
{
	const char *purpose, *mistake;

	*ret_wants_help = false;
	if (u->options->is_read)
		return true;
	option_add_row_options(u);
	u->options->is_read = true;
	mistake =
	    option_line_read(u->a, u->options, u->opts->args, u->opts->n_args, ret_wants_help);
	if (!mistake)
		return true;
	diag_error(d, E_PARAM, NO_SPAN, "%s", mistake);
	diag_hint(d, "%s -h explains the options", script_name(u, &purpose));
	return false;
}

static const struct option *find_given(const struct option_block *b, enum option_kind kind)
{
	vec_each (o, &b->options)
		if ((*o)->kind == kind && (*o)->is_given)
			return *o;
	return NULL;
}

bool option_ask(struct unit *u, struct diag *d, struct script_request *ret)
{
	own_strbuf struct strbuf help = {0};
	const struct option *command, *process;
	const char *name, *purpose;
	bool wants_help;

	if (!read_line(u, d, &wants_help))
		return false;
	if (wants_help) {
		name = script_name(u, &purpose);
		option_help(u->options, name, purpose, &help);
		ret->help = arena_strndup(u->a, sb_str(&help), help.n);
		return true;
	}
	process = find_given(u->options, OPTION_PROCESS);
	ret->pid = process ? (pid_t)process->number : 0;
	command = find_given(u->options, OPTION_COMMAND);
	if (command) {
		const char **words = arena_array(u->a, const char *, command->texts.n + 1);

		memcpy(words, command->texts.items, command->texts.n * sizeof(*words));
		ret->command = words;
	}
	return true;
}

/* ---- attach points --------------------------------------------------------------------------- */

/* The text of a value; of a list, of its element i. */
static const char *value_text(struct arena *a, const struct option *o, size_t i)
{
	switch (option_gives(o)) {
	case GIVES_BOOL:
	case GIVES_INT:
		return arena_printf(a, "%lld", (long long)o->number);
	case GIVES_INTS:
		return arena_printf(a, "%lld", (long long)o->numbers.items[i]);
	case GIVES_TEXTS:
		return o->texts.items[i];
	case GIVES_TEXT:
		break;
	}
	return o->text;
}

static size_t n_values(const struct option *o)
{
	return option_gives(o) == GIVES_INTS    ? o->numbers.n
	       : option_gives(o) == GIVES_TEXTS ? o->texts.n
	       : o->kind == OPTION_EVENT        ? *o->text != '\0'
	                                        : 1;
}

/* Behind an event's name in an attach point: the return of the function. */
static const char return_word[] = ".return";

/* The option of this name, reported at `at` if there is none. */
static const struct option *find(struct unit *u, const char *name, struct span at)
{
	const struct option *o = unit_find_option(u, name);
	struct diag_guess g = {.word = name};

	if (o)
		return o;
	diag_error(u->diag, E_UNKNOWN_NAME, at,
	           u->options ? "There is no option '%s'"
	                      : "There is no option '%s': the script has no options block",
	           name);
	if (u->options)
		vec_each (other, &u->options->options)
			diag_nearest(&g, (*other)->name);
	if (g.best)
		diag_hint(u->diag, "Did you mean '%s'?", g.best);
	return NULL;
}

/* The first option that the point names, between two marks, and what stands there; NULL with a
 * report if there is no such option, or it has not what is asked of it. */
static const struct option *first_option(struct unit *u, const struct attach_point *ap,
                                         const char **ret_name)
{
	const char *begin = NULL, *end, *name, *dot;
	const struct option *o;

	for (uint32_t i = 0; i < ap->n_parts && !begin; i++)
		begin = strchr(ap->parts[i], OPTION_MARK);
	end = begin ? strchr(begin + 1, OPTION_MARK) : NULL;
	if (!end)
		return NULL;
	name = *ret_name = arena_strndup(u->a, begin + 1, (size_t)(end - begin - 1));
	dot = strchr(name, '.');
	o = find(u, dot ? arena_strndup(u->a, name, (size_t)(dot - name)) : name, ap->at);
	if (!o || !dot)
		return o;
	if (o->kind != OPTION_EVENT || strcmp(dot, return_word) != 0) {
		diag_error(u->diag, E_UNKNOWN_NAME, ap->at, "There is no opt.%s", name);
		diag_hint(u->diag,
		          "{opt.NAME%s} is the return of the function that an event() says",
		          return_word);
		return NULL;
	}
	if (o->exit.n || !*o->text)
		return o;
	diag_error(u->diag, E_PARAM, NO_SPAN, "%s: '%s' is no function, which would return",
	           option_title(u->a, o), o->text);
	return NULL;
}

/* The part with every mention of the option replaced. */
static const char *replace(struct arena *a, const char *part, const char *name, const char *value)
{
	own_strbuf struct strbuf out = {0};
	size_t name_b = strlen(name);

	while (*part) {
		const char *mark = strchrnul(part, OPTION_MARK);

		sb_add(&out, part, (size_t)(mark - part));
		part = mark;
		if (!*part)
			break;
		if (!strncmp(part + 1, name, name_b) && part[1 + name_b] == OPTION_MARK) {
			sb_adds(&out, value);
			part += name_b + 2;
		} else { /* another one's pair of marks */
			const char *next = strchrnul(part + 1, OPTION_MARK);

			next += *next != '\0';
			sb_add(&out, part, (size_t)(next - part));
			part = next;
		}
	}
	return arena_strndup(a, sb_str(&out), out.n);
}

/* `text` as if it had been written in the script. */
static struct attach_point split(struct arena *a, const struct attach_point *ap, const char *text)
{
	struct attach_point new = *ap;
	vec(const char *) parts = {0};
	size_t len_b;

	for (const char *s = text;; s += len_b + 1) {
		len_b = strcspn(s, ":");
		vec_push(a, &parts, arena_strndup(a, s, len_b));
		if (!s[len_b])
			break;
	}
	new.text = text;
	new.parts = parts.items;
	new.n_parts = (uint32_t)parts.n;
	new.has_options = false;
	return new;
}

static struct attach_point with_event(const struct attach_point *ap, const struct option *o,
                                      bool is_return)
{
	struct attach_point new = *ap;

	new.text = o->text;
	new.parts = is_return ? o->exit.items : o->entry.items;
	new.n_parts = (uint32_t)(is_return ? o->exit.n : o->entry.n);
	new.has_options = false;
	return new;
}

static struct attach_point with_value(struct arena *a, const struct attach_point *ap,
                                      const struct option *o, const char *name, const char *value)
{
	struct attach_point new = *ap;
	const char **parts = arena_array(a, const char *, ap->n_parts);
	own_strbuf struct strbuf text = {0};

	if (ap->n_parts == 1 && strlen(ap->parts[0]) == strlen(name) + 2 &&
	    ap->parts[0][0] == OPTION_MARK)
		return o->kind == OPTION_EVENT ? with_event(ap, o, name[strlen(o->name)] == '.')
		                               : split(a, ap, value);
	for (uint32_t i = 0; i < ap->n_parts; i++) {
		parts[i] = replace(a, ap->parts[i], name, value);
		sb_addf(&text, "%s%s", i ? ":" : "", parts[i]);
	}
	new.parts = parts;
	new.text = arena_strndup(a, sb_str(&text), text.n);
	return new;
}

/* Values for the first option that is named, and so on. */
bool option_add_points(struct unit *u, const struct attach_point *ap, point_list *out)
{
	enum { MOST = 1 << 16 };
	const struct option *o;
	const char *name;
	bool is_final = true;

	for (uint32_t i = 0; i < ap->n_parts; i++)
		is_final &= !strchr(ap->parts[i], OPTION_MARK);
	if (!ap->has_options || is_final) {
		struct attach_point last = *ap;

		last.has_options = false;
		vec_push(u->a, out, last);
		return true;
	}
	o = first_option(u, ap, &name);
	if (!o)
		return false;
	if (out->n + n_values(o) > MOST) {
		diag_error(u->diag, E_LIMIT, ap->at, "The options make more than %d attach points",
		           MOST);
		return false;
	}
	for (size_t i = 0; i < n_values(o); i++) {
		struct attach_point next = with_value(u->a, ap, o, name, value_text(u->a, o, i));

		if (!option_add_points(u, &next, out))
			return false;
	}
	return true;
}

static bool fill_in(struct unit *u, struct probe *p)
{
	bool is_good = true, is_any = false;
	point_list points = {0};

	vec_each (ap, &p->points)
		is_any |= ap->has_options;
	if (!is_any)
		return true;
	vec_each (ap, &p->points)
		is_good &= option_add_points(u, ap, &points);
	p->points.items = points.items;
	p->points.n = points.n;
	p->points.cap = points.cap;
	return is_good;
}

/* hash(opt.NAME) */
static bool fill_in_entries(struct unit *u, struct map *m)
{
	const struct option *o =
	    m->entries_option ? find(u, m->entries_option, m->entries_at) : NULL;

	if (!o)
		return !m->entries_option;
	if (option_gives(o) != GIVES_INT) {
		diag_error(u->diag, E_TYPE_MISMATCH, m->entries_at, "opt.%s is not a number",
		           o->name);
		return false;
	}
	m->declared_entries = (uint64_t)o->number;
	if (o->number >= 1 && o->number <= UINT32_MAX)
		return true;
	diag_error(u->diag, E_LIMIT, m->entries_at, "a map has 1..%u entries (%lld provided)",
	           UINT32_MAX, (long long)o->number);
	return false;
}

/* name = opt.NAME in the config block: nothing is set if there is no value. */
static bool fill_in_setting(struct unit *u, struct config_setting *s)
{
	const struct option *o = s->option ? find(u, s->option, s->at) : NULL;
	enum option_gives gives = o ? option_gives(o) : GIVES_TEXT;

	if (!o)
		return !s->option;
	if (gives == GIVES_INTS || gives == GIVES_TEXTS) {
		diag_error(u->diag, E_TYPE_MISMATCH, s->at, "opt.%s is a list", o->name);
		return false;
	}
	if (!o->is_given && !o->dflt)
		return true;
	s->value = gives == GIVES_BOOL ? o->number ? "true" : "false" : value_text(u->a, o, 0);
	return true;
}

/* Also into branches: which one it will be is not known yet. */
static bool fill_in_all(struct unit *u, const struct unit *part)
{
	bool is_good = true;

	vec_each (p, &part->probes)
		is_good &= fill_in(u, *p);
	vec_each (m, &part->maps)
		is_good &= fill_in_entries(u, *m);
	vec_each (h, &part->hosts)
		is_good &= fill_in(u, (*h)->trigger);
	vec_each (top_if, &part->ifs)
		vec_each (b, &top_if->branches)
			is_good &= fill_in_all(u, b->unit);
	return is_good;
}

bool script_command_line(struct unit *u)
{
	bool wants_help, is_good = true;

	if (u->options && !read_line(u, u->diag, &wants_help))
		return false;
	vec_each (s, &u->config)
		is_good &= fill_in_setting(u, s);
	return fill_in_all(u, u) && is_good;
}
