/* Programs of packets, with maps: to be loaded, pinned, run, attached. */
#include "bpf.h"
struct xdp_md {
	u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};
MAP(counts, ARRAY, 4);
MAP(seen, HASH, 64);
const volatile u32 verdict = 2;

static void count(u32 slot)
{
	u64 *n = bpf_map_lookup_elem(&counts, &slot);

	if (n)
		__sync_fetch_and_add(n, 1);
}

/* Turns the first byte round and passes the packet. */
SEC("xdp") int turn(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(u64)ctx->data, *end = (void *)(u64)ctx->data_end;

	count(0);
	if (data + 1 <= end)
		*data = ~*data;
	return verdict;
}

SEC("xdp") int drop_all(struct xdp_md *ctx)
{
	(void)ctx;
	count(1);
	return 1;
}

/* The mark goes from one context to the other. */
struct __sk_buff {
	u32 len, pkt_type, mark;
};
SEC("tc") int mark_it(struct __sk_buff *skb)
{
	u64 one = 1;
	u32 key = skb->mark;

	bpf_map_update_elem(&seen, &key, &one, 0);
	skb->mark = skb->mark + 1;
	return 0;
}
