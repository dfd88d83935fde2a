/* What we say of instructions and programs and what the kernel says: whether they are well-formed,
 * and how they are written. Needs the right to load programs, and Linux 6.15, the first that knows
 * all of these instructions. */
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
#include "bpf/check.h"
#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "insn_random.h"

#define LOG_B 65536
#define PC 10 /* of the instruction in question, behind ten that fill r0 to r9 */

/* The kernel's ways to say that this is no instruction at all. */
static const char *const malformed[] = {
    "uses reserved fields",
    "unknown opcode",
    "R11 is invalid",
    "R12 is invalid",
    "R13 is invalid",
    "R14 is invalid",
    "R15 is invalid",
    "is read only",
    "invalid bpf_ld_imm64",
    "unrecognized bpf_ld_imm64",
    "invalid atomic",
    "invalid may_goto",
    "addr_space_cast insn can only convert",
    "invalid BPF_LD_IMM",
    "BPF_LD_IMM64 uses",
};

static const char *complaint(const char *log)
{
	for (size_t k = 0; k < sizeof(malformed) / sizeof(*malformed); k++)
		if (strstr(log, malformed[k]))
			return malformed[k];
	return NULL;
}

/* Ten known registers, the instruction, and an end that jumps of up to two slots find. */
static uint32_t make_program(uint64_t *state, uint8_t code, struct bpf_insn *ret)
{
	uint32_t n = 0;

	while (n < PC)
		ret[n] = bpf_mov_imm((uint8_t)n, 1), n++;
	ret[n++] = random_insn(state, code);
	if (bpf_is_lddw(&ret[PC]))
		ret[n++] = random_next(state) % 4 ? bpf_make(0, 0, 0, 0, 7) : random_insn(state, 0);
	ret[n++] = bpf_mov_imm(0, 0);
	ret[n++] = bpf_mov_imm(0, 0);
	ret[n++] = bpf_exit();
	return n;
}

/* The kernel does not look at exit's offset. */
static bool is_known_difference(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_EXIT) && i->off;
}

/* The text of instruction PC in a log: "10: (b7) r0 = 0     ; R0_w=0" up to the blanks. */
static bool text_in_log(const char *log, const struct bpf_insn *i, struct strbuf *ret)
{
	char start[24];
	const char *at, *end;

	snprintf(start, sizeof(start), "%d: (%02x) ", PC, i->code);
	for (at = strstr(log, start); at && at != log && at[-1] != '\n';)
		at = strstr(at + 1, start);
	if (!at)
		return false;
	at += strlen(start);
	end = at + strcspn(at, ";\n");
	while (end > at && end[-1] == ' ')
		end--;
	sb_add(ret, at, (size_t)(end - at));
	return true;
}

/* What ours has more than the kernel's. */
static void kernel_spelling(struct strbuf *text)
{
	size_t n = text->n;

	if (n > 3 && !strcmp(text->s + n - 3, " ll"))
		text->s[text->n = n - 3] = '\0';
}

static bool is_kernel_new(void)
{
	int major = 0, minor = 0;
	struct utsname u;

	return !uname(&u) && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 15));
}

/* The errno of loading as a socket filter, 0 if it was taken; the log is the caller's. */
static int load(const struct bpf_insn *code, uint32_t n, char *log)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = LOG_B, .log_level = 2);
	int fd;

	log[0] = '\0';
	fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "insn", "GPL", code, n, &opts);
	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

/* Where all of this makes no sense. */
static bool is_out_of_reach(char *log)
{
	struct bpf_insn code[] = {bpf_mov_imm(0, 0), bpf_exit()};

	if (!is_kernel_new())
		printf("# skipped: this kernel is older than 6.15\n");
	else if (load(code, 2, log))
		printf("# skipped: bpf(2) refuses to load a program\n");
	else
		return false;
	free(log);
	return true;
}

static void the_kernel_says_the_same_of_instructions(void **state)
{
	char *log = malloc(LOG_B);
	unsigned n_good = 0, n_texts = 0;
	uint64_t seed = 1;

	(void)state;
	if (is_out_of_reach(log))
		skip();
	for (unsigned k = 0; k < 256 * 300; k++) {
		struct strbuf why = {0}, ours = {0}, theirs = {0};
		struct bpf_insn code[20];
		uint32_t n = make_program(&seed, (uint8_t)k, code);
		bool is_good = bpf_check_insn(code, n, PC, &why) > 0;
		int err = load(code, n, log);

		bpf_disasm_insn(code, n, PC, &ours);
		if (is_good && complaint(log))
			fail_msg("%s: the kernel finds it malformed:\n%s", sb_str(&ours), log);
		if (!is_good && !err && !is_known_difference(&code[PC]))
			fail_msg("%s: %s, but the kernel takes it", sb_str(&ours), sb_str(&why));
		kernel_spelling(&ours);
		if (is_good && text_in_log(log, &code[PC], &theirs)) {
			assert_string_equal(sb_str(&ours), sb_str(&theirs));
			n_texts++;
		}
		n_good += is_good;
		sb_free(&why);
		sb_free(&ours);
		sb_free(&theirs);
	}
	printf("# %u well-formed, %u texts compared\n", n_good, n_texts);
	assert_true(n_good > 3000 && n_texts > 2000);
	free(log);
}

/* ---- programs -------------------------------------------------------------------------------- */

/* Short programs of jumps, calls and 64-bit immediates with distances that often miss. */
static uint32_t random_program(uint64_t *state, struct bpf_insn *ret)
{
	uint32_t n = 0, want = 2 + random_next(state) % 8;

	while (n < want) {
		uint64_t r = random_next(state);
		int distance = (int)(r >> 8 & 15) - 4;

		switch (r % 8) {
		case 0:
			ret[n++] = bpf_goto((int16_t)distance);
			break;
		case 1:
			ret[n++] = bpf_jmp_imm(BPF_JEQ, false, 1, 0, (int16_t)distance);
			break;
		case 2:
			ret[n++] = bpf_make(BPF_JMP32 | BPF_JA, 0, 0, 0, distance);
			break;
		case 3:
			ret[n++] = bpf_call_func(distance);
			break;
		case 4:
			bpf_lddw(&ret[n], 2, r >> 12 & 1 ? BPF_PSEUDO_FUNC : 0, (uint32_t)distance);
			n += 2;
			break;
		case 5:
			ret[n++] = bpf_exit();
			break;
		default:
			ret[n++] = bpf_mov_imm(0, 0);
		}
	}
	if (random_next(state) % 4)
		ret[n++] = bpf_exit();
	return n;
}

/* The kernel's ways to say that a jump or a call leads nowhere. */
static bool leads_nowhere(const char *log)
{
	static const char *const words[] = {
	    "jump out of range", "jump into the middle",        "last insn is not an exit or jmp",
	    "invalid insn idx",  "call to invalid destination", "into the middle of"};

	for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
		if (strstr(log, words[k]))
			return true;
	return false;
}

static void the_kernel_says_the_same_of_programs(void **state)
{
	char *log = malloc(LOG_B);
	unsigned n_good = 0, n_taken = 0;
	uint64_t seed = 1;

	(void)state;
	if (is_out_of_reach(log))
		skip();
	for (unsigned k = 0; k < 20000; k++) {
		struct strbuf why = {0}, text = {0};
		struct bpf_insn code[16];
		uint32_t n = random_program(&seed, code), pc;
		bool is_good = bpf_check_program(code, n, &pc, &why);
		int err = load(code, n, log);

		bpf_disasm(code, n, &text);
		if (is_good && leads_nowhere(log))
			fail_msg("%sthe kernel finds a jump that leads nowhere:\n%s", text.s, log);
		if (!is_good && !err)
			fail_msg("%s%s, but the kernel takes it", text.s, sb_str(&why));
		n_good += is_good;
		n_taken += !err;
		sb_free(&why);
		sb_free(&text);
	}
	printf("# %u well-formed, %u taken by the kernel\n", n_good, n_taken);
	assert_true(n_good > 1000 && n_taken > 100);
	free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_kernel_says_the_same_of_instructions),
	    cmocka_unit_test(the_kernel_says_the_same_of_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
