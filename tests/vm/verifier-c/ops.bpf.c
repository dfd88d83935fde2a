/* struct_ops: congestion control as it is written. */
#include "common.h"

struct own_state {
	u32 cwnd, epoch, last_max, min_rtt;
	u64 started;
};

KFUNC u32 tcp_slow_start(struct tcp_sock *tp, u32 acked) KF;
KFUNC void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked) KF;
KFUNC u32 tcp_reno_ssthresh(struct sock *sk) KF;
KFUNC u32 tcp_reno_undo_cwnd(struct sock *sk) KF;

static __always_inline struct own_state *own(struct sock *sk)
{
	return (void *)((struct inet_connection_sock *)sk)->icsk_ca_priv;
}

SEC("struct_ops") void BPF_PROG(ok_init, struct sock *sk)
{
	struct own_state *s = own(sk);

	s->cwnd = 10;
	s->started = bpf_ktime_get_ns();
}

SEC("struct_ops") void BPF_PROG(ok_avoid, struct sock *sk, u32 ack, u32 acked)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct own_state *s = own(sk);

	if (tp->snd_cwnd < tp->snd_ssthresh) {
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	s->last_max = tp->snd_cwnd;
	tcp_cong_avoid_ai(tp, tp->snd_cwnd, acked);
}

SEC("struct_ops") u32 BPF_PROG(ok_ssthresh, struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	return tp->snd_cwnd >> 1 > 2 ? tp->snd_cwnd >> 1 : tcp_reno_ssthresh(sk);
}

SEC("struct_ops") void BPF_PROG(ok_state, struct sock *sk, u8 to)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	if (to == 4) {
		tp->snd_cwnd = 2;
		own(sk)->epoch = 0;
	}
}

SEC("struct_ops") void BPF_PROG(ok_acked, struct sock *sk, const struct ack_sample *sample)
{
	if (sample->rtt_us > 0)
		own(sk)->min_rtt = sample->rtt_us;
}

SEC("struct_ops") u32 BPF_PROG(bad_undo, struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	tp->rcv_nxt = 3;
	return tcp_reno_undo_cwnd(sk);
}

SEC(".struct_ops")
struct tcp_congestion_ops own_control = {
    .init = (void *)ok_init,
    .ssthresh = (void *)ok_ssthresh,
    .cong_avoid = (void *)ok_avoid,
    .set_state = (void *)ok_state,
    .pkts_acked = (void *)ok_acked,
    .undo_cwnd = (void *)bad_undo,
    .name = "own",
};
