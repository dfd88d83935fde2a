/* Tables of call frame information against those of libdw: for the first and the last address of
 * every row both say from made-up registers and a made-up stack where the caller would be.
 *
 *   compare FILE...     prints a line for each file; of what differs the first few addresses */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unwind/unwind.h"

enum { N_REGS = 17, REG_FP = 6, REG_SP = 7, REG_RA = 16, MOST_SHOWN = 5 };

/* What the stack would hold: for each address something else. */
static uint64_t word_at(uint64_t address)
{
	address ^= address >> 31;
	address *= 0x9e3779b97f4a7c15;
	return address ^ address >> 29;
}

static int read_word(void *arg, uint64_t address, uint64_t *ret)
{
	(void)arg;
	*ret = word_at(address);
	return 0;
}

struct machine {
	uint64_t regs[N_REGS], cfa;
};

/* The value of a location; false: an operation that is not needed here. */
static bool run(const struct machine *m, const Dwarf_Op *ops, size_t n, bool is_address,
                uint64_t *ret)
{
	uint64_t stack[16] = {0}, *top = stack;

	for (size_t i = 0; i < n; i++) {
		unsigned op = ops[i].atom;
		uint64_t number = ops[i].number;

		if (op >= DW_OP_breg0 && op < DW_OP_breg0 + N_REGS) {
			*++top = m->regs[op - DW_OP_breg0] + number;
		} else if (op >= DW_OP_reg0 && op < DW_OP_reg0 + N_REGS) {
			*ret = m->regs[op - DW_OP_reg0];
			return true;
		} else if (op == DW_OP_bregx && number < N_REGS) {
			*++top = m->regs[number] + ops[i].number2;
		} else if (op == DW_OP_regx && number < N_REGS) {
			*ret = m->regs[number];
			return true;
		} else if (op >= DW_OP_lit0 && op <= DW_OP_lit31) {
			*++top = op - DW_OP_lit0;
		} else if (op == DW_OP_call_frame_cfa) {
			*++top = m->cfa;
		} else if (op == DW_OP_deref) {
			*top = word_at(*top);
		} else if (op == DW_OP_plus_uconst) {
			*top += number;
		} else if (op == DW_OP_stack_value) {
			is_address = false;
		} else if (top - stack < 2) {
			return false;
		} else {
			uint64_t b = *top--, *a = top;

			switch (op) {
			case DW_OP_plus:
				*a += b;
				break;
			case DW_OP_minus:
				*a -= b;
				break;
			case DW_OP_and:
				*a &= b;
				break;
			case DW_OP_shl:
				*a <<= b & 63;
				break;
			case DW_OP_ge:
				*a = (int64_t)*a >= (int64_t)b;
				break;
			default:
				return false;
			}
		}
		if (top == stack || top - stack > 12)
			return false;
	}
	*ret = is_address ? word_at(*top) : *top;
	return top > stack;
}

static unsigned long n_rows, n_unknown;

/* Is it the same? libdw's word where it has one: it leaves out what it cannot say. */
static bool is_same(Dwarf_CFI *cfi, uint64_t rule, uint64_t pc)
{
	struct machine m = {.cfa = 0};
	struct unwind_regs regs;
	Dwarf_Frame *frame = NULL;
	Dwarf_Op *ops = NULL, mem[3];
	uint64_t pc_want = 0, fp_want;
	size_t n = 0;
	bool ok, is_signal = false;

	if (dwarf_cfi_addrframe(cfi, pc, &frame))
		return true;
	n_rows++;
	for (unsigned i = 0; i < N_REGS; i++) /* frame pointers are above the stack's */
		m.regs[i] = 0x7f0000000000 + (i == REG_SP ? 0 : i + 1) * 0x1000000;
	m.regs[REG_RA] = pc;
	dwarf_frame_info(frame, NULL, NULL, &is_signal);
	ok = !dwarf_frame_cfa(frame, &ops, &n) && run(&m, ops, n, false, &m.cfa) &&
	     !dwarf_frame_register(frame, REG_RA, mem, &ops, &n);
	if (ok && !n) { /* the outermost */
		free(frame);
		return unwind_rule_unpack(rule).cfa == UNWIND_END;
	}
	ok = ok && run(&m, ops, n, true, &pc_want);
	fp_want = m.regs[REG_FP];
	if (ok && !dwarf_frame_register(frame, REG_FP, mem, &ops, &n) && n)
		ok = run(&m, ops, n, true, &fp_want);
	free(frame);
	regs = (struct unwind_regs){.pc = pc,
	                            .sp = m.regs[REG_SP],
	                            .fp = m.regs[REG_FP],
	                            .by_nr = m.regs,
	                            .n_by_nr = N_REGS,
	                            .is_exact = true};
	if (!ok || !rule || (m.cfa <= regs.sp && !is_signal)) {
		n_unknown++; /* few: hand-written code */
		return true;
	}
	return unwind_step(rule, false, &regs, read_word, NULL) && regs.sp == m.cfa &&
	       regs.pc == pc_want && regs.fp == fp_want && regs.is_exact == is_signal;
}

static void compare(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned long rows_before = n_rows, unknown_before = n_unknown, n_bad = 0;
	struct unwind_table t = {0};
	struct stat st = {0};
	Dwarf_CFI *cfi;
	void *image;
	Elf *elf;

	if (fd < 0 || fstat(fd, &st) || !(elf = elf_begin(fd, ELF_C_READ_MMAP, NULL))) {
		printf("not ok %s: cannot be read\n", path);
		return;
	}
	image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	cfi = dwarf_getcfi_elf(elf);
	if (!unwind_table_read(image, (size_t)st.st_size, &t) || !cfi)
		n_bad++;
	for (size_t i = 0; cfi && i < t.n_rows; i++) {
		uint64_t first = t.base + t.rows[i].pc;
		uint64_t last = i + 1 < t.n_rows ? t.base + t.rows[i + 1].pc - 1 : first;
		uint64_t rule = t.rules[t.rows[i].rule];

		for (int k = 0; k < 2; k++)
			if (!is_same(cfi, rule, k ? last : first) && n_bad++ < MOST_SHOWN)
				printf("    | %lx differs\n", (unsigned long)(k ? last : first));
	}
	/* Half of a table that cannot be told is no comparison. */
	if (n_rows - rows_before < 2 * (n_unknown - unknown_before) || n_rows == rows_before)
		n_bad++;
	printf("%s %s: %lu places, %lu unknown\n", n_bad ? "not ok" : "ok", path,
	       n_rows - rows_before, n_unknown - unknown_before);
	unwind_table_free(&t);
	if (cfi)
		dwarf_cfi_end(cfi);
	elf_end(elf);
	munmap(image, (size_t)st.st_size);
	close(fd);
}

int main(int argc, char **argv)
{
	elf_version(EV_CURRENT);
	for (int i = 1; i < argc; i++)
		compare(argv[i]);
	return 0;
}
