/* What the JIT's back ends share. From verified instructions to machine code in three steps:
 *
 *   plan.c    what is known about each instruction before any code exists: blocks, liveness, which
 *             upper halves are zero, what each function needs of its frame;
 *   a target  (x86_64.c, arm64.c) emits bytes for the whole program, as often as it takes until no
 *             jump has to become longer;
 *   jit.c     drives both, patches the jumps, and puts the bytes into memory that can be executed.
 *
 * Every target is compiled on every host: only running the bytes needs the CPU. */
#ifndef SKEP_VM_JIT_JIT_H
#define SKEP_VM_JIT_JIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "vm/code.h"

struct arena;

/* Newer than some installed headers: UAPI linux/bpf.h of Linux 6.9 (may_goto) and 6.15. */
enum {
	JIT_JCOND = 0xe0,     /* BPF_JCOND; may_goto where src_reg is 0 */
	JIT_LOAD_ACQ = 0x100, /* BPF_LOAD_ACQ, imm of a BPF_ATOMIC */
	JIT_STORE_REL = 0x110,
};

/* ---- plan -------------------------------------------------------------------------------------
 * Sets of registers: bit r for r0 to r10. */

struct jit_slot {
	uint16_t live_in, live_out; /* whose values are read on some path from here, from behind */
	uint16_t zext_in;           /* upper 32 bits are known to be 0 before the instruction */
	uint16_t func;              /* index of the function it belongs to */
	bool is_code;               /* reached, and not the second slot of an lddw */
	bool is_target;             /* some jump leads here, or a function starts */
	bool is_loop_head;          /* some jump from behind leads here ... */
	uint32_t loop_end;          /* ... the last of them from this slot */
};

struct jit_func {
	uint32_t pc, end;  /* slots [pc, end) */
	uint16_t writes;   /* registers that its own instructions write */
	bool uses_frame;   /* reads r10 */
	bool has_calls;    /* helpers, functions, packet and probe loads, tail calls */
	bool is_callback;  /* some lddw takes its address */
	bool has_may_goto; /* needs a counter in its frame */
	bool has_tail_call;
	uint32_t stack_b; /* of its own frame, a multiple of 8 */
};

struct jit_plan {
	struct jit_slot *slots; /* one per slot of the program */
	uint32_t n;
	struct jit_func *funcs; /* by rising pc; funcs[0] is the program */
	uint32_t n_funcs;
	bool uses_run; /* some instruction needs the struct vm_run */
};

/* Lives in `a`. */
struct jit_plan *jit_plan_make(struct arena *a, const struct vm_code *c);

/* Registers that an instruction reads and writes; a call writes r0 to r5, and reads those its
 * helper may take. */
uint16_t jit_reads(const struct bpf_insn *i);
uint16_t jit_writes(const struct bpf_insn *i);
/* Slot that a jump (goto, gotol, conditional, may_goto) leads to, or VM_NONE for anything else. */
uint32_t jit_jump_target(const struct bpf_insn *i, uint32_t pc);
uint64_t jit_lddw_value(const struct bpf_insn *i); /* of both its slots */

/* x / d for unsigned x of `bits` (32 or 64) and a constant d > 1 that is no power of two
 * (Granlund & Montgomery 1994, figure 4.1; Hacker's Delight, chapter 10):
 *   adds == false: (x * mul) >> bits >> shift, the product having 2 * bits
 *   adds == true:  h = (x * mul) >> bits; (((x - h) >> 1) + h) >> shift
 * For 32 bits without `adds`, one 64-bit multiplication and a shift by 32 + shift do. */
struct jit_magic {
	uint64_t mul;
	uint8_t shift;
	bool adds;
};
struct jit_magic jit_magic_unsigned(uint64_t divisor, unsigned bits);

/* ---- code -------------------------------------------------------------------------------------
 * Labels are numbers: 0 to n_insns - 1 are the slots themselves (jit.c places them as the target
 * announces slots with jit_slot_begin()), further ones come from jit_label(). A target must ask for
 * labels and sites in the same order in every pass. */

struct jit_site {
	uint32_t at; /* offset of the instruction that refers to the label */
	uint32_t label;
	uint8_t kind; /* the target's own */
	bool is_long; /* once set, stays: passes end because lengths only grow */
};

struct jit_target;

struct jit {
	const struct vm_code *vm;
	const struct jit_plan *plan;
	const struct jit_target *target;
	struct arena *a;   /* for the time of the compilation */
	uint32_t features; /* the target's own bits; 0: baseline of the architecture */
	bool blinds;       /* no immediate of the program appears in the code */
	uint64_t random;   /* state of jit_random() */
	uint64_t base;     /* address of the code's first byte */
	uint32_t max_b;    /* room there; more is an error */
	vec(unsigned char) code;
	vec(uint32_t) labels; /* offsets, from this pass as far as it got, else from the last */
	vec(struct jit_site) sites;
	size_t n_labels, n_sites; /* asked for in this pass */
	uint32_t pass;            /* from 0; at least two: later ones know sizes */
	void *state;              /* the target's own, NULL at first, kept from pass to pass */
	bool is_too_large;
};

void jit_bytes(struct jit *j, const void *bytes, size_t n);
void jit_u32(struct jit *j, uint32_t word); /* little-endian */
static inline uint32_t jit_here(const struct jit *j)
{
	return (uint32_t)j->code.n;
}

uint32_t jit_label(struct jit *j);               /* a new one */
void jit_place(struct jit *j, uint32_t label);   /* it is here */
void jit_slot_begin(struct jit *j, uint32_t pc); /* jit_place() for slots */
/* The instruction that is emitted next refers to `label`. Returns whether it must take its long
 * form; its bytes for the distance may be anything, they are patched at the end. */
bool jit_site(struct jit *j, uint32_t label, uint8_t kind);
uint64_t jit_random(struct jit *j); /* keys for blinding */

struct jit_target {
	const char *name;    /* as uname -m has it */
	uint32_t max_slot_b; /* no BPF slot needs more than this, on average over a program */
	/* What this very CPU can beyond the baseline. Called on that architecture only. */
	uint32_t (*features)(void);
	/* Emits all functions, calling jit_slot_begin() for every slot (also those without code).
	 * The code starts with the program's entry: uint64_t (*)(r1, r2, run) by the C ABI. What
	 * the lddw of a callback loads is the address of a vm_helper_fn: r1 to r5, then the run. */
	void (*emit)(struct jit *j);
	/* Does the short form reach from site->at to `label_off`? */
	bool (*reaches)(const struct jit_site *s, uint32_t label_off);
	/* Writes the distance. Returns false if even the long form does not reach. */
	bool (*patch)(struct jit *j, const struct jit_site *s, uint32_t label_off);
};

extern const struct jit_target jit_x86_64, jit_arm64;
/* The target of the CPU this runs on, or NULL. */
const struct jit_target *jit_host_target(void);

/* Bytes for running at `base`, into j->code; j->labels are final. Everything lives in `a`. Returns
 * 0, or -E2BIG when the code gets larger than `max_b` or a jump cannot reach. */
int jit_compile(struct jit *j, struct arena *a, const struct jit_target *t, const struct vm_code *c,
                const struct vm_code_options *opts, uint32_t features, uint64_t base,
                uint32_t max_b);

/* ---- what machine code calls ------------------------------------------------------------------
 */

struct jit_tail {
	uint64_t
	    address; /* of uint64_t (*)(r1, r2, run), or 0: the tail call fails, go on behind */
	uint64_t r2;
};
/* bpf_tail_call(): takes the entry out of the array, counts, and makes it the running code. In two
 * registers by the ABIs of x86-64 (rax, rdx) and arm64 (x0, x1). */
struct jit_tail jit_tail_call(struct vm_run *run, struct vm_map *m, uint32_t index);

enum { JIT_MAY_GOTO_MAX = 8 * 1024 * 1024 }; /* BPF_MAX_LOOPS: may_goto falls through so often */

#endif
