/* See profile.h. The code, for each counter i, is
 *	fentry: read event i to starts[i];
 *	fexit:  read event i; sums[i] += it - starts[i]; and one run more.
 * A word behind the starts says that all were read: an exit without its entry (the program ran
 * while we came), or with a counter that is not to be had here, counts nothing. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/insn.h"
#include "inspect/prog/profile.h"

enum {
	VALUE_B = sizeof(struct bpf_perf_event_value),
	INSNS_MOST = 256,
	JUMPS_MOST = 16,
	LOG_B = 1 << 20,
	KEY_OFF = -8, /* on the stack */
	READ_OFF = KEY_OFF - VALUE_B * PROFILE_COUNTERS_MOST,
};

struct starts {
	struct bpf_perf_event_value counters[PROFILE_COUNTERS_MOST];
	uint64_t is_whole;
};

struct code {
	struct bpf_insn insns[INSNS_MOST];
	int n;
	int to_end[JUMPS_MOST], n_to_end;
};

static void add(struct code *c, struct bpf_insn i)
{
	c->insns[c->n++] = i;
}

static void add_map(struct code *c, uint8_t to, int map)
{
	bpf_lddw(&c->insns[c->n], to, BPF_PSEUDO_MAP_FD, (uint32_t)map);
	c->n += 2;
}

/* If `op` is true of r0 and 0, nothing more is done. */
static void add_end_if(struct code *c, uint8_t op, uint8_t reg)
{
	c->to_end[c->n_to_end++] = c->n;
	add(c, bpf_jmp_imm(op, false, reg, 0, 0));
}

/* `to` = the map's one value. */
static void add_lookup(struct code *c, uint8_t to, int map)
{
	add(c, bpf_store_imm(4, BPF_REG_10, KEY_OFF, 0));
	add_map(c, BPF_REG_1, map);
	add(c, bpf_mov(BPF_REG_2, BPF_REG_10));
	add(c, bpf_alu_imm(BPF_ADD, false, BPF_REG_2, KEY_OFF));
	add(c, bpf_call(BPF_FUNC_map_lookup_elem));
	add_end_if(c, BPF_JEQ, BPF_REG_0);
	add(c, bpf_mov(to, BPF_REG_0));
}

static void add_read(struct code *c, int map, uint8_t base, int32_t off)
{
	add_map(c, BPF_REG_1, map);
	add(c, bpf_alu_imm(BPF_MOV, true, BPF_REG_2, -1)); /* BPF_F_CURRENT_CPU */
	add(c, bpf_mov(BPF_REG_3, base));
	add(c, bpf_alu_imm(BPF_ADD, false, BPF_REG_3, off));
	add(c, bpf_mov_imm(BPF_REG_4, VALUE_B));
	add(c, bpf_call(BPF_FUNC_perf_event_read_value));
	add_end_if(c, BPF_JNE, BPF_REG_0);
}

static void add_end(struct code *c)
{
	for (int i = 0; i < c->n_to_end; i++)
		c->insns[c->to_end[i]].off = (int16_t)(c->n - c->to_end[i] - 1);
	add(c, bpf_mov_imm(BPF_REG_0, 0));
	add(c, bpf_exit());
}

static void build_entry(struct code *c, const struct profiler *p)
{
	*c = (struct code){0};
	add_lookup(c, BPF_REG_6, p->starts);
	add(c, bpf_store_imm(8, BPF_REG_6, offsetof(struct starts, is_whole), 0));
	for (int i = 0; i < p->n_counters; i++)
		add_read(c, p->events[i], BPF_REG_6, i * VALUE_B);
	add(c, bpf_store_imm(8, BPF_REG_6, offsetof(struct starts, is_whole), 1));
	add_end(c);
}

static void build_exit(struct code *c, const struct profiler *p)
{
	*c = (struct code){0};
	for (int i = 0; i < p->n_counters; i++)
		add_read(c, p->events[i], BPF_REG_10, READ_OFF + i * VALUE_B);
	add_lookup(c, BPF_REG_6, p->starts);
	add(c, bpf_load(8, false, BPF_REG_1, BPF_REG_6, offsetof(struct starts, is_whole)));
	add_end_if(c, BPF_JEQ, BPF_REG_1);
	add(c, bpf_store_imm(8, BPF_REG_6, offsetof(struct starts, is_whole), 0));
	add_lookup(c, BPF_REG_7, p->sums);
	for (int i = 0; i < p->n_counters; i++)
		for (int part = 0; part < VALUE_B; part += 8) {
			int16_t off = (int16_t)(i * VALUE_B + part);
			int16_t sum = (int16_t)(offsetof(struct profile_sums, counters) + off);

			add(c, bpf_load(8, false, BPF_REG_1, BPF_REG_10, READ_OFF + off));
			add(c, bpf_load(8, false, BPF_REG_2, BPF_REG_6, off));
			add(c, bpf_alu(BPF_SUB, false, BPF_REG_1, BPF_REG_2));
			add(c, bpf_load(8, false, BPF_REG_2, BPF_REG_7, sum));
			add(c, bpf_alu(BPF_ADD, false, BPF_REG_2, BPF_REG_1));
			add(c, bpf_store(8, BPF_REG_7, sum, BPF_REG_2));
		}
	add(c, bpf_load(8, false, BPF_REG_1, BPF_REG_7, offsetof(struct profile_sums, runs)));
	add(c, bpf_alu_imm(BPF_ADD, false, BPF_REG_1, 1));
	add(c, bpf_store(8, BPF_REG_7, offsetof(struct profile_sums, runs), BPF_REG_1));
	add_end(c);
}

/* ---- in the kernel --------------------------------------------------------------------------- */

static int fail(struct profiler *p, const char *what)
{
	int err = -errno;

	p->failed = what;
	return err;
}

int profiler_create(struct profiler *p, int n_counters, uint32_t n_cpus)
{
	*p = (struct profiler){
	    .n_counters = n_counters, .entry = -1, .exit = -1, .entry_link = -1, .exit_link = -1};
	for (int i = 0; i < n_counters; i++)
		p->events[i] = -1;
	p->starts =
	    bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "starts", 4, sizeof(struct starts), 1, NULL);
	p->sums = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "sums", 4, sizeof(struct profile_sums),
	                         1, NULL);
	if (p->starts < 0 || p->sums < 0)
		return fail(p, "create maps");
	for (int i = 0; i < n_counters; i++) {
		p->events[i] =
		    bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "events", 4, 4, n_cpus, NULL);
		if (p->events[i] < 0)
			return fail(p, "create maps");
	}
	return 0;
}

static int load(const struct code *c, enum bpf_attach_type type, int target, uint32_t function,
                uint32_t log_level)
{
	char *log = log_level ? calloc(1, LOG_B) : NULL;
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type,
	            .attach_prog_fd = (uint32_t)target, .attach_btf_id = function, .log_buf = log,
	            .log_size = log ? LOG_B : 0, .log_level = log ? log_level : 0);
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, type == BPF_TRACE_FENTRY ? "entry" : "exit",
	                       "GPL", c->insns, (size_t)c->n, &opts);
	int err = errno;

	if (log)
		fputs(log, stderr);
	free(log);
	errno = err;
	return fd;
}

int profiler_attach(struct profiler *p, int target, uint32_t function, uint32_t log_level)
{
	struct code c;

	build_entry(&c, p);
	p->entry = load(&c, BPF_TRACE_FENTRY, target, function, log_level);
	if (p->entry < 0)
		return fail(p, "load a program in front of it");
	build_exit(&c, p);
	p->exit = load(&c, BPF_TRACE_FEXIT, target, function, log_level);
	if (p->exit < 0)
		return fail(p, "load a program behind it");
	p->exit_link = bpf_raw_tracepoint_open(NULL, p->exit);
	if (p->exit_link < 0)
		return fail(p, "attach a program behind it");
	p->entry_link = bpf_raw_tracepoint_open(NULL, p->entry);
	if (p->entry_link < 0)
		return fail(p, "attach a program in front of it");
	return 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void profiler_detach(struct profiler *p)
{
	close_one(&p->entry_link);
	close_one(&p->exit_link);
	close_one(&p->entry);
	close_one(&p->exit);
}

void profiler_close(struct profiler *p)
{
	profiler_detach(p);
	for (int i = 0; i < p->n_counters; i++)
		close_one(&p->events[i]);
	close_one(&p->starts);
	close_one(&p->sums);
}
