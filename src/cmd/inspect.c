/* See cmd/inspect.h. */
#include "cmd/inspect.h"
#include "cmd/vm.h"

#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"

bool inspect_called_as(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return !strcmp(slash ? slash + 1 : argv0, "bpftool");
}

/* `name` in front of the words, as usage has it. */
static int run(char *name, int argc, char **argv, int (*inspect)(int argc, char **argv))
{
	char **line = calloc((size_t)argc + 2, sizeof(*line));
	int status;

	if (!line)
		return 1;
	line[0] = name;
	memcpy(line + 1, argv, (size_t)argc * sizeof(*line));
	status = inspect(argc + 1, line);
	free(line);
	return status;
}

int cmd_inspect(int argc, char **argv)
{
	static char name[] = "skep";

	return run(name, argc, argv, inspect_run);
}

int cmd_vm_inspect(int argc, char **argv)
{
	static char name[] = "skep vm";

	return run(name, argc, argv, inspect_run_session);
}
