/* Types of a program, from its DWARF: the third reader beside BTF and C declarations. Reads by
 * name and by DIE, never the whole file. Linked only where libdw is: types.h knows it as a
 * `struct type_source`. */
#ifndef SKEP_TYPES_DWARF_H
#define SKEP_TYPES_DWARF_H

#include <stdbool.h>
#include <elfutils/libdw.h>

#include "types/types.h"

/* The reader over one program, NULL handle not allowed; made once per handle. It lives with `ts`,
 * may be asked as long as `dw` is open; the types stay readable afterwards. */
struct type_source *dwarf_types(struct types *ts, Dwarf *dw);
/* Look by name in this DIE's unit before all others; NULL: in no particular one. */
void dwarf_types_near(struct type_source *src, Dwarf_Die *die);

/* What DW_AT_type of this DIE says, fields included; void if it has none. */
const struct type *dwarf_type_of(struct type_source *src, Dwarf_Die *die);
/* A function's prototype: parameters as fields by name (unnamed ones as arg0, arg1, ...), `...` as
 * one of no type. NULL: `die` is no function. */
const struct type *dwarf_func_type(struct type_source *src, Dwarf_Die *die);

#endif
