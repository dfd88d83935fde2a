/* The standard library: macros in the language itself (the .bt files in stdlib/), part of the
 * binary. */
#ifndef SKEP_SCRIPT_STDLIB_H
#define SKEP_SCRIPT_STDLIB_H

#include "script/ast.h"

/* Read the module that defines the macro `name` into u->macros, unless that was done before. False
 * if no module has it; a script that uses no library macro pays a few string comparisons. */
bool stdlib_load(struct unit *u, const char *name);
/* Is there a module of this name (`import "NAME"`)? */
bool stdlib_has_module(const char *name);

#endif
