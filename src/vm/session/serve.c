/* See serve.h. One thread and a few connections, each answered in full before the next: whoever
 * asks is a person. A connection that stops in the middle of a question is dropped after a second.
 */
#include "vm/session/serve.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/strbuf.h"
#include "vm/session/protocol.h"
#include "vm/session/wire.h"

enum { ASKERS_MOST = 16, PATIENCE_S = 1 };
enum { STOP, LISTEN, ASKERS }; /* what is polled */

struct asker {
	int fd;
	const struct vm_served_program *program; /* what it has opened; */
	struct vm_map *map;
	uint32_t id;
};

struct vm_server {
	struct vm_served what;
	uint64_t begun_ns; /* CLOCK_BOOTTIME, as the kernel's load_time */
	int fd, stop_fd;
	pthread_t thread;
	struct asker askers[ASKERS_MOST];
	uint32_t n_askers;
	struct strbuf key, value, answer; /* of the question in hand */
};

/* ---- the connection -------------------------------------------------------------------------- */

/* Whether `b` holds n_b bytes from the connection now. */
static bool receive_bytes(int fd, struct strbuf *b, size_t n_b)
{
	sb_reset(b);
	sb_pad(b, '\0', n_b);
	return !wire_receive(fd, b->s, n_b);
}

static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t size_b = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size_b) &&
	       (!peer.uid || peer.uid == getuid());
}

/* ---- programs -------------------------------------------------------------------------------- */

static uint64_t counted(const uint64_t *n)
{
	return __atomic_load_n(n, __ATOMIC_RELAXED);
}

static struct vm_map *map_at(const struct vm_served *what, uint64_t address, uint64_t *ret_off_b)
{
	for (uint32_t i = 0; i < what->n_maps; i++) {
		struct vm_map *m = what->maps[i];
		uint64_t values = m ? (uintptr_t)m->values : 0;

		*ret_off_b = UINT64_MAX;
		if ((uintptr_t)m == address && m)
			return m;
		if (values && address >= values &&
		    address - values < (uint64_t)m->stride_b * m->def.max_entries) {
			*ret_off_b = address - values;
			return m;
		}
	}
	return NULL;
}

static int32_t function_at(const struct vm_code *c, uint32_t pc)
{
	for (uint32_t i = 0; i < c->facts.n_funcs; i++)
		if (c->facts.func_pcs[i] == pc)
			return (int32_t)i;
	return -1;
}

/* Instructions as the kernel shows them: maps by their ids instead of addresses, and with a call's
 * distance the number of its function (bpf_insn_prepare_dump()). */
static void add_insns(const struct vm_served *what, const struct vm_code *c, struct strbuf *to)
{
	for (uint32_t i = 0; i < c->n_insns; i++) {
		struct bpf_insn insn = c->insns[i], next;
		uint64_t off_b;
		struct vm_map *m;

		if (insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == BPF_PSEUDO_CALL) {
			insn.off = (int16_t)insn.imm;
			insn.imm = function_at(c, i + 1 + (uint32_t)insn.imm);
		}
		if (insn.code != (BPF_LD | BPF_IMM | BPF_DW) || insn.src_reg ||
		    i + 1 == c->n_insns) {
			sb_add(to, &insn, sizeof(insn));
			continue;
		}
		next = c->insns[++i];
		m = map_at(what, (uint32_t)insn.imm | (uint64_t)(uint32_t)next.imm << 32, &off_b);
		if (m) {
			insn.src_reg =
			    off_b == UINT64_MAX ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;
			insn.imm = (int32_t)m->id;
			next.imm = off_b == UINT64_MAX ? 0 : (int32_t)off_b;
		}
		sb_add(to, &insn, sizeof(insn));
		sb_add(to, &next, sizeof(next));
	}
}

/* Of the maps that instructions name, each once. */
static void add_map_ids(const struct vm_served *what, const struct bpf_insn *insns, uint32_t n,
                        struct strbuf *to)
{
	for (uint32_t i = 0; i < what->n_maps; i++) {
		uint32_t id = what->maps[i] ? what->maps[i]->id : 0, at;

		for (at = 0; at < n; at++)
			if (id && insns[at].code == (BPF_LD | BPF_IMM | BPF_DW) &&
			    (insns[at].src_reg == BPF_PSEUDO_MAP_FD ||
			     insns[at].src_reg == BPF_PSEUDO_MAP_VALUE) &&
			    (uint32_t)insns[at].imm == id)
				break;
		if (at < n)
			sb_add(to, &id, sizeof(id));
	}
}

/* Eight bytes that are the same for the same instructions. The kernel's are a cryptographic digest,
 * which nothing here needs (FNV-1a). */
static void tag_of(const struct bpf_insn *insns, uint32_t n, uint8_t ret[BPF_TAG_SIZE])
{
	const unsigned char *p = (const unsigned char *)insns;
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < n * sizeof(*insns); i++)
		sum = (sum ^ p[i]) * 0x100000001b3;
	memcpy(ret, &sum, BPF_TAG_SIZE);
}

static void program_info(const struct vm_server *s, const struct vm_served_program *p, uint32_t id,
                         struct strbuf *to)
{
	const struct vm_code *c = p->code;
	own_strbuf struct strbuf insns = {0}, map_ids = {0};
	bool is_jited = c->jit_memory && c->jit_code_b;
	struct bpf_prog_info i = {
	    .type = c->type,
	    .id = id,
	    .gpl_compatible = 1,
	    .created_by_uid = getuid(),
	    .load_time = s->begun_ns,
	    .xlated_prog_len = c->n_insns * (uint32_t)sizeof(struct bpf_insn),
	    .jited_prog_len = is_jited ? (uint32_t)c->jit_code_b : 0,
	    .nr_jited_ksyms = is_jited,
	    .nr_jited_func_lens = is_jited,
	    .nr_func_info = p->n_funcs,
	    .func_info_rec_size = sizeof(struct bpf_func_info),
	    .nr_line_info = p->n_lines,
	    .line_info_rec_size = sizeof(struct bpf_line_info),
	    .nr_jited_line_info = is_jited ? p->n_lines : 0,
	    .jited_line_info_rec_size = 8,
	    .btf_id = s->what.btf && p->n_funcs,
	};
	uint64_t base = (uintptr_t)c->jit_memory;

	add_insns(&s->what, c, &insns);
	tag_of((const struct bpf_insn *)insns.s, c->n_insns, i.tag);
	if (p->counts) {
		i.run_cnt = counted(&p->counts->n_runs);
		i.run_time_ns = counted(&p->counts->run_ns);
	}
	snprintf(i.name, sizeof(i.name), "%s", p->name);
	add_map_ids(&s->what, (const struct bpf_insn *)insns.s, c->n_insns, &map_ids);
	i.nr_map_ids = (uint32_t)(map_ids.n / sizeof(uint32_t));
	sb_add(to, &i, sizeof(i));
	sb_add(to, insns.s, insns.n);
	sb_add(to, c->jit_memory, i.jited_prog_len);
	sb_add(to, map_ids.s, map_ids.n);
	if (is_jited) {
		sb_add(to, &base, 8);
		sb_add(to, &i.jited_prog_len, 4);
	}
	sb_add(to, p->funcs, p->n_funcs * sizeof(*p->funcs));
	sb_add(to, p->lines, p->n_lines * sizeof(*p->lines));
	for (uint32_t k = 0; k < i.nr_jited_line_info; k++) {
		uint32_t pc = p->lines[k].insn_off;
		uint64_t address = base + (pc <= c->n_insns ? c->jit_offsets[pc] : 0);

		sb_add(to, &address, 8);
	}
}

/* ---- maps ------------------------------------------------------------------------------------ */

static void map_info(const struct vm_server *s, const struct vm_map *m, struct strbuf *to)
{
	struct bpf_map_info i = {
	    .type = m->def.type,
	    .id = m->id,
	    .key_size = m->def.key_size_b,
	    .value_size = m->def.value_size_b,
	    .max_entries = m->def.max_entries,
	    .map_flags = m->def.flags,
	    .map_extra = m->def.extra,
	    .btf_id = s->what.btf && m->def.value_type,
	    .btf_key_type_id = m->def.key_type,
	    .btf_value_type_id = m->def.value_type,
	};

	snprintf(i.name, sizeof(i.name), "%s", m->def.name ? m->def.name : "");
	sb_add(to, &i, sizeof(i));
}

static bool is_of_maps(const struct vm_map *m)
{
	return m->def.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       m->def.type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* Members are told by their ids, as bpf(2) does. */
static int read_member(struct vm_server *s, struct vm_map *m, const void *key)
{
	const struct vm_map *inner = NULL;
	const struct vm_code *code = NULL;
	uint32_t id = 0, index;

	if (is_of_maps(m)) {
		inner = m->ops->lookup(m, key, 0);
		id = inner ? inner->id : 0;
	} else {
		memcpy(&index, key, sizeof(index));
		code = vm_map_program(m, index);
		for (uint32_t i = 0; code && i < s->what.n_programs; i++)
			if (s->what.programs[i].code == code)
				id = i + 1;
	}
	sb_add(&s->answer, &id, sizeof(id));
	return id ? 0 : -ENOENT;
}

/* Of one value out there: as many CPUs as the machine may have, though the session may use fewer.
 */
static size_t value_bytes(const struct vm_map *m)
{
	size_t own_b = vm_map_value_bytes(m);

	switch (m->def.type) {
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return own_b / m->n_cpus * cpus_possible();
	default:
		return own_b;
	}
}

static int read_value(struct vm_server *s, struct vm_map *m, const void *key, bool is_taken)
{
	if (is_of_maps(m) || m->def.type == BPF_MAP_TYPE_PROG_ARRAY)
		return is_taken ? -EOPNOTSUPP : read_member(s, m, key);
	sb_pad(&s->answer, '\0', value_bytes(m));
	return is_taken ? vm_map_take(m, key, s->answer.s) : vm_map_read(m, key, s->answer.s);
}

/* A key or value of another length than the map's is an invalid argument. */
static bool fits(const struct strbuf *bytes, size_t size_b)
{
	return bytes->n == size_b;
}

static int answer_entry(struct vm_server *s, struct vm_map *m, const struct vm_question *q)
{
	const void *key = s->key.n ? s->key.s : NULL;
	uint32_t key_b = m->def.key_size_b;
	int err;

	switch (q->ask) {
	case VM_ASK_LOOKUP:
	case VM_ASK_TAKE:
		return fits(&s->key, key_b) ? read_value(s, m, key, q->ask == VM_ASK_TAKE)
		                            : -EINVAL;
	case VM_ASK_NEXT_KEY:
		if (!key_b || (key && !fits(&s->key, key_b)))
			return -EINVAL;
		sb_pad(&s->answer, '\0', key_b);
		err = vm_map_next_key(m, key, s->answer.s);
		return err;
	case VM_ASK_UPDATE:
		/* A member would be a pointer here. */
		if (is_of_maps(m) || m->def.type == BPF_MAP_TYPE_PROG_ARRAY)
			return -EOPNOTSUPP;
		return fits(&s->key, key_b) && fits(&s->value, value_bytes(m))
		           ? vm_map_write(m, key, s->value.s, q->flags)
		           : -EINVAL;
	case VM_ASK_DELETE:
		return fits(&s->key, key_b) ? vm_map_erase(m, key) : -EINVAL;
	case VM_ASK_FREEZE:
		return vm_map_freeze(m);
	default:
		return -EINVAL;
	}
}

/* ---- questions ------------------------------------------------------------------------------- */

static uint32_t next_id(const struct vm_served *what, const struct vm_question *q)
{
	uint32_t next = 0;

	if (q->kind == VM_SERVED_PROGRAM) {
		for (uint32_t i = q->id; i < what->n_programs; i++)
			if (what->programs[i].code)
				return i + 1;
	} else if (q->kind == VM_SERVED_MAP) {
		for (uint32_t i = 0; i < what->n_maps; i++)
			if (what->maps[i] && what->maps[i]->id > q->id &&
			    (!next || what->maps[i]->id < next))
				next = what->maps[i]->id;
	} else if (what->btf && !q->id) {
		next = 1;
	}
	return next;
}

static int open_object(const struct vm_served *what, const struct vm_question *q,
                       struct asker *asker)
{
	asker->id = q->id;
	asker->program = NULL;
	asker->map = NULL;
	if (q->kind == VM_SERVED_PROGRAM && q->id && q->id <= what->n_programs &&
	    what->programs[q->id - 1].code)
		asker->program = &what->programs[q->id - 1];
	for (uint32_t i = 0; q->kind == VM_SERVED_MAP && i < what->n_maps; i++)
		if (what->maps[i] && what->maps[i]->id == q->id)
			asker->map = what->maps[i];
	return asker->program || asker->map || (q->kind == VM_SERVED_BTF && what->btf) ? 0
	                                                                               : -ENOENT;
}

static int answer(struct vm_server *s, struct asker *asker, const struct vm_question *q)
{
	uint32_t id;

	switch (q->ask) {
	case VM_ASK_NEXT:
		id = next_id(&s->what, q);
		sb_add(&s->answer, &id, sizeof(id));
		return id ? 0 : -ENOENT;
	case VM_ASK_OPEN:
		return open_object(&s->what, q, asker);
	case VM_ASK_INFO:
		if (asker->program)
			program_info(s, asker->program, asker->id, &s->answer);
		else if (asker->map)
			map_info(s, asker->map, &s->answer);
		else
			return -EBADF;
		return 0;
	case VM_ASK_TYPES:
		sb_add(&s->answer, s->what.btf, s->what.btf_b);
		return 0;
	case VM_ASK_FROZEN:
		sb_addc(&s->answer, (char)(asker->map && asker->map->is_frozen));
		return 0;
	default:
		return asker->map ? answer_entry(s, asker->map, q) : -EBADF;
	}
}

/* False: the connection is over. */
static bool serve(struct vm_server *s, struct asker *asker)
{
	struct vm_question q;
	struct vm_answer head;

	if (wire_receive(asker->fd, &q, sizeof(q)) || q.key_b > VM_ASK_MOST_B ||
	    q.value_b > VM_ASK_MOST_B || !receive_bytes(asker->fd, &s->key, q.key_b) ||
	    !receive_bytes(asker->fd, &s->value, q.value_b))
		return false;
	sb_reset(&s->answer);
	head.err = answer(s, asker, &q);
	if (head.err)
		sb_reset(&s->answer);
	head.size_b = (uint32_t)s->answer.n;
	return !wire_send(asker->fd, &head, sizeof(head)) &&
	       !wire_send(asker->fd, s->answer.s, s->answer.n);
}

static void accept_asker(struct vm_server *s)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (s->n_askers == ASKERS_MOST || !may_ask(fd)) {
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	s->askers[s->n_askers++] = (struct asker){.fd = fd};
}

static void *run(void *arg)
{
	struct vm_server *s = arg;

	for (;;) {
		struct pollfd fds[ASKERS + ASKERS_MOST] = {
		    [STOP] = {.fd = s->stop_fd, .events = POLLIN},
		    [LISTEN] = {.fd = s->fd, .events = POLLIN},
		};

		for (uint32_t i = 0; i < s->n_askers; i++)
			fds[ASKERS + i] = (struct pollfd){.fd = s->askers[i].fd, .events = POLLIN};
		if (poll(fds, ASKERS + s->n_askers, -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[STOP].revents)
			return NULL;
		/* From the last one: another takes the place of one that goes. */
		for (uint32_t i = s->n_askers; i--;)
			if (fds[ASKERS + i].revents && !serve(s, &s->askers[i])) {
				close(s->askers[i].fd);
				s->askers[i] = s->askers[--s->n_askers];
			}
		if (fds[LISTEN].revents)
			accept_asker(s);
	}
}

/* ---- begin, end ------------------------------------------------------------------------------ */

static int listen_here(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int len_b =
	    snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, VM_SESSION_NAME, (int)getpid());

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&name,
	         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len_b)) ||
	    listen(fd, ASKERS_MOST)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void free_server(struct vm_server *s)
{
	for (uint32_t i = 0; i < s->n_askers; i++)
		close(s->askers[i].fd);
	if (s->fd >= 0)
		close(s->fd);
	if (s->stop_fd >= 0)
		close(s->stop_fd);
	sb_free(&s->key);
	sb_free(&s->value);
	sb_free(&s->answer);
	free(s);
}

struct vm_server *vm_serve_begin(const struct vm_served *what)
{
	struct vm_server *s = calloc(1, sizeof(*s));
	struct timespec now;
	sigset_t all, before;
	int err;

	if (!s)
		return NULL;
	clock_gettime(CLOCK_BOOTTIME, &now);
	s->begun_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	s->what = *what;
	s->fd = listen_here();
	s->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (s->fd < 0 || s->stop_fd < 0) {
		free_server(s);
		return NULL;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		free_server(s);
		return NULL;
	}
	return s;
}

void vm_serve_end(struct vm_server *s)
{
	if (!s)
		return;
	eventfd_write(s->stop_fd, 1);
	pthread_join(s->thread, NULL);
	free_server(s);
}
