/* Objects that nobody wishes for: a holder whose name has quotes, line ends, escapes and half a
 * character, and maps and programs that come and go while somebody looks.
 *
 *   hostile hold PATH    pins a map at PATH (any bytes) and holds it under such a name until stdin
 * ends hostile churn PATH   makes and drops maps and programs, and entries of the map at PATH,
 * until stdin ends */
#include <linux/bpf.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int map(const char *name)
{
	union bpf_attr attr = {
	    .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 4096};

	strcpy(attr.map_name, name);
	return bpf(BPF_MAP_CREATE, &attr);
}

static int program(void)
{
	static const struct bpf_insn insns[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K},
	                                        {.code = BPF_JMP | BPF_EXIT}};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
	                       .insns = (uintptr_t)insns,
	                       .insn_cnt = 2,
	                       .license = (uintptr_t) "GPL"};

	strcpy(attr.prog_name, "hostile_churn");
	return bpf(BPF_PROG_LOAD, &attr);
}

static int over(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

static int churn(const char *path)
{
	union bpf_attr get = {.pathname = (uintptr_t)path};
	int fd = bpf(BPF_OBJ_GET, &get);

	if (fd < 0)
		return 1;
	for (uint32_t i = 0; !over(); i++) {
		int objects[8];
		uint64_t value = i;

		for (int k = 0; k < 8; k++)
			objects[k] = k % 2 ? map("hostile_churn") : program();
		for (uint32_t key = i % 7; key < 4000; key += 7) {
			union bpf_attr attr = {.map_fd = (uint32_t)fd,
			                       .key = (uintptr_t)&key,
			                       .value = (uintptr_t)&value};

			bpf(i % 2 ? BPF_MAP_UPDATE_ELEM : BPF_MAP_DELETE_ELEM, &attr);
		}
		for (int k = 0; k < 8; k++)
			close(objects[k]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	union bpf_attr pin = {0};
	int fd;

	if (argc == 3 && !strcmp(argv[1], "churn"))
		return churn(argv[2]);
	if (argc != 3 || strcmp(argv[1], "hold") != 0)
		return 2;
	fd = map("hostile");
	pin.pathname = (uintptr_t)argv[2];
	pin.bpf_fd = (uint32_t)fd;
	if (fd < 0 || bpf(BPF_OBJ_PIN, &pin))
		return 1;
	prctl(PR_SET_NAME, "a\"\n\033[31m\\\xff\xc3,");
	puts("held");
	fflush(stdout);
	while (read(STDIN_FILENO, &pin, 1) > 0)
		;
	return 0;
}
