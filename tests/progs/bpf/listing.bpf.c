/* Programs whose listings have most forms: subprograms, maps, loops, atomics, callbacks, packet bytes. */
#include "bpf.h"

struct xdp_md {
	u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};
struct __sk_buff {
	u32 len, pkt_type, mark;
};
typedef int verdict;
enum why { NO_REASON, TOO_SHORT, TOO_LONG };
struct note {
	u64 at;
	enum why why;
	const char *name;
	int (*then)(struct note *, int);
	unsigned short few[3];
};

static long (*bpf_tail_call)(void *ctx, void *map, u32 index) = (void *)12;
static u32 (*bpf_get_prandom_u32)(void) = (void *)7;
static u64 (*bpf_ktime_get_ns)(void) = (void *)5;
static long (*bpf_trace_printk)(const char *fmt, u32 size, ...) = (void *)6;

MAP(counts, ARRAY, 4);
MAP(seen, HASH, 16);
struct {
	int (*type)[3];
	int (*max_entries)[2];
	u32 *key, *value;
} jumps SEC(".maps");

u64 total, last = 7;
const volatile u32 limit = 5;
struct note the_note;
/* What `prog show` tells of a program. */
const volatile int bpf_metadata_number SEC(".rodata") = 42;
const char bpf_metadata_version[8] SEC(".rodata") = "1.2.3";
const volatile struct {
	int a;
	char name[6];
} bpf_metadata_nested SEC(".rodata") = {3, "\"x\""};

NOINLINE int sub(int a, int b)
{
	if (a > b)
		return a - b;
	return b + (int)(total & 7);
}

static NOINLINE verdict with_note(struct note *const n, const unsigned char *volatile text, enum why w)
{
	return n->why == w ? 1 : 2;
}

static long each(u32 i, u64 *sum)
{
	*sum += i;
	return *sum > 100;
}

SEC("xdp") int listing_xdp(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	u32 k = 0;
	u64 *v = bpf_map_lookup_elem(&counts, &k), sum = 0;

	if (v)
		__sync_fetch_and_add(v, 1);
	v = bpf_map_lookup_elem(&seen, &k);
	if (v) {
		*v = bpf_ktime_get_ns();
		sum = __sync_fetch_and_add(v, 3) + __sync_lock_test_and_set(v, 9) +
		      __sync_val_compare_and_swap(v, 9, 5) + __sync_fetch_and_or(v, 16);
	} else {
		bpf_map_update_elem(&seen, &k, &sum, 0);
	}
	if (data + 20 <= end) {
		for (int i = 0; i < limit; i++)
			sum += data[i] / 3 % 7;
		total += __builtin_bswap32(*(u32 *)(data + 12)) + (unsigned short)__builtin_bswap16(*(unsigned short *)data);
	}
	bpf_loop(10, each, &sum, 0);
	if (bpf_get_prandom_u32() == 77)
		bpf_tail_call(ctx, &jumps, 1);
	last = -sum;
	if (sub((int)sum, (int)last) == 3) {
		static const char fmt[] = "\"three\" <&>\n";
		bpf_trace_printk(fmt, sizeof(fmt));
	}
	the_note.why = TOO_SHORT;
	return with_note(&the_note, data, sum & 1) == 1 ? 1 : 2;
}

SEC("socket") int listing_socket_filter(struct __sk_buff *skb)
{
	u64 t = bpf_ktime_get_ns();

	if (skb->len < 14)
		return 0;
	if (skb->pkt_type == 4)
		return (int)t >> 3;
	return sub((int)skb->len, 100);
}

SEC("tracepoint/syscalls/sys_enter_sync") int listing_point(u64 *record)
{
	u32 key = bpf_get_current_pid_tgid() >> 32;
	u64 *at = bpf_map_lookup_elem(&seen, &key);

	if (!at)
		return 0;
	*at += record[1];
	return (int)*at;
}
char gpl[] SEC("license") = "GPL";
