/* What later stages ask about a typed tree. */
#ifndef SKEP_SCRIPT_INFER_H
#define SKEP_SCRIPT_INFER_H

#include "script/ast.h"

/* Compare the operands of this NODE_BINARY (each extended to 64 bits by its own signedness) as
 * signed numbers? The rule stands in infer_expr.c. Only for integers, bools, enums and pointers. */
bool infer_compare_is_signed(const struct node *binary);

#endif
