/* Where types come from: one context that knows the kernel's BTF (opened on the first question,
 * read by name, never as a whole), BTF of modules, and the C declarations of a script. The user's
 * own declarations win over the kernel's. */
#ifndef SKEP_TYPES_TYPES_H
#define SKEP_TYPES_TYPES_H

#include "types/type.h"
#include "base/diag.h"

struct types;
struct btf_file; /* types/btf.h: lazy reader of one BTF blob */
struct type_source; /* types/dwarf.h: the types of one program */

/* btf_path NULL: $BPFTRACE_BTF / $SKEP_BTF, else /sys/kernel/btf/vmlinux. Opens nothing yet. */
struct types *types_create(struct arena *a, const char *btf_path);
void types_destroy(struct types *ts); /* unmaps; the types in the arena stay readable */
bool types_have_btf(struct types *ts);
const char *types_btf_path(const struct types *ts); /* NULL: the running kernel's */

/* Find by C spelling: "struct task_struct", "union x", "enum y", "size_t", "unsigned int",
 * "uint64_t" (also without BTF for the standard integer names). NULL if unknown. Structs are
 * complete on return, the structs their fields point to are not. */
const struct type *types_find(struct types *ts, const char *c_name);
/* The same type with its fields; NULL if it can't be had (then still incomplete). */
const struct type *types_complete(struct types *ts, const struct type *t);
/* An enumerator by name, from user declarations or any BTF enum. The enum type is returned too. */
bool types_find_enumerator(struct types *ts, const char *name, int64_t *ret_value,
			   const struct type **ret_enum);
/* A kernel function's prototype (TYPE_FUNC: fields are parameters) and its BTF id. module NULL:
 * vmlinux first, then every module. `ret_module` may be NULL; "vmlinux" or the module's name.
 * ret_btf_obj_id: 0 for vmlinux, else the module BTF's object id. */
const struct type *types_find_func(struct types *ts, const char *name, const char *module,
				   uint32_t *ret_btf_id, uint32_t *ret_btf_obj_id,
				   const char **ret_module);
/* Does the kernel's BTF tag this function of vmlinux so (__attribute__((btf_decl_tag)))? */
bool types_func_has_tag(struct types *ts, uint32_t btf_id, const char *tag);
/* The prototype of a function that a walk found; NULL if there is none of this id. */
const struct type *types_func_by_id(struct types *ts, const char *module, uint32_t btf_id);
/* Will the kernel put a trampoline (fentry, fexit) on it? Not with variable arguments, arguments
 * above 16 bytes, or a struct as the result. */
bool types_func_fits_trampoline(struct types *ts, const char *module, uint32_t btf_id);
/* The typedef btf_trace_NAME's prototype: a raw tracepoint's arguments (the leading void * is
 * left out), and the typedef's id as the kernel wants it in attach_btf_id. */
const struct type *types_find_raw_tracepoint(struct types *ts, const char *name,
					     uint32_t *ret_btf_id);
/* The same for one module (NULL: vmlinux first, then every module), saying where it was found; the
 * outputs as in types_find_func(). */
const struct type *types_find_raw_tracepoint_in(struct types *ts, const char *name,
						const char *module, uint32_t *ret_btf_id,
						uint32_t *ret_btf_obj_id, const char **ret_module);
/* BTF id of a variable that every CPU has a copy of (section .data..percpu); 0: there is none. */
uint32_t types_find_percpu_var(struct types *ts, const char *name);
/* Does the kernel have a function of this name in its BTF? Used as a feature probe. */
bool types_kernel_has_func(struct types *ts, const char *name);

/* Types of an object's BTF: what nobody else has is looked up there, too. The bytes are copied.
 * Returns a number to ask by, or -errno. */
int types_add_btf(struct types *ts, const void *bytes, size_t len_b);
/* The prototype of a FUNC there; NULL if the id is none. Structs that others have are theirs. */
const struct type *types_func_of(struct types *ts, int number, uint32_t btf_id);

/* Until the next call, names are looked up in what `get` returns, too: after the script's own
 * declarations, before the kernel's BTF. It is called when a name is asked for first, and may
 * return NULL. `get` NULL: nowhere else. */
typedef struct type_source *types_source_fn(void *arg);
void types_use_source(struct types *ts, types_source_fn *get, void *arg);

/* Call `fn` for each vmlinux BTF function (and, with modules, theirs), or type of `kind`
 * (TYPE_STRUCT, TYPE_UNION, TYPE_ENUM) whose name matches the wildcard. Stops when fn returns
 * false. Order: BTF id. */
typedef bool types_visit_fn(void *arg, const char *module, const char *name, uint32_t btf_id);
void types_each_func(struct types *ts, const char *pattern, bool with_modules, types_visit_fn *fn,
		     void *arg);
void types_each_named(struct types *ts, enum type_kind kind, const char *pattern, types_visit_fn *fn,
		      void *arg);
/* All raw tracepoints (btf_trace_* typedefs) matching the wildcard. */
void types_each_raw_tracepoint(struct types *ts, const char *pattern, types_visit_fn *fn, void *arg);

/* Parse the C section of a script (struct/union/enum/typedef definitions, object-like #define,
 * #include of files the reader can find; types it does not know are looked up in BTF). Mistakes
 * go to `d` with spans relative to `source` + `at_b`. */
struct c_options {
	const char *const *include_dirs;
	size_t n_include_dirs;
};
bool types_declare(struct types *ts, struct diag *d, uint32_t source, size_t begin_b, size_t end_b,
		   const struct c_options *opts);
/* Parse a type name as it stands in a cast or sizeof ("struct x *", "uint8[4]", "int32 *"); NULL
 * if it isn't one. Language names (int8..uint64, string, string[N], buffer[N], bool) included. */
const struct type *types_parse_name(struct types *ts, const char *text, size_t len_b);
/* The replacement text of an object-like macro, or NULL. */
const char *types_find_define(struct types *ts, const char *name);

/* A tracefs event's record: a TYPE_STRUCT with one field per format line, offsets as in the
 * record, common fields included (they come first). Pointers of the syscalls category are
 * AS_USER. `ret_event_id` may be NULL. Returns NULL with errno set (EACCES, ENOENT). */
const struct type *types_read_tracefs_format(struct types *ts, const char *category,
					     const char *event, uint32_t *ret_event_id);
/* The same from a format file's text (not kept). */
const struct type *types_parse_tracefs_format(struct types *ts, const char *category,
					      const char *format, size_t len_b,
					      uint32_t *ret_event_id);
/* tracefs mount point: /sys/kernel/tracing or /sys/kernel/debug/tracing; NULL if neither. */
const char *tracefs_path(void);


#endif
