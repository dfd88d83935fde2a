/* What lets one source be a BPF program (clang -target bpf) and a C function (the native floor):
 * sections, helpers, maps. A program's data are its global variables, filled in by the first run,
 * which is never timed. */
#ifndef SKEP_BENCH_VM_BENCH_H
#define SKEP_BENCH_VM_BENCH_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

#define NOINLINE __attribute__((noinline))

#ifdef __bpf__

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAP(map, kind, T, n)                                                                       \
	struct {                                                                                   \
		__uint(type, kind);                                                                \
		__uint(max_entries, n);                                                            \
		__type(key, u32);                                                                  \
		__type(value, T);                                                                  \
	} map SEC(".maps")
#define ARRAY_MAP(map, T, n) MAP(map, BPF_MAP_TYPE_ARRAY, T, n)
#define PERCPU_MAP(map, T, n) MAP(map, BPF_MAP_TYPE_PERCPU_ARRAY, T, n)
#define HASH_MAP(map, T, n) MAP(map, BPF_MAP_TYPE_HASH, T, n)
#define LOOKUP(map, key) bpf_map_lookup_elem(&map, key)
#define UPDATE(map, key, value) bpf_map_update_elem(&map, key, value, BPF_ANY)
#define PROGRAM                                                                                    \
	char _license[] SEC("license") = "GPL";                                                    \
	SEC("xdp") int bench(__attribute__((unused)) struct xdp_md *ctx)

#else

/* An array is an array. A hash table, as one writes it down who needs one: open addressing. */
#define ARRAY_MAP(map, T, n)                                                                       \
	static T map##_values[n];                                                                  \
	static inline T *map##_lookup(const u32 *key)                                              \
	{                                                                                          \
		return *key < (n) ? &map##_values[*key] : 0;                                       \
	}
#define PERCPU_MAP(map, T, n) ARRAY_MAP(map, T, n)
#define HASH_MAP(map, T, n)                                                                        \
	static struct {                                                                            \
		u32 key, is_used;                                                                  \
		T value;                                                                           \
	} map##_slots[2 * (n)];                                                                    \
	static u32 map##_find(u32 key)                                                             \
	{                                                                                          \
		u32 at = (u32)((key * 0x9e3779b97f4a7c15ull) >> 32) % (2 * (n));                   \
                                                                                                   \
		while (map##_slots[at].is_used && map##_slots[at].key != key)                      \
			at = at + 1 == 2 * (n) ? 0 : at + 1;                                       \
		return at;                                                                         \
	}                                                                                          \
	static NOINLINE T *map##_lookup(const u32 *key)                                            \
	{                                                                                          \
		u32 at = map##_find(*key);                                                         \
                                                                                                   \
		return map##_slots[at].is_used ? &map##_slots[at].value : 0;                       \
	}                                                                                          \
	static NOINLINE int map##_update(const u32 *key, const T *value)                           \
	{                                                                                          \
		u32 at = map##_find(*key);                                                         \
                                                                                                   \
		map##_slots[at].is_used = 1;                                                       \
		map##_slots[at].key = *key;                                                        \
		map##_slots[at].value = *value;                                                    \
		return 0;                                                                          \
	}
#define LOOKUP(map, key) map##_lookup(key)
#define UPDATE(map, key, value) map##_update(key, value)
#define PROGRAM                                                                                    \
	int bench(void *ctx);                                                                      \
	int bench(__attribute__((unused)) void *ctx)
#endif

/* A generator of numbers that look random: Knuth's MMIX. */
static inline u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

#endif
