# What of an object cannot be imported or called, and why.
# requires: command -v clang-19 || command -v clang-14
compile() { # NAME [OPTION...], the text on standard input
	name=$1
	shift
	cat >"$name.bpf.c"
	# shellcheck disable=SC2046
	$(command -v clang-19 || command -v clang-14) -O2 --target=bpf -mcpu=v3 -Wno-everything "$@" \
		-c "$name.bpf.c" -o "$name.bpf.o" || exit 1
}
compile bare <<'END'
int f(int x) { return x; }
END
compile closed -g <<'END'
int f(int x) { return x; }
char its_license[] __attribute__((section("license"))) = "Proprietary";
END
compile one -g <<'END'
int same(int x) { return x; }
int count(int x) { return x; }
int mine(int x) { return x; }
int twice(int x) { return x; }
int assert(int x) { return x; }
END
compile two -g <<'END'
int same(int x) { return x; }
int pid(void) { return 1; }
END
# Prototypes that no compiler makes code of.
compile lib -g <<'END'
#define SEC(name) __attribute__((section(name), used))
struct big { long a, b, c; };
struct pair { int a, b; };
struct pt_regs { long r15; };
struct bpf_spin_lock { unsigned val; };
struct locked { struct bpf_spin_lock lock; int n; };
struct { int (*type)[27]; int (*max_entries)[4096]; } ring SEC(".maps");
struct { int (*type)[1]; int (*max_entries)[8]; int *key; struct locked *value; } locks SEC(".maps");
static void *(*lookup)(void *, const void *) = (void *)1;
static void *(*reserve)(void *, long, long) = (void *)131;
#define ASM(name) __asm__(".text\n.globl " #name "\n.type " #name ",@function\n" \
	#name ":\nr0 = 0\nexit\n.size " #name ", 16\n")
int six(int, int, int, int, int, int);
int some(int, ...);
struct big large(void);
ASM(six);
ASM(some);
ASM(large);
ASM(untold);
long keep(int n) { return n == 1 ? (long)&six : n == 2 ? (long)&some : (long)&large; }
int missing(int);
static int inner(int x) { return missing(x) + 1; }
int __attribute__((noinline)) calls_missing(int x) { return inner(x); }
int calls_that(int x) { return calls_missing(x) * 3; }
extern int nowhere;
int *names_missing(void) { return &nowhere; }
int by_value(struct pair p) { return p.a + p.b; }
long wants_context(struct pt_regs *regs) { return regs->r15; }
SEC("kprobe/foo") int prog(struct pt_regs *regs) { return 0; }
static int __attribute__((noinline)) hidden(int x) { return x + 1; }
int use(int x) { return hidden(x); }
int uses_ring(void) { return !reserve(&ring, 8, 0); }
int uses_lock(int key) { return !lookup(&locks, &key); }
struct pair *first(struct pair *p, char *s) { return p; }
END
cat >clash.bt <<'END'
import "bare.bpf.o";
import "closed.bpf.o";
import "one.bpf.o";
import "two.bpf.o";
fn mine($x : int64) : int64 { return $x; }
macro twice(x) { x * 2 }
begin { }
END
fail=0
expect() {
	while read -r line; do
		grep -qFx "$line" err || { echo "missing: $line"; fail=1; }
	done
	[ $fail = 0 ] || cat err
}
skep --dry-run clash.bt 2>err && exit 1
expect <<'END'
clash.bt:1:8-20: ERROR: Cannot import "bare.bpf.o": it has no BTF, which says what its functions take
HINT: compile it with -g
clash.bt:2:8-22: ERROR: Cannot import "closed.bpf.o": its license is "Proprietary", and it would be part of programs under GPL
clash.bt:3:8-19: ERROR: Cannot import "one.bpf.o": it defines count(), which is part of the language already
HINT: functions of the object that are static clash with nothing
clash.bt:3:8-19: ERROR: Cannot import "one.bpf.o": it defines mine(), which is a function of the script already
clash.bt:5:4-8: This is the first definition.
clash.bt:3:8-19: ERROR: Cannot import "one.bpf.o": it defines twice(), which is a macro already
clash.bt:6:7-12: This is the first definition.
clash.bt:3:8-19: ERROR: Cannot import "one.bpf.o": it defines assert(), which is a macro of the library already
clash.bt:4:8-19: ERROR: Cannot import "two.bpf.o": it defines same(), which is a function of "one.bpf.o" already
clash.bt:4:8-19: ERROR: Cannot import "two.bpf.o": it defines pid(), which is part of the language already
END
cat >main.bt <<'END'
import "lib.bpf.o";
begin {
	six(1, 2, 3, 4, 5, 6);
	some(1);
	large();
	untold(1);
	calls_that(1);
	print(names_missing());
	by_value(1);
	wants_context(0);
	prog(0);
	hidden(1);
	usee(1);
	use();
	use("x");
	print(first(1, "a"));
	first((void *)1, (int64 *)2);
	uses_ring();
	uses_lock(1);
	use((1, 2));
}
END
skep --dry-run main.bt 2>err && exit 1
expect <<'END'
main.bt:3:2-23: ERROR: six() of "lib.bpf.o" cannot be called: it takes 6 arguments, and at most 5 can be passed
main.bt:4:2-9: ERROR: some() of "lib.bpf.o" cannot be called: it has a variable number of arguments
main.bt:5:2-9: ERROR: large() of "lib.bpf.o" cannot be called: it returns a value of type 'struct big', and only numbers and pointers can be
main.bt:6:2-11: ERROR: untold() of "lib.bpf.o" cannot be called: its BTF does not say what it takes
main.bt:7:2-15: ERROR: calls_that() of "lib.bpf.o" cannot be called: function "calls_missing" instruction 0: relocation by "missing": the function is not in this object, and not one of the kernel's by its BTF
main.bt:8:8-23: ERROR: names_missing() of "lib.bpf.o" cannot be called: function "names_missing" instruction 0: relocation by "nowhere": not in this object, and no BTF says where else
main.bt:9:2-13: ERROR: by_value() of "lib.bpf.o" cannot be called: argument 1 is of type 'struct pair', and only numbers and pointers can be passed
main.bt:10:2-18: ERROR: wants_context() of "lib.bpf.o" cannot be called: it wants a context ('struct pt_regs *' as argument 1), which no function gets
main.bt:11:2-9: ERROR: prog() of "lib.bpf.o" cannot be called: it is a program (section "kprobe/foo") and wants a context, which no function gets
main.bt:12:2-11: ERROR: hidden() of "lib.bpf.o" cannot be called: it is static
main.bt:13:2-9: ERROR: Unknown function: 'usee'
HINT: Did you mean 'use'?
main.bt:14:2-7: ERROR: use() requires one argument (0 provided)
main.bt:15:6-9: ERROR: use() expects 'int32' for x ('string[2]' provided)
main.bt:16:14-15: ERROR: first() expects 'struct pair *' for p ('int8' provided)
main.bt:17:19-29: ERROR: first() expects 'int8 *' for s ('int64 *' provided)
main.bt:18:2-13: ERROR: uses_ring() of "lib.bpf.o" cannot be called: map "ring" is of type 27, and scripts have arrays, hashes, tries, queues and stacks only
main.bt:19:2-14: ERROR: uses_lock() of "lib.bpf.o" cannot be called: map "locks" holds a bpf_spin_lock, which the kernel finds by types that a script's maps have not
main.bt:20:6-12: ERROR: use() expects 'int32' for x ('(int8,int8)' provided)
END
exit $fail
