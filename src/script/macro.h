/* What other stages ask about expanded macros. */
#ifndef SKEP_SCRIPT_MACRO_H
#define SKEP_SCRIPT_MACRO_H

#include "script/ast.h"

/* Say under the report made last which calls the code came from, innermost first. */
void macro_add_origin(struct diag *d, const struct origin *origin);

/* Macro calls in one expression that stands in no probe. False: reported. */
bool macro_expand_in(struct unit *u, struct node **slot);

#endif
