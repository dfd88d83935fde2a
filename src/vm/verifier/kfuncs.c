/* Which kernel functions there are, and for whom. */
#include "base/strbuf.h"
#include "vm/verifier/context.h"

bool kfunc_find(const struct vm_program *p, const char *name, uint32_t *ret_flags,
                struct strbuf *why)
{
	(void)p;
	(void)ret_flags;
	sb_addf(why, "calling kernel function %s is not allowed", name);
	return false;
}
