/* See ask.h. */
#include "vm/session/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vm/session/wire.h"

enum { PATIENCE_S = 5 };

/* ---- the connection -------------------------------------------------------------------------- */

int vm_session_connect(pid_t pid)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int len_b =
	    snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, VM_SESSION_NAME, (int)pid);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&name,
	            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len_b))) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* Asks, and takes the head of the answer: its size, or -1 and errno. */
static int64_t ask(int fd, struct vm_question q, const void *key, const void *value)
{
	struct vm_answer answer;

	if (wire_send(fd, &q, sizeof(q)) || wire_send(fd, key, q.key_b) ||
	    wire_send(fd, value, q.value_b) || wire_receive(fd, &answer, sizeof(answer)))
		return -1;
	if (answer.err) {
		errno = -answer.err;
		return -1;
	}
	if (answer.size_b > VM_ASK_MOST_B) {
		errno = EPROTO;
		return -1;
	}
	return answer.size_b;
}

/* An answer of known size. */
static int ask_for(int fd, struct vm_question q, const void *key, const void *value, void *ret,
                   size_t ret_b)
{
	int64_t size_b = ask(fd, q, key, value);

	if (size_b < 0)
		return -1;
	if ((size_t)size_b != ret_b) {
		errno = EPROTO;
		return -1;
	}
	return wire_receive(fd, ret, ret_b);
}

/* ---- objects --------------------------------------------------------------------------------- */

void vm_sessions_each(void (*fn)(void *arg, pid_t pid), void *arg)
{
	FILE *sockets = fopen("/proc/net/unix", "re");
	char line[512];

	while (sockets && fgets(line, sizeof(line), sockets)) {
		const char *name = strrchr(line, '@');
		int pid, end = 0;

		if (name && sscanf(name + 1, VM_SESSION_NAME "%n", &pid, &end) == 1 &&
		    name[1 + end] == '\n' && strstr(line, " 00010000 ")) /* __SO_ACCEPTCON */
			fn(arg, pid);
	}
	if (sockets)
		fclose(sockets);
}

int vm_session_next(int session, enum vm_served_kind kind, uint32_t after, uint32_t *ret)
{
	struct vm_question q = {.ask = VM_ASK_NEXT, .kind = kind, .id = after};

	return ask_for(session, q, NULL, NULL, ret, sizeof(*ret));
}

int vm_session_open(pid_t pid, enum vm_served_kind kind, uint32_t id)
{
	struct vm_question q = {.ask = VM_ASK_OPEN, .kind = kind, .id = id};
	int fd = vm_session_connect(pid);

	if (fd >= 0 && ask_for(fd, q, NULL, NULL, NULL, 0)) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* The next array of the answer: as much as there is room for, the rest is skipped. */
static int take_array(int fd, size_t *left_b, uint64_t to, size_t room, size_t n, size_t each_b)
{
	size_t want_b = n * each_b, take_b = to ? (room < n ? room : n) * each_b : 0;
	char rest[4096];

	if (want_b > *left_b) {
		errno = EPROTO;
		return -1;
	}
	*left_b -= want_b;
	if (wire_receive(fd, (void *)(uintptr_t)to, take_b))
		return -1;
	for (want_b -= take_b; want_b;) {
		size_t part_b = want_b < sizeof(rest) ? want_b : sizeof(rest);

		if (wire_receive(fd, rest, part_b))
			return -1;
		want_b -= part_b;
	}
	return 0;
}

int vm_session_prog_info(int fd, struct bpf_prog_info *info)
{
	int64_t size_b = ask(fd, (struct vm_question){.ask = VM_ASK_INFO}, NULL, NULL);
	struct bpf_prog_info asked = *info, *i = info;
	size_t left_b = (size_t)size_b - sizeof(*info);

	if (size_b < 0)
		return -1;
	if ((size_t)size_b < sizeof(*info)) {
		errno = EPROTO;
		return -1;
	}
	if (wire_receive(fd, info, sizeof(*info)) ||
	    take_array(fd, &left_b, asked.xlated_prog_insns, asked.xlated_prog_len,
	               i->xlated_prog_len, 1) ||
	    take_array(fd, &left_b, asked.jited_prog_insns, asked.jited_prog_len, i->jited_prog_len,
	               1) ||
	    take_array(fd, &left_b, asked.map_ids, asked.nr_map_ids, i->nr_map_ids, 4) ||
	    take_array(fd, &left_b, asked.jited_ksyms, asked.nr_jited_ksyms, i->nr_jited_ksyms,
	               8) ||
	    take_array(fd, &left_b, asked.jited_func_lens, asked.nr_jited_func_lens,
	               i->nr_jited_func_lens, 4) ||
	    take_array(fd, &left_b, asked.func_info, asked.nr_func_info, i->nr_func_info,
	               sizeof(struct bpf_func_info)) ||
	    take_array(fd, &left_b, asked.line_info, asked.nr_line_info, i->nr_line_info,
	               sizeof(struct bpf_line_info)) ||
	    take_array(fd, &left_b, asked.jited_line_info, asked.nr_jited_line_info,
	               i->nr_jited_line_info, 8))
		return -1;
	/* Pointers are the caller's own again. */
	i->xlated_prog_insns = asked.xlated_prog_insns;
	i->jited_prog_insns = asked.jited_prog_insns;
	i->map_ids = asked.map_ids;
	i->jited_ksyms = asked.jited_ksyms;
	i->jited_func_lens = asked.jited_func_lens;
	i->func_info = asked.func_info;
	i->line_info = asked.line_info;
	i->jited_line_info = asked.jited_line_info;
	return 0;
}

int vm_session_map_info(int fd, struct bpf_map_info *info)
{
	return ask_for(fd, (struct vm_question){.ask = VM_ASK_INFO}, NULL, NULL, info,
	               sizeof(*info));
}

int vm_session_is_frozen(int fd, bool *ret)
{
	uint8_t is = 0;
	int err = ask_for(fd, (struct vm_question){.ask = VM_ASK_FROZEN}, NULL, NULL, &is, 1);

	*ret = is;
	return err;
}

int vm_session_types(int fd, void **ret, size_t *ret_b)
{
	int64_t size_b = ask(fd, (struct vm_question){.ask = VM_ASK_TYPES}, NULL, NULL);

	*ret = size_b < 0 ? NULL : malloc((size_t)size_b + 1);
	*ret_b = size_b < 0 ? 0 : (size_t)size_b;
	if (!*ret || wire_receive(fd, *ret, *ret_b)) {
		free(*ret);
		*ret = NULL;
		return -1;
	}
	return 0;
}

/* ---- entries --------------------------------------------------------------------------------- */

int vm_session_lookup(int fd, enum vm_ask what, const void *key, uint32_t key_b, void *ret,
                      uint32_t ret_b)
{
	struct vm_question q = {.ask = what, .key_b = key ? key_b : 0};

	return ask_for(fd, q, key, NULL, ret, ret_b);
}

int vm_session_update(int fd, const void *key, uint32_t key_b, const void *value, uint32_t value_b,
                      uint64_t flags)
{
	struct vm_question q = {
	    .ask = VM_ASK_UPDATE, .key_b = key ? key_b : 0, .value_b = value_b, .flags = flags};

	return ask_for(fd, q, key, value, NULL, 0);
}

int vm_session_delete(int fd, const void *key, uint32_t key_b)
{
	struct vm_question q = {.ask = VM_ASK_DELETE, .key_b = key_b};

	return ask_for(fd, q, key, NULL, NULL, 0);
}

int vm_session_freeze(int fd)
{
	return ask_for(fd, (struct vm_question){.ask = VM_ASK_FREEZE}, NULL, NULL, NULL, 0);
}
