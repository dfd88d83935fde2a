/* Host code: what a script does in user space with the rows and maps of its programs. Part of the
 * image, made by a compiler, run by src/host.
 *
 * It is an array of operations, each behind its operands, so that whoever runs it recurses over
 * numbers that only become smaller. Values have a kind at run time only: numbers, text, lists, maps
 * and bytes of a type. */
#ifndef SKEP_IMAGE_HOST_H
#define SKEP_IMAGE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/vec.h"

/* X(name, meaning): operands are `kids` in order, imm and slot as said. */
#define HOST_OPS(X)                                                                                \
	X(CONST, "constant number imm")                                                            \
	X(LOCAL, "local variable slot")                                                            \
	X(SET_LOCAL, "the value of kid 0, which local variable slot becomes")                      \
	X(FIELD, "field imm of the row at hand")                                                   \
	X(MAP, "all of map imm, as it is now")                                                     \
	X(TAKE, "all of map imm, which is empty afterwards; nothing is lost in between")           \
	X(GET, "the value of map imm at the key: kid 0, or none")                                  \
	X(SET, "the same becomes the value of the last kid")                                       \
	X(UNARY, "imm: a host_operator of kid 0")                                                  \
	X(BINARY, "imm: a host_operator of kids 0 and 1")                                          \
	X(AND, "1 if both are true; the second is looked at only if the first is")                 \
	X(OR, "1 if one is true; the second is looked at only if the first is not")                \
	X(COND, "kid 1 if kid 0 is true, else kid 2")                                              \
	X(LIST, "a list of the kids")                                                              \
	X(MEMBER, "element imm of the list kid 0")                                                 \
	X(INDEX, "element kid 1 of the list or map kid 0")                                         \
	X(CALL, "function imm (host_functions.def); those that look at each element of kid 0 "     \
	        "have it in local variable slot while kid 1 is computed")                          \
	X(EMIT, "a row of table imm whose fields are the kids")                                    \
	X(BLOCK, "the kids one after the other")                                                   \
	X(IF, "kid 1 if kid 0 is true, else kid 2 if there is one")                                \
	X(WHILE, "kid 1 as long as kid 0 is true")                                                 \
	X(FOR, "kid 1 for each element of kid 0, in local variable slot")                          \
	X(RANGE, "kid 2 for each number from kid 0 up to but not kid 1, in slot")                  \
	X(BREAK, "ends the loop around")                                                           \
	X(CONTINUE, "ends the round of the loop around")                                           \
	X(RETURN, "ends the handler")

enum host_op_kind {
#define X(name, meaning) HOST_##name,
	HOST_OPS(X)
#undef X
	    HOST_OP_N
};

enum host_operator {
	HOST_NEG,
	HOST_NOT,
	HOST_BNOT,
	HOST_ADD,
	HOST_SUB,
	HOST_MUL,
	HOST_DIV,
	HOST_MOD,
	HOST_BAND,
	HOST_BOR,
	HOST_XOR,
	HOST_SHL,
	HOST_SHR,
	HOST_EQ,
	HOST_NE,
	HOST_LT,
	HOST_LE,
	HOST_GT,
	HOST_GE,
	HOST_OPERATOR_N
};

enum host_function {
#define FUNCTION(name, least, most, flags, text) HOST_F_##name,
#include "image/host_functions.def"
#undef FUNCTION
	HOST_F_N
};

struct host_op {
	enum host_op_kind kind;
	uint32_t imm, slot;
	uint32_t kid, n_kids; /* host.kids[kid ...]: numbers of operations before this one */
	struct span at;
};

struct host_constant {
	enum host_constant_kind {
		HOST_C_NONE,
		HOST_C_INT,
		HOST_C_FLOAT,
		HOST_C_TEXT,
		HOST_C_N
	} kind;
	int64_t number;
	double real;
	const char *text;
	uint32_t text_len_b;
};

struct host_column {
	const char *header;
	const char *key;   /* its name in JSON */
	uint32_t width;    /* 0: as wide as it is */
	int32_t precision; /* decimals of a number, most bytes of a text; -1: all */
	bool is_left, is_hex, is_octal, is_glued; /* glued: no blank behind it */
	uint32_t value;                           /* operation */
};

struct host_table {
	const char *name;
	vec(struct host_column) columns;
	vec(const char *) fields;
	uint32_t where, handler; /* operation that decides whether a row counts; number of the
	                            handler that takes it; UINT32_MAX: none */
	bool is_emitted_by_probes;
};

struct host_handler {
	enum host_trigger {
		HOST_ON_BEGIN,    /* once, before the first event */
		HOST_ON_END,      /* once, at the very end */
		HOST_ON_INTERVAL, /* each period_ns */
		HOST_ON_REPORT,   /* each period_ns, `times` times in all, or once at the end */
		HOST_ON_SIGNAL,   /* signal `signal` */
		HOST_ON_ROW,      /* of table `table` */
		HOST_TRIGGER_N
	} trigger;
	uint64_t period_ns, times;
	uint32_t signal, table;
	uint32_t body; /* operation */
	struct span at;
};

/* A @map that host code speaks of. */
struct host_map {
	const char *name;
	uint32_t var; /* image.vars, or UINT32_MAX: it lives in the host alone */
};

struct image_host {
	vec(struct host_op) ops;
	vec(uint32_t) kids;
	vec(struct host_constant) constants;
	vec(struct host_map) maps;
	vec(struct host_table) tables;
	vec(struct host_handler) handlers;
	uint32_t n_locals; /* of the handler or table that has most */
	/* How rows are written: --json and --csv of a script with tables. */
	enum host_rows { HOST_ROWS_TEXT, HOST_ROWS_JSON, HOST_ROWS_CSV } rows;
};

/* NULL, or what is wrong with host code that came from outside. */
const char *host_check(const struct image_host *h, uint32_t n_vars);

#endif
