/* The script's own command line: `options = { pid = int("-p, --pid PID", "this process only"); }`.
 *
 * The block is parsed with the script (parse_option.c). What stands behind the script on skep's
 * command line is read by it (option_line.c), or answered with its help (option_help.c), once the
 * whole text has been parsed; from then on each option has a value that is known while compiling:
 * `opt.pid` in the script is a literal (infer_opt.c). */
#ifndef SKEP_SCRIPT_OPTION_H
#define SKEP_SCRIPT_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/vec.h"

struct arena;
struct strbuf;
struct unit;

enum option_kind {
#define OPTION_KIND(id, word, gives, doc) OPTION_##id,
#include "script/option_kinds.def"
#undef OPTION_KIND
	OPTION_N
};

/* What `opt.NAME` is in the script. */
enum option_gives { GIVES_BOOL, GIVES_INT, GIVES_TEXT, GIVES_INTS, GIVES_TEXTS };

/* Stands on both sides of an option's name in the parts of an attach point (has_options). */
#define OPTION_MARK '\1'

enum { OPTION_LIST_MAX = 256 }; /* elements: contains() compares with each */

struct option {           /* one of the script's options block; in the unit's arena */
	const char *name; /* behind `opt.` */
	enum option_kind kind;
	char letter;                       /* 0: none */
	const char *word, *metavar, *help; /* word: without dashes, NULL for a positional and for a
	                                      lone letter. metavar: NULL for flags and counts */
	bool is_positional, is_optional, takes_rest; /* is_optional: of an option its value */
	/* its value, once the command line was read */
	bool is_given;
	int64_t number;   /* FLAG COUNT INT DECIMAL USER ERRNO DISK; 0 if neither given nor by default */
	const char *text; /* TEXT REGEX CHOICE EVENT; "" likewise */
	vec(int64_t) numbers;    /* INTS SIGNALS */
	vec(const char *) texts; /* TEXTS COMMAND */
	vec(const char *) entry, exit; /* EVENT: parts of its attach point, and of that for
	                                  `{opt.NAME.return}`; empty: it has none */
	/* how it was declared */
	struct span at;   /* of the declaration */
	const char *dflt; /* as if it had been given; NULL: none */
	uint64_t scale;   /* DECIMAL: what is given is multiplied by this */
	vec(const char *) choices;
	unsigned group; /* 1, 2, ...: of the same group at most one is given; 0: none */
};

struct option_example {
	const char *line, *what;
};

/* The block, `options` in the order of the text. */
struct option_block {
	struct span at;
	vec(struct option *) options;
	vec(struct option_example) examples;
	unsigned n_groups;
	bool is_read; /* the values are there */
};

/* NULL: there is none of this name, or the script has no options block. */
const struct option *unit_find_option(const struct unit *u, const char *name);
enum option_gives option_gives(const struct option *o);
const char *option_kind_word(enum option_kind kind);
/* How messages name it: `-p/--pid`, `--pid`, `-p`, `PID`. In `a`. */
const char *option_title(struct arena *a, const struct option *o);

/* ---- option_value.c ---- */

/* One more value for the option: the text of an argument, or of a default. A list grows, anything
 * else is replaced. Returns NULL, or in `a` what is wrong with the text, such as `'x' is no
 * number`; the option is then as it was. */
const char *option_take(struct arena *a, struct option *o, const char *text);
/* NULL: it is a POSIX extended regular expression; else in `a` why it is none. */
const char *option_regex_mistake(struct arena *a, const char *text);

/* ---- option_event.c ---- */

/* Attach points for what events say; where a flag `regexp` is given, their names are regular
 * expressions. Returns NULL, or in `a` what is wrong. */
const char *option_events_settle(struct arena *a, struct option_block *b);

/* ---- option_line.c ---- */

/* Read the arguments behind the script, GNU style, and put defaults where nothing was given.
 * Returns NULL, or in `a` what is wrong with the line; *ret_wants_help (-h, --help) ends the
 * reading: what stands behind it does not matter. Arguments are borrowed. */
const char *option_line_read(struct arena *a, struct option_block *b, const char *const *args,
                             size_t n_args, bool *ret_wants_help);

/* ---- option_apply.c ---- */

/* Read opts->args; all of the answer but has_options. False: the mistake is in `d`. */
struct script_request;
bool option_ask(struct unit *u, struct diag *d, struct script_request *ret);
/* --json and --csv, for a script that has rows. */
void option_add_row_options(struct unit *u);
/* The attach points that one stands for whose parts name options. False: reported. */
typedef vec(struct attach_point) point_list;
bool option_add_points(struct unit *u, const struct attach_point *ap, point_list *out);

/* ---- option_help.c ---- */

/* What -h prints; the purpose may be NULL. */
void option_help(const struct option_block *b, const char *name, const char *purpose,
                 struct strbuf *out);

/* ---- option_man.c ---- */

/* The manual page of a script that is called `name`. */
void option_manual(struct unit *u, const char *name, struct strbuf *out);
/* From the script's leading comment, `// NAME: purpose.`: in `a`, NULL if it has none. */
const char *option_purpose(struct arena *a, const char *text, size_t len_b, const char **ret_name);

#endif
