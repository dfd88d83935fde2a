/* The little of libbpf's headers that these objects need, in our own words. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;
typedef _Bool bool;

#define SEC(name) __attribute__((section(name), used))
#define __noinline __attribute__((noinline))
#define __always_inline inline __attribute__((always_inline))
#define __weak __attribute__((weak))
#define __hidden __attribute__((visibility("hidden")))
#define __ksym __attribute__((section(".ksyms")))
#define __kconfig __attribute__((section(".kconfig")))
#ifdef __clang__
#define __core __attribute__((preserve_access_index))
#else
#define __core
#endif

#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]

enum {
	MAP_HASH = 1,
	MAP_ARRAY = 2,
	MAP_PROG_ARRAY = 3,
	MAP_PERF_EVENT_ARRAY = 4,
	MAP_PERCPU_HASH = 5,
	MAP_PERCPU_ARRAY = 6,
	MAP_STACK_TRACE = 7,
	MAP_LRU_HASH = 9,
	MAP_LPM_TRIE = 11,
	MAP_ARRAY_OF_MAPS = 12,
	MAP_HASH_OF_MAPS = 13,
	MAP_QUEUE = 22,
	MAP_STACK = 23,
	MAP_RINGBUF = 27,
	MAP_BLOOM_FILTER = 30,
};

/* Helpers by number. */
#ifdef __clang__
#define HELPER(result, name, number, ...)                                                          \
	static result (*const name)(__VA_ARGS__) __attribute__((unused)) = (void *)number
#else
#define HELPER(result, name, number, ...)                                                          \
	result name(__VA_ARGS__) __attribute__((kernel_helper(number)))
#endif

HELPER(void *, map_lookup, 1, void *map, const void *key);
HELPER(long, map_update, 2, void *map, const void *key, const void *value, u64 flags);
HELPER(long, probe_read, 4, void *dst, u32 size, const void *src);
HELPER(u64, ktime_get_ns, 5, void);
HELPER(u32, get_smp_processor_id, 8, void);
HELPER(long, tail_call, 12, void *ctx, void *map, u32 index);
HELPER(u64, get_current_pid_tgid, 14, void);
HELPER(long, perf_event_output, 25, void *ctx, void *map, u64 flags, void *data, u64 size);
HELPER(u64, get_current_task, 35, void);
HELPER(long, map_push, 87, void *map, const void *value, u64 flags);
HELPER(void, spin_lock, 93, void *lock);
HELPER(void, spin_unlock, 94, void *lock);
HELPER(long, probe_read_kernel, 113, void *dst, u32 size, const void *src);
HELPER(long, ringbuf_output, 130, void *map, void *data, u64 size, u64 flags);
HELPER(void *, per_cpu_ptr, 153, const void *ptr, u32 cpu);
HELPER(void *, get_current_task_btf, 158, void);
HELPER(long, for_each_map_elem, 164, void *map, void *fn, void *ctx, u64 flags);
HELPER(long, loop, 181, u32 n, void *fn, void *ctx, u64 flags);

char license_text[] SEC("license") = "GPL";
