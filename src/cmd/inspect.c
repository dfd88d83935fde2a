/* See cmd/inspect.h. */
#include "cmd/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"

bool inspect_called_as(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return !strcmp(slash ? slash + 1 : argv0, "bpftool");
}

int cmd_inspect(int argc, char **argv)
{
	static char skep[] = "skep";
	char **line = calloc((size_t)argc + 2, sizeof(*line));
	int status;

	if (!line)
		return 1;
	line[0] = skep;
	memcpy(line + 1, argv, (size_t)argc * sizeof(*line));
	status = inspect_run(argc + 1, line);
	free(line);
	return status;
}
