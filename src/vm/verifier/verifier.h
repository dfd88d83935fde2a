/* The verifier: accepts a program only if no run of it can read or write what it may not, loop for
 * ever, or break a helper's contract. An abstract interpreter of the kernel's kind
 * (docs/verifier.md tells where it differs, always by refusing more). */
#ifndef SKEP_VM_VERIFIER_H
#define SKEP_VM_VERIFIER_H

#include "vm/code.h"

struct arena;
struct strbuf;

enum vm_log_level {
	VM_LOG_NONE,
	VM_LOG_ERROR, /* the refusal, and the path that led to it */
	VM_LOG_STATE, /* every instruction as it is tried, with the registers it changed */
};

struct vm_verify_options {
	enum vm_log_level log;
	uint32_t max_insns;   /* processed, over all paths; 0: one million */
	bool is_unprivileged; /* as the kernel without CAP_PERFMON: no pointer leaks, strict scalars
	                       */
	bool is_exhaustive;   /* tests: every path is walked to its end, none ends where one like it
	                         was walked before */
};

struct vm_verdict {
	bool is_accepted;
	uint32_t pc;         /* of the refused instruction */
	const char *reason;  /* one line: "R2 min value is negative, ..." ; NULL if accepted */
	const char *way_out; /* what would make it pass, or NULL */
	const char *log;     /* as asked for; never NULL */
	struct vm_facts facts;
	uint32_t processed, states, peak_states;
};

/* All of the verdict lives in `a`. Never fails for a reason other than the program. */
void vm_verify(struct arena *a, const struct vm_program *p, const struct vm_verify_options *opts,
               struct vm_verdict *ret);

#endif
