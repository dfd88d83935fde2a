# What llvm-objdump shows of compiled programs is assembler text; its bytes are a check.
# expect-re: ^v2 [1-9][0-9]+$
# expect-re: ^v3 [1-9][0-9]+$
# expect-re: ^v4 [1-9][0-9]+$
# requires: command -v clang-19 && command -v llvm-objdump-19
cat >all.c <<'EOF'
typedef unsigned long u64;
typedef unsigned u32;
u64 f(u64 *p, u32 *q, long x, int y, signed char *z)
{
	u64 r = (u64)x % 7 - (u32)y / 3 + *z + *(short *)(z + 16);

	__sync_fetch_and_add(p, x);
	r = __builtin_bswap64(r) + __builtin_bswap16(*(unsigned short *)z);
	r ^= (signed char)x;
	r += (short)y + (u64)(int)x + (u32)x / 7u;
	if (y < -5)
		r += 0x1234567890;
	if ((u32)y > 77)
		r--;
	if (x & 4)
		r = -r;
	if (x <= -9)
		r <<= 3;
	*(volatile u32 *)q = 0x80000000;
	*(volatile u64 *)p = -5;
	*(volatile char *)z = 200;
#if __BPF_CPU_VERSION__ >= 3
	r += __sync_fetch_and_add(p, x) + __sync_fetch_and_or(q, y);
	r ^= __sync_val_compare_and_swap(p, x, r);
	r += __sync_lock_test_and_set(q, 4) + __sync_val_compare_and_swap(q, y, 7);
	__sync_fetch_and_xor(q, 9);
#endif
#if __BPF_CPU_VERSION__ >= 4
	r += x / (y + 3L) + x % 7 + y / 3;
	asm volatile("gotol +0");
#endif
	for (int i = 0; i < y; i++)
		r += q[i];
	return r;
}
int g(int a, int b)
{
	return a * b - (a ^ b) + (a >> 3) - a;
}
EOF
for cpu in v2 v3 v4; do
	clang-19 -O2 -target bpf -mcpu=$cpu -c all.c -o $cpu.o || exit
	# without headings and the lines that only name a function
	llvm-objdump-19 --mcpu=$cpu -d $cpu.o | grep -E '^ *[0-9]+:' >$cpu.s
	skep vm asm -o $cpu.insns $cpu.s || exit
	echo $cpu "$(wc -c <$cpu.insns)"
done
