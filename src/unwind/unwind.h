/* Unwinding: the callers of a place in a program without frame pointers, by the tables that its
 * files carry for exceptions (.eh_frame; .debug_frame where there is no better).
 *
 * A file's call frame information is read once into a sorted table: from which address on which
 * rule holds. A rule fits 64 bits, and most are used over and over, so a row is 8 bytes. The same
 * tables serve two walkers: unwinder_walk() here, and a program in the kernel (the script room
 * writes it, the kernel engine fills its maps). */
#ifndef SKEP_UNWIND_UNWIND_H
#define SKEP_UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- rules ---------------------------------------------------------------------------------- */

/* How to find the canonical frame address: the stack pointer in the caller, just after the call. */
enum unwind_cfa {
	UNWIND_NONE,     /* nobody knows */
	UNWIND_END,      /* there is no caller */
	UNWIND_SP,       /* sp + off */
	UNWIND_FP,       /* fp + off */
	UNWIND_SP_DEREF, /* the word at sp + off, + `param` words */
	UNWIND_FP_DEREF, /* the word at fp + off, + `param` words */
	UNWIND_REG,      /* another register + off, known in the innermost frame only */
	UNWIND_PLT,      /* sp + off, 8 more from byte `param` of the 16-byte entry on (x86-64) */
	UNWIND_CFA_N
};

/* Where the return address or the caller's frame pointer is. */
enum unwind_base {
	UNWIND_AT_CFA, /* the word at CFA + off */
	UNWIND_AT_SP,
	UNWIND_AT_FP,
	UNWIND_SAME, /* not saved: the link register, the frame pointer as it is */
};

/* The bits of a rule; both walkers take it apart by these. A rule of zeros is UNWIND_NONE. */
enum {
	UNWIND_CFA_BITS = 4,
	UNWIND_SIGNAL_BIT = 4, /* a signal's frame: the caller was interrupted, it has not called */
	UNWIND_PARAM_SHIFT = 5,
	UNWIND_PARAM_BITS = 5, /* UNWIND_REG: DWARF number; UNWIND_PLT: the byte; words */
	UNWIND_OFF_SHIFT = 10,
	UNWIND_OFF_BITS = 22, /* signed, bytes */
	UNWIND_RA_SHIFT = 32, /* 2 bits of base, 14 signed ones of offset in words */
	UNWIND_FP_SHIFT = 48,
	UNWIND_SAVED_BITS = 14,
};

struct unwind_saved {
	enum unwind_base base;
	int32_t off_b; /* a multiple of 8 */
};

struct unwind_rule {
	enum unwind_cfa cfa;
	bool is_signal;
	uint8_t param;
	int32_t off_b;
	struct unwind_saved ra, fp;
};

/* 0 (UNWIND_NONE) if the rule does not fit. */
uint64_t unwind_rule_pack(const struct unwind_rule *r);
struct unwind_rule unwind_rule_unpack(uint64_t packed);

/* ---- tables --------------------------------------------------------------------------------- */

struct unwind_row {
	uint32_t pc;   /* from the table's base on */
	uint32_t rule; /* index */
};

struct unwind_table {
	uint64_t base;           /* address as linked; the first row's pc is 0 */
	struct unwind_row *rows; /* by pc, ends with one of rule 0 */
	size_t n_rows;
	uint64_t *rules; /* the first is UNWIND_NONE */
	size_t n_rules;
};

/* A file's image as a table; false if it has no call frame information that can be read (nothing
 * is left to be freed then). */
bool unwind_table_read(const void *elf, size_t len_b, struct unwind_table *ret);
void unwind_table_free(struct unwind_table *t);
/* The rule at an address as linked. */
uint64_t unwind_table_at(const struct unwind_table *t, uint64_t address);

/* ---- processes ------------------------------------------------------------------------------ */

struct unwinder;
struct unwind_file;

struct unwind_mapping {
	uint64_t start, end;
	uint64_t bias;            /* address in the process minus address as linked */
	struct unwind_file *file; /* NULL: code without tables, as a JIT compiler's */
};

struct unwinder *unwinder_create(void);
void unwinder_destroy(struct unwinder *u);
/* What the process has mapped for execution, by address; read once, with `anew` again (unless that
 * has been in vain too often). The array is good until the next call for this process. 0 or
 * -errno. */
int unwinder_maps(struct unwinder *u, pid_t pid, bool anew, const struct unwind_mapping **ret,
                  size_t *ret_n);
/* The process is another program now, or none. */
void unwinder_forget(struct unwinder *u, pid_t pid);
/* Read on the first question, and shared by all processes that map the file. NULL: it has none. */
const struct unwind_table *unwind_file_table(struct unwind_file *f);
/* A number of the file, from 0 on, for tables beside it. */
uint32_t unwind_file_id(const struct unwind_file *f);

/* ---- walking -------------------------------------------------------------------------------- */

struct unwind_regs {
	uint64_t pc, sp, fp;
	uint64_t lr;           /* arm64, in the innermost frame */
	const uint64_t *by_nr; /* all by DWARF number in the innermost frame, or NULL */
	uint32_t n_by_nr;
	bool is_exact; /* pc is the instruction itself, not where a call returns to */
	bool has_lr;
};

/* The word at an address of the process: 0 or -errno. */
typedef int unwind_read_fn(void *arg, uint64_t address, uint64_t *ret);

/* From a frame to its caller's by a rule; false if there is none or it can't be had. */
bool unwind_step(uint64_t rule, bool is_arm64, struct unwind_regs *regs, unwind_read_fn *read,
                 void *arg);
/* The innermost frame and its callers, at most `max`, of this machine's kind. Tables are read as
 * they are needed. Returns how many. */
uint32_t unwinder_walk(struct unwinder *u, pid_t pid, struct unwind_regs regs, unwind_read_fn *read,
                       void *arg, uint64_t *ret_frames, uint32_t max);

/* Where the stack of a process may be in arm64's rt_sigframe (asm/sigcontext.h): the signal's
 * frame has no call frame information of its own that says it. */
enum {
	UNWIND_ARM64_SIGFRAME_FP = 544,
	UNWIND_ARM64_SIGFRAME_LR = 552,
	UNWIND_ARM64_SIGFRAME_SP = 560,
	UNWIND_ARM64_SIGFRAME_PC = 568,
	UNWIND_ARM64_VA_BITS = 48,     /* above: authentication code, tag */
	UNWIND_MOST_FRAME_B = 8 << 20, /* by frame pointers: from one to the next */
};

#endif
