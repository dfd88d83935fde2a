/* Maps, programs and their attachment, by the lowest calls there are. */
#include "floor.h"

#include <asm/ptrace.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

int map_make(uint32_t type, uint32_t key_b, uint32_t value_b, uint32_t n)
{
	int fd = bpf_map_create(type, "floor", key_b, value_b, n, NULL);

	if (fd < 0)
		die("map");
	return fd;
}

int program_load(uint32_t type, const char *btf_tracepoint, const struct code *c)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int fd;

	if (btf_tracepoint) {
		opts.expected_attach_type = BPF_TRACE_RAW_TP;
		int id = libbpf_find_vmlinux_btf_id(btf_tracepoint, BPF_TRACE_RAW_TP);

		if (id < 0)
			die("the type of a raw tracepoint");
		opts.attach_btf_id = (__u32)id;
	}
	fd = bpf_prog_load(type, "floor", "GPL", c->insn, (size_t)c->n, &opts);
	if (fd < 0) {
		static char log[1 << 20];

		opts.log_buf = log;
		opts.log_size = sizeof(log);
		opts.log_level = 1;
		if (bpf_prog_load(type, "floor", "GPL", c->insn, (size_t)c->n, &opts) < 0)
			fputs(log, stderr);
		die("program");
	}
	return fd;
}

void attach_tracepoint(const char *name, int prog)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr),
				       .sample_period = 1};
	char path[256], text[16] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(path);
	close(fd);
	attr.config = (__u64)atoi(text);
	/* Of a tracepoint's event the CPU does not matter to BPF: the program sees them all. */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		die(name);
}

void attach_raw(int prog)
{
	if (bpf_raw_tracepoint_open(NULL, prog) < 0)
		die("raw tracepoint");
}

void probe_begin(struct probe *p, enum way way, const char *call, int nr, bool is_exit)
{
	*p = (struct probe){.call = call, .is_exit = is_exit, .way = way};
	mov(&p->c, BPF_REG_6, BPF_REG_1);
	if (way == WAY_PERF)
		return;
	if (is_exit) { /* (regs, result): the number is in regs */
		load(&p->c, BPF_DW, BPF_REG_2, BPF_REG_6, 0);
		load(&p->c, BPF_DW, BPF_REG_2, BPF_REG_2, offsetof(struct pt_regs, orig_rax));
	} else { /* (regs, number) */
		load(&p->c, BPF_DW, BPF_REG_2, BPF_REG_6, 8);
	}
	probe_leave_if(p, BPF_JNE, BPF_REG_2, nr);
}

void probe_leave_if(struct probe *p, int op, int reg, int32_t imm)
{
	assert(p->n_out < 8);
	p->out[p->n_out++] = jumpi(&p->c, op, reg, imm);
}

void probe_filter_pid(struct probe *p, pid_t pid)
{
	call(&p->c, BPF_FUNC_get_current_pid_tgid);
	alui(&p->c, BPF_RSH, BPF_REG_0, 32);
	probe_leave_if(p, BPF_JNE, BPF_REG_0, pid);
}

void probe_arg(struct probe *p, int dst, int number)
{
	static const size_t regs[] = {
		offsetof(struct pt_regs, rdi), offsetof(struct pt_regs, rsi),
		offsetof(struct pt_regs, rdx), offsetof(struct pt_regs, r10),
		offsetof(struct pt_regs, r8), offsetof(struct pt_regs, r9)};

	if (p->way == WAY_PERF) { /* the fields of the record follow its number */
		load(&p->c, BPF_DW, dst, BPF_REG_6, 16 + 8 * number);
	} else if (p->is_exit) {
		load(&p->c, BPF_DW, dst, BPF_REG_6, 8);
	} else {
		load(&p->c, BPF_DW, dst, BPF_REG_6, 0);
		load(&p->c, BPF_DW, dst, dst, (int)regs[number]);
	}
}

void probe_end(struct probe *p)
{
	const char *side = p->is_exit ? "exit" : "enter";
	char name[64];

	for (int i = 0; i < p->n_out; i++)
		land(&p->c, p->out[i]);
	leave(&p->c);
	if (p->way == WAY_RAW) {
		snprintf(name, sizeof(name), "sys_%s", side);
		attach_raw(program_load(BPF_PROG_TYPE_TRACING, name, &p->c));
	} else {
		snprintf(name, sizeof(name), "syscalls/sys_%s_%s", side, p->call);
		attach_tracepoint(name, program_load(BPF_PROG_TYPE_TRACEPOINT, NULL, &p->c));
	}
}
