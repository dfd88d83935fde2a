/* What later stages ask about a typed tree. */
#ifndef SKEP_SCRIPT_INFER_H
#define SKEP_SCRIPT_INFER_H

#include "script/ast.h"

/* Compare the operands of this NODE_BINARY (each extended to 64 bits by its own signedness) as
 * signed numbers? The rule stands in infer_expr.c. Only for integers, bools, enums and pointers. */
bool infer_compare_is_signed(const struct node *binary);

/* Is the value of `n`, a number or truth in the probe, known without its targets? Looks at a copy and
 * reports nothing. The probe's kind has to be set. */
bool infer_known(struct unit *u, struct probe *p, const struct node *n, uint64_t *ret_value);

#endif
