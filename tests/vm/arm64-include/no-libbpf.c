/* bpf(2) as libbpf offers it, for builds without libbpf: user emulation has no such system call. */
#include <errno.h>
#include <stdint.h>

int bpf_btf_get_fd_by_id(uint32_t id);
int bpf_btf_get_next_id(uint32_t start, uint32_t *ret);
int bpf_obj_get_info_by_fd(int fd, void *info, uint32_t *size_b);

int bpf_btf_get_fd_by_id(uint32_t id)
{
	(void)id;
	return -ENOSYS;
}

int bpf_btf_get_next_id(uint32_t start, uint32_t *ret)
{
	(void)start;
	(void)ret;
	return -ENOSYS;
}

int bpf_obj_get_info_by_fd(int fd, void *info, uint32_t *size_b)
{
	(void)fd;
	(void)info;
	(void)size_b;
	return -ENOSYS;
}
