/* Names of kernel addresses, by the kernel's own table: bpf_snprintf("%pS") in a test run (5.13).
 * Some dozen addresses cost microseconds, where /proc/kallsyms is to be made and read whole; and
 * kptr_restrict, which empties that file, does not matter.
 *
 * Input and output are one value of an array map that is mapped here: addresses, then as many
 * texts. The program does the same for each address in turn, without a loop:
 *
 *   r6 = the value; r7 = the format
 *   if *(u64 *)(r6 + 8 * i) == 0 goto end
 *   bpf_snprintf(text i, NAME_B, r7, &address i, 8) */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "bpf/insn.h"
#include "engine/kernel/sys.h"

enum {
	BATCH = 32,
	NAME_B = ENGINE_KERNEL_NAME_B,
	PER_ADDRESS = 10, /* instructions */
	VALUE_B = BATCH * (8 + NAME_B),
	FROZEN = 1 << 7, /* BPF_F_RDONLY_PROG */
};

struct kernel_names {
	int prog_fd;
	void *value;
	size_t mapped_b;
};

static int make_map(uint32_t value_b, uint32_t flags)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY,
	                       .key_size = 4,
	                       .value_size = value_b,
	                       .max_entries = 1,
	                       .map_flags = flags};

	return sys_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int make_format(void)
{
	own_fd int fd = make_map(8, FROZEN);
	union bpf_attr attr = {0};
	uint32_t key = 0;
	char format[8] = "%pS";
	int err;

	if (fd < 0)
		return fd;
	attr.map_fd = (uint32_t)fd;
	attr.key = sys_ptr(&key);
	attr.value = sys_ptr(format);
	err = sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
	if (!err) {
		attr = (union bpf_attr){.map_fd = (uint32_t)fd};
		err = sys_bpf(BPF_MAP_FREEZE, &attr, sizeof(attr));
	}
	return err ? err : TAKE_FD(fd);
}

static uint32_t add_value(struct bpf_insn *to, uint8_t reg, int map_fd)
{
	to[0] = bpf_make(BPF_LD | BPF_IMM | BPF_DW, reg, BPF_PSEUDO_MAP_VALUE, 0, map_fd);
	to[1] = bpf_make(0, 0, 0, 0, 0);
	return 2;
}

static int load(int value_fd, int format_fd)
{
	struct bpf_insn code[4 + BATCH * PER_ADDRESS + 2];
	union bpf_attr attr = {0};
	uint32_t n = add_value(code, 6, value_fd);

	n += add_value(code + n, 7, format_fd);
	for (int i = 0; i < BATCH; i++) {
		int16_t left = (int16_t)((BATCH - i) * PER_ADDRESS - 2);

		code[n++] = bpf_make(BPF_LDX | BPF_MEM | BPF_DW, 1, 6, (int16_t)(8 * i), 0);
		code[n++] = bpf_make(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, left, 0);
		code[n++] = bpf_mov(1, 6);
		code[n++] = bpf_alu_imm(BPF_ADD, false, 1, BATCH * 8 + i * NAME_B);
		code[n++] = bpf_mov_imm(2, NAME_B);
		code[n++] = bpf_mov(3, 7);
		code[n++] = bpf_mov(4, 6);
		code[n++] = bpf_alu_imm(BPF_ADD, false, 4, 8 * i);
		code[n++] = bpf_mov_imm(5, 8);
		code[n++] = bpf_make(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_snprintf);
	}
	code[n++] = bpf_mov_imm(0, 0);
	code[n++] = bpf_make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = sys_ptr(code);
	attr.insn_cnt = n;
	attr.license = sys_ptr("GPL");
	memcpy(attr.prog_name, "skep_names", sizeof("skep_names"));
	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int open_names(struct kernel_names *k)
{
	size_t page_b = (size_t)sysconf(_SC_PAGESIZE);
	own_fd int value_fd = make_map(VALUE_B, BPF_F_MMAPABLE);
	own_fd int format_fd = value_fd < 0 ? value_fd : make_format();

	if (format_fd < 0)
		return format_fd;
	k->prog_fd = load(value_fd, format_fd);
	if (k->prog_fd < 0)
		return k->prog_fd;
	k->mapped_b = (VALUE_B + page_b - 1) / page_b * page_b;
	k->value = mmap(NULL, k->mapped_b, PROT_READ | PROT_WRITE, MAP_SHARED, value_fd, 0);
	if (k->value != MAP_FAILED)
		return 0;
	k->value = NULL;
	return -errno;
}

void kernel_names_close(struct kernel_names *k)
{
	if (!k)
		return;
	if (k->value)
		munmap(k->value, k->mapped_b);
	if (k->prog_fd >= 0)
		close(k->prog_fd);
	free(k);
}

int kernel_name_addresses(struct engine *e, const uint64_t *addresses, uint32_t n, char *ret_texts)
{
	uint64_t args[12] = {0};
	union bpf_attr attr = {0};
	int err;

	if (!e->names) {
		e->names = calloc(1, sizeof(*e->names));
		if (!e->names)
			return -ENOMEM;
		e->names->prog_fd = -1;
		e->names_err = open_names(e->names);
	}
	if (e->names_err)
		return e->names_err;
	attr.test.prog_fd = (uint32_t)e->names->prog_fd;
	attr.test.ctx_in = sys_ptr(args);
	attr.test.ctx_size_in = sizeof(args);
	for (uint32_t done = 0; done < n; done += BATCH) {
		uint32_t count = n - done < BATCH ? n - done : BATCH;

		memset(e->names->value, 0, VALUE_B);
		memcpy(e->names->value, addresses + done, count * sizeof(*addresses));
		err = sys_bpf(BPF_PROG_TEST_RUN, &attr, sizeof(attr));
		if (err)
			return err;
		memcpy(ret_texts + (size_t)done * NAME_B, (char *)e->names->value + BATCH * 8,
		       (size_t)count * NAME_B);
	}
	return 0;
}
