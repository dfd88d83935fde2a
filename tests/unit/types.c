/* The type model and its readers: names, layout, BTF, tracefs formats, C declarations. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "types/btf.h"
#include "types/types.h"

static struct arena *a;

static int make_arena(void **state)
{
	(void)state;
	a = arena_create();
	return 0;
}

static int drop_arena(void **state)
{
	(void)state;
	arena_destroy(a);
	return 0;
}

static void assert_name(const struct type *t, const char *want)
{
	assert_non_null(t);
	assert_string_equal(type_name_dup(a, t), want);
}

static void assert_declared(const struct type *t, const char *name, const char *want)
{
	struct strbuf out = {0};

	type_declare(t, name, &out);
	assert_string_equal(sb_str(&out), want);
	sb_free(&out);
}

static const struct field *field_of(const struct type *t, const char *name, uint32_t off_b)
{
	uint32_t found = 0;
	const struct field *f = type_find_field(t, name, &found);

	assert_non_null(f);
	assert_int_equal(found, off_b);
	return f;
}

/* A context that knows no kernel. */
static struct types *no_btf(void)
{
	return types_create(a, "/nonexistent");
}

/* ---- the model --------------------------------------------------------------------------- */

static void names_are_the_languages(void **state)
{
	const struct type *i8 = type_int(1, true), *s3 = type_string(a, 3);
	const struct type *both[] = {i8, s3};
	const char *const labels[] = {"a", "b"};

	(void)state;
	assert_name(i8, "int8");
	assert_name(type_int(8, false), "uint64");
	assert_name(type_string(a, 6), "string[6]");
	assert_name(type_buffer(a, 16), "buffer[16]");
	assert_name(type_ptr(a, type_int(4, true), AS_NONE), "int32 *");
	assert_name(type_ptr(a, type_ptr(a, type_void(), AS_NONE), AS_NONE), "void * *");
	assert_name(type_array(a, i8, 4), "int8[4]");
	assert_name(type_tuple(a, both, NULL, 2), "(int8,string[3])");
	assert_name(type_tuple(a, both, labels, 1), "record { .a = int8 }");
	assert_name(type_tuple(a, both, labels, 2), "record { .a = int8, .b = string[3] }");
	assert_name(type_stack(a, false, STACK_BPFTRACE, 127), "kstack_bpftrace_127");
	assert_name(type_stack(a, true, STACK_PERF, 3), "ustack_perf_3");
	assert_name(type_agg(a, TYPE_SUM, true), "sum_t");
	assert_name(type_agg(a, TYPE_SUM, false), "usum_t");
	assert_name(type_agg(a, TYPE_COUNT, true), "count_t");
	assert_name(type_hist(a, 0), "hist_t");
	assert_name(type_bool(), "bool");
	assert_name(type_none(), "none");
	assert_name(type_simple(TYPE_MAC), "macaddr_t");
}

static void tuples_lie_like_structs(void **state)
{
	const struct type *i8 = type_int(1, true), *i16 = type_int(2, true);
	const struct type *i32 = type_int(4, true), *i64 = type_int(8, true);
	const struct type *t;

	(void)state;
	t = type_tuple(a, (const struct type *[]){i8, i64, i8, i64}, NULL, 4);
	assert_int_equal(t->size_b, 32);
	t = type_tuple(a, (const struct type *[]){i8, i16, i32}, NULL, 3);
	assert_int_equal(t->size_b, 8);
	assert_int_equal(t->fields[1].off_b, 2);
	t = type_tuple(a, (const struct type *[]){i8, type_string(a, 3)}, NULL, 2);
	assert_int_equal(t->size_b, 4);
	assert_int_equal(t->fields[1].off_b, 1);
	t = type_tuple(a, NULL, NULL, 0);
	assert_int_equal(t->size_b, 0);
}

static void equality_is_structural(void **state)
{
	const struct type *i8 = type_int(1, true);

	(void)state;
	assert_true(type_equal(type_ptr(a, i8, AS_USER), type_ptr(a, i8, AS_KERNEL)));
	assert_false(type_equal(i8, type_int(1, false)));
	assert_false(type_equal(type_string(a, 4), type_string(a, 5)));
	assert_true(type_equal(type_array(a, i8, 4), type_array(a, i8, 4)));
	assert_false(type_equal(type_array(a, i8, 4), type_array(a, i8, 5)));
	assert_true(type_equal(type_lhist(a, 0, 10, 1), type_lhist(a, 0, 10, 1)));
	assert_false(type_equal(type_lhist(a, 0, 10, 1), type_lhist(a, 0, 10, 2)));
	assert_true(type_is_castable_agg(type_agg(a, TYPE_AVG, true)));
	assert_false(type_is_castable_agg(type_agg(a, TYPE_STATS, true)));
	assert_true(type_is_agg(type_hist(a, 0)));
	assert_true(type_equal(type_const(a, i8), i8));
}

static void names_are_parsed(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"int8", "int8"},
	    {"uint64 *", "uint64 *"},
	    {"int32[4]", "int32[4]"},
	    {"int8 * [2] *", "int8 *[2] *"},
	    {"string", "string[0]"},
	    {"string[16]", "string[16]"},
	    {"buffer[8]", "buffer[8]"},
	    {"bool", "bool"},
	    {"unsigned  long int", "uint64"},
	    {"long unsigned", "uint64"},
	    {"const char *", "int8 *"},
	    {"char const*", "int8 *"},
	    {"__u32", "uint32"},
	    {"size_t", "uint64"},
	    {"pid_t", "int32"},
	    {"void *", "void *"},
	    {"int8[]", "int8[0]"},
	    {"count_t", "count_t"},
	    {"usum_t", "usum_t"},
	    {"username_t", "username_t"},
	};
	static const char *const wrong[] = {"",
	                                    "nonesuch",
	                                    "struct",
	                                    "struct nonesuch",
	                                    "int8[",
	                                    "8int",
	                                    "int8 x",
	                                    "int8]",
	                                    "*",
	                                    "int8[-1]",
	                                    "[3]",
	                                    "struct *",
	                                    "int8[99999999999]"};
	struct types *ts = no_btf();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_name(types_parse_name(ts, cases[i].text, strlen(cases[i].text)),
		            cases[i].want);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_null(types_parse_name(ts, wrong[i], strlen(wrong[i])));
	assert_true(types_parse_name(ts, "char", 4)->is_char);
	assert_false(types_parse_name(ts, "unsigned char", 13)->is_char);
	types_destroy(ts);
}

static void declarations_read_like_c(void **state)
{
	const struct type *ch = type_int(1, true);
	struct types *ts = no_btf();

	(void)state;
	ch = types_find(ts, "char");
	assert_declared(type_ptr(a, type_const(a, ch), AS_USER), "filename",
	                "const char * filename");
	assert_declared(type_array(a, types_find(ts, "int"), 4), "x", "int x[4]");
	assert_declared(type_array(a, type_ptr(a, ch, AS_NONE), 3), "argv", "char * argv[3]");
	assert_declared(type_ptr(a, type_array(a, ch, 3), AS_NONE), "p", "char (* p)[3]");
	assert_declared(type_array(a, ch, 0), "data", "char data[]");
	assert_declared(type_int(4, true), "", "int32_t");
	types_destroy(ts);
}

/* ---- BTF
 * ------------------------------------------------------------------------------------------ */

/* A blob under construction. */
struct blob {
	struct strbuf types, strings;
	uint32_t n;
};

static uint32_t add_string(struct blob *b, const char *s)
{
	uint32_t off = (uint32_t)b->strings.n;

	sb_add(&b->strings, s, strlen(s) + 1);
	return off;
}

static void add_u32(struct blob *b, uint32_t v)
{
	sb_add(&b->types, &v, 4);
}

/* A record's head; returns its id. The extra words follow by add_u32(). */
static uint32_t add_type(struct blob *b, const char *name, uint32_t kind, uint32_t vlen, bool kflag,
                         uint32_t size_or_type)
{
	if (!b->strings.n)
		sb_addc(&b->strings, '\0');
	add_u32(b, *name ? add_string(b, name) : 0);
	add_u32(b, (uint32_t)kflag << 31 | kind << 24 | vlen);
	add_u32(b, size_or_type);
	return ++b->n;
}

static void finish_blob(struct blob *b, struct strbuf *out)
{
	struct btf_header h = {.magic = BTF_MAGIC,
	                       .version = BTF_VERSION,
	                       .hdr_len = sizeof(h),
	                       .type_len = (uint32_t)b->types.n,
	                       .str_off = (uint32_t)b->types.n,
	                       .str_len = (uint32_t)b->strings.n};

	sb_reset(out);
	sb_add(out, &h, sizeof(h));
	sb_add(out, b->types.s, b->types.n);
	sb_add(out, b->strings.s, b->strings.n);
	sb_free(&b->types);
	sb_free(&b->strings);
}

/* int, char, struct task { int pid; char comm[16]; struct task *parent; u:3, v:5; union {x; y}; },
 * enum state { RUN = 1, DEAD = -1 }, typedef pid_type, int find(struct task *who, int n),
 * btf_trace_wake with its __traceiter_wake. */
static void kernel_like(struct strbuf *out)
{
	struct blob b = {0};
	uint32_t i = add_type(&b, "int", BTF_KIND_INT, 0, false, 4), ch, arr, ptr, task, uni, proto;
	uint32_t trace, bare;

	add_u32(&b, BTF_INT_SIGNED << 24 | 32);
	ch = add_type(&b, "char", BTF_KIND_INT, 0, false, 1);
	add_u32(&b, 8);
	arr = add_type(&b, "", BTF_KIND_ARRAY, 0, false, 0);
	add_u32(&b, ch);
	add_u32(&b, i);
	add_u32(&b, 16);
	ptr = add_type(&b, "", BTF_KIND_PTR, 0, false, b.n + 3);
	uni = add_type(&b, "", BTF_KIND_UNION, 2, false, 4);
	add_u32(&b, add_string(&b, "x"));
	add_u32(&b, i);
	add_u32(&b, 0);
	add_u32(&b, add_string(&b, "y"));
	add_u32(&b, ch);
	add_u32(&b, 0);
	task = add_type(&b, "task", BTF_KIND_STRUCT, 6, true, 40);
	assert_int_equal(task, ptr + 2);
	add_u32(&b, add_string(&b, "pid"));
	add_u32(&b, i);
	add_u32(&b, 0);
	add_u32(&b, add_string(&b, "comm"));
	add_u32(&b, arr);
	add_u32(&b, 32);
	add_u32(&b, add_string(&b, "parent"));
	add_u32(&b, ptr);
	add_u32(&b, 192);
	add_u32(&b, add_string(&b, "u"));
	add_u32(&b, i);
	add_u32(&b, 3u << 24 | 256);
	add_u32(&b, add_string(&b, "v"));
	add_u32(&b, i);
	add_u32(&b, 5u << 24 | 259);
	add_u32(&b, 0);
	add_u32(&b, uni);
	add_u32(&b, 288);
	add_type(&b, "state", BTF_KIND_ENUM, 2, true, 4);
	add_u32(&b, add_string(&b, "RUN"));
	add_u32(&b, 1);
	add_u32(&b, add_string(&b, "DEAD"));
	add_u32(&b, (uint32_t)-1);
	add_type(&b, "pid_type", BTF_KIND_TYPEDEF, 0, false, i);
	proto = add_type(&b, "", BTF_KIND_FUNC_PROTO, 2, false, i);
	add_u32(&b, add_string(&b, "who"));
	add_u32(&b, ptr);
	add_u32(&b, add_string(&b, "n"));
	add_u32(&b, i);
	add_type(&b, "find", BTF_KIND_FUNC, 0, false, proto);
	bare = add_type(&b, "", BTF_KIND_FUNC_PROTO, 2, false, 0);
	add_u32(&b, 0);
	add_u32(&b, ptr);
	add_u32(&b, 0);
	add_u32(&b, ptr);
	trace = add_type(&b, "", BTF_KIND_PTR, 0, false, bare);
	add_type(&b, "btf_trace_wake", BTF_KIND_TYPEDEF, 0, false, trace);
	proto = add_type(&b, "", BTF_KIND_FUNC_PROTO, 2, false, i);
	add_u32(&b, add_string(&b, "__data"));
	add_u32(&b, ptr);
	add_u32(&b, add_string(&b, "p"));
	add_u32(&b, ptr);
	add_type(&b, "__traceiter_wake", BTF_KIND_FUNC, 0, false, proto);
	proto = add_type(&b, "", BTF_KIND_FUNC_PROTO, 1, false, task); /* returns a struct */
	add_u32(&b, 0);
	add_u32(&b, 0); /* and takes ... */
	add_type(&b, "odd", BTF_KIND_FUNC, 0, false, proto);
	finish_blob(&b, out);
}

/* The blob as a file, for a context of its own. */
static struct types *context_over(const struct strbuf *blob)
{
	char path[] = "/tmp/skep-test-btf-XXXXXX";
	int fd = mkstemp(path);
	struct types *ts;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, blob->s, blob->n), blob->n);
	close(fd);
	ts = types_create(a, path);
	types_have_btf(ts);
	unlink(path);
	return ts;
}

static bool count_visit(void *arg, const char *module, const char *name, uint32_t btf_id)
{
	(void)module;
	(void)name;
	(void)btf_id;
	++*(int *)arg;
	return true;
}

static void btf_is_read_by_name(void **state)
{
	struct strbuf blob = {0};
	const struct type *t, *e;
	const struct field *f;
	const char *module = NULL;
	struct types *ts;
	uint32_t id = 0;
	int64_t value;
	int n = 0;

	(void)state;
	kernel_like(&blob);
	ts = context_over(&blob);
	assert_true(types_have_btf(ts));
	t = types_find(ts, "struct task");
	assert_non_null(t);
	assert_int_equal(t->size_b, 40);
	assert_int_equal(t->align_b, 8);
	assert_int_equal(t->n_fields, 6);
	assert_name(field_of(t, "pid", 0)->type, "int32");
	assert_true(type_is_char_array(field_of(t, "comm", 4)->type));
	f = field_of(t, "parent", 24);
	assert_name(f->type, "struct task *");
	assert_true(f->type->elem->is_incomplete);
	assert_ptr_equal(types_complete(ts, f->type->elem), t);
	f = field_of(t, "u", 32);
	assert_int_equal(f->bit_off, 0);
	assert_int_equal(f->bit_size, 3);
	f = field_of(t, "v", 32);
	assert_int_equal(f->bit_off, 3);
	assert_int_equal(f->bit_size, 5);
	field_of(t, "y", 36); /* inside of the anonymous union */
	assert_null(type_find_field(t, "nonesuch", NULL));
	assert_null(types_find(ts, "struct nonesuch"));
	assert_null(types_find(ts, "union task"));
	assert_name(types_find(ts, "pid_type"), "int32");

	assert_true(types_find_enumerator(ts, "DEAD", &value, &e));
	assert_int_equal(value, -1);
	assert_name(e, "enum state");
	assert_false(types_find_enumerator(ts, "ALIVE", &value, &e));

	t = types_find_func(ts, "find", NULL, &id, NULL, &module);
	assert_non_null(t);
	assert_int_equal(t->n_fields, 2);
	assert_string_equal(t->fields[0].name, "who");
	assert_string_equal(module, "vmlinux");
	assert_true(types_func_fits_trampoline(ts, "vmlinux", id));
	assert_null(types_find_func(ts, "task", NULL, &id, NULL, NULL)); /* a struct */
	assert_non_null(types_find_func(ts, "odd", NULL, &id, NULL, NULL));
	assert_false(types_func_fits_trampoline(ts, "vmlinux", id));
	assert_true(types_kernel_has_func(ts, "find"));

	t = types_find_raw_tracepoint(ts, "wake", &id);
	assert_non_null(t);
	assert_int_equal(t->n_fields, 1);
	assert_string_equal(t->fields[0].name, "p"); /* from __traceiter_wake */
	types_each_func(ts, "*", true, count_visit, &n);
	assert_int_equal(n, 3);
	n = 0;
	types_each_named(ts, TYPE_STRUCT, "t*", count_visit, &n);
	assert_int_equal(n, 1);
	n = 0;
	types_each_raw_tracepoint(ts, "w*", count_visit, &n);
	assert_int_equal(n, 1);
	types_destroy(ts);
	sb_free(&blob);
}

static void btf_definitions_are_c(void **state)
{
	struct strbuf blob = {0}, out = {0};
	struct types *ts;

	(void)state;
	kernel_like(&blob);
	ts = context_over(&blob);
	type_define(types_find(ts, "struct task"), &out);
	assert_string_equal(sb_str(&out), "struct task {\n"
	                                  "\tint pid;\n"
	                                  "\tchar comm[16];\n"
	                                  "\tstruct task *parent;\n"
	                                  "\tint u: 3;\n"
	                                  "\tint v: 5;\n"
	                                  "\tunion {\n"
	                                  "\t\tint x;\n"
	                                  "\t\tchar y;\n"
	                                  "\t};\n"
	                                  "};");
	sb_reset(&out);
	type_define(types_find(ts, "enum state"), &out);
	assert_string_equal(sb_str(&out), "enum state {\n\tRUN = 1,\n\tDEAD = -1,\n};");
	sb_free(&out);
	types_destroy(ts);
	sb_free(&blob);
}

/* Split BTF: ids and strings of a module go on where its base ends. */
static void btf_splits(void **state)
{
	struct strbuf base = {0}, module = {0};
	struct btf_file *b = NULL, *m = NULL;
	struct blob add = {0};
	struct btf_record rec;
	uint32_t id, base_end;

	(void)state;
	kernel_like(&base);
	assert_int_equal(btf_open_bytes(base.s, base.n, NULL, &b), 0);
	base_end = btf_end(b);
	/* No leading "" in split strings; offsets count from the end of the base's. */
	sb_add(&add.strings, "mine", 5);
	add_u32(&add, ((struct btf_header *)base.s)->str_len);
	add_u32(&add, BTF_KIND_TYPEDEF << 24);
	add_u32(&add, 1);
	finish_blob(&add, &module);
	assert_int_equal(btf_open_bytes(module.s, module.n, b, &m), 0);
	id = btf_find(m, "mine", BTF_KIND_MASK(BTF_KIND_TYPEDEF), 0);
	assert_int_equal(id, base_end);
	assert_true(btf_get(m, id, &rec));
	assert_string_equal(btf_string(m, rec.name_off), "mine");
	assert_true(btf_get(m, 1, &rec));
	assert_string_equal(btf_string(m, rec.name_off), "int");
	assert_ptr_equal(btf_owner(m, 1), b);
	assert_false(btf_get(m, id + 1, &rec));
	btf_close(m);
	btf_close(b);
	sb_free(&base);
	sb_free(&module);
}

/* The table that many finds get tells the same as the first ones did. */
static void btf_finds_alike(void **state)
{
	static const char *const names[] = {"int", "task", "RUN", "pid_type", "state", "", "none"};
	enum { N = sizeof(names) / sizeof(names[0]) };
	struct strbuf blob = {0};
	struct btf_file *b = NULL;
	uint32_t first[N][2], n_found = 0;

	(void)state;
	kernel_like(&blob);
	assert_int_equal(btf_open_bytes(blob.s, blob.n, NULL, &b), 0);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < N; i++) {
			uint32_t id = btf_find(b, names[i], ~0u, 0);
			uint32_t second = id ? btf_find(b, names[i], ~0u, id) : 0;

			if (!round) {
				first[i][0] = id;
				first[i][1] = second;
				n_found += id != 0;
			}
			assert_int_equal(id, first[i][0]);
			assert_int_equal(second, first[i][1]);
		}
	}
	assert_in_range(n_found, 2, N - 2);
	btf_close(b);
	sb_free(&blob);
}

/* Ask everything of a blob that may be anything. */
static void poke(const char *bytes, size_t n)
{
	struct arena *saved = a;
	struct strbuf blob = {.s = (char *)bytes, .n = n}, out = {0};
	struct types *ts;
	uint32_t id;
	int64_t value;
	int count = 0;

	a = arena_create();
	ts = context_over(&blob);
	if (types_find(ts, "struct task"))
		type_define(types_find(ts, "struct task"), &out);
	types_find(ts, "pid_type");
	types_find_enumerator(ts, "RUN", &value, NULL);
	if (types_find_func(ts, "find", NULL, &id, NULL, NULL))
		types_func_fits_trampoline(ts, "vmlinux", id);
	types_find_raw_tracepoint(ts, "wake", &id);
	types_each_func(ts, "*", true, count_visit, &count);
	types_each_named(ts, TYPE_STRUCT, "*", count_visit, &count);
	types_destroy(ts);
	sb_free(&out);
	arena_destroy(a);
	a = saved;
}

static void hostile_btf_is_survived(void **state)
{
	struct strbuf blob = {0};
	uint32_t seed = 1;

	(void)state;
	kernel_like(&blob);
	for (size_t n = 0; n < blob.n; n += 3) /* cut short */
		poke(blob.s, n);
	for (int round = 0; round < 1500; round++) { /* and garbled, a few bytes at a time */
		char *copy = malloc(blob.n);

		memcpy(copy, blob.s, blob.n);
		for (int i = 0; i < 1 + round % 5; i++) {
			seed = seed * 1103515245 + 12345;
			copy[(seed >> 8) % blob.n] = (char)(seed >> 24);
		}
		poke(copy, blob.n);
		free(copy);
	}
	sb_free(&blob);
}

/* A struct within itself, a pointer to itself, a typedef of itself. */
static void circles_in_btf_end(void **state)
{
	struct strbuf blob = {0}, out = {0};
	struct blob b = {0};
	struct types *ts;
	uint32_t id;

	(void)state;
	id = add_type(&b, "task", BTF_KIND_STRUCT, 1, false, 8);
	add_u32(&b, add_string(&b, "me"));
	add_u32(&b, id);
	add_u32(&b, 0);
	add_type(&b, "pid_type", BTF_KIND_TYPEDEF, 0, false, 2);
	add_type(&b, "", BTF_KIND_PTR, 0, false, 3);
	id = add_type(&b, "", BTF_KIND_ARRAY, 0, false, 0);
	add_u32(&b, id);
	add_u32(&b, id);
	add_u32(&b, 2);
	add_type(&b, "arrays", BTF_KIND_TYPEDEF, 0, false, id);
	add_type(&b, "pointers", BTF_KIND_TYPEDEF, 0, false, 3);
	finish_blob(&b, &blob);
	ts = context_over(&blob);
	assert_non_null(types_find(ts, "struct task"));
	type_define(types_find(ts, "struct task"), &out);
	assert_null(type_find_field(types_find(ts, "struct task"), "nonesuch", NULL));
	assert_non_null(types_find(ts, "pid_type"));
	assert_non_null(types_find(ts, "arrays"));
	assert_non_null(type_name_dup(a, types_find(ts, "pointers")));
	types_destroy(ts);
	sb_free(&blob);
	sb_free(&out);
}

static void the_kernels_own_btf(void **state)
{
	struct types *ts = types_create(a, "/sys/kernel/btf/vmlinux");
	const struct type *t;

	(void)state;
	if (!types_have_btf(ts)) {
		print_message("# skipped: /sys/kernel/btf/vmlinux can't be read\n");
		types_destroy(ts);
		skip();
	}
	t = types_find(ts, "struct task_struct");
	assert_non_null(t);
	assert_true(type_is_char_array(type_find_field(t, "comm", NULL)->type));
	t = types_find_func(ts, "vfs_read", NULL, NULL, NULL, NULL);
	assert_non_null(t);
	assert_declared(t->fields[0].type, "file", "struct file * file");
	types_destroy(ts);
}

/* ---- tracefs
 * ---------------------------------------------------------------------------------------- */

static const char openat_format[] =
    "name: sys_enter_openat\n"
    "ID: 782\n"
    "format:\n"
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
    "\n"
    "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
    "\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
    "\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"
    "\tfield:const char *const * argv;\toffset:32;\tsize:8;\tsigned:0;\n"
    "\tfield:struct sockaddr * addr;\toffset:40;\tsize:8;\tsigned:0;\n"
    "\tfield:umode_t mode;\toffset:48;\tsize:8;\tsigned:0;\n"
    "\tfield:char comm[16];\toffset:56;\tsize:16;\tsigned:0;\n"
    "\tfield:__data_loc char[] name;\toffset:72;\tsize:4;\tsigned:0;\n"
    "\tfield:unsigned long args[6];\toffset:80;\tsize:48;\tsigned:0;\n"
    "\tfield:enum state st;\toffset:128;\tsize:4;\tsigned:0;\n"
    "\tfield:bool ok;\toffset:132;\tsize:1;\tsigned:0;\n"
    "\tfield:__u8 saddr[28];\toffset:133;\tsize:28;\tsigned:0;\n"
    "\tfield:char buf[];\toffset:161;\tsize:0;\tsigned:0;\n"
    "\n"
    "print fmt: \"field:int nonsense;\toffset:0;\tsize:4;\tsigned:1;\"\n";

static void formats_become_structs(void **state)
{
	struct types *ts = no_btf();
	const struct type *t, *f;
	uint32_t id = 0;

	(void)state;
	t = types_parse_tracefs_format(ts, "syscalls", openat_format, strlen(openat_format), &id);
	assert_int_equal(id, 782);
	assert_int_equal(t->n_fields, 16);
	assert_int_equal(t->size_b, 161);
	f = field_of(t, "dfd", 16)->type;
	assert_name(f, "uint64"); /* as wide as the record has it */
	assert_declared(f, "dfd", "int dfd");
	f = field_of(t, "filename", 24)->type;
	assert_declared(f, "filename", "const char * filename");
	assert_int_equal(f->as, AS_USER);
	f = field_of(t, "argv", 32)->type;
	assert_name(f, "int8 * *");
	f = field_of(t, "addr", 40)->type;
	assert_name(f, "struct sockaddr *");
	assert_true(f->elem->is_incomplete);
	assert_name(field_of(t, "mode", 48)->type, "uint64");
	assert_true(type_is_char_array(field_of(t, "comm", 56)->type));
	assert_int_equal(field_of(t, "comm", 56)->type->n_elems, 16);
	assert_true(field_of(t, "name", 72)->is_data_loc);
	assert_true(type_is_char_array(field_of(t, "name", 72)->type));
	assert_name(field_of(t, "args", 80)->type, "uint64[6]");
	assert_name(field_of(t, "st", 128)->type, "enum state");
	assert_name(field_of(t, "ok", 132)->type, "bool");
	assert_name(field_of(t, "saddr", 133)->type, "uint8[28]");
	assert_name(field_of(t, "buf", 161)->type, "int8[0]");
	t = types_parse_tracefs_format(ts, "sched", openat_format, strlen(openat_format), NULL);
	assert_int_equal(field_of(t, "filename", 24)->type->as, AS_KERNEL);
	types_destroy(ts);
}

static void hostile_formats_are_survived(void **state)
{
	struct types *ts = no_btf();
	size_t n = strlen(openat_format);
	uint32_t seed = 7;

	(void)state;
	for (size_t i = 0; i <= n; i++) {
		char *copy = malloc(i + 1); /* of exact size, for the sanitizer */

		memcpy(copy, openat_format, i);
		types_parse_tracefs_format(ts, "x", copy, i, NULL);
		free(copy);
	}
	for (int round = 0; round < 3000; round++) {
		char *copy = malloc(n);

		memcpy(copy, openat_format, n);
		for (int i = 0; i < 4; i++) {
			seed = seed * 1103515245 + 12345;
			copy[(seed >> 8) % n] = "[];* \t\n:0-x"[(seed >> 24) % 11];
		}
		types_parse_tracefs_format(ts, "x", copy, n, NULL);
		free(copy);
	}
	assert_null(types_read_tracefs_format(ts, "..", "etc", NULL));
	assert_null(types_read_tracefs_format(ts, "a/b", "c", NULL));
	types_destroy(ts);
}

/* ---- C declarations
 * ------------------------------------------------------------------------------------ */

/* Declare, and compare what was reported. */
static void declare_text(struct types *ts, const char *text, const char *errors)
{
	struct diag *d = diag_create(a);
	uint32_t src = diag_add_source(d, "x.bt", text, strlen(text));
	struct strbuf out = {0};
	bool ok = types_declare(ts, d, src, 0, strlen(text), NULL);

	diag_render(d, &(struct diag_style){0}, &out);
	assert_string_equal(sb_str(&out), errors);
	assert_int_equal(ok, !*errors);
	sb_free(&out);
}

/* The same text for our parser and for the compiler that builds this test. */
#define BOTH(...)                                                                                  \
	__VA_ARGS__                                                                                \
	static const char both_text[] = #__VA_ARGS__

/* clang-format off */
BOTH(
	struct mixed { char a; short b; char c; long d; char e; };
	struct packed { char a; long b; short c; } __attribute__((packed));
	struct aligned { char a; int b __attribute__((aligned(16))); char c; };
	struct outer_aligned { int a; } __attribute__((aligned(64)));
	struct bits { unsigned a : 3; unsigned b : 5; int c : 20; char d; long e : 40; int : 0; short f : 2; };
	struct more_bits { char a : 7; char b : 2; int c : 31; int d : 2; long e : 60; };
	struct packed_bits { int a : 31; int b : 2; char c; } __attribute__((packed));
	union both { int i; char bytes[7]; double d; };
	struct anonymous { int kind; union { long l; struct { short x; short y; }; }; char tail[3]; };
	struct arrays { int grid[2][3]; char *names[4]; int (*fn)(int a, char *b); void (*table[2])(void); };
	struct flexible { unsigned short n; long items[]; };
	enum small { SMALL_A, SMALL_B = 5, SMALL_C };
	enum wide { WIDE = 0x100000000 };
	enum negative { NEG = -3 };
	struct enums { char c; enum small s; enum wide w; enum negative n; };
	struct nested { struct mixed m; struct packed p; struct nested *next; };
);
/* clang-format on */

static const struct type *find_whole(struct types *ts, const char *name, size_t size_b,
                                     size_t align_b)
{
	const struct type *t = types_find(ts, name);

	assert_non_null(t);
	assert_int_equal(t->size_b, size_b);
	assert_int_equal(t->align_b, align_b);
	return t;
}

#define FIND(ts, name) find_whole(ts, #name, sizeof(name), _Alignof(name))
#define SAME(ts, tag, member) field_of(FIND(ts, tag), #member, offsetof(tag, member))

/* A bit-field lies where setting it to all ones sets the bits of the compiler's struct. */
#define SAME_BITS(ts, tag, member)                                                                 \
	do {                                                                                       \
		const struct field *f_ = type_find_field(FIND(ts, tag), #member, NULL);            \
		union {                                                                            \
			tag s;                                                                     \
			unsigned char bytes[sizeof(tag)];                                          \
		} u_ = {.bytes = {0}};                                                             \
		u_.s.member = -1;                                                                  \
		for (unsigned i_ = 0; i_ < sizeof(tag) * 8; i_++) {                                \
			unsigned first_ = f_->off_b * 8 + f_->bit_off;                             \
			bool want_ = i_ >= first_ && i_ < first_ + f_->bit_size;                   \
			assert_int_equal(u_.bytes[i_ / 8] >> i_ % 8 & 1, want_);                   \
		}                                                                                  \
	} while (0)

static void layout_agrees_with_the_compiler(void **state)
{
	struct types *ts = no_btf();
	int64_t value;

	(void)state;
	declare_text(ts, both_text, "");
	SAME(ts, struct mixed, b);
	SAME(ts, struct mixed, d);
	SAME(ts, struct mixed, e);
	SAME(ts, struct packed, b);
	SAME(ts, struct packed, c);
	SAME(ts, struct aligned, b);
	SAME(ts, struct aligned, c);
	FIND(ts, struct outer_aligned);
	SAME_BITS(ts, struct bits, a);
	SAME_BITS(ts, struct bits, b);
	SAME_BITS(ts, struct bits, c);
	SAME(ts, struct bits, d);
	SAME_BITS(ts, struct bits, e);
	SAME_BITS(ts, struct bits, f);
	SAME_BITS(ts, struct more_bits, a);
	SAME_BITS(ts, struct more_bits, b);
	SAME_BITS(ts, struct more_bits, c);
	SAME_BITS(ts, struct more_bits, d);
	SAME_BITS(ts, struct more_bits, e);
	SAME_BITS(ts, struct packed_bits, b);
	SAME(ts, struct packed_bits, c);
	FIND(ts, union both);
	SAME(ts, struct anonymous, y);
	SAME(ts, struct anonymous, tail);
	SAME(ts, struct arrays, names);
	SAME(ts, struct arrays, fn);
	SAME(ts, struct arrays, table);
	SAME(ts, struct flexible, items);
	SAME(ts, struct enums, s);
	SAME(ts, struct enums, w);
	SAME(ts, struct enums, n);
	SAME(ts, struct nested, p);
	SAME(ts, struct nested, next);
	assert_name(field_of(types_find(ts, "struct arrays"), "grid", 0)->type, "int32[3][2]");
	assert_ptr_equal(
	    types_complete(
	        ts, type_find_field(types_find(ts, "struct nested"), "next", NULL)->type->elem),
	    types_find(ts, "struct nested"));
	assert_true(types_find_enumerator(ts, "SMALL_C", &value, NULL));
	assert_int_equal(value, 6);
	types_destroy(ts);
}

static void the_preprocessor_works(void **state)
{
	struct types *ts = no_btf();

	(void)state;
	declare_text(ts,
	             "#define N (4 + 2) /* six */\n"
	             "#define NAME \"abc\"\n"
	             "#define EMPTY\n"
	             "#define SQUARE(x) ((x) * (x))\n"
	             "#define SELF SELF\n"
	             "#if defined(N) && N > 5 && !defined NONESUCH\n"
	             "struct yes { char x[N]; }\n" /* no semicolon */
	             "#elif 1\n"
	             "struct elif { int x; }\n"
	             "#else\n"
	             "#error never\n"
	             "#endif\n"
	             "#ifdef NONESUCH\n"
	             "# if 1\n"
	             "struct no { int x; }\n"
	             "# endif\n"
	             "#elif N == 7\n"
	             "struct no { int x; }\n"
	             "#else\n"
	             "struct other { unsigned long v; struct yes *p; };\n"
	             "#endif\n"
	             "#undef EMPTY\n"
	             "typedef struct { short s; } pair_t, *pair_p;\n"
	             "struct uses { pair_t one; pair_p two; // comment\n"
	             "};\n",
	             "");
	assert_string_equal(types_find_define(ts, "N"), "(4 + 2)");
	assert_string_equal(types_find_define(ts, "NAME"), "\"abc\"");
	assert_null(types_find_define(ts, "EMPTY"));
	assert_null(types_find_define(ts, "SQUARE"));
	assert_int_equal(types_find(ts, "struct yes")->size_b, 6);
	assert_null(types_find(ts, "struct no"));
	assert_null(types_find(ts, "struct elif"));
	assert_int_equal(types_find(ts, "struct other")->size_b, 16);
	assert_int_equal(types_find(ts, "struct uses")->size_b, 16);
	assert_int_equal(types_find(ts, "pair_t")->size_b, 2);
	types_destroy(ts);
}

static void includes_are_found(void **state)
{
	char dir[] = "/tmp/skep-test-inc-XXXXXX";
	const char *dirs[] = {dir},
	           *text = "#include \"mine.h\"\n#include <mine.h>\nstruct b { T t; };";
	struct types *ts = no_btf();
	struct diag *d = diag_create(a);
	uint32_t src = diag_add_source(d, "x.bt", text, strlen(text));
	struct c_options opts = {.include_dirs = dirs, .n_include_dirs = 1};
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	f = fopen(arena_printf(a, "%s/mine.h", dir), "w");
	fputs("#ifndef MINE_H\n#define MINE_H\n#define LIMIT 7\ntypedef struct a { int x; } T;\n"
	      "static inline int f(int x) { if (x) { return 1; } return 0; }\n"
	      "extern int g(const char *fmt, ...);\n#endif\n",
	      f);
	fclose(f);
	assert_true(types_declare(ts, d, src, 0, strlen(text), &opts));
	assert_int_equal(types_find(ts, "struct b")->size_b, 4);
	assert_string_equal(types_find_define(ts, "LIMIT"), "7");
	unlink(arena_printf(a, "%s/mine.h", dir));
	rmdir(dir);
	types_destroy(ts);
}

static void c_mistakes_are_located(void **state)
{
	(void)state;
	struct types *ts = no_btf();

	declare_text(ts, "struct a { nonesuch x; };",
	             "x.bt:1:12-20: ERROR: unknown type name 'nonesuch'\n"
	             "struct a { nonesuch x; };\n"
	             "           ~~~~~~~~\n");
	declare_text(ts, "struct b { struct nonesuch x; };",
	             "x.bt:1:28-29: ERROR: field has incomplete type 'struct nonesuch'\n"
	             "struct b { struct nonesuch x; };\n"
	             "                           ~\n");
	declare_text(ts, "struct c { int x; }; struct c { int y; };",
	             "x.bt:1:29-30: ERROR: redefinition of 'c'\n"
	             "struct c { int x; }; struct c { int y; };\n"
	             "                            ~\n");
	declare_text(ts, "#include \"nonesuch.h\"\n",
	             "x.bt:1:2-22: ERROR: 'nonesuch.h' file not found\n"
	             "#include \"nonesuch.h\"\n"
	             " ~~~~~~~~~~~~~~~~~~~~\n"
	             "HINT: add its directory with -I\n");
	declare_text(ts, "#else\n",
	             "x.bt:1:2-6: ERROR: #else without #if\n"
	             "#else\n"
	             " ~~~~\n");
	types_destroy(ts);
}

static void hostile_c_is_survived(void **state)
{
	static const char seed_text[] =
	    "#define A 1\n#if A\nstruct s { int a : 3; union { char c[A + 2]; } u; } "
	    "__attribute__((packed));\n#endif\nenum e { X = 1, Y = sizeof(struct s) };\n"
	    "typedef int (*fn)(struct s *, enum e);\n";
	static const char noise[] = "{}()[];,*:#=<\"'\\\n 0aA1/";
	static const char *const bombs[] = {
	    "struct a { struct a x; };",
	    "#define X X X\nX",
	    "#define A B B\n#define B C C\n#define C A A\nstruct s { int x[A]; };",
	    "#include __FILE__",
	    "#if (1 / 0)\n#endif\n",
	    "struct s { int x[1 << 40]; };",
	    "struct s { char a[2147483647]; char b[2147483647]; char c[2147483647]; };",
	    "struct s { int x : 99; };",
	    "struct { struct { struct {",
	    "enum e { A = , };",
	    "#define",
	    "#if",
	    "typedef",
	    "struct s { int ((((((x)))))); };",
	    "struct s { int x __attribute__((aligned(3))); };",
	};
	uint32_t seed = 3;
	size_t n = strlen(seed_text);

	(void)state;
	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
		struct types *ts = no_btf();
		struct diag *d = diag_create(a);
		uint32_t src = diag_add_source(d, "x", bombs[i], strlen(bombs[i]));

		types_declare(ts, d, src, 0, strlen(bombs[i]), NULL);
		types_destroy(ts);
	}
	for (int round = 0; round < 3000; round++) {
		struct arena *own = arena_create();
		struct types *ts = types_create(own, "/nonexistent");
		struct diag *d = diag_create(own);
		char *copy = strdup(seed_text);
		size_t len = round < (int)n ? (size_t)round : n;
		struct strbuf out = {0};
		uint32_t src;

		for (int i = 0; i < 1 + round % 6; i++) {
			seed = seed * 1103515245 + 12345;
			copy[(seed >> 8) % n] = noise[(seed >> 24) % (sizeof(noise) - 1)];
		}
		copy[len] = '\0';
		src = diag_add_source(d, "x", copy, len);
		types_declare(ts, d, src, 0, len, NULL);
		diag_render(d, &(struct diag_style){0}, &out);
		sb_free(&out);
		types_destroy(ts);
		arena_destroy(own);
		free(copy);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_arena, drop_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(names_are_the_languages),
	    TEST(tuples_lie_like_structs),
	    TEST(equality_is_structural),
	    TEST(names_are_parsed),
	    TEST(declarations_read_like_c),
	    TEST(btf_is_read_by_name),
	    TEST(btf_definitions_are_c),
	    TEST(btf_splits),
	    TEST(btf_finds_alike),
	    TEST(hostile_btf_is_survived),
	    TEST(circles_in_btf_end),
	    TEST(the_kernels_own_btf),
	    TEST(formats_become_structs),
	    TEST(hostile_formats_are_survived),
	    TEST(layout_agrees_with_the_compiler),
	    TEST(the_preprocessor_works),
	    TEST(includes_are_found),
	    TEST(c_mistakes_are_located),
	    TEST(hostile_c_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
