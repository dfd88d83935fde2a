/* getopt_long over a verb's table. */
#include "cmd/verb_options.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/strbuf.h"

enum { MAX_OPTIONS = 64, FIRST_CODE = 256 };

static void usage(const struct verb *v)
{
	own_strbuf struct strbuf left = {0};

	printf("USAGE:\n    skep %s %s\n        %s\n\nOPTIONS:\n", v->name, v->arguments, v->about);
	for (size_t i = 0; i <= v->n_options; i++) {
		const struct verb_option *o =
		    i < v->n_options ? &v->options[i]
		                     : &(struct verb_option){'h', "help", NULL, "this text"};

		sb_reset(&left);
		if (o->letter)
			sb_addf(&left, "-%c, ", o->letter);
		else
			sb_adds(&left, "    ");
		sb_addf(&left, "--%s%s%s", o->name, o->argument ? " " : "",
		        o->argument ? o->argument : "");
		printf("    %-26s %s\n", sb_str(&left), o->help);
	}
	if (v->more)
		printf("\n%s", v->more);
}

static int try_help(const struct verb *v)
{
	fprintf(stderr, "Try 'skep %s --help' for the options.\n", v->name);
	return VERB_USAGE;
}

int verb_usage_error(const struct verb *v, const char *fmt, ...)
{
	va_list ap;

	fputs("ERROR: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return try_help(v);
}

static int take(const struct verb *v, const struct verb_option *o, const char *value, void *into)
{
	char *field = (char *)into + o->off_b, *end;
	double number;

	switch (o->kind) {
	case VERB_FLAG:
		*(bool *)field = true;
		return -1;
	case VERB_TEXT:
		*(const char **)field = value;
		return -1;
	case VERB_NUMBER:
		number = strtod(value, &end);
		if (end == value || *end || !isfinite(number))
			return verb_usage_error(v, "--%s takes a number: %s", o->name, value);
		if (number < o->least || number > o->most)
			return verb_usage_error(v, "--%s goes from %g to %.15g: %s", o->name,
			                        o->least, o->most, value);
		*(double *)field = number;
	}
	return -1;
}

int verb_parse(const struct verb *v, int argc, char **argv, void *into, int *ret_operand)
{
	struct option longs[MAX_OPTIONS + 2] = {0};
	char letters[2 * MAX_OPTIONS + 4] = "h", *s = letters + 1;
	int code, status;

	if (v->n_options > MAX_OPTIONS)
		abort();
	for (size_t i = 0; i < v->n_options; i++) {
		const struct verb_option *o = &v->options[i];

		longs[i] = (struct option){o->name, o->argument ? required_argument : no_argument,
		                           NULL, FIRST_CODE + (int)i};
		if (!o->letter)
			continue;
		*s++ = (char)o->letter;
		if (o->argument)
			*s++ = ':';
	}
	longs[v->n_options] = (struct option){"help", no_argument, NULL, 'h'};
	optind = 0;
	while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		size_t i = 0;

		if (code == 'h') {
			usage(v);
			return VERB_OK;
		}
		if (code == '?') /* getopt has said what is wrong */
			return try_help(v);
		while (code < FIRST_CODE ? v->options[i].letter != code
		                         : (int)i != code - FIRST_CODE)
			i++;
		status = take(v, &v->options[i], optarg, into);
		if (status >= 0)
			return status;
	}
	if (argc - optind > v->max_operands)
		return verb_usage_error(v, "one word too many: %s", argv[optind + v->max_operands]);
	*ret_operand = optind;
	return -1;
}
