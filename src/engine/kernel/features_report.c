/* `--info`, and whether this process may trace at all. */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <bpf/libbpf.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "bpf/insn.h"
#include "engine/kernel/sys.h"

static const char *const sections[] = {"Kernel helpers", "Kernel features", "Map types",
                                       "Probe types"};

static const char *const section_of[] = {
#define FEATURE(id, name, section, doc) [FEATURE_##id] = section,
#include "engine/features.def"
#undef FEATURE
};

void feature_report(struct strbuf *out)
{
	struct utsname un;

	if (uname(&un) == 0)
		sb_addf(out, "System\n  OS: %s %s %s\n  Arch: %s\n\n", un.sysname, un.release,
		        un.version, un.machine);
	sb_addf(out, "Build\n  version: %s\n  libbpf: %u.%u\n", SKEP_VERSION,
	        libbpf_major_version(), libbpf_minor_version());
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		sb_addf(out, "\n%s\n", sections[i]);
		for (enum feature f = 0; f < FEATURE_N; f++)
			if (strcmp(section_of[f], sections[i]) == 0)
				sb_addf(out, "  %s: %s\n", feature_name(f),
				        feature_has(f) ? "yes" : "no");
	}
}

/* ---- privilege ------------------------------------------------------------------------------- */

/* CAP_PERFMON and CAP_BPF are v5.8's. */
enum { CAP_PERFMON_ = 38, CAP_BPF_ = 39 };

static bool is_locked_down(void)
{
	char text[128];
	own_fd int fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (got <= 0)
		return false;
	text[got] = '\0';
	return strstr(text, "[confidentiality]") != NULL;
}

static uint64_t effective_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

/* Capabilities are not all: in a user namespace they mean nothing to bpf(2), and a container's
 * seccomp filter refuses it to everybody. So the smallest tracing program there is, is loaded. */
static bool may_load(void)
{
	struct bpf_insn code[] = {bpf_mov_imm(0, 0), bpf_exit()};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_KPROBE,
	                       .insns = sys_ptr(code),
	                       .insn_cnt = 2,
	                       .license = sys_ptr("GPL")};
	own_fd int fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));

	return fd != -EPERM && fd != -EACCES;
}

const char *feature_privilege_problem(void)
{
	uint64_t have = effective_capabilities();
	union bpf_attr nothing = {0};

	if (sys_bpf(BPF_MAP_CREATE, &nothing, sizeof(nothing)) == -ENOSYS)
		return "this kernel has no bpf(2): it needs CONFIG_BPF_SYSCALL";
	if (is_locked_down())
		return "kernel lockdown is in \"confidentiality\" mode, which forbids reading "
		       "kernel "
		       "memory; boot with lockdown=integrity or lockdown=none";
	if (!(have & 1ull << CAP_SYS_ADMIN) &&
	    (~have & (1ull << CAP_BPF_ | 1ull << CAP_PERFMON_)) != 0)
		return "tracing needs root, or the capabilities CAP_BPF and CAP_PERFMON (or "
		       "CAP_SYS_ADMIN); try sudo";
	if ((~have & (1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_DAC_OVERRIDE)) != 0)
		return "CAP_DAC_READ_SEARCH and CAP_DAC_OVERRIDE are missing: without them tracefs "
		       "can't be read; try sudo, or grant both to the program with setcap";
	if (!may_load())
		return "bpf(2) is refused although the capabilities are there, as in a user "
		       "namespace or under a container's seccomp filter";
	return NULL;
}
