/* Types as C text: what a listing in C and skeletons share.
 *
 * A named type is written once, at the top level, behind all it embeds; what it only points to may
 * be a forward declaration. Types without a name are written where they are used. */
#ifndef SKEP_INSPECT_BTF_C_WRITER_H
#define SKEP_INSPECT_BTF_C_WRITER_H

#include "base/vec.h"
#include "inspect/btf/out.h"
#include "types/btf.h"

/* Names in one name space of C, and how often each was given. */
struct c_names {
	struct c_name {
		const char *name;
		uint32_t n_given;
	} * slots;
	uint32_t n_slots, n;
};

struct c_writer {
	struct btf_file *file;
	struct out *o;
	uint32_t end;        /* no type has this number */
	uint8_t *states;     /* by type: C_ORDERED, ... */
	uint8_t *aligns;     /* by type: of structs, once computed; in bytes */
	uint32_t *numbers;   /* by type: of those that have its name, which is it? From 1; 0: not
	                        named yet */
	vec(uint32_t) queue; /* to be written, in this order */
	vec(uint32_t) chain; /* of a declaration, from its outermost type on */
	struct c_names tags, idents;
	uint64_t steps_left; /* a file may be made so that its text has no end */
	unsigned depth;
	char problem[80];     /* empty: none */
	bool skips_modifiers; /* const and the like are left out of declarations */
};

/* 0 or -ENOMEM. `out` is where text goes. */
int c_writer_begin(struct c_writer *w, struct btf_file *file, struct out *o);
void c_writer_end(struct c_writer *w);

/* ---- c_order.c ---- */
/* Everything that `id` needs and that has not been written, then itself. False: w->problem. */
bool c_write_type(struct c_writer *w, uint32_t id);

/* ---- c_text.c ---- */
/* `TYPE NAME` without a semicolon; what is inside of braces is indented by `level` and one more. */
void c_write_declaration(struct c_writer *w, uint32_t id, const char *name, unsigned level);
void c_write_typedef(struct c_writer *w, uint32_t id, const struct btf_record *r);
void c_write_record(struct c_writer *w, uint32_t id, const struct btf_record *r, unsigned level);
void c_write_tag(struct c_writer *w, uint32_t id, const struct btf_record *r); /* `struct x` */
void c_write_enum(struct c_writer *w, uint32_t id, const struct btf_record *r, unsigned level);

/* ---- c_layout.c ---- */
uint32_t c_align_of(struct c_writer *w, uint32_t id); /* in bytes; 0: it has no size */
uint64_t c_size_of(struct c_writer *w, uint32_t id);  /* in bytes */
bool c_is_packed(struct c_writer *w, uint32_t id, const struct btf_record *r);
/* Members that fill the bits from `at` to `to`, where a member follows that is aligned by
 * `align_b` (or the end). */
void c_write_padding(struct c_writer *w, uint32_t at, uint32_t to, uint32_t align_b,
                     bool is_in_bits, unsigned level);

/* ---- c_names.c ---- */
/* How many have this name by now, this one with them. */
uint32_t c_name_count(struct c_names *n, const char *name);
/* A type's or an enumerator's name; ___2 and so on is added to those that are not the first. */
void c_write_name(struct c_writer *w, uint32_t id, const struct btf_record *r);
void c_write_enumerator(struct c_writer *w, const char *name);

/* ---- c_writer.c ---- */
void c_problem(struct c_writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* False: there is no such type, or something went wrong before. */
bool c_get(struct c_writer *w, uint32_t id, struct btf_record *ret);
/* Around each recursion; false: too deep, or too long. */
bool c_enter(struct c_writer *w);
static inline void c_leave(struct c_writer *w)
{
	w->depth--;
}
void c_indent(struct c_writer *w, unsigned level);

enum { C_POINTER_B = 8 };
/* What a state says. */
enum {
	C_ORDERING = 1,
	C_ORDERED = 2,
	C_WRITING = 4,
	C_WRITTEN = 8,
	C_FORWARD = 16, /* is declared */
	C_IS_USED = 32, /* by another type */
	C_QUEUED = 64,
};

static inline bool is_record(const struct btf_record *r)
{
	return r->kind == BTF_KIND_STRUCT || r->kind == BTF_KIND_UNION;
}

static inline bool is_enum(const struct btf_record *r)
{
	return r->kind == BTF_KIND_ENUM || r->kind == BTF_KIND_ENUM64;
}

/* const, volatile, restrict */
static inline bool is_qualifier(uint32_t kind)
{
	return kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_RESTRICT;
}

#endif
