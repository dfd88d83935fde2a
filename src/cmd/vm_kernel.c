/* Programs in the kernel: maps by bpf(2), map numbers to descriptors, test runs.
 *
 * Test runs of SYSCALL programs cannot be repeated in the kernel. Their time is that of many system
 * calls, less what as many of a program take that does nothing. */
#include "cmd/vm_kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "bpf/insn.h"
#include "bpf/newer.h"

enum { LOG_B = 1 << 20, LOG_LINES = 12, WARM_UP_RUNS = 100 };

struct vm_kernel_prog {
	int fd;
	uint32_t type; /* as the kernel has it */
	int *map_fds;
	uint32_t n_maps;
	vec(int) others; /* programs in program arrays */
	struct arena *a;
};

struct loading {
	struct arena *a;
	struct vm_kernel_prog *k;
	const struct vm_program *all;
	uint32_t n_all;
	struct strbuf *why;
};

#define REFUSE(l, error, ...)                                                                      \
	({                                                                                         \
		if ((l)->why)                                                                      \
			sb_addf((l)->why, __VA_ARGS__);                                            \
		-(error);                                                                          \
	})

/* ---- maps ------------------------------------------------------------------------------------ */

static int create_map(struct loading *l, const struct vm_map_def *d)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = d->flags, .map_extra = d->extra);
	char name[BPF_OBJ_NAME_LEN];
	uint32_t zero = 0;
	int fd, inner = -1;

	snprintf(name, sizeof(name), "%s", d->name);
	for (char *s = name; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') &&
		    !(*s >= '0' && *s <= '9'))
			*s = '_';
	if (d->inner) {
		inner = create_map(l, d->inner);
		if (inner < 0)
			return inner;
		opts.inner_map_fd = (uint32_t)inner;
	}
	fd = bpf_map_create((enum bpf_map_type)d->type, name, d->key_size_b, d->value_size_b,
	                    d->max_entries, &opts);
	if (inner >= 0)
		close(inner);
	if (fd < 0)
		return REFUSE(l, errno, "map %s: %s", d->name, strerror(errno));
	if (d->init && bpf_map_update_elem(fd, &zero, d->init, 0)) {
		int err = errno;

		close(fd);
		return REFUSE(l, err, "map %s: %s", d->name, strerror(err));
	}
	return fd;
}

static int create_maps(struct loading *l, const struct vm_program *p)
{
	struct vm_kernel_prog *k = l->k;

	k->map_fds = arena_array(l->a, int, p->n_maps + 1);
	for (uint32_t m = 0; m < p->n_maps; m++) {
		int fd = create_map(l, p->maps[m]);

		if (fd < 0)
			return fd;
		k->map_fds[k->n_maps++] = fd;
		if (p->maps[m]->is_frozen && bpf_map_freeze(fd))
			return REFUSE(l, errno, "map %s: cannot be frozen: %s", p->maps[m]->name,
			              strerror(errno));
	}
	return 0;
}

/* ---- instructions ---------------------------------------------------------------------------- */

static void patch_maps(const struct vm_kernel_prog *k, struct bpf_insn *code, uint32_t n)
{
	for (uint32_t pc = 0; pc < n; pc++) {
		struct bpf_insn *i = &code[pc];

		if (!bpf_is_lddw(i))
			continue;
		if (i->src_reg == BPF_PSEUDO_MAP_IDX || i->src_reg == BPF_PSEUDO_MAP_IDX_VALUE) {
			i->src_reg = i->src_reg == BPF_PSEUDO_MAP_IDX ? BPF_PSEUDO_MAP_FD
			                                              : BPF_PSEUDO_MAP_VALUE;
			if ((uint32_t)i->imm < k->n_maps)
				i->imm = k->map_fds[i->imm];
		}
		pc++;
	}
}

/* Starts of functions, rising: what calls and lddw name. */
static uint32_t find_funcs(struct arena *a, const struct bpf_insn *code, uint32_t n, uint32_t **ret)
{
	bool *is_start = arena_array(a, bool, n + 1);
	uint32_t count = 1;

	is_start[0] = true;
	for (uint32_t pc = 0; pc < n; pc++) {
		int64_t target = bpf_names_func(&code[pc]) ? bpf_target(&code[pc], pc) : -1;

		if (target >= 0 && target < n && !is_start[target]) {
			is_start[target] = true;
			count++;
		}
		pc += bpf_is_lddw(&code[pc]);
	}
	*ret = arena_array(a, uint32_t, count);
	for (uint32_t pc = 0, k = 0; pc < n; pc++)
		if (is_start[pc])
			(*ret)[k++] = pc;
	return count;
}

/* The kernel takes callbacks only with BTF that names functions. */
static struct btf *describe_funcs(struct arena *a, const struct bpf_insn *code, uint32_t n,
                                  struct bpf_func_info **ret, uint32_t *ret_n)
{
	struct btf *btf = btf__new_empty();
	uint32_t *starts, count = find_funcs(a, code, n, &starts);
	int type, proto;

	if (!btf)
		return NULL;
	type = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	proto = btf__add_func_proto(btf, type);
	*ret = arena_array(a, struct bpf_func_info, count);
	*ret_n = count;
	for (uint32_t k = 0; k < count; k++) {
		char name[16];
		int id;

		snprintf(name, sizeof(name), "f%u", k);
		id = btf__add_func(btf, name, k ? BTF_FUNC_STATIC : BTF_FUNC_GLOBAL, proto);
		(*ret)[k] = (struct bpf_func_info){.insn_off = starts[k], .type_id = (uint32_t)id};
	}
	if (btf__load_into_kernel(btf)) {
		btf__free(btf);
		return NULL;
	}
	return btf;
}

/* Where the verifier's log tells why. */
static const char *last_lines(const char *log)
{
	const char *s = log + strlen(log);

	for (int lines = 0; s > log; s--)
		if (s[-1] == '\n' && lines++ == LOG_LINES)
			break;
	return s;
}

static int load(struct loading *l, const struct vm_program *p)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
	            .expected_attach_type = (enum bpf_attach_type)p->attach_type,
	            .attach_btf_id = p->attach_btf_id, .prog_flags = p->flags);
	bool is_own = p->type == BPF_PROG_TYPE_UNSPEC;
	enum bpf_prog_type type = is_own ? BPF_PROG_TYPE_SYSCALL : (enum bpf_prog_type)p->type;
	struct bpf_insn *code = arena_array(l->a, struct bpf_insn, p->n_insns + 1);
	struct bpf_func_info *funcs = NULL;
	struct btf *btf = NULL;
	uint32_t n = 0, n_funcs = 0;
	int fd;

	if (is_own) {
		code[n++] = bpf_mov_imm(2, (int32_t)p->memory_b);
		opts.prog_flags |= BPF_F_SLEEPABLE;
	}
	memcpy(&code[n], p->insns, p->n_insns * sizeof(*code));
	n += p->n_insns;
	patch_maps(l->k, code, n);
	btf = describe_funcs(l->a, code, n, &funcs, &n_funcs);
	if (btf) {
		opts.prog_btf_fd = (uint32_t)btf__fd(btf);
		opts.func_info = funcs;
		opts.func_info_cnt = n_funcs;
		opts.func_info_rec_size = sizeof(*funcs);
	}
	fd = bpf_prog_load(type, "skep_vm", p->is_gpl ? "GPL" : "other", code, n, &opts);
	if (fd < 0) {
		char *log = arena_alloc(l->a, LOG_B);
		int err = errno;

		opts.log_buf = log;
		opts.log_size = LOG_B;
		opts.log_level = 1;
		fd = bpf_prog_load(type, "skep_vm", p->is_gpl ? "GPL" : "other", code, n, &opts);
		if (fd < 0)
			fd = REFUSE(l, err, "the kernel refuses it: %s\n%s", strerror(err),
			            last_lines(log));
	}
	btf__free(btf);
	return fd;
}

static int fill_maps(struct loading *l, const struct vm_program *p)
{
	struct vm_kernel_prog *k = l->k;

	for (uint32_t m = 0; m < p->n_maps; m++) {
		const struct vm_map_def *d = p->maps[m];

		for (uint32_t i = 0; i < d->n_inits; i++) {
			uint32_t key = d->inits[i].index, target = d->inits[i].target;
			int fd;

			if (d->type == BPF_MAP_TYPE_PROG_ARRAY) {
				if (target >= l->n_all)
					return REFUSE(l, EINVAL, "map %s: there is no program %u",
					              d->name, target);
				fd = load(l, &l->all[target]);
				if (fd < 0)
					return fd;
				vec_push(l->a, &k->others, fd);
			} else {
				fd = k->map_fds[target];
			}
			if (bpf_map_update_elem(k->map_fds[m], &key, &fd, 0))
				return REFUSE(l, errno, "map %s: entry %u: %s", d->name, key,
				              strerror(errno));
		}
	}
	return 0;
}

static bool has_packet(uint32_t type)
{
	switch (type) {
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_XDP:
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
	case BPF_PROG_TYPE_LWT_SEG6LOCAL:
	case BPF_PROG_TYPE_FLOW_DISSECTOR:
	case BPF_PROG_TYPE_NETFILTER:
		return true;
	default:
		return false;
	}
}

int vm_kernel_load(struct arena *a, const struct vm_program *all, uint32_t n_all,
                   const struct vm_program *p, struct vm_kernel_prog **ret, struct strbuf *why)
{
	struct vm_kernel_prog *k = arena_new(a, struct vm_kernel_prog);
	struct loading l = {.a = a, .k = k, .all = all, .n_all = n_all, .why = why};
	int err;

	k->a = a;
	k->fd = -1;
	k->type = p->type == BPF_PROG_TYPE_UNSPEC ? BPF_PROG_TYPE_SYSCALL : p->type;
	err = create_maps(&l, p);
	if (!err) {
		k->fd = load(&l, p);
		err = k->fd < 0 ? k->fd : fill_maps(&l, p);
	}
	if (err) {
		vm_kernel_close(k);
		return err;
	}
	*ret = k;
	return 0;
}

/* ---- running --------------------------------------------------------------------------------- */

static int test_once(int fd, struct bpf_test_run_opts *opts)
{
	return bpf_prog_test_run_opts(fd, opts) ? -errno : 0;
}

static int test_packet(struct vm_kernel_prog *k, void *memory, uint32_t *memory_b, uint64_t repeat,
                       uint32_t *ret_r0, double *ret_ns)
{
	uint32_t room_b = *memory_b + 4096;
	unsigned char *out = arena_alloc(k->a, room_b);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = memory, .data_size_in = *memory_b,
	            .data_out = out, .data_size_out = room_b, .repeat = (int)repeat);
	int err = test_once(k->fd, &opts);

	if (err)
		return err;
	if (opts.data_size_out < *memory_b)
		*memory_b = opts.data_size_out;
	memcpy(memory, out, *memory_b);
	*ret_r0 = opts.retval;
	if (ret_ns)
		*ret_ns = opts.duration;
	return 0;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int test_context(int fd, void *memory, uint32_t memory_b, uint64_t repeat, uint32_t *ret_r0,
                        double *ret_ns)
{
	/* The kernel writes a SYSCALL program's context back to where it came from. */
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = memory_b ? memory : NULL,
	            .ctx_size_in = memory_b);
	double begin = now_ns();
	int err = 0;

	for (uint64_t k = 0; !err && k < repeat; k++)
		err = test_once(fd, &opts);
	*ret_r0 = opts.retval;
	if (ret_ns)
		*ret_ns = (now_ns() - begin) / (double)repeat;
	return err;
}

/* What a test run costs without a program. */
static double empty_ns(void *memory, uint32_t memory_b, uint64_t repeat)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_SLEEPABLE);
	struct bpf_insn code[] = {bpf_mov_imm(0, 0), bpf_exit()};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "skep_empty", "GPL", code, 2, &opts);
	uint32_t r0;
	double ns = 0;

	if (fd < 0)
		return 0;
	if (test_context(fd, memory, memory_b, WARM_UP_RUNS, &r0, NULL) ||
	    test_context(fd, memory, memory_b, repeat, &r0, &ns))
		ns = 0;
	close(fd);
	return ns;
}

int vm_kernel_test(struct vm_kernel_prog *k, void *memory, uint32_t *memory_b, uint64_t repeat,
                   uint32_t *ret_r0, double *ret_ns, struct strbuf *why)
{
	double nothing_ns = 0;
	int err;

	if (has_packet(k->type)) {
		err = test_packet(k, memory, memory_b, repeat, ret_r0, ret_ns);
	} else {
		if (ret_ns && k->type == BPF_PROG_TYPE_SYSCALL)
			nothing_ns = empty_ns(memory, *memory_b, repeat);
		err = test_context(k->fd, memory, *memory_b, repeat, ret_r0, ret_ns);
		if (ret_ns)
			*ret_ns = *ret_ns > nothing_ns ? *ret_ns - nothing_ns : 0;
	}
	if (err && why)
		sb_addf(why, "the kernel's test run: %s", strerror(-err));
	return err;
}

int vm_kernel_read_map(struct vm_kernel_prog *k, uint32_t map, const void *key, void *ret)
{
	return bpf_map_lookup_elem(k->map_fds[map], key, ret) ? -errno : 0;
}

void vm_kernel_close(struct vm_kernel_prog *k)
{
	if (!k)
		return;
	for (uint32_t m = 0; m < k->n_maps; m++)
		close(k->map_fds[m]);
	vec_each (fd, &k->others)
		close(*fd);
	if (k->fd >= 0)
		close(k->fd);
	k->n_maps = 0;
	k->fd = -1;
}
