/* Where a CPU keeps arguments, results and registers: byte offsets into struct pt_regs
 * (arch/x86/include/asm/ptrace.h, arch/arm64/include/asm/ptrace.h). */
#ifndef SKEP_SCRIPT_LOWER_ARCH_H
#define SKEP_SCRIPT_LOWER_ARCH_H

#include <stdint.h>

struct arch_reg {
	const char *name;
	int16_t off_b;
};

#if defined(__x86_64__)
static const struct arch_reg arch_regs[] = {
    {"r15", 0},  {"r14", 8},     {"r13", 16}, {"r12", 24},       {"bp", 32},  {"bx", 40},
    {"r11", 48}, {"r10", 56},    {"r9", 64},  {"r8", 72},        {"ax", 80},  {"cx", 88},
    {"dx", 96},  {"si", 104},    {"di", 112}, {"orig_rax", 120}, {"ip", 128}, {"pc", 128},
    {"cs", 136}, {"flags", 144}, {"sp", 152}, {"ss", 160},
};
static const int16_t arch_args[] = {112, 104, 96, 88, 72, 64};
static const int16_t arch_syscall_args[] = {112, 104, 96, 56, 72, 64};
enum {
	ARCH_RETVAL = 80,
	ARCH_SYSCALL_NR = 120,
	ARCH_SYSCALL_NR_WIDTH = 8,
	ARCH_SP = 152,
	ARCH_IP = 128,
	ARCH_CS = 136,
	ARCH_STACK_ARGS =
	    8, /* bytes between the stack pointer and the first stack argument at entry */
};
/* thread_info.status bit: the current system call is a 32-bit one (arch/x86 TS_COMPAT) */
#define ARCH_COMPAT_FIELD "status"
#define ARCH_COMPAT_MASK 2
#elif defined(__aarch64__)
static const struct arch_reg arch_regs[] = {
    {"r0", 0},    {"r1", 8},    {"r2", 16},   {"r3", 24},      {"r4", 32},   {"r5", 40},
    {"r6", 48},   {"r7", 56},   {"r8", 64},   {"r9", 72},      {"r10", 80},  {"r11", 88},
    {"r12", 96},  {"r13", 104}, {"r14", 112}, {"r15", 120},    {"r16", 128}, {"r17", 136},
    {"r18", 144}, {"r19", 152}, {"r20", 160}, {"r21", 168},    {"r22", 176}, {"r23", 184},
    {"r24", 192}, {"r25", 200}, {"r26", 208}, {"r27", 216},    {"r28", 224}, {"r29", 232},
    {"r30", 240}, {"sp", 248},  {"pc", 256},  {"pstate", 264},
};
static const int16_t arch_args[] = {0, 8, 16, 24, 32, 40, 48, 56};
static const int16_t arch_syscall_args[] = {272, 8, 16, 24, 32, 40};
enum {
	ARCH_RETVAL = 0,
	ARCH_SYSCALL_NR = 280,
	ARCH_SYSCALL_NR_WIDTH = 4,
	ARCH_SP = 248,
	ARCH_IP = 256,
	ARCH_CS = 264,
	ARCH_STACK_ARGS = 0,
};
#define ARCH_COMPAT_FIELD "flags"
#define ARCH_COMPAT_MASK (1 << 22) /* TIF_32BIT */
#else
#error "no register table for this CPU yet: add one here"
#endif

#define ARCH_N(table) (sizeof(table) / sizeof((table)[0]))

#endif
