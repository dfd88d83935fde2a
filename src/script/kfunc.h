/* Functions of the kernel that programs may call ("kfuncs"), as the language sees them: found in
 * the kernel's BTF by name, their parameters by type and by what their names end in
 * (Documentation/bpf/kfuncs.rst). Shared by infer_kfunc.c and lower_kfunc.c. */
#ifndef SKEP_SCRIPT_KFUNC_H
#define SKEP_SCRIPT_KFUNC_H

#include <stdint.h>

#include "types/type.h"

enum kfunc_takes {
	TAKES_NUMBER,
	TAKES_CONSTANT, /* a number known when compiling */
	TAKES_TEXT,     /* a literal */
	TAKES_MEMORY,   /* as many bytes as the next argument says */
	TAKES_MAP,
	TAKES_OBJECT,  /* a pointer to this struct */
	TAKES_ADDRESS, /* any other pointer */
	TAKES_OTHER,   /* what scripts have no values of */
};

/* What parameter i of a prototype (TYPE_FUNC) takes. */
enum kfunc_takes kfunc_takes(const struct type *proto, uint32_t i);

#endif
