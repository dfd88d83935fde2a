/* The user engine's tracer, from inside: filters against an interpreter of filters, instructions
 * against the processor, what it tells of a child that the test knows all about. Real programs are
 * in tests/user. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/user/inside.h"
#include "engine/user/step.h"

static uint64_t random_state = 88172645463325252ull;

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* valgrind runs the child on a processor of its own, whose registers are not the child's. */
static void skip_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	if (preload && strstr(preload, "vgpreload"))
		skip();
}

/* ---- filters -------------------------------------------------------------------------------- */

static uint32_t run_filter(const struct sock_filter *f, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &f[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k + 4 <= sizeof(*d) && i->k % 4 == 0);
			memcpy(&a, (const char *)d + i->k, 4);
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("instruction %zu has code %#x", pc, i->code);
		}
	}
	fail_msg("the filter has no end");
	return 0;
}

static uint32_t expected(uint8_t action, const struct seccomp_data *d)
{
	switch ((enum call_action)action) {
	case CALL_STOPS:
		return SECCOMP_RET_TRACE;
	case CALL_NOTIFIES:
		return SECCOMP_RET_USER_NOTIF;
	case CALL_STOPS_IF_EXEC:
		return d->args[2] & PROT_EXEC ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW;
	case CALL_STOPS_IF_FILE:
		return d->args[3] & MAP_ANONYMOUS ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRACE;
	case CALL_PASSES:
		break;
	}
	return SECCOMP_RET_ALLOW;
}

static void check_filter(const uint8_t actions[TRACER_SYSCALLS])
{
	size_t n;
	struct sock_filter *f = filter_build(actions, &n);

	assert_true(n <= BPF_MAXINSNS);
	for (int nr = 0; nr < TRACER_SYSCALLS; nr++) {
		struct seccomp_data d = {.nr = nr, .arch = ARCH_AUDIT};

		d.args[2] = random64() % 8;
		d.args[3] = random64() % 64;
		assert_int_equal(run_filter(f, n, &d), expected(actions[nr], &d));
		d.arch ^= 1;
		assert_int_equal(run_filter(f, n, &d), SECCOMP_RET_ALLOW);
		d.arch ^= 1;
		d.nr |= 0x40000000; /* x32 */
		assert_int_equal(run_filter(f, n, &d), SECCOMP_RET_ALLOW);
	}
	free(f);
}

static void test_filters(void **state)
{
	uint8_t actions[TRACER_SYSCALLS] = {0};

	(void)state;
	check_filter(actions);
	memset(actions, CALL_STOPS, sizeof(actions));
	check_filter(actions);
	memset(actions, CALL_PASSES, sizeof(actions));
	actions[257] = CALL_NOTIFIES;
	check_filter(actions);
	/* a different action for each number is the longest filter */
	for (int nr = 0; nr < TRACER_SYSCALLS; nr++)
		actions[nr] = (uint8_t)(nr % 5);
	check_filter(actions);
	for (int round = 0; round < 50; round++) {
		for (int nr = 0; nr < TRACER_SYSCALLS; nr++)
			actions[nr] = random64() % 8 ? CALL_PASSES : (uint8_t)(random64() % 5);
		check_filter(actions);
	}
}

/* ---- instructions --------------------------------------------------------------------------- */

#ifdef __x86_64__

static void test_plans(void **state)
{
	static const struct {
		const char *bytes;
		uint8_t n, insn_b;
		int err;
	} cases[] = {
	    {"\xf3\x0f\x1e\xfa", 4, 4, 0},                           /* endbr64 */
	    {"\x55", 1, 1, 0},                                       /* push rbp */
	    {"\x41\x57", 2, 2, 0},                                   /* push r15 */
	    {"\x48\x83\xec\x18", 4, 4, 0},                           /* sub rsp, 24 */
	    {"\x48\x81\xec\x08\x01\x00\x00", 7, 7, 0},               /* sub rsp, 264 */
	    {"\x8b\x05\x01\x02\x03\x04", 6, 6, 0},                   /* mov eax, [rip+...] */
	    {"\xc7\x05\x01\x02\x03\x04\x01\x00\x00\x00", 10, 10, 0}, /* mov dword [rip], 1 */
	    {"\x66\xc7\x05\x01\x02\x03\x04\x01\x00", 9, 9, 0},       /* mov word [rip], 1 */
	    {"\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08", 10, 10, 0}, /* movabs */
	    {"\x48\xa1\x01\x02\x03\x04\x05\x06\x07\x08", 10, 10, 0}, /* mov rax, [moffs] */
	    {"\x64\x48\x8b\x04\x25\x28\x00\x00\x00", 9, 9, 0},       /* mov rax, fs:40 */
	    {"\xf6\x05\x01\x02\x03\x04\x80", 7, 7, 0},               /* test byte [rip], imm8 */
	    {"\xf6\x1d\x01\x02\x03\x04", 6, 6, 0},                   /* neg byte [rip] */
	    {"\xc5\xf8\x77", 3, 3, 0},                               /* vzeroupper */
	    {"\xc5\xfe\x6f\x06", 4, 4, 0},                           /* vmovdqu ymm0, [rsi] */
	    {"\xc4\xe3\x7d\x39\xc1\x01", 6, 6, 0},                   /* vextracti128 */
	    {"\x62\xf1\xfe\x48\x6f\x06", 6, 6, 0},                   /* vmovdqu64 zmm0, [rsi] */
	    {"\x0f\x84\x01\x02\x03\x04", 6, 6, 0},                   /* jz rel32 */
	    {"\x66\x0f\x1f\x84\x00\x00\x00\x00\x00", 9, 9, 0},       /* long nop */
	    {"\xc8\x10\x00\x00", 4, 4, 0},                           /* enter */
	    {"\x0f\x05", 2, 0, -EOPNOTSUPP},                         /* syscall */
	    {"\xcc", 1, 0, -EOPNOTSUPP},                             /* int3 */
	    {"\x0f\x0b", 2, 0, -EOPNOTSUPP},                         /* ud2 */
	    {"\x06", 1, 0, -EILSEQ},
	    {"\x48\x81\xec\x08", 4, 0, -EILSEQ}, /* cut short */
	    {"\x66\x66", 2, 0, -EILSEQ},
	    {"", 0, 0, -EILSEQ},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct step s = {0};

		assert_int_equal(step_plan((const uint8_t *)cases[i].bytes, cases[i].n, &s),
		                 cases[i].err);
		assert_int_equal(s.insn_b, cases[i].insn_b);
	}
}

/* A stopped child with a page of code and memory that registers can point to. */
enum { CODE_B = 4096, DATA_B = 1 << 16, FLAGS = 0x8d5, AF = 0x10, ROUNDS = 6000 };

struct stage {
	pid_t pid;
	uint8_t *code, *data; /* in the child as here */
	struct arch_regs regs;
	uint8_t before[DATA_B], native[DATA_B], now[DATA_B];
};

static void stage_open(struct stage *g)
{
	int status;

	/* Near each other, and where the sum of two pointers is none: nothing else is written to.
	 */
	g->code = mmap((void *)0x400000000000, CODE_B + DATA_B, PROT_READ | PROT_WRITE | PROT_EXEC,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_true(g->code != MAP_FAILED);
	g->data = g->code + CODE_B;
	g->pid = fork();
	if (!g->pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(1);
	}
	assert_int_equal(waitpid(g->pid, &status, 0), g->pid);
	assert_int_equal(arch_regs_get(g->pid, &g->regs), 0);
	g->regs.r.orig_rax = UINT64_MAX;
}

static void stage_close(struct stage *g)
{
	kill(g->pid, SIGKILL);
	waitpid(g->pid, NULL, 0);
	munmap(g->code, CODE_B + DATA_B);
}

/* One step with these registers; true if the instruction was done. */
static bool single_step(struct stage *g, struct arch_regs *r)
{
	int status;

	assert_int_equal(arch_regs_set(g->pid, r), 0);
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, g->pid, NULL, NULL), 0);
	assert_int_equal(waitpid(g->pid, &status, 0), g->pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(arch_regs_get(g->pid, r), 0);
	return WSTOPSIG(status) == SIGTRAP;
}

static void put_data(struct stage *g, const uint8_t *bytes)
{
	assert_int_equal(memory_write(g->pid, (uint64_t)(uintptr_t)g->data, bytes, DATA_B), 0);
}

static void get_data(struct stage *g, uint8_t *bytes)
{
	assert_int_equal(memory_read(g->pid, (uint64_t)(uintptr_t)g->data, bytes, DATA_B), 0);
}

static uint64_t random_pointer(const struct stage *g)
{
	uint64_t middle = (uint64_t)(uintptr_t)g->data + DATA_B / 4;

	return middle + random64() % (DATA_B / 2 / 8) * 8;
}

static void random_registers(const struct stage *g, struct arch_regs *r, uint64_t ip)
{
	uint64_t *const all[] = {
	    (uint64_t *)&r->r.rax, (uint64_t *)&r->r.rbx, (uint64_t *)&r->r.rcx,
	    (uint64_t *)&r->r.rdx, (uint64_t *)&r->r.rsi, (uint64_t *)&r->r.rdi,
	    (uint64_t *)&r->r.rbp, (uint64_t *)&r->r.r8,  (uint64_t *)&r->r.r9,
	    (uint64_t *)&r->r.r10, (uint64_t *)&r->r.r11, (uint64_t *)&r->r.r12,
	    (uint64_t *)&r->r.r13, (uint64_t *)&r->r.r14, (uint64_t *)&r->r.r15};

	*r = g->regs;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		*all[i] = random64() % 4 == 0   ? random64() % 4 - 1
		          : random64() % 4 == 0 ? random64()
		                                : random_pointer(g);
	r->r.rsp = random_pointer(g);
	r->r.rip = ip;
	r->r.eflags = 0x202 | (random64() & FLAGS);
}

/* An instruction: an opcode that stands first in functions often, any operands. */
static size_t random_instruction(const struct stage *g, uint64_t ip, uint8_t *bytes)
{
	static const uint8_t opcodes[] = {
	    0x01, 0x03, 0x09, 0x0b, 0x11, 0x13, 0x19, 0x1b, 0x21, 0x23, 0x29, 0x2b, 0x31, 0x33,
	    0x39, 0x3b, 0x50, 0x53, 0x54, 0x55, 0x58, 0x5c, 0x5d, 0x63, 0x70, 0x72, 0x74, 0x76,
	    0x78, 0x7a, 0x7c, 0x7e, 0x7f, 0x81, 0x83, 0x85, 0x88, 0x89, 0x8a, 0x8b, 0x8d, 0x90,
	    0x9c, 0xb8, 0xbb, 0xc3, 0xc7, 0xe3, 0xe8, 0xe9, 0xeb, 0xf7, 0xff, 0xe0, 0xe1, 0xe2};
	static const uint8_t twos[] = {0x1e, 0x1f, 0x84, 0x8c, 0x8f, 0xa2, 0xaf, 0xb6,
	                               0xb7, 0xbe, 0xbf, 0xb1, 0x44, 0x10, 0x28, 0xc1};
	size_t n = 0;

	if (random64() % 8 == 0)
		bytes[n++] = 0x66;
	if (random64() % 2)
		bytes[n++] = (uint8_t)(0x40 | random64() % 16);
	if (random64() % 3 == 0) {
		bytes[n++] = 0x0f;
		bytes[n++] = twos[random64() % sizeof(twos)];
	} else {
		bytes[n++] = opcodes[random64() % sizeof(opcodes)];
	}
	for (size_t i = n; i < STEP_SLOT_B; i++)
		bytes[i] = (uint8_t)random64();
	/* often relative to the instruction pointer, with an address that is there */
	if (random64() % 3 == 0) {
		int32_t away = (int32_t)(random_pointer(g) - ip - 8);

		bytes[n] = (bytes[n] & 0x38) | 5;
		memcpy(bytes + n + 1, &away, 4);
	}
	return STEP_SLOT_B;
}

static uint64_t flags_that_count(const uint8_t *bytes, const struct step *s)
{
	uint8_t opcode = bytes[s->at];

	/* imul and test leave some open */
	if (s->is_two_byte && opcode == 0xaf)
		return 0x801;
	if (!s->is_two_byte && opcode == 0xf7)
		return 0;
	return FLAGS & ~(uint64_t)AF;
}

static void assert_same(const struct arch_regs *a, const struct arch_regs *b, const uint8_t *bytes,
                        const struct step *s, const char *how)
{
	struct arch_regs x = *a, y = *b;
	uint64_t flags = flags_that_count(bytes, s);

	x.r.eflags &= flags;
	y.r.eflags &= flags;
	if (!memcmp(&x.r, &y.r, offsetof(struct user_regs_struct, fs_base)))
		return;
	for (size_t i = 0; i < offsetof(struct user_regs_struct, fs_base) / 8; i++)
		if (((uint64_t *)&x.r)[i] != ((uint64_t *)&y.r)[i])
			print_message("register %zu: %#llx natively, %#llx %s\n", i,
			              (long long)((uint64_t *)&x.r)[i],
			              (long long)((uint64_t *)&y.r)[i], how);
	for (size_t i = 0; i < s->insn_b; i++)
		print_message(" %02x", bytes[i]);
	print_message("\n");
	fail_msg("%s: the registers differ", how);
}

static void test_steps_as_the_processor(void **state)
{
	static struct stage g;
	size_t n_emulated = 0, n_copied = 0;
	uint64_t code, slot;

	(void)state;
	skip_under_valgrind();
	stage_open(&g);
	code = (uint64_t)(uintptr_t)g.code;
	slot = code + 2048;
	for (size_t i = 0; i < DATA_B; i++)
		g.before[i] = (uint8_t)random64();
	for (int round = 0; round < ROUNDS; round++) {
		uint8_t bytes[STEP_SLOT_B];
		struct arch_regs start, native, ours;
		struct step s;
		uint64_t saved = 0;
		bool is_done;

		random_instruction(&g, code, bytes);
		if (step_plan(bytes, sizeof(bytes), &s))
			continue;
		random_registers(&g, &start, code);
		put_data(&g, g.before);
		assert_int_equal(memory_write(g.pid, code, bytes, sizeof(bytes)), 0);
		native = start;
		if (!single_step(&g, &native))
			continue; /* a fault: points_trap() gives it back to the program */
		get_data(&g, g.native);
		/* 9c: the trap flag of this very step */
		if (s.pushes_flags)
			g.native[native.r.rsp + 1 - (uint64_t)(uintptr_t)g.data] &= (uint8_t)~1;

		put_data(&g, g.before);
		ours = start;
		if (step_emulate(&s, g.pid, &ours, code)) {
			n_emulated++;
			get_data(&g, g.now);
			assert_same(&native, &ours, bytes, &s, "emulated");
			assert_memory_equal(g.native, g.now, DATA_B);
		} else {
			assert_memory_equal(&ours.r, &start.r, sizeof(ours.r));
		}
		if (s.at + 1u >= s.insn_b && bytes[s.at] == 0xc3)
			continue;
		/* relative branches are emulated only */
		if ((!s.is_two_byte && ((bytes[s.at] >= 0x70 && bytes[s.at] <= 0x7f) ||
		                        (bytes[s.at] >= 0xe0 && bytes[s.at] <= 0xeb))) ||
		    (s.is_two_byte && bytes[s.at] >= 0x80 && bytes[s.at] <= 0x8f))
			continue;
		put_data(&g, g.before);
		ours = start;
		assert_int_equal(memory_write(g.pid, slot, s.code, sizeof(s.code)), 0);
		step_begin(&s, &ours, code, slot, &saved);
		is_done = single_step(&g, &ours);
		assert_true(is_done);
		step_end(&s, g.pid, &ours, code, slot, saved, true);
		n_copied++;
		get_data(&g, g.now);
		assert_same(&native, &ours, bytes, &s, "copied");
		assert_memory_equal(g.native, g.now, DATA_B);
	}
	stage_close(&g);
	assert_true(n_emulated > ROUNDS / 10);
	assert_true(n_copied > ROUNDS / 10);
}

#endif

/* ---- a child ----------------------------------------------------------------------------------
 */

/* What the held child does: known calls with known arguments. */
static const char text[] = "from the child\n";

static _Noreturn void run_child(int hold)
{
	uint64_t go;

	prctl(PR_SET_NAME, "tracer-child");
	if (read(hold, &go, sizeof(go)) != sizeof(go))
		_exit(1);
	syscall(SYS_write, -1, text, sizeof(text));
	prctl(PR_SET_NAME, "renamed");
	syscall(SYS_getpgid, 4711);
	_exit(7);
}

struct seen {
	pid_t child;
	unsigned n_writes, n_write_exits, n_getpgids, n_ends, n_reads;
	int status;
};

static void see_enter(void *arg, struct tracer_task *k, int nr, const uint64_t args[6])
{
	struct seen *s = arg;
	char buf[64], comm[16];
	uint32_t uid, gid;

	tracer_comm(k, comm);
	if (nr == SYS_read)
		s->n_reads++;
	if (nr == SYS_write) {
		s->n_writes++;
		assert_int_equal((int)args[0], -1);
		assert_int_equal(args[2], sizeof(text));
		assert_int_equal(tracer_read_str(k, args[1], buf, sizeof(buf)), sizeof(text));
		assert_string_equal(buf, text);
		assert_int_equal(tracer_read_str(k, args[1], buf, 5), 5);
		assert_string_equal(buf, "from");
		assert_int_equal(tracer_read(k, args[1], buf, 4), 0);
		assert_int_equal(tracer_read(k, 16, buf, 4), -EFAULT);
		assert_int_equal(buf[0], 0);
		assert_int_equal(tracer_read_str(k, 16, buf, 4), -EFAULT);
		/* the text is read-only to the child, and stays so */
		assert_int_equal(tracer_write(k, args[1], "x", 1), -EFAULT);
		assert_string_equal(comm, "tracer-child");
		assert_int_equal(tracer_tid(k), s->child);
		assert_int_equal(tracer_tgid(k), s->child);
		assert_int_equal(tracer_ppid(k), getpid());
		tracer_ids(k, &uid, &gid);
		assert_int_equal(uid, getuid());
		assert_int_equal(gid, getgid());
		assert_true(tracer_cpu(k) < 4096);
		assert_true(tracer_start_time_ns(k) > 0);
		*tracer_user(k) = s;
	}
	if (nr == SYS_getpgid) {
		s->n_getpgids++;
		assert_int_equal(args[0], 4711);
		assert_string_equal(comm, "renamed");
		assert_ptr_equal(*tracer_user(k), s);
	}
}

static void see_exit(void *arg, struct tracer_task *k, int nr, int64_t ret)
{
	struct seen *s = arg;
	const void *regs = tracer_regs(k);

	if (nr != SYS_write)
		return;
	s->n_write_exits++;
	assert_int_equal(ret, -EBADF);
	assert_non_null(regs);
	assert_int_equal((int64_t)tracer_regs_ret(regs), -EBADF);
}

static void see_end(void *arg, struct tracer_task *k, int status)
{
	struct seen *s = arg;

	(void)k;
	s->n_ends++;
	s->status = status;
}

static void follow_child(bool wants_exits, bool no_seccomp)
{
	struct seen s = {0};
	struct tracer_options o = {
	    .arg = &s, .no_seccomp = no_seccomp, .events = {see_enter, see_exit, .exit = see_end}};
	struct tracer_error e;
	struct tracer *t;
	int fds[2], status = 0;
	uint64_t go = 1;

	skip_under_valgrind();
	assert_int_equal(pipe(fds), 0);
	s.child = o.child = fork();
	if (!s.child)
		run_child(fds[0]);
	t = tracer_create(&o);
	assert_int_equal(tracer_want_syscall(t, SYS_write, TRACER_ENTER), 0);
	assert_int_equal(tracer_want_syscall(t, SYS_read, TRACER_ENTER), 0);
	assert_int_equal(tracer_want_syscall(t, SYS_getpgid, TRACER_ENTER), 0);
	if (wants_exits)
		assert_int_equal(tracer_want_syscall(t, SYS_write, TRACER_EXIT), 0);
	assert_int_equal(tracer_want_syscall(t, -1, TRACER_ENTER), -EINVAL);
	assert_int_equal(tracer_want_syscall(t, TRACER_SYSCALLS, TRACER_ENTER), -EINVAL);
	if (tracer_start(t, &e)) {
		tracer_destroy(t);
		kill(s.child, SIGKILL);
		waitpid(s.child, NULL, 0);
		if (e.err == -EPERM)
			skip(); /* a container without ptrace */
		fail_msg("%s", e.text);
	}
	/* held: nothing comes, and the wait is as long as was asked for */
	assert_int_equal(tracer_poll(t, 20, -1), 0);
	assert_int_equal(s.n_writes, 0);
	assert_int_equal(write(fds[1], &go, sizeof(go)), sizeof(go));
	while (tracer_poll(t, -1, -1) != -ECHILD)
		;
	assert_int_equal(s.n_reads, 0); /* it was begun before we came */
	assert_int_equal(s.n_writes, 1);
	assert_int_equal(s.n_write_exits, wants_exits);
	assert_int_equal(s.n_getpgids, 1);
	assert_int_equal(s.n_ends, 1);
	assert_int_equal(s.status, 7 << 8);
	assert_true(tracer_child_status(t, &status));
	assert_int_equal(status, 7 << 8);
	tracer_destroy(t);
	close(fds[0]);
	close(fds[1]);
}

static void test_notified_child(void **state)
{
	(void)state;
	follow_child(false, false);
}

static void test_stopped_child(void **state)
{
	(void)state;
	follow_child(true, false);
}

static void test_child_without_filter(void **state)
{
	(void)state;
	follow_child(true, true);
}

/* A child of somebody else's is left to him, also one that hides ours from waitid(). */
static void test_foreign_children(void **state)
{
	pid_t foreign;
	int status;

	(void)state;
	skip_under_valgrind();
	foreign = fork();
	if (!foreign)
		_exit(3);
	usleep(10000);
	follow_child(true, false);
	assert_int_equal(waitpid(foreign, &status, 0), foreign);
	assert_int_equal(status, 3 << 8);
}

static void test_extra_descriptor(void **state)
{
	struct tracer_options o = {0};
	struct tracer_error e;
	struct tracer *t;
	int hold[2], extra[2];

	(void)state;
	skip_under_valgrind();
	assert_int_equal(pipe(hold), 0);
	assert_int_equal(pipe(extra), 0);
	o.child = fork();
	if (!o.child)
		run_child(hold[0]);
	t = tracer_create(&o);
	if (tracer_start(t, &e)) {
		tracer_destroy(t);
		kill(o.child, SIGKILL);
		waitpid(o.child, NULL, 0);
		skip();
	}
	assert_int_equal(write(extra[1], "x", 1), 1);
	assert_int_equal(tracer_poll(t, -1, extra[0]), 0);
	tracer_detach(t);
	tracer_detach(t);
	tracer_destroy(t);
	kill(o.child, SIGKILL);
	assert_int_equal(waitpid(o.child, NULL, 0), o.child);
	for (int i = 0; i < 2; i++) {
		close(hold[i]);
		close(extra[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_filters),
#ifdef __x86_64__
	    cmocka_unit_test(test_plans),
	    cmocka_unit_test(test_steps_as_the_processor),
#endif
	    cmocka_unit_test(test_notified_child),
	    cmocka_unit_test(test_stopped_child),
	    cmocka_unit_test(test_child_without_filter),
	    cmocka_unit_test(test_foreign_children),
	    cmocka_unit_test(test_extra_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
