/* Helpers' contracts: sizes, kinds of pointers, maps that fit, references. */
#include "case.h"

struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 4096);
} map_ring SEC(".maps");
struct {
	__uint(type, MAP_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u32);
} map_progs SEC(".maps");
struct {
	__uint(type, MAP_PERF_EVENT_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u32);
} map_perf SEC(".maps");
struct {
	__uint(type, MAP_QUEUE);
	__uint(max_entries, 4);
	__type(value, u64);
} map_queue SEC(".maps");
struct inner {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} inner_map SEC(".maps");
struct {
	__uint(type, MAP_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct inner);
} map_outer SEC(".maps") = {.values = {&inner_map}};
struct {
	__uint(type, MAP_STACK_TRACE);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 1016);
} map_stacks SEC(".maps");
struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, 1 << 7);
	__type(key, u32);
	__type(value, u64);
} map_rdonly SEC(".maps");
struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, 1 << 8);
	__type(key, u32);
	__type(value, u64);
} map_wronly SEC(".maps");
struct {
	__uint(type, 15); /* SOCKMAP */
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u32);
} map_socks SEC(".maps");
struct {
	__uint(type, 24); /* SK_STORAGE */
	__uint(map_flags, 1);
	__type(key, int);
	__type(value, u64);
} map_storage SEC(".maps");
struct {
	__uint(type, 21); /* PERCPU_CGROUP_STORAGE */
	__uint(key_size, 8);
	__uint(value_size, 16);
} map_cgroup SEC(".maps");

/* bpf_probe_read_kernel(dst, size, src) */
#define PROBE_READ "r3 = 0; call 113; r0 = 0; exit;"
#define RESERVE "r1 = map_ring ll; r2 = 16; r3 = 0; call 131;"
#define SUBMIT "r1 = r0; r2 = 0; call 132;"

ACCEPT("kprobe", size_const, "r1 = r10; r1 += -64; r2 = 64;" PROBE_READ)
REFUSE("kprobe", size_const_over, "r1 = r10; r1 += -64; r2 = 65;" PROBE_READ)
REFUSE("kprobe", size_negative, "r1 = r10; r1 += -64; r2 = -1;" PROBE_READ)
ACCEPT("kprobe", size_zero, "r1 = r10; r1 += -64; r2 = 0;" PROBE_READ)
REFUSE("kprobe", size_unknown, "r2 = *(u64 *)(r1 + 0); r1 = r10; r1 += -64;" PROBE_READ)
ACCEPT("kprobe", size_masked, "r2 = *(u64 *)(r1 + 0); r2 &= 63; r1 = r10; r1 += -64;" PROBE_READ)
REFUSE("kprobe", size_masked_over, "r2 = *(u64 *)(r1 + 0); r2 &= 127; r1 = r10; r1 += -64;" PROBE_READ)
ACCEPT("kprobe", size_jmp, "r2 = *(u64 *)(r1 + 0); r1 = r10; r1 += -64; if r2 > 64 goto 1f; r3 = 0; call 113; 1: r0 = 0; exit;")
REFUSE("kprobe", size_jmp_signed, "r2 = *(u64 *)(r1 + 0); r1 = r10; r1 += -64; if r2 s> 64 goto 1f; r3 = 0; call 113; 1: r0 = 0; exit;")
ACCEPT("kprobe", size_jmp_both, "r2 = *(u64 *)(r1 + 0); r1 = r10; r1 += -64; if r2 s> 64 goto 1f; if r2 s< 0 goto 1f; r3 = 0; call 113; 1: r0 = 0; exit;")
REFUSE("kprobe", size_pointer, "r2 = r10; r1 = r10; r1 += -64;" PROBE_READ)
REFUSE("kprobe", dst_ctx, "r2 = 8;" PROBE_READ)
REFUSE("kprobe", dst_number, "r1 = 5; r2 = 8;" PROBE_READ)
REFUSE("kprobe", dst_null, "r1 = 0; r2 = 8;" PROBE_READ)
REFUSE("kprobe", dst_map, "r1 = map_hash ll; r2 = 8;" PROBE_READ)
ACCEPT("kprobe", dst_value, LOOK_UP(map_hash) "r1 = r0; r2 = 40;" PROBE_READ)
REFUSE("kprobe", dst_value_over, LOOK_UP(map_hash) "r1 = r0; r2 = 41;" PROBE_READ)
ACCEPT("kprobe", dst_value_moved, LOOK_UP(map_hash) "r1 = r0; r1 += 8; r2 = 32;" PROBE_READ)
REFUSE("kprobe", dst_value_moved_over, LOOK_UP(map_hash) "r1 = r0; r1 += 8; r2 = 40;" PROBE_READ)
REFUSE("kprobe", dst_value_null, "*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8; r1 = map_hash ll; call 1; r1 = r0; r2 = 8;" PROBE_READ)
REFUSE("kprobe", uninit_args, "call 113; r0 = 0; exit;")
REFUSE("kprobe", spill_clobbered, "*(u64 *)(r10 - 8) = r10; r1 = r10; r1 += -8; r2 = 8; r3 = 0; call 113; r1 = *(u64 *)(r10 - 8); r0 = *(u64 *)(r1 - 8); r0 = 0; exit;")
ACCEPT("tc", csum_null_zero, "r1 = 0; r2 = 0; r3 = 0; r4 = 0; r5 = 0; call 28; r0 = 0; exit;")
REFUSE("tc", csum_null_some, "r1 = 0; r2 = 4; r3 = 0; r4 = 0; r5 = 0; call 28; r0 = 0; exit;")
ACCEPT("tc", csum_value_zero, LOOK_UP(map_hash) "r1 = r0; r2 = 0; r3 = 0; r4 = 0; r5 = 0; call 28; r0 = 0; exit;")
REFUSE("tc", zero_not_allowed, "r2 = r1; r6 = r1; r1 = r6; r2 = 0; r3 = r10; r3 += -8; r4 = 0; call 26; r0 = 0; exit;")
ACCEPT("kprobe", ring, RESERVE "if r0 == 0 goto 1f; *(u64 *)(r0 + 8) = 1;" SUBMIT "1: r0 = 0; exit;")
REFUSE("kprobe", ring_over, RESERVE "if r0 == 0 goto 1f; *(u64 *)(r0 + 12) = 1;" SUBMIT "1: r0 = 0; exit;")
REFUSE("kprobe", ring_leak, RESERVE "r0 = 0; exit;")
REFUSE("kprobe", ring_leak_path, RESERVE "if r0 == 0 goto 1f; 1: r0 = 0; exit;")
REFUSE("kprobe", ring_twice, RESERVE "if r0 == 0 goto 1f; r6 = r0;" SUBMIT "r1 = r6; r2 = 0; call 132; 1: r0 = 0; exit;")
REFUSE("kprobe", ring_use_after, RESERVE "if r0 == 0 goto 1f; r6 = r0;" SUBMIT "*(u64 *)(r6 + 0) = 1; 1: r0 = 0; exit;")
REFUSE("kprobe", ring_null_submit, RESERVE SUBMIT "r0 = 0; exit;")
REFUSE("kprobe", ring_moved, RESERVE "if r0 == 0 goto 1f; r0 += 8;" SUBMIT "1: r0 = 0; exit;")
REFUSE("kprobe", ring_size_var, "r2 = *(u64 *)(r1 + 0); r2 &= 15; r1 = map_ring ll; r3 = 0; call 131; if r0 == 0 goto 1f;" SUBMIT "1: r0 = 0; exit;")
REFUSE("kprobe", ring_value, LOOK_UP(map_hash) SUBMIT "r0 = 0; exit;")
ACCEPT("kprobe", ring_spilled, RESERVE "*(u64 *)(r10 - 8) = r0; r0 = *(u64 *)(r10 - 8); if r0 == 0 goto 1f;" SUBMIT "1: r0 = 0; exit;")
REFUSE("kprobe", ring_overwritten, RESERVE "*(u64 *)(r10 - 8) = r0; r0 = 0; *(u64 *)(r10 - 8) = r0; exit;")
REFUSE("kprobe", ring_tail_call, "r6 = r1;" RESERVE "if r0 == 0 goto 1f; r7 = r0; r1 = r6; r2 = map_progs ll; r3 = 0; call 12; r0 = r7;" SUBMIT "1: r0 = 0; exit;")
ACCEPT("kprobe", ring_output, "*(u64 *)(r10 - 8) = 0; r1 = map_ring ll; r2 = r10; r2 += -8; r3 = 8; r4 = 0; call 130; r0 = 0; exit;")
REFUSE("kprobe", ring_of_hash, "r1 = map_hash ll; r2 = 16; r3 = 0; call 131; if r0 == 0 goto 1f;" SUBMIT "1: r0 = 0; exit;")
ACCEPT("kprobe", tail_call, "r2 = map_progs ll; r3 = 0; call 12; r0 = 0; exit;")
REFUSE("kprobe", tail_call_hash, "r2 = map_hash ll; r3 = 0; call 12; r0 = 0; exit;")
REFUSE("kprobe", tail_call_ctx, "r1 = r10; r2 = map_progs ll; r3 = 0; call 12; r0 = 0; exit;")
REFUSE("kprobe", lookup_progs, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_progs ll; call 1; r0 = 0; exit;")
REFUSE("kprobe", lookup_ring, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_ring ll; call 1; r0 = 0; exit;")
ACCEPT("kprobe", perf_output, "*(u64 *)(r10 - 8) = 0; r2 = map_perf ll; r3 = 0; r4 = r10; r4 += -8; r5 = 8; call 25; r0 = 0; exit;")
REFUSE("kprobe", perf_output_zero, "*(u64 *)(r10 - 8) = 0; r2 = map_perf ll; r3 = 0; r4 = r10; r4 += -8; r5 = 0; call 25; r0 = r9; exit;")
ACCEPT("kprobe", perf_output_zero_ok, "*(u64 *)(r10 - 8) = 0; r2 = map_perf ll; r3 = 0; r4 = r10; r4 += -8; r5 = 0; call 25; r0 = 0; exit;")
REFUSE("kprobe", perf_output_ring, "*(u64 *)(r10 - 8) = 0; r2 = map_ring ll; r3 = 0; r4 = r10; r4 += -8; r5 = 8; call 25; r0 = 0; exit;")
ACCEPT("kprobe", queue, "*(u64 *)(r10 - 8) = 0; r1 = map_queue ll; r2 = r10; r2 += -8; r3 = 0; call 87; r1 = map_queue ll; r2 = r10; r2 += -8; call 88; r0 = 0; exit;")
ACCEPT("kprobe", queue_uninit, "r1 = map_queue ll; r2 = r10; r2 += -8; call 88; r0 = 0; exit;")
REFUSE("kprobe", queue_lookup, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_queue ll; call 1; r0 = 0; exit;")
ACCEPT("kprobe", map_in_map, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_outer ll; call 1; if r0 == 0 goto 1f; r1 = r0; r2 = r10; r2 += -4; call 1; if r0 == 0 goto 1f; r0 = *(u64 *)(r0 + 0); 1: r0 = 0; exit;")
REFUSE("kprobe", map_in_map_null, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_outer ll; call 1; r1 = r0; r2 = r10; r2 += -4; call 1; r0 = 0; exit;")
REFUSE("kprobe", map_in_map_moved, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_outer ll; call 1; if r0 == 0 goto 1f; r1 = r0; r1 += 8; r2 = r10; r2 += -4; call 1; 1: r0 = 0; exit;")
REFUSE("kprobe", map_in_map_deref, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_outer ll; call 1; if r0 == 0 goto 1f; *(u64 *)(r0 + 0) = 1; 1: r0 = 0; exit;")
REFUSE("kprobe", map_in_map_update, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r3 = r2; r1 = map_outer ll; r4 = 0; call 2; r0 = 0; exit;")
REFUSE("kprobe", rdonly_write, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_rdonly ll; call 1; if r0 == 0 goto 1f; *(u64 *)(r0 + 0) = 1; 1: r0 = 0; exit;")
ACCEPT("kprobe", rdonly_read, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_rdonly ll; call 1; if r0 == 0 goto 1f; r0 = *(u64 *)(r0 + 0); 1: r0 = 0; exit;")
REFUSE("kprobe", rdonly_update, "*(u32 *)(r10 - 4) = 0; *(u64 *)(r10 - 16) = 0; r2 = r10; r2 += -4; r3 = r10; r3 += -16; r4 = 0; r1 = map_rdonly ll; call 2; r0 = 0; exit;")
REFUSE("kprobe", wronly_read, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_wronly ll; call 1; if r0 == 0 goto 1f; r0 = *(u64 *)(r0 + 0); 1: r0 = 0; exit;")
ACCEPT("kprobe", wronly_write, "*(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = map_wronly ll; call 1; if r0 == 0 goto 1f; *(u64 *)(r0 + 0) = 1; 1: r0 = 0; exit;")
ACCEPT("kprobe", stackid, "r2 = map_stacks ll; r3 = 0; call 27; r0 = 0; exit;")
REFUSE("kprobe", stackid_array, "r2 = map_array ll; r3 = 0; call 27; r0 = 0; exit;")
ACCEPT("kprobe", get_stack, "r2 = r10; r2 += -64; r3 = 64; r4 = 0; call 67; r0 = 0; exit;")
ACCEPT("kprobe", get_stack_twice, LOOK_UP(map_hash) "r7 = r0; r6 = r10; r6 += 0; r1 = r0; r0 = 0; exit;")
ACCEPT("tc", sk_lookup, "r2 = r10; r2 += -16; *(u64 *)(r10 - 16) = 0; *(u64 *)(r10 - 8) = 0; r3 = 12; r4 = 0; r5 = 0; call 84; if r0 == 0 goto 1f; r1 = r0; call 86; 1: r0 = 0; exit;")
REFUSE("tc", sk_lookup_leak, "r2 = r10; r2 += -16; *(u64 *)(r10 - 16) = 0; *(u64 *)(r10 - 8) = 0; r3 = 12; r4 = 0; r5 = 0; call 84; r0 = 0; exit;")
REFUSE("tc", sk_lookup_null, "r2 = r10; r2 += -16; *(u64 *)(r10 - 16) = 0; *(u64 *)(r10 - 8) = 0; r3 = 12; r4 = 0; r5 = 0; call 84; r1 = r0; call 86; r0 = 0; exit;")
REFUSE("tc", sk_release_twice, "r2 = r10; r2 += -16; *(u64 *)(r10 - 16) = 0; *(u64 *)(r10 - 8) = 0; r3 = 12; r4 = 0; r5 = 0; call 84; if r0 == 0 goto 1f; r6 = r0; r1 = r0; call 86; r1 = r6; call 86; 1: r0 = 0; exit;")
ACCEPT("tc", sk_tcp, "r2 = r10; r2 += -16; *(u64 *)(r10 - 16) = 0; *(u64 *)(r10 - 8) = 0; r3 = 12; r4 = 0; r5 = 0; call 84; if r0 == 0 goto 1f; r6 = r0; r1 = r0; call 96; if r0 == 0 goto 2f; r7 = *(u32 *)(r0 + 0); 2: r1 = r6; call 86; 1: r0 = 0; exit;")
REFUSE("tc", sk_tcp_after_release, "r2 = r10; r2 += -16; *(u64 *)(r10 - 16) = 0; *(u64 *)(r10 - 8) = 0; r3 = 12; r4 = 0; r5 = 0; call 84; if r0 == 0 goto 1f; r6 = r0; r1 = r0; call 96; r7 = r0; r1 = r6; call 86; if r7 == 0 goto 1f; r0 = *(u32 *)(r7 + 0); 1: r0 = 0; exit;")
ACCEPT("tc", sk_tcp_release, "r2 = r10; r2 += -16; *(u64 *)(r10 - 16) = 0; *(u64 *)(r10 - 8) = 0; r3 = 12; r4 = 0; r5 = 0; call 84; if r0 == 0 goto 1f; r6 = r0; r1 = r0; call 96; if r0 == 0 goto 2f; r1 = r0; call 86; goto 1f; 2: r1 = r6; call 86; 1: r0 = 0; exit;")
ACCEPT("tc", ctx_sk, "r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; r0 = *(u32 *)(r1 + 0); 1: r0 = 0; exit;")
REFUSE("tc", ctx_sk_null, "r1 = *(u64 *)(r1 + 168); r0 = *(u32 *)(r1 + 0); exit;")
ACCEPT("tc", sk_fullsock, "r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; call 95; if r0 == 0 goto 1f; r0 = *(u32 *)(r0 + 4); 1: r0 = 0; exit;")
REFUSE("tc", sk_common_field, "r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; r0 = *(u32 *)(r1 + 16); 1: r0 = 0; exit;")
REFUSE("tc", sk_write, "r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; *(u32 *)(r1 + 16) = 1; 1: r0 = 0; exit;")
ACCEPT("tc", sk_storage, "r1 = *(u64 *)(r1 + 168); if r1 == 0 goto 1f; call 95; if r0 == 0 goto 1f; r2 = r0; r1 = map_storage ll; r3 = 0; r4 = 1; call 107; if r0 == 0 goto 1f; *(u64 *)(r0 + 0) = 1; 1: r0 = 0; exit;")
REFUSE("tc", sk_storage_null, "r2 = *(u64 *)(r1 + 168); r1 = map_storage ll; r3 = 0; r4 = 1; call 107; r0 = 0; exit;")
REFUSE("kprobe", printk_hash, "r1 = map_hash ll; r2 = 5; call 6; r0 = 0; exit;")
REFUSE("kprobe", helper_of_tc, "call 26; r0 = 0; exit;")
ACCEPT("kprobe", update, "*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8; r3 = r10; r3 += -48; r1 = map_hash ll; r4 = 0; call 2; r0 = 0; exit;")
REFUSE("kprobe", update_value_over, "*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8; r3 = r10; r3 += -32; r1 = map_hash ll; r4 = 0; call 2; r0 = 0; exit;")
ACCEPT("kprobe", key_of_value, LOOK_UP(map_hash) "r2 = r0; r1 = map_hash ll; call 1; r0 = 0; exit;")
REFUSE("kprobe", key_of_value_end, LOOK_UP(map_hash) "r2 = r0; r2 += 36; r1 = map_hash ll; call 1; r0 = 0; exit;")
ACCEPT("cgroup_skb/egress", cgroup_storage, "r1 = map_cgroup ll; r2 = 0; call 81; r0 = *(u64 *)(r0 + 8); r0 = 1; exit;")
REFUSE("cgroup_skb/egress", cgroup_storage_flags, "r1 = map_cgroup ll; r2 = 1; call 81; r0 = 1; exit;")
REFUSE("cgroup_skb/egress", cgroup_storage_over, "r1 = map_cgroup ll; r2 = 0; call 81; r0 = *(u64 *)(r0 + 16); r0 = 1; exit;")
REFUSE("cgroup_skb/egress", cgroup_storage_flag_reg, "r7 = r1; r1 = map_cgroup ll; r2 = r7; call 81; r0 = 1; exit;")
REFUSE("cgroup_skb/egress", cgroup_return, "r0 = 4; exit;")
ACCEPT("cgroup_skb/egress", cgroup_return_3, "r0 = 3; exit;")
REFUSE("cgroup_skb/egress", cgroup_return_unknown, "r0 = *(u32 *)(r1 + 0); exit;")
REFUSE("cgroup/sock_create", sock_return, "r0 = 2; exit;")
