/* Output: every type's text and JSON, every conversion of printf, histograms, maps, stacks, times
 * and whole events, against the texts of the language's reference, parts 8 and 9. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <mntent.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "output/output.h"
#include "symbols/dwarf.h"

/* ---- fakes: two known addresses -------------------------------------------------------------- */

void symbols_kernel_prepare(struct symbols *s, const uint64_t *addresses, uint32_t n)
{
	(void)s;
	(void)addresses;
	(void)n;
}

const char *symbols_kernel_problem(struct symbols *s)
{
	(void)s;
	return NULL;
}

bool symbols_kernel(struct symbols *s, uint64_t address, struct symbol *ret)
{
	(void)s;
	if (address < 0x1000 || address >= 0x2000)
		return false;
	*ret = (struct symbol){.name = "vfs_read", .offset_b = address - 0x1000};
	return true;
}

bool symbols_user(struct symbols *s, pid_t pid, uint64_t address, struct symbol *ret)
{
	(void)s;
	if (pid != 7)
		return false;
	if (address == 0x400000) {
		*ret = (struct symbol){.name = "main", .offset_b = 12, .module = "/bin/sh"};
		return true;
	}
	return false;
}

bool symbols_elf_at(struct symbols *s, const char *path, uint64_t address, struct elf_symbol *ret)
{
	(void)s;
	if (strcmp(path, "/bin/gone") || address != 0x5004)
		return false;
	*ret = (struct elf_symbol){.name = "was_here", .address = 0x5000};
	return true;
}

bool symbols_elf_find(struct symbols *s, const char *path, const char *name, struct elf_symbol *ret)
{
	(void)s;
	if (strcmp(path, "/bin/gone") || strcmp(name, "f"))
		return false;
	*ret = (struct elf_symbol){.name = "f", .address = 0x1230};
	return true;
}

void symbols_user_frames(struct symbols *s, const struct symbol *sym, bool is_return,
                         source_frames *ret)
{
	(void)s;
	assert_false(is_return); /* the only one known is the first */
	assert_string_equal(sym->name, "main");
	vec_push(NULL, ret, ((struct source_frame){"deep(int)", "/src/a.h", 7, 1}));
	vec_push(NULL, ret, ((struct source_frame){NULL, NULL, 0, 0}));
	vec_push(NULL, ret, ((struct source_frame){"main", "/src/a.c", 33, 0}));
}

void symbols_kernel_frames(struct symbols *s, uint64_t address, bool is_return, source_frames *ret)
{
	(void)s;
	if (is_return)
		vec_push(NULL, ret, ((struct source_frame){"f", "fs/x.c", (uint32_t)address, 0}));
}

/* ---- fixture --------------------------------------------------------------------------------- */

static int fake_read_stack(void *arg, uint64_t id, uint32_t size_b, struct image_stack *ret);

static struct {
	struct arena *a;
	struct image img;
	struct diag *diag;
	struct output *o;
	char *out_text, *err_text;
	size_t out_b, err_b;
	struct output_options opts;
} fx;

static int set_up(void **state)
{
	static const char program[] = "begin { errorf(\"%d\\n\", 5); }";

	(void)state;
	memset(&fx, 0, sizeof(fx));
	fx.a = arena_create();
	fx.img.a = fx.a;
	fx.img.str_trunc_trailer = "..";
	fx.diag = diag_create(fx.a);
	diag_add_source(fx.diag, "stdin", program, strlen(program));
	vec_push(fx.a, &fx.img.probe_names, "uprobe:/bin/sh:main");
	vec_push(fx.a, &fx.img.probe_names, "uprobe:/bin/gone:f");
	vec_push(fx.a, &fx.img.strings, "%Y-%m-%d %H:%M:%S.%f %k %l");
	fx.opts = (struct output_options){
	    .read_stack = fake_read_stack,
	    .out = open_memstream(&fx.out_text, &fx.out_b),
	    .err = open_memstream(&fx.err_text, &fx.err_b),
	    .max_cat_bytes = 10,
	    .diag = fx.diag,
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (fx.o)
		output_destroy(fx.o);
	fclose(fx.opts.out);
	fclose(fx.opts.err);
	free(fx.out_text);
	free(fx.err_text);
	arena_destroy(fx.a);
	return 0;
}

/* The context is made late: its tables have the size of the image's. */
static struct output *out(void)
{
	if (!fx.o)
		fx.o = output_create(&fx.img, (struct symbols *)&fx, &fx.opts);
	return fx.o;
}

static void use_json(void)
{
	fx.opts.format = OUTPUT_JSON;
}

/* What has been printed since the last call. */
static const char *printed(void)
{
	static char text[200000];

	output_flush(out());
	fflush(fx.opts.out);
	snprintf(text, sizeof(text), "%s", fx.out_text ? fx.out_text : "");
	rewind(fx.opts.out);
	memset(fx.out_text, 0, fx.out_b);
	fflush(fx.opts.out);
	return text;
}

static const char *complained(void)
{
	static char text[10000];

	fflush(fx.opts.err);
	snprintf(text, sizeof(text), "%s", fx.err_text ? fx.err_text : "");
	rewind(fx.opts.err);
	memset(fx.err_text, 0, fx.err_b);
	fflush(fx.opts.err);
	return text;
}

static void check_text(const struct type *t, const void *bytes, const char *want)
{
	own_strbuf struct strbuf got = {0};

	output_value_text(out(), t, bytes, &got);
	assert_string_equal(sb_str(&got), want);
}

static void check_json(const struct type *t, const void *bytes, const char *want)
{
	own_strbuf struct strbuf got = {0};

	output_value_json(out(), t, bytes, &got);
	assert_string_equal(sb_str(&got), want);
}

static void check_both(const struct type *t, const void *bytes, const char *text, const char *json)
{
	check_text(t, bytes, text);
	check_json(t, bytes, json);
}

static const void *u64(uint64_t v)
{
	static uint64_t ring[8];
	static unsigned at;

	at = (at + 1) % 8;
	ring[at] = v;
	return &ring[at];
}

static const struct type *tuple(uint32_t n, ...)
{
	const struct type *elems[8];
	va_list ap;

	va_start(ap, n);
	for (uint32_t i = 0; i < n; i++)
		elems[i] = va_arg(ap, const struct type *);
	va_end(ap);
	return type_tuple(fx.a, elems, NULL, n);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void scalars(void **state)
{
	static const struct enumerator members[] = {{"RED", 0}, {"BLUE", -2}};
	const struct type color = {.kind = TYPE_ENUM,
	                           .size_b = 4,
	                           .is_signed = true,
	                           .name = "color",
	                           .enumerators = members,
	                           .n_enumerators = 2};
	const struct type alias = {
	    .kind = TYPE_TYPEDEF, .name = "u8", .elem = type_int(1, false), .size_b = 1};
	__int128 wide = -((__int128)1 << 100);

	(void)state;
	check_both(type_int(1, true), u64(0x80), "-128", "-128");
	check_both(type_int(1, false), u64(0x80), "128", "128");
	check_both(type_int(2, true), u64(0xffff), "-1", "-1");
	check_both(type_int(4, false), u64(UINT32_MAX), "4294967295", "4294967295");
	check_both(type_int(8, true), u64(1ull << 63), "-9223372036854775808",
	           "-9223372036854775808");
	check_both(type_int(8, false), u64(UINT64_MAX), "18446744073709551615",
	           "\"18446744073709551615\"");
	check_both(type_int(8, true), u64(9007199254740993), "9007199254740993",
	           "\"9007199254740993\"");
	check_both(type_int(8, true), u64(9007199254740992), "9007199254740992",
	           "9007199254740992");
	check_both(type_int(16, true), &wide, "-1267650600228229401496703205376",
	           "\"-1267650600228229401496703205376\"");
	check_both(&alias, u64(200), "200", "200");
	check_both(type_bool(), u64(1), "true", "true");
	check_both(type_bool(), u64(0), "false", "false");
	check_both(&color, u64(0), "RED", "0");
	check_both(&color, u64((uint32_t)-2), "BLUE", "-2");
	check_both(&color, u64(9), "9", "9");
	check_both(type_ptr(fx.a, type_void(), AS_NONE), u64(0xabc), "0xabc", "2748");
	check_both(type_ptr(fx.a, type_void(), AS_NONE), u64(0), "0x0", "0");
	check_both(type_none(), u64(0), "null", "null");
	check_both(type_simple(TYPE_FLOAT), u64(0), "null", "null");
}

static void strings_and_buffers(void **state)
{
	const struct type c = {
	    .kind = TYPE_INT, .size_b = 1, .is_signed = true, .is_char = true, .name = "char"};
	struct {
		uint32_t len;
		unsigned char bytes[12];
	} buf = {5, {'H', 'e', 0, 0x7f, 0xff}};

	(void)state;
	check_both(type_string(fx.a, 8), "abc\0efg", "abc", "\"abc\"");
	check_both(type_string(fx.a, 4), "abcdefgh", "abcd..", "\"abcd..\"");
	check_both(type_string(fx.a, 4), "abc", "abc", "\"abc\"");
	check_both(type_string(fx.a, 16), "a\"\\\n\1\xc3\xa4", "a\"\\\n\1\xc3\xa4",
	           "\"a\\\"\\\\\\n\\u0001\xc3\xa4\"");
	check_both(type_array(fx.a, &c, 4), "ab\0d", "ab", "\"ab\"");
	check_both(type_array(fx.a, &c, 4), "abcd", "abcd..", "\"abcd..\"");
	fx.img.str_trunc_trailer = "";
	check_both(type_string(fx.a, 4), "abcdefgh", "abcd", "\"abcd\"");
	check_both(type_buffer(fx.a, 12), &buf, "He\\x00\\x7f\\xff", "[72,101,0,127,-1]");
	buf.len = 0;
	check_both(type_buffer(fx.a, 12), &buf, "", "[]");
}

static void wholes(void **state)
{
	struct {
		int8_t a;
		int8_t b[3];
		int32_t c, d;
	} inner = {1, {'a', 'b'}, 2, 3};
	const struct type *pair = tuple(2, type_int(4, true), type_int(4, true));
	const struct type *mixed = tuple(3, type_int(1, true), type_string(fx.a, 3), pair);
	const struct type *elems[] = {type_int(4, true), type_string(fx.a, 4)};
	const char *const names[] = {"a", "b"};
	struct {
		int32_t a;
		char b[4];
	} record = {-1, "x"};
	const struct field union_fields[] = {{.name = "u", .type = type_int(2, false)},
	                                     {.name = "v", .type = type_int(1, true)}};
	const struct type nested = {
	    .kind = TYPE_UNION, .size_b = 2, .fields = union_fields, .n_fields = 2};
	const struct field fields[] = {
	    {.name = "low", .type = type_int(4, false), .bit_off = 0, .bit_size = 3},
	    {.name = "sign", .type = type_int(4, true), .bit_off = 3, .bit_size = 2},
	    {.type = &nested, .off_b = 4},
	    {.name = "in", .type = &nested, .off_b = 6},
	};
	const struct type s = {
	    .kind = TYPE_STRUCT, .size_b = 8, .name = "s", .fields = fields, .n_fields = 4};
	const unsigned char bytes[8] = {0x1d, 0, 0, 0, 0x05, 0x00, 0xff, 0x01};

	(void)state;
	check_both(type_array(fx.a, type_int(4, true), 3), (int32_t[]){1, -2, 3}, "[1,-2,3]",
	           "[1,-2,3]");
	check_both(mixed, &inner, "(1, ab, (2, 3))", "[1,\"ab\",[2,3]]");
	check_both(tuple(1, type_int(1, true)), u64(5), "(5)", "[5]");
	check_both(tuple(0), u64(5), "()", "[]");
	check_both(type_tuple(fx.a, elems, names, 2), &record, "{ .a = -1, .b = x }",
	           "{\"a\": -1, \"b\": \"x\"}");
	check_both(
	    &s, bytes, "{ .low = 5, .sign = -1, .u = 5, .v = 5, .in = { .u = 511, .v = -1 } }",
	    "{\"low\": 5, \"sign\": -1, \"u\": 5, \"v\": 5, \"in\": {\"u\": 511, \"v\": -1}}");
	check_both(&(struct type){.kind = TYPE_STRUCT}, bytes, "{}", "{}");
}

/* A tracefs record: the text lies behind the fixed fields. */
static void data_locations(void **state)
{
	const struct field f = {.name = "file", .type = type_int(4, false), .is_data_loc = true};
	const struct type t = {.kind = TYPE_STRUCT, .size_b = 12, .fields = &f, .n_fields = 1};
	const struct type t_short = {.kind = TYPE_STRUCT, .size_b = 4, .fields = &f, .n_fields = 1};
	struct {
		uint32_t loc;
		char text[8];
	} r = {6 << 16 | 4, "x.txt"};

	(void)state;
	check_both(&t, &r, "{ .file = x.txt }", "{\"file\": \"x.txt\"}");
	check_both(&t_short, &r, "{ .file =  }", "{\"file\": \"\"}");
}

static void addresses(void **state)
{
	struct {
		uint64_t family;
		unsigned char bytes[16];
	} v4 = {2, {127, 0, 0, 1}}, v6 = {10, {[15] = 1}};
	struct {
		uint64_t address;
		uint32_t pid, probe;
	} usym = {0x400000, 7, 0};

	(void)state;
	check_both(type_simple(TYPE_INET), &v4, "127.0.0.1", "\"127.0.0.1\"");
	check_text(type_simple(TYPE_INET), &v6, "::1");
	check_both(type_simple(TYPE_MAC), "\xaa\xbb\xcc\0\x11\x22", "AA:BB:CC:00:11:22",
	           "\"AA:BB:CC:00:11:22\"");
	check_both(type_simple(TYPE_KSYM), u64(0x1010), "vfs_read", "\"vfs_read\"");
	check_text(type_simple(TYPE_KSYM), u64(0xffff123), "0xffff123");
	check_text(type_simple(TYPE_USYM), &usym, "main");
	usym.address = 0x5004;
	check_text(type_simple(TYPE_USYM), &usym, "0x5004");
	usym.probe = 1; /* its file still says it, although process 8 is gone */
	usym.pid = 8;
	check_text(type_simple(TYPE_USYM), &usym, "was_here");
	usym.address =
	    0x55550230; /* wherever it was mapped, the offset in the page is the file's */
	check_text(type_simple(TYPE_USYM), &usym, "f");
	usym.address = 0x5004;
	usym.probe = 99;
	check_text(type_simple(TYPE_USYM), &usym, "0x5004");
	check_text(type_simple(TYPE_USERNAME), u64(0), "root");
	check_text(type_simple(TYPE_USERNAME), u64(3999999999), "");
}

/* Where the cgroup2 hierarchy is mounted, or "". */
static const char *cgroup2_mount(void)
{
	static char dir[256];
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	while (mounts && (m = getmntent(mounts)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			snprintf(dir, sizeof(dir), "%s", m->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return dir;
}

static void cgroup_paths(void **state)
{
	struct {
		uint64_t id;
		uint32_t filter, zero;
	} v = {.filter = 2};
	char group[300];
	struct stat st;

	(void)state;
	vec_push(fx.a, &fx.img.strings, "uni*");
	vec_push(fx.a, &fx.img.strings, "nothing*");
	snprintf(group, sizeof(group), "%s/skep-test-%d", cgroup2_mount(), getpid());
	if (!*cgroup2_mount() || mkdir(group, 0755)) {
		print_message("# skipped: no cgroup2 mount in which to make a group\n");
		skip();
	}
	assert_int_equal(stat(group, &st), 0);
	v.id = st.st_ino;
	check_text(type_simple(TYPE_CGROUP_PATH), &v,
	           arena_printf(fx.a, "unified:/skep-test-%d", getpid()));
	rmdir(group);
	check_text(type_simple(TYPE_CGROUP_PATH), &v, /* kept */
	           arena_printf(fx.a, "unified:/skep-test-%d", getpid()));
	v.filter = 3;
	check_text(type_simple(TYPE_CGROUP_PATH), &v, "");
	assert_int_equal(stat(cgroup2_mount(), &st), 0);
	v.id = st.st_ino;
	v.filter = 2;
	check_text(type_simple(TYPE_CGROUP_PATH), &v, "unified:/");
}

static void timestamps(void **state)
{
	struct {
		uint64_t ns;
		uint32_t format, zero;
	} v = {0, 1, 0};
	own_strbuf struct strbuf got = {0};
	struct timespec boot, wall;
	char want[64], fraction[64];
	int64_t stamp;
	time_t s;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	check_text(type_simple(TYPE_TIMESTAMP), &v, "(?)");
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	v.ns = (uint64_t)boot.tv_sec * 1000000000 + boot.tv_nsec;
	output_value_text(out(), type_simple(TYPE_TIMESTAMP), &v, &got);
	/* "2026-08-01 10:00:01.123456 123456789 123" */
	assert_int_equal(got.n, 40);
	assert_int_equal(strspn(got.s + 20, "0123456789"), 6);
	stamp = atoll(got.s + 27);
	assert_true(llabs(stamp - wall.tv_nsec) < 1000000 ||
	            llabs(stamp - wall.tv_nsec) > 999000000);
	s = wall.tv_sec +
	    (stamp > wall.tv_nsec + 500000000 ? -1 : stamp < wall.tv_nsec - 500000000);
	strftime(want, sizeof(want), "%Y-%m-%d %H:%M:%S.", gmtime(&s));
	assert_memory_equal(got.s, want, strlen(want));
	snprintf(fraction, sizeof(fraction), "%06lld %09lld %03lld", (long long)stamp / 1000,
	         (long long)stamp, (long long)stamp / 1000000);
	assert_string_equal(got.s + strlen(want), fraction);
}

static void aggregations(void **state)
{
	uint64_t avg[2] = {(uint64_t)-7, 2}, stats[2] = {6, 3};

	(void)state;
	check_both(type_agg(fx.a, TYPE_COUNT, false), u64(5), "5", "5");
	check_both(type_agg(fx.a, TYPE_SUM, true), u64(-5), "-5", "-5");
	check_both(type_agg(fx.a, TYPE_SUM, false), u64(-5), "18446744073709551611",
	           "\"18446744073709551611\"");
	check_both(type_agg(fx.a, TYPE_AVG, true), avg, "-3", "-3");
	check_both(type_agg(fx.a, TYPE_AVG, false), (uint64_t[2]){0, 0}, "0", "0");
	check_both(type_agg(fx.a, TYPE_STATS, true), stats,
	           "{ .count = 3, .average = 2, .total = 6 }",
	           "{\"count\": 3, \"average\": 2, \"total\": 6}");
}

static void reduction(void **state)
{
	uint64_t cpus[3][2] = {{5, 1}, {0, 0}, {(uint64_t)-3, 1}}, got[2];

	(void)state;
	output_reduce(type_agg(fx.a, TYPE_COUNT, false), cpus, 3, 16, got);
	assert_int_equal(got[0], 2);
	output_reduce(type_agg(fx.a, TYPE_MIN, true), cpus, 3, 16, got);
	assert_int_equal((int64_t)got[0], -3);
	output_reduce(type_agg(fx.a, TYPE_MIN, false), cpus, 3, 16, got);
	assert_int_equal(got[0], 5);
	output_reduce(type_agg(fx.a, TYPE_MAX, true), cpus, 3, 16, got);
	assert_int_equal(got[0], 5);
	output_reduce(type_agg(fx.a, TYPE_MAX, false), cpus, 3, 16, got);
	assert_int_equal((int64_t)got[0], -3);
	output_reduce(type_agg(fx.a, TYPE_MAX, true), cpus[1], 1, 16, got);
	assert_int_equal(got[1], 0);
	output_reduce(type_agg(fx.a, TYPE_AVG, true), cpus, 3, 16, got);
	assert_int_equal(got[0], 2);
	assert_int_equal(got[1], 2);
	output_reduce(type_int(8, false), cpus, 3, 16, got);
	assert_int_equal(got[0], 5);
}

/* Stacks by id: what the kernel would keep for each. */
static struct {
	uint64_t n;
	uint64_t frames[4];
} kept[] = {{0, {0}},
            {3, {0x1001, 0x1010, 0x9999}},
            {2, {0x400000, 0x123}},
            {4000, {0x1001, 0x1010}},
            {2, {0x1001, 0x105f}}};

static const struct {
	uint64_t n;
	struct bpf_stack_build_id id[2];
} kept_ids = {.n = 2,
              .id = {{.status = BPF_STACK_BUILD_ID_VALID,
                      .build_id = {0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
                                   0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab},
                      .offset = 0x40},
                     {.status = BPF_STACK_BUILD_ID_IP, .ip = 0x99}}};

static int fake_read_stack(void *arg, uint64_t id, uint32_t size_b, struct image_stack *ret)
{
	size_t have = id == 9 ? sizeof(kept_ids) : sizeof(kept[0]);

	(void)arg;
	if (id != 9 && id >= sizeof(kept) / sizeof(kept[0]))
		return -ENOENT;
	memcpy(ret, id == 9 ? (const void *)&kept_ids : &kept[id], have < size_b ? have : size_b);
	return 0;
}

static void stacks(void **state)
{
	uint64_t kernel[1] = {1}, none[1] = {0}, long_one[1] = {3}, unknown[1] = {77};
	uint64_t user[2] = {2, 7}, ids[2] = {9, 7};

	(void)state;
	check_both(type_stack(fx.a, false, STACK_BPFTRACE, 4), kernel,
	           "\n        vfs_read+1\n        vfs_read+16\n        0x9999\n",
	           "\"\\n        vfs_read+1\\n        vfs_read+16\\n        0x9999\\n\"");
	check_text(type_stack(fx.a, false, STACK_PERF, 4), kernel,
	           "\n\t1001 vfs_read+1\n\t1010 vfs_read+16\n\t9999 0x9999\n");
	check_text(type_stack(fx.a, false, STACK_RAW, 4), kernel, "\n1001\n1010\n9999\n");
	check_text(type_stack(fx.a, true, STACK_BPFTRACE, 3), user,
	           "\n        main+12\n        0x123\n");
	check_text(type_stack(fx.a, true, STACK_PERF, 3), user,
	           "\n\t400000 main+12 (/bin/sh)\n\t123 0x123 ([unknown])\n");
	check_text(type_stack(fx.a, false, STACK_BPFTRACE, 4), none, "\n");
	check_text(type_stack(fx.a, false, STACK_BPFTRACE, 4), unknown, "\n");
	check_text(type_stack(fx.a, true, STACK_BUILD_ID, 2), ids,
	           "\nabababababababababababababababababababab 0x40\n0x99\n");
	output_destroy(fx.o);
	fx.opts.shows_source = true;
	fx.o = output_create(&fx.img, (struct symbols *)&fx, &fx.opts);
	check_text(type_stack(fx.a, false, STACK_BPFTRACE, 4), kernel,
	           "\n        vfs_read+1\n        vfs_read+16@fs/x.c:4112\n        0x9999\n");
	check_text(type_stack(fx.a, true, STACK_BPFTRACE, 3), user,
	           "\n        [inlined] deep(int)@/src/a.h:7\n        [inlined] ??\n"
	           "        main+12@/src/a.c:33\n        0x123\n");
	check_text(type_stack(fx.a, true, STACK_PERF, 3), user,
	           "\n\t400000 deep(int) (inlined)\n\t400000 ?? (inlined)\n"
	           "\t400000 main+12 (/bin/sh)\n\t123 0x123 ([unknown])\n");
	check_text(type_stack(fx.a, true, STACK_RAW, 3), user, "\n400000\n123\n");
	/* never beyond what the type holds */
	check_text(type_stack(fx.a, false, STACK_RAW, 2), long_one, "\n1001\n1010\n");
}

/* ---- printf ---------------------------------------------------------------------------------- */

static void check_format(const char *format, const struct type *t, const void *bytes,
                         const char *want)
{
	const struct image_field field = {.type = t};
	own_strbuf struct strbuf got = {0};

	assert_null(output_check_format(fx.a, format, &t, 1));
	output_format(out(), format, &field, 1, bytes, &got);
	assert_string_equal(sb_str(&got), want);
}

static void check_int(const char *format, int64_t v, const char *want)
{
	check_format(format, type_int(8, true), u64((uint64_t)v), want);
}

static void conversions(void **state)
{
	const struct type *s = type_string(fx.a, 8);

	(void)state;
	check_int("%d", -5, "-5");
	check_int("<%i>", 7, "<7>");
	check_int("%d%%", 50, "50%");
	check_int("%5d|", -5, "   -5|");
	check_int("%-5d|", -5, "-5   |");
	check_int("%05d", -5, "-0005");
	check_int("%+d", 5, "+5");
	check_int("% d", 5, " 5");
	check_int("%.3d", -5, "-005");
	check_int("%8.3d|", 5, "     005|");
	check_int("%.0d|", 0, "|");
	check_int("%*d", 5, "5");
	check_int("%u", -1, "4294967295");
	check_int("%llu", -1, "18446744073709551615");
	check_int("%lu", -1, "18446744073709551615");
	check_int("%x", 0x12345678abcdef, "78abcdef");
	check_int("%lx", 0x12345678abcdef, "12345678abcdef");
	check_int("%zX", 0xabc, "ABC");
	check_int("%jd", INT64_MIN, "-9223372036854775808");
	check_int("%td", 1ll << 40, "1099511627776");
	check_int("%hhd", 0x1ff, "-1");
	check_int("%hhu", 0x1ff, "255");
	check_int("%hd", 0x18000, "-32768");
	check_int("%d", 0x180000000, "-2147483648");
	check_int("%#x", 255, "0xff");
	check_int("%#X", 255, "0XFF");
	check_int("%#x", 0, "0");
	check_int("%#08x", 255, "0x0000ff");
	check_int("%-#8x|", 255, "0xff    |");
	check_int("%o", 8, "10");
	check_int("%#o", 8, "010");
	check_int("%#o", 0, "0");
	check_int("%c", 'x', "x");
	check_int("%3c|", 'x', "  x|");
	check_int("%-3c|", 'x', "x  |");
	check_int("%p", 0xabc, "0xabc");
	check_int("%p", 0, "0");
	check_int("%10p|", 0xabc, "     0xabc|");
	check_int("%p", -1, "0xffffffffffffffff");
	check_int("%s", -3, "-3");
	check_int("%gr", 0xcc0, "GFP_KERNEL");
	check_int("%gr", 0x100cca, "GFP_HIGHUSER_MOVABLE");
	check_int("%gr", 0x80000820, "GFP_ATOMIC|0x80000000");
	check_int("%gr", 0, "0");
	check_int("%gr", 0xdc0, "GFP_KERNEL|__GFP_ZERO");
	check_format("%d", type_bool(), u64(1), "1");
	check_format("%s", type_bool(), u64(1), "true");
	check_format("%lx", type_ptr(fx.a, type_void(), AS_NONE), u64(0xff), "ff");
	check_format("%p", type_ptr(fx.a, type_void(), AS_NONE), u64(0xff), "0xff");
	check_format("%s", type_ptr(fx.a, type_void(), AS_NONE), u64(0xff), "0xff");
	check_format("%d", type_agg(fx.a, TYPE_AVG, true), (uint64_t[2]){9, 2}, "4");
	check_format("%s", s, "abc", "abc");
	check_format("%.2s|", s, "abc", "ab|");
	check_format("%5s|", s, "abc", "  abc|");
	check_format("%-5s|", s, "abc", "abc  |");
	check_format("%-5.1s|", s, "abc", "a    |");
	check_format("%s", tuple(1, type_int(8, true)), u64(1), "(1)");
}

static void buffers_in_formats(void **state)
{
	const struct type *t = type_buffer(fx.a, 8);
	struct {
		uint32_t len;
		unsigned char bytes[8];
	} buf = {4, {'H', 'e', '\n', 0xab}};

	(void)state;
	check_format("%r", t, &buf, "He\\x0a\\xab");
	check_format("%rx", t, &buf, "\\x48\\x65\\x0a\\xab");
	check_format("%rh", t, &buf, "48 65 0a ab");
	check_format("%rhello", t, &buf, "48 65 0a abello");
	check_format("%s", t, &buf, "He\\x0a\\xab");
}

static void several_arguments(void **state)
{
	const struct image_field fields[] = {{.type = type_int(4, true), .off_b = 8},
	                                     {.type = type_string(fx.a, 8), .off_b = 12}};
	struct {
		struct image_record head;
		int32_t n;
		char s[8];
	} r = {.n = -7, .s = "abc"};
	own_strbuf struct strbuf got = {0};

	(void)state;
	output_format(out(), "100%% %d/%s %y 50%\n", fields, 2, &r, &got);
	assert_string_equal(sb_str(&got), "100% -7/abc %y 50%\n");
}

static void format_mistakes(void **state)
{
	const struct type *i = type_int(8, true), *s = type_string(fx.a, 3);
	const struct type *b = type_buffer(fx.a, 8), *p = type_ptr(fx.a, type_void(), AS_NONE);
	const struct {
		const char *format;
		const struct type *types[2];
		uint32_t n;
		const char *want;
	} rows[] = {
	    {"%d", {0}, 0, "not enough arguments for format string (0 supplied, 1 expected)"},
	    {"x", {i}, 1, "too many arguments for format string (1 supplied, 0 expected)"},
	    {"%d", {s}, 1, "unsupported format specifier for type 'string[3]': d"},
	    {"%-5lld", {s}, 1, "unsupported format specifier for type 'string[3]': d"},
	    {"%s", {type_none()}, 1, "unable to print none type for specifier: s"},
	    {"%f", {i}, 1, "unsupported format specifier: f"},
	    {"%5.2E", {i}, 1, "unsupported format specifier: E"},
	    {"%n", {0}, 0, "unsupported format specifier: n"},
	    {"%g", {i}, 1, "unsupported format specifier: g"},
	    {"%r", {i}, 1, "unsupported format specifier for type 'int64': r"},
	    {"%rx", {i}, 1, "unsupported format specifier for type 'int64': rx"},
	    {"%c", {p}, 1, "unsupported format specifier for type 'void *': c"},
	    {"%p", {s}, 1, "unsupported format specifier for type 'string[3]': p"},
	    {"%gr", {s}, 1, "unsupported format specifier for type 'string[3]': gr"},
	    {"%d", {b}, 1, "unsupported format specifier for type 'buffer[8]': d"},
	    {"%s", {type_hist(fx.a, 0)}, 1, "unsupported format specifier for type 'hist_t': s"},
	    {"%y%d%%", {i}, 1, NULL},
	    {"%d %s", {i, s}, 2, NULL},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		const char *got =
		    output_check_format(fx.a, rows[n].format, rows[n].types, rows[n].n);

		if (rows[n].want)
			assert_string_equal(got ? got : "(accepted)", rows[n].want);
		else
			assert_null(got);
	}
}

/* ---- histograms ------------------------------------------------------------------------------ */

/* Spec 7.4. */
static uint32_t hist_bucket(int64_t n, unsigned k)
{
	unsigned m;

	if (n < 0)
		return 0;
	if (n < 1 << k)
		return (uint32_t)n + 1;
	m = 63 - __builtin_clzll(n);
	return ((m - k + 1) << k) + ((n >> (m - k)) & ((1 << k) - 1)) + 1;
}

static uint32_t lhist_bucket(const struct type *t, int64_t n)
{
	if (n < t->lhist_min)
		return 0;
	if (n >= t->lhist_max)
		return image_hist_buckets(t) - 1;
	return 1 + (uint32_t)((n - t->lhist_min) / t->lhist_step);
}

static void hist_of_the_reference(void **state)
{
	static const int64_t numbers[] = {-3, 0, 5, 6, 6, 20};
	const struct type *t = type_hist(fx.a, 0);
	const struct image_var var = {.name = "@", .value = t};
	uint64_t buckets[66] = {0};
	struct output_map *m = output_map_begin(out(), &var);

	(void)state;
	for (size_t i = 0; i < 6; i++)
		buckets[hist_bucket(numbers[i], 0)]++;
	output_map_add(m, NULL, buckets);
	output_map_end(m, 0, 0);
	assert_string_equal(
	    printed(),
	    "@:\n"
	    "(..., 0)               1 |@@@@@@@@@@@@@@@@@                                   |\n"
	    "[0]                    1 |@@@@@@@@@@@@@@@@@                                   |\n"
	    "[1]                    0 |                                                    |\n"
	    "[2, 4)                 0 |                                                    |\n"
	    "[4, 8)                 3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
	    "[8, 16)                0 |                                                    |\n"
	    "[16, 32)               1 |@@@@@@@@@@@@@@@@@                                   |\n"
	    "\n");
}

static void lhist_of_the_reference(void **state)
{
	static const int64_t numbers[] = {-1, 12, 13, 30, 31};
	const struct type *t = type_lhist(fx.a, 0, 30, 10);
	const struct image_var var = {.name = "@", .value = t};
	uint64_t buckets[5] = {0};
	struct output_map *m = output_map_begin(out(), &var);

	(void)state;
	assert_int_equal(image_hist_buckets(t), 5);
	for (size_t i = 0; i < 5; i++)
		buckets[lhist_bucket(t, numbers[i])]++;
	output_map_add(m, NULL, buckets);
	output_map_end(m, 0, 2); /* lhist counts are not divided */
	assert_string_equal(
	    printed(),
	    "@:\n"
	    "(..., 0)               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |\n"
	    "[0, 10)                0 |                                                    |\n"
	    "[10, 20)               2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
	    "[20, 30)               0 |                                                    |\n"
	    "[30, ...)              2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
	    "\n");
}

/* ---- time series ----------------------------------------------------------------------------- */

/* Digits of times, "12:34:56.789", by '0': when a row was is not what is tested. */
static const char *without_times(const char *text)
{
	static char copy[4096];
	bool is_time = true;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *p = copy; *p; p++) {
		if (p == copy || p[-1] == '\n')
			is_time = *p >= '0' && *p <= '9' && p[1] && p[2] == ':';
		is_time &= *p != ' ';
		if (is_time && *p >= '0' && *p <= '9')
			*p = '0';
	}
	return copy;
}

struct moment {
	uint64_t k;
	int64_t value;
	uint64_t third;
};

static void fill(const struct type *t, uint64_t *ring, const struct moment *m, size_t n)
{
	uint32_t words = image_interval_size(t) / 8;

	for (size_t i = 0; i < n; i++) {
		uint64_t *at = ring + m[i].k % t->tseries_n * words;

		at[0] = m[i].k + 1;
		at[1] = (uint64_t)m[i].value;
		if (words > 2)
			at[2] = m[i].third;
	}
}

static const char *graph(const struct type *t, const uint64_t *ring)
{
	own_strbuf struct strbuf text = {0};

	output_value_text(out(), t, ring, &text);
	return without_times(sb_str(&text));
}

static void tseries_of_the_reference(void **state)
{
	const struct type *t = type_tseries(fx.a, 1000000000, 4, TYPE_NONE, true);
	const struct image_var var = {.name = "@", .value = t};
	uint64_t ring[4 * 3] = {0};
	struct output_map *m = output_map_begin(out(), &var);
	/* 5 lies a round behind: another has its place by now, but not that of 7 */
	const struct moment moments[] = {{1000, 3, 1}, {1001, 7, 2}, {1003, 5, 3}};

	(void)state;
	fill(t, ring, moments, 3);
	ring[2 * 3] = 999; /* 998 is too old, though in its place */
	output_map_add(m, NULL, ring);
	output_map_end(m, 0, 0);
	assert_string_equal(without_times(printed()),
	                    "@:\n"
	                    "         3                                                   7\n"
	                    "hh:mm:ss |___________________________________________________|\n"
	                    "00:00:00 *                                                   | 3\n"
	                    "00:00:00 |                                                   * 7\n"
	                    "00:00:00 |                                                   | -\n"
	                    "00:00:00 |                         *                         | 5\n"
	                    "         v___________________________________________________v\n"
	                    "         3                                                   7\n"
	                    "\n");
}

static void tseries_zero_column_and_fractions(void **state)
{
	const struct type *ms = type_tseries(fx.a, 1000000, 3, TYPE_AVG, true);
	const struct type *us = type_tseries(fx.a, 999999, 2, TYPE_MAX, false);
	uint64_t ring[3 * 3] = {0}, short_ring[2 * 2] = {0};
	const struct moment moments[] = {{30, -20, 2}, {31, 90, 3}};
	const struct moment only[] = {{8, -1, 0}};

	(void)state;
	assert_string_equal(graph(ms, ring), "<no data>\n");
	fill(ms, ring, moments, 2);
	assert_string_equal(
	    graph(ms, ring),
	    "             -10                                                30\n"
	    "hh:mm:ss.ms  |___________________________________________________|\n"
	    "00:00:00.000 *            .                                      | -10\n"
	    "00:00:00.000 |            .                                      * 30\n"
	    "             v___________________________________________________v\n"
	    "             -10                                                30\n");
	fill(us, short_ring, only, 1);
	assert_string_equal(
	    graph(us, short_ring),
	    "                18446744073709551614             18446744073709551616\n"
	    "hh:mm:ss.μs     |___________________________________________________|\n"
	    "00:00:00.000000 |                         *                         | "
	    "18446744073709551615\n"
	    "                v___________________________________________________v\n"
	    "                18446744073709551614             18446744073709551616\n");
}

/* Of one interval on two CPUs, and of two that lie a round apart. */
static void tseries_of_all_cpus(void **state)
{
	static const struct {
		enum type_kind agg;
		bool is_signed;
		struct moment a, b;
		int64_t value, third;
	} rows[] = {
	    {TYPE_NONE, false, {6, 5, 10}, {6, 4, 11}, 4, 11},
	    {TYPE_NONE, false, {6, 5, 12}, {6, 4, 11}, 5, 12},
	    {TYPE_NONE, false, {6, 5, 12}, {9, 4, 11}, 4, 11},
	    {TYPE_AVG, false, {6, 5, 2}, {6, 4, 1}, 9, 3},
	    {TYPE_SUM, true, {6, 5, 0}, {6, -4, 0}, 1, 0},
	    {TYPE_SUM, true, {9, 5, 0}, {6, -4, 0}, 5, 0},
	    {TYPE_MIN, true, {6, 5, 0}, {6, -4, 0}, -4, 0},
	    {TYPE_MIN, false, {6, 5, 0}, {6, -4, 0}, 5, 0},
	    {TYPE_MAX, true, {6, 5, 0}, {6, -4, 0}, 5, 0},
	    {TYPE_MAX, false, {6, 5, 0}, {6, -4, 0}, -4, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct type *t = type_tseries(fx.a, 1000, 3, rows[i].agg, rows[i].is_signed);
		uint32_t words = image_interval_size(t) / 8;
		uint64_t cpus[2][9] = {0}, ret[9];

		fill(t, cpus[0], &rows[i].a, 1);
		fill(t, cpus[1], &rows[i].b, 1);
		output_reduce(t, cpus, 2, sizeof(cpus[0]), ret);
		assert_int_equal((int64_t)ret[1], rows[i].value);
		if (words > 2)
			assert_int_equal((int64_t)ret[2], rows[i].third);
	}
}

/* The label of the row for the number n alone. */
static const char *label_of(const struct type *t, int64_t n)
{
	static char label[64];
	own_strbuf struct strbuf text = {0};
	uint64_t *buckets = calloc(image_hist_buckets(t), sizeof(*buckets));

	buckets[t->kind == TYPE_HIST ? hist_bucket(n, t->hist_bits) : lhist_bucket(t, n)] = 1;
	output_value_text(out(), t, buckets, &text);
	free(buckets);
	snprintf(label, sizeof(label), "%.*s", (int)strcspn(sb_str(&text), ")]") + 1,
	         sb_str(&text));
	return label;
}

static void hist_labels(void **state)
{
	const struct type *h0 = type_hist(fx.a, 0), *h1 = type_hist(fx.a, 1),
	                  *h5 = type_hist(fx.a, 5), *steps = type_lhist(fx.a, 0, 4 << 20, 1 << 20),
	                  *odd = type_lhist(fx.a, 1, 10, 4), *ones = type_lhist(fx.a, 0, 5, 1);
	uint64_t buckets[66] = {[65] = 1};

	(void)state;
	assert_string_equal(label_of(h0, 511), "[256, 512)");
	assert_string_equal(label_of(h0, 512), "[512, 1K)");
	assert_string_equal(label_of(h0, 1024), "[1K, 2K)");
	assert_string_equal(label_of(h0, 1ll << 20), "[1M, 2M)");
	assert_string_equal(label_of(h0, INT64_MAX), "[4E, 8E)");
	check_text(
	    h0, buckets,
	    "[8E, 16E)              1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n");
	check_json(h0, buckets,
	           "[{\"min\": 9223372036854775808, \"max\": 18446744073709551615, "
	           "\"count\": 1}]");
	assert_string_equal(label_of(h1, 3), "[3]");
	assert_string_equal(label_of(h1, 4), "[4, 6)");
	assert_string_equal(label_of(h1, 1024), "[1024, 1536)");
	assert_string_equal(label_of(h1, 2047), "[1536, 2K)");
	assert_string_equal(label_of(h1, 3000), "[2K, 3K)");
	assert_string_equal(label_of(h5, 63), "[63]");
	assert_string_equal(label_of(h5, 64), "[64, 66)");
	assert_string_equal(label_of(h5, 1ll << 40), "[1024G, 1056G)");
	assert_string_equal(label_of(steps, 5), "[0, 1M)");
	assert_string_equal(label_of(steps, 1 << 20), "[1M, 2M)");
	assert_string_equal(label_of(steps, 1 << 22), "[4M, ...)");
	assert_string_equal(label_of(odd, 0), "(..., 1)");
	assert_string_equal(label_of(odd, 9), "[9]");
	assert_string_equal(label_of(odd, 8), "[5, 9)");
	assert_string_equal(label_of(ones, 3), "[3]");
}

static void hist_json_shapes(void **state)
{
	const struct type *h = type_hist(fx.a, 0), *l = type_lhist(fx.a, 0, 30, 10);
	uint64_t buckets[66] = {1, 2, 1}, steps[5] = {1, 0, 0, 0, 2};

	(void)state;
	check_json(h, buckets,
	           "[{\"max\": -1, \"count\": 1},{\"min\": 0, \"max\": 0, \"count\": 2},"
	           "{\"min\": 1, \"max\": 1, \"count\": 1}]");
	check_json(h, (uint64_t[66]){0}, "[]");
	check_json(l, steps,
	           "[{\"max\": -1, \"count\": 1},{\"min\": 0, \"max\": 9, \"count\": 0},"
	           "{\"min\": 10, \"max\": 19, \"count\": 0},"
	           "{\"min\": 20, \"max\": 29, \"count\": 0},{\"min\": 30, \"count\": 2}]");
}

/* ---- maps ------------------------------------------------------------------------------------ */

static struct output_map *begin_map(const char *name, const struct type *key,
                                    const struct type *value)
{
	struct image_var *var = arena_new(fx.a, struct image_var);

	*var = (struct image_var){.name = name, .key = key, .value = value};
	return output_map_begin(out(), var);
}

static void maps_by_value(void **state)
{
	const struct type *string = type_string(fx.a, 16);
	struct output_map *m = begin_map("@c", string, type_agg(fx.a, TYPE_COUNT, false));
	static const char keys[][16] = {"zsh", "awk", "a rather long b", "a rather long a", "bash"};
	static const uint64_t counts[] = {3, 300, 3, 3, 70000};

	(void)state;
	for (int i = 0; i < 5; i++)
		output_map_add(m, keys[i], &counts[i]);
	output_map_end(m, 0, 0);
	assert_string_equal(printed(), "@c[a rather long a]: 3\n@c[a rather long b]: 3\n"
	                               "@c[zsh]: 3\n@c[awk]: 300\n@c[bash]: 70000\n");
	m = begin_map("@c", string, type_agg(fx.a, TYPE_COUNT, false));
	for (int i = 0; i < 5; i++)
		output_map_add(m, keys[i], &counts[i]);
	output_map_end(m, 2, 3);
	assert_string_equal(printed(), "@c[awk]: 100\n@c[bash]: 23333\n");
	m = begin_map("@n", type_int(8, true), type_int(8, true));
	for (int i = 0; i < 5; i++)
		output_map_add(m, u64((uint64_t)i), u64((uint64_t)(i % 2 ? -i : i)));
	output_map_end(m, 0, 2);
	assert_string_equal(printed(), "@n[3]: -1\n@n[1]: 0\n@n[0]: 0\n@n[2]: 1\n@n[4]: 2\n");
	m = begin_map("@max", type_int(8, true), type_agg(fx.a, TYPE_MAX, true));
	output_map_add(m, u64(1), (uint64_t[2]){(uint64_t)-1, 1});
	output_map_add(m, u64(2), (uint64_t[2]){5, 1});
	output_map_end(m, 0, 0); /* ordered as unsigned */
	assert_string_equal(printed(), "@max[2]: 5\n@max[1]: -1\n");
	m = begin_map("@avg", type_int(8, true), type_agg(fx.a, TYPE_AVG, true));
	output_map_add(m, u64(1), (uint64_t[2]){100, 50});
	output_map_add(m, u64(2), (uint64_t[2]){(uint64_t)-5, 1});
	output_map_end(m, 0, 0);
	assert_string_equal(printed(), "@avg[2]: -5\n@avg[1]: 2\n");
}

static void maps_by_key(void **state)
{
	const struct type *pair = tuple(2, type_int(8, true), type_string(fx.a, 8));
	const struct type *deep =
	    tuple(2, tuple(2, type_int(8, true), type_int(8, true)), type_int(8, true));
	struct {
		int64_t n;
		char s[8];
	} keys[] = {{2, "a"}, {-1, "z"}, {2, "B"}};
	struct output_map *m = begin_map("@x", pair, type_string(fx.a, 4));

	(void)state;
	for (int i = 0; i < 3; i++)
		output_map_add(m, &keys[i], "val");
	output_map_end(m, 0, 5);
	assert_string_equal(printed(), "@x[-1, z]: val\n@x[2, B]: val\n@x[2, a]: val\n");
	m = begin_map("@y", deep, type_int(8, true));
	output_map_add(m, (int64_t[]){1, 2, 3}, u64(7));
	output_map_end(m, 0, 0);
	assert_string_equal(printed(), "@y[(1, 2), 3]: 7\n");
	m = begin_map("@z", type_int(8, true), tuple(2, type_int(4, true), type_int(4, true)));
	output_map_add(m, u64(1), (int32_t[]){1, 2});
	output_map_add(m, u64((uint64_t)-1), (int32_t[]){3, 4});
	output_map_end(m, 0, 0);
	assert_string_equal(printed(), "@z[-1]: (3, 4)\n@z[1]: (1, 2)\n");
}

static void maps_of_all_shapes(void **state)
{
	uint64_t stack[1] = {4};
	uint64_t few[66] = {[1] = 4}, many[66] = {[1] = 9};
	struct output_map *m = begin_map("@n", NULL, type_int(8, true));

	(void)state;
	output_map_add(m, NULL, u64(5));
	output_map_end(m, 0, 0);
	assert_string_equal(printed(), "@n: 5\n");
	output_map_end(begin_map("@e", type_int(8, true), type_int(8, true)), 0, 0);
	m = begin_map("@unseen", NULL, type_hist(fx.a, 0));
	output_map_add(m, NULL, (uint64_t[66]){0});
	output_map_end(m, 0, 0);
	assert_string_equal(printed(), "");
	m = begin_map("@", type_stack(fx.a, false, STACK_BPFTRACE, 2),
	              type_agg(fx.a, TYPE_COUNT, false));
	output_map_add(m, stack, u64(3));
	output_map_end(m, 0, 0);
	assert_string_equal(printed(), "@[\n        vfs_read+1\n        vfs_read+95\n]: 3\n");
	m = begin_map("@h", type_int(8, true), type_hist(fx.a, 0));
	output_map_add(m, u64(1), many);
	output_map_add(m, u64(2), few);
	output_map_end(m, 0, 4);
	assert_string_equal(
	    printed(),
	    "@h[2]:\n"
	    "[0]                    1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n\n"
	    "@h[1]:\n"
	    "[0]                    2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n\n");
	m = begin_map("@zeroed", type_int(8, true), type_hist(fx.a, 0));
	output_map_add(m, u64(1), (uint64_t[66]){0});
	output_map_end(m, 0, 0);
	assert_string_equal(printed(), "@zeroed[1]:\n\n");
}

static void maps_as_json(void **state)
{
	const struct type *pair = tuple(2, type_string(fx.a, 8), type_int(8, true));
	struct {
		char s[8];
		int64_t n;
	} key = {"x", 1};
	struct output_map *m;

	(void)state;
	use_json();
	m = begin_map("@a", NULL, type_int(8, true));
	output_map_add(m, NULL, u64(1));
	output_map_end(m, 0, 0);
	m = begin_map("@b", type_string(fx.a, 2), type_int(8, true));
	output_map_add(m, "y", u64(2));
	output_map_add(m, "x", u64(1));
	output_map_end(m, 0, 0);
	output_map_end(begin_map("@empty", pair, type_int(8, true)), 0, 0);
	m = begin_map("@t", pair, type_int(8, true));
	output_map_add(m, &key, u64(1));
	output_map_end(m, 0, 0);
	m = begin_map("@s", NULL, type_agg(fx.a, TYPE_STATS, false));
	output_map_add(m, NULL, (uint64_t[]){6, 3});
	output_map_end(m, 0, 0);
	m = begin_map("@v", type_int(8, true), type_agg(fx.a, TYPE_AVG, false));
	output_map_add(m, u64(9), (uint64_t[]){6, 3});
	output_map_end(m, 0, 0);
	m = begin_map("@h", type_int(8, true), type_hist(fx.a, 0));
	output_map_add(m, u64(9), (uint64_t[66]){0, 2});
	output_map_end(m, 0, 0);
	assert_string_equal(printed(),
	                    "{\"type\": \"map\", \"data\": {\"@a\": 1}}\n"
	                    "{\"type\": \"map\", \"data\": {\"@b\": {\"x\": 1, \"y\": 2}}}\n"
	                    "{\"type\": \"map\", \"data\": {\"@t\": {\"x,1\": 1}}}\n"
	                    "{\"type\": \"stats\", \"data\": {\"@s\": {\"count\": 3, "
	                    "\"average\": 2, \"total\": 6}}}\n"
	                    "{\"type\": \"stats\", \"data\": {\"@v\": {\"9\": 2}}}\n"
	                    "{\"type\": \"hist\", \"data\": {\"@h\": {\"9\": "
	                    "[{\"min\": 0, \"max\": 0, \"count\": 2}]}}}\n");
}

/* Any order in, one order out, against qsort. */
static int by_value_then_key(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	if (x[1] != y[1])
		return (x[1] > y[1]) - (x[1] < y[1]);
	return ((int64_t)x[0] > (int64_t)y[0]) - ((int64_t)x[0] < (int64_t)y[0]);
}

static void large_maps_are_in_order(void **state)
{
	enum { N = 3000 };
	static uint64_t entries[N][2];
	own_strbuf struct strbuf want = {0};
	struct output_map *m = begin_map("@", type_int(8, true), type_int(8, false));
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < N; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		entries[i][0] = seed ^ seed >> 29;
		entries[i][1] = (seed >> 40) % 64 << (seed >> 60) * 3;
		output_map_add(m, &entries[i][0], &entries[i][1]);
	}
	output_map_end(m, 0, 0);
	qsort(entries, N, sizeof(entries[0]), by_value_then_key);
	for (int i = 0; i < N; i++)
		sb_addf(&want, "@[%lld]: %llu\n", (long long)entries[i][0],
		        (unsigned long long)entries[i][1]);
	assert_int_equal(strcmp(printed(), sb_str(&want)), 0);
}

/* ---- events ---------------------------------------------------------------------------------- */

struct record {
	struct image_record head;
	int64_t n;
	char text[2][32];
};

static const struct image_event *add_event(enum event_kind kind, const char *format,
                                           const struct image_field *fields, uint32_t n_fields)
{
	struct image_event ev = {.kind = kind,
	                         .format = format,
	                         .fields = fields,
	                         .n_fields = n_fields,
	                         .size_b = sizeof(struct record),
	                         .at = {0, 8, 26}};

	vec_push(fx.a, &fx.img.events, ev);
	return &vec_last(&fx.img.events);
}

/* Renders event number `i` of the image. */
static void emit(size_t i, const struct record *r)
{
	output_event(out(), &fx.img.events.items[i], r, sizeof(*r));
}

static void add_all_events(void)
{
	static struct image_field number, texts[2];

	number = (struct image_field){type_int(8, true), offsetof(struct record, n)};
	texts[0] = (struct image_field){type_string(fx.a, 32), offsetof(struct record, text)};
	texts[1] = (struct image_field){type_string(fx.a, 32), offsetof(struct record, text) + 32};
	add_event(EVENT_PRINTF, "n=%d\n", &number, 1);
	add_event(EVENT_PRINT, NULL, &number, 1);
	add_event(EVENT_ERRORF, "bad %d\n", &number, 1);
	add_event(EVENT_WARNF, "odd %d", &number, 1);
	add_event(EVENT_TIME, "%Y\n", NULL, 0);
	add_event(EVENT_JOIN, ",", texts, 2);
	add_event(EVENT_CAT, "%s", texts, 1);
	add_event(EVENT_SYSTEM, "%s", texts, 1);
	add_event(EVENT_RUNTIME_WARNING, NULL, NULL, 0);
	fx.img.events.items[8].helper = "map_update_elem";
	add_event(EVENT_RUNTIME_WARNING, "Divide or modulo by 0 detected.", NULL, 0);
}

static void check_event(size_t i, const struct record *r, const char *on_out, const char *on_err)
{
	emit(i, r);
	assert_string_equal(printed(), on_out);
	assert_string_equal(complained(), on_err);
}

static void events_as_text(void **state)
{
	struct record r = {.head.arg = 2, .n = 5, .text = {"one", "two"}};
	char path[] = "cat.XXXXXX", year[8];
	time_t now = time(NULL);
	int fd = mkstemp(path);

	(void)state;
	add_all_events();
	strftime(year, sizeof(year), "%Y\n", localtime(&now));
	check_event(0, &r, "n=5\n", "");
	check_event(1, &r, "5\n", "");
	check_event(2, &r, "", "stdin:1:9-27: ERROR: bad 5\n");
	check_event(3, &r, "", "stdin:1:9-27: WARNING: odd 5\n");
	check_event(4, &r, year, "");
	check_event(5, &r, "one,two\n", "");
	r.head.arg = 1;
	check_event(5, &r, "one\n", "");
	check_event(6, &r, "", "ERROR: failed to open file 'one' (No such file or directory)\n");
	assert_int_equal(write(fd, "0123456789abc\n", 14), 14);
	close(fd);
	strcpy(r.text[0], path);
	check_event(6, &r, "0123456789", "");
	unlink(path);
	strcpy(r.text[0], "echo a;echo b>&2");
	check_event(7, &r, "a\nb\n\n", "");
	strcpy(r.text[0], "echo a; exit 3");
	check_event(7, &r, "", "ERROR: command exited with code 3\n");
	r.head.arg = 7;
	check_event(8, &r, "",
	            "stdin:1:9-27: WARNING: Argument list too long\n"
	            "Additional Info - helper: map_update_elem, retcode: -7\n"
	            "begin { errorf(\"%d\\n\", 5); }\n        ~~~~~~~~~~~~~~~~~~\n");
	check_event(9, &r, "",
	            "stdin:1:9-27: WARNING: Divide or modulo by 0 detected.\n"
	            "begin { errorf(\"%d\\n\", 5); }\n        ~~~~~~~~~~~~~~~~~~\n");
	output_event(out(), &fx.img.events.items[0], &r, 8);
	assert_string_equal(printed(), "");
	assert_non_null(strstr(complained(), "ERROR: an event of"));
}

static void warnf_can_be_silenced(void **state)
{
	struct record r = {.n = 5};

	(void)state;
	add_all_events();
	fx.opts.no_warnings = true;
	check_event(3, &r, "", "");
	check_event(2, &r, "", "stdin:1:9-27: ERROR: bad 5\n");
}

static void events_as_json(void **state)
{
	struct record r = {.head.arg = 2, .n = 5, .text = {"echo x", "two"}};

	(void)state;
	use_json();
	add_all_events();
	check_event(0, &r, "{\"type\": \"printf\", \"data\": \"n=5\\n\"}\n", "");
	check_event(1, &r, "{\"type\": \"value\", \"data\": 5}\n", "");
	check_event(2, &r,
	            "{\"type\": \"errorf\", \"msg\": \"bad 5\", \"filename\": \"stdin\", "
	            "\"line\": 1, \"col\": 9}\n",
	            "");
	check_event(5, &r, "{\"type\": \"join\", \"data\": \"echo x,two\"}\n", "");
	check_event(7, &r, "{\"type\": \"syscall\", \"data\": \"x\\n\"}\n", "");
	r.head.arg = 14;
	check_event(8, &r,
	            "{\"type\": \"helper_error\", \"msg\": \"Bad address\", \"helper\": "
	            "\"map_update_elem\", \"retcode\": -14, \"filename\": \"stdin\", "
	            "\"line\": 1, \"col\": 9}\n",
	            "");
	check_event(9, &r,
	            "{\"type\": \"runtime_error\", \"msg\": \"Divide or modulo by 0 detected.\", "
	            "\"filename\": \"stdin\", \"line\": 1, \"col\": 9}\n",
	            "");
}

static void session_lines(void **state)
{
	(void)state;
	output_attached(out(), 1);
	output_attached(out(), 0);
	output_lost(out(), 5);
	output_lost_total(out(), 7);
	output_exit_gap(out());
	assert_string_equal(complained(), "Attached 1 probe\nAttached 0 probes\nLost 5 events\n"
	                                  "WARNING: Total lost event count: 7\n");
	assert_string_equal(printed(), "\n\n");
}

static void session_lines_as_json(void **state)
{
	(void)state;
	use_json();
	output_attached(out(), 2);
	output_lost(out(), 5);
	output_exit_gap(out());
	assert_string_equal(
	    printed(), "{\"type\": \"attached_probes\", \"count\": 2, \"data\": {\"probes\": 2}}\n"
	               "{\"type\": \"lost_events\", \"count\": 5, \"data\": {\"events\": 5}}\n");
}

static void a_broken_pipe_is_noticed(void **state)
{
	FILE *full = fopen("/dev/full", "w"), *was = fx.opts.out;

	(void)state;
	fx.opts.out = full;
	output_exit_gap(out());
	assert_false(output_is_broken(out()));
	output_flush(out());
	assert_true(output_is_broken(out()));
	output_destroy(out());
	fx.o = NULL;
	fx.opts.out = was;
	fclose(full);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(scalars),
	    TEST(strings_and_buffers),
	    TEST(wholes),
	    TEST(data_locations),
	    TEST(addresses),
	    TEST(cgroup_paths),
	    TEST(timestamps),
	    TEST(aggregations),
	    TEST(reduction),
	    TEST(stacks),
	    TEST(conversions),
	    TEST(buffers_in_formats),
	    TEST(several_arguments),
	    TEST(format_mistakes),
	    TEST(hist_of_the_reference),
	    TEST(lhist_of_the_reference),
	    TEST(tseries_of_the_reference),
	    TEST(tseries_zero_column_and_fractions),
	    TEST(tseries_of_all_cpus),
	    TEST(hist_labels),
	    TEST(hist_json_shapes),
	    TEST(maps_by_value),
	    TEST(maps_by_key),
	    TEST(maps_of_all_shapes),
	    TEST(maps_as_json),
	    TEST(large_maps_are_in_order),
	    TEST(events_as_text),
	    TEST(warnf_can_be_silenced),
	    TEST(events_as_json),
	    TEST(session_lines),
	    TEST(session_lines_as_json),
	    TEST(a_broken_pipe_is_noticed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
