/* Questions whose answer is kept in the kernel: counters, histograms, stacks, keys. */
#include "floor.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t values[1024];

static void print_slot(const char *name, int array, uint32_t slot)
{
	if (bpf_map_lookup_elem(array, &slot, values))
		die("value");
	out("%s: %llu\n", name, (unsigned long long)sum_cpus(values));
}

/* tracepoint:syscalls:sys_enter_getppid { @ = count(); } */
int floor_count(enum way way, int argc, char **argv)
{
	int array = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	struct probe p;

	(void)argc, (void)argv;
	probe_begin(&p, way, "getppid", SYS_getppid, false);
	emit_count_slot(&p.c, array, 0);
	probe_end(&p);
	run_until_signal(-1, NULL);
	print_slot("@", array, 0);
	return 0;
}

/* tracepoint:syscalls:sys_enter_getppid /pid == 1/ { @ = count(); } */
int floor_filter(enum way way, int argc, char **argv)
{
	int array = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	struct probe p;

	(void)argc, (void)argv;
	probe_begin(&p, way, "getppid", SYS_getppid, false);
	probe_filter_pid(&p, 1);
	emit_count_slot(&p.c, array, 0);
	probe_end(&p);
	run_until_signal(-1, NULL);
	print_slot("@", array, 0);
	return 0;
}

/* tracepoint:syscalls:sys_enter_getppid { @[comm] = count(); } */
int floor_comm(enum way way, int argc, char **argv)
{
	int hash = map_make(BPF_MAP_TYPE_PERCPU_HASH, 16, 8, 4096);
	char key[16], *previous = NULL;
	struct probe p;

	(void)argc, (void)argv;
	probe_begin(&p, way, "getppid", SYS_getppid, false);
	lea_stack(&p.c, BPF_REG_1, -16);
	movi(&p.c, BPF_REG_2, 16);
	call(&p.c, BPF_FUNC_get_current_comm);
	emit_count_key(&p.c, hash, -16);
	probe_end(&p);
	run_until_signal(-1, NULL);
	for (; !bpf_map_get_next_key(hash, previous, key); previous = key)
		if (!bpf_map_lookup_elem(hash, key, values))
			out("@[%s]: %llu\n", key, (unsigned long long)sum_cpus(values));
	return 0;
}

/* tracepoint:syscalls:sys_exit_pread64 { @ = hist(args.ret); } */
int floor_hist(enum way way, int argc, char **argv)
{
	int array = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8 * HIST_BUCKETS, 1);
	struct probe p;

	(void)argc, (void)argv;
	probe_begin(&p, way, "pread64", SYS_pread64, true);
	probe_arg(&p, BPF_REG_7, 0);
	emit_hist(&p.c, array);
	probe_end(&p);
	run_until_signal(-1, NULL);
	print_hist("@", array);
	return 0;
}

/* tracepoint:syscalls:sys_enter_getppid { @[kstack] = count(); } */
int floor_kstack(enum way way, int argc, char **argv)
{
	int stacks = map_make(BPF_MAP_TYPE_STACK_TRACE, 4, 127 * 8, 4096);
	int hash = map_make(BPF_MAP_TYPE_PERCPU_HASH, 8, 8, 4096);
	uint64_t key, *previous = NULL, frames[127];
	struct probe p;

	(void)argc, (void)argv;
	probe_begin(&p, way, "getppid", SYS_getppid, false);
	mov(&p.c, BPF_REG_1, BPF_REG_6);
	map_addr(&p.c, BPF_REG_2, stacks);
	movi(&p.c, BPF_REG_3, 0);
	call(&p.c, BPF_FUNC_get_stackid);
	store(&p.c, BPF_DW, BPF_REG_10, -8, BPF_REG_0);
	emit_count_key(&p.c, hash, -8);
	probe_end(&p);
	run_until_signal(-1, NULL);
	for (; !bpf_map_get_next_key(hash, previous, &key); previous = &key) {
		uint32_t id = (uint32_t)key;

		memset(frames, 0, sizeof(frames));
		bpf_map_lookup_elem(stacks, &id, frames);
		bpf_map_lookup_elem(hash, &key, values);
		out("@[\n");
		for (int i = 0; i < 127 && frames[i]; i++)
			out("    0x%llx\n", (unsigned long long)frames[i]);
		out("]: %llu\n", (unsigned long long)sum_cpus(values));
	}
	return 0;
}

/* tracepoint:syscalls:sys_enter_* { @[probe] = count(); } over a command. One raw tracepoint sees
 * every call; the number is the key. */
int floor_calls(enum way way, int argc, char **argv)
{
	enum { CALLS = 512 };
	int array = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, CALLS);
	struct code c = {0};
	int absent, hold[2];
	char byte = 0;
	pid_t child;

	(void)way;
	if (argc < 1 || pipe(hold))
		die("calls COMMAND");
	child = fork();
	if (!child) {
		close(hold[1]);
		if (read(hold[0], &byte, 1) == 1)
			execv(argv[0], argv);
		_exit(1);
	}
	load(&c, BPF_DW, BPF_REG_2, BPF_REG_1, 8);
	store(&c, BPF_W, BPF_REG_10, -4, BPF_REG_2);
	map_addr(&c, BPF_REG_1, array);
	lea_stack(&c, BPF_REG_2, -4);
	call(&c, BPF_FUNC_map_lookup_elem);
	absent = jumpi(&c, BPF_JEQ, BPF_REG_0, 0);
	increment(&c, BPF_REG_0, 0, BPF_REG_1);
	land(&c, absent);
	leave(&c);
	if (bpf_raw_tracepoint_open("sys_enter",
				    program_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, &c)) < 0)
		die("sys_enter");
	if (write(hold[1], &byte, 1) != 1)
		die("child");
	waitpid(child, NULL, 0);
	for (uint32_t nr = 0; nr < CALLS; nr++)
		if (!bpf_map_lookup_elem(array, &nr, values) && sum_cpus(values))
			out("@[%u]: %llu\n", nr, (unsigned long long)sum_cpus(values));
	return 0;
}

struct entry {
	uint64_t key, value;
};

static int by_value(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->value < y->value ? -1 : x->value > y->value;
}

/* tracepoint:syscalls:sys_enter_getpgid /pid == P/ { @[args.pid] = args.pid; } */
int floor_keys(enum way way, int argc, char **argv)
{
	enum { KEYS = 200000, BATCH = 8192 };
	int hash = map_make(BPF_MAP_TYPE_HASH, 8, 8, KEYS);
	static uint64_t keys[BATCH], data[BATCH];
	struct entry *all = malloc(KEYS * sizeof(*all));
	uint32_t position, n, total = 0;
	struct probe p;
	int err = 0;

	if (argc < 1 || !all)
		die("keys PID");
	probe_begin(&p, way, "getpgid", SYS_getpgid, false);
	probe_filter_pid(&p, atoi(argv[0]));
	probe_arg(&p, BPF_REG_1, 0);
	store(&p.c, BPF_DW, BPF_REG_10, -8, BPF_REG_1);
	map_addr(&p.c, BPF_REG_1, hash);
	lea_stack(&p.c, BPF_REG_2, -8);
	lea_stack(&p.c, BPF_REG_3, -8);
	movi(&p.c, BPF_REG_4, BPF_ANY);
	call(&p.c, BPF_FUNC_map_update_elem);
	probe_end(&p);
	run_until_signal(-1, NULL);

	for (void *in = NULL; !err; in = &position) {
		n = BATCH;
		err = bpf_map_lookup_batch(hash, in, &position, keys, data, &n, NULL);
		for (uint32_t i = 0; i < n && total < KEYS; i++)
			all[total++] = (struct entry){keys[i], data[i]};
	}
	qsort(all, total, sizeof(*all), by_value);
	for (uint32_t i = 0; i < total; i++)
		out("@[%llu]: %llu\n", (unsigned long long)all[i].key,
		    (unsigned long long)all[i].value);
	return 0;
}
