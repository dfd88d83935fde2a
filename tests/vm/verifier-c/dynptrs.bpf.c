/* Dynptrs: over maps' memory, ring buffers and packets; what voids them, and what they must not do. */
#include "common.h"

char bytes[64];
u64 total;
const char fixed[8] = "abcdefg";

struct record {
	u64 when;
	u32 pid, n;
	char text[48];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct record);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} from_user SEC(".maps");

SEC("raw_tp/sys_enter") int ok_local(void *ctx)
{
	struct bpf_dynptr p;
	u64 x = 7;

	if (bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p))
		return 0;
	bpf_dynptr_write(&p, 8, &x, sizeof(x), 0);
	bpf_dynptr_read(&x, sizeof(x), &p, 0, 0);
	total = x;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_local_data(void *ctx)
{
	struct bpf_dynptr p;
	u64 *x;

	bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p);
	x = bpf_dynptr_data(&p, 0, 16);
	if (x)
		x[1] = 3;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_data_unchecked(void *ctx)
{
	struct bpf_dynptr p;
	u64 *x;

	bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p);
	x = bpf_dynptr_data(&p, 0, 16);
	x[1] = 3;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_data_too_short(void *ctx)
{
	struct bpf_dynptr p;
	u64 *x;

	bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p);
	x = bpf_dynptr_data(&p, 0, 16);
	if (x)
		x[2] = 3;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_data_size_unknown(void *ctx)
{
	u32 n = bpf_get_prandom_u32() & 15;
	struct bpf_dynptr p;
	u64 *x;

	bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p);
	x = bpf_dynptr_data(&p, 0, n);
	return x != 0;
}

SEC("raw_tp/sys_enter") int bad_stack_memory(void *ctx)
{
	struct bpf_dynptr p;
	char own[16] = {};

	bpf_dynptr_from_mem(own, sizeof(own), 0, &p);
	return 0;
}

SEC("raw_tp/sys_enter") int ok_map_value(void *ctx)
{
	u32 zero = 0;
	struct record *r = bpf_map_lookup_elem(&records, &zero);
	struct bpf_dynptr p;

	if (!r)
		return 0;
	bpf_dynptr_from_mem(r, sizeof(*r), 0, &p);
	bpf_dynptr_write(&p, 16, "hello", 6, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_not_made(void *ctx)
{
	struct bpf_dynptr p;
	u64 x = 0;

	bpf_dynptr_read(&x, sizeof(x), &p, 0, 0);
	return x & 1;
}

SEC("raw_tp/sys_enter") int bad_overwritten(void *ctx)
{
	struct bpf_dynptr p;
	u64 x = 0;

	bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p);
	*(volatile u64 *)&p = 1;
	bpf_dynptr_read(&x, sizeof(x), &p, 0, 0);
	return x & 1;
}

SEC("raw_tp/sys_enter") int ok_overwritten_unused(void *ctx)
{
	struct bpf_dynptr p;

	bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p);
	*(volatile u64 *)&p = 1;
	*((volatile u64 *)&p + 1) = 1;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_read_directly(void *ctx)
{
	struct bpf_dynptr p;

	bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p);
	return *(volatile u32 *)((void *)&p + 8);
}

SEC("raw_tp/sys_enter") int ok_made_again(void *ctx)
{
	struct bpf_dynptr p;
	u64 x = 0;

	bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p);
	bpf_dynptr_from_mem(bytes + 8, 16, 0, &p);
	bpf_dynptr_read(&x, sizeof(x), &p, 0, 0);
	return x & 1;
}

SEC("raw_tp/sys_enter") int bad_slice_of_old(void *ctx)
{
	struct bpf_dynptr p;
	u64 *x;

	bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p);
	x = bpf_dynptr_data(&p, 0, 8);
	if (!x)
		return 0;
	bpf_dynptr_from_mem(bytes + 8, 16, 0, &p);
	return *x & 1;
}

/* ring buffers */

SEC("raw_tp/sys_enter") int ok_ring(void *ctx)
{
	struct bpf_dynptr p;
	u32 n = bpf_get_prandom_u32() & 0xff;
	u64 x = 3;

	if (bpf_ringbuf_reserve_dynptr(&ring, n + 16, 0, &p)) {
		bpf_ringbuf_discard_dynptr(&p, 0);
		return 0;
	}
	bpf_dynptr_write(&p, 0, &x, sizeof(x), 0);
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_leaked(void *ctx)
{
	struct bpf_dynptr p;

	if (bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &p))
		return 0;
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_submitted_twice(void *ctx)
{
	struct bpf_dynptr p;

	bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &p);
	bpf_ringbuf_submit_dynptr(&p, 0);
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_used_after(void *ctx)
{
	struct bpf_dynptr p;
	u64 *x;

	bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &p);
	x = bpf_dynptr_data(&p, 0, 8);
	bpf_ringbuf_submit_dynptr(&p, 0);
	if (x)
		*x = 1;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_overwritten(void *ctx)
{
	struct bpf_dynptr p;

	bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &p);
	bpf_dynptr_from_mem(bytes, 8, 0, &p);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_local_submitted(void *ctx)
{
	struct bpf_dynptr p;

	bpf_dynptr_from_mem(bytes, 8, 0, &p);
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_dynptr_as_sample(void *ctx)
{
	struct bpf_dynptr p;
	void *x;

	bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &p);
	x = bpf_dynptr_data(&p, 0, 8);
	if (x)
		bpf_ringbuf_submit(x, 0);
	else
		bpf_ringbuf_discard_dynptr(&p, 0);
	return 0;
}

static __noinline int fill(struct bpf_dynptr *p)
{
	u64 x = 1;

	return bpf_dynptr_write(p, 0, &x, sizeof(x), 0);
}

SEC("raw_tp/sys_enter") int ok_ring_filled_below(void *ctx)
{
	struct bpf_dynptr p;

	bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &p);
	fill(&p);
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}

__attribute__((noinline)) int fill_global(struct bpf_dynptr *p)
{
	u64 x = 1;

	return bpf_dynptr_write(p, 0, &x, sizeof(x), 0);
}

SEC("raw_tp/sys_enter") int ok_ring_filled_in_global(void *ctx)
{
	struct bpf_dynptr p;

	bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &p);
	fill_global(&p);
	bpf_ringbuf_submit_dynptr(&p, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int ok_ring_clone(void *ctx)
{
	struct bpf_dynptr p, q;
	u64 x = 1;

	bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &p);
	bpf_dynptr_clone(&p, &q);
	bpf_dynptr_write(&q, 0, &x, sizeof(x), 0);
	bpf_ringbuf_submit_dynptr(&q, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_clone_after_submit(void *ctx)
{
	struct bpf_dynptr p, q;
	u64 x = 1;

	bpf_ringbuf_reserve_dynptr(&ring, 16, 0, &p);
	bpf_dynptr_clone(&p, &q);
	bpf_ringbuf_submit_dynptr(&p, 0);
	bpf_dynptr_write(&q, 0, &x, sizeof(x), 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_clone_of_nothing(void *ctx)
{
	struct bpf_dynptr p, q;

	bpf_dynptr_clone(&p, &q);
	return 0;
}

SEC("raw_tp/sys_enter") int ok_questions(void *ctx)
{
	struct bpf_dynptr p;
	int n = 0;

	bpf_dynptr_from_mem(bytes, sizeof(bytes), 0, &p);
	bpf_dynptr_adjust(&p, 8, 32);
	if (!bpf_dynptr_is_null(&p))
		n += bpf_dynptr_size(&p);
	if (bpf_dynptr_is_rdonly(&p))
		n++;
	return n & 1;
}

SEC("raw_tp/sys_enter") int ok_copy_and_set(void *ctx)
{
	struct bpf_dynptr p, q;

	bpf_dynptr_from_mem(bytes, 32, 0, &p);
	bpf_dynptr_from_mem(bytes + 32, 32, 0, &q);
	bpf_dynptr_copy(&p, 0, &q, 0, 16);
	bpf_dynptr_memset(&q, 0, 8, 0);
	return 0;
}

/* packets */

SEC("tc") int ok_skb_slice(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	struct ethhdr room, *eth;

	if (bpf_dynptr_from_skb(skb, 0, &p))
		return TC_OK;
	eth = bpf_dynptr_slice(&p, 0, &room, sizeof(room));
	if (!eth)
		return TC_OK;
	return eth->h_proto == bpf_htons(ETH_IPV4) ? TC_OK : TC_SHOT;
}

SEC("tc") int bad_skb_slice_written(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	struct ethhdr room, *eth;

	bpf_dynptr_from_skb(skb, 0, &p);
	eth = bpf_dynptr_slice(&p, 0, &room, sizeof(room));
	if (eth)
		eth->h_proto = 0;
	return TC_OK;
}

SEC("tc") int ok_skb_slice_rdwr(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	struct ethhdr room, *eth;

	bpf_dynptr_from_skb(skb, 0, &p);
	eth = bpf_dynptr_slice_rdwr(&p, 0, &room, sizeof(room));
	if (!eth)
		return TC_OK;
	eth->h_proto = 0;
	if ((void *)eth == (void *)&room)
		bpf_dynptr_write(&p, 0, &room, sizeof(room), 0);
	return TC_OK;
}

SEC("cgroup_skb/ingress") int bad_rdwr_where_read_only(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	struct iphdr room, *ip;

	bpf_dynptr_from_skb(skb, 0, &p);
	ip = bpf_dynptr_slice_rdwr(&p, 0, &room, sizeof(room));
	return ip != 0;
}

SEC("cgroup_skb/ingress") int ok_read_only(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	struct iphdr room, *ip;

	bpf_dynptr_from_skb(skb, 0, &p);
	ip = bpf_dynptr_slice(&p, 0, &room, sizeof(room));
	if (!ip)
		return 0;
	return ip->protocol == 6;
}

SEC("cgroup_skb/ingress") int ok_write_fails_at_run_time(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	u64 x = 0;

	bpf_dynptr_from_skb(skb, 0, &p);
	bpf_dynptr_write(&p, 0, &x, sizeof(x), 0);
	return 1;
}

SEC("tc") int bad_skb_slice_after_write(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	struct ethhdr room, *eth;
	u16 x = 0;

	bpf_dynptr_from_skb(skb, 0, &p);
	eth = bpf_dynptr_slice(&p, 0, &room, sizeof(room));
	if (!eth)
		return TC_OK;
	bpf_dynptr_write(&p, 12, &x, sizeof(x), 0);
	return eth->h_proto & 1;
}

SEC("tc") int bad_skb_slice_after_pull(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	struct ethhdr room, *eth;

	bpf_dynptr_from_skb(skb, 0, &p);
	eth = bpf_dynptr_slice(&p, 0, &room, sizeof(room));
	if (!eth)
		return TC_OK;
	bpf_skb_pull_data(skb, 0);
	return eth->h_proto & 1;
}

SEC("tc") int ok_skb_dynptr_after_pull(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	struct ethhdr room, *eth;

	bpf_dynptr_from_skb(skb, 0, &p);
	bpf_skb_pull_data(skb, 0);
	eth = bpf_dynptr_slice(&p, 0, &room, sizeof(room));
	return eth ? eth->h_proto & 1 : 0;
}

SEC("tc") int ok_skb_data_is_null(struct __sk_buff *skb)
{
	struct bpf_dynptr p;

	bpf_dynptr_from_skb(skb, 0, &p);
	return bpf_dynptr_data(&p, 0, 8) != 0;
}

SEC("tc") int bad_slice_size_unknown(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	char room[64];

	bpf_dynptr_from_skb(skb, 0, &p);
	return bpf_dynptr_slice(&p, 0, room, skb->len & 63) != 0;
}

SEC("tc") int bad_slice_room_too_small(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	char room[8];

	bpf_dynptr_from_skb(skb, 0, &p);
	return bpf_dynptr_slice(&p, 0, room, 16) != 0;
}

SEC("tc") int ok_slice_without_room(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	struct iphdr *ip;

	bpf_dynptr_from_skb(skb, 0, &p);
	ip = bpf_dynptr_slice(&p, sizeof(struct ethhdr), (void *)0, sizeof(*ip));
	return ip ? ip->ttl & 1 : 0;
}

SEC("xdp") int ok_xdp_walk(struct xdp_md *xdp)
{
	struct iphdr ip_room, *ip;
	struct tcphdr tcp_room, *tcp;
	struct ethhdr eth_room, *eth;
	struct bpf_dynptr p;
	u32 off = 0;

	bpf_dynptr_from_xdp(xdp, 0, &p);
	eth = bpf_dynptr_slice(&p, off, &eth_room, sizeof(eth_room));
	if (!eth || eth->h_proto != bpf_htons(ETH_IPV4))
		return XDP_PASS;
	off += sizeof(*eth);
	ip = bpf_dynptr_slice(&p, off, &ip_room, sizeof(ip_room));
	if (!ip || ip->protocol != 6)
		return XDP_PASS;
	off += ip->ihl * 4;
	tcp = bpf_dynptr_slice_rdwr(&p, off, &tcp_room, sizeof(tcp_room));
	if (!tcp)
		return XDP_DROP;
	if (tcp->dest == bpf_htons(80))
		tcp->dest = bpf_htons(8080);
	if (tcp == &tcp_room)
		bpf_dynptr_write(&p, off, &tcp_room, sizeof(tcp_room), 0);
	return XDP_PASS;
}

SEC("xdp") int bad_xdp_slice_after_adjust(struct xdp_md *xdp)
{
	struct bpf_dynptr p;
	struct ethhdr room, *eth;

	bpf_dynptr_from_xdp(xdp, 0, &p);
	eth = bpf_dynptr_slice(&p, 0, &room, sizeof(room));
	if (!eth)
		return XDP_PASS;
	bpf_xdp_adjust_head(xdp, 8);
	return eth->h_proto & 1;
}

SEC("xdp") int bad_skb_in_xdp(struct xdp_md *xdp)
{
	struct bpf_dynptr p;

	bpf_dynptr_from_skb((void *)xdp, 0, &p);
	return XDP_PASS;
}

SEC("raw_tp/sys_enter") int bad_not_aligned(void *ctx)
{
	char room[32];

	bpf_dynptr_from_mem(bytes, 8, 0, (void *)(room + 4));
	return 0;
}

/* user ring buffers */

static long take(struct bpf_dynptr *p, void *arg)
{
	struct record r;

	if (bpf_dynptr_read(&r, sizeof(r), p, 0, 0))
		return 1;
	total += r.n;
	return 0;
}

static long take_data(struct bpf_dynptr *p, void *arg)
{
	struct record *r = bpf_dynptr_data(p, 0, sizeof(*r));

	if (!r)
		return 1;
	total += r->n;
	return 0;
}

static long take_unchecked(struct bpf_dynptr *p, void *arg)
{
	struct record *r = bpf_dynptr_data(p, 0, sizeof(*r));

	total += r->n;
	return 0;
}

static long take_write(struct bpf_dynptr *p, void *arg)
{
	((volatile u64 *)p)[0] = 1;
	return 0;
}

static long take_wrong(struct bpf_dynptr *p, void *arg)
{
	return 2;
}

static long take_away(struct bpf_dynptr *p, void *arg)
{
	bpf_ringbuf_submit_dynptr(p, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int ok_drain(void *ctx)
{
	return bpf_user_ringbuf_drain(&from_user, take, (void *)0, 0) & 1;
}
SEC("raw_tp/sys_enter") int ok_drain_data(void *ctx)
{
	return bpf_user_ringbuf_drain(&from_user, take_data, (void *)0, 0) & 1;
}
SEC("raw_tp/sys_enter") int bad_drain_unchecked(void *ctx)
{
	return bpf_user_ringbuf_drain(&from_user, take_unchecked, (void *)0, 0) & 1;
}
SEC("raw_tp/sys_enter") int bad_drain_written(void *ctx)
{
	return bpf_user_ringbuf_drain(&from_user, take_write, (void *)0, 0) & 1;
}
SEC("raw_tp/sys_enter") int bad_drain_result(void *ctx)
{
	return bpf_user_ringbuf_drain(&from_user, take_wrong, (void *)0, 0) & 1;
}
SEC("raw_tp/sys_enter") int bad_drain_submitted(void *ctx)
{
	return bpf_user_ringbuf_drain(&from_user, take_away, (void *)0, 0) & 1;
}
