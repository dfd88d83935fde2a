/* What this kernel can do, by trying. Nothing of it stays. */
#ifndef SKEP_INSPECT_FEATURE_PROBE_H
#define SKEP_INSPECT_FEATURE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_insn;

bool probe_syscall(void);
/* `ifindex` 0: of the kernel; else for that device to run. */
bool probe_prog_type(uint32_t type, uint32_t ifindex);
bool probe_map_type(uint32_t type, uint32_t ifindex);

enum helper_answer {
	HELPER_NO,
	HELPER_YES,
	HELPER_UNKNOWN, /* nor does the kernel know any with a higher number */
};
/* Can helpers of programs of this type be told? Not if it needs a function to attach to. */
bool probe_can_tell_helpers(uint32_t prog_type);
enum helper_answer probe_helper(uint32_t prog_type, uint32_t helper, uint32_t ifindex);

struct misc_feature {
	const char *title, *name; /* name: have_NAME, HAVE_NAME */
	bool (*probe)(uint32_t ifindex);
};
extern const struct misc_feature misc_features[]; /* up to one without a name */

/* Gives all capabilities up for good. 0 or -errno. */
int drop_capabilities(void);

#endif
