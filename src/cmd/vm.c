/* `skep vm`: which word answers, and what they share. */
#include "cmd/vm.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"

struct word {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *help;
};

static const struct word words[] = {
#define WORD(name, run, arguments, help) {name, run, arguments, help},
#include "cmd/vm.def"
#undef WORD
};
enum { N_WORDS = sizeof(words) / sizeof(*words) };

static void usage(FILE *out)
{
	fputs("USAGE:\n", out);
	for (size_t k = 0; k < N_WORDS; k++)
		fprintf(out, "    skep vm %s %s\n        %s\n", words[k].name, words[k].arguments,
		        words[k].help);
}

int vm_usage_error(const char *word, const char *text)
{
	if (text)
		fprintf(stderr, "ERROR: %s\n", text);
	for (size_t k = 0; k < N_WORDS; k++)
		if (!strcmp(words[k].name, word))
			fprintf(stderr, "USAGE: skep vm %s %s\n", word, words[k].arguments);
	return VM_TROUBLE;
}

bool vm_read_input(struct arena *a, const char *path, char **ret, size_t *ret_len_b)
{
	bool is_stdin = !strcmp(path, "-");
	int err = file_read(a, is_stdin ? "/dev/stdin" : path, ret, ret_len_b);

	if (err)
		fprintf(stderr, "ERROR: cannot read %s: %s\n", is_stdin ? "standard input" : path,
		        strerror(-err));
	return !err;
}

int cmd_vm(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return VM_TROUBLE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return VM_OK;
	}
	for (size_t k = 0; k < N_WORDS; k++)
		if (!strcmp(argv[1], words[k].name))
			return words[k].run(argc - 1, argv + 1);
	fprintf(stderr, "ERROR: 'skep vm' has no word '%s'\n", argv[1]);
	usage(stderr);
	return VM_TROUBLE;
}
