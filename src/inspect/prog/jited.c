#include "inspect/prog/dump.h"
int dump_jited(struct inspect *x, const struct loaded *l, struct naming *n,
               const struct dump_options *o)
{
	(void)l, (void)n, (void)o;
	return inspect_error(x, "No JIT disassembly support");
}
