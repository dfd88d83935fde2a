/* `btf dump`: the words, and which listing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/btf/btf.h"

struct dump {
	bool is_c, is_unsorted;
};

static int add_root(struct inspect *x, const char *word, struct btf_source *s)
{
	uint32_t id;

	if (!word_number(word, &id) || !id) {
		inspect_error(x, "invalid root ID: %s", word);
		return -EINVAL;
	}
	for (unsigned i = 0; i < s->n_roots; i++)
		if (s->roots[i] == id) {
			inspect_error(x, "duplicate root_id %u supplied", id);
			return -EINVAL;
		}
	if (s->n_roots == ROOTS_MOST) {
		inspect_error(x, "only %d types can be asked for by root_id", ROOTS_MOST);
		return -E2BIG;
	}
	s->roots[s->n_roots++] = id;
	return 0;
}

static int read_format(struct inspect *x, struct words *w, struct dump *d)
{
	const char *word = word_next(w);

	if (!word) {
		inspect_error(x, "expecting value for 'format' option");
		return -EINVAL;
	}
	if (!strcmp(word, "c")) {
		d->is_c = true;
	} else if (!strcmp(word, "raw")) {
		d->is_c = false;
	} else {
		inspect_error(x, "unrecognized format specifier: '%s', possible values: raw, c",
		              word);
		return -EINVAL;
	}
	if (w->n && word_is(w->at[0], "unsorted")) {
		d->is_unsorted = true;
		word_next(w);
	}
	return 0;
}

static int read_options(struct inspect *x, struct words *w, struct dump *d, struct btf_source *s)
{
	int status = 0;

	while (w->n && !status) {
		const char *word = word_next(w);

		if (word_is(word, "format")) {
			status = read_format(x, w, d);
		} else if (word_is(word, "root_id")) {
			if (s->has_chosen) {
				inspect_error(x, "cannot use root_id with other type filtering");
				return -EINVAL;
			}
			if (!w->n) {
				inspect_error(x, "expecting value for 'root_id' option");
				return -EINVAL;
			}
			status = add_root(x, word_next(w), s);
		} else {
			inspect_error(x, "unrecognized option: '%s'", word);
			status = -EINVAL;
		}
	}
	return status;
}

static int check_roots(struct inspect *x, const struct btf_source *s)
{
	for (unsigned i = 0; i < s->n_roots; i++)
		if (s->roots[i] >= btf_end(s->file)) {
			inspect_error(x, "invalid root ID: %u", s->roots[i]);
			return -EINVAL;
		}
	return 0;
}

int btf_dump(struct inspect *x, struct words *w)
{
	struct btf_source s = {0};
	struct dump d = {0};
	int status;

	if (!words_need(x, w, 2)) {
		if (!x->is_json)
			inspect_usage(x, &btf_object);
		return -1;
	}
	status = btf_source_find(x, w, &s);
	if (!status)
		status = read_options(x, w, &d, &s);
	if (!status)
		status = check_roots(x, &s);
	if (!status && d.is_c && x->is_json) {
		inspect_error(x, "JSON output for C-syntax dump is not supported");
		status = -EOPNOTSUPP;
	}
	if (!status && d.is_c)
		status = btf_dump_c(x, &s, !d.is_unsorted);
	else if (!status)
		btf_dump_raw(x, &s);
	btf_source_close(&s);
	return status;
}
