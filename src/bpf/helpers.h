/* The helpers that programs can call, as one table (helpers.def). */
#ifndef SKEP_BPF_HELPERS_H
#define SKEP_BPF_HELPERS_H

#include <stdbool.h>
#include <stdint.h>

enum bpf_helper_result {
	HELPER_INT,
	HELPER_VOID,
	HELPER_VALUE,
	HELPER_MEM,
	HELPER_BTF,
	HELPER_KERNEL,
};

struct bpf_helper {
	uint32_t id;
	const char *name; /* without "bpf_" */
	enum bpf_helper_result result;
	const char *args; /* a letter each, see helpers.def */
	uint16_t since;   /* major << 8 | minor */
	bool is_pure;
};

/* NULL for an id (name) that no known kernel has. */
const struct bpf_helper *bpf_helper_find(uint32_t id);
const struct bpf_helper *bpf_helper_find_name(const char *name); /* without "bpf_" */
const char *bpf_helper_name(uint32_t id);                        /* never NULL: "unknown" */
uint32_t bpf_helper_count(void);                                 /* ids go from 1 to this */

#endif
