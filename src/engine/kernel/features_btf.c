/* Feature probes that need the number of a kernel function or raw tracepoint in its BTF. */
#include "engine/kernel/features.h"

#include <string.h>

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
		union bpf_attr attr = {
		    .link_create = {.prog_fd = (uint32_t)prog, .attach_type = BPF_TRACE_ITER}};

		link = sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
	}
	types_destroy(types);
	return link >= 0;
}

/* ---- calls of kernel functions --------------------------------------------------------------- */

/* Something that programs of this attach type can be for; 0: not found. */
static uint32_t some_target(uint32_t attach_type)
{
	own_arena struct arena *a = arena_create();
	struct types *types = types_create(a, NULL);
	uint32_t id = 0;

	if (attach_type == BPF_TRACE_RAW_TP)
		types_find_raw_tracepoint(types, "sys_enter", &id);
	else
		types_find_func(
		    types, attach_type == BPF_TRACE_ITER ? "bpf_iter_task" : "bpf_fentry_test1",
		    "vmlinux", &id, NULL, NULL);
	types_destroy(types);
	return id;
}

/* A call without arguments: whether it is allowed at all is looked at first. */
static int try_call(uint32_t prog_type, uint32_t attach_type, uint32_t btf_id)
{
	const struct bpf_insn code[] = {
	    {.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL, .imm = (int32_t)btf_id},
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K},
	    {.code = BPF_JMP | BPF_EXIT},
	};
	char log[4096] = "";
	union bpf_attr attr = {
	    .prog_type = prog_type,
	    .insns = sys_ptr(code),
	    .insn_cnt = 3,
	    .license = sys_ptr("GPL"),
	    .log_level = 1,
	    .log_buf = sys_ptr(log),
	    .log_size = sizeof(log),
	};
	own_fd int fd = -1;

	if (prog_type == BPF_PROG_TYPE_TRACING) {
		attr.expected_attach_type = attach_type;
		attr.attach_btf_id = some_target(attach_type);
	}
	fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		return 1;
	if (strstr(log, "is not allowed") || strstr(log, "does not support calling kernel") ||
	    strstr(log, "must be sleepable"))
		return 0;
	/* From v6.1 to v6.18 the verifier shows the call once it has come to it. */
	return strstr(log, "call kernel-function") || strstr(log, "R1 ") ? 1 : -1;
}

int feature_kernel_call(uint32_t prog_type, uint32_t attach_type, uint32_t btf_id)
{
	enum { MOST = 64 };
	static struct {
		uint32_t prog_type, attach_type, btf_id;
		int answer;
	} known[MOST];
	static unsigned n;
	int answer;

	for (unsigned i = 0; i < n; i++)
		if (known[i].prog_type == prog_type && known[i].attach_type == attach_type &&
		    known[i].btf_id == btf_id)
			return known[i].answer;
	answer = try_call(prog_type, attach_type, btf_id);
	if (n < MOST) {
		known[n].prog_type = prog_type;
		known[n].attach_type = attach_type;
		known[n].btf_id = btf_id;
		known[n++].answer = answer;
	}
	return answer;
}
