/* Functions, callbacks, loops. */
#include "case.h"

struct {
	__uint(type, MAP_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u32);
} map_progs SEC(".maps");

FUNCTION(returns_1, "r0 = 1; exit;")
FUNCTION(returns_nothing, "exit;")
FUNCTION(returns_arg, "r0 = r1; exit;")
FUNCTION(returns_stack, "r0 = r10; exit;")
FUNCTION(uses_arg2, "r0 = r2; exit;")
FUNCTION(uses_r6, "r0 = r6; exit;")
FUNCTION(writes_arg, "*(u64 *)(r1 + 0) = 7; r0 = 0; exit;")
FUNCTION(reads_arg, "r0 = *(u64 *)(r1 + 0); exit;")
FUNCTION(writes_stack_ptr, "*(u64 *)(r1 + 0) = r10; r0 = 0; exit;")
FUNCTION(writes_caller_ptr, "*(u64 *)(r1 + 0) = r1; r0 = 0; exit;")
FUNCTION(deep_256, "*(u64 *)(r10 - 256) = 0; r0 = 0; exit;")
FUNCTION(deep_264, "*(u64 *)(r10 - 264) = 0; r0 = 0; exit;")
FUNCTION(deep_400, "*(u64 *)(r10 - 400) = 0; r0 = 0; exit;")
FUNCTION(recursive, "call recursive; exit;")
FUNCTION(falls_off, "r0 = 0; if r1 == 0 goto 1f; 1: exit;")
FUNCTION(level8, "r0 = 0; exit;")
FUNCTION(level7, "call level8; exit;")
FUNCTION(level6, "call level7; exit;")
FUNCTION(level5, "call level6; exit;")
FUNCTION(level4, "call level5; exit;")
FUNCTION(level3, "call level4; exit;")
FUNCTION(level2, "call level3; exit;")
FUNCTION(level1, "call level2; exit;")
FUNCTION(tail_calls, "r2 = map_progs ll; r3 = 0; call 12; r0 = 0; exit;")
FUNCTION(checks_null, "r0 = 0; if r1 == 0 goto 1f; r0 = *(u64 *)(r1 + 0); 1: exit;")

ACCEPT("socket", call, "call returns_1; exit;")
REFUSE("socket", no_result, "call returns_nothing; exit;")
REFUSE("socket", call_arg_uninit, "call uses_arg2; exit;")
ACCEPT("socket", call_arg, "r2 = 1; call uses_arg2; exit;")
REFUSE("socket", callee_saved_uninit, "r6 = 1; call uses_r6; exit;")
ACCEPT("socket", callee_saved, "r6 = r1; call returns_1; r0 = *(u32 *)(r6 + 0); exit;")
REFUSE("socket", caller_saved_gone, "r3 = 5; call returns_1; r0 = r3; exit;")
ACCEPT("socket", ptr_returned, "call returns_arg; r0 = *(u32 *)(r0 + 0); exit;")
REFUSE("socket", stack_returned, "call returns_stack; r0 = 0; exit;")
REFUSE("socket", caller_stack_returned, "r1 = r10; call returns_arg; r0 = 0; exit;")
ACCEPT("socket", stack_arg, "r1 = r10; r1 += -8; call writes_arg; r0 = *(u64 *)(r10 - 8); exit;")
ACCEPT("socket", stack_arg_uninit, "r1 = r10; r1 += -8; call reads_arg; exit;")
REFUSE("socket", stack_ptr_up, "r1 = r10; r1 += -8; call writes_stack_ptr; r0 = 0; exit;")
REFUSE("socket", caller_ptr_up, "r1 = r10; r1 += -8; call writes_caller_ptr; r0 = 0; exit;")
REFUSE("socket", stack_arg_beyond, "r1 = r10; call writes_arg; r0 = 0; exit;")
ACCEPT("socket", depth_ok, "*(u64 *)(r10 - 256) = 0; call deep_256; exit;")
REFUSE("socket", depth_over, "*(u64 *)(r10 - 256) = 0; call deep_264; exit;")
ACCEPT("socket", depth_two, "call deep_400; call deep_400; exit;")
REFUSE("socket", recursion, "call recursive; exit;")
ACCEPT("socket", seven_calls, "call level2; exit;")
REFUSE("socket", eight_calls, "call level1; exit;")
ACCEPT("tc", tail_call_small, "*(u64 *)(r10 - 240) = 0; call tail_calls; r0 = 0; exit;")
REFUSE("tc", tail_call_big, "*(u64 *)(r10 - 256) = 0; call tail_calls; r0 = 0; exit;")
ACCEPT("socket", maybe_null_passed, "*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8; r1 = map_hash ll; call 1; r1 = r0; call checks_null; exit;")
REFUSE("socket", maybe_null_unchecked, "*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8; r1 = map_hash ll; call 1; r1 = r0; call reads_arg; exit;")
ACCEPT("socket", pointer_spilled_by_caller, LOOK_UP(map_hash) "*(u64 *)(r10 - 16) = r0; r1 = r10; r1 += -16; call reads_arg; r0 = *(u64 *)(r0 + 0); r0 = 0; exit;")

/* bpf_loop(nr, callback, ctx, flags) */
FUNCTION(cb_0, "r0 = 0; exit;")
FUNCTION(cb_1, "r0 = 1; exit;")
FUNCTION(cb_2, "r0 = 2; exit;")
FUNCTION(cb_index, "r0 = r1; exit;")
FUNCTION(cb_counts, "r0 = *(u64 *)(r2 + 0); r0 += 1; *(u64 *)(r2 + 0) = r0; r0 = 0; exit;")
FUNCTION(cb_breaks_ptr, "*(u64 *)(r2 + 0) = 0; r0 = 0; exit;")
FUNCTION(cb_r0, "exit;")
FUNCTION(cb_deref_r1, "r0 = *(u64 *)(r1 + 0); r0 = 0; exit;")
FUNCTION(cb_r3, "r0 = r3; exit;")
FUNCTION(cb_endless, "1: goto 1b; r0 = 0; exit;")
#define CALL_LOOP(cb) "r2 = " #cb " ll; r3 = r10; r3 += -8; r4 = 0; call 181;"
ACCEPT("tc", loop, "r1 = 10;" CALL_LOOP(cb_0) "r0 = 0; exit;")
ACCEPT("tc", loop_break, "r1 = 10;" CALL_LOOP(cb_1) "r0 = 0; exit;")
REFUSE("tc", loop_return, "r1 = 10;" CALL_LOOP(cb_2) "r0 = 0; exit;")
REFUSE("tc", loop_return_unknown, "r1 = 10;" CALL_LOOP(cb_index) "r0 = 0; exit;")
REFUSE("tc", loop_return_none, "r1 = 10;" CALL_LOOP(cb_r0) "r0 = 0; exit;")
REFUSE("tc", loop_deref_index, "r1 = 10;" CALL_LOOP(cb_deref_r1) "r0 = 0; exit;")
REFUSE("tc", loop_arg3, "r1 = 10;" CALL_LOOP(cb_r3) "r0 = 0; exit;")
ACCEPT("tc", loop_many, "*(u64 *)(r10 - 8) = 0; r1 = 100000;" CALL_LOOP(cb_counts) "r0 = 0; exit;")
ACCEPT("tc", loop_unknown, "r1 = *(u32 *)(r1 + 0); *(u64 *)(r10 - 8) = 0;" CALL_LOOP(cb_counts) "r0 = 0; exit;")
REFUSE("tc", loop_ptr_lost, "*(u64 *)(r10 - 8) = r1; r1 = 10;" CALL_LOOP(cb_breaks_ptr) "r1 = *(u64 *)(r10 - 8); r0 = *(u32 *)(r1 + 0); exit;")
REFUSE("tc", loop_counter_index, "*(u64 *)(r10 - 8) = 0; r1 = 10;" CALL_LOOP(cb_counts) "r6 = *(u64 *)(r10 - 8); r7 = r10; r7 += -8; r7 += r6; r0 = *(u8 *)(r7 + 0); r0 = 0; exit;")
REFUSE("tc", loop_not_function, "r1 = 10; r2 = 5; r3 = r10; r3 += -8; r4 = 0; call 181; r0 = 0; exit;")
REFUSE("tc", loop_cb_endless, "r1 = 10;" CALL_LOOP(cb_endless) "r0 = 0; exit;")
ACCEPT("tc", loop_null_ctx, "r1 = 10; r2 = cb_0 ll; r3 = 0; r4 = 0; call 181; r0 = 0; exit;")
ACCEPT("tc", loop_result, "r1 = 10;" CALL_LOOP(cb_0) "if r0 s> 10 goto 1f; 1: r0 = 0; exit;")

FUNCTION(each_cb, "r0 = *(u64 *)(r3 + 0); r0 = *(u64 *)(r2 + 0); r0 = 0; exit;")
FUNCTION(each_write_key, "*(u64 *)(r2 + 0) = 0; r0 = 0; exit;")
FUNCTION(each_write_value, "*(u64 *)(r3 + 32) = 0; r0 = 0; exit;")
FUNCTION(each_over, "r0 = *(u64 *)(r3 + 40); r0 = 0; exit;")
FUNCTION(each_key_over, "r0 = *(u64 *)(r2 + 8); r0 = 0; exit;")
FUNCTION(each_deletes, "call 3; r0 = 0; exit;")
#define CALL_EACH(cb) "r1 = map_hash ll; r2 = " #cb " ll; r3 = r10; r3 += -8; r4 = 0; call 164; r0 = 0; exit;"
ACCEPT("tc", each, CALL_EACH(each_cb))
REFUSE("tc", each_key_written, CALL_EACH(each_write_key))
ACCEPT("tc", each_value_written, CALL_EACH(each_write_value))
REFUSE("tc", each_value_over, CALL_EACH(each_over))
REFUSE("tc", each_key_beyond, CALL_EACH(each_key_over))
ACCEPT("tc", each_delete, CALL_EACH(each_deletes))
REFUSE("tc", each_of_progs, "r1 = map_progs ll; r2 = each_cb ll; r3 = r10; r3 += -8; r4 = 0; call 164; r0 = 0; exit;")

ACCEPT("socket", may_goto, "r6 = 0; 1: may_goto 2f; r6 += 1; goto 1b; 2: r0 = 0; exit;")
REFUSE("socket", may_goto_deep, "r6 = 0; 1: may_goto 2f; r6 += 1; if r6 > 1000000 goto 2f; goto 1b; 2: r0 = 0; exit;")
REFUSE("socket", may_goto_index, LOOK_UP(map_hash) "r6 = 0; 1: may_goto 2f; r6 += 1; goto 1b; 2: r0 += r6; r0 = *(u8 *)(r0 + 0); r0 = 0; exit;")
REFUSE("socket", may_goto_masked, LOOK_UP(map_hash) "r6 = 0; 1: may_goto 2f; r6 += 1; goto 1b; 2: r6 &= 7; r0 += r6; r0 = *(u8 *)(r0 + 0); r0 = 0; exit;")
ACCEPT("socket", loop_1000, "r6 = 0; 1: r6 += 1; if r6 < 1000 goto 1b; r0 = 0; exit;")
ACCEPT("socket", loop_down, "r6 = 100; 1: r6 += -1; if r6 != 0 goto 1b; r0 = 0; exit;")
REFUSE("socket", loop_skips, "r6 = 1; 1: r6 += 2; if r6 != 100 goto 1b; r0 = 0; exit;")
ACCEPT("socket", loop_nested, "r6 = 0; 1: r7 = 0; 2: r7 += 1; if r7 < 30 goto 2b; r6 += 1; if r6 < 30 goto 1b; r0 = 0; exit;")
REFUSE("socket", loop_two_back, "r6 = 0; 1: r6 += 1; r6 &= 1; if r6 == 1 goto 1b; if r6 == 0 goto 1b; r0 = 0; exit;")
ACCEPT("socket", loop_bounded_unknown, "r6 = *(u32 *)(r1 + 0); r6 &= 31; r7 = 0; 1: if r7 >= r6 goto 2f; r7 += 1; goto 1b; 2: r0 = 0; exit;")
REFUSE("socket", loop_too_long, "r6 = 0; 1: r6 += 1; if r6 < 2000000 goto 1b; r0 = 0; exit;")
ACCEPT("socket", loop_array, LOOK_UP(map_hash) "r6 = 0; 1: r1 = r0; r1 += r6; r2 = *(u8 *)(r1 + 0); r6 += 1; if r6 < 40 goto 1b; r0 = 0; exit;")
REFUSE("socket", loop_array_over, LOOK_UP(map_hash) "r6 = 0; 1: r1 = r0; r1 += r6; r2 = *(u8 *)(r1 + 0); r6 += 1; if r6 <= 40 goto 1b; r0 = 0; exit;")

/* global functions */
__noinline int global_add(int a, int b) { return a + b; }
__noinline int global_value(struct value *p) { return p ? p->a : 0; }
__noinline int global_unchecked(struct value *p) { return p->a; }
__noinline int global_nonnull(struct value *p __attribute__((btf_decl_tag("arg:nonnull")))) { return p->a; }
struct skb { u32 len; };
__noinline int global_ctx(void *ctx __attribute__((btf_decl_tag("arg:ctx")))) { return *(u32 *)ctx; }
__noinline int global_endless(int a) { for (;;) asm volatile("" ::: "memory"); return a; }
SEC("tc") int ok_global_add(void *ctx) { return global_add(1, 2); }
SEC("tc") int ok_global_value(void *ctx) { struct value v = {0}; return global_value(&v); }
SEC("tc") int ok_global_null(void *ctx) { return global_value(0); }
SEC("tc") int bad_global_unchecked(void *ctx) { struct value v = {0}; return global_unchecked(&v); }
SEC("tc") int ok_global_nonnull(void *ctx) { struct value v = {0}; return global_nonnull(&v); }
SEC("tc") int bad_global_nonnull_null(void *ctx) { return global_nonnull(0); }
SEC("tc") int ok_global_ctx(void *ctx) { return global_ctx(ctx); }
SEC("tc") int bad_global_small(void *ctx) { u64 v = 0; return global_value((void *)&v); }
SEC("tc") int ok_global_map(void *ctx) { u64 key = 0; struct value *v = map_lookup(&map_hash, &key); return global_value(v); }
