/* Random programs of the whole grammar: every builtin and function of the tables, all kinds of
 * statements and expressions, probes of many types. They make sense about half of the time.
 *
 * The input only seeds the generator. Each program either compiles to what our verifier accepts, or
 * gets errors that all say where. With FUZZ_LOAD=1 in the environment (root; tests/fuzz/run --load)
 * the kernel has to accept it, too.
 *
 * corpus: *.bt */
#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "cmd/target.h"
#include "engine/engine.h"
#include "image/program.h"
#include "script/script.h"
#include "types/btf.h"
#include "vm/verifier/verifier.h"

enum { ENOUGH_INSNS = 1000000 };

/* What an expression should be. Variables, maps and fields are named by what they hold. */
enum want { INT, TEXT, POINTER, TUPLE, BOOL, STACK, ANY, WANT_N };

struct gen {
	uint64_t state;
	struct strbuf out;
	int depth;
	uint32_t loops;
};

static uint32_t pick(struct gen *g, uint32_t n)
{
	g->state = g->state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(g->state >> 33) % n;
}

static bool one_in(struct gen *g, uint32_t n)
{
	return !pick(g, n);
}

static void put(struct gen *g, const char *text)
{
	sb_adds(&g->out, text);
}

#define PICK(g, list) (list)[pick((g), sizeof(list) / sizeof((list)[0]))]

static const struct {
	const char *name;
	uint8_t fewest, most;
} functions[] = {
#define FUNCTION(id, fewest, most, kind, where, doc) {#id, fewest, most},
#include "script/functions.def"
#undef FUNCTION
};

static const char *const builtins[] = {
#define BUILTIN(id, where, doc) #id,
#include "script/builtins.def"
#undef BUILTIN
};

static const char *const probes[] = {
    "begin",
    "end",
    "interval:s:1",
    "profile:hz:99",
    "tracepoint:sched:sched_switch",
    "tracepoint:sched:sched_process_exec",
    "tracepoint:syscalls:sys_enter_openat",
    "tracepoint:syscalls:sys_exit_read",
    "rawtracepoint:sched_switch",
    "software:page-faults:100",
    "uprobe:/bin/bash:readline",
    "uretprobe:/bin/bash:readline",
    "self:signal:SIGUSR1",
};

static const char *const numbers[] = {
    "0",
    "1",
    "2",
    "7",
    "255",
    "256",
    "1000",
    "0x7fffffff",
    "65536",
    "1e9",
    "4294967295",
    "4294967296",
    "0xffffffffffffffff",
    "10ms",
    "-1",
    "8",
};
static const char *const texts[] = {"\"\"",      "\"a\"",        "\"abcdefgh\"",
                                    "\"x y z\"", "\"\\n\\t%d\"", "\"libc\""};
static const char *const types[] = {"int8",   "uint8", "int16",  "uint16", "int32",
                                    "uint32", "int64", "uint64", "bool",   "uint8 *"};
static const char *const structs[] = {"struct task_struct *", "struct pair *", "struct file *"};
static const char *const binary[] = {"+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"};
static const char *const compare[] = {"==", "!=", "<", ">", "<=", ">="};
static const char *const assign[] = {"=", "+=", "-=", "*=", "|=", "&=", "^=", "<<=", ">>=", "/="};
static const char *const ints[] = {"pid",  "tid",   "uid",    "gid",     "nsecs",   "cpu",
                                   "rand", "ncpus", "cgroup", "elapsed", "jiffies", "numaid"};
static const char *const fields[] = {"pid",   "tgid", "comm", "mm",   "real_parent",
                                     "flags", "a",    "b.c",  "d[1]", "bits"};
static const char *const formats[] = {"%d", "%s", "%x", "%5d", "%-10s", "%llu", "%c", "%p", "%r"};

static const char options_block[] = "options = { on = flag(\"-x\", \"\"); many = count(\"-v\", "
                                    "\"\"); n = int(\"-n N\", \"\", -5);\n"
                                    "text = text(\"-t T\", \"\", \"a b\"); list = ints(\"-l L\", "
                                    "\"\"); all = texts(\"[P...]\", \"\"); }\n";
static const char *const asked[] = {"opt.on", "given(opt.n)", "!given(opt.text)", "given(opt.list)",
                                    "contains(opt.all, comm)"};
static const char *const lines[] = {"-x", "-vv", "-n7", "-l1,2,3", "-tb", "begin", "-l8"};

static void expr(struct gen *g, enum want want);

static void call(struct gen *g)
{
	uint32_t f = pick(g, sizeof(functions) / sizeof(functions[0]));
	uint32_t n = functions[f].fewest, most = functions[f].most < 4 ? functions[f].most : 4;

	if (most > n)
		n += pick(g, most - n + 1);
	if (!strcmp(functions[f].name, "has_field")) { /* its arguments are no expressions */
		sb_addf(&g->out, "has_field(%s, %s)", one_in(g, 3) ? "curtask" : PICK(g, structs),
		        PICK(g, fields));
		return;
	}
	sb_addf(&g->out, "%s(", functions[f].name);
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			put(g, ", ");
		if (one_in(g, 3))
			put(g, PICK(g, texts));
		else
			expr(g, ANY);
	}
	put(g, ")");
}

static void atom(struct gen *g, enum want want)
{
	if (want == ANY || one_in(g, 20))
		want = (enum want)pick(g, ANY);
	switch (want) {
	case INT:
		switch (pick(g, 7)) {
		case 6:
			put(g, one_in(g, 2) ? "opt.n" : "opt.many");
			break;
		case 0:
			put(g, PICK(g, numbers));
			break;
		case 1:
			sb_addf(&g->out, "$i%u", pick(g, 4));
			break;
		case 2:
			sb_addf(&g->out, "@i%u", pick(g, 3));
			break;
		case 3:
			sb_addf(&g->out, "@ki%u[", pick(g, 2));
			expr(g, INT);
			put(g, "]");
			break;
		case 4:
			put(g, PICK(g, ints));
			break;
		default:
			sb_addf(&g->out, "@c%u", pick(g, 2));
			break;
		}
		break;
	case TEXT:
		switch (pick(g, 6)) {
		case 5:
			put(g, "opt.text");
			break;
		case 0:
			put(g, PICK(g, texts));
			break;
		case 1:
			put(g, "comm");
			break;
		case 2:
			sb_addf(&g->out, "$s%u", pick(g, 2));
			break;
		case 3:
			sb_addf(&g->out, "@s%u", pick(g, 2));
			break;
		default:
			put(g, "probe");
			break;
		}
		break;
	case POINTER:
		put(g, one_in(g, 2) ? "curtask" : one_in(g, 2) ? "$p0" : "@p0");
		break;
	case TUPLE:
		put(g, one_in(g, 2) ? "$t0" : "@t0");
		break;
	case BOOL:
		switch (pick(g, 6)) {
		case 0:
			put(g, PICK(g, asked));
			break;
		case 1:
			put(g, "contains(opt.list, ");
			expr(g, INT);
			put(g, ")");
			break;
		default:
			put(g, one_in(g, 3) ? "true" : one_in(g, 2) ? "false" : "has_key(@ki0, 1)");
			break;
		}
		break;
	case STACK:
		put(g, one_in(g, 2) ? "kstack" : "ustack(3)");
		break;
	default:
		break;
	}
}

static void expr(struct gen *g, enum want want)
{
	if (g->depth > 4) {
		atom(g, want);
		return;
	}
	g->depth++;
	switch (pick(g, 16)) {
	case 0:
	case 1:
		put(g, "(");
		expr(g, INT);
		sb_addf(&g->out, " %s ", PICK(g, binary));
		expr(g, INT);
		put(g, ")");
		break;
	case 2:
		put(g, "(");
		expr(g, want);
		sb_addf(&g->out, " %s ", PICK(g, compare));
		expr(g, want);
		put(g, ")");
		break;
	case 3:
		put(g, "(");
		expr(g, BOOL);
		put(g, " ? ");
		expr(g, want);
		put(g, " : ");
		expr(g, want);
		put(g, ")");
		break;
	case 4:
		sb_addf(&g->out, "(%s)", one_in(g, 4) ? PICK(g, structs) : PICK(g, types));
		expr(g, INT);
		break;
	case 5:
		put(g, "(");
		expr(g, ANY);
		put(g, ", ");
		expr(g, ANY);
		put(g, ")");
		if (one_in(g, 2))
			put(g, one_in(g, 2) ? ".0" : ".1");
		break;
	case 6:
		sb_addf(&g->out, "((%s)", PICK(g, structs));
		expr(g, POINTER);
		sb_addf(&g->out, ")%s%s", one_in(g, 2) ? "." : "->", PICK(g, fields));
		break;
	case 7:
		put(g, one_in(g, 3) ? "!" : one_in(g, 2) ? "-" : "~");
		expr(g, one_in(g, 3) ? BOOL : INT);
		break;
	case 8:
		call(g);
		break;
	case 9:
		put(g, PICK(g, builtins));
		if (one_in(g, 4))
			put(g, "()");
		break;
	case 10:
		put(g, "(");
		expr(g, BOOL);
		put(g, one_in(g, 2) ? " && " : " || ");
		expr(g, BOOL);
		put(g, ")");
		break;
	case 11:
		put(g, one_in(g, 2) ? "str(" : "ksym(");
		expr(g, one_in(g, 2) ? INT : POINTER);
		put(g, ")");
		break;
	case 12:
		put(g, one_in(g, 2) ? "args" : one_in(g, 2) ? "args.filename" : "args.ret");
		break;
	case 13:
		put(g, "{ $b = ");
		expr(g, INT);
		put(g, "; $b + 1 }");
		break;
	default:
		atom(g, want);
		break;
	}
	g->depth--;
}

static void block(struct gen *g, uint32_t n);

static void print_call(struct gen *g)
{
	uint32_t n = pick(g, 4);

	sb_addf(&g->out, "%s(\"",
	        one_in(g, 6)    ? "warnf"
	        : one_in(g, 12) ? "cat"
	        : one_in(g, 12) ? "system"
	                        : "printf");
	for (uint32_t i = 0; i < n; i++)
		sb_addf(&g->out, " %s", PICK(g, formats));
	put(g, "\\n\"");
	for (uint32_t i = 0; i < n; i++) {
		put(g, ", ");
		expr(g, ANY);
	}
	put(g, ");\n");
}

static void statement(struct gen *g)
{
	static const struct {
		const char *place;
		enum want want;
	} places[] = {{"$i%u", INT},   {"@i%u", INT},     {"$s%u", TEXT},
	              {"@s%u", TEXT},  {"$p%u", POINTER}, {"@p%u", POINTER},
	              {"$t%u", TUPLE}, {"@t%u", TUPLE},   {"@st%u", STACK}};
	static const char *const aggregations[] = {
	    "count()", "sum(%s)",   "min(%s)",  "max(%s)",
	    "avg(%s)", "stats(%s)", "hist(%s)", "lhist(%s, 0, 100, 10)"};
	uint32_t k;

	if (++g->depth > 6) {
		put(g, "@i0++;\n");
		g->depth--;
		return;
	}
	switch (pick(g, 15)) {
	case 0:
	case 1:
	case 2:
		k = pick(g, sizeof(places) / sizeof(places[0]));
		sb_addf(&g->out, places[k].place, pick(g, places[k].want == INT ? 3 : 1));
		sb_addf(&g->out, " %s ",
		        places[k].want == INT && one_in(g, 3) ? PICK(g, assign) : "=");
		expr(g, places[k].want);
		put(g, ";\n");
		break;
	case 3:
		sb_addf(&g->out, "@ki%u[", pick(g, 2));
		expr(g, INT);
		put(g, "] = ");
		expr(g, INT);
		put(g, ";\n");
		break;
	case 4: /* one map, one kind of aggregation */
		k = pick(g, sizeof(aggregations) / sizeof(aggregations[0]));
		sb_addf(&g->out, "@agg%u[", k);
		put(g, PICK(g, ints));
		put(g, "] = ");
		sb_addf(&g->out, aggregations[k], PICK(g, ints));
		put(g, ";\n");
		break;
	case 5:
		sb_addf(&g->out, "@c%u = count();\n", pick(g, 2));
		break;
	case 6:
		put(g, "if (");
		expr(g, BOOL);
		put(g, ") ");
		block(g, 2);
		if (one_in(g, 2)) {
			put(g, " else ");
			block(g, 2);
		}
		put(g, "\n");
		break;
	case 7:
		sb_addf(&g->out, "for ($n%d : 0..", g->depth);
		if (one_in(g, 3))
			put(g, "$i0");
		else
			sb_addf(&g->out, "%u", pick(g, 200));
		put(g, ") ");
		g->loops++;
		block(g, 2);
		g->loops--;
		put(g, "\n");
		break;
	case 8:
		sb_addf(&g->out, "for ($kv%d : @%s) ", g->depth, one_in(g, 2) ? "ki0" : "agg1");
		block(g, 2);
		put(g, "\n");
		break;
	case 9:
		sb_addf(&g->out, "unroll (%u) ", 1 + pick(g, 5));
		block(g, 2);
		put(g, "\n");
		break;
	case 10:
		if (g->loops)
			put(g, one_in(g, 2) ? "break;\n" : "continue;\n");
		else if (one_in(g, 4))
			put(g, "return;\n");
		break;
	case 11:
		print_call(g);
		break;
	case 12:
		put(g, "print(");
		expr(g, ANY);
		put(g, ");\n");
		break;
	case 13:
		if (one_in(g, 3)) {
			sb_addf(&g->out, "twice($i%u);\n", pick(g, 3));
		} else {
			put(g, "_ = ");
			expr(g, ANY);
			put(g, ";\n");
		}
		break;
	default:
		call(g);
		put(g, ";\n");
		break;
	}
	g->depth--;
}

static void block(struct gen *g, uint32_t n)
{
	put(g, "{ ");
	for (uint32_t i = 0; i < n; i++)
		statement(g);
	put(g, "}");
}

static const char *const conditions[] = {
    "true",
    "!true",
    "1 < 2 && probe_exists(\"tracepoint:sched:sched_switch\")",
    "probe_exists(\"kprobe:no_such\") || probe_exists(\"uprobe:/bin/bash:readline\")",
    "has_field(struct task_struct, pid)",
    "has_field(struct pair, b.c) && !has_field(struct none, a)",
    "comptime (sizeof(struct pair) > 3)",
    "config.max_strlen == 64",
    "getopt(\"x\")",
    "pid == 1",
};

static void program(struct gen *g)
{
	enum { OUTSIDE, IN_IF, IN_ELSE } branch = OUTSIDE;

	put(g, "struct pair { int a; struct { char c; } b; short d[4]; int bits : 3; };\n");
	if (one_in(g, 4))
		put(g, "config = { max_strlen = 64 }\n");
	put(g, options_block);
	put(g, "macro twice($v) { $v = $v * 2; }\n");
	for (uint32_t n = 1 + pick(g, 3), i = 0; i < n; i++) {
		if (branch == IN_IF && one_in(g, 2)) {
			put(g, "} else {\n");
			branch = IN_ELSE;
		} else if (branch != OUTSIDE && one_in(g, 2)) {
			put(g, "}\n");
			branch = OUTSIDE;
		}
		if (branch == OUTSIDE && one_in(g, 4)) {
			sb_addf(&g->out, "if (%s) {\n", PICK(g, conditions));
			branch = IN_IF;
		}
		put(g, PICK(g, probes));
		if (one_in(g, 4)) {
			put(g, " / ");
			expr(g, BOOL);
			put(g, " /");
		}
		/* Most of what is read has been written before. */
		put(g, "\n{ $i0 = (uint64)1; $i1 = nsecs; $i2 = (int32)pid; $i3 = (uint8)7;\n"
		       "$s0 = comm; $s1 = \"text\"; $p0 = curtask; $t0 = (1, comm);\n"
		       "@i0 = nsecs; @i1 = 1; @i2 = -1; @ki0[1] = 1; @ki1[nsecs] = nsecs;\n"
		       "@s0 = comm; @s1 = \"\"; @p0 = curtask; @t0 = (1, comm); @c0 = count(); @c1 "
		       "= count();\n"
		       "@agg1[pid] = sum(pid);\n");
		g->depth = 0;
		g->loops = 0;
		for (uint32_t k = 2 + pick(g, 5); k > 0; k--)
			statement(g);
		put(g, "}\n");
	}
	if (branch != OUTSIDE)
		put(g, "}\n");
}

/* Every error has to say where. */
static void check_errors(struct gen *g, const struct diag *d)
{
	struct strbuf said = {0};
	const char *text;

	diag_render(d, &(struct diag_style){.no_warnings = true}, &said);
	text = sb_str(&said);
	if (!strncmp(text, "ERROR", 5) || strstr(text, "\nERROR")) {
		fprintf(stderr, "an error without a place:\n%s\n%s\n", text, sb_str(&g->out));
		abort();
	}
	sb_free(&said);
}

static void check_verdicts(struct gen *g, struct arena *a, const struct image *img)
{
	struct btf_file *kernel = NULL;
	struct vm_program *programs;

	if (image_needs_kernel_btf(img) && btf_open("/sys/kernel/btf/vmlinux", NULL, &kernel))
		return;
	programs = image_programs(a, img, kernel, NULL);
	for (size_t i = 0; i < img->programs.n; i++) {
		struct vm_verify_options opts = {.max_insns = ENOUGH_INSNS};
		struct vm_verdict verdict;

		vm_verify(a, &programs[i], &opts, &verdict);
		if (verdict.is_accepted || verdict.processed >= ENOUGH_INSNS)
			continue;
		fprintf(stderr, "%s refused at %u: %s\n%s\n", img->programs.items[i].name,
		        verdict.pc, verdict.reason, sb_str(&g->out));
		abort();
	}
	if (kernel)
		btf_close(kernel);
}

static void check_load(struct gen *g, const struct image *img)
{
	struct engine_options opts = {.log_size_b = 1 << 20, .ring_bytes = 1 << 18};
	struct engine_error err = {0};
	struct engine *e = engine_kernel.load(img, &opts, &err);

	if (!e && !(err.text && strstr(err.text, "too large"))) {
		fprintf(stderr, "the kernel: %s\n%s\n", err.text ? err.text : "no",
		        sb_str(&g->out));
		abort();
	}
	if (e)
		engine_kernel.destroy(e);
}

void fuzz_one(const char *data, size_t len_b)
{
	struct gen g = {.state = 0xcbf29ce484222325};
	bool is_loaded = getenv("FUZZ_LOAD") != NULL;
	const char *args[4];
	size_t n_args = 0;

	for (size_t i = 0; i < len_b; i++)
		g.state = (g.state ^ (uint8_t)data[i]) * 0x100000001b3;
	program(&g);
	for (; n_args < 4 && !one_in(&g, 3); n_args++)
		args[n_args] = PICK(&g, lines);
	if (getenv("FUZZ_SHOW"))
		fprintf(stderr, "======\n%s", sb_str(&g.out));
	for (int is_user = 0; is_user < 2; is_user++) {
		struct arena *a = arena_create();
		struct diag *d = diag_create(a);
		struct types *ts = types_create(a, NULL);
		struct script_options opts = {
		    .args = args, .n_args = n_args, .is_unsafe = true, .pid = is_user ? 1 : 0};
		struct image *img;

		target_describe(&opts.target, ts, is_loaded && !is_user, is_user);
		script_config_defaults(&opts.config);
		img = script_compile(a, d, ts, "fuzz", sb_str(&g.out), g.out.n, &opts);
		FUZZ_CHECK(!img == !!diag_errors(d));
		if (img)
			check_verdicts(&g, a, img);
		else
			check_errors(&g, d);
		if (getenv("FUZZ_COUNT"))
			fputs(img ? "compiled\n" : "refused\n", stderr);
		if (img && is_loaded && !is_user)
			check_load(&g, img);
		types_destroy(ts);
		arena_destroy(a);
	}
	sb_free(&g.out);
}
