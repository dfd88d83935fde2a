/* The contracts of helpers.def against the kernel this runs on. From each row a call is made that
 * keeps the contract, which the kernel has to accept; then calls that differ in one thing, which it
 * has to accept or refuse as the row says: null, no size, memory that is read-only, too small, not
 * aligned or a packet's, a number for a pointer and a pointer for a number, a reference kept, a
 * packet pointer used afterwards. What the result is must read the same, too.
 *
 * Also asked: which types of map each helper takes, and each kind of program may use.
 *
 * Not tried are arguments that only special maps or callbacks can give (locks, timers, kptrs,
 * dynptrs, local storage) and kernel objects other than tasks. */
#include "ask_kernel.h"

enum { SIZE_B = 16, LOWEST = -128, MAX_INSNS = 128 };

/* What is different from a good call. */
enum mutation {
	GOOD,
	PASS_NULL,    /* for a pointer; its size becomes 0 where it may */
	PASS_ZERO,    /* for a size */
	PASS_NUMBER,  /* for a pointer: one that nothing is known of */
	PASS_POINTER, /* for a number */
	PASS_RDONLY,  /* for memory: a frozen map's */
	PASS_PACKET,  /* for memory */
	PASS_SHORT,   /* for memory of a fixed size */
	PASS_ODD,     /* likewise, not aligned */
	KEEP_RESULT,  /* don't give a reference back */
	USE_RESULT,   /* read r0 */
	USE_PACKET,   /* packet bytes, by a pointer from before the call */
	N_MUTATIONS
};

static const char *const mutation_names[] = {
    "good",   "null",  "size 0", "a number",    "a pointer",  "read-only",
    "packet", "short", "odd",    "keep result", "use result", "use packet"};

struct call {
	struct bpf_insn insns[MAX_INSNS];
	uint32_t n;
	const struct bpf_helper *h;
	int map_fd, string_fd;
	enum mutation mutation;
	uint32_t which; /* argument */
};

static void emit(struct call *c, struct bpf_insn i)
{
	assert_true(c->n < MAX_INSNS);
	c->insns[c->n++] = i;
}

static void emit_lddw(struct call *c, uint8_t dst, uint8_t pseudo, uint64_t imm)
{
	assert_true(c->n + 2 < MAX_INSNS);
	bpf_lddw(&c->insns[c->n], dst, pseudo, imm);
	c->n += 2;
}

static void emit_end(struct call *c, const struct vm_program *p)
{
	emit(c, bpf_mov_imm(0, good_result(p)));
	emit(c, bpf_exit());
}

/* ---- maps ---------------------------------------------------------------------------------------
 */

static int create_map(uint32_t type, uint32_t flags, uint32_t value_b)
{
	union bpf_attr a = {.map_type = type, .map_flags = flags};

	a.key_size = 4;
	a.value_size = value_b;
	a.max_entries = 1;
	switch (type) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_CPUMAP:
		a.value_size = 4;
		break;
	case BPF_MAP_TYPE_RINGBUF:
		a.key_size = a.value_size = 0;
		a.max_entries = 4096;
		break;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case MAP_BLOOM_FILTER:
		a.key_size = 0;
		break;
	case BPF_MAP_TYPE_CGROUP_STORAGE:
		a.key_size = 8;
		a.max_entries = 0;
		break;
	default:
		break;
	}
	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}

/* A map that this helper takes; -1: none that can be had without BTF. */
static int map_for(const struct vm_program *p, uint32_t helper)
{
	for (uint32_t type = 1; type <= MAP_USER_RINGBUF; type++) {
		struct vm_map_def def = {.type = type};
		own_strbuf struct strbuf why = {0};
		int fd = -1;

		if (kind_may_pass_map(p, type, helper, &why) && kind_may_use_map(p, &def, &why))
			fd = create_map(type, 0, 8);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* Bytes that programs may only read: "ab" and zeros. */
static int create_string(void)
{
	union bpf_attr update = {0}, freeze = {0};
	char bytes[64] = "ab";
	uint32_t key = 0;
	int fd = create_map(BPF_MAP_TYPE_ARRAY, BPF_F_RDONLY_PROG, sizeof(bytes));

	assert_true(fd >= 0);
	update.map_fd = freeze.map_fd = (uint32_t)fd;
	update.key = (uintptr_t)&key;
	update.value = (uintptr_t)bytes;
	assert_int_equal(syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &update, sizeof(update)), 0);
	assert_int_equal(syscall(SYS_bpf, BPF_MAP_FREEZE, &freeze, sizeof(freeze)), 0);
	return fd;
}

/* ---- arguments ----------------------------------------------------------------------------------
 */

static bool is_number(enum helper_arg_kind k)
{
	return k == ARG_ANYTHING || k == ARG_SCALAR || k == ARG_SIZE || k == ARG_SIZE_OR_ZERO ||
	       k == ARG_ALLOC_SIZE;
}

static bool is_size(enum helper_arg_kind k)
{
	return k == ARG_SIZE || k == ARG_SIZE_OR_ZERO;
}

static bool is_socket(enum helper_arg_kind k)
{
	return k == ARG_SOCK_COMMON || k == ARG_SOCKET || k == ARG_BTF_SOCK_COMMON;
}

/* Where in the context a socket is, or -1. A full one unless there is none. */
static int32_t find_socket(const struct vm_program *p, struct context_access *ret)
{
	static const enum reg_kind wanted[] = {REG_SOCKET, REG_SOCK_COMMON};

	for (size_t w = 0; w < 2; w++) {
		for (uint32_t off_b = 0; off_b < context_size(p) && off_b < 256; off_b += 8) {
			own_strbuf struct strbuf why = {0};

			if (context_access(p, (int32_t)off_b, 8, false, ret, &why) &&
			    ret->kind == wanted[w])
				return (int32_t)off_b;
		}
	}
	return -1;
}

/* Where data and data_end are, of kinds whose field has 32 bits. */
static bool find_packet(const struct vm_program *p, int32_t *ret_data, int32_t *ret_end)
{
	*ret_data = *ret_end = -1;
	for (int32_t off_b = 0; off_b < 160; off_b += 4) {
		own_strbuf struct strbuf why = {0};
		struct context_access a;

		if (!context_access(p, off_b, 4, false, &a, &why))
			continue;
		if (a.kind == REG_PACKET)
			*ret_data = off_b;
		if (a.kind == REG_PACKET_END)
			*ret_end = off_b;
	}
	return *ret_data >= 0 && *ret_end >= 0;
}

/* Can a good call be made at all? */
static bool can_make(const struct vm_program *p, const struct bpf_helper *h)
{
	struct context_access a;

	for (int k = 0; k < 5; k++) {
		switch (h->args[k].kind) {
		case ARG_SPIN_LOCK:
		case ARG_BTF_PERCPU:
		case ARG_RINGBUF_MEM:
		case ARG_CALLBACK:
		case ARG_CALLBACK_CONTEXT:
		case ARG_TIMER:
		case ARG_KPTR:
		case ARG_DYNPTR:
			return false;
		case ARG_BTF:
			if (!h->args[k].btf || strcmp(h->args[k].btf, "task_struct") != 0)
				return false;
			break;
		case ARG_SOCKET:
			if (!(h->args[k].flags & ARG_MAYBE_NULL))
				return false;
			break;
		case ARG_SOCK_COMMON:
		case ARG_BTF_SOCK_COMMON:
			if ((h->args[k].flags & ARG_RELEASE) || find_socket(p, &a) < 0)
				return false;
			break;
		default:
			break;
		}
	}
	return true;
}

/* r6: context, r7: socket, r8: task, r9: packet. 64 bytes of stack below r10 are zero. */
static void emit_start(struct call *c, const struct vm_program *p)
{
	bool wants_socket = false, wants_task = false;
	struct context_access a;
	int32_t data, end;

	emit(c, bpf_mov(6, 1));
	emit(c, bpf_mov_imm(1, 0));
	for (int16_t off_b = -64; off_b < 0; off_b += 8)
		emit(c, bpf_store(8, 10, off_b, 1));
	for (int k = 0; k < 5; k++) {
		wants_socket = wants_socket || is_socket(c->h->args[k].kind);
		wants_task = wants_task || c->h->args[k].kind == ARG_BTF;
	}
	if (wants_socket && find_socket(p, &a) >= 0) {
		emit(c, bpf_load(8, false, 7, 6, (int16_t)find_socket(p, &a)));
		emit(c, bpf_jmp_imm(BPF_JNE, false, 7, 0, 2));
		emit_end(c, p);
	}
	if (wants_task) {
		emit(c, bpf_call(H_get_current_task_btf));
		emit(c, bpf_mov(8, 0));
	}
	if (c->mutation == PASS_PACKET || c->mutation == USE_PACKET) {
		assert_true(find_packet(p, &data, &end));
		emit(c, bpf_load(4, false, 9, 6, (int16_t)data));
		emit(c, bpf_load(4, false, 2, 6, (int16_t)end));
		emit(c, bpf_mov(3, 9));
		emit(c, bpf_alu_imm(BPF_ADD, false, 3, 64));
		emit(c, bpf_jmp(BPF_JLE, false, 3, 2, 2));
		emit_end(c, p);
	}
	if (c->mutation == PASS_NUMBER) {
		emit(c, bpf_call(H_get_prandom_u32));
		emit(c, bpf_mov(9, 0));
	}
}

static void emit_stack(struct call *c, uint8_t dst, int32_t off_b)
{
	emit(c, bpf_mov(dst, 10));
	emit(c, bpf_alu_imm(BPF_ADD, false, dst, off_b));
}

static void emit_memory(struct call *c, const struct helper_arg *a, uint8_t dst, bool is_hit)
{
	if (is_hit && c->mutation == PASS_RDONLY)
		emit_lddw(c, dst, BPF_PSEUDO_MAP_VALUE, (uint32_t)c->string_fd);
	else if (is_hit && c->mutation == PASS_PACKET)
		emit(c, bpf_mov(dst, 9));
	else if (is_hit && c->mutation == PASS_SHORT)
		emit_stack(c, dst, -a->size_b + 4);
	else if (is_hit && c->mutation == PASS_ODD)
		emit_stack(c, dst, -a->size_b - 1);
	else if (a->size_b)
		emit_stack(c, dst, -a->size_b);
	else
		emit_stack(c, dst, a->flags & ARG_UNINIT ? LOWEST : -64);
}

static void emit_arg(struct call *c, uint32_t k)
{
	const struct helper_arg *a = &c->h->args[k];
	bool is_hit = k == c->which;
	uint8_t dst = (uint8_t)(k + 1);

	if (is_hit && c->mutation == PASS_NULL) {
		emit(c, bpf_mov_imm(dst, 0));
		return;
	}
	if (is_hit && c->mutation == PASS_NUMBER) {
		emit(c, bpf_mov(dst, 9));
		return;
	}
	if (is_hit && c->mutation == PASS_POINTER) {
		emit(c, bpf_mov(dst, 10));
		return;
	}
	switch (a->kind) {
	case ARG_NONE:
		break;
	case ARG_ANYTHING:
	case ARG_SCALAR:
		emit(c, bpf_mov_imm(dst, 0));
		break;
	case ARG_SIZE:
	case ARG_SIZE_OR_ZERO:
		/* Null has no bytes, where that can be said. */
		if ((is_hit && c->mutation == PASS_ZERO) ||
		    (k == c->which + 1 && c->mutation == PASS_NULL && a->kind == ARG_SIZE_OR_ZERO))
			emit(c, bpf_mov_imm(dst, 0));
		else
			emit(c, bpf_mov_imm(dst, SIZE_B));
		break;
	case ARG_ALLOC_SIZE:
		emit(c, bpf_mov_imm(dst, SIZE_B));
		break;
	case ARG_MAP:
		emit_lddw(c, dst, BPF_PSEUDO_MAP_FD, (uint32_t)c->map_fd);
		break;
	case ARG_MAP_KEY:
		emit_stack(c, dst, -8);
		break;
	case ARG_MAP_VALUE:
		emit_stack(c, dst, -16);
		break;
	case ARG_MEM:
		emit_memory(c, a, dst, is_hit);
		break;
	case ARG_CONTEXT:
		emit(c, bpf_mov(dst, 6));
		break;
	case ARG_CONST_STRING:
		emit_lddw(c, dst, BPF_PSEUDO_MAP_VALUE, (uint32_t)c->string_fd);
		break;
	case ARG_BTF:
		emit(c, bpf_mov(dst, 8));
		break;
	default: /* sockets */
		if (a->kind == ARG_SOCKET)
			emit(c, bpf_mov_imm(dst, 0));
		else
			emit(c, bpf_mov(dst, 7));
	}
}

static void emit_finish(struct call *c, const struct vm_program *p)
{
	if (c->mutation == USE_RESULT)
		emit(c, bpf_mov(7, 0));
	if (c->mutation == USE_PACKET)
		emit(c, bpf_load(1, false, 2, 9, 0));
	if ((c->h->flags & HELPER_ACQUIRES) && c->mutation != KEEP_RESULT) {
		emit(c, bpf_jmp_imm(BPF_JEQ, false, 0, 0, 3));
		emit(c, bpf_mov(1, 0));
		emit(c, bpf_mov_imm(2, 0));
		emit(c, bpf_call(c->h->id == H_ringbuf_reserve ? H_ringbuf_discard : H_sk_release));
	}
	emit_end(c, p);
}

static bool try_call(struct kernel *k, struct vm_program *p, struct call *c, enum mutation m,
                     uint32_t which)
{
	c->n = 0;
	c->mutation = m;
	c->which = which;
	emit_start(c, p);
	for (uint32_t i = 0; i < 5; i++)
		emit_arg(c, i);
	emit(c, bpf_call(c->h->id));
	emit_finish(c, p);
	p->insns = c->insns;
	p->n_insns = c->n;
	return loads(k, p);
}

/* ---- what the contract says of a mutation
 * -------------------------------------------------------- */

static bool applies(const struct vm_program *p, const struct bpf_helper *h, enum mutation m,
                    uint32_t k)
{
	const struct helper_arg *a = &h->args[k];
	bool is_pointer = a->kind != ARG_NONE && !is_number(a->kind);
	int32_t data, end;

	switch (m) {
	case GOOD:
	case KEEP_RESULT:
	case USE_RESULT:
		return k == 0;
	case USE_PACKET:
		return k == 0 && kind_may_read_packet(p) && find_packet(p, &data, &end) &&
		       h->id != H_tail_call;
	case PASS_NULL:
		/* A socket that is null is a good call already. */
		return is_pointer && a->kind != ARG_SOCKET;
	case PASS_NUMBER:
		return is_pointer;
	case PASS_ZERO:
		return is_size(a->kind);
	case PASS_POINTER:
		return a->kind == ARG_ANYTHING || a->kind == ARG_SCALAR;
	case PASS_RDONLY:
		return a->kind == ARG_MEM;
	case PASS_PACKET:
		return a->kind == ARG_MEM && kind_may_read_packet(p) &&
		       find_packet(p, &data, &end) &&
		       !((a->flags & ARG_WRITE) && !kind_may_write_packet(p));
	case PASS_SHORT:
	case PASS_ODD:
		return a->kind == ARG_MEM && a->size_b;
	case N_MUTATIONS:
		break;
	}
	return false;
}

static bool is_allowed(const struct bpf_helper *h, enum mutation m, uint32_t k)
{
	const struct helper_arg *a = &h->args[k];

	switch (m) {
	case GOOD:
		return true;
	case PASS_NULL:
		return a->flags & ARG_MAYBE_NULL;
	case PASS_ZERO:
		return a->kind == ARG_SIZE_OR_ZERO;
	case PASS_POINTER:
		return a->kind == ARG_ANYTHING;
	case PASS_RDONLY:
		return !(a->flags & ARG_WRITE);
	case PASS_PACKET:
		return h->flags & HELPER_PKT;
	case PASS_ODD:
		return !(a->flags & ARG_ALIGNED);
	case KEEP_RESULT:
		return !(h->flags & HELPER_ACQUIRES);
	case USE_RESULT:
		return h->result != RET_VOID;
	case USE_PACKET:
		return !(h->flags & HELPER_CHANGES_PKT);
	case PASS_NUMBER:
	case PASS_SHORT:
	case N_MUTATIONS:
		break;
	}
	return false;
}

/* Where Linux 6.18 says something else, and why that is left so. */
static const struct {
	uint32_t helper;
	enum mutation mutation;
	uint32_t which;
	const char *reason;
} others[] = {
    {H_get_local_storage, PASS_POINTER, 1, "the flags have to be a known 0"},
};

static bool is_other(uint32_t helper, enum mutation m, uint32_t which)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (others[i].helper == helper && others[i].mutation == m &&
		    others[i].which == which)
			return true;
	}
	return false;
}

/* The kernel's word for a result. */
static void describe_result(const struct bpf_helper *h, struct strbuf *out)
{
	switch (h->result) {
	case RET_INTEGER:
	case RET_VOID:
		sb_adds(out, "scalar");
		break;
	case RET_MAP_VALUE:
		sb_adds(out, "map_value");
		break;
	case RET_MAP_VALUE_OR_NULL:
		sb_adds(out, "map_value_or_null");
		break;
	case RET_SOCKET_OR_NULL:
		sb_adds(out, "sock_or_null");
		break;
	case RET_SOCK_COMMON_OR_NULL:
		sb_adds(out, "sock_common_or_null");
		break;
	case RET_TCP_SOCK_OR_NULL:
		sb_adds(out, "tcp_sock_or_null");
		break;
	case RET_RINGBUF_MEM_OR_NULL:
		sb_adds(out, "ringbuf_mem_or_null");
		break;
	case RET_DYNPTR_MEM_OR_NULL:
	case RET_MEM_OR_BTF:
	case RET_MEM_OR_BTF_OR_NULL:
		sb_adds(out, "mem"); /* of helpers that are not tried */
		break;
	case RET_BTF:
		sb_addf(out, "ptr_%s", h->result_btf);
		break;
	case RET_BTF_OR_NULL:
		sb_addf(out, "ptr_or_null_%s", h->result_btf);
		break;
	case RET_BTF_TRUSTED:
		sb_addf(out, "trusted_ptr_%s", h->result_btf);
		break;
	}
}

static unsigned compare_result(struct kernel *k, struct vm_program *p, struct call *c)
{
	own_strbuf struct strbuf ours = {0}, theirs = {0};
	bool is_good;

	if (c->h->result == RET_VOID)
		return 0;
	k->log_level = 2;
	is_good = try_call(k, p, c, USE_RESULT, 0);
	k->log_level = 1;
	if (!is_good)
		return 0; /* compare_call() has said so */
	describe_result(c->h, &ours);
	read_register(k, 7, &theirs);
	if (!strcmp(sb_str(&ours), sb_str(&theirs)))
		return 0;
	printf("# type %u bpf_%s#%u gives: ours %s, kernel's %s\n", p->type, c->h->name, c->h->id,
	       sb_str(&ours), sb_str(&theirs));
	return 1;
}

/* ---- tests --------------------------------------------------------------------------------------
 */

static unsigned compare_call(struct kernel *k, struct vm_program *p, struct call *c)
{
	unsigned n_wrong = 0;

	for (enum mutation m = GOOD; m < N_MUTATIONS; m++) {
		for (uint32_t which = 0; which < 5; which++) {
			bool ours, theirs;

			if (!applies(p, c->h, m, which))
				continue;
			ours = is_allowed(c->h, m, which);
			theirs = try_call(k, p, c, m, which);
			if (ours == theirs || is_other(c->h->id, m, which))
				continue;
			n_wrong++;
			printf(
			    "# type %u attach %u bpf_%s#%u arg %u %s: ours %d, kernel's %d: %s\n",
			    p->type, p->attach_type, c->h->name, c->h->id, which + 1,
			    mutation_names[m], ours, theirs, k->log);
		}
	}
	return n_wrong;
}

static void contracts_are_the_kernels(void **state)
{
	struct kernel *k = *state;
	unsigned n_wrong = 0, n_tried = 0;
	int string_fd;

	if (!can_ask(k))
		return;
	string_fd = create_string();
	for (uint32_t id = 1; id <= bpf_helper_count(); id++) {
		bool is_tried = false;

		for (size_t i = 0; i < N_KINDS; i++) {
			struct vm_program p = program(k, kinds[i].type, kinds[i].attach_type);
			struct call c = {.map_fd = -1, .string_fd = string_fd};
			own_strbuf struct strbuf why = {0};
			bool wants_map = false;

			c.h = kind_helper(&p, id);
			for (int a = 0; a < 5; a++)
				wants_map = wants_map || c.h->args[a].kind == ARG_MAP;
			if (is_lacking(id) || !kind_may_call(&p, id, &why) ||
			    p.type == BPF_PROG_TYPE_LIRC_MODE2 || !can_make(&p, c.h))
				continue;
			/* A map for each: program arrays keep to the first kind that used them. */
			if (wants_map)
				c.map_fd = map_for(&p, id);
			if (wants_map && c.map_fd < 0)
				continue;
			n_wrong += compare_call(k, &p, &c);
			n_wrong += compare_result(k, &p, &c);
			is_tried = true;
			if (c.map_fd >= 0)
				close(c.map_fd);
		}
		n_tried += is_tried;
	}
	close(string_fd);
	printf("# %u helpers\n", n_tried);
	assert_true(n_tried > 100);
	assert_int_equal(n_wrong, 0);
}

/* 1: they go together, 0: the kernel says that they don't, -1: it has another complaint. */
static int kernel_fits(struct kernel *k, struct vm_program *p, struct call *c)
{
	if (try_call(k, p, c, GOOD, 0))
		return 1;
	return strstr(k->log, "cannot pass map_type") || strstr(k->log, "cannot update sockmap")
	           ? 0
	           : -1;
}

static bool kernel_uses(struct kernel *k, struct vm_program *p, int map_fd)
{
	struct bpf_insn insns[4];

	bpf_lddw(insns, 1, BPF_PSEUDO_MAP_FD, (uint32_t)map_fd);
	insns[2] = bpf_mov_imm(0, good_result(p));
	insns[3] = bpf_exit();
	p->insns = insns;
	p->n_insns = 4;
	return loads(k, p);
}

static unsigned compare_map(struct kernel *k, struct vm_program p, uint32_t type, int map_fd)
{
	struct vm_map_def def = {.type = type};
	own_strbuf struct strbuf why = {0};
	unsigned n_wrong = 0;
	bool is_usable = kind_may_use_map(&p, &def, &why);

	if (kernel_uses(k, &p, map_fd) != is_usable) {
		printf("# type %u map %u: ours %d, kernel's %d: %s\n", p.type, type, is_usable,
		       !is_usable, k->log);
		n_wrong++;
	}
	for (uint32_t id = 1; is_usable && id <= bpf_helper_count(); id++) {
		struct call c = {.map_fd = map_fd, .string_fd = -1, .h = kind_helper(&p, id)};
		bool wants_map = false;
		int ours, theirs;

		for (int a = 0; a < 5; a++) {
			wants_map = wants_map || c.h->args[a].kind == ARG_MAP;
			if (c.h->args[a].kind == ARG_CONST_STRING)
				wants_map = false;
		}
		if (!wants_map || !can_make(&p, c.h) || !kind_may_call(&p, id, &why) ||
		    is_lacking(id))
			continue;
		ours = kind_may_pass_map(&p, type, id, &why);
		theirs = kernel_fits(k, &p, &c);
		if (theirs < 0 || ours == theirs)
			continue;
		n_wrong++;
		printf("# type %u map %u bpf_%s: ours %d, kernel's %d: %s\n", p.type, type,
		       c.h->name, ours, theirs, k->log);
	}
	return n_wrong;
}

static void maps_fit_as_in_the_kernel(void **state)
{
	struct kernel *k = *state;
	unsigned n_wrong = 0, n_types = 0;

	for (uint32_t type = 1; can_ask(k) && type <= MAP_USER_RINGBUF; type++) {
		int fd = create_map(type, 0, 8);

		n_types += fd >= 0;
		for (size_t i = 0; fd >= 0 && i < N_KINDS; i++) {
			struct vm_program p = program(k, kinds[i].type, kinds[i].attach_type);

			if (p.type == BPF_PROG_TYPE_LIRC_MODE2)
				continue;
			/* A new one for each kind: some keep to the kind that used them first. */
			close(fd);
			fd = create_map(type, 0, 8);
			assert_true(fd >= 0);
			n_wrong += compare_map(k, p, type, fd);
		}
		if (fd >= 0)
			close(fd);
	}
	printf("# %u types of map\n", n_types);
	assert_true(!k->is_there || k->version != NEWEST || n_types > 15);
	assert_int_equal(n_wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(contracts_are_the_kernels),
	    cmocka_unit_test(maps_fit_as_in_the_kernel),
	};

	return cmocka_run_group_tests_name("vm_helpers", tests, setup, teardown);
}
