# Probes at source lines: in each function and inlined call with code of the line, with the
# parameters and their places at it; what cannot be is refused by name.
# expect: twice called 3 of lines.c:3
# expect: twice called 4 of lines.c:3
# expect: loop 5
# expect: loop 5
# expect: inlined 2 times
# expect: column twice
# expect: ERROR: No matches for uprobe ./lines@lines.c:1.
# expect: HINT: did you mean uprobe:./lines@lines.c:2?
# expect: ERROR: ./bare has no debug information: its source lines are not known
# expect: ERROR: Source line not allowed
# expect: ERROR: Invalid line: x
# expect: ERROR: Invalid column: 0
# expect: ERROR: Missing source file after '@'
# expect: ERROR: uprobe probe type requires 2 or 3 arguments, found 1
# expect: HINT: a place in the source has its line: uprobe:./lines@lines.c:LINE
# expect: ERROR: No matches for uprobe ./lines@lines.c:999.
# expect: ERROR: No matches for uprobe ./lines@other.c:3.
cat >lines.c <<'C'
static int seen;
__attribute__((noinline)) int twice(int v) {
	seen += v;
	return v + v;
}
static inline __attribute__((always_inline)) void note(int v) {
	__asm__ volatile("" : "+m"(seen) : "r"(v));
}
__attribute__((noinline)) void loop(int n) {
	for (int i = 0; i < n; i++)
		note(n);
}
int main(void) {
	note(twice(3) + twice(4));
	loop(5);
	return 0;
}
C
"${CC:-cc}" -g -O1 -o lines lines.c && "${CC:-cc}" -O1 -s -o bare lines.c || exit 2
lines() {
	skep -q -c ./lines -e "$1" 2>&1 | grep -v '^$'
}
lines 'uprobe:./lines@lines.c:3 { printf("%s called %d of %s\n", func, args.v, "lines.c:3"); }'
lines 'uprobe:./lines@lines.c:11 { printf("loop %d\n", args.n); } ' | head -2
lines 'uprobe:./lines@lines.c:7 { @[func] = count(); } end { printf("inlined %d times\n", len(@)); clear(@); }'
lines "uprobe:./lines@lines.c:3:7 { printf(\"column %s\n\", func); exit(); }" | head -1
errors() {
	lines "$1" | sed -n 's/^stdin[^E]*//; /valid attach/d; /^ERROR\|^HINT: \(did\|a place\)/p'
}
errors 'uprobe:./lines@lines.c:1 { exit(); }'
errors 'uprobe:./bare@lines.c:3 { exit(); }'
errors 'uretprobe:./lines@lines.c:3 { exit(); }'
errors 'uprobe:./lines@lines.c:x { exit(); }'
errors 'uprobe:./lines@lines.c:3:0 { exit(); }'
errors 'uprobe:./lines@:3 { exit(); }'
errors 'uprobe:./lines@lines.c { exit(); }'
errors 'uprobe:./lines@lines.c:999 { exit(); }'
errors 'uprobe:./lines@other.c:3 { exit(); }'
exit 0
