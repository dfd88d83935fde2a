/* skep: the first word decides who answers. */
#include <string.h>

#include "cmd/flamegraph.h"
#include "cmd/trace.h"
#include "cmd/vm.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the verb */
} verbs[] = {
#define VERB(name, run, arguments, help) {name, run},
#include "cmd/verbs.def"
#undef VERB
};

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	/* Called as bpftrace it knows no verbs, as that one doesn't. A script whose file has a
	 * verb's name is run as ./vm. */
	bool has_verbs = strcmp(slash ? slash + 1 : argv[0], "bpftrace") != 0;

	for (size_t k = 0; has_verbs && argc > 1 && k < sizeof(verbs) / sizeof(*verbs); k++)
		if (!strcmp(argv[1], verbs[k].name))
			return verbs[k].run(argc - 1, argv + 1);
	return cmd_trace(argc, argv);
}
