/* A congestion control: programs whose attach point is their place in a struct. */
#include "bpf.h"

struct sock {
	int dummy;
} __core;

struct tcp_congestion_ops {
	u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

SEC("struct_ops/ssthresh")
u32 own_ssthresh(u64 *ctx)
{
	return 2;
}

SEC("struct_ops/cong_avoid")
void own_cong_avoid(u64 *ctx)
{
}

SEC("struct_ops/undo_cwnd")
u32 own_undo_cwnd(u64 *ctx)
{
	return 10;
}

SEC(".struct_ops")
struct tcp_congestion_ops own = {
    .ssthresh = (void *)own_ssthresh,
    .cong_avoid = (void *)own_cong_avoid,
    .undo_cwnd = (void *)own_undo_cwnd,
    .name = "own",
};
