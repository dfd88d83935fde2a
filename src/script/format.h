/* A script in its usual layout. */
#ifndef SKEP_SCRIPT_FORMAT_H
#define SKEP_SCRIPT_FORMAT_H

#include "base/strbuf.h"
#include "script/ast.h"

/* `u` is parsed, and its source is `text`, which ends in a NUL. Appends to `out`. */
bool format_unit(const struct unit *u, const char *text, size_t len_b, struct strbuf *out);

#endif
