/* Imported objects: functions that a BPF compiler made, for scripts to call. Shared by import.c,
 * object.c, infer_object.c and lower_object.c. */
#ifndef SKEP_SCRIPT_OBJECT_H
#define SKEP_SCRIPT_OBJECT_H

#include "script/ast.h"
#include "vm/object.h"

struct object {
	const char *name; /* as imported, for messages */
	struct span at;   /* of the path in the import */
	const void *bytes;
	size_t len_b;
	struct vm_object *vm;  /* (objects) what is in it */
	int types;             /* types_func_of() */
	struct object_fn *fns; /* one for each of vm->funcs; NULL if it is of no use */
	uint32_t first_map;    /* its maps are numbered on from here, over all objects */
};

struct object_fn {
	const struct vm_object_func *code;
	struct object *object;
	uint32_t number;          /* over all objects */
	const struct type *proto; /* once asked for; NULL then: the BTF has none */
	bool has_proto;
	bool is_checked;
	const char *refusal; /* once checked: why it cannot be called, or NULL */
	enum diag_code refusal_code;
};

/* A function that scripts can call by this name: global, and no program. NULL: there is none. */
struct object_fn *object_find_fn(const struct unit *u, const char *name);
/* What else objects have under this name, static functions and programs. */
struct object_fn *object_find_other(const struct unit *u, const char *name);
bool object_is_program(const struct vm_object_func *f);
uint32_t object_count_fns(const struct unit *u), object_count_maps(const struct unit *u);
void objects_close(struct unit *u);

#endif
