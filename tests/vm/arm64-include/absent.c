/* What stands on libraries that the emulated CPU's build has not (libbpf, libelf) or on a system
 * call that user emulation has not (bpf), or on the rest of the command. All of it says so. */
#include <errno.h>
#include <stdint.h>

#include "cmd/vm.h"
#include "cmd/vm_kernel.h"
#include "vm/object.h"

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

int vm_kernel_load(struct arena *a, const struct vm_program *all, uint32_t n_all,
                   const struct vm_program *p, struct vm_kernel_prog **ret, struct strbuf *why)
{
	(void)a;
	(void)all;
	(void)n_all;
	(void)p;
	(void)ret;
	(void)why;
	return -ENOSYS;
}

int vm_kernel_test(struct vm_kernel_prog *k, void *memory, uint32_t *memory_b, uint64_t repeat,
                   uint32_t *ret_r0, double *ret_ns, struct strbuf *why)
{
	(void)k;
	(void)memory;
	(void)memory_b;
	(void)repeat;
	(void)ret_r0;
	(void)ret_ns;
	(void)why;
	return -ENOSYS;
}

int vm_kernel_read_map(struct vm_kernel_prog *k, uint32_t map, const void *key, void *ret)
{
	(void)k;
	(void)map;
	(void)key;
	(void)ret;
	return -ENOSYS;
}

void vm_kernel_close(struct vm_kernel_prog *k)
{
	(void)k;
}

bool vm_read_input(struct arena *a, const char *path, char **ret, size_t *ret_len_b)
{
	(void)a;
	(void)path;
	(void)ret;
	(void)ret_len_b;
	return false;
}

int vm_object_open(struct arena *a, const void *bytes, size_t len_b,
                   const struct vm_object_options *opts, struct vm_object **ret, struct strbuf *why)
{
	(void)a;
	(void)bytes;
	(void)len_b;
	(void)opts;
	(void)ret;
	(void)why;
	return -ENOSYS;
}

void vm_object_close(struct vm_object *o)
{
	(void)o;
}
