/* Inside of the types room: the context that the readers share. */
#ifndef SKEP_TYPES_PRIV_H
#define SKEP_TYPES_PRIV_H

#include "base/arena.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "types/btf.h"
#include "types/types.h"

/* One BTF blob and the types made from it so far. A type is made in two depths: `full` has its
 * fields; `shallow` is what a pointer points to, a name and a size. */
struct btf_source {
	struct btf_file *file; /* NULL: not opened yet, or can't be */
	bool is_tried;
	const char *module; /* "vmlinux" or the module's name */
	uint32_t obj_id; /* the kernel's number of a module's BTF; 0: vmlinux, or not asked yet */
	const struct type **shallow, **full; /* [id - btf_first()] */
	/* By id: can a trampoline pass this prototype (enum func_fit); what is a value of this
	 * type (func.c). */
	uint8_t *proto_fits, *value_classes;
	uint32_t n_memos;
	struct btf_source *base;
	bool is_object; /* a file's: its ids mean nothing to the kernel */
};

enum func_fit { FITS_UNKNOWN, FITS, FITS_NOT };

/* A struct read from a module's BTF: how types_complete() finds its way back. */
struct module_type {
	const struct type *type;
	struct btf_source *from;
	uint32_t id;
};

/* A program's types. The functions return NULL for what it does not have. */
struct type_source {
	/* `kind`: TYPE_STRUCT, TYPE_UNION, TYPE_ENUM, or TYPE_TYPEDEF for a name without a word in
	 * front. */
	const struct type *(*find)(struct type_source *src, enum type_kind kind, const char *name);
	const struct type *(*find_enumerator)(struct type_source *src, const char *name);
	void (*free)(struct type_source *src); /* what is not in the arena */
	struct strmap found;                   /* as types.found, while this source is in use */
};

struct type_origin {
	const struct type *(*complete)(const struct type_origin *from);
};

struct types {
	struct arena *a;
	const char *btf_path; /* NULL: the running kernel's */
	struct btf_source vmlinux;
	vec(struct btf_source *) modules;
	bool modules_listed;
	vec(struct btf_source *) objects;
	vec(struct module_type) module_types;
	vec(struct type_source *) sources; /* all there are, to be freed */
	struct type_source *source;        /* the one in use, or NULL; ask source_in_use() */
	types_source_fn *get_source;       /* not called yet */
	void *get_source_arg;
	struct strmap found; /* C spelling -> type, &ts->nothing for names known to be unknown */
	struct type nothing;
	/* The script's own declarations. */
	struct strmap structs, unions, enums, typedefs; /* name -> struct type */
	struct strmap enumerators;                      /* name -> struct declared_enumerator */
	struct strmap kernel_enumerators; /* name -> enum of vmlinux, &ts->nothing for none */
	struct strmap defines;            /* name -> replacement text */
};

struct declared_enumerator {
	int64_t value;
	const struct type *type;
};

/* btf_types.c: records to types. */
const struct type *btf_type(struct types *ts, struct btf_source *src, uint32_t id, bool is_full);
/* A FUNC's prototype, or a FUNC_PROTO: TYPE_FUNC, `skip` leading parameters left out. */
const struct type *btf_func_type(struct types *ts, struct btf_source *src, uint32_t id,
                                 uint32_t skip);

/* Put a bit-field of f->type at this bit of its struct: units of its type where it fits in one,
 * bytes otherwise. */
void type_place_bits(struct field *f, uint32_t bit_pos, uint32_t bit_size);

/* The opened vmlinux, or NULL; every module's, opened on the first call. */
struct btf_source *types_vmlinux(struct types *ts);
struct btf_source *types_module(struct types *ts, const char *module);
void types_open_modules(struct types *ts);

/* names.c */
/* A base or standard integer type by its C name ("unsigned long", "size_t", "__u8"); words in any
 * order C allows, single blanks between them. NULL if it is none. */
const struct type *types_standard(const char *c_name);
/* The same, adding one more word of a base type: how parsers collect `unsigned long int`. */
struct base_words {
	unsigned n_long;
	bool is_unsigned, is_signed, is_short, is_char, is_int, is_void, is_bool, is_float,
	    is_double;
	bool any;
};
bool base_words_add(struct base_words *w, const char *word, size_t len_b);
const struct type *base_words_type(const struct base_words *w);

#endif
