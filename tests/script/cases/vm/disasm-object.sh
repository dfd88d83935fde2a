# An object's programs, each with the functions it calls, and what it says of places and names.
# requires: command -v clang
# expect: ; program first, section xdp
# expect: first:
# expect-re: ^; .*/o\.c:6: SEC\("xdp"\) int first
# expect-re: ^ *[0-9]+: 18 [0-9a-f ]+  r1 = map\[idx:0\] ll ; counts$
# expect-re: ^ *[0-9]+: 85 10 [0-9a-f ]+  call pc\+[0-9]+ ; triple$
# expect-re: ^ *[0-9]+: 95 00 00 00 00 00 00 00  exit$
# expect: triple:
# expect-re: ^ *[0-9]+: 27 00 00 00 03 00 00 00  r0 \*= 3$
# expect: ; program second, section anything
# expect: second:
# expect: again
# expect-err-re: ^ERROR: -: offset 0: [0-9]+ bytes are too few for an ELF header$
cat >o.c <<'EOF'
#define SEC(n) __attribute__((section(n), used))
struct { int (*type)[1]; unsigned *key; unsigned long *value; int (*max_entries)[4]; } counts SEC(".maps");
static void *(*lookup)(void *, const void *) = (void *)1;
static __attribute__((noinline)) unsigned long triple(unsigned long x) { asm volatile(""); return x * 3; }
char lic[] SEC("license") = "GPL";
SEC("xdp") int first(void *ctx) { unsigned k = 1; unsigned long *v = lookup(&counts, &k); if (v) *v = triple(*v); return 2; }
SEC("anything") int second(void *ctx) { return 7; }
EOF
clang -g -O2 -target bpf -c "$PWD/o.c" -o o.o || exit
skep vm disasm o.o >listing || exit
cat listing
# One program's part is assembler text, with the bytes as a check.
sed '/^; program second/,$d' listing >one
skep vm asm -o code one && skep vm disasm code >two && skep vm asm two | cmp - two && echo again
head -c 50 o.o | skep vm disasm -
exit 0
