/* Our maps beside the kernel's once more, as programs see them: small programs make one call each
 * on the kernel's map (BPF_PROG_TEST_RUN, on one CPU), the machine's own function is called on
 * ours, and results and values have to be the same. See vm_maps_kernel.c for the calls of bpf(2).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "vm/map.h"

/* The packet: what a call is made of, and what it gave. */
struct packet {
	uint64_t flags, out;
	uint64_t key[2], value[2];
	uint64_t unused[6];
};

#define INSN(c, d, s, o, i)                                                                        \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define LOAD32(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_W, d, s, o, 0)
#define STORE(d, s, o) INSN(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define JEQ_IMM(d, i, o) INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define MAP(d, fd) INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##f)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* r6: the packet */
#define BEGIN()                                                                                    \
	LOAD32(6, 1, 0), LOAD32(7, 1, 4), MOV(2, 6), ADD_IMM(2, sizeof(struct packet)),            \
	    INSN(BPF_JMP | BPF_JLE | BPF_X, 2, 7, 2, 0), MOV_IMM(0, 0), EXIT()
#define KEY(r) MOV(r, 6), ADD_IMM(r, offsetof(struct packet, key))
#define VALUE(r) MOV(r, 6), ADD_IMM(r, offsetof(struct packet, value))
#define FLAGS(r) LOAD(r, 6, offsetof(struct packet, flags))
#define OUT(r) STORE(6, r, offsetof(struct packet, out))

enum call { UPDATE, LOOKUP, REMOVE, OLD_VALUE, PUSH, POP, PEEK, OUTPUT, QUERY, N_CALLS };

struct pair {
	struct vm_map *ours;
	int fd;
	int programs[N_CALLS]; /* -1: not for this kind */
	uint64_t state;
};

static uint32_t below(struct pair *p, uint32_t n)
{
	uint64_t z = p->state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

static int load(const struct bpf_insn *insns, size_t n)
{
	char log[8192] = "";
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log));
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "skep_test", "GPL", insns, n, &opts);

	if (fd < 0)
		fail_msg("not loaded: %s", log);
	return fd;
}

static void load_keyed(struct pair *p)
{
	const struct bpf_insn update[] = {BEGIN(),  MAP(1, p->fd),         KEY(2), VALUE(3),
	                                  FLAGS(4), CALL(map_update_elem), EXIT()};
	const struct bpf_insn lookup[] = {
	    BEGIN(),          MAP(1, p->fd),       KEY(2), CALL(map_lookup_elem),
	    JEQ_IMM(0, 0, 4), LOAD(1, 0, 0),       OUT(1), MOV_IMM(0, 0),
	    EXIT(),           MOV_IMM(0, -ENOENT), EXIT()};
	const struct bpf_insn remove[] = {BEGIN(), MAP(1, p->fd), KEY(2), CALL(map_delete_elem),
	                                  EXIT()};
	/* What a pointer shows that was looked up before the update. */
	const struct bpf_insn old[] = {BEGIN(),          MAP(1, p->fd),
	                               KEY(2),           CALL(map_lookup_elem),
	                               MOV(8, 0),        MAP(1, p->fd),
	                               KEY(2),           VALUE(3),
	                               FLAGS(4),         CALL(map_update_elem),
	                               JEQ_IMM(8, 0, 2), LOAD(1, 8, 0),
	                               OUT(1),           EXIT()};

	p->programs[UPDATE] = load(update, sizeof(update) / sizeof(update[0]));
	p->programs[LOOKUP] = load(lookup, sizeof(lookup) / sizeof(lookup[0]));
	p->programs[REMOVE] = load(remove, sizeof(remove) / sizeof(remove[0]));
	p->programs[OLD_VALUE] = load(old, sizeof(old) / sizeof(old[0]));
}

static void load_queue(struct pair *p)
{
	const struct bpf_insn push[] = {BEGIN(),  MAP(1, p->fd),       VALUE(2),
	                                FLAGS(3), CALL(map_push_elem), EXIT()};
	const struct bpf_insn pop[] = {
	    BEGIN(),        MOV_IMM(1, 0),      STORE(10, 1, -8), MAP(1, p->fd), MOV(2, 10),
	    ADD_IMM(2, -8), CALL(map_pop_elem), LOAD(1, 10, -8),  OUT(1),        EXIT()};
	const struct bpf_insn peek[] = {
	    BEGIN(),        MOV_IMM(1, 0),       STORE(10, 1, -8), MAP(1, p->fd), MOV(2, 10),
	    ADD_IMM(2, -8), CALL(map_peek_elem), LOAD(1, 10, -8),  OUT(1),        EXIT()};

	p->programs[PUSH] = load(push, sizeof(push) / sizeof(push[0]));
	p->programs[POP] = load(pop, sizeof(pop) / sizeof(pop[0]));
	p->programs[PEEK] = load(peek, sizeof(peek) / sizeof(peek[0]));
}

static void load_ring(struct pair *p)
{
	/* The record is the packet's key eight times, cut short. */
	const struct bpf_insn output[] = {BEGIN(),
	                                  LOAD(3, 6, offsetof(struct packet, key)),
	                                  STORE(10, 3, -64),
	                                  STORE(10, 3, -56),
	                                  STORE(10, 3, -48),
	                                  STORE(10, 3, -40),
	                                  STORE(10, 3, -32),
	                                  STORE(10, 3, -24),
	                                  STORE(10, 3, -16),
	                                  STORE(10, 3, -8),
	                                  MAP(1, p->fd),
	                                  MOV(2, 10),
	                                  ADD_IMM(2, -64),
	                                  INSN(BPF_ALU64 | BPF_AND | BPF_K, 3, 0, 0, 63),
	                                  FLAGS(4),
	                                  CALL(ringbuf_output),
	                                  EXIT()};
	const struct bpf_insn query[] = {BEGIN(), MAP(1, p->fd), FLAGS(2), CALL(ringbuf_query),
	                                 OUT(0),  MOV_IMM(0, 0), EXIT()};

	p->programs[OUTPUT] = load(output, sizeof(output) / sizeof(output[0]));
	p->programs[QUERY] = load(query, sizeof(query) / sizeof(query[0]));
}

static int run_kernel(struct pair *p, enum call call, struct packet *pk)
{
	struct packet out;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = pk, .data_size_in = sizeof(*pk),
	            .data_out = &out, .data_size_out = sizeof(out), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(p->programs[call], &opts), 0);
	pk->out = out.out;
	return (int)opts.retval;
}

static int run_ours(struct pair *p, enum call call, struct packet *pk)
{
	uint64_t *value, record[8];
	int ret;

	switch (call) {
	case UPDATE:
		return vm_map_update(p->ours, pk->key, pk->value, pk->flags, 0);
	case LOOKUP:
		value = vm_map_lookup(p->ours, pk->key, 0);
		if (value)
			pk->out = *value;
		return value ? 0 : -ENOENT;
	case REMOVE:
		return vm_map_remove(p->ours, pk->key);
	case OLD_VALUE:
		value = vm_map_lookup(p->ours, pk->key, 0);
		ret = vm_map_update(p->ours, pk->key, pk->value, pk->flags, 0);
		if (value)
			pk->out = *value;
		return ret;
	case PUSH:
		return vm_map_push(p->ours, pk->value, pk->flags);
	case POP:
		return vm_map_pop(p->ours, &pk->out);
	case PEEK:
		return vm_map_peek(p->ours, &pk->out);
	case OUTPUT:
		for (size_t i = 0; i < 8; i++)
			record[i] = pk->key[0];
		return (int)vm_ring_output(p->ours, record, pk->key[0] & 63, pk->flags);
	case QUERY:
		pk->out = vm_ring_query(p->ours, pk->flags);
		return 0;
	case N_CALLS:
		break;
	}
	return -EINVAL;
}

static void call_both(struct pair *p, uint32_t n_keys)
{
	static const uint64_t flags[] = {0, 0,          0, BPF_NOEXIST, BPF_EXIST, BPF_EXIST,
	                                 3, BPF_F_LOCK, 8};
	struct packet theirs = {.flags = flags[below(p, 9)]}, ours;
	enum call call;
	int kernel, mine;

	do
		call = below(p, N_CALLS);
	while (p->programs[call] < 0);
	if (p->ours->def.type == BPF_MAP_TYPE_LPM_TRIE) {
		uint32_t bits = below(p, 34), data = below(p, 8) * 32 | below(p, 2) << 31;

		theirs.key[0] = (uint64_t)data << 32 | bits;
	} else {
		theirs.key[0] = theirs.key[1] = below(p, n_keys);
	}
	theirs.value[0] = below(p, 1000);
	theirs.value[1] = below(p, 1000);
	ours = theirs;
	kernel = run_kernel(p, call, &theirs);
	mine = run_ours(p, call, &ours);
	if (kernel != mine || theirs.out != ours.out)
		fail_msg("call %d of a map of type %u, flags 0x%llx: the kernel says %d, %llu; we "
		         "%d, %llu",
		         call, p->ours->def.type, (unsigned long long)theirs.flags, kernel,
		         (unsigned long long)theirs.out, mine, (unsigned long long)ours.out);
}

struct log {
	unsigned char bytes[8192];
	size_t n;
};

static int log_record(void *arg, const void *record, uint32_t size_b)
{
	struct log *l = arg;

	assert_true(l->n + size_b <= sizeof(l->bytes));
	memcpy(l->bytes + l->n, record, size_b);
	l->n += size_b;
	return 0;
}

static int log_kernel_record(void *arg, void *record, size_t size_b)
{
	return log_record(arg, record, (uint32_t)size_b);
}

/* Records of all sizes, until there is no room, read now and then: the same are refused, the same
 * arrive, and the positions are the same. */
static void play_ring(struct pair *p)
{
	struct log theirs, ours;
	struct ring_buffer *reader = ring_buffer__new(p->fd, log_kernel_record, &theirs, NULL);

	assert_non_null(reader);
	for (uint32_t i = 0; i < 3000; i++) {
		call_both(p, 1000);
		if (below(p, 150))
			continue;
		theirs.n = ours.n = 0;
		assert_int_equal(ring_buffer__consume(reader),
		                 vm_ring_read(p->ours, log_record, &ours));
		assert_int_equal(theirs.n, ours.n);
		assert_memory_equal(theirs.bytes, ours.bytes, ours.n);
	}
	ring_buffer__free(reader);
}

static void play(struct vm_map_def d, uint32_t n_keys)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = d.flags);
	struct pair p = {.state = 1};

	for (size_t i = 0; i < N_CALLS; i++)
		p.programs[i] = -1;
	p.fd =
	    bpf_map_create(d.type, "skep_test", d.key_size_b, d.value_size_b, d.max_entries, &opts);
	assert_true(p.fd >= 0);
	assert_int_equal(vm_map_create(&d, (uint32_t)libbpf_num_possible_cpus(), &p.ours, NULL), 0);
	if (d.type == BPF_MAP_TYPE_RINGBUF)
		load_ring(&p);
	else if (d.key_size_b)
		load_keyed(&p);
	else
		load_queue(&p);
	if (d.type == BPF_MAP_TYPE_RINGBUF)
		play_ring(&p);
	for (uint32_t i = 0; d.type != BPF_MAP_TYPE_RINGBUF && i < 3000; i++)
		call_both(&p, n_keys);
	for (size_t i = 0; i < N_CALLS; i++)
		if (p.programs[i] >= 0)
			close(p.programs[i]);
	close(p.fd);
	vm_map_destroy(p.ours);
}

static struct vm_map_def def_of(uint32_t type, uint32_t key_b, uint32_t value_b, uint32_t n,
                                uint32_t flags)
{
	return (struct vm_map_def){.type = type,
	                           .key_size_b = key_b,
	                           .value_size_b = value_b,
	                           .max_entries = n,
	                           .flags = flags};
}

static void arrays_agree(void **state)
{
	(void)state;
	play(def_of(BPF_MAP_TYPE_ARRAY, 4, 8, 5, 0), 8);
	play(def_of(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 12, 5, 0), 8);
}

static void hashes_agree(void **state)
{
	static const uint32_t keys[] = {4, 8, 12, 16};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		play(def_of(BPF_MAP_TYPE_HASH, keys[i], 8, 6, BPF_F_NO_PREALLOC), 9);
		play(def_of(BPF_MAP_TYPE_HASH, keys[i], 16, 6, 0), 9);
		play(def_of(BPF_MAP_TYPE_PERCPU_HASH, keys[i], 12, 6, 0), 9);
		play(def_of(BPF_MAP_TYPE_LRU_HASH, keys[i], 8, 10000, 0), 9);
		play(def_of(BPF_MAP_TYPE_LRU_PERCPU_HASH, keys[i], 8, 10000, 0), 9);
	}
}

static void tries_agree(void **state)
{
	(void)state;
	play(def_of(BPF_MAP_TYPE_LPM_TRIE, 8, 8, 20, BPF_F_NO_PREALLOC), 1);
}

static void queues_and_stacks_agree(void **state)
{
	(void)state;
	play(def_of(BPF_MAP_TYPE_QUEUE, 0, 8, 4, 0), 1);
	play(def_of(BPF_MAP_TYPE_STACK, 0, 8, 4, 0), 1);
}

static void rings_agree(void **state)
{
	(void)state;
	play(def_of(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0), 0);
}

/* NULL: nothing. Also moves to one CPU, whose values of per-CPU maps are then the ones meant. */
static const char *what_is_missing(void)
{
	const struct bpf_insn insns[] = {MOV_IMM(0, 2), EXIT()};
	cpu_set_t one;
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "skep_test", "GPL", insns, 2, NULL);

	if (fd < 0)
		return errno == EPERM ? "bpf(2) is not for us" : "bpf(2) loads no programs";
	close(fd);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	return sched_setaffinity(0, sizeof(one), &one) ? "cannot stay on one CPU" : NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arrays_agree), cmocka_unit_test(hashes_agree),
	    cmocka_unit_test(tries_agree),  cmocka_unit_test(queues_and_stacks_agree),
	    cmocka_unit_test(rings_agree),
	};
	const char *missing;

	libbpf_set_print(NULL);
	missing = what_is_missing();
	if (missing) {
		printf("1..0 # SKIP %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
