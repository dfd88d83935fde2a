; every form of instruction, and the assembler's own conveniences
start:
  0: (b7) r0 = 0
  1: (18) r1 = 0x1122334455667788
       18 01 00 00 88 77 66 55 00 00 00 00 44 33 22 11
  3: 95 00 00 00 00 00 00 00  exit
r1 += r2
r1 -= 5
w1 *= w2
r1 /= 7
w1 s/= w3
r1 s%= -7
r1 |= r2
w1 &= 0xff
r1 <<= 63
r1 >>= r3
r1 s>>= 1
r1 ^= -1
r1 = -r1
w2 = -w2
w3 = 0xffffffff
r4 = (s8)r5
w4 = (s16)w5
r1 = be16 r1
r1 = le32 r1
r1 = bswap64 r1
r1 = addr_space_cast(r2, 0, 1)
r0 = *(u8 *)(r1 +4)
r0 = *(s32 *)(r1 -2)
*(u64 *)(r10 -8) = r1
*(u16 *)(r10 - 0x10) = -1
r0 = *(u32 *)skb[14]
r0 = *(u8 *)skb[r3 + -2]
lock *(u64 *)(r1 +0) += r2
r2 = atomic_fetch_or((u32 *)(r1 +0), r2)
r3 = atomic64_xchg((u64 *)(r2 +0), r3)
r0 = cmpxchg_64(r2 + 0, r0, r1)
r2 = load_acquire((u8 *)(r3 +4))
store_release((u64 *)(r2 -4), r3)
loop: again: if r1 s> -5 goto loop # comment
if w1 & 0x4 goto pc-2
if r1 != r2 goto +0x3 <start+0x18>
goto start
gotol far
may_goto pc+4
call bpf_map_lookup_elem#1
call ktime_get_ns
call pc+1
call far
call kernel-function#77 module 3
far:
r1 = map[counts] ll
r1 = map[counts][0]+16 ll
r1 = map[fd:3]
r1 = map[idx:1][0]+8 ll
r1 = btf[id:5][fd:6] ll
r1 = func far ll // callback
r1 = subprog[+2]
exit
