/* `prog run`: one run, or many, by BPF_PROG_TEST_RUN, on data and a context out of files. */
#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "inspect/prog/prog.h"

enum { OUT_B = 32 * 1024, ROW_B = 16 };

/* What goes in and comes out, twice: the data and the context. */
struct run_buffer {
	const char *in_path, *out_path;
	char *in, *out;
	size_t in_b;
	uint32_t out_b;
};

struct run {
	struct run_buffer data, context;
	uint32_t repeat;
};

/* ---- words ----------------------------------------------------------------------------------- */

enum word_kind { WORD_FILE, WORD_NUMBER };

struct run_word {
	const char *name;
	enum word_kind kind;
	void *to;
	const char *what; /* a number, in messages */
};

enum { WORD_N = 7 };

static int parse_number(struct inspect *x, const char *value, const struct run_word *r)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 0);
	if (*end || !*value || *value == '-' || errno || n > UINT32_MAX)
		return inspect_error(x, "can't parse %s as %s", value, r->what);
	*(uint32_t *)r->to = (uint32_t)n;
	return 0;
}

/* The one that begins so; several may. */
static int find_word(struct inspect *x, const struct run_word *all, const char *word)
{
	char *which = NULL;
	int found = -1, n = 0;

	for (int i = 0; i < WORD_N; i++) {
		if (!word_is(word, all[i].name))
			continue;
		which = which ? arena_printf(x->a, "%s or '%s'", which, all[i].name)
		              : arena_printf(x->a, "'%s'", all[i].name);
		found = i;
		n++;
	}
	if (n > 1)
		return inspect_error(x, "ambiguous prefix: '%s' could be %s", word, which);
	if (!n)
		return inspect_error(
		    x,
		    "expected no more arguments, 'data_in', 'data_out', 'data_size_out', "
		    "'ctx_in', 'ctx_out', 'ctx_size_out' or 'repeat', got: '%s'?",
		    word);
	return found;
}

static int parse(struct inspect *x, struct words *w, struct run *r)
{
	const struct run_word all[WORD_N] = {
	    {"data_in", WORD_FILE, &r->data.in_path, NULL},
	    {"data_out", WORD_FILE, &r->data.out_path, NULL},
	    {"data_size_out", WORD_NUMBER, &r->data.out_b, "output data size"},
	    {"ctx_in", WORD_FILE, &r->context.in_path, NULL},
	    {"ctx_out", WORD_FILE, &r->context.out_path, NULL},
	    {"ctx_size_out", WORD_NUMBER, &r->context.out_b, "output context size"},
	    {"repeat", WORD_NUMBER, &r->repeat, "repeat number"},
	};

	while (w->n) {
		int i = find_word(x, all, word_next(w));

		if (i < 0 || !words_need(x, w, 1))
			return -1;
		if (all[i].kind == WORD_FILE)
			*(const char **)all[i].to = word_next(w);
		else if (parse_number(x, word_next(w), &all[i]))
			return -1;
	}
	if (r->data.in_path && r->context.in_path && !strcmp(r->data.in_path, "-") &&
	    !strcmp(r->context.in_path, "-"))
		return inspect_error(x, "cannot use standard input for both data_in and ctx_in");
	return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool is_standard(const char *path)
{
	return !strcmp(path, "-");
}

static int prepare(struct inspect *x, struct run_buffer *b)
{
	int err;

	if (b->in_path) {
		err = file_read(x->a, is_standard(b->in_path) ? "/dev/stdin" : b->in_path, &b->in,
		                &b->in_b);
		if (err)
			return inspect_error(x, "failed to open %s: %s", b->in_path,
			                     strerror(-err));
	}
	if (!b->out_path)
		b->out_b = 0;
	else if (!b->out_b)
		b->out_b = OUT_B;
	b->out = b->out_b ? calloc(1, b->out_b) : NULL;
	if (b->out_b && !b->out)
		return inspect_error(x, "%u bytes of output do not fit the memory", b->out_b);
	return 0;
}

/* Rows as of xxd, but for a gap in the middle of the characters. */
static void dump_hex(const unsigned char *bytes, uint32_t n_b)
{
	for (uint32_t row = 0; row < n_b; row += ROW_B) {
		uint32_t n = n_b - row < ROW_B ? n_b - row : ROW_B;

		printf("%07x\t", row);
		for (uint32_t i = 0; i < ROW_B; i++) {
			if (i < n)
				printf("%02x", bytes[row + i]);
			else
				printf("  ");
			if (i % 2)
				putchar(' ');
		}
		printf("| ");
		for (uint32_t i = 0; i < n; i++) {
			putchar(isprint(bytes[row + i]) ? bytes[row + i] : '.');
			if (i == ROW_B / 2 - 1)
				putchar(' ');
		}
		putchar('\n');
	}
}

static int write_out(struct inspect *x, const struct run_buffer *b, const char *name)
{
	int err;

	if (!b->out_path)
		return 0;
	if (!is_standard(b->out_path)) {
		err = file_write(b->out_path, b->out, b->out_b);
		return err ? inspect_error(x, "failed to open %s: %s", b->out_path, strerror(-err))
		           : 0;
	}
	if (!x->is_json) {
		dump_hex((const unsigned char *)b->out, b->out_b);
		return 0;
	}
	json_key(&x->json, name);
	json_open(&x->json, '[');
	for (uint32_t i = 0; i < b->out_b; i++)
		json_uint(&x->json, (unsigned char)b->out[i]);
	json_close(&x->json, ']');
	return 0;
}

/* ---- the run --------------------------------------------------------------------------------- */

/* What files there are to write is written first: an answer has an error or a result. */
static int say(struct inspect *x, const struct run *r, const struct bpf_test_run_opts *o)
{
	struct run_buffer buffers[2] = {r->data, r->context};
	static const char *const names[2] = {"data_out", "ctx_out"};

	for (int i = 0; i < 2; i++)
		if (buffers[i].out_path && !is_standard(buffers[i].out_path)) {
			if (write_out(x, &buffers[i], names[i]))
				return -1;
			buffers[i].out_path = NULL;
		}
	if (x->is_json)
		json_open(&x->json, '{');
	for (int i = 0; i < 2; i++)
		write_out(x, &buffers[i], names[i]);
	if (x->is_json) {
		json_member_uint(&x->json, "retval", o->retval);
		json_member_uint(&x->json, "duration", o->duration);
		json_close(&x->json, '}');
		return 0;
	}
	printf("Return value: %u, duration%s: %uns\n", o->retval, r->repeat > 1 ? " (average)" : "",
	       o->duration);
	return 0;
}

static int run_prog(struct inspect *x, int fd, struct run *r)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = r->data.in,
	            .data_size_in = (uint32_t)r->data.in_b, .data_out = r->data.out,
	            .data_size_out = r->data.out_b, .ctx_in = r->context.in,
	            .ctx_size_in = (uint32_t)r->context.in_b, .ctx_out = r->context.out,
	            .ctx_size_out = r->context.out_b, .repeat = (int)r->repeat);
	int status;

	if (bpf_prog_test_run_opts(fd, &opts)) {
		status = -errno;
		inspect_error(x, "failed to run program: %s", strerror(errno));
		return status;
	}
	/* How much there was; it is not more than there was room for. */
	if (opts.data_size_out < r->data.out_b)
		r->data.out_b = opts.data_size_out;
	if (opts.ctx_size_out < r->context.out_b)
		r->context.out_b = opts.ctx_size_out;
	return say(x, r, &opts);
}

int prog_run(struct inspect *x, struct words *w)
{
	struct run r = {.repeat = 1};
	int fd, status;

	if (!words_need(x, w, 4))
		return -1;
	fd = prog_of(x, w);
	if (fd < 0)
		return -1;
	status = parse(x, w, &r);
	if (!status)
		status = prepare(x, &r.data);
	if (!status)
		status = prepare(x, &r.context);
	if (!status)
		status = run_prog(x, fd, &r);
	free(r.data.out);
	free(r.context.out);
	close(fd);
	return status;
}
