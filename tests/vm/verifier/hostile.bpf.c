/* Programs that hope for a verifier that forgets: what decided something on a path that ended
 * early, on a path not yet walked, or in another function. */
#include "case.h"

struct {
	__uint(type, MAP_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} map_progs SEC(".maps");

/* As many instructions and jumps as make a state worth remembering. */
#define PAD                                                                                        \
	"r9 = 1; if r9 s< 0 goto +0; r9 = 2; if r9 s< 0 goto +0; r9 = 3; if r9 s< 0 goto +0;"      \
	"r9 = 4; if r9 s< 0 goto +0; r9 = 5;"

/* Null is what equals r7, if r7 is 0 on every path. */
REFUSE("socket", null_by_number,
       "*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8; r1 = map_hash ll; call 1; r6 = r0;"
       "call 7; r7 = 5; if r0 s> 3 goto 1f; r7 = 0; 1: " PAD
       "if r6 == r7 goto 2f; r0 = *(u64 *)(r6 + 0); 2: r0 = 0; exit;")

/* The rounds of the loop are counted in a function. */
FUNCTION(more, "may_goto 1f; r0 = 1; exit; 1: r0 = 0; exit;")
REFUSE("socket", loop_closed_in_function,
       LOOK_UP(map_array) "r8 = r0; r6 = 8; 1: call more; if r0 == 0 goto 5f;" 
       "call 7; if r0 == 1 goto 4f; if r0 == 2 goto 3f;"
       "2: " PAD "goto 1b;"
       "3: r6 = 1000; goto 2b;"
       "4: r8 += r6; r0 = *(u8 *)(r8 + 0); 5: r0 = 0; exit;")

/* Beyond the end, and back. */
ACCEPT("xdp", back_from_beyond_end,
       "r2 = *(u32 *)(r1 + 0); r3 = *(u32 *)(r1 + 4); r4 = r2; r4 += 64; if r4 > r3 goto 1f;"
       "r0 = 0; exit; 1: r4 += -56; if r4 > r3 goto 2f; r0 = *(u8 *)(r2 + 7); exit; 2: r0 = 0; exit;")

/* Who is called last returns what it likes. */
FUNCTION(last_call, "r2 = map_progs ll; r3 = 0; call 12; r0 = 0; exit;")
REFUSE("socket", tail_call_result,
       "r6 = r1; " LOOK_UP(map_array) "r7 = r0; r1 = r6; call last_call; r7 += r0;"
       "r0 = *(u8 *)(r7 + 0); exit;")

/* A link of low halves, that a load with the sign has to end. */
REFUSE("socket", half_link_after_sign,
       LOOK_UP(map_array) "r8 = r0; r1 = *(u32 *)(r8 + 0); r2 = r1; w1 += 4;"
       "*(u64 *)(r10 - 16) = r1; r3 = *(s32 *)(r10 - 16); r4 = r3; if r3 s>= 0 goto 1f;"
       "r4 >>= 31; r8 += r4; r0 = *(u8 *)(r8 + 0); 1: r0 = 0; exit;")

/* Of an arena there is none. */
REFUSE("socket", cast_without_arena,
       "r2 = 0; .8byte 0x00000001000121bf; r0 = 0; *(u64 *)(r1 + 0) = r0; exit;")

/* A type of the program's that is called as the kernel's is. */
struct task_struct {
	u64 pid;
};
extern void *bpf_obj_new_impl(u64 type, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *p, void *meta) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

SEC("tc") int bad_own_task(void *ctx)
{
	struct task_struct *own =
	    bpf_obj_new_impl(__builtin_btf_type_id(*(struct task_struct *)0, 0), 0);

	if (own)
		bpf_task_release(own);
	return 0;
}
SEC("tc") int ok_own_task(void *ctx)
{
	struct task_struct *own =
	    bpf_obj_new_impl(__builtin_btf_type_id(*(struct task_struct *)0, 0), 0);

	if (own)
		bpf_obj_drop_impl(own, 0);
	return 0;
}

/* Pointers in arrays of arrays, which nobody may make up. */
struct table {
	u64 number;
	struct task_struct __attribute__((btf_type_tag("kptr"))) *tasks[2][2];
};
struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct table);
} map_table SEC(".maps");

SEC("tc") int bad_made_up_kptr(void *ctx)
{
	u32 key = 0;
	struct table *t = ((void *(*)(void *, const void *))1)(&map_table, &key);

	if (t)
		*(volatile u64 *)&t->tasks[1][1] = 0xffff0000;
	return 0;
}
SEC("tc") int ok_beside_kptrs(void *ctx)
{
	u32 key = 0;
	struct table *t = ((void *(*)(void *, const void *))1)(&map_table, &key);

	if (t)
		*(volatile u64 *)&t->number = 0xffff0000;
	return 0;
}
char _license[] SEC("license") = "GPL";
