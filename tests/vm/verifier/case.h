/* Cases are programs, mostly in assembly, named for what has to become of them. Assembly names maps
 * and functions by their symbols: `r1 = map_array ll`, `call helper_1`. */
#include "../objects/bpf.h"

#define ACCEPT(section, name, code)                                                                \
	SEC(section) __attribute__((naked)) int ok_##name(void)                                    \
	{                                                                                          \
		asm volatile(code ::: "memory");                                                   \
	}
#define REFUSE(section, name, code)                                                                \
	SEC(section) __attribute__((naked)) int bad_##name(void)                                   \
	{                                                                                          \
		asm volatile(code ::: "memory");                                                   \
	}
/* A function that assembly calls. */
#define FUNCTION(name, code)                                                                       \
	static __attribute__((naked, noinline, used)) int name(void)                               \
	{                                                                                          \
		asm volatile(code ::: "memory");                                                   \
	}
/* r0 = the value of `map` under key 0, or the program ends */
#define LOOK_UP(map)                                                                               \
	"*(u64 *)(r10 - 8) = 0; r2 = r10; r2 += -8; r1 = " #map " ll; call 1;"                     \
	"if r0 != 0 goto found_%=; exit; found_%=:"


struct value {
	u64 a, b, c, d;
	u32 e, f;
};

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct value);
} map_array SEC(".maps");

struct {
	__uint(type, MAP_HASH);
	__uint(max_entries, 8);
	__type(key, u64);
	__type(value, struct value);
} map_hash SEC(".maps");
