/* Pins a hash of numbers, as those who watch containers do: `pinmap PATH KEY_BYTES [KEY...]`. */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int call(int cmd, union bpf_attr *attr)
{
	int ret = (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	if (ret >= 0)
		return ret;
	perror("pinmap");
	exit(1);
}

int main(int argc, char **argv)
{
	union bpf_attr attr;
	int fd;

	if (argc < 3)
		return 2;
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = (uint32_t)atoi(argv[2]);
	attr.value_size = 4;
	attr.max_entries = 16;
	fd = call(BPF_MAP_CREATE, &attr);
	for (int i = 3; i < argc; i++) {
		uint64_t key = strtoull(argv[i], NULL, 0);
		uint32_t value = 1;

		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (uint32_t)fd;
		attr.key = (uint64_t)(uintptr_t)&key;
		attr.value = (uint64_t)(uintptr_t)&value;
		call(BPF_MAP_UPDATE_ELEM, &attr);
	}
	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uint64_t)(uintptr_t)argv[1];
	attr.bpf_fd = (uint32_t)fd;
	call(BPF_OBJ_PIN, &attr);
	return 0;
}
