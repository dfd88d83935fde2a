/* Programs as large as those in production: a load balancer, a firewall, tunnels, a profiler that
 * unwinds an interpreter's stack, parsers of requests. */
#include "common.h"

/* ---- a load balancer --------------------------------------------------------------------------- */

enum { RING_SIZE = 65537, MAX_REALS = 4096, MAX_VIPS = 512, QUIC_MASK = 0x80 };

struct flow {
	union {
		__be32 src;
		__be32 src6[4];
	};
	union {
		__be32 dst;
		__be32 dst6[4];
	};
	union {
		u32 ports;
		u16 port[2];
	};
	u8 proto;
};

struct seen_packet {
	struct flow flow;
	u32 real_index;
	u8 flags, tos;
};

struct vip {
	union {
		__be32 vip;
		__be32 vip6[4];
	};
	u16 port;
	u8 proto;
};

struct vip_meta {
	u32 flags, number;
};

struct real {
	union {
		__be32 dst;
		__be32 dst6[4];
	};
	u8 flags;
};

struct lru_entry {
	u32 pos;
	u64 when;
};

struct vip_count {
	u64 a, b;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_VIPS);
	__type(key, struct vip);
	__type(value, struct vip_meta);
} vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RING_SIZE * 4);
	__type(key, u32);
	__type(value, u32);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_REALS);
	__type(key, u32);
	__type(value, struct real);
} reals SEC(".maps");

struct lru {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1000);
	__uint(key_size, sizeof(struct flow));
	__uint(value_size, sizeof(struct lru_entry));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 32);
	__type(key, u32);
	__array(values, struct lru);
} lrus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_VIPS * 2);
	__type(key, u32);
	__type(value, struct vip_count);
} vip_stats SEC(".maps");

const volatile u8 gateway_mac[6] = {2, 0, 0, 0, 0, 1};
const volatile u32 own_address = 0x0a000001;

static __always_inline u32 rotate(u32 x, u32 n)
{
	return x << n | x >> (32 - n);
}

static __always_inline u32 jhash(const u32 *k, u32 n, u32 seed)
{
	u32 a = 0xdeadbeef + (n << 2) + seed, b = a, c = a;

	while (n > 3) {
		a += k[0];
		b += k[1];
		c += k[2];
		a -= c, a ^= rotate(c, 4), c += b;
		b -= a, b ^= rotate(a, 6), a += c;
		c -= b, c ^= rotate(b, 8), b += a;
		n -= 3;
		k += 3;
	}
	switch (n) {
	case 3:
		c += k[2];
	case 2:
		b += k[1];
	case 1:
		a += k[0];
	}
	c ^= b, c -= rotate(b, 14);
	a ^= c, a -= rotate(c, 11);
	b ^= a, b -= rotate(a, 25);
	c ^= b, c -= rotate(b, 16);
	return c;
}

static __always_inline bool find_ports(struct seen_packet *p, void *at, void *end, bool is_icmp)
{
	if (p->flow.proto == 6) {
		struct tcphdr *tcp = at;

		if ((void *)(tcp + 1) > end)
			return false;
		if (tcp->syn)
			p->flags |= 1;
		p->flow.port[0] = is_icmp ? tcp->dest : tcp->source;
		p->flow.port[1] = is_icmp ? tcp->source : tcp->dest;
		return true;
	}
	if (p->flow.proto == 17) {
		struct udphdr *udp = at;

		if ((void *)(udp + 1) > end)
			return false;
		p->flow.port[0] = is_icmp ? udp->dest : udp->source;
		p->flow.port[1] = is_icmp ? udp->source : udp->dest;
		return true;
	}
	return false;
}

static __noinline bool pick_real(struct seen_packet *p, struct vip_meta *meta, bool is_v6,
                                 struct real **ret)
{
	u32 words[9], key, *index;
	struct flow *f = &p->flow;

	for (int i = 0; i < 4; i++) {
		words[i] = is_v6 ? f->src6[i] : f->src;
		words[i + 4] = is_v6 ? f->dst6[i] : f->dst;
	}
	words[8] = f->ports;
	key = RING_SIZE * (meta->number & 3) + jhash(words, 9, 7) % RING_SIZE;
	index = bpf_map_lookup_elem(&rings, &key);
	if (!index)
		return false;
	key = *index;
	*ret = bpf_map_lookup_elem(&reals, &key);
	p->real_index = key;
	return *ret != (void *)0;
}

static __always_inline void remember_flow(struct seen_packet *p, void *lru)
{
	struct lru_entry e = {.pos = p->real_index, .when = bpf_ktime_get_ns()};

	bpf_map_update_elem(lru, &p->flow, &e, BPF_ANY);
}

static __always_inline bool encapsulate(struct xdp_md *x, struct seen_packet *p, struct real *to,
                                        u32 len)
{
	struct ethhdr *eth, *old;
	void *data, *end;
	struct iphdr *ip;
	u32 sum = 0;
	u16 *w;

	if (bpf_xdp_adjust_head(x, -(int)sizeof(*ip)))
		return false;
	data = (void *)(long)x->data;
	end = (void *)(long)x->data_end;
	eth = data;
	ip = data + sizeof(*eth);
	old = data + sizeof(*ip);
	if ((void *)(eth + 1) > end || (void *)(ip + 1) > end || (void *)(old + 1) > end)
		return false;
	for (int i = 0; i < 6; i++) {
		eth->h_source[i] = old->h_dest[i];
		eth->h_dest[i] = gateway_mac[i];
	}
	eth->h_proto = bpf_htons(ETH_IPV4);
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = p->tos;
	ip->tot_len = bpf_htons(len + sizeof(*ip));
	ip->id = 0;
	ip->frag_off = 0;
	ip->ttl = 64;
	ip->protocol = 4;
	ip->check = 0;
	ip->saddr = own_address;
	ip->daddr = to->dst;
	w = (u16 *)ip;
	for (int i = 0; i < 10; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~((sum & 0xffff) + (sum >> 16));
	return true;
}

static __always_inline int balance(struct xdp_md *x, u32 off, bool is_v6)
{
	void *data = (void *)(long)x->data, *end = (void *)(long)x->data_end, *at;
	u32 cpu = bpf_get_smp_processor_id(), len, key;
	struct seen_packet p = {};
	struct vip vip = {};
	struct vip_meta *meta;
	struct real *to = (void *)0;
	struct lru_entry *known;
	struct vip_count *st;
	void *lru;

	if (is_v6) {
		struct ipv6hdr *ip = data + off;

		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		p.flow.proto = ip->nexthdr;
		p.tos = ip->priority << 4;
		__builtin_memcpy(p.flow.src6, &ip->saddr, 16);
		__builtin_memcpy(p.flow.dst6, &ip->daddr, 16);
		len = bpf_ntohs(ip->payload_len) + sizeof(*ip);
		at = ip + 1;
		if (ip->nexthdr == 44)
			return XDP_DROP;
	} else {
		struct iphdr *ip = data + off;

		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		if (ip->ihl != 5)
			return XDP_DROP;
		if (ip->frag_off & bpf_htons(0x3fff))
			return XDP_DROP;
		p.flow.proto = ip->protocol;
		p.tos = ip->tos;
		p.flow.src = ip->saddr;
		p.flow.dst = ip->daddr;
		len = bpf_ntohs(ip->tot_len);
		at = ip + 1;
		if (ip->protocol == 1) {
			struct icmphdr *icmp = at;
			struct iphdr *inner;

			if ((void *)(icmp + 1) > end)
				return XDP_DROP;
			if (icmp->type != 3)
				return XDP_PASS;
			inner = (void *)(icmp + 1);
			if ((void *)(inner + 1) > end || inner->ihl != 5)
				return XDP_DROP;
			p.flow.proto = inner->protocol;
			p.flow.src = inner->daddr;
			p.flow.dst = inner->saddr;
			at = inner + 1;
			p.flags |= 2;
		}
	}
	if (!find_ports(&p, at, end, p.flags & 2))
		return XDP_PASS;
	__builtin_memcpy(vip.vip6, p.flow.dst6, 16);
	vip.port = p.flow.port[1];
	vip.proto = p.flow.proto;
	meta = bpf_map_lookup_elem(&vips, &vip);
	if (!meta) {
		vip.port = 0;
		meta = bpf_map_lookup_elem(&vips, &vip);
		if (!meta)
			return XDP_PASS;
		if (!(meta->flags & 2))
			p.flow.port[1] = 0;
	}
	lru = bpf_map_lookup_elem(&lrus, &cpu);
	if (!lru)
		return XDP_DROP;
	if (!(p.flags & 1)) {
		known = bpf_map_lookup_elem(lru, &p.flow);
		if (known) {
			if (p.flow.proto == 17) {
				u64 now = bpf_ktime_get_ns();

				if (now - known->when > 30000000000ull)
					known = (void *)0;
				else
					known->when = now;
			}
			if (known) {
				key = known->pos;
				p.real_index = key;
				to = bpf_map_lookup_elem(&reals, &key);
			}
		}
	}
	if (!to) {
		if (!pick_real(&p, meta, is_v6, &to))
			return XDP_DROP;
		remember_flow(&p, lru);
	}
	if (!to)
		return XDP_DROP;
	key = meta->number;
	st = bpf_map_lookup_elem(&vip_stats, &key);
	if (!st)
		return XDP_DROP;
	st->a++;
	st->b += len;
	return encapsulate(x, &p, to, len) ? XDP_TX : XDP_DROP;
}

SEC("xdp") int ok_balancer(struct xdp_md *x)
{
	void *data = (void *)(long)x->data, *end = (void *)(long)x->data_end;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	switch (bpf_ntohs(eth->h_proto)) {
	case ETH_IPV4:
		return balance(x, sizeof(*eth), false);
	case ETH_IPV6:
		return balance(x, sizeof(*eth), true);
	}
	return XDP_PASS;
}

/* ---- a firewall with rules --------------------------------------------------------------------- */

struct rule {
	u32 src, src_mask, dst, dst_mask;
	u16 port_from, port_to;
	u8 proto, verdict, flags, pad;
};

enum { MAX_RULES = 64 };

struct rules {
	u32 n;
	struct rule rule[MAX_RULES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct rules);
} rule_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow);
	__type(value, u64);
} connections SEC(".maps");

struct parsed {
	u32 src, dst;
	u16 port;
	u8 proto;
};

static __noinline bool matches(const struct rule *r, const struct parsed *p)
{
	if ((p->src & r->src_mask) != r->src || (p->dst & r->dst_mask) != r->dst)
		return false;
	if (r->proto && r->proto != p->proto)
		return false;
	return !r->port_to || (p->port >= r->port_from && p->port <= r->port_to);
}

static __always_inline int parse_tc(struct __sk_buff *skb, struct parsed *p)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	u16 proto;
	struct iphdr *ip;
	void *at;

	if ((void *)(eth + 1) > end)
		return -1;
	proto = eth->h_proto;
	at = eth + 1;
	for (int i = 0; i < 2; i++) {
		struct vlan_hdr *tag = at;

		if (proto != bpf_htons(ETH_VLAN))
			break;
		if ((void *)(tag + 1) > end)
			return -1;
		proto = tag->h_vlan_encapsulated_proto;
		at = tag + 1;
	}
	if (proto != bpf_htons(ETH_IPV4))
		return 0;
	ip = at;
	if ((void *)(ip + 1) > end || ip->ihl < 5)
		return -1;
	p->src = ip->saddr;
	p->dst = ip->daddr;
	p->proto = ip->protocol;
	at = (void *)ip + ip->ihl * 4;
	if (ip->protocol == 6 || ip->protocol == 17) {
		u16 *ports = at;

		if ((void *)(ports + 2) > end)
			return -1;
		p->port = bpf_ntohs(ports[1]);
	}
	return 1;
}

SEC("tc") int ok_firewall(struct __sk_buff *skb)
{
	struct parsed p = {};
	struct rules *set;
	u32 key = skb->ingress_ifindex ? 0 : 1;
	int i, n = parse_tc(skb, &p);

	if (n <= 0)
		return n ? TC_SHOT : TC_OK;
	set = bpf_map_lookup_elem(&rule_sets, &key);
	if (!set)
		return TC_OK;
	num_loop (i, 0, MAX_RULES) {
		if (i < 0 || i >= MAX_RULES || i >= set->n)
			break;
		if (matches(&set->rule[i], &p))
			return set->rule[i].verdict ? TC_OK : TC_SHOT;
	}
	return TC_OK;
}

SEC("tc") int ok_firewall_unrolled(struct __sk_buff *skb)
{
	struct parsed p = {};
	struct rules *set;
	u32 key = 0;

	if (parse_tc(skb, &p) <= 0)
		return TC_OK;
	set = bpf_map_lookup_elem(&rule_sets, &key);
	if (!set)
		return TC_OK;
	for (u32 i = 0; i < MAX_RULES; i++) {
		if (i >= set->n)
			break;
		if (matches(&set->rule[i], &p))
			return set->rule[i].verdict ? TC_OK : TC_SHOT;
	}
	return TC_OK;
}

SEC("tc") int bad_firewall_index(struct __sk_buff *skb)
{
	struct parsed p = {};
	struct rules *set;
	u32 key = 0;

	if (parse_tc(skb, &p) <= 0)
		return TC_OK;
	set = bpf_map_lookup_elem(&rule_sets, &key);
	if (!set)
		return TC_OK;
	return matches(&set->rule[set->n], &p) ? TC_SHOT : TC_OK;
}

struct match_state {
	struct rules *set;
	struct parsed *p;
	int verdict;
};

static long try_rule(u64 i, void *arg)
{
	struct match_state *m = arg;

	if (i >= MAX_RULES || i >= m->set->n)
		return 1;
	if (!matches(&m->set->rule[i], m->p))
		return 0;
	m->verdict = m->set->rule[i].verdict ? TC_OK : TC_SHOT;
	return 1;
}

SEC("tc") int ok_firewall_callback(struct __sk_buff *skb)
{
	struct parsed p = {};
	struct match_state m = {.p = &p, .verdict = TC_OK};
	u32 key = 0;

	if (parse_tc(skb, &p) <= 0)
		return TC_OK;
	m.set = bpf_map_lookup_elem(&rule_sets, &key);
	if (!m.set)
		return TC_OK;
	bpf_loop(MAX_RULES, try_rule, &m, 0);
	return m.verdict;
}

/* ---- IPv6 options, TCP options ----------------------------------------------------------------- */

SEC("xdp") int ok_extension_headers(struct xdp_md *x)
{
	void *data = (void *)(long)x->data, *end = (void *)(long)x->data_end, *at;
	struct ipv6hdr *ip = data + sizeof(struct ethhdr);
	u8 next;

	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	next = ip->nexthdr;
	at = ip + 1;
	for (int i = 0; i < 8; i++) {
		struct {
			u8 next, len;
		} *ext = at;

		if (next != 0 && next != 43 && next != 60)
			break;
		if ((void *)(ext + 1) > end)
			return XDP_DROP;
		next = ext->next;
		at += (ext->len + 1) * 8;
	}
	if (next == 6) {
		struct tcphdr *tcp = at;

		if ((void *)(tcp + 1) > end)
			return XDP_DROP;
		return tcp->dest == bpf_htons(443) ? XDP_PASS : XDP_DROP;
	}
	return XDP_PASS;
}

struct option_state {
	u8 *pos, *end;
	u8 left;
	u16 mss;
	u8 scale;
};

static __noinline int next_option(struct xdp_md *x, u32 *off, u32 *left, u16 *mss)
{
	u8 *p = (void *)(long)x->data, *end = (void *)(long)x->data_end;
	u8 kind, len;

	if (*off > 200)
		return 1;
	p += *off;
	if (p + 1 > end)
		return 1;
	kind = p[0];
	if (!kind)
		return 1;
	if (kind == 1) {
		*off += 1;
		return 0;
	}
	if (p + 2 > end)
		return 1;
	len = p[1];
	if (len < 2)
		return 1;
	if (kind == 2 && len == 4) {
		if (p + 4 > end)
			return 1;
		*mss = p[2] << 8 | p[3];
	}
	*off += len;
	return 0;
}

SEC("xdp") int ok_tcp_options(struct xdp_md *x)
{
	u32 off = sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct tcphdr), left = 40;
	u16 mss = 0;
	int i;

	num_loop (i, 0, 40) {
		if (next_option(x, &off, &left, &mss))
			break;
	}
	return mss > 1400 ? XDP_DROP : XDP_PASS;
}

/* ---- a profiler -------------------------------------------------------------------------------- */

struct layout_of {
	u64 thread_frame, frame_back, frame_code, code_file, code_name, string_data;
	u64 frame_lasti, code_firstline;
};

struct place {
	char file[96], name[64];
};

enum { MAX_FRAMES = 75 };

struct unwound {
	u64 pid_tgid;
	char comm[16];
	s32 n, kernel_stack;
	s32 frames[MAX_FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, struct layout_of);
} layouts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct place);
	__type(value, s32);
} symbols SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct unwound);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct place);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} out SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 8 * 127);
} stacks SEC(".maps");

static __always_inline void *user_pointer(u64 at)
{
	void *p = (void *)0;

	bpf_probe_read_user(&p, sizeof(p), (void *)at);
	return p;
}

static __always_inline bool read_symbol(const struct layout_of *o, u64 frame, struct place *s)
{
	u64 code = (u64)user_pointer(frame + o->frame_code), text;

	if (!code)
		return false;
	text = (u64)user_pointer(code + o->code_file);
	if (bpf_probe_read_user_str(s->file, sizeof(s->file), (void *)(text + o->string_data)) < 0)
		return false;
	text = (u64)user_pointer(code + o->code_name);
	return bpf_probe_read_user_str(s->name, sizeof(s->name),
	                               (void *)(text + o->string_data)) >= 0;
}

static __always_inline s32 symbol_id(struct place *s)
{
	s32 *known = bpf_map_lookup_elem(&symbols, s), id;

	if (known)
		return *known;
	id = bpf_get_prandom_u32() & 0xffffff;
	bpf_map_update_elem(&symbols, s, &id, BPF_ANY);
	return id;
}

#define PROFILE(loop)                                                                              \
	u32 zero = 0, pid = bpf_get_current_pid_tgid() >> 32;                                      \
	struct unwound *out_sample = bpf_map_lookup_elem(&samples, &zero);                          \
	struct place *sym = bpf_map_lookup_elem(&scratch, &zero);                                 \
	const struct layout_of *o = bpf_map_lookup_elem(&layouts, &pid);                             \
	u64 frame;                                                                                 \
	if (!out_sample || !sym || !o)                                                             \
		return 0;                                                                          \
	out_sample->pid_tgid = bpf_get_current_pid_tgid();                                         \
	bpf_get_current_comm(out_sample->comm, sizeof(out_sample->comm));                          \
	out_sample->kernel_stack = bpf_get_stackid(ctx, &stacks, 0);                               \
	frame = (u64)user_pointer(o->thread_frame);                                                \
	out_sample->n = 0;                                                                         \
	loop                                                                                       \
	bpf_perf_event_output(ctx, &out, BPF_F_CURRENT_CPU, out_sample, sizeof(*out_sample));      \
	return 0;

SEC("perf_event") int ok_profiler(struct bpf_perf_event_data *ctx)
{
	PROFILE(for (int i = 0; i < MAX_FRAMES; i++) {
		if (!frame || !read_symbol(o, frame, sym))
			break;
		out_sample->frames[i] = symbol_id(sym);
		out_sample->n = i + 1;
		frame = (u64)user_pointer(frame + o->frame_back);
	})
}

SEC("perf_event") int ok_profiler_iterator(struct bpf_perf_event_data *ctx)
{
	int i;

	PROFILE(num_loop (i, 0, MAX_FRAMES) {
		if (!frame || !read_symbol(o, frame, sym))
			break;
		if (i >= 0 && i < MAX_FRAMES)
			out_sample->frames[i] = symbol_id(sym);
		out_sample->n++;
		frame = (u64)user_pointer(frame + o->frame_back);
	})
}

SEC("perf_event") int bad_profiler(struct bpf_perf_event_data *ctx)
{
	PROFILE(for (int i = 0; i < MAX_FRAMES + 4; i++) {
		if (!frame || !read_symbol(o, frame, sym))
			break;
		out_sample->frames[i] = symbol_id(sym);
		out_sample->n = i + 1;
		frame = (u64)user_pointer(frame + o->frame_back);
	})
}

/* ---- requests ---------------------------------------------------------------------------------- */

struct http_text {
	char text[128];
	u32 n;
	u8 method, path_from, path_to;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct http_text);
} requests SEC(".maps");

SEC("raw_tp/sys_enter") int ok_request(struct bpf_raw_tracepoint_args *ctx)
{
	u32 zero = 0, i = 0, from = 0, to = 0;
	struct http_text *r = bpf_map_lookup_elem(&requests, &zero);
	long n;

	if (!r)
		return 0;
	n = bpf_probe_read_user_str(r->text, sizeof(r->text), (void *)ctx->args[1]);
	if (n < 16)
		return 0;
	num_loop (i, 0, sizeof(r->text)) {
		char c = r->text[i & 127];

		if (!c)
			break;
		if (c == ' ') {
			if (!from)
				from = i + 1;
			else if (!to)
				to = i;
		}
		if (c == '\n')
			break;
	}
	if (!from || to <= from)
		return 0;
	r->path_from = from;
	r->path_to = to;
	r->method = r->text[0];
	return 0;
}

static __always_inline bool starts_with(const char *s, const char *with, int n)
{
	for (int i = 0; i < n; i++)
		if (s[i] != with[i])
			return false;
	return true;
}

SEC("raw_tp/sys_enter") int ok_methods(struct bpf_raw_tracepoint_args *ctx)
{
	char s[16] = {};

	bpf_probe_read_user(s, sizeof(s), (void *)ctx->args[1]);
	if (starts_with(s, "GET ", 4))
		return 1;
	if (starts_with(s, "POST ", 5) || starts_with(s, "PUT ", 4) ||
	    starts_with(s, "DELETE ", 7) || starts_with(s, "HEAD ", 5) ||
	    starts_with(s, "OPTIONS ", 8))
		return 2;
	return 0;
}

SEC("socket") int ok_dns(struct __sk_buff *skb)
{
	u32 off = 14 + 20 + 8 + 12, hash = 5381;

	for (int i = 0; i < 12; i++) {
		u8 len, c;

		if (bpf_skb_load_bytes(skb, off, &len, 1) < 0 || !len || len > 63)
			break;
		off++;
		for (int k = 0; k < 16; k++) {
			if (k >= len)
				break;
			if (bpf_skb_load_bytes(skb, off + k, &c, 1) < 0)
				return 0;
			hash = hash * 33 + c;
		}
		off += len;
	}
	return hash & 1 ? skb->len : 0;
}

/* Near the limit of a million instructions, and beyond. */

u64 words[256];

SEC("raw_tp/sys_enter") int ok_long_way(void *ctx)
{
	u64 n = 0;

	for (int i = 0; i < 60000; i++) {
		keep(i);
		n += words[i & 255];
	}
	words[0] = n;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_too_long_way(void *ctx)
{
	u64 n = 0;

	for (int i = 0; i < 400000; i++) {
		keep(i);
		n += words[i & 255];
	}
	words[0] = n;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_many_branches(void *ctx)
{
	u64 n = words[0], k = 0;

#pragma unroll
	for (int i = 0; i < 40; i++) {
		if (n & 1ull << i)
			k += words[i];
		else
			k ^= 3;
	}
	words[1] = k;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_sort(void *ctx)
{
	u32 v[8];

	for (int i = 0; i < 8; i++)
		v[i] = words[i];
	for (int i = 0; i < 7; i++) {
		for (int k = 0; k < 7 - i; k++) {
			if (v[k] > v[k + 1]) {
				u32 t = v[k];

				v[k] = v[k + 1];
				v[k + 1] = t;
			}
		}
	}
	words[0] = v[0];
	words[1] = v[7];
	return 0;
}
