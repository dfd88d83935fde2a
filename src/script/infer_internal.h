/* Inference, inside: shared by the infer*.c files and scope.c only.
 *
 * Every pass walks the whole unit. What a pass reads of a variable or map is what the pass before
 * found out (`type`, `key`, `value`); what it learns is gathered in `next_*` and taken over at its
 * end. When nothing changes any more, one last pass (is_final) reports mistakes and makes implicit
 * conversions explicit. Nothing but name resolution and the folding of literals changes the tree
 * before that. */
#ifndef SKEP_SCRIPT_INFER_INTERNAL_H
#define SKEP_SCRIPT_INFER_INTERNAL_H

#include "base/arena.h"
#include "base/strmap.h"
#include "script/ast.h"
#include "script/builtins.h"
#include "script/cast.h"
#include "script/script.h"

struct infer_var {
	struct variable v; /* first: what the tree points to */
	const char *binding; /* its name in scope: a macro's variable has one of its own */
	const struct type *next;
	uint32_t body_level; /* how many for bodies it was declared in */
	bool is_assigned;    /* so far in this pass */
	bool is_ever_assigned;
	bool is_declared; /* by let */
};

struct infer_map {
	struct map *m;
	const struct type *next_key, *next_value;
	bool has_shape; /* the first use said scalar or keyed */
	bool is_used;   /* at all */
	bool is_written;
	bool is_written_alive; /* not only by probes that are never run */
};

/* getopt("name", default, "description"): an option of the program. */
struct infer_option {
	const char *name;
	const struct node *dflt; /* a literal, or NULL */
	const char *description; /* or NULL */
	struct span at;
};

struct infer {
	struct unit *u;
	struct arena *a;
	struct diag *d;
	struct types *types;
	const struct script_config *config;
	struct probe_context cx;
	bool is_final;
	bool is_trial;    /* a copy is being inferred, see infer_comptime.c */
	bool is_comptime; /* in the operand of comptime */
	bool has_run_dead;
	bool has_news;    /* a declared type is another one than in the last pass */
	bool has_said_unwound; /* that dw_ustack is unstable */
	/* The probe being walked. */
	struct probe *p;
	struct fn *fn; /* or the function, p being its */
	const struct node *field; /* the value of a field of emit: may be format() */
	const struct origin *origin; /* of the node being walked: for messages */
	struct strmap bindings;           /* $name -> struct infer_var in scope, or NULL */
	vec(struct infer_var *) in_scope; /* innermost last */
	uint32_t body_level;              /* for bodies around */
	uint32_t map_body_level;          /* of those, over maps */
	uint32_t loop_level;              /* what break and continue may leave */
	/* The unit. */
	vec(struct infer_var *) vars;
	struct strmap map_names;      /* @name -> struct infer_map */
	vec(struct infer_map *) maps; /* by map id */
	vec(struct infer_option) options;
	struct span first_unknown;    /* an expression without a type in the last pass */
	struct span first_unset_map;
	const char *unset_map;
};

/* ---- infer.c ---- */
/* For what the unit is known to be now; p and is_final are still to be set. */
void infer_begin(struct infer *x, struct unit *u);
void infer_end(struct infer *x);
/* A mistake at `at`, kept silent until the last pass. Returns cast_unknown(). */
const struct type *infer_error(struct infer *x, enum diag_code code, struct span at,
                               const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void infer_warn(struct infer *x, enum diag_code code, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void infer_hint(struct infer *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A feature that may change: as the configuration variable `name` says (its value: enable, warn,
 * error), nothing, a warning, or an error and false. */
bool infer_gate(struct infer *x, struct span at, const char *feature, int value, const char *name);
bool infer_gate_dw_ustack(struct infer *x, const struct node *n); /* said once */
const char *infer_type_text(struct infer *x, const struct type *t);

/* ---- scope.c ---- */
size_t scope_enter(struct infer *x);
void scope_leave(struct infer *x, size_t mark);
/* What the VAR, LET or FOR_* node `n` names. */
struct infer_var *scope_find(struct infer *x, const struct node *n);
/* The same without the thought that it is used here. */
struct infer_var *scope_peek(const struct infer *x, const struct node *n);
/* Bind n's name here; the node keeps its variable from pass to pass. */
struct infer_var *scope_declare(struct infer *x, struct node *n);
/* The variable gets (also) a value of type t; false if it does not fit. */
bool scope_join(struct infer *x, struct infer_var *v, const struct type *t);
const struct type *scope_type(const struct infer_var *v); /* as known so far, may be unknown */
void scope_guess(struct infer *x, struct diag_guess *g);  /* offer all names in scope */

/* ---- infer_expr.c ---- */
/* Type of an expression as it stands; set in n->type as well. Never NULL. */
const struct type *infer_expr(struct infer *x, struct node *n);
/* The same for a value that goes somewhere: counts and other castable aggregations become
 * integers, arrays of characters strings. *slot may be wrapped in a NODE_CAST. */
const struct type *infer_value(struct infer *x, struct node **slot);
/* The conversion alone, of a child that has been walked. */
const struct type *infer_decay(struct infer *x, struct node **slot);
/* In the last pass: make *slot a value of type `to` (cast_is_implicit() holds). Warns about signs.
 */
void infer_coerce(struct infer *x, struct node **slot, const struct type *to);
/* The same without the warning. */
void infer_convert(struct infer *x, struct node **slot, const struct type *to);
/* A condition: number or pointer. `what` for the message, e.g. "if()". */
void infer_condition(struct infer *x, struct node **slot, const char *what);
/* Type of `left op right` for an arithmetic operator; reports. */
const struct type *infer_arithmetic(struct infer *x, struct node *n, enum op op,
                                    const struct type *left, struct node *left_node,
                                    const struct type *right, struct node *right_node);
void infer_set_int(struct node *n, uint64_t number, const struct type *t);
void infer_set_string(struct infer *x, struct node *n, const char *bytes, uint32_t len_b);

/* ---- infer_fold.c: true: n has become a literal ---- */
bool infer_fold_binary(struct infer *x, struct node *n);
bool infer_fold_unary(struct infer *x, struct node *n);
/* `false && e`, `true || e`: by this side alone, which has been walked. */
bool infer_fold_decided(struct node *n, const struct node *side);
bool infer_is_comparison(enum op op);

/* ---- infer_name.c: fields, indexes, identifiers, type names ---- */
const struct type *infer_field(struct infer *x, struct node *n);
const struct type *infer_index(struct infer *x, struct node *n);
const struct type *infer_ident(struct infer *x, struct node *n);
const struct type *infer_sizeof(struct infer *x, struct node *n);
const struct type *infer_offsetof(struct infer *x, struct node *n);
/* The type written in n->type_text; reports an unknown one. */
const struct type *infer_type_name(struct infer *x, struct node *n);
/* Is the type_text of n no type but a constant's name? It is args[0] then. */
bool infer_word_is_value(struct infer *x, struct node *n);
/* Where memory is that this lvalue stands in. */
enum addr_space infer_space(struct infer *x, const struct node *n);
enum addr_space infer_default_space(const struct infer *x);
bool infer_is_args(const struct node *n);
/* Is field f of `args` at the start of a tracepoint's record, which no program may read? */
bool infer_is_hidden(const struct infer *x, const struct field *f);
const struct type *infer_complete(struct infer *x, const struct type *t);

/* ---- infer_define.c ---- */
/* Make n the literal that the #define `name` stands for; false if there is none. */
bool infer_define(struct infer *x, struct node *n, const char *name);

/* ---- infer_comptime.c ---- */
/* A copy of n, inferred with the types as known so far as if they were final. */
struct node *infer_trial(struct infer *x, const struct node *n, bool is_comptime);
const struct type *infer_typeof(struct infer *x, struct node *n, const char *suffixes);
const struct type *infer_typeinfo(struct infer *x, struct node *n);
const struct type *infer_comptime(struct infer *x, struct node *n);
/* Value of `if comptime ...`'s condition; false: not known (yet), or reported. */
bool infer_comptime_condition(struct infer *x, struct node *n, bool *ret_value);
/* In comptime, n (x.y, c ? x : y) becomes the literal it selects. */
bool infer_take_element(struct infer *x, struct node *n, const struct node *elem);
const struct type *infer_type_test(struct infer *x, struct node *n);
/* has_field(OFFSETOF), probe_exists("...") */
const struct type *infer_has_field(struct infer *x, struct node *n);
const struct type *infer_probe_exists(struct infer *x, struct node *n);
const struct type *infer_fail(struct infer *x, struct node *n);

/* ---- infer_fn.c ---- */
void infer_fn(struct infer *x, struct fn *f);
void infer_fn_return(struct infer *x, struct node *n);
/* Does the CALL n mean a function of the script? Then it is made a FN_CALL. */
bool infer_find_fn(struct infer *x, struct node *n);
const struct type *infer_fn_call(struct infer *x, struct node *n);
/* Before the first pass: recursion is reported. */
bool infer_check_recursion(struct infer *x);

/* ---- infer_object.c ---- */
/* Does the CALL n mean a function of an imported object? Then it is made an OBJECT_CALL. */
bool infer_find_object_fn(struct infer *x, struct node *n);
const struct type *infer_object_call(struct infer *x, struct node *n);

/* ---- infer_stmt.c ---- */
void infer_probe(struct infer *x, struct probe *p);
/* Statements of a block in a scope of its own; with `as_value` its result's type. */
const struct type *infer_block(struct infer *x, struct node *block, bool as_value);
const struct type *infer_if(struct infer *x, struct node *n, bool as_value);

/* ---- infer_map.c ---- */
struct infer_map *infer_map_named(struct infer *x, struct node *n);
/* @m or @m[k] as an operand: walks and converts the key. */
const struct type *infer_map_read(struct infer *x, struct node *n);
/* Walks the key only, for writes; returns the map. */
struct infer_map *infer_map_place(struct infer *x, struct node *n);
/* A value of type t is stored in n's map; false (and reported) if it does not fit. */
bool infer_map_join(struct infer *x, struct node *n, const struct type *t, struct span at);
/* The map as a whole (print, clear, ...); NULL and reported if n is no such thing. */
struct infer_map *infer_map_whole(struct infer *x, struct node *n, const char *function);
/* A key given apart from the map (has_key(@m, k)). */
void infer_map_key(struct infer *x, struct infer_map *im, struct node **slot, struct span at);
void infer_map_take_over(struct infer *x, bool is_widening, bool *changed);

/* ---- infer_option.c ---- */
const struct type *infer_result_getopt(struct infer *x, struct node *n);
/* When all options are known: were others given, or is their list wanted? */
void infer_check_options(struct infer *x);
const struct type *infer_config(struct infer *x, struct node *n);
/* `config.NAME` becomes a literal; false: there is no such variable. */
bool infer_config_field(struct infer *x, struct node *n);

/* ---- infer_opt.c ---- */
bool infer_is_option(const struct infer *x, const struct node *n); /* opt.NAME */
const struct type *infer_option_value(struct infer *x, struct node *n);

/* ---- infer_builtin.c ---- */
/* Reports and returns true if only the kernel has what `name` stands for and the target is the user
 * engine. */
bool infer_needs_kernel(struct infer *x, struct node *n, const char *name);
const struct type *infer_builtin(struct infer *x, struct node *n);
/* Is it allowed here (spec 3.4)? Reports. */
bool infer_check_place(struct infer *x, struct node *n, const char *name, uint32_t where);
const struct type *infer_args_type(struct infer *x);

/* ---- infer_agg.c: the type of an aggregation's map ---- */
const struct type *infer_result_agg(struct infer *x, struct node *n);
const struct type *infer_result_hist(struct infer *x, struct node *n);
const struct type *infer_result_lhist(struct infer *x, struct node *n);
const struct type *infer_result_tseries(struct infer *x, struct node *n);

/* ---- infer_emit.c ---- */
void infer_emit(struct infer *x, struct node *n);

/* ---- infer_call.c ---- */
const char *infer_count_text(struct infer *x, uint32_t n); /* "one argument", "2 arguments" */
const struct type *infer_call(struct infer *x, struct node *n);
const struct type *infer_kernel_call(struct infer *x, struct node *n); /* infer_kfunc.c */
/* `@m = f(...)`: the aggregation's type, or NULL if n is no call of an aggregation. */
const struct type *infer_aggregation(struct infer *x, struct node *n);

#endif
