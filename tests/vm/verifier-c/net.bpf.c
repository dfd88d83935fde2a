/* Network hooks: packets by pointers, sockets, options, addresses. */
#include "common.h"

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u32);
} socks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u64);
} sock_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u64);
} group SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u32);
} devs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u32);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u32);
} xsks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} per_sock SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, u64);
} per_group SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
} sources SEC(".maps");

u64 total;

/* ---- packets ----------------------------------------------------------------------------------- */

#define PACKET(ctx)                                                                                \
	void *data = (void *)(long)(ctx)->data, *end = (void *)(long)(ctx)->data_end

SEC("xdp") int ok_checked(struct xdp_md *x)
{
	PACKET(x);
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	eth->h_dest[0] ^= 1;
	return XDP_PASS;
}

SEC("xdp") int bad_unchecked(struct xdp_md *x)
{
	PACKET(x);
	struct ethhdr *eth = data;

	touch(end);
	return eth->h_proto & 1;
}

SEC("xdp") int bad_one_byte_more(struct xdp_md *x)
{
	PACKET(x);
	u8 *p = data;

	if (data + 14 > end)
		return XDP_DROP;
	return p[14] & 1;
}

SEC("xdp") int bad_wrong_direction(struct xdp_md *x)
{
	PACKET(x);
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) < end)
		return XDP_DROP;
	return eth->h_proto & 1;
}

SEC("xdp") int ok_equal_end(struct xdp_md *x)
{
	PACKET(x);
	u8 *p = data;

	if (data + 4 >= end)
		return XDP_DROP;
	return p[4] & 1;
}

SEC("xdp") int ok_meta(struct xdp_md *x)
{
	u32 *meta;
	void *data;

	if (bpf_xdp_adjust_meta(x, -(int)sizeof(*meta)))
		return XDP_ABORTED;
	data = (void *)(long)x->data;
	meta = (void *)(long)x->data_meta;
	if ((void *)(meta + 1) > data)
		return XDP_ABORTED;
	*meta = 7;
	return XDP_PASS;
}

SEC("xdp") int bad_stale(struct xdp_md *x)
{
	PACKET(x);
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	bpf_xdp_adjust_head(x, -4);
	return eth->h_proto & 1;
}

SEC("xdp") int ok_variable(struct xdp_md *x)
{
	PACKET(x);
	struct ethhdr *eth = data;
	struct iphdr *ip;
	struct tcphdr *tcp;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	tcp = (void *)ip + ip->ihl * 4;
	if ((void *)(tcp + 1) > end)
		return XDP_DROP;
	return tcp->dest == bpf_htons(22) ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int bad_variable_unchecked(struct xdp_md *x)
{
	PACKET(x);
	struct iphdr *ip = data;
	struct tcphdr *tcp;

	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	tcp = (void *)ip + ip->ihl * 4;
	return tcp->dest & 1;
}

SEC("xdp") int bad_offset_unbounded(struct xdp_md *x)
{
	PACKET(x);
	u8 *p;

	if (data + 8 > end)
		return XDP_DROP;
	p = data + *(u32 *)data;
	if ((void *)(p + 1) > end)
		return XDP_DROP;
	return *p & 1;
}

SEC("xdp") int ok_tlv_walk(struct xdp_md *x)
{
	PACKET(x);
	u8 *p = data;

	for (int i = 0; i < 16; i++) {
		u8 kind, len;

		if ((void *)(p + 2) > end)
			break;
		kind = p[0];
		len = p[1];
		if (kind == 0 || len < 2)
			break;
		if (kind == 8)
			return XDP_DROP;
		p += len;
	}
	return XDP_PASS;
}

SEC("xdp") int ok_checksum(struct xdp_md *x)
{
	PACKET(x);
	struct iphdr *ip = data + sizeof(struct ethhdr);
	u32 sum = 0;
	u16 *w = (void *)ip;

	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	for (int i = 0; i < 10; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	total = (u16)~sum;
	return XDP_PASS;
}

static __noinline int is_ssh(void *at, void *end)
{
	struct tcphdr *tcp = at;

	if ((void *)(tcp + 1) > end)
		return 0;
	return tcp->dest == bpf_htons(22);
}

SEC("xdp") int ok_packet_to_function(struct xdp_md *x)
{
	PACKET(x);

	return is_ssh(data + 34, end) ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int ok_key_from_packet(struct xdp_md *x)
{
	PACKET(x);
	struct iphdr *ip = data + sizeof(struct ethhdr);
	u64 *n;

	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	n = bpf_map_lookup_elem(&sources, &ip->saddr);
	if (n)
		__sync_fetch_and_add(n, 1);
	return XDP_PASS;
}

SEC("xdp") int bad_key_beyond_packet(struct xdp_md *x)
{
	PACKET(x);

	if (data + 2 > end)
		return XDP_DROP;
	return bpf_map_lookup_elem(&sources, data) ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int ok_redirects(struct xdp_md *x)
{
	switch (x->rx_queue_index & 3) {
	case 0:
		return bpf_redirect_map(&devs, 0, 0);
	case 1:
		return bpf_redirect_map(&cpus, 1, 0);
	case 2:
		return bpf_redirect_map(&xsks, x->rx_queue_index, XDP_PASS);
	}
	return bpf_redirect(3, 0);
}

SEC("xdp") int ok_load_bytes(struct xdp_md *x)
{
	struct ethhdr eth;

	if (bpf_xdp_load_bytes(x, 0, &eth, sizeof(eth)))
		return XDP_DROP;
	return eth.h_proto == bpf_htons(ETH_IPV6) ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int bad_pointer_in_context(struct xdp_md *x)
{
	return *(volatile u64 *)((void *)x + 8) & 1;
}

SEC("cgroup_skb/egress") int bad_write_where_read_only(struct __sk_buff *skb)
{
	PACKET(skb);
	struct iphdr *ip = data;

	if ((void *)(ip + 1) > end)
		return 1;
	ip->ttl = 1;
	return 1;
}

SEC("cgroup_skb/egress") int bad_result(struct __sk_buff *skb)
{
	return 4;
}

SEC("cgroup_skb/egress") int ok_result(struct __sk_buff *skb)
{
	return 3;
}

SEC("cgroup_skb/ingress") int ok_group_storage(struct __sk_buff *skb)
{
	u64 *n = bpf_get_local_storage(&per_group, 0);

	*n += skb->len;
	return 1;
}

SEC("socket") int ok_old_loads(struct __sk_buff *skb)
{
	u8 proto;

	if (bpf_skb_load_bytes(skb, 23, &proto, 1) < 0)
		return 0;
	skb->cb[0] = proto;
	return skb->len;
}

SEC("socket") int bad_direct_in_socket_filter(struct __sk_buff *skb)
{
	return ((u8 *)(long)skb->data)[0];
}

SEC("tc") int ok_tunnel_key(struct __sk_buff *skb)
{
	struct bpf_tunnel_key key = {};

	if (bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0))
		return TC_SHOT;
	skb->mark = key.tunnel_id;
	key.remote_ipv4++;
	bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 0);
	return bpf_redirect(3, 0);
}

SEC("tc") int bad_context_written(struct __sk_buff *skb)
{
	skb->len = 3;
	return TC_OK;
}

SEC("tc") int ok_vlan(struct __sk_buff *skb)
{
	if (skb->vlan_present)
		bpf_skb_vlan_pop(skb);
	else
		bpf_skb_vlan_push(skb, bpf_htons(ETH_VLAN), 5);
	skb->priority = skb->vlan_tci & 0xfff;
	return TC_OK;
}

SEC("lwt_xmit") int ok_push(struct __sk_buff *skb)
{
	char head[8] = {};

	return bpf_skb_change_head(skb, sizeof(head), 0) ? 2 : 0;
}

SEC("netfilter") int ok_netfilter(struct bpf_nf_ctx *ctx)
{
	const struct nf_hook_state *state = ctx->state;
	struct sk_buff *skb = ctx->skb;

	return state->pf == 2 && skb->len > 100 ? 0 : 1;
}

SEC("netfilter") int bad_netfilter_result(struct bpf_nf_ctx *ctx)
{
	return 2;
}

SEC("netfilter") int ok_netfilter_packet(struct bpf_nf_ctx *ctx)
{
	struct bpf_dynptr p;
	struct iphdr room, *ip;

	if (bpf_dynptr_from_skb((void *)ctx->skb, 0, &p))
		return 1;
	ip = bpf_dynptr_slice(&p, 0, &room, sizeof(room));
	return ip && ip->ttl > 3;
}

SEC("flow_dissector") int ok_dissect(struct __sk_buff *skb)
{
	struct bpf_flow_keys *keys = skb->flow_keys;
	PACKET(skb);
	struct iphdr *ip = data + (keys->nhoff & 0xfff);

	if ((void *)(ip + 1) > end)
		return 2;
	keys->ip_proto = ip->protocol;
	keys->ipv4_src = ip->saddr;
	return 0;
}

SEC("flow_dissector") int bad_dissect_beyond(struct __sk_buff *skb)
{
	struct bpf_flow_keys *keys = skb->flow_keys;

	return ((volatile u32 *)keys)[20];
}

/* ---- sockets ----------------------------------------------------------------------------------- */

SEC("tc") int ok_lookup(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct bpf_sock *sk;

	sk = bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return TC_OK;
	total = sk->state;
	bpf_sk_release(sk);
	return TC_OK;
}

SEC("tc") int bad_lookup_leaked(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};

	return bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0) != 0;
}

SEC("tc") int bad_lookup_released_unchecked(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};

	bpf_sk_release(bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0));
	return TC_OK;
}

SEC("tc") int bad_lookup_used_after(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct bpf_sock *sk;

	sk = bpf_sk_lookup_udp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return TC_OK;
	bpf_sk_release(sk);
	return sk->state;
}

SEC("tc") int bad_lookup_twice_released_once(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct bpf_sock *a, *b;

	a = bpf_sk_lookup_udp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0);
	b = bpf_sk_lookup_udp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (a)
		bpf_sk_release(a);
	else if (b)
		bpf_sk_release(b);
	return TC_OK;
}

SEC("tc") int bad_tail_of_reference(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct tcphdr tcp = {};
	struct bpf_sock *sk;
	struct bpf_tcp_sock *tp;

	sk = bpf_skc_lookup_tcp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return TC_OK;
	tp = bpf_tcp_sock(sk);
	bpf_sk_release(sk);
	return tp ? tp->snd_cwnd : TC_OK;
}

SEC("tc") int ok_tcp_of_reference(struct __sk_buff *skb)
{
	struct bpf_sock_tuple t = {};
	struct bpf_sock *sk;
	struct bpf_tcp_sock *tp;

	sk = bpf_skc_lookup_tcp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return TC_OK;
	tp = bpf_tcp_sock(sk);
	if (tp)
		total = tp->snd_cwnd;
	bpf_sk_release(sk);
	return TC_OK;
}

SEC("cgroup_skb/ingress") int ok_sock_of_packet(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 1;
	total = sk->mark + sk->src_port;
	return 1;
}

SEC("cgroup_skb/ingress") int bad_sock_of_packet_unchecked(struct __sk_buff *skb)
{
	return skb->sk->family == 2;
}

SEC("cgroup_skb/ingress") int bad_sock_not_full(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return 1;
	return sk->mark & 1;
}

SEC("cgroup_skb/ingress") int ok_sock_storage(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	u64 *n;

	if (!sk)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 1;
	n = bpf_sk_storage_get(&per_sock, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (n)
		*n += 1;
	return 1;
}

SEC("sk_lookup") int ok_assign(struct bpf_sk_lookup *ctx)
{
	struct bpf_sock *sk;
	u32 zero = 0;
	long err;

	if (ctx->local_port != 80)
		return 1;
	sk = bpf_map_lookup_elem(&socks, &zero);
	if (!sk)
		return 1;
	err = bpf_sk_assign(ctx, sk, 0);
	bpf_sk_release(sk);
	return err ? 0 : 1;
}

SEC("sk_lookup") int bad_assign_kept(struct bpf_sk_lookup *ctx)
{
	struct bpf_sock *sk;
	u32 zero = 0;

	sk = bpf_map_lookup_elem(&socks, &zero);
	if (!sk)
		return 1;
	bpf_sk_assign(ctx, sk, 0);
	return 1;
}

SEC("sk_lookup") int bad_lookup_result(struct bpf_sk_lookup *ctx)
{
	return 2;
}

SEC("sk_reuseport") int ok_reuseport(struct sk_reuseport_md *md)
{
	u32 key = md->hash & 7;

	return bpf_sk_select_reuseport(md, &group, &key, 0) ? 0 : 1;
}

SEC("sk_msg") int ok_msg(struct sk_msg_md *msg)
{
	u8 *p = msg->data, *end = msg->data_end;

	if (p + 4 > end) {
		bpf_msg_pull_data(msg, 0, 4, 0);
		p = msg->data;
		end = msg->data_end;
		if (p + 4 > end)
			return 0;
	}
	p[0] = 'x';
	return bpf_msg_redirect_map(msg, &socks, 1, 0);
}

SEC("sk_msg") int bad_msg_stale(struct sk_msg_md *msg)
{
	u8 *p = msg->data, *end = msg->data_end;

	if (p + 4 > end)
		return 0;
	bpf_msg_pull_data(msg, 0, 4, 0);
	p[0] = 'x';
	return 1;
}

SEC("sk_skb/stream_verdict") int ok_verdict(struct __sk_buff *skb)
{
	u32 key = skb->remote_port;

	return bpf_sk_redirect_hash(skb, &sock_hash, &key, 0);
}

SEC("sk_skb/stream_parser") int ok_parser(struct __sk_buff *skb)
{
	PACKET(skb);

	if (data + 2 > end)
		return 0;
	return bpf_ntohs(*(u16 *)data);
}

SEC("sockops") int ok_sockops(struct bpf_sock_ops *ops)
{
	u32 key = ops->local_port;
	int n = 10;

	switch (ops->op) {
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		bpf_sock_hash_update(ops, &sock_hash, &key, BPF_ANY);
		bpf_sock_ops_cb_flags_set(ops, BPF_SOCK_OPS_RTT_CB_FLAG);
		break;
	case BPF_SOCK_OPS_RTT_CB:
		if (ops->sk)
			total = ops->srtt_us;
		break;
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		bpf_setsockopt(ops, 6, 1, &n, sizeof(n));
		break;
	}
	ops->reply = -1;
	return 1;
}

SEC("sockops") int bad_sockops_written(struct bpf_sock_ops *ops)
{
	ops->op = 3;
	return 1;
}

/* ---- cgroups' hooks ---------------------------------------------------------------------------- */

SEC("cgroup/connect4") int ok_connect(struct bpf_sock_addr *ctx)
{
	struct sockaddr_in from = {.sin_family = 2};

	if (ctx->user_port != bpf_htons(80))
		return 1;
	ctx->user_ip4 = bpf_htonl(0x7f000001);
	ctx->user_port = bpf_htons(8080);
	bpf_bind(ctx, (void *)&from, sizeof(from));
	return 1;
}

SEC("cgroup/connect4") int bad_connect_six(struct bpf_sock_addr *ctx)
{
	ctx->user_ip6[0] = 1;
	return 1;
}

SEC("cgroup/connect4") int bad_connect_result(struct bpf_sock_addr *ctx)
{
	return 2;
}

SEC("cgroup/recvmsg4") int bad_recvmsg_refuses(struct bpf_sock_addr *ctx)
{
	return 0;
}

SEC("cgroup/bind4") int ok_bind(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return 0;
	return sk->type == 1 ? 3 : 1;
}

SEC("cgroup/getsockopt") int ok_getsockopt(struct bpf_sockopt *ctx)
{
	u8 *p = ctx->optval, *end = ctx->optval_end;

	if (p + 4 > end)
		return 0;
	p[0] = 7;
	ctx->retval = 0;
	ctx->optlen = 4;
	return 1;
}

SEC("cgroup/getsockopt") int bad_getsockopt_unchecked(struct bpf_sockopt *ctx)
{
	u8 *p = ctx->optval;

	p[0] = 7;
	return 1;
}

SEC("cgroup/setsockopt") int ok_setsockopt(struct bpf_sockopt *ctx)
{
	if (ctx->level == 6 && ctx->optname == 1)
		ctx->optlen = -1;
	return 1;
}

SEC("cgroup/setsockopt") int bad_setsockopt_retval(struct bpf_sockopt *ctx)
{
	ctx->retval = 1;
	return 1;
}

SEC("cgroup/sysctl") int ok_sysctl(struct bpf_sysctl *ctx)
{
	char name[32], value[16];
	unsigned long n;

	if (bpf_sysctl_get_name(ctx, name, sizeof(name), 0) < 0)
		return 0;
	if (bpf_sysctl_get_current_value(ctx, value, sizeof(value)) < 0)
		return 1;
	if (bpf_strtoul(value, sizeof(value), 0, &n) < 0)
		return 1;
	if (ctx->write && n > 100)
		return 0;
	return name[0] != 'x';
}

SEC("cgroup/sysctl") int bad_sysctl_result(struct bpf_sysctl *ctx)
{
	return ctx->file_pos;
}

SEC("cgroup/dev") int ok_device(struct bpf_cgroup_dev_ctx *ctx)
{
	return ctx->major == 1 && (ctx->access_type & 0xffff) == 2;
}

SEC("cgroup/sock_create") int ok_sock_create(struct bpf_sock *sk)
{
	sk->mark = 7;
	return sk->family == 2;
}

SEC("cgroup/sock_create") int bad_sock_create_written(struct bpf_sock *sk)
{
	sk->family = 7;
	return 1;
}
