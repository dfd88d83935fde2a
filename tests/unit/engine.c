/* The kernel engine on hand-assembled images: what a compiler would hand over, without one. Needs
 * root and a kernel with BPF; every program looks only at this process. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "engine/engine.h"
#include "engine/kernel/kernel.h"
#include "engine/kernel/sys.h"
#include "types/types.h"
#include "base/strbuf.h"

/* ---- assembling ------------------------------------------------------------------------------ */

#define INSN(c, d, s, o, i)                                                                        \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define RSH_IMM(d, i) INSN(BPF_ALU64 | BPF_RSH | BPF_K, d, 0, 0, i)
#define LOAD(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE(d, s, o) INSN(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE_IMM(size, d, o, i) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define ADD_MEM(d, s, o) INSN(BPF_STX | BPF_ATOMIC | BPF_DW, d, s, o, BPF_ADD)
#define JNE_IMM(d, i, o) INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define JEQ_IMM(d, i, o) INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##f)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static const char source[] = "begin { @a = 1; }\n\ttracepoint:x:y { @b = *(uint64 *)7; }\n";

struct fixture {
	struct arena *a;
	struct diag *diag;
	struct image *img;
	struct engine *e;
	struct engine_options opts;
	struct engine_error error;
	uint32_t n_warnings;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->a = arena_create();
	f->diag = diag_create(f->a);
	diag_add_source(f->diag, "test.bt", source, strlen(source));
	f->img = arena_new(f->a, struct image);
	f->img->a = f->a;
	f->img->license = "GPL";
	f->img->start_ns_off_b = UINT32_MAX;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	engine_kernel.destroy(f->e);
	arena_destroy(f->a);
	free(f);
	return 0;
}

static uint32_t add_map(struct fixture *f, enum map_role role, uint32_t type, uint32_t key_size_b,
                        uint32_t value_size_b, uint32_t max_entries, uint32_t flags)
{
	vec_push(f->a, &f->img->maps,
	         ((struct image_map){.role = role,
	                             .name = "test",
	                             .type = type,
	                             .key_size_b = key_size_b,
	                             .value_size_b = value_size_b,
	                             .max_entries = max_entries,
	                             .flags = flags,
	                             .is_frozen = role == MAP_RODATA}));
	return (uint32_t)f->img->maps.n - 1;
}

static struct image_program *add_program(struct fixture *f, uint32_t type)
{
	struct image_program *p = vec_add(f->a, &f->img->programs);

	p->name = "test:prog";
	p->type = type;
	p->at = (struct span){0, 0, 5};
	vec_push(f->a, &p->code.func_starts, 0);
	return p;
}

static struct image_attach *add_attach(struct fixture *f, struct image_program *p,
                                       enum attach_kind kind, const char *name)
{
	struct image_attach *at = vec_add(f->a, &p->attaches);

	at->kind = kind;
	at->name = name;
	at->tracepoint_id = -1;
	at->n_probes = 1;
	return at;
}

static void emit_at(struct fixture *f, struct image_program *p, struct span at,
                    struct bpf_insn insn)
{
	vec_push(f->a, &p->code.insns, insn);
	vec_push(f->a, &p->code.spans, at);
}

static void emit(struct fixture *f, struct image_program *p, struct bpf_insn insn)
{
	emit_at(f, p, (struct span){0, 8, 14}, insn);
}

static void emit_map(struct fixture *f, struct image_program *p, int reg, enum ir_reloc_kind kind,
                     uint32_t map, uint32_t off_b)
{
	vec_push(f->a, &p->code.relocs,
	         ((struct ir_reloc){(uint32_t)p->code.insns.n, kind, map, off_b}));
	emit(f, p, INSN(BPF_LD | BPF_IMM | BPF_DW, reg, 0, 0, 0));
	emit(f, p, INSN(0, 0, 0, 0, 0));
}

/* if (pid != mine) return 0; */
static void emit_own_pid_only(struct fixture *f, struct image_program *p)
{
	emit(f, p, CALL(get_current_pid_tgid));
	emit(f, p, RSH_IMM(0, 32));
	emit(f, p, JEQ_IMM(0, getpid(), 2));
	emit(f, p, MOV_IMM(0, 0));
	emit(f, p, EXIT());
}

/* *(u64 *)(map + off_b) += n */
static void emit_count(struct fixture *f, struct image_program *p, uint32_t map, uint32_t off_b,
                       int n)
{
	emit_map(f, p, 1, RELOC_MAP_VALUE, map, off_b);
	emit(f, p, MOV_IMM(2, n));
	emit(f, p, ADD_MEM(1, 2, 0));
}

static void emit_return(struct fixture *f, struct image_program *p)
{
	emit(f, p, MOV_IMM(0, 0));
	emit(f, p, EXIT());
}

static const struct type *u64(void)
{
	static const struct type t = {.kind = TYPE_INT, .size_b = 8, .align_b = 8};

	return &t;
}

static uint32_t add_var(struct fixture *f, const char *name, const struct type *key, uint32_t map,
                        uint32_t off_b)
{
	vec_push(f->a, &f->img->vars,
	         ((struct image_var){.name = name,
	                             .key = key,
	                             .value = u64(),
	                             .map = map,
	                             .off_b = off_b,
	                             .is_per_cpu = map_is_per_cpu(&f->img->maps.items[map])}));
	return (uint32_t)f->img->vars.n - 1;
}

static void load(struct fixture *f)
{
	f->opts.diag = f->diag;
	if (feature_privilege_problem()) {
		print_message("skipped: %s\n", feature_privilege_problem());
		skip();
	}
	f->e = engine_kernel.load(f->img, &f->opts, &f->error);
}

static void load_well(struct fixture *f)
{
	load(f);
	if (!f->e)
		print_message("%s\n%s\n", f->error.text, f->error.log ? f->error.log : "");
	assert_non_null(f->e);
}

static void count_warning(void *arg, struct span at, const char *text)
{
	struct fixture *f = arg;

	(void)at;
	assert_non_null(strstr(text, "Unable to attach probe: "));
	f->n_warnings++;
}

static uint32_t attach(struct fixture *f)
{
	uint32_t n = 0;
	int err = engine_kernel.attach(f->e, count_warning, f, &n, &f->error);

	if (err)
		print_message("%s (%s)\n", f->error.text, f->error.hint);
	assert_int_equal(err, 0);
	return n;
}

static bool add_up(void *arg, const void *key, const void *values, uint32_t n_values,
                   uint32_t value_stride_b)
{
	uint64_t *sum = arg;

	(void)key;
	for (uint32_t i = 0; i < n_values; i++)
		*sum += *(const uint64_t *)((const char *)values + (size_t)i * value_stride_b);
	return true;
}

static uint64_t sum_of(struct fixture *f, uint32_t var)
{
	uint64_t sum = 0;

	assert_int_equal(engine_kernel.var_read(f->e, var, add_up, &sum), 0);
	return sum;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- scalars, begin and end ------------------------------------------------------------------ */

static void begin_and_end_run_once_and_scalars_read(void **state)
{
	static const uint32_t flags[] = {BPF_F_MMAPABLE, 0};

	for (int i = 0; i < 2; i++) {
		struct fixture *f = *state;
		uint32_t globals = add_map(f, MAP_GLOBALS, BPF_MAP_TYPE_ARRAY, 4, 24, 1, flags[i]);
		uint32_t a = add_var(f, "@a", NULL, globals, 0),
		         b = add_var(f, "@b", NULL, globals, 8);
		uint32_t start = add_var(f, "@start", NULL, globals, 16);
		struct image_program *p = add_program(f, BPF_PROG_TYPE_RAW_TRACEPOINT);

		f->img->start_ns_off_b = 16;
		emit_count(f, p, globals, 0, 3);
		emit_return(f, p);
		add_attach(f, p, ATTACH_BEGIN, "begin");
		p = add_program(f, BPF_PROG_TYPE_RAW_TRACEPOINT);
		emit_count(f, p, globals, 8, 5);
		emit_return(f, p);
		add_attach(f, p, ATTACH_END, "end");
		load_well(f);
		assert_int_equal(engine_kernel.run_begin(f->e, &f->error), 0);
		assert_int_equal(attach(f), 2);
		assert_int_equal(sum_of(f, a), 3);
		assert_int_equal(sum_of(f, b), 0);
		assert_int_equal(engine_kernel.run_end(f->e), 0);
		assert_int_equal(sum_of(f, b), 5);
		/* as kernels without test runs do it */
		assert_int_equal(run_by_uprobe(f->e, 1), 0);
		assert_int_equal(sum_of(f, b), 10);
		assert_true(sum_of(f, start) > 0);
		assert_int_equal(engine_kernel.var_clear(f->e, a), 0);
		assert_int_equal(sum_of(f, a), 0);
		assert_int_equal(sum_of(f, b), 10);
		if (i == 0) {
			teardown(state);
			setup(state);
		}
	}
}

static void read_only_data_is_frozen_and_read(void **state)
{
	struct fixture *f = *state;
	static const uint64_t table[2] = {11, 31};
	uint32_t ro = add_map(f, MAP_RODATA, BPF_MAP_TYPE_ARRAY, 4, 16, 1, BPF_F_RDONLY_PROG);
	uint32_t globals = add_map(f, MAP_GLOBALS, BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_MMAPABLE);
	uint32_t a = add_var(f, "@a", NULL, globals, 0);
	struct image_program *p = add_program(f, BPF_PROG_TYPE_RAW_TRACEPOINT);

	f->img->maps.items[ro].init = table;
	emit_map(f, p, 1, RELOC_MAP_VALUE, ro, 8);
	emit(f, p, LOAD(2, 1, 0));
	emit_map(f, p, 1, RELOC_MAP_VALUE, globals, 0);
	emit(f, p, STORE(1, 2, 0));
	emit_return(f, p);
	add_attach(f, p, ATTACH_BEGIN, "begin");
	load_well(f);
	assert_int_equal(engine_kernel.run_begin(f->e, &f->error), 0);
	assert_int_equal(sum_of(f, a), 31);
}

/* ---- attaching ------------------------------------------------------------------------------- */

static struct image_program *counter(struct fixture *f, uint32_t type, uint32_t *ret_var)
{
	uint32_t map = add_map(f, MAP_CPU_GLOBALS, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0);
	struct image_program *p = add_program(f, type);

	*ret_var = add_var(f, "@", NULL, map, 0);
	emit_own_pid_only(f, p);
	emit(f, p, STORE_IMM(BPF_W, 10, -4, 0));
	emit(f, p, MOV(2, 10));
	emit(f, p, ADD_IMM(2, -4));
	emit_map(f, p, 1, RELOC_MAP, map, 0);
	emit(f, p, CALL(map_lookup_elem));
	emit(f, p, JEQ_IMM(0, 0, 2));
	emit(f, p, MOV_IMM(1, 1));
	emit(f, p, ADD_MEM(0, 1, 0));
	emit_return(f, p);
	return p;
}

static void getpgid_times(int n)
{
	for (int i = 0; i < n; i++)
		syscall(SYS_getpgid, 0);
}

static void tracepoints_count_this_process(void **state)
{
	struct fixture *f = *state;
	uint32_t v;
	struct image_program *p = counter(f, BPF_PROG_TYPE_TRACEPOINT, &v);
	struct image_attach *at =
	    add_attach(f, p, ATTACH_TRACEPOINT, "t:syscalls:sys_enter_getpgid");

	at->category = "syscalls";
	at->func = "sys_enter_getpgid";
	load_well(f);
	assert_int_equal(attach(f), 1);
	getpgid_times(100);
	assert_int_equal(sum_of(f, v), 100);
	assert_int_equal(engine_kernel.detach(f->e), 0);
	getpgid_times(100);
	assert_int_equal(sum_of(f, v), 100);
	assert_int_equal(engine_kernel.var_zero(f->e, v), 0);
	assert_int_equal(sum_of(f, v), 0);
}

static void raw_tracepoints_count_this_process(void **state)
{
	struct fixture *f = *state;
	uint32_t v;
	struct image_program *p = counter(f, BPF_PROG_TYPE_RAW_TRACEPOINT, &v);

	add_attach(f, p, ATTACH_RAW_TRACEPOINT, "rawtracepoint:sys_enter")->func = "sys_enter";
	vec_last(&p->attaches).n_probes = 350;
	load_well(f);
	assert_int_equal(attach(f), 350);
	getpgid_times(100);
	assert_int_equal(engine_kernel.detach(f->e), 0);
	assert_true(sum_of(f, v) >= 100);
	assert_true(sum_of(f, v) < 200);
}

/* Where the function's first byte lies in its file. */
static uint64_t file_offset(const void *function)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long begin, end, off;
	uint64_t ret = 0;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %lx", &begin, &end, &off) == 3 &&
		    begin <= (unsigned long)function && (unsigned long)function < end)
			ret = (unsigned long)function - begin + off;
	fclose(maps);
	return ret;
}

#define TARGET(name)                                                                               \
	static __attribute__((noinline)) int name(int x)                                           \
	{                                                                                          \
		__asm__ volatile("" : "+r"(x));                                                    \
		return x + 1;                                                                      \
	}
TARGET(target_a)
TARGET(target_b)
TARGET(target_c)

static void add_uprobe(struct fixture *f, struct image_program *p, enum attach_kind kind,
                       int (*function)(int), uint64_t cookie)
{
	struct image_attach *at = add_attach(f, p, kind, "uprobe:self:target");

	at->path = "/proc/self/exe";
	at->address = file_offset((const void *)function);
	at->cookie = cookie;
}

/* A uprobe program that adds its cookie to a scalar. */
static struct image_program *cookie_adder(struct fixture *f, uint32_t *ret_var)
{
	uint32_t map = add_map(f, MAP_GLOBALS, BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_MMAPABLE);
	struct image_program *p = add_program(f, BPF_PROG_TYPE_KPROBE);

	*ret_var = add_var(f, "@", NULL, map, 0);
	emit(f, p, CALL(get_attach_cookie));
	emit_map(f, p, 1, RELOC_MAP_VALUE, map, 0);
	emit(f, p, ADD_MEM(1, 0, 0));
	emit_return(f, p);
	p->uses_cookie = true;
	return p;
}

static void uprobes_know_their_cookies(void **state)
{
	/* one link for all; an event each; restricted to a process */
	for (int way = 0; way < 4; way++) {
		struct fixture *f = *state;
		uint32_t v;
		struct image_program *p = cookie_adder(f, &v);
		uint64_t start;

		f->opts.no_uprobe_multi = way & 1;
		f->opts.pid = way & 2 ? getpid() : 0;
		add_uprobe(f, p, ATTACH_UPROBE, target_a, 1);
		add_uprobe(f, p, ATTACH_UPROBE, target_b, 100);
		add_uprobe(f, p, ATTACH_URETPROBE, target_b, 10000);
		add_uprobe(f, p, ATTACH_UPROBE, target_c, 1000000);
		load_well(f);
		assert_int_equal(attach(f), 4);
		for (int i = 0; i < 10; i++)
			target_b(target_a(i));
		assert_int_equal(sum_of(f, v), 10 + 1000 + 100000);
		target_c(1);
		assert_int_equal(sum_of(f, v), 10 + 1000 + 100000 + 1000000);
		start = now_us();
		assert_int_equal(engine_kernel.detach(f->e), 0);
		print_message("detached uprobes in %llu us\n",
		              (unsigned long long)(now_us() - start));
		target_b(target_a(1));
		assert_int_equal(sum_of(f, v), 10 + 1000 + 100000 + 1000000);
		teardown(state);
		setup(state);
	}
}

static void need(enum feature feature)
{
	if (!feature_has(feature)) {
		print_message("skipped: no %s here\n", feature_name(feature));
		skip();
	}
}

/* Kernel functions by one link, by an event each, and with one among them that is not there. */
static void kprobes_know_their_cookies(void **state)
{
	static const char *const funcs[] = {"__x64_sys_getpgid", "no_such_function",
	                                    "__x64_sys_getsid", "__x64_sys_getpriority"};

	need(FEATURE_KPROBE);
	for (int way = 0; way < 2; way++) {
		struct fixture *f = *state;
		uint32_t map = add_map(f, MAP_GLOBALS, BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_MMAPABLE);
		struct image_program *p = add_program(f, BPF_PROG_TYPE_KPROBE);
		uint32_t v = add_var(f, "@", NULL, map, 0);
		uint64_t start;

		emit(f, p, MOV(6, 1));
		emit_own_pid_only(f, p);
		emit(f, p, MOV(1, 6));
		emit(f, p, CALL(get_attach_cookie));
		emit_map(f, p, 1, RELOC_MAP_VALUE, map, 0);
		emit(f, p, ADD_MEM(1, 0, 0));
		emit_return(f, p);
		p->uses_cookie = true;
		f->opts.no_kprobe_multi = way & 1;
		f->opts.missing = 1;
		for (uint64_t i = 0, cookie = 1; i < 4; i++, cookie *= 100) {
			add_attach(f, p, ATTACH_KPROBE, "kprobe:x")->func = funcs[i];
			vec_last(&p->attaches).cookie = cookie;
		}
		add_attach(f, p, ATTACH_KRETPROBE, "kretprobe:x")->func = funcs[0];
		vec_last(&p->attaches).cookie = 100000000;
		load_well(f);
		start = now_us();
		assert_int_equal(attach(f), 4);
		print_message("attached kprobes %s in %llu us\n",
		              f->e->multi[0] == MULTI_KPROBE ? "by multi links" : "one by one",
		              (unsigned long long)(now_us() - start));
		assert_int_equal(f->n_warnings, 1);
		getpgid_times(10);
		syscall(SYS_getsid, 0);
		assert_int_equal(sum_of(f, v), 10 + 10000 + 1000000000);
		start = now_us();
		assert_int_equal(engine_kernel.detach(f->e), 0);
		print_message("detached in %llu us\n", (unsigned long long)(now_us() - start));
		getpgid_times(10);
		assert_int_equal(sum_of(f, v), 10 + 10000 + 1000000000);
		teardown(state);
		setup(state);
	}
}

static void tracing_programs_attach_by_btf_id(void **state)
{
	static const struct {
		enum feature feature;
		uint32_t attach_type;
		enum attach_kind kind;
		const char *name;
	} kinds[] = {
	    {FEATURE_FENTRY, BPF_TRACE_FENTRY, ATTACH_TRACING, "__x64_sys_getpgid"},
	    {FEATURE_FENTRY, BPF_TRACE_FEXIT, ATTACH_TRACING, "__x64_sys_getpgid"},
	    {FEATURE_BTF_RAW_TRACEPOINT, BPF_TRACE_RAW_TP, ATTACH_BTF_RAW_TRACEPOINT, "sys_enter"},
	};

	for (int i = 0; i < 3; i++) {
		struct fixture *f = *state;
		struct types *types = types_create(f->a, NULL);
		uint32_t v;
		struct image_program *p;

		if (!feature_has(kinds[i].feature)) {
			print_message("skipped: no %s here\n", feature_name(kinds[i].feature));
			types_destroy(types);
			continue;
		}
		p = counter(f, BPF_PROG_TYPE_TRACING, &v);
		p->expected_attach_type = kinds[i].attach_type;
		add_attach(f, p, kinds[i].kind, kinds[i].name);
		if (kinds[i].kind == ATTACH_TRACING)
			types_find_func(types, kinds[i].name, NULL, &p->attach_btf_id, NULL, NULL);
		else
			types_find_raw_tracepoint(types, kinds[i].name, &p->attach_btf_id);
		types_destroy(types);
		assert_true(p->attach_btf_id > 0);
		load_well(f);
		assert_int_equal(attach(f), 1);
		getpgid_times(100);
		assert_int_equal(engine_kernel.detach(f->e), 0);
		assert_in_range(sum_of(f, v), 100, 150);
		teardown(state);
		setup(state);
	}
}

/* The whole category stays on perf events, as a compiler that finds no way around them asks. */
static uint32_t add_all_syscalls(struct fixture *f, struct image_program *p)
{
	DIR *dir = opendir("/sys/kernel/tracing/events/syscalls");
	uint32_t n = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		struct image_attach *at;

		if (strncmp(entry->d_name, "sys_enter_", 10) != 0)
			continue;
		at = add_attach(f, p, ATTACH_TRACEPOINT, "tracepoint:syscalls");
		at->category = "syscalls";
		at->func = arena_strdup(f->a, entry->d_name);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

static void hundreds_of_tracepoints_detach_at_once(void **state)
{
	struct fixture *f = *state;
	uint32_t v, n;
	uint64_t start, seen;
	struct image_program *p = counter(f, BPF_PROG_TYPE_TRACEPOINT, &v);

	n = add_all_syscalls(f, p);
	load_well(f);
	start = now_us();
	assert_int_equal(attach(f), n);
	print_message("attached %u in %llu us\n", n, (unsigned long long)(now_us() - start));
	getpgid_times(100);
	start = now_us();
	assert_int_equal(engine_kernel.detach(f->e), 0);
	start = now_us() - start;
	print_message("detached in %llu us\n", (unsigned long long)start);
	assert_in_range(start, 0, 1500000);
	seen = sum_of(f, v);
	assert_true(seen >= 100);
	getpgid_times(100);
	if (start < 900000) /* see detach.c on 6.1 and 6.12 */
		assert_int_equal(sum_of(f, v), seen);
}

static volatile bool stop_spinning;

static void *spin(void *arg)
{
	while (!stop_spinning)
		;
	return arg;
}

/* -p: all threads, also those started later. */
static void a_profile_follows_the_process(void **state)
{
	struct fixture *f = *state;
	uint32_t globals = add_map(f, MAP_GLOBALS, BPF_MAP_TYPE_ARRAY, 4, 16, 1, BPF_F_MMAPABLE);
	uint32_t mine = add_var(f, "@mine", NULL, globals, 0);
	uint32_t other = add_var(f, "@other", NULL, globals, 8);
	struct image_program *p = add_program(f, BPF_PROG_TYPE_PERF_EVENT);
	struct image_attach *at;
	pthread_t thread;

	emit(f, p, CALL(get_current_pid_tgid));
	emit(f, p, RSH_IMM(0, 32));
	emit(f, p, JEQ_IMM(0, getpid(), 6));
	emit_count(f, p, globals, 8, 1);
	emit_return(f, p);
	emit_count(f, p, globals, 0, 1);
	emit_return(f, p);
	at = add_attach(f, p, ATTACH_PROFILE, "profile:hz:1000");
	at->period = 1000;
	at->is_frequency = true;
	f->opts.pid = getpid();
	load_well(f);
	assert_int_equal(attach(f), 1);
	stop_spinning = false;
	pthread_create(&thread, NULL, spin, NULL);
	for (int waits = 0; waits < 2000 && sum_of(f, mine) < 20; waits++)
		usleep(10000);
	stop_spinning = true;
	pthread_join(thread, NULL);
	assert_true(sum_of(f, mine) >= 20);
	assert_int_equal(sum_of(f, other), 0);
}

static void missing_probes_are_errors_warnings_or_nothing(void **state)
{
	for (int missing = 0; missing < 3; missing++) {
		struct fixture *f = *state;
		uint32_t v, n = 99;
		struct image_program *p = counter(f, BPF_PROG_TYPE_TRACEPOINT, &v);
		struct image_attach *at = add_attach(f, p, ATTACH_TRACEPOINT, "tracepoint:no:such");

		at->category = "no";
		at->func = "such";
		f->opts.missing = missing;
		load_well(f);
		if (missing == 0) {
			assert_int_equal(
			    engine_kernel.attach(f->e, count_warning, f, &n, &f->error), -ENOENT);
			assert_string_equal(
			    f->error.text, "Unable to attach probe: tracepoint:no:such. If this is "
			                   "expected, set the 'missing_probes' config variable to "
			                   "'warn'.");
			assert_string_equal(f->error.hint, "no such tracepoint");
			assert_int_equal(n, 99);
		} else {
			assert_int_equal(attach(f), 0);
		}
		assert_int_equal(f->n_warnings, missing == 1);
		teardown(state);
		setup(state);
	}
}

/* Clearing one scalar while another in the same value is counted must not lose a count. */
static void *call_getpgid(void *arg)
{
	getpgid_times(200000);
	return arg;
}

static void a_scalar_is_cleared_alone(void **state)
{
	struct fixture *f = *state;
	uint32_t map = add_map(f, MAP_CPU_GLOBALS, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 16, 1, 0);
	uint32_t cleared = add_var(f, "@a", NULL, map, 0), kept = add_var(f, "@b", NULL, map, 8);
	struct image_program *p = add_program(f, BPF_PROG_TYPE_TRACEPOINT);
	struct image_attach *at =
	    add_attach(f, p, ATTACH_TRACEPOINT, "t:syscalls:sys_enter_getpgid");
	pthread_t thread;

	at->category = "syscalls";
	at->func = "sys_enter_getpgid";
	emit_own_pid_only(f, p);
	emit(f, p, STORE_IMM(BPF_W, 10, -4, 0));
	emit(f, p, MOV(2, 10));
	emit(f, p, ADD_IMM(2, -4));
	emit_map(f, p, 1, RELOC_MAP, map, 0);
	emit(f, p, CALL(map_lookup_elem));
	emit(f, p, JEQ_IMM(0, 0, 3));
	emit(f, p, MOV_IMM(1, 1));
	emit(f, p, ADD_MEM(0, 1, 0));
	emit(f, p, ADD_MEM(0, 1, 8));
	emit_return(f, p);
	load_well(f);
	assert_int_equal(attach(f), 1);
	pthread_create(&thread, NULL, call_getpgid, NULL);
	for (int i = 0; i < 200; i++)
		assert_int_equal(engine_kernel.var_clear(f->e, cleared), 0);
	pthread_join(thread, NULL);
	assert_int_equal(sum_of(f, kept), 200000);
	assert_true(sum_of(f, cleared) < 200000);
	assert_int_equal(engine_kernel.var_clear(f->e, cleared), 0);
	assert_int_equal(sum_of(f, cleared), 0);
}

/* ---- keyed maps ------------------------------------------------------------------------------ */

struct keys {
	uint64_t n, sum;
	uint32_t n_values;
	uint64_t stop_after;
};

static bool see_key(void *arg, const void *key, const void *values, uint32_t n_values,
                    uint32_t value_stride_b)
{
	struct keys *keys = arg;

	(void)key;
	keys->n++;
	keys->n_values = n_values;
	add_up(&keys->sum, NULL, values, n_values, value_stride_b);
	return keys->n != keys->stop_after;
}

static void fill(struct fixture *f, uint32_t map, uint32_t n)
{
	uint64_t *values = calloc(f->e->n_cpus, sizeof(*values));

	for (uint64_t key = 0; key < n; key++) {
		union bpf_attr attr = {.map_fd = (uint32_t)f->e->map_fds[map],
		                       .key = sys_ptr(&key),
		                       .value = sys_ptr(values)};

		values[0] = values[f->e->n_cpus - 1] = 1;
		assert_int_equal(sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)), 0);
	}
	free(values);
}

static void keyed_maps_read_zero_and_clear(void **state)
{
	static const uint32_t kinds[] = {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH,
	                                 BPF_MAP_TYPE_LRU_HASH};
	enum { N = 100000 };

	for (size_t kind = 0; kind < 3; kind++) {
		struct fixture *f = *state;
		uint32_t map = add_map(f, MAP_KEYED, kinds[kind], 8, 8, 2 * N, 0);
		uint32_t v = add_var(f, "@", u64(), map, 0);
		struct keys keys = {0};
		uint64_t start;

		load_well(f);
		assert_int_equal(engine_kernel.var_read(f->e, v, see_key, &keys), 0);
		assert_int_equal(keys.n, 0);
		fill(f, map, N);
		start = now_us();
		assert_int_equal(engine_kernel.var_read(f->e, v, see_key, &keys), 0);
		print_message("read %d keys in %llu us\n", N,
		              (unsigned long long)(now_us() - start));
		assert_int_equal(keys.n, N);
		assert_int_equal(keys.n_values, kind == 1 ? f->e->n_cpus : 1);
		assert_int_equal(keys.sum, (uint64_t)N * (keys.n_values > 1 ? 2 : 1));
		keys = (struct keys){.stop_after = 10};
		assert_int_equal(engine_kernel.var_read(f->e, v, see_key, &keys), 0);
		assert_int_equal(keys.n, 10);
		start = now_us();
		assert_int_equal(engine_kernel.var_zero(f->e, v), 0);
		print_message("zeroed in %llu us\n", (unsigned long long)(now_us() - start));
		keys = (struct keys){0};
		assert_int_equal(engine_kernel.var_read(f->e, v, see_key, &keys), 0);
		assert_int_equal(keys.n, N);
		assert_int_equal(keys.sum, 0);
		start = now_us();
		assert_int_equal(engine_kernel.var_clear(f->e, v), 0);
		print_message("cleared in %llu us\n", (unsigned long long)(now_us() - start));
		keys = (struct keys){0};
		assert_int_equal(engine_kernel.var_read(f->e, v, see_key, &keys), 0);
		assert_int_equal(keys.n, 0);
		teardown(state);
		setup(state);
	}
}

/* ---- features -------------------------------------------------------------------------------- */

static void the_report_names_every_feature(void **state)
{
	own_strbuf struct strbuf out = {0};

	(void)state;
	feature_report(&out);
	for (enum feature i = 0; i < FEATURE_N; i++) {
		own_strbuf struct strbuf line = {0};

		sb_addf(&line, "  %s: ", feature_name(i));
		assert_non_null(strstr(out.s, line.s));
	}
	fputs(out.s, stdout); /* print_message() cuts it */
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Emits { u32 event = 0; u32 arg = 7; u64 sequence } per getpgid() of this process; what does not
 * fit is counted as lost. */
static struct image_program *emitter(struct fixture *f, uint32_t ring_b, uint32_t submit_flags,
                                     uint32_t *ret_var)
{
	uint32_t ring = add_map(f, MAP_RING, BPF_MAP_TYPE_RINGBUF, 0, 0, ring_b, 0);
	uint32_t lost = add_map(f, MAP_LOST, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0);
	uint32_t globals = add_map(f, MAP_GLOBALS, BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_MMAPABLE);
	struct image_program *p = add_program(f, BPF_PROG_TYPE_TRACEPOINT);
	struct image_attach *at =
	    add_attach(f, p, ATTACH_TRACEPOINT, "t:syscalls:sys_enter_getpgid");

	at->category = "syscalls";
	at->func = "sys_enter_getpgid";
	*ret_var = add_var(f, "@n", NULL, globals, 0);
	emit_own_pid_only(f, p);
	emit_count(f, p, globals, 0, 1);
	emit_map(f, p, 1, RELOC_MAP, ring, 0);
	emit(f, p, MOV_IMM(2, 16));
	emit(f, p, MOV_IMM(3, 0));
	emit(f, p, CALL(ringbuf_reserve));
	emit(f, p, JEQ_IMM(0, 0, 11));
	emit_map(f, p, 1, RELOC_MAP_VALUE, globals, 0);
	emit(f, p, LOAD(1, 1, 0));
	emit(f, p, STORE_IMM(BPF_W, 0, 0, 0));
	emit(f, p, STORE_IMM(BPF_W, 0, 4, 7));
	emit(f, p, STORE(0, 1, 8));
	emit(f, p, MOV(1, 0));
	emit(f, p, MOV_IMM(2, submit_flags));
	emit(f, p, CALL(ringbuf_submit));
	emit_return(f, p);
	/* no room: 11 instructions after the check */
	emit(f, p, STORE_IMM(BPF_W, 10, -4, 0));
	emit(f, p, MOV(2, 10));
	emit(f, p, ADD_IMM(2, -4));
	emit_map(f, p, 1, RELOC_MAP, lost, 0);
	emit(f, p, CALL(map_lookup_elem));
	emit(f, p, JEQ_IMM(0, 0, 2));
	emit(f, p, MOV_IMM(1, 1));
	emit(f, p, ADD_MEM(0, 1, 0));
	emit_return(f, p);
	return p;
}

struct seen {
	uint64_t n, last;
	bool in_order;
};

static void see(void *arg, const void *record, uint32_t size_b)
{
	struct seen *seen = arg;
	const struct image_record *head = record;
	uint64_t sequence = *(const uint64_t *)(head + 1);

	assert_int_equal(size_b, 16);
	assert_int_equal(head->arg, 7);
	seen->in_order = sequence > seen->last;
	seen->last = sequence;
	seen->n++;
}

static void records_arrive_in_order_or_count_as_lost(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	uint32_t v;
	uint64_t start;

	emitter(f, 4096, BPF_RB_NO_WAKEUP, &v);
	load_well(f);
	assert_int_equal(attach(f), 1);
	assert_int_equal(engine_kernel.poll(f->e, 0, -1, see, &seen), 0);
	/* round and round: 100 * 24 bytes do not divide the ring */
	for (int i = 0; i < 1000; i++) {
		getpgid_times(100);
		assert_int_equal(engine_kernel.poll(f->e, 0, -1, see, &seen), 100);
		assert_true(seen.in_order);
	}
	assert_int_equal(seen.last, 100000);
	assert_int_equal(engine_kernel.lost(f->e), 0);
	getpgid_times(1000);
	assert_int_equal(engine_kernel.poll(f->e, 0, -1, see, &seen), 4096 / 24);
	assert_int_equal(engine_kernel.lost(f->e), 1000 - 4096 / 24);
	assert_int_equal(seen.n + engine_kernel.lost(f->e), sum_of(f, v));
	/* nobody wakes us, the timer finds it */
	getpgid_times(1);
	start = now_us();
	assert_int_equal(engine_kernel.poll(f->e, 1000, -1, see, &seen), 1);
	assert_in_range(now_us() - start, 0, 60000);
}

static void *getpgid_later(void *arg)
{
	usleep(20000);
	getpgid_times(1);
	return arg;
}

static void a_wait_ends_by_wake_up_timeout_or_descriptor(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	uint32_t v;
	uint64_t start;
	pthread_t thread;
	int pipe_fds[2];

	emitter(f, 0, BPF_RB_FORCE_WAKEUP, &v);
	load_well(f);
	assert_int_equal(attach(f), 1);
	for (int i = 0; i < 10; i++) /* let the slice grow to 100 ms */
		engine_kernel.poll(f->e, 30, -1, see, &seen);
	pthread_create(&thread, NULL, getpgid_later, NULL);
	start = now_us();
	assert_int_equal(engine_kernel.poll(f->e, -1, -1, see, &seen), 1);
	assert_in_range(now_us() - start, 15000, 60000);
	pthread_join(thread, NULL);
	start = now_us();
	assert_int_equal(engine_kernel.poll(f->e, 30, -1, see, &seen), 0);
	assert_in_range(now_us() - start, 29000, 60000);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(write(pipe_fds[1], "x", 1), 1);
	start = now_us();
	assert_int_equal(engine_kernel.poll(f->e, -1, pipe_fds[0], see, &seen), 0);
	assert_in_range(now_us() - start, 0, 10000);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void a_timer_fires(void **state)
{
	struct fixture *f = *state;
	uint32_t globals = add_map(f, MAP_GLOBALS, BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_MMAPABLE);
	uint32_t v = add_var(f, "@n", NULL, globals, 0);
	struct image_program *p = add_program(f, BPF_PROG_TYPE_PERF_EVENT);
	uint64_t start;

	emit_count(f, p, globals, 0, 1);
	emit_return(f, p);
	add_attach(f, p, ATTACH_INTERVAL, "interval:ms:10")->period = 10000000;
	load_well(f);
	start = now_us();
	assert_int_equal(attach(f), 1);
	for (int i = 0; i < 400 && sum_of(f, v) < 5; i++)
		usleep(50000);
	assert_int_equal(engine_kernel.detach(f->e), 0);
	assert_in_range(sum_of(f, v), 5, (now_us() - start) / 10000 + 1);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void a_refusal_names_the_line(void **state)
{
	struct fixture *f = *state;
	struct image_program *p = add_program(f, BPF_PROG_TYPE_RAW_TRACEPOINT);

	emit_at(f, p, (struct span){0, 8, 14}, MOV_IMM(1, 7));
	emit_at(f, p, (struct span){0, 42, 54}, LOAD(2, 1, 0));
	emit_return(f, p);
	load(f);
	assert_null(f->e);
	assert_int_equal(f->error.err, -EACCES);
	assert_int_equal(f->error.program, 0);
	assert_int_equal(f->error.at.begin, 42);
	assert_non_null(strstr(f->error.text, "R1 invalid mem access 'scalar'"));
	/* the log quotes our line */
	assert_non_null(strstr(f->error.log, "; tracepoint:x:y { @b = *(uint64 *)7; }"));
}

static void logs_are_explained(void **state)
{
	static const struct {
		const char *log, *message;
		uint32_t insn;
	} cases[] = {
	    {"0: R1=ctx() R10=fp0\n; x\n0: (79) r1 = *(u64 *)(r1 +8)\n1: (85) call bpf_x#4 ; "
	     "R0_w=1\n"
	     "R2 type=ctx expected=fp\nprocessed 2 insns (limit 1000000) max_states_per_insn 0\n",
	     "R2 type=ctx expected=fp", 1},
	    {"unreachable insn 7\nprocessed 0 insns (limit 1000000)\n", "unreachable insn 7", 7},
	    {"BPF program is too large. Processed 1000001 insn\nprocessed 1000001 insns\n",
	     "BPF program is too large. Processed 1000001 insn", UINT32_MAX},
	    {"", "no reason given", UINT32_MAX},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct refusal r;

		verifier_log_explain(f->a, cases[i].log, &r);
		assert_string_equal(r.message, cases[i].message);
		assert_int_equal(r.insn, cases[i].insn);
	}
}

/* clang-format off */
int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(begin_and_end_run_once_and_scalars_read),
		TEST(read_only_data_is_frozen_and_read),
		TEST(tracepoints_count_this_process),
		TEST(raw_tracepoints_count_this_process),
		TEST(uprobes_know_their_cookies),
		TEST(kprobes_know_their_cookies),
		TEST(tracing_programs_attach_by_btf_id),
		TEST(hundreds_of_tracepoints_detach_at_once),
		TEST(a_profile_follows_the_process),
		TEST(missing_probes_are_errors_warnings_or_nothing),
		TEST(a_scalar_is_cleared_alone),
		TEST(keyed_maps_read_zero_and_clear),
		TEST(the_report_names_every_feature),
		TEST(records_arrive_in_order_or_count_as_lost),
		TEST(a_wait_ends_by_wake_up_timeout_or_descriptor),
		TEST(a_timer_fires),
		TEST(a_refusal_names_the_line),
		TEST(logs_are_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
