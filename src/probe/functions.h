/* Inside of the probe room: which functions the running kernel has. */
#ifndef SKEP_PROBE_FUNCTIONS_H
#define SKEP_PROBE_FUNCTIONS_H

#include "probe/probe.h"

struct kernel_func {
	const char *name;
	const char *module; /* "vmlinux" or the module's name; not NULL */
	uint32_t btf_id;    /* in that module's BTF; 0: not looked up, or it has none */
};
/* Some or all of them; all are shared, so release with kernel_funcs_free(). Names live as long as
 * the context. */
struct kernel_funcs {
	const struct kernel_func *items;
	size_t n;
	struct kernel_func *own; /* NULL: shared */
};
void kernel_funcs_free(struct kernel_funcs *list);

/* Functions a kprobe can be put on, by wildcards of module and name ("*": any); sorted by name,
 * then module. With `want_btf`, btf_id is filled in where there is one. */
struct kernel_funcs kernel_funcs_traceable(struct probe_context *cx, const char *module,
                                           const char *name, bool want_btf);
/* Functions with BTF that are traceable as far as we can see; not all of them fit a trampoline. */
struct kernel_funcs kernel_funcs_typed(struct probe_context *cx, const char *module,
                                       const char *name);
/* Does it? */
bool kernel_func_fits(struct probe_context *cx, const struct kernel_func *f);
/* Is there a traceable function of exactly this name (module NULL: anywhere)? True also if nothing
 * tells. */
bool kernel_func_is_traceable(struct probe_context *cx, const char *module, const char *name);
/* A traceable function's name near to this one, or NULL. */
const char *kernel_func_nearest(struct probe_context *cx, const char *name);
/* Is the module loaded ("vmlinux" always is)? */
bool kernel_module_is_loaded(struct probe_context *cx, const char *module);

#endif
