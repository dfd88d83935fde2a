/* The tracing language's tree. The parser makes it, expansion clones probes, inference fills in
 * what is marked (infer), lowering reads it. All nodes live in the unit's arena. */
#ifndef SKEP_SCRIPT_AST_H
#define SKEP_SCRIPT_AST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"
#include "base/vec.h"
#include "probe/probe.h"
#include "types/type.h"

enum node_kind {
	/* expressions */
	NODE_INT, /* number; also folded constants, durations, enum constants, bools (type says) */
	NODE_FLOAT,       /* string: its digits; in host blocks only */
	NODE_STRING,      /* string */
	NODE_BUILTIN,     /* builtin, e.g. pid; also `args` */
	NODE_FN_CALL,     /* (infer) of the script's function fn: args */
	NODE_OBJECT_CALL, /* (infer) of an imported object's function object_fn: args */
	NODE_CALL,        /* function (infer: resolved from name), args */
	NODE_CALL_KERNEL, /* (infer) of a kernel function: kernel_func, number = its BTF id, args */
	NODE_VAR,         /* $x: name, var (infer) */
	NODE_MAP,         /* @x or @x[key]: name, map (infer), key in args[0] or none (@x[a,b]: a
	                     NODE_TUPLE) */
	NODE_PARAM, /* $1: number; gone after parsing parameters are substituted: INT or STRING with
	               is_param */
	NODE_IDENT, /* any other name; infer turns it into INT (enum constant, define) or reports it
	             */
	NODE_UNARY, /* op, args[0] */
	NODE_BINARY,   /* op, args[0], args[1] */
	NODE_INCDEC,   /* op (OP_INC, OP_DEC), is_postfix, args[0] a VAR or MAP */
	NODE_TERNARY,  /* args[0] ? args[1] : args[2]; args[1] NULL: `?:` */
	NODE_FIELD,    /* args[0] . name (or -> name); tuple: number. infer: field, field_off_b */
	NODE_INDEX,    /* args[0] [ args[1] ] */
	NODE_TUPLE,    /* args; names (records) or NULL */
	NODE_CAST,     /* (cast_to) args[0]; also inserted by inference (is_implicit) */
	NODE_SIZEOF,   /* type_text or args[0]; infer folds to INT */
	NODE_OFFSETOF, /* type_text or args[0], then name "a.b"; infer folds to INT */
	NODE_TYPE,     /* a type where a value could stand: typeof(type_text), typeof(args[0]). What
	                  macros and typeinfo() take; gone after inference */
	NODE_TYPEINFO, /* args[0] or type_text; infer makes it a record of literals */
	NODE_COMPTIME, /* args[0]; infer folds to a literal */
	NODE_BLOCK,    /* stmts; as an expression also result in args[0] */
	NODE_IF, /* args[0] condition, args[1] then (BLOCK), args[2] else (BLOCK, IF) or NULL; also
	            an expression */
	/* statements */
	NODE_EXPR,    /* args[0], value dropped */
	NODE_LET,     /* name, var (infer), type_text or NULL, args[0] initial value or NULL */
	NODE_ASSIGN,  /* args[0] (VAR, MAP, or FIELD/UNARY-deref: an error) op= args[1]; op OP_NONE
	                 for plain */
	NODE_WHILE,   /* args[0], args[1] body */
	NODE_FOR_MAP, /* name = loop variable, var (infer), args[0] MAP without key, args[1] body */
	NODE_FOR_LIST,  /* name = loop variable, args[0] list, args[1] body; in host blocks only */
	NODE_FOR_RANGE, /* name, var (infer), args[0] from, args[1] to (exclusive), args[2] body */
	NODE_UNROLL,    /* args[0] count, args[1] body */
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_RETURN,  /* args[0] or NULL */
	NODE_DISCARD, /* `_ = e;` args[0] */
	NODE_EMIT,    /* a row of table name: args, their names; table (infer) */
	NODE_N
};

enum op {
	OP_NONE,
	OP_LOR,
	OP_LAND,
	OP_OR,
	OP_XOR,
	OP_AND,
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_GT,
	OP_LE,
	OP_GE,
	OP_SHL,
	OP_SHR,
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_MOD,
	OP_NEG,
	OP_NOT,
	OP_BNOT,
	OP_DEREF,
	OP_ADDR,
	OP_INC,
	OP_DEC,
	OP_N
};
const char *op_text(enum op op);

struct node;

/* A $variable: one per scope it was declared or first assigned in. Made by inference. */
struct variable {
	const char *name; /* with the $ */
	const struct type *type;
	struct span declared_at;
	bool has_declared_type;
	bool is_loop_variable;
	/* Lives in memory: used inside a for body but declared outside, or its address is taken. */
	bool is_captured;
	uint32_t id; /* dense within its probe */
};

/* A @map of the whole unit. */
struct map {
	const char *name; /* with the @ */
	bool is_keyed;
	const struct type *key;         /* (infer) NULL while scalar or unknown */
	const struct type *value;       /* (infer) */
	bool value_is_flexible_literal; /* (infer) only literals so far: adopts signedness */
	struct span first_use;
	/* `let @m = hash(n);` */
	const char *declared_kind; /* NULL: none */
	uint64_t declared_entries;
	const char *entries_option; /* `hash(opt.NAME)`: the entries are its number; else NULL */
	struct span entries_at;
	struct span declared_at;
	uint32_t id; /* dense within the unit */
};

/* A macro call that nodes came from, and the one around it. */
struct origin {
	struct span call;
	const struct macro *macro;
	const struct origin *outer; /* NULL: the call stands in a probe */
};

struct builtin;  /* script/builtins.h: a row of builtins.def */
struct function; /* a row of functions.def */

struct node {
	enum node_kind kind;
	enum op op;
	struct span at;
	const char *name;
	const char *string; /* STRING: the bytes, string_len_b of them, NUL-terminated behind */
	uint32_t string_len_b;
	uint64_t number;
	bool is_param; /* INT/STRING: came from $N; `string` keeps the text as given */
	bool is_postfix, is_implicit;
	bool is_unsigned_literal; /* u suffix */
	bool is_flexible; /* (infer) non-negative literal that adopts the other side's signedness */
	bool is_statement_value_used; /* (infer) calls in expression position */
	struct node **args;
	uint32_t n_args;
	const char *const *names; /* TUPLE: record member names; EMIT: fields */
	vec(struct node *) stmts; /* BLOCK */
	struct span type_at;      /* where the type name stands: CAST SIZEOF OFFSETOF LET */
	const char *type_text;    /* the type name as written, NULL if none */
	struct node *type_of;     /* TYPE: type_text is but what follows typeof(): "", "*", "[4]" */
	/* macro expansion */
	const struct origin *origin; /* NULL: it was written in a probe */
	const char
	    *binding; /* VAR LET FOR_*: the name to look up, if a macro's variable; else NULL */
	/* filled by inference */
	const struct type *type;    /* of the value; never NULL after inference for expressions */
	const struct type *cast_to; /* CAST */
	struct variable *var;
	struct map *map;
	const struct builtin *builtin;
	const struct function *function;
	const struct type *kernel_func; /* CALL_KERNEL: the prototype */
	struct fn *fn;                  /* FN_CALL */
	struct table *table;            /* EMIT */
	struct object_fn *object_fn;    /* OBJECT_CALL */
	const struct field *field;      /* FIELD of a struct, tuple or record */
	uint32_t field_off_b; /* from the outermost object's start (anonymous members added up) */
};

/* One probe block; after expansion all its targets can share one program body. */
struct probe {
	struct span at;
	vec(struct attach_point) points; /* as written */
	struct node *predicate;          /* or NULL */
	struct node *body;               /* BLOCK */
	/* after expansion */
	enum probe_kind kind;
	probe_targets targets;
	uint32_t index; /* position among the blocks of the source: programs of one event run in
	                   this order */
	/* after inference */
	const struct type *args_type; /* the struct behind `args`, or NULL */
	vec(struct variable *) vars;
	bool is_lowered;      /* along with another one */
	bool uses_probe_name; /* `probe` builtin: which target fired must be known */
};

enum macro_param_kind { MACRO_VAR, MACRO_MAP, MACRO_EXPR };

struct macro_param {
	enum macro_param_kind kind;
	const char *name; /* with its $ or @ */
	struct span at;
};

/* `if (...) { probes, definitions } else ...` outside of probes: which one it is, is decided when it
 * is compiled, before anything is looked up that stands in them. */
struct branch {
	struct node *condition; /* NULL: else */
	struct span at;         /* of the block */
	struct unit *unit;      /* what stands in it, see unit_new_branch() */
};

struct top_if {
	struct span at;
	size_t before; /* so many of the unit's probes stand before it */
	vec(struct branch) branches;
};



struct macro {
	const char *name;
	struct span at; /* of the name */
	vec(struct macro_param) params;
	struct node *body; /* BLOCK, perhaps with a result */
	bool is_library;
	struct macro *next; /* of those whose names share a bucket, in order */
};

enum { FN_PARAMS_MAX = 5 }; /* registers for arguments */

/* A function of the script. */
struct fn {
	const char *name;
	struct fn *next;           /* of its bucket */
	struct span at;            /* of the name */
	vec(struct node *) params; /* LET with a type */
	struct node *result;       /* TYPE */
	struct probe *probe;       /* its body and variables; attached nowhere */
	const struct type *type;   /* (infer) of the result */
	bool is_followed;          /* (infer) its calls were looked at for recursion */
	uint32_t id;               /* dense within the unit */
};

struct table_item;
struct table_items {
	struct table_item *items;
	size_t n, cap;
};

/* One column of a table, or columns that are there on a condition. */
struct table_item {
	struct span at;
	const char *header; /* NULL: a condition */
	uint32_t width;
	int32_t precision; /* -1: none */
	bool is_left, is_hex, is_octal, is_glued;
	struct node *value; /* or the condition */
	struct table_items then, otherwise;
};

/* Rows of one kind: what they look like. */
struct table {
	const char *name;
	struct span at;     /* of the name */
	struct node *where; /* or NULL: all rows */
	struct table_items columns;
	vec(const char *) fields; /* (host) that columns and handlers read */
	bool is_emitted;          /* (infer) by probes */
	uint32_t id;              /* dense within the unit */
};

/* Code that runs in user space. */
struct host_block {
	struct span at;        /* of the trigger */
	struct probe *trigger; /* its one attach point is what the block waits for */
	struct node *body;
};

/* `specifications trace(opt.probes);`: probes come from what these options say (script/spec.h). */
struct specifications {
	struct span at;
	const char *language;
	struct span language_at;
	vec(const char *) options; /* their names */
	vec(struct span) options_at;
	uint32_t made; /* number of the text that they became in diag; 0: none yet */
};

struct config_setting {
	struct span at;
	const char *name;  /* as written */
	const char *value; /* text */
	bool is_string;
	const char *option; /* `opt.NAME`: the value is that of the option, once it is known */
};

/* A piece of C to declare: an imported header, or the C section of an imported script. */
struct c_text {
	uint32_t source;
	size_t begin_b, end_b;
};

struct imported_file {
	dev_t dev;
	ino_t ino;
};

struct option_block;

/* A whole program. */
struct unit {
	struct arena *a;
	struct diag *diag;
	struct types *types;
	struct symbols *symbols;
	uint32_t source;                    /* number of the main text in diag */
	size_t c_begin_b, c_end_b;          /* the C section */
	uint32_t stdlib_loaded;             /* bits of modules */
	bool is_alone;                      /* only its own text matters: imports are not read */
	vec(struct c_text) c_texts;         /* of imports */
	vec(struct imported_file) imported; /* each once */
	vec(struct span) import_statements; /* inside of blocks: a gate has to be open for them */
	vec(struct config_setting) config;
	struct option_block *options; /* script/option.h; NULL: none */
	vec(struct probe *) probes;
	vec(struct probe *) dead_probes; /* see prune.c: of interest for the types of maps only */
	vec(struct macro *) macros;
	vec(struct fn *) fns;
	vec(struct object *) objects; /* imported .bpf.o (script/object.h) */
	struct unit_names *names; /* NULL in a branch */
	vec(struct table *) tables;
	vec(struct host_block *) hosts;
	vec(struct specifications) specifications;
	vec(struct map *) maps; /* declared ones first, then by first use */
	vec(struct top_if) ifs; /* by place; none once they are decided */
	vec(struct infer_option) asked; /* getopt() in their conditions */
	const struct script_options *opts;
};

/* ---- unit.c ---- */
/* Names can be found from now on. */
void unit_index_names(struct unit *u);
/* Each reports a second definition of the name; all but macros are left out then. */
void unit_add_macro(struct unit *u, struct macro *m);
void unit_add_fn(struct unit *u, struct fn *f);
void unit_add_map(struct unit *u, struct map *m);
void unit_add_table(struct unit *u, struct table *t);
/* NULL: there is none. */
struct table *unit_find_table(const struct unit *u, const char *name);
/* Is it a text that specifications became, and nobody wrote? */
bool unit_is_made(const struct unit *u, uint32_t source);
struct fn *unit_find_fn(const struct unit *u, const char *name);
/* The first of a list (`next`) that has all macros of this name, and others. */
struct macro *unit_first_macro(const struct unit *u, const char *name);
/* What is parsed into the branch of a choice: the same program with nothing defined in it yet.
 * unit_take_definitions() moves what it defines, but for probes, to the unit. */
struct unit *unit_new_branch(const struct unit *u);
void unit_take_definitions(struct unit *u, const struct unit *branch);

/* ---- ast.c ---- */

/* A column's name as a field: its header in small letters, with `_` for what cannot be in a name;
 * `LAT(ms)` is lat_ms. */
const char *host_key_of_header(struct arena *a, const char *header);

struct node *node_new(struct arena *a, enum node_kind kind, struct span at);
/* The argument of this name in an EMIT, or NULL. */
struct node *node_named(const struct node *n, const char *name);
/* A call of format(), which is a field's value (infer). */
bool node_is_format(const struct node *n);
struct node *node_clone(struct arena *a, const struct node *n); /* deep */
/* A block (or if) made as an expression stands as a statement after all: its result, if it has
 * one, becomes its last statement. */
void node_drop_result(struct arena *a, struct node *n);
/* Indented tree, one node a line; with types once inferred (-d ast, -d types). */
void ast_print(const struct unit *u, bool with_types, struct strbuf *out);

#endif
