/* `batch file FILE`: a command a line, until one fails.
 *
 * `#` begins a comment wherever it stands, a backslash at the end of a line takes the next one
 * along, and a word that begins with a quotation mark goes on to the next such mark. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "inspect/internal.h"

enum { LINE_MOST_B = 65536, WORDS_MOST = 4096 };

struct batch {
	FILE *from;
	struct strbuf line;
	char *part; /* getline()'s */
	size_t part_cap;
	int n_run; /* commands, which is also the number of the one that is being read */
};

/* One line of the file behind what `line` has. False: there is none. */
static bool add_part(struct batch *b, bool *ret_goes_on)
{
	ssize_t n = getline(&b->part, &b->part_cap, b->from);
	char *comment;
	size_t len_b;

	if (n < 0)
		return false;
	comment = strchr(b->part, '#');
	if (comment)
		*comment = '\0';
	len_b = strlen(b->part);
	if (len_b && b->part[len_b - 1] == '\n')
		len_b--;
	*ret_goes_on = len_b && b->part[len_b - 1] == '\\';
	sb_add(&b->line, b->part, len_b - *ret_goes_on);
	if (*ret_goes_on)
		sb_addc(&b->line, ' ');
	return true;
}

/* The next command's line; 0: the file is over, negative: reported. */
static int read_line(struct inspect *x, struct batch *b)
{
	bool goes_on;

	sb_reset(&b->line);
	errno = 0;
	if (!add_part(b, &goes_on)) {
		if (ferror(b->from))
			return inspect_error(x, "reading batch file failed: %s", strerror(errno));
		return 0;
	}
	while (goes_on && b->line.n <= LINE_MOST_B)
		if (!add_part(b, &goes_on))
			return inspect_error(x, "missing continuation line on command %d",
			                     b->n_run);
	if (b->line.n > LINE_MOST_B)
		return inspect_error(x, "command %d is too long", b->n_run);
	return 1;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The line's words, which are cut out of it. How many, or negative: reported. */
static int split(struct inspect *x, struct batch *b, char **ret)
{
	char *p = b->line.s;
	int n = 0;

	for (;;) {
		while (p && is_blank(*p))
			p++;
		if (!p || !*p)
			return n;
		if (n == WORDS_MOST)
			return inspect_error(x, "too many arguments to command %d", b->n_run);
		if (*p == '\'' || *p == '"') {
			char mark = *p++;

			ret[n++] = p;
			p = strchr(p, mark);
			if (!p)
				return inspect_error(x, "unterminated quoted string in command %d",
				                     b->n_run);
		} else {
			ret[n++] = p;
			while (*p && !is_blank(*p))
				p++;
		}
		if (*p)
			*p++ = '\0';
	}
}

/* As if it stood alone: what the one before found out about the machine may be over. */
static int run(struct inspect *x, char **words, int n)
{
	own_arena struct arena *a = arena_create();
	struct arena *whole = x->a;
	struct words w = {words, n};
	int status;

	x->a = a;
	memset(&x->holders, 0, sizeof(x->holders));
	memset(&x->pins, 0, sizeof(x->pins));
	x->knows_holders = x->knows_pins = false;
	if (x->is_json) {
		json_open(&x->json, '{');
		json_key(&x->json, "command");
		json_open(&x->json, '[');
		for (int i = 0; i < n; i++)
			json_string(&x->json, words[i]);
		json_close(&x->json, ']');
		json_key(&x->json, "output");
	}
	status = inspect_dispatch(x, &w);
	if (x->is_json) {
		if (json_wants_value(&x->json))
			json_null(&x->json);
		json_close(&x->json, '}');
	}
	fflush(stdout);
	x->a = whole;
	return status;
}

static int run_lines(struct inspect *x, struct batch *b)
{
	char **words = arena_array(x->a, char *, WORDS_MOST);
	int status = 0, n;

	if (x->is_json)
		json_open(&x->json, '[');
	while (!status && (n = read_line(x, b)) != 0) {
		if (n > 0)
			n = split(x, b, words);
		if (n > 0) {
			status = run(x, words, n);
			b->n_run++;
		} else if (n < 0) {
			status = n;
		}
	}
	if (x->is_json)
		json_close(&x->json, ']');
	else if (!status)
		printf("processed %d commands\n", b->n_run);
	return status;
}

int inspect_batch(struct inspect *x, struct words *w)
{
	struct batch b = {0};
	const char *path;
	int status;

	if (w->n < 2)
		return inspect_error(x, "too few parameters for batch");
	if (!word_is(w->at[0], "file"))
		return inspect_error(x, "expected 'file', got: %s", w->at[0]);
	if (w->n > 2)
		return inspect_error(x, "too many parameters for batch");
	path = w->at[1];
	b.from = strcmp(path, "-") != 0 ? fopen(path, "re") : stdin;
	if (!b.from)
		return inspect_error(x, "Can't open file (%s): %s", path, strerror(errno));
	x->is_batch = true;
	status = run_lines(x, &b);
	x->is_batch = false;
	if (b.from != stdin)
		fclose(b.from);
	free(b.part);
	sb_free(&b.line);
	return status;
}
