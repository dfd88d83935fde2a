/* See source.h. */
#include "inspect/source.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <stdlib.h>
#include <unistd.h>

#include "inspect/internal.h"
#include "vm/session/ask.h"

static pid_t session;

void source_use_session(pid_t pid)
{
	session = pid;
}

pid_t source_session(void)
{
	return session;
}

/* ---- objects --------------------------------------------------------------------------------- */

static int next_in_session(enum vm_served_kind kind, uint32_t after, uint32_t *ret)
{
	int fd = vm_session_connect(session), err;

	if (fd < 0)
		return -1;
	err = vm_session_next(fd, kind, after, ret);
	close(fd);
	return err;
}

int source_next_prog(uint32_t after, uint32_t *ret)
{
	return session ? next_in_session(VM_SERVED_PROGRAM, after, ret)
	               : bpf_prog_get_next_id(after, ret);
}

int source_next_map(uint32_t after, uint32_t *ret)
{
	return session ? next_in_session(VM_SERVED_MAP, after, ret)
	               : bpf_map_get_next_id(after, ret);
}

int source_open_prog(uint32_t id)
{
	return session ? vm_session_open(session, VM_SERVED_PROGRAM, id)
	               : bpf_prog_get_fd_by_id(id);
}

int source_open_map(uint32_t id)
{
	return session ? vm_session_open(session, VM_SERVED_MAP, id) : bpf_map_get_fd_by_id(id);
}

int source_prog_info(int fd, struct bpf_prog_info *info)
{
	uint32_t size_b = sizeof(*info);

	return session ? vm_session_prog_info(fd, info) : bpf_obj_get_info_by_fd(fd, info, &size_b);
}

int source_map_info(int fd, struct bpf_map_info *info)
{
	uint32_t size_b = sizeof(*info);

	return session ? vm_session_map_info(fd, info) : bpf_obj_get_info_by_fd(fd, info, &size_b);
}

struct btf *source_types(uint32_t id, struct btf *base)
{
	struct btf *btf = NULL;
	size_t size_b;
	void *bytes;
	int fd;

	if (!session)
		return btf__load_from_kernel_by_id_split(id, base);
	fd = vm_session_open(session, VM_SERVED_BTF, id);
	if (fd < 0)
		return NULL;
	if (!vm_session_types(fd, &bytes, &size_b)) {
		btf = btf__new(bytes, (uint32_t)size_b);
		free(bytes);
	}
	close(fd);
	return btf;
}

bool source_is_frozen(int fd)
{
	uint64_t frozen;
	bool is;

	if (session)
		return !vm_session_is_frozen(fd, &is) && is;
	return fdinfo_number(fd, "frozen", &frozen) && frozen;
}

/* ---- entries --------------------------------------------------------------------------------- */

int source_lookup(int fd, const void *key, uint32_t key_b, void *value, uint32_t value_b)
{
	return session ? vm_session_lookup(fd, VM_ASK_LOOKUP, key, key_b, value, value_b)
	               : bpf_map_lookup_elem(fd, key, value);
}

int source_take(int fd, const void *key, uint32_t key_b, void *value, uint32_t value_b)
{
	return session ? vm_session_lookup(fd, VM_ASK_TAKE, key, key_b, value, value_b)
	               : bpf_map_lookup_and_delete_elem(fd, key, value);
}

int source_next_key(int fd, const void *key, void *ret_key, uint32_t key_b)
{
	return session ? vm_session_lookup(fd, VM_ASK_NEXT_KEY, key, key_b, ret_key, key_b)
	               : bpf_map_get_next_key(fd, key, ret_key);
}

int source_update(int fd, const void *key, uint32_t key_b, const void *value, uint32_t value_b,
                  uint64_t flags)
{
	return session ? vm_session_update(fd, key, key_b, value, value_b, flags)
	               : bpf_map_update_elem(fd, key, value, flags);
}

int source_delete(int fd, const void *key, uint32_t key_b)
{
	return session ? vm_session_delete(fd, key, key_b) : bpf_map_delete_elem(fd, key);
}

int source_freeze(int fd)
{
	return session ? vm_session_freeze(fd) : bpf_map_freeze(fd);
}
