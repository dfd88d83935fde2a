/* Questions whose answer is a line per event, and the start of a run. */
#include "floor.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What travels: the process, and a name or a path. */
struct record {
	uint32_t pid, kind;
	char text[64];
};

static int ring_make(uint32_t len_b)
{
	return map_make(BPF_MAP_TYPE_RINGBUF, 0, 0, len_b);
}

static void print_record(const void *data, size_t len_b)
{
	const struct record *r = data;

	(void)len_b;
	out("%u %s\n", r->pid, r->text);
}

/* r8 = a reservation of len_b, its pid filled in; without room the event is counted in
 * lost[0] and the program left. Wake-ups are the reader's business: it looks by itself. */
static void emit_reserve(struct probe *p, int ring, int lost, int32_t len_b)
{
	struct code *c = &p->c;
	int have;

	map_addr(c, BPF_REG_1, ring);
	movi(c, BPF_REG_2, len_b);
	movi(c, BPF_REG_3, 0);
	call(c, BPF_FUNC_ringbuf_reserve);
	have = jumpi(c, BPF_JNE, BPF_REG_0, 0);
	emit_count_slot(c, lost, 0);
	p->out[p->n_out++] = jump(c);
	land(c, have);
	mov(c, BPF_REG_8, BPF_REG_0);
	call(c, BPF_FUNC_get_current_pid_tgid);
	alui(c, BPF_RSH, BPF_REG_0, 32);
	store(c, BPF_W, BPF_REG_8, 0, BPF_REG_0);
}

static void emit_submit(struct probe *p)
{
	mov(&p->c, BPF_REG_1, BPF_REG_8);
	movi(&p->c, BPF_REG_2, BPF_RB_NO_WAKEUP);
	call(&p->c, BPF_FUNC_ringbuf_submit);
}

static void print_lost(int lost)
{
	uint64_t values[1024];
	uint32_t slot = 0;

	if (!bpf_map_lookup_elem(lost, &slot, values) && sum_cpus(values))
		out("Lost %llu events\n", (unsigned long long)sum_cpus(values));
}

/* tracepoint:syscalls:sys_enter_getppid /pid == P/ { printf("%d %s\n", pid, comm); } */
int floor_printf(enum way way, int argc, char **argv)
{
	int ring = ring_make(RING_B), lost = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	struct probe p;

	if (argc < 1)
		die("printf PID");
	probe_begin(&p, way, "getppid", SYS_getppid, false);
	probe_filter_pid(&p, atoi(argv[0]));
	emit_reserve(&p, ring, lost, 8 + 16);
	mov(&p.c, BPF_REG_1, BPF_REG_8);
	alui(&p.c, BPF_ADD, BPF_REG_1, 8);
	movi(&p.c, BPF_REG_2, 16);
	call(&p.c, BPF_FUNC_get_current_comm);
	emit_submit(&p);
	probe_end(&p);
	run_until_signal(ring, print_record);
	print_lost(lost);
	return 0;
}

static void opens(enum way way, pid_t pid, int ring, int lost)
{
	struct probe p;

	probe_begin(&p, way, "openat", SYS_openat, false);
	probe_filter_pid(&p, pid);
	emit_reserve(&p, ring, lost, sizeof(struct record));
	mov(&p.c, BPF_REG_1, BPF_REG_8);
	alui(&p.c, BPF_ADD, BPF_REG_1, 8);
	movi(&p.c, BPF_REG_2, 64);
	probe_arg(&p, BPF_REG_3, 1);
	call(&p.c, BPF_FUNC_probe_read_user_str);
	emit_submit(&p);
	probe_end(&p);
}

/* tracepoint:syscalls:sys_enter_openat /pid == P/
 * { printf("%d %s\n", pid, str(args.filename, 64)); } */
int floor_opens(enum way way, int argc, char **argv)
{
	int ring = ring_make(RING_B), lost = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);

	if (argc < 1)
		die("opens PID");
	opens(way, atoi(argv[0]), ring, lost);
	run_until_signal(ring, print_record);
	print_lost(lost);
	return 0;
}

/* The six probes of bench/run's SIX. */
int floor_six(enum way way, int argc, char **argv)
{
	int ring = ring_make(1 << 18), lost = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	int start = map_make(BPF_MAP_TYPE_HASH, 8, 8, 4096);
	int writers = map_make(BPF_MAP_TYPE_PERCPU_HASH, 16, 8, 4096);
	int bytes = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8 * HIST_BUCKETS, 1);
	int times = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8 * HIST_BUCKETS, 1);
	int written = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8 * HIST_BUCKETS, 1);
	int done = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	struct probe p;
	pid_t pid;

	if (argc < 1)
		die("six PID");
	pid = atoi(argv[0]);
	opens(way, pid, ring, lost);

	probe_begin(&p, way, "openat", SYS_openat, true);
	probe_filter_pid(&p, pid);
	emit_count_slot(&p.c, done, 0);
	probe_end(&p);

	probe_begin(&p, way, "read", SYS_read, false);
	probe_filter_pid(&p, pid);
	call(&p.c, BPF_FUNC_get_current_pid_tgid);
	store(&p.c, BPF_DW, BPF_REG_10, -8, BPF_REG_0);
	call(&p.c, BPF_FUNC_ktime_get_ns);
	store(&p.c, BPF_DW, BPF_REG_10, -16, BPF_REG_0);
	map_addr(&p.c, BPF_REG_1, start);
	lea_stack(&p.c, BPF_REG_2, -8);
	lea_stack(&p.c, BPF_REG_3, -16);
	movi(&p.c, BPF_REG_4, BPF_ANY);
	call(&p.c, BPF_FUNC_map_update_elem);
	probe_end(&p);

	probe_begin(&p, way, "read", SYS_read, true);
	probe_filter_pid(&p, pid);
	call(&p.c, BPF_FUNC_get_current_pid_tgid);
	store(&p.c, BPF_DW, BPF_REG_10, -8, BPF_REG_0);
	map_addr(&p.c, BPF_REG_1, start);
	lea_stack(&p.c, BPF_REG_2, -8);
	call(&p.c, BPF_FUNC_map_lookup_elem);
	probe_leave_if(&p, BPF_JEQ, BPF_REG_0, 0);
	load(&p.c, BPF_DW, BPF_REG_9, BPF_REG_0, 0);
	call(&p.c, BPF_FUNC_ktime_get_ns);
	alu(&p.c, BPF_SUB, BPF_REG_0, BPF_REG_9);
	mov(&p.c, BPF_REG_7, BPF_REG_0);
	map_addr(&p.c, BPF_REG_1, start);
	lea_stack(&p.c, BPF_REG_2, -8);
	call(&p.c, BPF_FUNC_map_delete_elem);
	emit_hist(&p.c, times);
	probe_arg(&p, BPF_REG_7, 0);
	emit_hist(&p.c, bytes);
	probe_end(&p);

	probe_begin(&p, way, "write", SYS_write, false);
	probe_filter_pid(&p, pid);
	lea_stack(&p.c, BPF_REG_1, -16);
	movi(&p.c, BPF_REG_2, 16);
	call(&p.c, BPF_FUNC_get_current_comm);
	emit_count_key(&p.c, writers, -16);
	probe_end(&p);

	probe_begin(&p, way, "write", SYS_write, true);
	probe_filter_pid(&p, pid);
	probe_arg(&p, BPF_REG_7, 0);
	emit_hist(&p.c, written);
	probe_end(&p);

	run_until_signal(ring, print_record);
	print_hist("@ns", times);
	print_hist("@bytes", bytes);
	print_hist("@written", written);
	return 0;
}

static int on_exit_record(void *arg, void *data, size_t len_b)
{
	(void)arg, (void)data, (void)len_b;
	return 0;
}

/* BEGIN { exit(); }: one program, run once, which asks for the end through the ring. */
int floor_begin(enum way way, int argc, char **argv)
{
	int ring = ring_make(1 << 18), prog;
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct code c = {0};
	struct ring_buffer *reader;

	(void)way, (void)argc, (void)argv;
	storei(&c, BPF_DW, BPF_REG_10, -8, 1);
	map_addr(&c, BPF_REG_1, ring);
	lea_stack(&c, BPF_REG_2, -8);
	movi(&c, BPF_REG_3, 8);
	movi(&c, BPF_REG_4, 0);
	call(&c, BPF_FUNC_ringbuf_output);
	leave(&c);
	prog = program_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, &c);
	reader = ring_buffer__new(ring, on_exit_record, NULL, NULL);
	if (!reader || bpf_prog_test_run_opts(prog, &run))
		die("run");
	out("Attached 1 probe\n");
	while (ring_buffer__poll(reader, 100) <= 0)
		;
	return 0;
}
