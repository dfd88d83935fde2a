/* Building blocks: counters and histograms, in the kernel and printed. */
#include "floor.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

int n_cpus(void)
{
	return libbpf_num_possible_cpus();
}

uint64_t sum_cpus(const uint64_t *values)
{
	uint64_t sum = 0;

	for (int i = 0; i < n_cpus(); i++)
		sum += values[i];
	return sum;
}

/* The look-up in a per-CPU array is inlined by the JIT; no helper is called. */
void emit_count_slot(struct code *c, int array, int slot)
{
	int absent;

	storei(c, BPF_W, BPF_REG_10, -4, slot);
	map_addr(c, BPF_REG_1, array);
	lea_stack(c, BPF_REG_2, -4);
	call(c, BPF_FUNC_map_lookup_elem);
	absent = jumpi(c, BPF_JEQ, BPF_REG_0, 0);
	increment(c, BPF_REG_0, 0, BPF_REG_1);
	land(c, absent);
}

/* Uses eight bytes of stack below the key for the first value. */
void emit_count_key(struct code *c, int hash, int key_off)
{
	int absent, done;

	map_addr(c, BPF_REG_1, hash);
	lea_stack(c, BPF_REG_2, key_off);
	call(c, BPF_FUNC_map_lookup_elem);
	absent = jumpi(c, BPF_JEQ, BPF_REG_0, 0);
	increment(c, BPF_REG_0, 0, BPF_REG_1);
	done = jump(c);
	land(c, absent);
	storei(c, BPF_DW, BPF_REG_10, key_off - 8, 1);
	map_addr(c, BPF_REG_1, hash);
	lea_stack(c, BPF_REG_2, key_off);
	lea_stack(c, BPF_REG_3, key_off - 8);
	movi(c, BPF_REG_4, BPF_ANY);
	call(c, BPF_FUNC_map_update_elem);
	land(c, done);
}

/* r7 -> bucket: 0 for negative, 1 for 0, n + 2 for [2^n, 2^(n+1)). One value holds all buckets. */
void emit_hist(struct code *c, int array)
{
	int negative, zero, found, absent;

	storei(c, BPF_W, BPF_REG_10, -4, 0);
	map_addr(c, BPF_REG_1, array);
	lea_stack(c, BPF_REG_2, -4);
	call(c, BPF_FUNC_map_lookup_elem);
	absent = jumpi(c, BPF_JEQ, BPF_REG_0, 0);

	movi(c, BPF_REG_2, 0);
	negative = jumpi(c, BPF_JSLT, BPF_REG_7, 0);
	movi(c, BPF_REG_2, 1);
	zero = jumpi(c, BPF_JEQ, BPF_REG_7, 0);
	movi(c, BPF_REG_2, 2);
	for (int step = 32; step; step >>= 1) {
		mov(c, BPF_REG_3, BPF_REG_7);
		alui(c, BPF_RSH, BPF_REG_3, step);
		found = jumpi(c, BPF_JEQ, BPF_REG_3, 0);
		mov(c, BPF_REG_7, BPF_REG_3);
		alui(c, BPF_ADD, BPF_REG_2, step);
		land(c, found);
	}
	land(c, negative);
	land(c, zero);
	alui(c, BPF_LSH, BPF_REG_2, 3);
	alu(c, BPF_ADD, BPF_REG_0, BPF_REG_2);
	increment(c, BPF_REG_0, 0, BPF_REG_1);
	land(c, absent);
}

void print_hist(const char *name, int array)
{
	static uint64_t values[HIST_BUCKETS * 1024];
	uint32_t slot = 0;

	if (bpf_map_lookup_elem(array, &slot, values))
		die("histogram");
	out("%s:\n", name);
	for (int bucket = 0; bucket < HIST_BUCKETS; bucket++) {
		uint64_t sum = 0;

		for (int cpu = 0; cpu < n_cpus(); cpu++)
			sum += values[cpu * HIST_BUCKETS + bucket];
		if (sum)
			out("%d %llu\n", bucket, (unsigned long long)sum);
	}
}
