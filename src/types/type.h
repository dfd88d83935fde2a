/* Types: one model for what a C declaration, BTF, a tracefs format and the tracing language call
 * a type. Immutable once made, owned by the `struct types` (or arena) they came from.
 *
 * The language's own value types (string, buffer, tuple, stacks, aggregations) are kinds of the
 * same struct, so that a map's value type and an event field's type are said in one vocabulary
 * from the compiler to the output. */
#ifndef SKEP_TYPES_TYPE_H
#define SKEP_TYPES_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct strbuf;

enum type_kind {
	TYPE_NONE, /* no value: what printf() returns */
	TYPE_VOID,
	TYPE_BOOL,
	TYPE_INT,  /* size_b 1, 2, 4, 8 (16 from BTF), is_signed */
	TYPE_ENUM, /* size_b, is_signed, enumerators */
	TYPE_FLOAT,
	TYPE_PTR,    /* elem */
	TYPE_ARRAY,  /* elem, n_elems; 0 elements: flexible */
	TYPE_STRUCT, /* name, fields */
	TYPE_UNION,
	TYPE_FUNC,    /* elem = return type, fields = parameters (offset unused) */
	TYPE_TYPEDEF, /* name, elem; readers keep it for listings, type_strip() removes it */
	/* the language's value types */
	TYPE_STRING, /* size_b bytes including the NUL */
	TYPE_BUFFER, /* u32 length, then size_b - 4 bytes */
	TYPE_TUPLE,  /* fields without names */
	TYPE_RECORD, /* fields with names */
	TYPE_INET,   /* u64 address family, then 16 bytes (IPv4 in the first four) */
	TYPE_MAC,    /* 6 bytes */
	TYPE_TIMESTAMP, /* u64 boot-time ns; u32 number of the format string in the image; u32 0 */
	TYPE_USERNAME,	/* u64 uid */
	TYPE_CGROUP_PATH, /* u64 cgroup id; u32 string number of the filter (0: none); u32 0 */
	TYPE_KSYM,	  /* u64 address */
	TYPE_USYM,	  /* u64 address; u32 pid; u32 probe number */
	TYPE_KSTACK,	  /* u64 id, a hash of the frames; 0: no stack. The frames are kept once, by id */
	TYPE_USTACK,	  /* u64 id; u32 pid; u32 probe number */
	/* aggregations: map values only; see image/image.h for their layouts */
	TYPE_COUNT,
	TYPE_SUM,
	TYPE_MIN,
	TYPE_MAX,
	TYPE_AVG,
	TYPE_STATS,
	TYPE_HIST,
	TYPE_LHIST,
	TYPE_TSERIES,
	TYPE_N
};

enum addr_space {
	AS_NONE,   /* not said: a generic read */
	AS_KERNEL,
	AS_USER,
	AS_BTF,	   /* a trusted or BTF-typed kernel pointer: direct loads where the program kind allows */
};

enum stack_mode { STACK_BPFTRACE, STACK_PERF, STACK_RAW, STACK_BUILD_ID };

struct type;

struct field {
	const char *name; /* NULL: anonymous member, tuple element */
	const struct type *type;
	uint32_t off_b;
	/* Bit-fields: bits [bit_off, bit_off + bit_size) of the little-endian integer of the field
	 * type's size at off_b. bit_size 0: not a bit-field. */
	uint16_t bit_off, bit_size;
	/* tracefs __data_loc: the u32 at off_b holds (length << 16 | offset from the record). */
	bool is_data_loc;
};

struct enumerator {
	const char *name;
	int64_t value;
};

struct type {
	enum type_kind kind;
	uint32_t size_b;
	uint32_t align_b;
	bool is_signed;
	/* An integer declared as a character type: prints as text in arrays. */
	bool is_char;
	/* Struct or union known by name only so far; types_complete() fills a copy. */
	bool is_incomplete;
	/* Written with `const`: shown in declarations, no part of the type's identity. */
	bool is_const;
	const char *name; /* struct tag, enum tag, typedef name, base type name as written; may be NULL */
	const struct type *elem;
	uint32_t n_elems;
	const struct field *fields;
	uint32_t n_fields;
	const struct enumerator *enumerators;
	uint32_t n_enumerators;
	enum addr_space as; /* pointers: where they point */
	uint32_t btf_id;    /* in the vmlinux BTF, or 0 */
	/* Incomplete, from a program's debug information: how types_complete() finds the rest. */
	const struct type_origin *origin;
	/* C++: has a copy constructor or destructor of its own, so that calls pass its address. */
	bool is_by_address;
	/* TYPE_KSTACK, TYPE_USTACK */
	enum stack_mode stack_mode;
	uint32_t stack_depth;
	/* TYPE_HIST: sub-bucket bits k. TYPE_LHIST: bounds. */
	uint32_t hist_bits;
	int64_t lhist_min, lhist_max, lhist_step;
	/* TYPE_TSERIES: how many intervals are kept, how long one is, and what is kept of the values
	 * in one: TYPE_AVG, TYPE_MAX, TYPE_MIN, TYPE_SUM, or TYPE_NONE for the last. */
	uint32_t tseries_n;
	uint64_t tseries_interval_ns;
	enum type_kind tseries_agg;
};

/* Scalars that exist once. type_int(4, true) is int32. */
const struct type *type_none(void);
const struct type *type_void(void);
const struct type *type_bool(void);
const struct type *type_int(uint32_t size_b, bool is_signed);
const struct type *type_simple(enum type_kind kind); /* INET MAC TIMESTAMP USERNAME CGROUP_PATH KSYM USYM COUNT STATS... unsigned forms */

/* Made ones live in `a`. */
const struct type *type_ptr(struct arena *a, const struct type *to, enum addr_space as);
const struct type *type_array(struct arena *a, const struct type *elem, uint32_t n);
const struct type *type_string(struct arena *a, uint32_t size_b);
const struct type *type_buffer(struct arena *a, uint32_t max_len_b);
/* Lay the elements out like a C struct with natural alignment (byte-array types align 1). Names
 * NULL: a tuple, else a record. */
const struct type *type_tuple(struct arena *a, const struct type *const *elems,
			      const char *const *names, uint32_t n);
const struct type *type_stack(struct arena *a, bool is_user, enum stack_mode mode, uint32_t depth);
const struct type *type_agg(struct arena *a, enum type_kind kind, bool is_signed);
const struct type *type_hist(struct arena *a, uint32_t bits);
const struct type *type_lhist(struct arena *a, int64_t min, int64_t max, int64_t step);
const struct type *type_tseries(struct arena *a, uint64_t interval_ns, uint32_t n,
				enum type_kind agg, bool is_signed);

/* The same type, shown with `const` in declarations. */
const struct type *type_const(struct arena *a, const struct type *t);

const struct type *type_strip(const struct type *t); /* through typedefs */
bool type_equal(const struct type *a, const struct type *b);
bool type_is_integer(const struct type *t); /* int or enum or bool */
bool type_is_agg(const struct type *t);
bool type_is_castable_agg(const struct type *t); /* count sum min max avg */
bool type_is_char_array(const struct type *t);
/* Fields are also looked for inside anonymous members; `*ret_off_b` is then the sum. */
const struct field *type_find_field(const struct type *t, const char *name, uint32_t *ret_off_b);

/* The name as error messages show it (spec 4.1): int64, string[6], int32 *, (int8,string[3]),
 * record { .a = int8 }, struct task_struct *, kstack_bpftrace_127, count_t, ... */
void type_name(const struct type *t, struct strbuf *out);
const char *type_name_dup(struct arena *a, const struct type *t);
/* A declaration in C: `const char * filename`, `int x[4]`, as listings show it. */
void type_declare(const struct type *t, const char *name, struct strbuf *out);
/* A struct's or enum's whole definition, for `-l 'struct x' -v`. */
void type_define(const struct type *t, struct strbuf *out);

#endif
