/* Inside of the reader of a program's types. */
#ifndef SKEP_TYPES_DWARF_PRIV_H
#define SKEP_TYPES_DWARF_PRIV_H

#include <elfutils/libdw.h>

#include "types/types_priv.h"

struct dwarf_reader;

struct dwarf_origin {
	struct type_origin head;
	struct dwarf_reader *reader;
	Dwarf_Die die;
};

/* What was made of one DIE. */
struct made {
	struct dwarf_origin origin;
	const struct type *full, *shallow;
	bool is_open; /* its members are being read */
};

struct dwarf_reader {
	struct type_source head;
	struct types *ts;
	Dwarf *dw;
	Dwarf_Die near;            /* addr NULL: none */
	struct strmap made;        /* address of a DIE -> struct made */
	struct strmap enumerators; /* name -> its enum; made at the first question */
	bool has_enumerators;
	unsigned depth;
};

/* dwarf.c */
const struct type *dwarf_read_die(struct dwarf_reader *r, Dwarf_Die *die);
const struct type *dwarf_read_ref(struct dwarf_reader *r, Dwarf_Die *die, bool is_full);
/* dwarf_names.c: the rest of a type that is incomplete so far. */
const struct type *dwarf_origin_complete(const struct type_origin *from);

#endif
