/* Zeroing one scalar in the per-CPU value that all aggregated scalars share.
 *
 * From outside a whole entry can only be read, changed and written back, and what other scalars
 * counted in between would be lost. So a small program does it from inside, run once on each CPU
 * (BPF_PROG_TEST_RUN with a CPU, v5.10):
 *
 *	r0 = map_lookup_elem(map, &0); if (!r0) return 0;
 *	*(u64 *)(r0 + off) = 0; ...    one store for each 8 bytes
 *	return 0; */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>

#include "base/file.h"
#include "engine/kernel/sys.h"

/* clang-format off */
#define INSN(c, d, s, o, i)                                                                        \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
/* clang-format on */

/* Returns the program or -errno. The bytes are whole u64s, as every aggregation is. */
static int load_zeroer(int map_fd, uint32_t off_b, uint32_t size_b)
{
	uint32_t n_stores = size_b / 8, n = 0;
	struct bpf_insn *code = calloc(n_stores + 10, sizeof(*code));
	union bpf_attr attr = {
	    .prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	    .license = sys_ptr("GPL"),
	    .insns = sys_ptr(code),
	};
	int fd;

	if (!code)
		return -ENOMEM;
	code[n++] = INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0);
	code[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0);
	code[n++] = INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4);
	code[n++] = INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map_fd);
	code[n++] = INSN(0, 0, 0, 0, 0);
	code[n++] = INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	code[n++] = INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, (int16_t)n_stores, 0);
	for (uint32_t i = 0; i < n_stores; i++)
		code[n++] =
		    INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_0, 0, (int16_t)(off_b + 8 * i), 0);
	code[n++] = INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	code[n++] = INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	attr.insn_cnt = n;
	fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
	free(code);
	return fd;
}

int map_zero_per_cpu(struct engine *e, uint32_t map, uint32_t off_b, uint32_t size_b)
{
	own_fd int prog = -1;
	int *cpus = NULL, err = 0;
	uint32_t n;

	if (off_b + size_b > INT16_MAX || size_b % 8 || off_b % 8)
		return -EOPNOTSUPP; /* out of a store's reach */
	n = cpus_online(&cpus);
	if (n != e->n_cpus)
		err = -EOPNOTSUPP; /* nothing runs on an offline CPU */
	if (!err) {
		prog = load_zeroer(e->map_fds[map], off_b, size_b);
		err = prog < 0 ? prog : 0;
	}
	for (uint32_t i = 0; i < n && !err; i++) {
		union bpf_attr attr = {0};

		attr.test.prog_fd = (uint32_t)prog;
		attr.test.flags = BPF_F_TEST_RUN_ON_CPU;
		attr.test.cpu = (uint32_t)cpus[i];
		err = sys_bpf(BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	}
	free(cpus);
	return err;
}
