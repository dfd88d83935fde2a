/* What we know of numbers beside what the kernel's verifier knows: in random programs, after every
 * instruction, what its log says of a register must hold what we say. Less we may never know, more
 * we may. Needs the right to load programs, and a Linux from 6.8 (whose log reads as expected) to
 * 6.18 (the one that we promise to equal). */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cmocka.h>
#include <bpf/bpf.h>

#include "base/strbuf.h"
#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "vm/verifier/scalar.h"

enum { PROGRAMS = 5000, STEPS = 12, INSNS_MAX = 64, LOG_B = 1 << 18 };

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* r6 and r7 are the numbers; all jumps lead to the end, so that the log's first path is ours. */
struct program {
	struct bpf_insn insns[INSNS_MAX];
	uint32_t n;
	struct scalar after[INSNS_MAX][2]; /* r6 and r7 behind each instruction */
	struct scalar now[2];
	uint64_t seed;
};

static void add(struct program *p, struct bpf_insn i)
{
	p->after[p->n][0] = p->now[0];
	p->after[p->n][1] = p->now[1];
	p->insns[p->n++] = i;
}

static int32_t some_imm(struct program *p)
{
	static const int32_t imms[] = {0,    1,         2,         7,          8,         63, 255,
	                               256,  4095,      INT16_MAX, INT32_MAX,  INT32_MIN, -1, -2,
	                               -100, INT16_MIN, 0xff00,    0x7fff0000, 1 << 20};
	uint64_t r = next_random(&p->seed);

	if (r & 3)
		return imms[(r >> 8) % (sizeof(imms) / sizeof(*imms))];
	return (int32_t)(r >> 32) >> (r >> 8 & 31);
}

/* Moves between the two are left out: the kernel then knows them to be equal, which is not about
 * one number. */
static void add_operation(struct program *p)
{
	static const uint8_t ops[] = {BPF_ADD,  BPF_ADD, BPF_SUB, BPF_MUL, BPF_AND,
	                              BPF_AND,  BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH,
	                              BPF_ARSH, BPF_NEG, BPF_DIV, BPF_MOD};
	uint64_t r = next_random(&p->seed);
	uint8_t op = ops[(r >> 8) % sizeof(ops)];
	int d = r & 1;
	bool is_32 = r & 2, is_shift = op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
	bool is_division = op == BPF_DIV || op == BPF_MOD, is_signed = is_division && r & 8;
	struct scalar src;
	struct bpf_insn i;

	if (op == BPF_NEG) {
		i = bpf_neg(is_32, (uint8_t)(6 + d));
		src = p->now[d];
	} else if (r & 4) {
		i = bpf_alu(op, is_32, (uint8_t)(6 + d), (uint8_t)(6 + !d));
		src = p->now[!d];
	} else {
		int32_t imm = some_imm(p);

		if (is_shift)
			imm = (int32_t)(r >> 16) & (is_32 ? 31 : 63);
		if (is_division && !imm)
			return;
		i = bpf_alu_imm(op, is_32, (uint8_t)(6 + d), imm);
		src = scalar_const((uint64_t)(int64_t)imm);
	}
	i.off = is_signed;
	scalar_alu(&p->now[d], op, is_32, is_signed, &src);
	add(p, i);
}

static void add_extension(struct program *p)
{
	uint64_t r = next_random(&p->seed);
	int d = r & 1;
	bool is_32 = r & 2;
	uint8_t bits = (uint8_t)(8 << (r >> 8) % (is_32 ? 2 : 3));
	struct bpf_insn i = bpf_alu(BPF_MOV, is_32, (uint8_t)(6 + d), (uint8_t)(6 + d));

	i.off = bits;
	scalar_sext(&p->now[d], bits, is_32);
	add(p, i);
}

/* A jump to the end, of which we go on with what is not taken; none where we know the outcome. */
static void add_jump(struct program *p)
{
	static const uint8_t ops[] = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
	                              BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET};
	uint64_t r = next_random(&p->seed);
	uint8_t op = ops[(r >> 8) % sizeof(ops)];
	int d = r & 1;
	bool is_32 = r & 2;
	struct scalar src = p->now[!d];
	int32_t imm = some_imm(p);
	struct bpf_insn i = bpf_jmp(op, is_32, (uint8_t)(6 + d), (uint8_t)(6 + !d), 0);

	if (r & 12) {
		i = bpf_jmp_imm(op, is_32, (uint8_t)(6 + d), imm, 0);
		src = scalar_const((uint64_t)(int64_t)imm);
	}
	if (scalar_branch(&p->now[d], op, is_32, &src) >= 0)
		return;
	scalar_refine(&p->now[d], &src, op, is_32, false);
	if (!(r & 12))
		p->now[!d] = src;
	add(p, i);
}

static void make_program(struct program *p)
{
	p->n = 0;
	p->now[0] = p->now[1] = scalar_unknown;
	for (uint8_t r = 6; r <= 7; r++) {
		add(p, bpf_call(BPF_FUNC_ktime_get_ns));
		add(p, bpf_mov(r, 0));
	}
	add(p, bpf_mov_imm(0, 0)); /* no longer equal to r7, the kernel remembers */
	for (int step = 0; step < STEPS; step++) {
		uint64_t r = next_random(&p->seed) % 8;

		if (r < 4)
			add_jump(p);
		else if (r < 5)
			add_extension(p);
		else
			add_operation(p);
	}
	for (uint32_t pc = 0; pc < p->n; pc++)
		if (BPF_CLASS(p->insns[pc].code) == BPF_JMP32 ||
		    (BPF_CLASS(p->insns[pc].code) == BPF_JMP && p->insns[pc].imm != 5))
			p->insns[pc].off = (int16_t)(p->n - pc - 1);
	for (uint32_t pc = 0; pc < p->n; pc++)
		if (BPF_OP(p->insns[pc].code) == BPF_CALL &&
		    BPF_CLASS(p->insns[pc].code) == BPF_JMP)
			p->insns[pc].off = 0;
	add(p, bpf_mov_imm(0, 0));
	add(p, bpf_exit());
}

/* ---- the log ----------------------------------------------------------------------------------
 */

/* One `smin=smin32=-5` of a register's description; false where there is no more. */
static bool read_bound(const char **at, struct scalar *s)
{
	char names[8][8];
	int n = 0, used;
	uint64_t v;
	char *end;

	while (n < 8 && sscanf(*at, "%7[a-z0-9]=%n", names[n], &used) == 1 &&
	       (*at)[used - 1] == '=') {
		*at += used;
		n++;
		if (**at == '-' || (**at >= '0' && **at <= '9') || **at == '(')
			break;
	}
	if (!n)
		return false;
	v = strtoull(*at, &end, 0);
	if (*end == '+' || *end == '-') /* id=1+8: how far from another register of that id */
		(void)strtoull(end, &end, 0);
	*at = end;
	for (int k = 0; k < n; k++) {
		if (!strcmp(names[k], "smin"))
			s->smin = (int64_t)v;
		else if (!strcmp(names[k], "smax"))
			s->smax = (int64_t)v;
		else if (!strcmp(names[k], "umin"))
			s->umin = v;
		else if (!strcmp(names[k], "umax"))
			s->umax = v;
		else if (!strcmp(names[k], "smin32"))
			s->s32_min = (int32_t)v;
		else if (!strcmp(names[k], "smax32"))
			s->s32_max = (int32_t)v;
		else if (!strcmp(names[k], "umin32"))
			s->u32_min = (uint32_t)v;
		else if (!strcmp(names[k], "umax32"))
			s->u32_max = (uint32_t)v;
		else if (strcmp(names[k], "id") != 0)
			fail_msg("unknown bound %s", names[k]);
	}
	return true;
}

/* "R6_w=scalar(smin=...,var_off=(0x0; 0xff))" or "R6=5" in a line. False: not said. */
static bool read_register(const char *line, int r, struct scalar *ret)
{
	char name[8];
	const char *at = strchr(line, ';');
	size_t len;

	snprintf(name, sizeof(name), " R%d", r);
	at = at ? strstr(at, name) : NULL;
	if (!at)
		return false;
	at += strlen(name);
	len = strcspn(at, "=");
	at += len + 1;
	if (*at == 'P')
		at++;
	if (strncmp(at, "scalar(", 7) != 0) {
		*ret = scalar_const(strtoull(at, NULL, 0));
		return true;
	}
	at += 7;
	*ret = scalar_unknown;
	while (*at && *at != ')') {
		unsigned long long value, mask;

		if (sscanf(at, "var_off=(%llx; %llx)", &value, &mask) == 2) {
			ret->bits = (struct tnum){value, mask};
			break;
		}
		if (!read_bound(&at, ret))
			fail_msg("cannot read: %s", at);
		at += *at == ',';
	}
	return true;
}

/* What we think, down to slot `last`. */
static void print_path(const struct program *p, uint32_t last)
{
	own_strbuf struct strbuf text = {0};

	for (uint32_t pc = 0; pc <= last; pc++) {
		sb_reset(&text);
		bpf_disasm_insn(p->insns, p->n, pc, &text);
		sb_adds(&text, "   r6 ");
		scalar_print(&p->after[pc][0], &text);
		sb_adds(&text, " r7 ");
		scalar_print(&p->after[pc][1], &text);
		print_message("# %4u: %s\n", pc, sb_str(&text));
	}
}

/* `theirs` is what the kernel knew before, and becomes what it knows now. */
static void check_line(const struct program *p, uint32_t pc, const char *line,
                       struct scalar theirs[2], unsigned *checked)
{
	for (int d = 0; d < 2; d++) {
		if (!read_register(line, 6 + d, &theirs[d]))
			continue;
		++*checked;
		if (scalar_holds(&theirs[d], &p->after[pc][d]))
			continue;
		print_path(p, pc);
		fail_msg("r%d, to the kernel: %s", 6 + d, line);
	}
}

/* -1 or 0: when a mask is applied to it, some kernels go on with each of the two alone. */
static bool is_sign_mask(const struct scalar *s)
{
	return (s->smin == -1 && s->smax == 0) || (s->s32_min == -1 && s->s32_max == 0);
}

static bool is_split(const struct bpf_insn *i, const struct scalar theirs[2])
{
	uint8_t op = BPF_OP(i->code);

	return (BPF_CLASS(i->code) == BPF_ALU || BPF_CLASS(i->code) == BPF_ALU64) &&
	       (op == BPF_AND || op == BPF_OR) && i->dst_reg >= 6 &&
	       is_sign_mask(&theirs[i->dst_reg - 6]);
}

/* The first path of the log, down to its exit. */
static unsigned check_log(const struct program *p, char *log)
{
	struct scalar theirs[2] = {scalar_unknown, scalar_unknown};
	unsigned checked = 0, pc, next = 0;

	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		int used = 0;

		if (sscanf(line, "%u: (%*x)%n", &pc, &used) != 1 || !used)
			continue;
		/* The kernel took a jump that to us may go both ways. */
		if (pc != next) {
			print_path(p, next - 1);
			fail_msg("slot %u follows %u", pc, next - 1);
		}
		if (pc >= p->n - 2)
			break;
		if (is_split(&p->insns[pc], theirs))
			break;
		check_line(p, pc, line, theirs, &checked);
		next = pc + 1;
	}
	return checked;
}

static const char *why_not_here(void)
{
	struct bpf_insn code[] = {bpf_mov_imm(0, 0), bpf_exit()};
	int major = 0, minor = 0, fd;
	struct utsname u;

	if (uname(&u) || sscanf(u.release, "%d.%d", &major, &minor) != 2 || major != 6 ||
	    minor < 8 || minor > 18)
		return "this kernel is not one of 6.8 to 6.18";
	fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "x", "GPL", code, 2, NULL);
	if (fd < 0)
		return "programs cannot be loaded here";
	close(fd);
	return NULL;
}

static void test_not_less_precise_than_the_kernel(void **state)
{
	struct program *p = calloc(1, sizeof(*p));
	char *log = malloc(LOG_B);
	const char *why = why_not_here();
	unsigned checked = 0;

	(void)state;
	if (why) {
		print_message("# %s\n", why);
		free(log);
		free(p);
		skip();
	}
	p->seed = 1;
	for (int k = 0; k < PROGRAMS; k++) {
		LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = LOG_B,
		            .log_level = 2);
		int fd;

		make_program(p);
		log[0] = '\0';
		fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "scalar", "GPL", p->insns, p->n,
		                   &opts);
		if (fd < 0)
			fail_msg("not loaded: %s\n%s", strerror(errno), log);
		close(fd);
		checked += check_log(p, log);
	}
	print_message("# %u registers\n", checked);
	assert_in_range(checked, PROGRAMS * 4, UINT32_MAX);
	free(log);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_not_less_precise_than_the_kernel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
