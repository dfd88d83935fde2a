/* The command line of bpftool: options anywhere on it, then an object, a command and its words,
 * each by any beginning of its name; the first row that begins so is meant. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "inspect/inspect.h"
#include "inspect/internal.h"

/* ---- what is said ---------------------------------------------------------------------------- */

int inspect_error(struct inspect *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (x->is_json) {
		const char *text = arena_vprintf(x->a, fmt, ap);

		/* What was being written stays well-formed. */
		if (json_wants_key(&x->json)) {
			json_member_string(&x->json, "error", text);
		} else {
			json_open(&x->json, '{');
			json_member_string(&x->json, "error", text);
			json_close(&x->json, '}');
		}
	} else {
		fflush(stdout);
		fputs("Error: ", stderr);
		vfprintf(stderr, fmt, ap);
		fputc('\n', stderr);
	}
	va_end(ap);
	return -1;
}

void inspect_warn(struct inspect *x, const char *fmt, ...)
{
	va_list ap;

	if (x->is_json)
		return;
	va_start(ap, fmt);
	fflush(stdout);
	fputs("Warning: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

void say_done(struct inspect *x)
{
	if (x->is_json)
		json_null(&x->json);
}

/* ---- words ----------------------------------------------------------------------------------- */

bool word_is(const char *word, const char *name)
{
	return *word && !strncmp(word, name, strlen(word));
}

bool word_number(const char *word, uint32_t *ret)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(word, &end, 0);
	*ret = (uint32_t)n;
	return !errno && end != word && !*end && *word != '-' && n <= UINT32_MAX;
}

const char *word_next(struct words *w)
{
	if (!w->n)
		return NULL;
	w->n--;
	return *w->at++;
}

bool words_need(struct inspect *x, const struct words *w, int n)
{
	if (w->n >= n)
		return true;
	/* The word in front of those that are missing is still there. */
	inspect_error(x, "'%s' needs at least %d arguments, %d found", w->at[-1], n, w->n);
	return false;
}

/* ---- usage ----------------------------------------------------------------------------------- */

/* Behind those that every object takes. */
static void print_options(const char *more)
{
	fprintf(stderr, "       OPTIONS := { {-j|--json} [{-p|--pretty}] | {-d|--debug}%s%s }\n",
	        more ? " |\n                    " : "", more ? more : "");
}

static void print_arguments(const char *arguments)
{
	for (const char *p = arguments; *p; p++)
		if (*p == '\n')
			fputs(" \\\n                          ", stderr);
		else
			putc(*p, stderr);
	putc('\n', stderr);
}

/* A line for `c` and those behind it that are the same by other names; returns the next one. */
static const struct command *print_command(const struct inspect *x, const struct object *o,
                                           const struct command *c)
{
	const struct command *after = c + 1;
	int width = 0;

	while (after->name && after->run == c->run && after->arguments && c->arguments &&
	       !strcmp(after->arguments, c->arguments))
		after++;
	if (!c->arguments)
		return after;
	for (const struct command *each = o->commands; each->name; each++)
		if (each->arguments && (int)strlen(each->name) > width)
			width = (int)strlen(each->name);
	fprintf(stderr, "%s %s %s ", c == o->commands ? "Usage:" : "      ", x->program, o->name);
	if (after == c + 1) {
		fprintf(stderr, "%-*s%s", *c->arguments ? width : 0, c->name,
		        *c->arguments ? " " : "");
	} else {
		fputs("{ ", stderr);
		for (const struct command *each = c; each < after; each++)
			fprintf(stderr, "%s%s", each == c ? "" : " | ", each->name);
		fprintf(stderr, " }%s", *c->arguments ? " " : "");
	}
	print_arguments(c->arguments);
	return after;
}

void inspect_usage(const struct inspect *x, const struct object *o)
{
	bool is_first = true;

	fflush(stdout);
	if (!o) {
		fprintf(stderr,
		        "Usage: %s [OPTIONS] OBJECT { COMMAND | help }\n"
		        "       %s batch file FILE\n"
		        "       %s version\n\n"
		        "       OBJECT := {",
		        x->program, x->program, x->program);
		for (size_t i = 0; x->objects[i]; i++)
			if (x->objects[i]->commands[0].name || x->objects[i]->commands[0].arguments)
				fprintf(stderr, "%s %s", is_first ? "" : " |", x->objects[i]->name),
				    is_first = false;
		fputs(" }\n", stderr);
		print_options(x->is_of_sessions ? "{--pid PID} | {-V|--version}"
		                                : "{-V|--version}");
		return;
	}
	if (!o->commands[0].name) {
		fprintf(stderr, "Usage: %s %s ", x->program, o->name);
		print_arguments(o->commands[0].arguments);
	}
	for (const struct command *c = o->commands; c->name; c = print_command(x, o, c))
		;
	fprintf(stderr, "       %s %s help\n\n", x->program, o->name);
	if (o->definitions)
		fputs(o->definitions, stderr);
	print_options(o->options);
	if (o->note)
		fprintf(stderr, "\n%s", o->note);
}

static int usage(struct inspect *x, const struct object *o, int status)
{
	if (!x->is_json)
		inspect_usage(x, o);
	else
		json_null(&x->json);
	return status;
}

int inspect_say_usage(struct inspect *x, const struct object *o)
{
	return usage(x, o, -1);
}

/* ---- dispatch -------------------------------------------------------------------------------- */

int inspect_dispatch(struct inspect *x, struct words *w)
{
	const char *word = word_next(w);
	const struct object *const *each, *o;
	const struct command *c;

	if (!word)
		return usage(x, NULL, 0);
	if (word_is(word, "help"))
		return usage(x, NULL, 0);
	for (each = x->objects; *each && !word_is(word, (*each)->name); each++)
		;
	o = *each;
	if (!o || (o == &batch_object && x->is_batch))
		return usage(x, NULL, -1);
	c = o->commands;
	if (!c->name && c->arguments && w->n && word_is(w->at[0], "help"))
		return usage(x, o, 0);
	if (!c->name) /* it is a command itself */
		return c->run(x, w);
	word = word_next(w);
	if (word && word_is(word, "help"))
		return usage(x, o, 0);
	while (word && c->name && !word_is(word, c->name))
		c++;
	if (!c->name)
		return usage(x, o, -1);
	if (x->is_of_sessions && !c->is_for_sessions)
		return inspect_error(x, "'%s %s' is for objects in the kernel", o->name, c->name);
	if (x->is_of_sessions && c->run != sessions_show && sessions_choose(x))
		return -1;
	return c->run(x, w);
}

enum { OPTION_PID = 256 };

static const struct option long_options[] = {
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {"pretty", no_argument, NULL, 'p'},
    {"version", no_argument, NULL, 'V'},
    {"bpffs", no_argument, NULL, 'f'},
    {"mapcompat", no_argument, NULL, 'm'},
    {"nomount", no_argument, NULL, 'n'},
    {"debug", no_argument, NULL, 'd'},
    {"use-loader", no_argument, NULL, 'L'},
    {"base-btf", required_argument, NULL, 'B'},
    {"pid", required_argument, NULL, OPTION_PID},
    {NULL},
};

enum reading { READ_GO_ON, READ_HELP, READ_VERSION, READ_BAD };

/* The first word that is no option of ours goes to *ret_bad. */
static enum reading read_options(struct inspect *x, int argc, char **argv, const char **ret_bad)
{
	enum reading reading = READ_GO_ON;
	int c;

	*ret_bad = NULL;
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, "jhpVfmndLB:l", long_options, NULL)) != -1)
		switch (c) {
		case 'p':
			x->is_pretty = true;
			x->is_json = true;
			break;
		case 'j':
			x->is_json = true;
			break;
		case 'f':
			x->shows_pins = true;
			break;
		case 'm':
			x->is_compatible = true;
			break;
		case 'n':
			x->may_not_mount = true;
			break;
		case 'd':
			x->is_debug = true;
			break;
		case 'L':
			x->has_loader = true;
			break;
		case 'B':
			x->base_btf = optarg;
			break;
		case 'l':
			break;
		case OPTION_PID:
			x->pid = optarg;
			if (!x->is_of_sessions && !*ret_bad)
				*ret_bad = "--pid";
			break;
		case 'h':
			if (reading == READ_GO_ON)
				reading = READ_HELP;
			break;
		case 'V':
			reading = READ_VERSION;
			break;
		default:
			if (!*ret_bad)
				*ret_bad = argv[optind - 1];
			break;
		}
	return *ret_bad && reading == READ_GO_ON ? READ_BAD : reading;
}

static int run(int argc, char **argv, bool is_of_sessions)
{
	own_arena struct arena *a = arena_create();
	struct inspect x = {.a = a,
	                    .program = argv[0],
	                    .is_of_sessions = is_of_sessions,
	                    .objects = is_of_sessions ? session_objects : inspect_objects};
	const char *bad;
	enum reading reading = read_options(&x, argc, argv, &bad);
	struct words w = {argv + optind, argc - optind};
	int status;

	/* A reader sees each line at once in a terminal; a dump into a file is not slowed. */
	if (isatty(STDOUT_FILENO))
		setlinebuf(stdout);
	if (x.is_json)
		json_begin(&x.json, stdout, x.is_pretty);
	switch (reading) {
	case READ_VERSION:
		status = inspect_version(&x, &w);
		break;
	case READ_HELP:
		status = usage(&x, NULL, 0);
		break;
	case READ_BAD:
		status = inspect_error(&x, "unrecognized option '%s'", bad);
		if (!x.is_json)
			inspect_usage(&x, NULL);
		break;
	default:
		status = inspect_dispatch(&x, &w);
	}
	if (x.is_json)
		json_end(&x.json);
	return status & 0xff;
}

int inspect_run(int argc, char **argv)
{
	return run(argc, argv, false);
}

int inspect_run_session(int argc, char **argv)
{
	return run(argc, argv, true);
}
