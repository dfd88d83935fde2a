/* The arguments behind a script, read as GNU programs read theirs: options and positionals in any
 * order, `-mT 1` for `-m -T 1`, `--word=value` or `--word value`, unambiguous beginnings of long
 * options, and `--` before positionals that begin with a dash.
 *
 * In: the options block and the arguments. Out: the values in the options, or the first mistake. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/option.h"

struct line {
	struct arena *a;
	struct option_block *b;
	const char *const *args;
	size_t n_args, i; /* of the argument being read */
	size_t next;      /* option that the next positional may be for, or one behind it */
	bool wants_help;
};

static const char help_word[] = "help";

static bool is_lone(const struct option *o)
{
	return o->kind == OPTION_FLAG || o->kind == OPTION_COUNT;
}

/* One value of the option, its mistake with the option's name in front. */
static const char *take(struct line *l, struct option *o, const char *text)
{
	const char *mistake = option_take(l->a, o, text);

	o->is_given = true;
	return mistake ? arena_printf(l->a, "%s: %s", option_title(l->a, o), mistake) : NULL;
}

/* All arguments from number i on. */
static const char *take_all(struct line *l, struct option *o)
{
	const char *mistake = NULL;

	while (!mistake && l->i < l->n_args)
		mistake = take(l, o, l->args[l->i++]);
	return mistake;
}

/* An option that takes a value: it hangs on, or is the next argument; of texts all up to the next
 * option, if it takes several. One whose value may be left
 * out does not take what looks like an option. */
static const char *take_value(struct line *l, struct option *o, const char *attached)
{
	const char *mistake = NULL;

	if (o->is_optional && !attached && (l->i + 1 >= l->n_args || l->args[l->i + 1][0] == '-')) {
		o->is_given = true;
		return o->dflt ? take(l, o, o->dflt) : NULL;
	}
	if (!attached && l->i + 1 >= l->n_args)
		return arena_printf(l->a, "Option %s needs a value: %s", option_title(l->a, o),
		                    o->metavar);
	if (attached)
		mistake = take(l, o, attached);
	else
		mistake = take(l, o, l->args[++l->i]);
	while (o->kind == OPTION_TEXTS && o->takes_rest && !mistake && l->i + 1 < l->n_args &&
	       l->args[l->i + 1][0] != '-')
		mistake = take(l, o, l->args[++l->i]);
	if (o->kind != OPTION_COMMAND || !o->takes_rest || mistake)
		return mistake;
	l->i++;
	return take_all(l, o);
}

/* ---- -x -------------------------------------------------------------------------------------- */

static struct option *find_letter(const struct option_block *b, char letter)
{
	vec_each (o, &b->options)
		if ((*o)->letter == letter)
			return *o;
	return NULL;
}

/* `-mT1`: letters up to one that takes the rest as its value. */
static const char *read_letters(struct line *l, const char *s)
{
	for (; *s; s++) {
		struct option *o = find_letter(l->b, *s);
		const char *mistake;

		if (*s == 'h') {
			l->wants_help = true;
			return NULL;
		}
		if (!o)
			return arena_printf(l->a, "Unknown option: -%c", *s);
		if (!is_lone(o))
			return take_value(l, o, s[1] ? s + 1 : NULL);
		mistake = take(l, o, "");
		if (mistake)
			return mistake;
	}
	return NULL;
}

/* `-5` is a number where numbers may stand and no option is a digit. */
static bool is_negative_number(const struct line *l, const char *arg)
{
	if (!isdigit((unsigned char)arg[1]) || find_letter(l->b, arg[1]))
		return false;
	vec_each (o, &l->b->options)
		if ((*o)->is_positional &&
		    (option_gives(*o) == GIVES_INT || option_gives(*o) == GIVES_INTS))
			return true;
	return false;
}

/* ---- --word ---------------------------------------------------------------------------------- */

static const char *unknown_word(struct line *l, const char *word)
{
	struct diag_guess g = {.word = word};

	vec_each (o, &l->b->options)
		if ((*o)->word)
			diag_nearest(&g, (*o)->word);
	return g.best
	           ? arena_printf(l->a, "Unknown option: --%s (did you mean --%s?)", word, g.best)
	           : arena_printf(l->a, "Unknown option: --%s", word);
}

/* The option that is called so or the only one that begins so; NULL with the mistake, or without
 * if it is --help. */
static struct option *find_word(struct line *l, const char *word, const char **ret_mistake)
{
	size_t len_b = strlen(word), n_fitting = 0;
	own_strbuf struct strbuf fitting = {0};
	struct option *found = NULL;
	bool is_help = !strncmp(help_word, word, len_b);

	vec_each (slot, &l->b->options) {
		struct option *o = *slot;

		if (!o->word || strncmp(o->word, word, len_b) != 0)
			continue;
		if (!o->word[len_b])
			return o;
		found = o;
		sb_addf(&fitting, "%s--%s", n_fitting++ ? ", " : "", o->word);
	}
	if (is_help && len_b == strlen(help_word))
		n_fitting = 0;
	else if (is_help)
		sb_addf(&fitting, "%s--%s", n_fitting++ ? ", " : "", help_word);
	if (n_fitting > 1)
		*ret_mistake =
		    arena_printf(l->a, "Option --%s is ambiguous: %s", word, sb_str(&fitting));
	else if (is_help && !(n_fitting && found))
		l->wants_help = true;
	else if (!found)
		*ret_mistake = unknown_word(l, word);
	return *ret_mistake || l->wants_help ? NULL : found;
}

static const char *read_word(struct line *l, const char *arg)
{
	size_t len_b = strcspn(arg, "=");
	const char *value = arg[len_b] ? arg + len_b + 1 : NULL, *mistake = NULL;
	struct option *o = find_word(l, arena_strndup(l->a, arg, len_b), &mistake);

	if (!o)
		return mistake;
	if (!is_lone(o))
		return take_value(l, o, value);
	return value ? arena_printf(l->a, "Option %s takes no value: '%s'", option_title(l->a, o),
	                            value)
	             : take(l, o, "");
}

/* ---- positionals ----------------------------------------------------------------------------- */

static const char *read_positional(struct line *l, const char *arg)
{
	struct option *o;

	while (l->next < l->b->options.n && !l->b->options.items[l->next]->is_positional)
		l->next++;
	if (l->next == l->b->options.n)
		return arena_printf(l->a, "One argument too many: '%s'", arg);
	o = l->b->options.items[l->next];
	l->next += !o->takes_rest;
	return o->kind == OPTION_COMMAND && o->takes_rest ? take_all(l, o) : take(l, o, arg);
}

/* ---- the line -------------------------------------------------------------------------------- */

static const char *check_groups(const struct line *l)
{
	vec_each (x, &l->b->options) {
		if (!(*x)->group || !(*x)->is_given)
			continue;
		for (struct option **y = l->b->options.items; y < x; y++)
			if ((*y)->is_given && (*y)->group == (*x)->group)
				return arena_printf(l->a, "%s and %s exclude each other",
				                    option_title(l->a, *y), option_title(l->a, *x));
	}
	return NULL;
}

/* Defaults, and what may not be left out. */
static const char *complete(struct line *l)
{
	vec_each (slot, &l->b->options) {
		struct option *o = *slot;
		const char *mistake = NULL;

		if (o->is_given)
			continue;
		if (o->is_positional && !o->is_optional)
			return arena_printf(l->a, "%s is missing", o->metavar);
		if (o->dflt)
			mistake = option_take(l->a, o, o->dflt);
		if (mistake)
			return mistake;
	}
	return NULL;
}

const char *option_line_read(struct arena *a, struct option_block *b, const char *const *args,
                             size_t n_args, bool *ret_wants_help)
{
	struct line l = {.a = a, .b = b, .args = args, .n_args = n_args};
	const char *mistake = NULL;
	bool only_positionals = false;

	for (; l.i < n_args && !mistake && !l.wants_help; l.i++) {
		const char *arg = args[l.i];

		if (only_positionals || arg[0] != '-' || !arg[1] || is_negative_number(&l, arg))
			mistake = read_positional(&l, arg);
		else if (arg[1] != '-')
			mistake = read_letters(&l, arg + 1);
		else if (arg[2])
			mistake = read_word(&l, arg + 2);
		else
			only_positionals = true;
	}
	*ret_wants_help = l.wants_help;
	if (l.wants_help)
		return NULL;
	if (!mistake)
		mistake = check_groups(&l);
	if (!mistake)
		mistake = complete(&l);
	return mistake ? mistake : option_events_settle(a, b);
}
