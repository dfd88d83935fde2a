/* Feature probes that need the number of a kernel function or raw tracepoint in its BTF. */
#include "engine/kernel/features.h"

#include "base/arena.h"
#include "base/file.h"
#include "engine/kernel/sys.h"
#include "types/types.h"

static int load_tracing(uint32_t expected, uint32_t btf_id)
{
	const struct bpf_insn code[] = {
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K},
	    {.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
	    .prog_type = BPF_PROG_TYPE_TRACING,
	    .expected_attach_type = expected,
	    .attach_btf_id = btf_id,
	    .insns = sys_ptr(code),
	    .insn_cnt = 2,
	    .license = sys_ptr("GPL"),
	};

	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* Loading is not enough: a kernel without a way to patch functions (no dynamic ftrace) only refuses
 * to attach. bpf_fentry_test1 exists to be attached to and runs for nobody. */
bool feature_fentry(uint32_t unused)
{
	own_arena struct arena *a = arena_create();
	struct types *types = types_create(a, NULL);
	uint32_t id = 0;
	own_fd int prog = -1;
	own_fd int link = -1;

	(void)unused;
	if (types_find_func(types, "bpf_fentry_test1", NULL, &id, NULL, NULL) && id)
		prog = load_tracing(BPF_TRACE_FENTRY, id);
	if (prog >= 0) {
		union bpf_attr attr = {.raw_tracepoint = {.prog_fd = (uint32_t)prog}};

		link = sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
	}
	types_destroy(types);
	return link >= 0;
}

bool feature_btf_raw_tracepoint(uint32_t unused)
{
	own_arena struct arena *a = arena_create();
	struct types *types = types_create(a, NULL);
	uint32_t id = 0;
	own_fd int prog = -1;

	(void)unused;
	if (types_find_raw_tracepoint(types, "sys_enter", &id) && id)
		prog = load_tracing(BPF_TRACE_RAW_TP, id);
	types_destroy(types);
	return prog >= 0;
}

bool feature_iter(uint32_t unused)
{
	own_arena struct arena *a = arena_create();
	struct types *types = types_create(a, NULL);
	uint32_t id = 0;
	own_fd int prog = -1;
	own_fd int link = -1;

	(void)unused;
	if (types_find_func(types, "bpf_iter_task", NULL, &id, NULL, NULL) && id)
		prog = load_tracing(BPF_TRACE_ITER, id);
	if (prog >= 0) {
		union bpf_attr attr = {.link_create = {.prog_fd = (uint32_t)prog,
		                                       .attach_type = BPF_TRACE_ITER}};

		link = sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
	}
	types_destroy(types);
	return link >= 0;
}
