/* `prog dump`: which programs, in which form, where to. */
#include "inspect/prog/dump.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "inspect/prog/prog.h"

int write_file(struct inspect *x, const char *path, const void *bytes, size_t len_b)
{
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const char *p = bytes;

	if (fd < 0)
		return inspect_error(x, "can't open file %s: %s", path, strerror(errno));
	while (len_b) {
		ssize_t n = write(fd, p, len_b);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return inspect_error(x, "error writing output file: %s", strerror(errno));
		p += n;
		len_b -= (size_t)n;
	}
	return 0;
}

/* The words behind the program; false: reported. */
static bool read_options(struct inspect *x, struct words *w, struct dump_options *o)
{
	bool has_form = false;

	while (w->n) {
		const char *word = word_next(w);

		if (word_is(word, "file")) {
			o->file = word_next(w);
			if (!o->file)
				return inspect_error(x, "expected file path"), false;
		} else if (word_is(word, "opcodes")) {
			has_form = o->has_opcodes = true;
		} else if (word_is(word, "linum")) {
			has_form = o->has_line_numbers = true;
		} else if (!o->is_jited && word_is(word, "visual")) {
			has_form = o->is_visual = true;
		} else {
			return inspect_say_usage(x, &prog_object), false;
		}
	}
	if (o->file && has_form)
		return inspect_error(
		           x, "'file' is not compatible with 'opcodes', 'visual', or 'linum'"),
		       false;
	if (o->is_visual && x->is_json)
		return inspect_error(x, "'visual' is not compatible with JSON output"), false;
	return true;
}

static int tell_hidden(struct inspect *x, const char *what)
{
	return inspect_error(x,
	                     "error retrieving %s dump: no instructions returned or "
	                     "kernel.kptr_restrict set?",
	                     what);
}

int dump_open(struct inspect *x, int fd, struct loaded *ret)
{
	int err = loaded_open(x->a, fd, ret);

	if (err)
		return inspect_error(x, "can't get prog info: %s", strerror(-err));
	return ret->n_insns ? 0 : tell_hidden(x, "xlated");
}

static int dump_one(struct inspect *x, const struct loaded *l, struct naming *n,
                    const struct dump_options *o)
{
	int status;

	if (o->is_jited ? !l->code_b : !l->n_insns)
		return tell_hidden(x, o->is_jited ? "jit" : "xlated");
	n->program = l;
	if (o->file) {
		status = o->is_jited ? write_file(x, o->file, l->code, l->code_b)
		                     : write_file(x, o->file, l->insns,
		                                  (size_t)l->n_insns * sizeof(*l->insns));
		if (!status)
			say_done(x);
		return status;
	}
	return o->is_jited ? dump_jited(x, l, n, o) : dump_xlated(x, l, n, o);
}

/* One of several: under what begins it in `prog show`. */
static int dump_headed(struct inspect *x, const struct loaded *l, struct naming *n,
                       const struct dump_options *o)
{
	int status;

	if (x->is_json)
		json_open(&x->json, '{');
	prog_show_heading(x, &l->info, l->name);
	if (x->is_json)
		json_key(&x->json, "insns");
	else
		printf("\n");
	status = dump_one(x, l, n, o);
	if (x->is_json)
		json_close(&x->json, '}');
	return status;
}

static int dump_all(struct inspect *x, fd_list *fds, const struct dump_options *o)
{
	struct naming n;
	int status = 0;

	naming_begin(&n);
	if (x->is_json && fds->n > 1)
		json_open(&x->json, '[');
	for (size_t i = 0; i < fds->n && !status; i++) {
		struct loaded l;
		int err = loaded_open(x->a, fds->items[i], &l);

		if (err)
			status = inspect_error(x, "can't get prog info: %s", strerror(-err));
		else if (fds->n > 1)
			status = dump_headed(x, &l, &n, o);
		else
			status = dump_one(x, &l, &n, o);
		loaded_close(&l);
		if (!x->is_json && i + 1 < fds->n)
			printf("\n");
	}
	if (x->is_json && fds->n > 1)
		json_close(&x->json, ']');
	naming_end(&n);
	return status;
}

int prog_dump(struct inspect *x, struct words *w)
{
	struct dump_options o = {0};
	fd_list fds = {0};
	const char *word;
	int n, status;

	if (!words_need(x, w, 1))
		return -1;
	word = word_next(w);
	if (word_is(word, "jited"))
		o.is_jited = true;
	else if (!word_is(word, "xlated"))
		return inspect_error(x, "expected 'xlated' or 'jited', got: %s", word);
	n = progs_of(x, w, &fds);
	if (n < 0)
		return n;
	if (!read_options(x, w, &o))
		status = -1;
	else if (n > 1 && (o.file || o.is_visual))
		status = inspect_error(x, "several programs matched");
	else
		status = dump_all(x, &fds, &o);
	close_all(&fds);
	return status;
}
