/* What tests/vm/library.c runs: counts calls by length, tells the ring, and adds up the memory. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define uint(name, value) int(*name)[value]
#define type(name, t) t *name

static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static long (*map_update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*trace_printk)(const char *fmt, u32 fmt_b, ...) = (void *)6;
static long (*ringbuf_output)(void *ring, void *data, u64 data_b, u64 flags) = (void *)130;

struct {
	uint(type, 1); /* hash */
	uint(max_entries, 8);
	type(key, u64);
	type(value, u64);
} calls SEC(".maps");

struct {
	uint(type, 27); /* ring buffer */
	uint(max_entries, 4096);
} ring SEC(".maps");

char _license[] SEC("license") = "GPL";

SEC("program") u64 sum(u8 *memory, u64 memory_b)
{
	u64 one = 1, total = 0, *n = map_lookup(&calls, &memory_b);

	if (n)
		++*n;
	else
		map_update(&calls, &memory_b, &one, 0);
	for (int k = 0; k < 16; k++)
		total += memory[k];
	memory[0] = 0xff;
	ringbuf_output(&ring, &total, sizeof(total), 0);
	trace_printk("sum %d", sizeof("sum %d"), total);
	return total;
}

SEC("program/bad") u64 bad(u8 *memory, u64 memory_b)
{
	return memory[memory_b];
}
