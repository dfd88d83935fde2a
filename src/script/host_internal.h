/* What the files that compile host code share: host.c (maps, handlers, the order of things),
 * host_table.c, host_stmt.c, host_expr.c.
 *
 * Names are resolved and constants folded; kinds of values are known only when it runs. */
#ifndef SKEP_SCRIPT_HOST_INTERNAL_H
#define SKEP_SCRIPT_HOST_INTERNAL_H

#include "image/host.h"
#include "script/ast.h"

enum { NO_HOST_OP = UINT32_MAX };

/* A @map, as far as uses tell. */
struct host_use {
	const char *name;
	bool in_probes, is_keyed;
	struct span at;
	uint32_t number; /* of image_host.maps, or UINT32_MAX: host code does not speak of it */
};

struct host_local {
	const char *name;
	uint32_t slot;
};

struct hosting {
	struct unit *u;
	struct arena *a;
	struct image_host *out;
	vec(struct host_use) uses;
	/* of the handler or table at hand */
	vec(struct host_local) locals; /* those in scope */
	uint32_t n_slots;
	uint32_t loops;
	struct table *row; /* whose fields names stand for; NULL: none */
	bool is_handler;   /* of rows: row() writes it */
};

/* ---- host.c ---- */
void host_error(struct hosting *h, struct span at, enum diag_code code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A new operation with n operands; its number. Operands that are NO_HOST_OP were reported. */
uint32_t host_op(struct hosting *h, enum host_op_kind kind, uint32_t imm, uint32_t slot,
                 struct span at, const uint32_t *kids, uint32_t n);
uint32_t host_slot(struct hosting *h);
/* Behind a handler or table: its locals are done with. */
void host_end_slots(struct hosting *h);
struct host_use *host_find_map(struct hosting *h, const char *name);
/* Its number in the image. */
uint32_t host_map_number(struct hosting *h, struct host_use *use);
/* Position of a field that is read in the row at hand. */
uint32_t host_field(struct hosting *h, const char *name);

/* ---- host_expr.c ---- */
uint32_t host_expr(struct hosting *h, const struct node *n);
enum host_operator host_operator_of(enum op op);
/* The innermost one of this name, or NULL. */
const struct host_local *host_find_local(const struct hosting *h, const char *name);
uint32_t host_constant(struct hosting *h, struct host_constant c, struct span at);
uint32_t host_int(struct hosting *h, int64_t number, struct span at);
/* The constant of an operation, or NULL: it is computed. */
const struct host_constant *host_constant_of(const struct hosting *h, uint32_t op);
bool host_constant_is_true(const struct host_constant *c);
uint32_t host_assign_map(struct hosting *h, const struct node *map, const uint32_t *keys,
                         uint32_t n_keys, uint32_t value, struct span at);
/* The keys of @map[...], each in a local if it is used twice. */
uint32_t host_keys(struct hosting *h, const struct node *map, uint32_t **ret);

/* ---- host_fold.c ---- */
/* Constants of constants; false if it has to be computed. */
bool host_fold(enum host_operator op, const struct host_constant *x, const struct host_constant *y,
               struct host_constant *ret);

/* ---- host_stmt.c ---- */
uint32_t host_block(struct hosting *h, const struct node *block);
uint32_t host_emit(struct hosting *h, const struct node *n);

/* ---- host_table.c ---- */
void host_table(struct hosting *h, struct table *t);

#endif
