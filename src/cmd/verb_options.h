/* Options of a verb, read by a table of its own. Usage is made from the same rows, and so are the
 * manual page and the completions (man/tables) if the rows are in a .def file of the verb's name:
 *
 *     OPTION(letter or 0, "long", "ARGUMENT" or NULL, KIND, field, least, most, "help")
 */
#ifndef SKEP_CMD_VERB_OPTIONS_H
#define SKEP_CMD_VERB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses of verbs. */
enum {
	VERB_OK = 0,
	VERB_FAILED = 1, /* the input is no good, or a file is not to be had */
	VERB_USAGE = 2,
};

enum verb_option_kind {
	VERB_FLAG,   /* bool: true if it is there */
	VERB_TEXT,   /* const char *: borrowed from argv */
	VERB_NUMBER, /* double, from `least` to `most` */
};

struct verb_option {
	int letter; /* 0: it has none */
	const char *name, *argument, *help;
	enum verb_option_kind kind;
	size_t off_b; /* of the field in the verb's struct */
	double least, most;
};

struct verb {
	const char *name, *arguments, *about;
	const struct verb_option *options;
	size_t n_options;
	int max_operands;
	const char *more; /* below the options in usage; may be NULL */
};

/* Fill the fields of `into` as argv says (argv[0] is the verb). -h and --help are known to every
 * verb. Returns -1 to go on with operands at argv[*ret_operand...], else an exit status: usage was
 * printed, or what is wrong with the line. */
int verb_parse(const struct verb *v, int argc, char **argv, void *into, int *ret_operand);
/* What is wrong, to stderr. Returns VERB_USAGE. */
int verb_usage_error(const struct verb *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
