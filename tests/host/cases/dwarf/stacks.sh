# Stacks with file and line; a line for each call that was inlined, innermost first. A frame that is
# a return address shows the line of its call.
# expect: [inlined] middle@frames.c:10
# expect: [inlined] upper@frames.c:14
# expect: outer@frames.c:17
# expect: middle (inlined)
# expect: upper (inlined)
# expect: outer (frames)
# expect: outer
# expect: debug file:
# expect: [inlined] middle@frames.c:10
# expect: [inlined] upper@frames.c:14
# expect: outer@frames.c:17
# expect: no debug file: outer
# expect: wrong checksum: outer
cat >frames.c <<'C'
int seen;
__attribute__((noinline)) void deepest(int n) {
	__asm__ volatile("" : "+m"(seen) : "r"(n));
}
__attribute__((noinline)) void leaf(int n) {
	deepest(n);
	seen++;
}
static inline __attribute__((always_inline)) void middle(int n) {
	leaf(n + 1);
	__asm__ volatile("" : "+m"(seen) : "r"(n));
}
static inline __attribute__((always_inline)) void upper(int n) {
	middle(n * 2);
	seen++;
}
__attribute__((noinline)) void outer(int n) { upper(n); seen++; }
int main(void) {
	outer(1);
	return seen == 0;
}
C
"${CC:-cc}" -g -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -Wl,--build-id=none \
	-o frames frames.c || exit 2
# The second frame of what is probed in deepest: outer's, without offsets and directories.
frames() {
	skep -q "$@" | grep -v '^$' | sed -n '/deepest/!p' |
		sed 's/^ *//; s/^\t[0-9a-f]* //; s/+[0-9]*//; s,@/.*/,@,; s,(/.*/,(,'
}
script='uprobe:./frames:deepest { print(ustack(2)); }'
frames -c ./frames -e "$script"
frames -c ./frames -e 'uprobe:./frames:deepest { print(ustack(perf, 2)); }'
frames -c ./frames -e "config = { show_debug_info = false } $script"
# Moved out, and found by the name and checksum that the program has.
mkdir -p store symbols && objcopy --only-keep-debug frames store/frames.debug &&
	objcopy --strip-debug --add-gnu-debuglink=store/frames.debug frames bare && mv bare frames || exit 2
echo debug file:
frames --debuginfo "$PWD/store" -c ./frames -e "$script"
echo "no debug file: $(frames -c ./frames -e "$script")"
printf x >>store/frames.debug
echo "wrong checksum: $(frames --debuginfo "+$PWD/store" -c ./frames -e "$script")"
