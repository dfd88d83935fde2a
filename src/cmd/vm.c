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

/* Of one word, or of all with NULL. */
static void usage(const char *word, FILE *out)
{
	fputs("USAGE:\n", out);
	for (size_t k = 0; k < N_WORDS; k++)
		if (!word || !strcmp(words[k].name, word))
			fprintf(out, "    skep vm %s %s\n        %s\n", words[k].name,
			        words[k].arguments, words[k].help);
}

static bool asks_for_help(const char *arg)
{
	return arg && (!strcmp(arg, "--help") || !strcmp(arg, "-h"));
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
		usage(NULL, stderr);
		return VM_TROUBLE;
	}
	if (asks_for_help(argv[1]) || !strcmp(argv[1], "help")) {
		usage(NULL, stdout);
		return VM_OK;
	}
	for (size_t k = 0; k < N_WORDS; k++) {
		if (strcmp(argv[1], words[k].name) != 0)
			continue;
		if (!asks_for_help(argv[2]))
			return words[k].run(argc - 1, argv + 1);
		usage(words[k].name, stdout);
		return VM_OK;
	}
	fprintf(stderr, "ERROR: 'skep vm' has no word '%s'\n", argv[1]);
	usage(NULL, stderr);
	return VM_TROUBLE;
}
