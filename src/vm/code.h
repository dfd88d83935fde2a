/* Code: a verified program, ready to run. The verifier's findings are worked into the instructions
 * once (vm/code.c), then one of three things runs them: the interpreter, a JIT, or the interpreter
 * that checks every access (for tests of the verifier). All give the same answers.
 *
 * In the instructions of struct vm_code
 *   - lddw of a map or of a map's value holds the address itself, pseudo source 0;
 *   - lddw of a function (BPF_PSEUDO_FUNC) has the function's pc in imm;
 *   - calls of functions (BPF_PSEUDO_CALL) keep their distance, calls of helpers their number;
 *   - loads of pointers from a context (struct __sk_buff's 32-bit data) have become 64-bit loads
 *     at the place where the machine keeps them (vm/verifier/context.h);
 *   - what the verifier never reached is `goto -1`, and nothing jumps there. */
#ifndef SKEP_VM_CODE_H
#define SKEP_VM_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/map.h"
#include "vm/program.h"

struct strbuf;
struct vm_run;

/* What the verifier found out about one instruction, for those who make it fast. */
struct vm_fact {
	bool is_reached;
	/* Through a kernel object's pointer: a fault gives 0. Of stores and calls: what they would
	 * touch is the kernel's, and they cannot run here. */
	bool is_probe_load;
	uint32_t map;      /* call: the map that every path passes as r1, or VM_NONE */
	bool has_key;      /* array lookup: every path asks for ... */
	uint32_t key;      /* ... this index, which is in bounds */
	uint32_t callback; /* call: pc of the function that every path hands over, or VM_NONE */
	int16_t
	    context_off_b; /* load of a context's pointer: where the machine keeps it; 0: no such */
};

struct vm_facts {
	struct vm_fact *insns; /* one per slot */
	uint32_t n;
	const uint32_t *func_pcs;     /* starts of functions, rising; [0] is 0 */
	const uint32_t *func_stack_b; /* deepest use of each one's own frame, a multiple of 8 */
	uint32_t n_funcs;
	bool has_tail_call;
};

enum vm_backend {
	VM_INTERPRETER,
	VM_CHECKED, /* interpreter that looks at every access; out of bounds ends the run */
	VM_JIT,     /* -ENOTSUP where this CPU has none */
	VM_FASTEST, /* the JIT, else the interpreter */
};

struct vm_code_options {
	enum vm_backend backend;
	bool blinds_constants; /* JIT: immediates from the program don't appear in machine code */
};

struct vm_code {
	struct bpf_insn *insns;
	uint32_t n_insns;
	struct vm_facts facts; /* a copy */
	uint32_t type;         /* program kind */
	const char *name;
	struct vm_map **maps; /* borrowed */
	uint32_t n_maps;
	/* Packet kinds: where in the context the 64-bit pointers to the packet's first byte, and
	 * behind its last, are kept; 0: the kind has no packet. */
	uint16_t packet_off_b, packet_end_off_b, packet_meta_off_b;
	enum vm_backend backend;  /* the one that is used */
	struct vm_interp *interp; /* threaded code, or NULL */
	/* Machine code: r1 and r2 of the program, then the run. NULL where the interpreter runs. */
	uint64_t (*entry)(uint64_t r1, uint64_t r2, struct vm_run *run);
	void *jit_memory;
	size_t jit_memory_b, jit_code_b;
	uint32_t *jit_offsets; /* of each slot's machine code; n_insns + 1 of them */
};

/* `facts` come from a verifier that accepted `p`. maps[i] was made from p->maps[i]. Returns 0 and
 * code that the caller destroys, or -errno with a line in `why` (may be NULL): helpers this machine
 * lacks, no executable memory. */
int vm_code_create(const struct vm_program *p, const struct vm_facts *facts,
                   struct vm_map *const *maps, const struct vm_code_options *opts,
                   struct vm_code **ret, struct strbuf *why);
void vm_code_destroy(struct vm_code *c);

/* ---- running --------------------------------------------------------------------------------- */

/* What programs see of the world, through helpers. A member that is NULL means the thread that runs
 * the program, or -EOPNOTSUPP where a thread has no such thing. */
struct vm_host {
	uint64_t (*pid_tgid)(void *arg); /* tgid << 32 | tid */
	uint64_t (*uid_gid)(void *arg);  /* gid << 32 | uid */
	void (*comm)(void *arg, char ret[16]);
	int (*read_user)(void *arg, void *ret, uint32_t size_b,
	                 uint64_t address); /* all or -EFAULT */
	/* Up to a NUL within size_b; length with the NUL, or -EFAULT. */
	int64_t (*read_user_str)(void *arg, char *ret, uint32_t size_b, uint64_t address);
	int (*write_user)(void *arg, uint64_t address, const void *data, uint32_t size_b);
	int (*read_kernel)(void *arg, void *ret, uint32_t size_b, uint64_t address);
	/* frames, or -errno; `unwound`: by tables, not by frame pointers */
	int64_t (*user_stack)(void *arg, uint64_t *ret_frames, uint32_t max, bool unwound);
	uint64_t (*cookie)(void *arg);       /* bpf_get_attach_cookie() */
	uint64_t (*func_ip)(void *arg);      /* bpf_get_func_ip() */
	int (*send_signal)(void *arg, int sig, bool to_thread);
	int (*ns_pid_tgid)(void *arg, uint64_t dev, uint64_t ino, uint32_t ret_pid_tgid[2]);
	uint64_t (*cgroup_id)(void *arg);
	void (*print)(void *arg, const char *text, size_t len_b); /* bpf_trace_printk() */
};

/* A flag of bpf_get_stack() that only this machine knows: the host unwinds by tables. */
enum { VM_F_UNWOUND_STACK = 1 << 16 };

/* One thread's runs. The machine code of JITs knows the offsets of the first members. */
struct vm_run {
	uint32_t cpu;         /* whose values of per-CPU maps, and bpf_get_smp_processor_id() */
	uint32_t tail_calls;  /* so far in this run, at most MAX_TAIL_CALL_CNT (33) */
	struct vm_code *code; /* what runs now: tail calls change it */
	/* Call a function of the running code, as helpers with callbacks do. `fn` is what the lddw
	 * of the function put into the register. */
	uint64_t (*call)(struct vm_run *run, uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3,
	                 uint64_t a4, uint64_t a5);
	void *call_state;           /* the backend's own */
	const struct vm_host *host; /* NULL: every member NULL */
	void *host_arg;
	void *context;      /* r1 of the run */
	uint32_t context_b; /* bytes behind it; UNSPEC: BPF_LD_ABS reads them as its packet */
	/* VM_CHECKED: what went wrong, or NULL. */
	const char *fault;
	uint32_t fault_pc;
	uint64_t random; /* state of bpf_get_prandom_u32(); 0: seeded on first use */
	/* Memory that the packet may grow into (bpf_xdp_adjust_head() and its kin); NULL: none. */
	unsigned char *packet_begin, *packet_limit;
};

/* Runs it once; r1 is run->context, r2 `r2` (0 for every kind but UNSPEC). Returns r0. */
uint64_t vm_code_run(struct vm_code *c, struct vm_run *run, uint64_t r2);

/* ---- helpers ----------------------------------------------------------------------------------
 * r1 to r5 as the program passed them. The order of parameters is the machine code's register
 * order: calling one costs no moves. */
typedef uint64_t vm_helper_fn(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5,
                              struct vm_run *run);
/* NULL: this machine has no such helper (bpf_tail_call is the backends' own). */
vm_helper_fn *vm_helper(uint32_t id);

/* What backends call for the instructions that reach outside memory the verifier vouches for. */
#define VM_NO_PACKET UINT64_MAX
/* BPF_LD_ABS, BPF_LD_IND (RFC 9669, section 5.5): `size_b` bytes (1, 2, 4) at `off_b` of the packet
 * that `context` (r6) has, in the machine's byte order; VM_NO_PACKET where there are none: then the
 * function exits with r0 = 0. Negative offsets as SKF_NET_OFF and SKF_LL_OFF have them. */
uint64_t vm_packet_load(struct vm_run *run, uint64_t context, int32_t off_b, uint32_t size_b);
/* Loads that are facts' is_probe_load: `size_b` bytes, zero-extended; 0 where nothing is. */
uint64_t vm_probe_load(struct vm_run *run, uint64_t address, uint32_t size_b);
/* Deepest use of the frame of the function that holds `pc`, a multiple of 8. */
uint32_t vm_code_stack_b(const struct vm_code *c, uint32_t pc);

/* Interpreter (vm/interp.c) and JITs (vm/jit/), behind vm_code_create(). */
int vm_interp_create(struct vm_code *c);
void vm_interp_destroy(struct vm_code *c);
uint64_t vm_interp_run(struct vm_code *c, struct vm_run *run, uint64_t r2);
uint64_t vm_checked_run(struct vm_code *c, struct vm_run *run, uint64_t r2);
/* Runs machine code; sets run->call and run->call_state, and leaves them as they were. */
uint64_t vm_jit_run(struct vm_code *c, struct vm_run *run, uint64_t r2);
/* Goes on in `c` within a run, as a tail call to code that another backend runs. */
uint64_t vm_code_enter(struct vm_code *c, struct vm_run *run, uint64_t r2);
int vm_jit_create(struct vm_code *c, const struct vm_code_options *opts, struct strbuf *why);
void vm_jit_destroy(struct vm_code *c);

#endif
