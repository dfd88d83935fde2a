/* A congestion control of TCP: the kernel's functions replaced by programs. */
#include "bpf.h"
struct sock;
struct tcp_congestion_ops {
	u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};
SEC("struct_ops/threshold") u32 threshold(u64 *ctx) { (void)ctx; return 10; }
SEC("struct_ops/avoid") void avoid(u64 *ctx) { (void)ctx; }
SEC("struct_ops/undo") u32 undo(u64 *ctx) { (void)ctx; return 10; }
SEC(".struct_ops") struct tcp_congestion_ops skep_cong = {
    .ssthresh = (void *)threshold,
    .cong_avoid = (void *)avoid,
    .undo_cwnd = (void *)undo,
    .name = "skep_cong",
};
char gpl[] SEC("license") = "GPL";
