/* See probe.h. A type of program or map is tried by libbpf where it knows the type. Helpers are
 * tried here: since Linux 6.11 the verifier says otherwise that a helper is not for a type of
 * program than libbpf 1.1 expects, which then takes every helper for every type's. */
#include "inspect/feature/probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/insn.h"
#include "bpf/newer.h"

enum { LOG_B = 4096, MANY_INSNS = BPF_MAXINSNS + 1 };

bool probe_syscall(void)
{
	/* Not one that is: EINVAL, if there is the call at all. */
	return syscall(SYS_bpf, -1, NULL, 0) >= 0 || errno != ENOSYS;
}

/* What refuses a program stands in a log of statistics, too (Linux 5.2), which costs less than one
 * of every instruction. */
static uint32_t log_level = 4;

/* A descriptor, or negative. */
static int load(uint32_t type, const struct bpf_insn *insns, size_t n, uint32_t ifindex, char *log)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_ifindex = ifindex);

	if (log) {
		*log = '\0';
		opts.log_buf = log;
		opts.log_size = LOG_B;
		opts.log_level = log_level;
	}
	switch (type) {
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
		opts.expected_attach_type = BPF_CGROUP_INET4_CONNECT;
		break;
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
		opts.expected_attach_type = BPF_CGROUP_GETSOCKOPT;
		break;
	case BPF_PROG_TYPE_SK_LOOKUP:
		opts.expected_attach_type = BPF_SK_LOOKUP;
		break;
	case BPF_PROG_TYPE_LIRC_MODE2:
		opts.expected_attach_type = BPF_LIRC_MODE2;
		break;
	case BPF_PROG_TYPE_NETFILTER:
		opts.expected_attach_type = (enum bpf_attach_type)SKEP_NETFILTER;
		break;
	case BPF_PROG_TYPE_SYSCALL:
		opts.prog_flags = BPF_F_SLEEPABLE;
		break;
	default:
		break;
	}
	return bpf_prog_load((enum bpf_prog_type)type, NULL, "GPL", insns, n, &opts);
}

static bool can_load(uint32_t type, const struct bpf_insn *insns, size_t n, uint32_t ifindex)
{
	int fd = load(type, insns, n, ifindex, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool probe_prog_type(uint32_t type, uint32_t ifindex)
{
	const struct bpf_insn insns[] = {bpf_mov_imm(0, type == BPF_PROG_TYPE_NETFILTER ? 1 : 0),
	                                 bpf_exit()};

	if (ifindex || type > BPF_PROG_TYPE_SYSCALL)
		return can_load(type, insns, 2, ifindex);
	return libbpf_probe_bpf_prog_type((enum bpf_prog_type)type, NULL) == 1;
}

static bool can_create(uint32_t type, uint32_t key_b, uint32_t value_b, uint32_t n, uint32_t flags,
                       uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags, .map_ifindex = ifindex);
	int fd = bpf_map_create((enum bpf_map_type)type, NULL, key_b, value_b, n, &opts);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool probe_map_type(uint32_t type, uint32_t ifindex)
{
	if (ifindex)
		return can_create(type, 4, 4, 1, 0, ifindex);
	switch (type) {
	case MAP_ARENA:
		return can_create(type, 0, 0, 1, BPF_F_MMAPABLE, 0);
	case MAP_INSN_ARRAY:
		return can_create(type, 4, 16, 1, 0, 0);
	case MAP_INSN_ARRAY + 1: /* rhash */
		return can_create(type, 4, 4, 1, BPF_F_NO_PREALLOC, 0);
	default:
		return libbpf_probe_bpf_map_type((enum bpf_map_type)type, NULL) == 1;
	}
}

bool probe_can_tell_helpers(uint32_t type)
{
	return type != BPF_PROG_TYPE_TRACING && type != BPF_PROG_TYPE_EXT &&
	       type != BPF_PROG_TYPE_LSM && type != BPF_PROG_TYPE_STRUCT_OPS;
}

enum helper_answer probe_helper(uint32_t type, uint32_t helper, uint32_t ifindex)
{
	const struct bpf_insn insns[] = {bpf_call(helper), bpf_exit()};
	char log[LOG_B];
	int fd = load(type, insns, 2, ifindex, log);

	if (fd >= 0) {
		close(fd);
		return HELPER_YES;
	}
	if (!*log && errno == EINVAL && log_level != 1) {
		log_level = 1;
		return probe_helper(type, helper, ifindex);
	}
	if (!*log) /* refused before it was looked at */
		return HELPER_NO;
	if (strstr(log, "invalid func "))
		return HELPER_UNKNOWN;
	return strstr(log, "unknown func ") || strstr(log, "cannot use helper ") ? HELPER_NO
	                                                                         : HELPER_YES;
}

/* ---- features that are none of these --------------------------------------------------------- */

static uint32_t plain_type(uint32_t ifindex)
{
	return ifindex ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SOCKET_FILTER;
}

static bool many_insns(uint32_t ifindex)
{
	static struct bpf_insn insns[MANY_INSNS];

	for (size_t i = 0; i < MANY_INSNS - 1; i++)
		insns[i] = bpf_mov_imm(0, 1);
	insns[MANY_INSNS - 1] = bpf_exit();
	return can_load(plain_type(ifindex), insns, MANY_INSNS, ifindex);
}

static bool loops(uint32_t ifindex)
{
	const struct bpf_insn insns[] = {bpf_mov_imm(0, 10), bpf_alu_imm(BPF_SUB, false, 0, 1),
	                                 bpf_jmp_imm(BPF_JNE, false, 0, 0, -2), bpf_exit()};

	return can_load(plain_type(ifindex), insns, 4, ifindex);
}

static bool isa_v2(uint32_t ifindex)
{
	const struct bpf_insn insns[] = {bpf_mov_imm(0, 0), bpf_jmp_imm(BPF_JLT, false, 0, 0, 1),
	                                 bpf_mov_imm(0, 1), bpf_exit()};

	return can_load(plain_type(ifindex), insns, 4, ifindex);
}

static bool isa_v3(uint32_t ifindex)
{
	const struct bpf_insn insns[] = {bpf_mov_imm(0, 0), bpf_jmp_imm(BPF_JLT, true, 0, 0, 1),
	                                 bpf_mov_imm(0, 1), bpf_exit()};

	return can_load(plain_type(ifindex), insns, 4, ifindex);
}

static bool isa_v4(uint32_t ifindex)
{
	const struct bpf_insn insns[] = {bpf_mov_imm(1, 0), bpf_movsx(0, 1, 1), bpf_exit()};

	return can_load(plain_type(ifindex), insns, 3, ifindex);
}

const struct misc_feature misc_features[] = {
    {"Large program size limit", "large_insn_limit", many_insns},
    {"Bounded loop support", "bounded_loops", loops},
    {"ISA extension v2", "v2_isa_extension", isa_v2},
    {"ISA extension v3", "v3_isa_extension", isa_v3},
    {"ISA extension v4", "v4_isa_extension", isa_v4},
    {NULL},
};

int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capset, &header, none) ? -errno : 0;
}
