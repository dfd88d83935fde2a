/* What is put into a perf event array and a ring buffer when the program is run; values with types. */
#include "bpf.h"

enum state { ST_IDLE, ST_BUSY = 5 };
struct inner {
	int a;
	unsigned b : 3, c : 5;
};
struct key {
	u32 pid;
	unsigned short port;
};
struct value {
	u64 count;
	char comm[8];
	signed char bad[4];
	_Bool ok;
	enum state st;
	struct inner in;
	void *ptr;
	union {
		u32 u1;
		int u2;
	};
	char c;
	long long low;
	__int128 wide;
	u32 slots[8];
};
struct {
	int (*type)[HASH];
	int (*max_entries)[16];
	struct key *key;
	struct value *value;
} typed SEC(".maps");
struct {
	int (*type)[PERCPU_ARRAY];
	int (*max_entries)[2];
	u32 *key;
	struct value *value;
} each_cpu SEC(".maps");
struct {
	int (*type)[ARRAY];
	int (*max_entries)[8];
	u32 *key;
	u64 *value;
} buckets SEC(".maps");
struct {
	int (*type)[HASH];
	int (*max_entries)[8];
	enum state *key;
	u32 *value;
} states SEC(".maps");
struct {
	int (*type)[4];
	int (*key_size)[4];
	int (*value_size)[4];
	int (*max_entries)[8];
} events SEC(".maps");
struct {
	int (*type)[RINGBUF];
	int (*max_entries)[4096];
} ring SEC(".maps");
int started = 7;
u64 runs;
const volatile char title[8] = "events";

static long (*bpf_perf_event_output)(void *, void *, u64, void *, u64) = (void *)25;
static long (*bpf_ringbuf_output)(void *, void *, u64, u64) = (void *)130;
SEC("xdp") int say(void *ctx)
{
	char said[20] = "hello perf events..";
	struct key k = {.pid = 1, .port = 2};
	struct value v = {.count = 1,
	                  .comm = "ab",
	                  .bad = {-128, -127, -126, -125},
	                  .ok = 1,
	                  .st = ST_BUSY,
	                  .in = {5, 3, 17},
	                  .ptr = (void *)0x1000,
	                  .u1 = 7,
	                  .c = 'x',
	                  .low = -5,
	                  .wide = ((__int128)3 << 64) + 9,
	                  .slots = {0, 1, 4, 2}};
	enum state st = ST_BUSY;
	u32 zero = 0, n = 12;

	runs += title[0] == 'e';
	bpf_map_update_elem(&typed, &k, &v, 0);
	k.pid = 2;
	v.st = 3;
	v.comm[0] = 1;
	v.c = 1;
	bpf_map_update_elem(&typed, &k, &v, 0);
	bpf_map_update_elem(&each_cpu, &zero, &v, 0);
	bpf_map_update_elem(&states, &st, &n, 0);
	bpf_perf_event_output(ctx, &events, 0xffffffff, said, sizeof(said));
	bpf_ringbuf_output(&ring, said, sizeof(said), 0);
	return 2;
}
char gpl[] SEC("license") = "GPL";
