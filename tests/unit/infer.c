/* Inference: types of variables, maps and expressions; every message it has. Tables: a script and
 * what it should come to. Probes are given their kind and one target by hand, so nothing here
 * depends on what the machine can trace. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "script/cast.h"
#include "script/infer.h"
#include "script/script.h"
#include "script/stages.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct inferred {
	struct arena *a;
	struct unit u;
	struct script_options opts;
	struct strbuf report; /* the diagnostics as rendered */
	bool ok;
};

static void place(struct inferred *f, struct probe *p)
{
	const struct attach_point *ap = &p->points.items[0];
	struct probe_target *t = vec_add(f->a, &p->targets);

	p->kind = probe_kind_find(ap->parts[0]);
	t->kind = p->kind;
	t->name = ap->text;
	if (ap->n_parts > 1)
		t->func = ap->parts[ap->n_parts - 1];
	if (ap->n_parts > 2)
		t->category = ap->parts[1];
}

static void infer_with(struct inferred *f, const char *text, bool is_unsafe)
{
	memset(f, 0, sizeof(*f));
	f->a = arena_create();
	script_config_defaults(&f->opts.config);
	f->opts.is_unsafe = is_unsafe;
	f->opts.target.has_task_btf = true;
	f->u.a = f->a;
	f->u.diag = diag_create(f->a);
	f->u.types = types_create(f->a, NULL);
	f->u.opts = &f->opts;
	f->u.source = diag_add_source(f->u.diag, "stdin", text, strlen(text));
	f->ok = script_parse(&f->u);
	if (f->ok) {
		vec_each (p, &f->u.probes)
			place(f, *p);
		f->ok = script_infer(&f->u);
	}
	diag_render(f->u.diag, &(struct diag_style){0}, &f->report);
}

static void infer(struct inferred *f, const char *text)
{
	infer_with(f, text, false);
}

static void done(struct inferred *f)
{
	sb_free(&f->report);
	types_destroy(f->u.types);
	arena_destroy(f->a);
}

/* "int32" of "$x"; "key: value" of a keyed "@x". NULL if there is no such thing. */
static const char *type_of(struct inferred *f, const char *name)
{
	vec_each (p, &f->u.probes)
		vec_each (v, &(*p)->vars)
			if (!strcmp((*v)->name, name))
				return type_name_dup(f->a, (*v)->type);
	vec_each (m, &f->u.maps) {
		const char *value;

		if (strcmp((*m)->name, name))
			continue;
		value = type_name_dup(f->a, (*m)->value);
		if (!(*m)->is_keyed)
			return value;
		return arena_printf(f->a, "%s: %s", type_name_dup(f->a, (*m)->key), value);
	}
	return NULL;
}

struct type_row {
	const char *script, *name, *type;
};

static void check_types(const struct type_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct inferred f;
		const char *type;

		infer(&f, rows[i].script);
		type = type_of(&f, rows[i].name);
		if (!f.ok || !type || strcmp(type, rows[i].type))
			fail_msg("%s\n%s is %s, not %s\n%s", rows[i].script, rows[i].name,
			         type ? type : "unknown", rows[i].type, sb_str(&f.report));
		done(&f);
	}
}

/* clang-format off */
static const struct type_row number_rows[] = {
	{"begin { $x = 1; }", "$x", "int8"},
	{"begin { $x = 200; }", "$x", "int16"},
	{"begin { $x = 70000; }", "$x", "int32"},
	{"begin { $x = 2147483648; }", "$x", "int64"},
	{"begin { $x = 9223372036854775808; }", "$x", "uint64"},
	{"begin { $x = -1; }", "$x", "int8"},
	{"begin { $x = -129; }", "$x", "int16"},
	{"begin { $x = 5u; }", "$x", "uint8"},
	{"begin { $x = true; }", "$x", "bool"},
	{"begin { $x = 1; $x = 70000; }", "$x", "int32"},
	{"begin { $x = 1; $x = pid; }", "$x", "uint32"},
	{"begin { $x = 200; $x = (uint8)pid; }", "$x", "uint8"},
	{"begin { $x = 300; $x = (uint8)pid; }", "$x", "uint16"},
	{"begin { $x = -1; $x = pid; }", "$x", "int64"},
	{"begin { $x = (int64)pid; $x = pid; }", "$x", "int64"},
	{"begin { $x = (int8)pid; $x = (uint16)pid; }", "$x", "int32"},
	{"begin { $x = pid; $x = nsecs; }", "$x", "uint64"},
	{"begin { $x = 1; $y = $x; $x = pid; }", "$y", "uint32"},
	{"begin { $x = pid + 1; }", "$x", "uint64"},
	{"begin { $x = pid - 1; }", "$x", "int64"},
	{"begin { $x = pid + -1; }", "$x", "int64"},
	{"begin { $x = (int8)pid * 3; }", "$x", "int64"},
	{"begin { $x = 1 << pid; }", "$x", "uint64"},
	{"begin { $x = -pid; }", "$x", "uint64"},
	{"begin { $x = ~(int32)pid; }", "$x", "int64"},
	{"begin { $x = 1 + 2 * 300; }", "$x", "int16"},
	{"begin { $x = 1 - 2; }", "$x", "int8"},
	{"begin { $x = 5 > 3; }", "$x", "bool"},
	{"begin { $x = pid > 3 && tid; }", "$x", "bool"},
	{"begin { $x = !pid; }", "$x", "bool"},
	{"begin { $x = pid ? 1 : 70000; }", "$x", "int32"},
	{"begin { $x = pid ?: 5; }", "$x", "uint32"},
	{"begin { $x = 0; $x++; }", "$x", "uint64"},
	{"begin { $x = -1; $x++; }", "$x", "int64"},
	{"begin { $x = 0; $x--; }", "$x", "int64"},
	{"begin { @++; }", "@", "uint64"},
	{"begin { @--; }", "@", "int64"},
	{"begin { @ = 0; @++; }", "@", "uint64"},
	{"begin { @ = (int8)pid; @++; }", "@", "int64"},
	{"begin { @ += pid; }", "@", "uint64"},
	{"begin { @[1] += 1; }", "@", "int8: int64"},
	{"begin { $x = sizeof(uint32); }", "$x", "uint64"},
	{"begin { $x = *(uint16 *)nsecs; }", "$x", "uint16"},
	{"begin { $x = *nsecs; }", "$x", "uint64"},
	{"begin { $x = bswap((uint16)5); }", "$x", "uint16"},
	{"begin { let $x: uint8 = 5; $x = pid; }", "$x", "uint8"},
	{"begin { let $x; $x = 70000; }", "$x", "int32"},
	{"begin { for ($x : 0..5) { print($x); } }", "$x", "uint64"},
	{"begin { for ($x : -2..5) { print($x); } }", "$x", "int64"},
};

static const struct type_row value_rows[] = {
	{"begin { $x = \"abc\"; }", "$x", "string[4]"},
	{"begin { $x = \"abc\"; $x = \"abcdef\"; }", "$x", "string[7]"},
	{"begin { $x = \"abc\"; $x = comm; }", "$x", "string[16]"},
	{"begin { $x = \"foo\" + 1; }", "$x", "string[3]"},
	{"begin { $x = str(nsecs); }", "$x", "string[1024]"},
	{"begin { $x = str(nsecs, 10); }", "$x", "string[10]"},
	{"begin { $x = str(nsecs, 5000); }", "$x", "string[1024]"},
	{"begin { $x = \"abc\"[1]; }", "$x", "int8"},
	{"begin { $x = buf(nsecs, 10); }", "$x", "buffer[10]"},
	{"begin { $x = probe; }", "$x", "string[6]"},
	{"interval:s:1 { $x = probe; }", "$x", "string[13]"},
	{"begin { $x = probetype; }", "$x", "string[8]"},
	{"kprobe:f { $x = probetype; }", "$x", "string[7]"},
	{"begin { $x = (1, \"a\", comm); }", "$x", "(int8,string[2],string[16])"},
	{"begin { $x = (1, \"a\"); $x = (pid, \"abc\"); }", "$x", "(uint32,string[4])"},
	{"begin { $x = (1,).0; }", "$x", "int8"},
	{"begin { $x = (1, (2, pid))[1].1; }", "$x", "uint32"},
	{"begin { $x = (a = 1, b = pid); }", "$x", "record { .a = int8, .b = uint32 }"},
	{"begin { $x = (a = 1, b = pid).b; }", "$x", "uint32"},
	{"begin { $x = (int32 *)nsecs; }", "$x", "int32 *"},
	{"begin { $x = ((int32 *)nsecs)[3]; }", "$x", "int32"},
	{"begin { $x = (int32 *)nsecs + 1; }", "$x", "int32 *"},
	{"begin { $x = (int8[4])5; }", "$x", "int8[4]"},
	{"begin { $x = ((int8[4])5)[pid]; }", "$x", "int8"},
	{"begin { $x = kstack; }", "$x", "kstack_bpftrace_127"},
	{"begin { $x = ustack(perf, 3); }", "$x", "ustack_perf_3"},
	{"begin { $x = kstack(7); }", "$x", "kstack_bpftrace_7"},
	{"begin { $x = kstack(raw); }", "$x", "kstack_raw_127"},
	{"begin { $x = ntop(1); }", "$x", "inet"},
	{"begin { $x = pton(\"127.0.0.1\"); }", "$x", "uint8[4]"},
	{"begin { $x = pton(\"::1\"); }", "$x", "uint8[16]"},
	{"begin { $x = ksym(nsecs); }", "$x", "ksym_t"},
	{"begin { $x = usym(nsecs); }", "$x", "usym_t"},
	{"begin { $x = strftime(\"%H\", nsecs); }", "$x", "timestamp"},
	{"begin { $x = username; }", "$x", "username_t"},
	{"begin { $x = cgroup_path(cgroup); }", "$x", "cgroup_path_t"},
	{"begin { $x = macaddr((int8 *)nsecs); }", "$x", "macaddr_t"},
	{"begin { $x = kptr((int8 *)nsecs); }", "$x", "int8 *"},
	{"begin { $x = pid(init); }", "$x", "uint32"},
	{"begin { $x = nsecs(monotonic); }", "$x", "uint64"},
	{"begin { $x = len(kstack); }", "$x", "int64"},
	{"begin { $x = strcontains(comm, \"a\"); }", "$x", "bool"},
	{"begin { $x = strncmp(comm, \"a\", 1); }", "$x", "uint64"},
	{"begin { $x = if (pid) { \"a\" } else { \"abc\" }; }", "$x", "string[4]"},
	{"begin { $x = { $y = 1; $y + pid }; }", "$x", "int64"},
	{"kprobe:f { $x = func; }", "$x", "ksym_t"},
	{"uprobe:/bin/sh:f { $x = func; }", "$x", "usym_t"},
	{"kprobe:f { $x = arg0; }", "$x", "uint64"},
	{"kretprobe:f { $x = retval; }", "$x", "uint64"},
	{"begin { $x = curtask; }", "$x", "struct task_struct *"},
};

static const struct type_row map_rows[] = {
	{"begin { @x = count(); }", "@x", "count_t"},
	{"begin { @x = sum(pid); }", "@x", "usum_t"},
	{"begin { @x = sum(-1); }", "@x", "sum_t"},
	{"begin { @x = sum(pid); } end { @x = sum(-1); }", "@x", "sum_t"},
	{"begin { @x = avg(pid); }", "@x", "uavg_t"},
	{"begin { @x = stats(pid); }", "@x", "ustats_t"},
	{"begin { @x = hist(pid, 2); }", "@x", "hist_t"},
	{"begin { @x = lhist(pid, 0, 10, 1); }", "@x", "lhist_t"},
	{"begin { @x[1] = 1; } end { @x[pid] = nsecs; }", "@x", "uint32: uint64"},
	{"begin { @x[1, \"a\"] = 1; } end { @x[pid, comm] = 2; }", "@x",
	 "(uint32,string[16]): int8"},
	{"begin { $y = @x; } end { @x = 70000; }", "$y", "int32"},
	{"begin { print(@x[1]); delete(@x[1]); } end { @x[pid] = comm; }", "@x",
	 "uint32: string[16]"},
	{"begin { @x = count(); $y = @x; }", "$y", "uint64"},
	{"begin { @x = min(-1); $y = @x + 1; }", "$y", "int64"},
	{"begin { @x = sum(pid); $y = (1, @x); }", "$y", "(int8,uint64)"},
	{"begin { @x[pid, comm] = avg(1); for ($kv : @x) { print($kv.1); } }", "$kv",
	 "((uint32,string[16]),int64)"},
	{"begin { @x[pid] = 1; $y = has_key(@x, 1); }", "$y", "bool"},
	{"begin { @x[pid] = 1; $y = delete(@x, 1); }", "$y", "bool"},
	{"begin { @x[pid] = 1; $y = len(@x); }", "$y", "int64"},
	{"begin { @x[kstack(3), comm] = count(); }", "@x",
	 "(kstack_bpftrace_3,string[16]): count_t"},
	{"let @x = percpuhash(5); begin { @x[1] = count(); }", "@x", "int8: count_t"},
	{"begin { @x = @y; } end { @y = @z; } interval:s:1 { @z = pid; }", "@x", "uint32"},
};

struct message_row {
	const char *script, *message;
};

static const struct message_row error_rows[] = {
	/* names */
	{"begin { print($x); }", "1:15-17: ERROR: Undefined or undeclared variable: $x"},
	{"begin { if (1) { $x = 1; } print($x); }", "Undefined or undeclared variable: $x"},
	{"begin { $total = 1; print($totl); }", "HINT: Did you mean $total?"},
	{"begin { print(@x); }", "1:15-17: ERROR: Undefined map: @x"},
	{"begin { delete(@x[1]); }", "Undefined map: @x"},
	{"begin { @x = @y; @y = @x; }", "Undefined map: @y"},
	{"begin { print(pidd); }", "Unknown identifier: 'pidd'"},
	{"begin { print(pidd); }", "HINT: Did you mean 'pid'?"},
	{"begin { strcontain(\"a\"); }", "Unknown function: 'strcontain'"},
	{"begin { strcontain(\"a\"); }", "HINT: Did you mean 'strcontains'?"},
	{"begin { $x = (struct skep_nosuch *)0; }",
	 "Cannot resolve unknown type \"struct skep_nosuch *\""},
	{"begin { let $x = 1; let $x = 2; }",
	 "Variable $x was already declared. Variable shadowing is not allowed."},
	{"begin { let $x = 1; let $x = 2; }", "This is the initial declaration."},
	{"begin { $x = 1; for ($x : 0..2) {} }", "Variable shadowing is not allowed."},
	/* types */
	{"begin { $x = 1; $x = \"a\"; }",
	 "Type mismatch for $x: trying to assign value of type 'string[2]' when variable already "
	 "has a type 'int8'"},
	{"begin { @x = 1; @x = \"a\"; }", "Type mismatch for @x: trying to assign value of type "
	 "'string[2]'"},
	{"begin { @x = count(); @x = 5; }", "Type mismatch for @x"},
	{"begin { @x = count(); @x = sum(5); }", "Type mismatch for @x"},
	{"begin { let $x: uint8 = 300; }",
	 "Type mismatch for $x: trying to assign value of type 'int16' when variable already has a "
	 "type 'uint8'"},
	{"begin { let $x: uint8 = -1; }", "Type mismatch for $x"},
	{"begin { @g[1, \"ab\"] = 1; @g[1, 2] = 1; }",
	 "Argument mismatch for @g: trying to access with arguments: '(int8,int8)' when map expects "
	 "arguments: '(int8,string[3])'"},
	{"begin { if (\"abc\" == 5) {} }", "Type mismatch for '==': comparing string[4] with int8"},
	{"begin { $x = pid ? 1 : \"a\"; }",
	 "Branches must return the same type or compatible types: have 'int8' and 'string[2]'"},
	{"begin { $x = if (pid) { 1 } else { \"a\" }; }", "Branches must return the same type"},
	{"begin { $x = comm * 5; }",
	 "The * operator can not be used on expressions of types string[16], int8"},
	{"begin { $x = !comm; }", "The ! operator can not be used on expressions of type "
	 "'string[16]'"},
	{"begin { $x = curtask * 2; }", "The * operator can not be used on expressions of types "
	 "struct task_struct *, int8"},
	{"begin { $x = comm < \"a\"; }", "The < operator can not be used on expressions of types"},
	{"begin { if (comm) {} }", "Invalid condition in if(): string[16]"},
	{"begin /comm/ { }", "Invalid condition in predicate: string[16]"},
	{"begin { $x = (uint64)comm; }", "Cannot cast from \"string[16]\" to \"uint64\""},
	{"begin { $x = &1; }",
	 "address-of operator (&) can only be used on a map or variable"},
	{"begin { $x = 18446744073709551615 + 1; }",
	 "unable to fold literals due to overflow or underflow"},
	{"begin { $x = printf(\"a\"); }", "Value 'none' cannot be assigned"},
	{"begin { return \"a\"; }", "Not a valid return type: string[2]"},
	/* tuples, arrays */
	{"begin { $t = (1, 2); print($t.2); }",
	 "Invalid tuple index: 2. Found 2 elements in tuple."},
	{"begin { $t = (1, 2); $t.0 = 3; }", "Tuples and records are immutable once created."},
	{"begin { print((a = 1).b); }", "Record does not contain a field named 'b'"},
	{"begin { print(pid.x); }", "Can not access field 'x' on expression of type 'uint32'"},
	{"begin { print(((int8[4])5)[5]); }", "the index 5 is out of bounds for array of size 4"},
	{"begin { print(((int8[4])5)[(int64)pid]); }",
	 "The array index operator [] only accepts non-negative integer indices. Got: int64"},
	{"begin { print(((int8[4])5)[-1]); }", "only accepts non-negative integer indices"},
	{"begin { print(((void *)5)[1]); }",
	 "cannot be used on a pointer to an unsized type (void *)."},
	/* maps */
	{"begin { @x[1] = 1; @x = 1; }",
	 "@x used as a map without an explicit key (scalar map), previously used with an explicit "
	 "key (non-scalar map)"},
	{"begin { @x = 1; @x[1] = 1; }",
	 "@x used as a map with an explicit key (non-scalar map), previously used without an "
	 "explicit key (scalar map)"},
	{"begin { @x = count(); @y = @x; }",
	 "Map value 'count_t' cannot be assigned from one map to another."},
	{"begin { @x = stats(1); @y[@x] = 1; }", "stats_t cannot be part of a map key"},
	{"kprobe:f { @y[ctx] = 1; }", "context cannot be part of a map key"},
	{"begin { @y[printf(\"a\")] = 1; }", "Invalid map key type: none"},
	{"begin { $x = count(); }", "count() must be assigned directly to a map"},
	{"begin { @ = hist(pid, 6); }", "hist: bits 6 must be 0..5"},
	{"begin { @ = hist(pid, 1); @ = hist(pid, 2); }",
	 "Different bits in a single hist unsupported"},
	{"begin { @ = lhist(pid, 0, 10, 1); @ = lhist(pid, 0, 10, 2); }",
	 "Different lhist bounds in a single map unsupported"},
	{"begin { @ = lhist(pid, 0, 1001, 1); }",
	 "lhist() too many buckets, must be <= 1000 (would need 1001)"},
	{"begin { @ = lhist(pid, 0, 10, 0); }", "lhist() step must be >= 1"},
	{"begin { @ = lhist(pid, 10, 0, 1); }", "lhist() min must be less than max"},
	{"begin { @x = 1; has_key(@x, 1); }",
	 "call to has_key expects a map with explicit keys (non-scalar map)"},
	{"begin { @x = 1; for ($kv : @x) {} }", "@x has no explicit keys (scalar map)"},
	{"begin { @x[1] = hist(1); for ($kv : @x) {} }", "does not support type: hist_t"},
	{"let @x = hash(5); begin { @x[1] = count(); }", "Incompatible map types."},
	{"begin { clear(5); }", "clear() expects a map to be provided"},
	/* calls */
	{"begin { @ = count(1); }", "count() requires no arguments (1 provided)"},
	{"begin { @ = sum(1, 2); }", "sum() requires one argument (2 provided)"},
	{"begin { strcontains(comm); }", "strcontains() requires 2 arguments (1 provided)"},
	{"begin { str(); }", "str() requires at least one argument (0 provided)"},
	{"begin { @x[1] = 1; print(@x, 1, 2, 3); }", "print() takes up to 3 arguments (4 provided)"},
	{"begin { $x = kaddr(5); }", "kaddr() expects a string literal (int provided)"},
	{"begin { @ = sum(comm); }", "sum() only supports int arguments (string provided)"},
	{"begin { printf(\"%d\"); }",
	 "not enough arguments for format string (0 supplied, 1 expected)"},
	{"begin { printf(\"\", 1); }",
	 "too many arguments for format string (1 supplied, 0 expected)"},
	{"begin { printf(\"%d\", \"ab\"); }",
	 "unsupported format specifier for type 'string[3]': d"},
	{"begin { system(\"ls\"); }",
	 "system() is an unsafe function being used in safe mode"},
	{"begin { $x = kstack(2000); }", "kstack() limit must be 1..1024"},
	{"begin { $x = kstack(bad, 3); }", "Invalid stack mode: bad"},
	{"begin { $x = nsecs(bad); }", "Invalid timestamp mode: bad"},
	{"begin { $x = cgroupid(\"/no/such/path\"); }", "Failed to look up cgroup id"},
	/* places */
	{"begin { print(retval); }",
	 "The retval builtin can only be used with 'kretprobe' and 'uretprobe' and 'fentry' probes"},
	{"tracepoint:a:b { print(retval); }", " probes (try to use args.ret instead)"},
	{"begin { print(arg1); }",
	 "The arg1 builtin can only be used with 'kprobes', 'uprobes' and 'usdt' probes"},
	{"kprobe:f { print(args.x); }",
	 "The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe "
	 "probes (kprobe used here)"},
	{"tracepoint:a:b { print(ctx); }", "Use args instead of ctx in tracepoint"},
	{"begin { print(reg(\"ip\")); }", "reg can not be used with \"begin\" probes"},
	{"kprobe:f { @x[1] = 1; for ($kv : @x) { print(arg0); } }",
	 "'arg0' builtin is not allowed in a for-loop"},
	{"begin { for ($i : 0..5) { exit(); } }", "exit() is not allowed inside a for loop"},
	{"begin { break; }", "'break' statement is not allowed in a probe"},
	{"begin { unroll(3) { continue; } }", "'continue' statement is not allowed in a probe"},
	{"begin { unroll(101) {} }", "unroll maximum value is 100"},
	{"begin { unroll(0) {} }", "unroll minimum value is 1"},
};

static const struct message_row warning_rows[] = {
	{"begin { 5; }", "1:9-10: WARNING: Return value discarded."},
	{"begin { while (1) { break; print(1); } }", "Unreachable statement."},
	{"begin { let $x; print($x); $x = 1; }", "Variable used before it was assigned: $x"},
	{"begin { let $x; }", "Variable $x was never assigned to."},
	{"begin { $x = (uint32)pid; }",
	 "Unnecessary cast: expression is already of type uint32"},
	{"begin { $x = (int64)pid; $x = nsecs; }",
	 "Expression of type: uint64 being cast to type: int64. This may cause unexpected results."},
	{"begin { $x = (int64)pid == nsecs; }", "Expression of type: uint64 being cast to type: "
	 "int64"},
	{"begin { $x = (int64)pid / 2; }",
	 "signed operands for '/' can lead to undefined behavior (cast to unsigned to silence "
	 "warning)"},
	{"begin { $x = (int8 *)1 == (int16 *)2; }",
	 "comparison of distinct pointer types: int8 *, int16 *"},
	{"let @x = hash(5); begin { }", "Unused map: @x"},
};

/* Nothing at all is said about these. */
static const char *const silent[] = {
	"begin { @start[tid] = nsecs; } end { $x = (nsecs - @start[tid]) / 1000; }",
	"begin { pid == 1 ? printf(\"a\") : 0; }",
	"begin { _ = 5; @x[1] = 1; delete(@x, 1); @x[1]++; }",
	"begin { if (pid > 5 && comm == \"bash\") { print(1); } else if (!pid) { exit(); } }",
	"begin { $p = (int8 *)0; $p++; if ($p && $p != 0) { print($p); } }",
	"begin { print(1); exit(1); print((1, \"a\")); join((int8 **)5, \",\"); }",
	"begin { @x[1] = count(); print(@x, 5, 2); clear(@x); zero(@x); if (@x[1] > 5) {} }",
	"begin { @x[1] = (1, \"a\"); for ($kv : @x) { $v = $kv.1.1; print($v); break; } }",
	"begin { @x = count(); printf(\"%d %s\\n\", @x, comm); }",
};
/* clang-format on */

static void numbers_have_types(void **state)
{
	(void)state;
	check_types(number_rows, COUNT(number_rows));
}

static void values_have_types(void **state)
{
	(void)state;
	check_types(value_rows, COUNT(value_rows));
}

static void maps_have_types(void **state)
{
	(void)state;
	check_types(map_rows, COUNT(map_rows));
}

static void check_messages(const struct message_row *rows, size_t n, bool is_error)
{
	for (size_t i = 0; i < n; i++) {
		struct inferred f;

		infer(&f, rows[i].script);
		if (f.ok == is_error || !strstr(sb_str(&f.report), rows[i].message))
			fail_msg("%s\nexpected: %s\n%s", rows[i].script, rows[i].message,
			         sb_str(&f.report));
		done(&f);
	}
}

static void mistakes_are_named(void **state)
{
	(void)state;
	check_messages(error_rows, COUNT(error_rows), true);
}

static void oddities_are_warned_about(void **state)
{
	(void)state;
	check_messages(warning_rows, COUNT(warning_rows), false);
}

static void ordinary_scripts_are_silent(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(silent); i++) {
		struct inferred f;

		infer(&f, silent[i]);
		if (!f.ok || f.report.n)
			fail_msg("%s\n%s", silent[i], sb_str(&f.report));
		done(&f);
	}
}

static void several_mistakes_once_each(void **state)
{
	struct inferred f;

	(void)state;
	infer(&f, "begin { print($a + 1); $b = comm * 2; print($b); count(1); print(@u); }");
	assert_false(f.ok);
	assert_int_equal(diag_errors(f.u.diag), 4); /* $b's use is not one */
	done(&f);
}

static void unsafe_functions_need_the_flag(void **state)
{
	struct inferred f;

	(void)state;
	infer_with(&f, "begin { system(\"ls %s\", comm); }", true);
	assert_true(f.ok);
	done(&f);
}

/* ---- the tree as lowering finds it ---- */

static struct node *stmt(struct inferred *f, size_t i)
{
	return f->u.probes.items[0]->body->stmts.items[i];
}

static void literals_fold(void **state)
{
	static const struct {
		const char *expr;
		uint64_t number;
	} rows[] = {
	    {"1 + 2 * 3", 7},
	    {"-(5 - 7)", 2},
	    {"7 % 4", 3},
	    {"1 << 40", 1ull << 40},
	    {"\"a\" < \"b\"", 1},
	    {"\"a\" == \"b\"", 0},
	    {"5 && 0", 0},
	    {"!5", 0},
	    {"~0", UINT64_MAX},
	    {"-1 < 1", 1},
	    {"sizeof(uint32)", 4},
	    {"strlen(\"abc\")", 3},
	    {"sizeof((1, \"ab\"))", 4},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct inferred f;
		char text[64];
		const struct node *value;

		snprintf(text, sizeof(text), "begin { $x = %s; }", rows[i].expr);
		infer(&f, text);
		assert_true(f.ok);
		value = stmt(&f, 0)->args[1];
		assert_int_equal(value->kind, NODE_INT);
		assert_int_equal(value->number, rows[i].number);
		done(&f);
	}
}

static void conversions_are_explicit(void **state)
{
	struct inferred f;
	struct node *n;

	(void)state;
	infer(&f, "begin { @c = count(); $x = @c; $s = \"a\"; $s = comm; @k[pid] = $x; @k[1] = 2; "
	          "if (@c > 5) {} $t = (\"a\", 1); $t = (comm, nsecs); }");
	assert_true(f.ok);
	n = stmt(&f, 1)->args[1]; /* (uint64)@c */
	assert_int_equal(n->kind, NODE_CAST);
	assert_true(n->is_implicit);
	assert_true(type_equal(n->cast_to, type_int(8, false)));
	assert_int_equal(n->args[0]->kind, NODE_MAP);
	n = stmt(&f, 2)->args[1]; /* a literal grows by itself */
	assert_int_equal(n->kind, NODE_STRING);
	assert_int_equal(n->type->size_b, 16);
	n = stmt(&f, 5)->args[0]; /* @k[1]: the key is as wide as pid */
	assert_int_equal(n->args[0]->kind, NODE_INT);
	assert_true(type_equal(n->args[0]->type, type_int(4, false)));
	n = stmt(&f, 6)->args[0]; /* @c > 5 */
	assert_int_equal(n->args[0]->kind, NODE_CAST);
	n = stmt(&f, 7)->args[1]; /* the tuple is made of the right elements */
	assert_int_equal(n->kind, NODE_TUPLE);
	assert_int_equal(n->args[0]->type->size_b, 16);
	assert_int_equal(n->args[1]->type->size_b, 8);
	done(&f);
}

static void comparisons_know_their_sign(void **state)
{
	static const struct {
		const char *expr;
		bool is_signed;
	} rows[] = {
	    {"pid > 5", false},
	    {"5 > pid", false},
	    {"(int32)pid > 5", true},
	    {"pid > -5", true},
	    {"(int32)pid > pid", true},
	    {"nsecs - pid > 5", true},
	    {"pid > tid", false},
	    {"(int8 *)5 > (int64)pid", false},
	    {"(int8)pid > (uint64)pid", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct inferred f;
		char text[64];

		snprintf(text, sizeof(text), "begin { $x = %s; }", rows[i].expr);
		infer(&f, text);
		assert_true(f.ok);
		assert_int_equal(infer_compare_is_signed(stmt(&f, 0)->args[1]), rows[i].is_signed);
		done(&f);
	}
}

static void captured_variables_are_marked(void **state)
{
	struct inferred f;

	(void)state;
	infer(&f, "begin { $a = 1; $b = 1; for ($i : 0..5) { $a += $i; $c = 1; print($c); } "
	          "print($b); while ($b < 3) { $b++; } }");
	vec_each (v, &f.u.probes.items[0]->vars)
		assert_int_equal((*v)->is_captured, !strcmp((*v)->name, "$a"));
	done(&f);
}

static void discarded_calls_are_marked(void **state)
{
	struct inferred f;

	(void)state;
	infer(&f, "begin { @x[1] = 1; delete(@x, 1); $y = delete(@x, 1); }");
	assert_false(stmt(&f, 1)->args[0]->is_statement_value_used);
	assert_true(stmt(&f, 2)->args[1]->is_statement_value_used);
	done(&f);
}

/* ---- kernel types ---- */

static void kernel_structs_are_followed(void **state)
{
	static const struct type_row rows[] = {
	    {"begin { $x = curtask.parent.pid; }", "$x", "int32"},
	    {"begin { $x = curtask->comm; }", "$x", "string[16]"},
	    {"begin { @[curtask.comm] = 1; }", "@", "string[16]: int8"},
	    {"kprobe:f { $x = ((struct file *)arg0).f_path.dentry; }", "$x", "struct dentry *"},
	    {"begin { $x = offsetof(struct list_head, prev); }", "$x", "uint64"},
	};
	static const struct message_row mistakes[] = {
	    {"begin { print(curtask.pidd); }",
	     "Struct/union of type 'struct task_struct' does not contain a field named 'pidd'"},
	    {"begin { print(curtask.pidd); }", "HINT: Did you mean 'pid'?"},
	    {"begin { $x = *curtask; $y = (uint64)$x; }",
	     "Cannot cast from C type \"struct task_struct\""},
	    {"begin { $x = (struct list_head)5; }", "Cannot cast to \"struct list_head\""},
	};
	struct inferred f;
	const struct node *n;

	(void)state;
	infer(&f, "begin { $x = curtask.parent; @p = curtask; $y = @p; $z = $x.comm; }");
	if (!types_have_btf(f.u.types)) {
		print_message("skipped: no kernel BTF on this machine\n");
		done(&f);
		skip();
	}
	assert_true(f.ok);
	n = stmt(&f, 0)->args[1];
	assert_int_equal(n->type->as, AS_BTF);
	assert_non_null(n->field);
	n = stmt(&f, 2)->args[1];
	assert_int_equal(n->type->as, AS_KERNEL); /* a map keeps only the number */
	done(&f);
	check_types(rows, COUNT(rows));
	check_messages(mistakes, COUNT(mistakes), true);
}

/* ---- common types ---- */

static void flexible_literals_adopt(void **state)
{
	struct arena *a = arena_create();
	const struct type *one = cast_literal(1, false), *u32 = type_int(4, false);
	const struct type *elems[2] = {one, type_string(a, 4)}, *others[2] = {u32, elems[1]};

	(void)state;
	assert_true(cast_is_flexible(one));
	assert_false(cast_is_flexible(type_int(1, true)));
	assert_true(type_equal(one, type_int(1, true)));
	assert_ptr_equal(cast_common(a, one, u32), u32);
	assert_ptr_equal(cast_common(a, u32, one), u32);
	assert_true(type_equal(cast_common(a, type_int(1, true), u32), type_int(8, true)));
	assert_true(type_equal(
	    cast_common(a, type_tuple(a, elems, NULL, 2), type_tuple(a, others, NULL, 2)),
	    type_tuple(a, others, NULL, 2)));
	assert_null(cast_common(a, one, elems[1]));
	assert_ptr_equal(cast_common(a, cast_unknown(), u32), u32);
	arena_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_have_types),
	    cmocka_unit_test(values_have_types),
	    cmocka_unit_test(maps_have_types),
	    cmocka_unit_test(mistakes_are_named),
	    cmocka_unit_test(oddities_are_warned_about),
	    cmocka_unit_test(ordinary_scripts_are_silent),
	    cmocka_unit_test(several_mistakes_once_each),
	    cmocka_unit_test(unsafe_functions_need_the_flag),
	    cmocka_unit_test(literals_fold),
	    cmocka_unit_test(conversions_are_explicit),
	    cmocka_unit_test(comparisons_know_their_sign),
	    cmocka_unit_test(captured_variables_are_marked),
	    cmocka_unit_test(discarded_calls_are_marked),
	    cmocka_unit_test(kernel_structs_are_followed),
	    cmocka_unit_test(flexible_literals_adopt),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
