/* skep: the first word decides who answers, or the name that it is called by. */
#include <stdlib.h>
#include <string.h>

#include "cmd/flamegraph.h"
#include "cmd/inspect.h"
#include "cmd/tools.h"
#include "cmd/trace.h"
#include "cmd/vm.h"
#include "inspect/inspect.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the verb */
} verbs[] = {
#define VERB(name, run, arguments, help) {name, run},
#include "cmd/verbs.def"
#undef VERB
};

/* Through a link of the tool NAME: as `skep NAME` would be. */
static int run_tool(int argc, char **argv)
{
	char **line = calloc((size_t)argc + 2, sizeof(*line));
	int status;

	if (!line)
		return 1;
	memcpy(line + 1, argv, (size_t)argc * sizeof(*line));
	line[0] = argv[0];
	line[1] = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	status = cmd_trace(argc + 1, line);
	free(line);
	return status;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	/* Called as bpftrace it knows no verbs, as that one doesn't. A script whose file has a
	 * verb's name is run as ./vm. */
	bool has_verbs = strcmp(slash ? slash + 1 : argv[0], "bpftrace") != 0;

	if (inspect_called_as(argv[0])) {
		argv[0] = "bpftool";
		return inspect_run(argc, argv);
	}
	if (tools_called_as(argv[0]))
		return run_tool(argc, argv);
	for (size_t k = 0; has_verbs && argc > 1 && k < sizeof(verbs) / sizeof(*verbs); k++)
		if (!strcmp(argv[1], verbs[k].name))
			return verbs[k].run(argc - 1, argv + 1);
	return cmd_trace(argc, argv);
}
