/* Contexts and kernel structs that BTF describes, against the kernel this runs on: what the
 * arguments of tracepoints, iterators and struct_ops are, type and trust, what the members of their
 * structs are, and which of them may be written. The kernel's verifier log says what it makes of
 * each load. */
#include "ask_kernel.h"

/* ---- contexts by BTF --------------------------------------------------------------------------
 */

/* The kernel's word for what a register holds: "trusted_ptr_or_null_task_struct", "scalar". */
static void describe(const struct context_access *a, struct strbuf *out)
{
	struct btf_record r;

	if (a->kind == REG_SCALAR) {
		sb_adds(out, "scalar");
		return;
	}
	sb_addf(out, "%s%s%s%s%s%s", a->flags & REG_RDONLY ? "rdonly_" : "",
	        a->flags & REG_USER ? "user_" : "", a->flags & REG_PERCPU ? "percpu_" : "",
	        a->flags & REG_RCU ? "rcu_" : "", a->flags & REG_UNTRUSTED ? "untrusted_" : "",
	        a->flags & REG_TRUSTED ? "trusted_" : "");
	if (a->kind != REG_BTF) {
		assert_true(a->kind == REG_BUF || a->kind == REG_MEM);
		sb_addf(out, "%s%s", a->kind == REG_BUF ? "buf" : "mem",
		        a->flags & REG_MAYBE_NULL ? "_or_null" : "");
		return;
	}
	assert_true(btf_get(a->btf, a->btf_id, &r));
	sb_addf(out, "ptr_%s%s", a->flags & REG_MAYBE_NULL ? "or_null_" : "",
	        btf_string(btf_owner(a->btf, a->btf_id), r.name_off));
}

/* The type of what `insns` leaves in r3, or false. */
static bool kernel_type(struct kernel *k, struct vm_program *p, const struct bpf_insn *insns,
                        uint32_t n, int reg, struct strbuf *out)
{
	bool is_good;

	p->insns = insns;
	p->n_insns = n;
	k->log_level = 2;
	is_good = loads(k, p);
	k->log_level = 1;
	if (is_good)
		read_register(k, reg, out);
	return is_good;
}

static unsigned differ(const struct kernel *k, const struct vm_program *p, int32_t off_b,
                       uint32_t size_b, bool ours, const struct strbuf *our_type, bool theirs,
                       const struct strbuf *their_type)
{
	if (ours == theirs && (!ours || !strcmp(sb_str(our_type), sb_str(their_type))))
		return 0;
	printf("# type %u attach %u btf_id %u off %d size %u: ours %d %s, kernel's %d %s: %s\n",
	       p->type, p->attach_type, p->attach_btf_id, off_b, size_b, ours, sb_str(our_type),
	       theirs, sb_str(their_type), k->log);
	return 1;
}

/* Tracepoints of which newer kernels know more. */
static bool is_known_better(const struct kernel *k, const struct vm_program *p)
{
	static const char *const names[] = {"btf_trace_sched_process_wait",
	                                    "btf_trace_signal_generate",
	                                    "btf_trace_signal_deliver"};
	struct btf_record r;

	if (p->type != BPF_PROG_TYPE_TRACING || !btf_get(k->btf, p->attach_btf_id, &r))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(btf_string(k->btf, r.name_off), names[i]))
			return true;
	}
	return false;
}

static unsigned compare_arguments(struct kernel *k, struct vm_program *p)
{
	static const struct {
		int16_t off_b;
		uint8_t size_b;
	} odd[] = {{0, 4}, {0, 1}, {4, 4}, {8, 2}, {12, 4}, {-8, 8}};
	unsigned n_odd = p->attach_btf_id % 8 ? 0 : sizeof(odd) / sizeof(*odd), n_wrong = 0;

	for (unsigned i = 0; i < 14 + n_odd; i++) {
		int16_t off_b = i < 14 ? (int16_t)(8 * i) : odd[i - 14].off_b;
		uint32_t size_b = i < 14 ? 8 : odd[i - 14].size_b;
		struct bpf_insn insns[] = {bpf_load(size_b, false, 2, 1, off_b),
		                           bpf_mov_imm(0, good_result(p)), bpf_exit()};
		own_strbuf struct strbuf why = {0}, our_type = {0}, their_type = {0};
		struct context_access a;
		bool ours = context_access(p, off_b, size_b, false, &a, &why);
		bool theirs = kernel_type(k, p, insns, 3, 2, &their_type);

		if (ours)
			describe(&a, &our_type);
		n_wrong +=
		    differ(k, p, off_b, size_b, ours, ours ? &our_type : &why, theirs, &their_type);
	}
	return n_wrong;
}

/* Can a program of this kind be attached there, as the kernel sees it? */
static bool kernel_attaches(struct kernel *k, struct vm_program *p)
{
	struct bpf_insn insns[] = {bpf_mov_imm(0, good_result(p)), bpf_exit()};

	p->insns = insns;
	p->n_insns = 2;
	return loads(k, p);
}

static void raw_tracepoints_have_the_same_arguments(void **state)
{
	struct kernel *k = *state;
	unsigned n_wrong = 0, n_seen = 0;
	const char *name;

	if (!can_ask(k) || !k->btf)
		return;
	for (uint32_t id = 0;
	     (id = btf_next(k->btf, BTF_KIND_MASK(BTF_KIND_TYPEDEF), id, &name));) {
		struct vm_program p = program(k, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP);
		own_strbuf struct strbuf why = {0};

		p.attach_btf_id = id;
		if (strncmp(name, "btf_trace_", 10)) {
			if (id % 64 == 0)
				assert_int_not_equal(kind_check_attach(&p, &why), 0);
			continue;
		}
		if (is_known_better(k, &p) || !kernel_attaches(k, &p))
			continue; /* the latter: declared, but not there */
		n_seen++;
		assert_int_equal(kind_check_attach(&p, &why), 0);
		n_wrong += compare_arguments(k, &p);
	}
	printf("# %u tracepoints\n", n_seen);
	assert_true(n_seen > 100);
	assert_int_equal(n_wrong, 0);
}

static void iterators_have_the_same_arguments(void **state)
{
	struct kernel *k = *state;
	unsigned n_wrong = 0, n_seen = 0;
	const char *name;

	if (!can_ask(k) || !k->btf)
		return;
	for (uint32_t id = 0; (id = btf_next(k->btf, BTF_KIND_MASK(BTF_KIND_FUNC), id, &name));) {
		struct vm_program p = program(k, BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER);
		own_strbuf struct strbuf why = {0};

		p.attach_btf_id = id;
		if (strncmp(name, "bpf_iter_", 9) || !kernel_attaches(k, &p))
			continue;
		n_seen++;
		assert_int_equal(kind_check_attach(&p, &why), 0);
		n_wrong += compare_arguments(k, &p);
		n_wrong += compare_helpers(k, p);
	}
	printf("# %u iterators\n", n_seen);
	assert_true(n_seen > 5);
	assert_int_equal(n_wrong, 0);
}

static void struct_ops_have_the_same_arguments(void **state)
{
	static const char *const names[] = {"tcp_congestion_ops", "bpf_dummy_ops", "Qdisc_ops",
	                                    "sched_ext_ops", "hid_bpf_ops"};
	struct kernel *k = *state;
	unsigned n_wrong = 0, n_seen = 0;

	if (!can_ask(k) || !k->btf)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		uint32_t id = btf_find(k->btf, names[i], BTF_KIND_MASK(BTF_KIND_STRUCT), 0);
		struct btf_record r;

		if (!id || !btf_get(k->btf, id, &r))
			continue;
		for (uint32_t m = 0; m < r.vlen; m++) {
			struct vm_program p = program(k, BPF_PROG_TYPE_STRUCT_OPS, m);
			own_strbuf struct strbuf why = {0};

			p.attach_btf_id = id;
			if (!kernel_attaches(k, &p))
				continue;
			n_seen++;
			assert_int_equal(kind_check_attach(&p, &why), 0);
			n_wrong += compare_arguments(k, &p);
			n_wrong += compare_helpers(k, p);
		}
	}
	printf("# %u members\n", n_seen);
	assert_true(n_seen > 5);
	assert_int_equal(n_wrong, 0);
}

/* ---- fields of kernel structs -------------------------------------------------------------------
 */

/* A program that loads word `word` of its context into r2, and from there into r3. */
static unsigned compare_field(struct kernel *k, struct vm_program *p, uint32_t word,
                              const struct context_access *ptr, int16_t off_b, uint32_t size_b,
                              struct context_access *ret)
{
	struct bpf_insn insns[] = {bpf_load(8, false, 2, 1, (int16_t)(8 * word)),
	                           bpf_load(size_b, false, 3, 2, off_b),
	                           bpf_mov_imm(0, good_result(p)), bpf_exit()};
	own_strbuf struct strbuf why = {0}, our_type = {0}, their_type = {0};
	bool ours =
	    btf_field_access(p, ptr->btf, ptr->btf_id, ptr->flags, off_b, size_b, false, ret, &why);
	bool theirs = kernel_type(k, p, insns, 4, 3, &their_type);

	if (ours)
		describe(ret, &our_type);
	else
		ret->kind = REG_NOT_INIT;
	return differ(k, p, off_b, size_b, ours, ours ? &our_type : &why, theirs, &their_type);
}

/* One pointer further: r4 from what r3 points to. */
static unsigned compare_second(struct kernel *k, struct vm_program *p, uint32_t word,
                               int16_t first_b, const struct context_access *ptr, int16_t off_b)
{
	struct bpf_insn insns[] = {
	    bpf_load(8, false, 2, 1, (int16_t)(8 * word)), bpf_load(8, false, 3, 2, first_b),
	    bpf_load(8, false, 4, 3, off_b), bpf_mov_imm(0, good_result(p)), bpf_exit()};
	own_strbuf struct strbuf why = {0}, our_type = {0}, their_type = {0};
	struct context_access a;
	bool ours =
	    btf_field_access(p, ptr->btf, ptr->btf_id, ptr->flags, off_b, 8, false, &a, &why);
	bool theirs = kernel_type(k, p, insns, 5, 4, &their_type);

	if (ours)
		describe(&a, &our_type);
	return differ(k, p, off_b, 8, ours, ours ? &our_type : &why, theirs, &their_type);
}

/* Every 13th struct, for the time it takes; all of them (1) take 40 s, and agree. */
enum { EVERY = 13, FAR_B = 32000 };

static uint32_t struct_size(const struct context_access *a)
{
	struct btf_record r;

	assert_true(btf_get(a->btf, a->btf_id, &r));
	return r.size_or_type;
}

static unsigned compare_struct(struct kernel *k, struct vm_program *p, uint32_t word,
                               const struct context_access *ptr)
{
	uint32_t end_b = struct_size(ptr) + 9, step_b = end_b < 256 ? 1 : end_b / 256 * 4 + 3;
	unsigned n_wrong = 0, n_pointers = 0;

	for (uint32_t off_b = 0; off_b < end_b && off_b < FAR_B; off_b += 8) {
		struct context_access a;

		n_wrong += compare_field(k, p, word, ptr, (int16_t)off_b, 8, &a);
		if (a.kind != REG_BTF || (a.flags & REG_MAYBE_NULL) || n_pointers++ > 24)
			continue;
		for (int16_t further_b = 0; further_b < 64; further_b += 16)
			n_wrong += compare_second(k, p, word, (int16_t)off_b, &a, further_b);
	}
	for (uint32_t off_b = 0; off_b < end_b && off_b < FAR_B; off_b += step_b) {
		for (uint32_t size_b = 1; size_b <= 8; size_b *= 2) {
			struct context_access a;

			n_wrong += compare_field(k, p, word, ptr, (int16_t)off_b, size_b, &a);
		}
	}
	return n_wrong;
}

static void fields_are_the_same(void **state)
{
	struct kernel *k = *state;
	unsigned n_wrong = 0, n_seen = 0;
	bool *seen = calloc(1 << 20, 1);
	const char *name;

	assert_non_null(seen);
	for (uint32_t id = 0;
	     can_ask(k) && k->btf &&
	     (id = btf_next(k->btf, BTF_KIND_MASK(BTF_KIND_TYPEDEF), id, &name));) {
		struct vm_program p = program(k, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP);
		own_strbuf struct strbuf why = {0};

		p.attach_btf_id = id;
		if (strncmp(name, "btf_trace_", 10) || is_known_better(k, &p) ||
		    !kernel_attaches(k, &p))
			continue;
		for (uint32_t word = 0; word < 5; word++) {
			struct context_access a;

			if (!context_access(&p, (int32_t)(8 * word), 8, false, &a, &why) ||
			    a.kind != REG_BTF || (a.flags & REG_MAYBE_NULL) ||
			    a.btf_id >= 1 << 20 || seen[a.btf_id])
				continue;
			seen[a.btf_id] = true;
			if (n_seen++ % EVERY)
				continue;
			n_wrong += compare_struct(k, &p, word, &a);
		}
	}
	printf("# %u structs\n", n_seen);
	free(seen);
	assert_int_equal(n_wrong, 0);
}

/* tcp_congestion_ops may write to some of struct tcp_sock. */
static void writes_are_the_same(void **state)
{
	struct kernel *k = *state;
	uint32_t id =
	    k->btf ? btf_find(k->btf, "tcp_congestion_ops", BTF_KIND_MASK(BTF_KIND_STRUCT), 0) : 0;
	struct vm_program p = program(k, BPF_PROG_TYPE_STRUCT_OPS, 0);
	unsigned n_wrong = 0, n_allowed = 0;
	struct context_access a;
	own_strbuf struct strbuf why = {0};

	if (!can_ask(k) || !id)
		return;
	p.attach_btf_id = id;
	while (p.attach_type < 20 &&
	       (!context_access(&p, 0, 8, false, &a, &why) || a.kind != REG_BTF))
		p.attach_type++;
	assert_true(p.attach_type < 20);
	for (int16_t off_b = 0; off_b < (int16_t)struct_size(&a) + 8; off_b++) {
		for (uint32_t size_b = 1; size_b <= 8; size_b *= 2) {
			struct bpf_insn insns[] = {bpf_load(8, false, 2, 1, 0), bpf_mov_imm(3, 0),
			                           bpf_store(size_b, 2, off_b, 3),
			                           bpf_mov_imm(0, 0), bpf_exit()};
			struct context_access w;
			bool ours = btf_field_access(&p, a.btf, a.btf_id, a.flags, off_b, size_b,
			                             true, &w, &why);

			p.insns = insns;
			p.n_insns = 5;
			n_allowed += ours;
			if (loads(k, &p) == ours)
				continue;
			n_wrong++;
			printf("# tcp_sock: write off %d size %u: ours %d: %s\n", off_b, size_b,
			       ours, k->log);
		}
	}
	assert_true(n_allowed > 100);
	assert_int_equal(n_wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(raw_tracepoints_have_the_same_arguments),
	    cmocka_unit_test(iterators_have_the_same_arguments),
	    cmocka_unit_test(struct_ops_have_the_same_arguments),
	    cmocka_unit_test(fields_are_the_same),
	    cmocka_unit_test(writes_are_the_same),
	};

	return cmocka_run_group_tests_name("vm_btf", tests, setup, teardown);
}
