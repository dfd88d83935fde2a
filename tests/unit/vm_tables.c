/* The verifier's tables against the kernel this runs on: which helpers each kind of program may
 * call, what it may read and write of its context, what it may return, where it may be attached.
 * Each question is put to the kernel as a program of a few instructions. Where bpf(2) is refused
 * there is nobody to ask, and the tests say so. */
#include "ask_kernel.h"

/* ---- helpers --------------------------------------------------------------------------------- */

static bool kernel_lets_call(struct kernel *k, struct vm_program *p, uint32_t helper)
{
	struct bpf_insn insns[] = {bpf_call((int32_t)helper), bpf_mov_imm(0, good_result(p)),
	                           bpf_exit()};

	p->insns = insns;
	p->n_insns = 3;
	if (loads(k, p))
		return true;
	/* Any other complaint is about the arguments. */
	return !strstr(k->log, "cannot use helper") && !strstr(k->log, "unknown func") &&
	       !strstr(k->log, "invalid func") && !strstr(k->log, "might sleep") &&
	       !strstr(k->log, "is not allowed in") && !strstr(k->log, "GPL-restricted") &&
	       !strstr(k->log, "not supported for program type") &&
	       !strstr(k->log, "supported only for fentry/fexit/fmod_ret");
}

static unsigned compare_helpers(struct kernel *k, struct vm_program p)
{
	unsigned n_wrong = 0;

	for (uint32_t h = 1; h <= bpf_helper_count(); h++) {
		own_strbuf struct strbuf why = {0};
		bool ours = kind_may_call(&p, h, &why), theirs = kernel_lets_call(k, &p, h);

		if (!ours)
			assert_true(why.n);
		if (ours == theirs || (ours && is_lacking(h)))
			continue;
		n_wrong++;
		printf("# type %u attach %u btf_id %u helper %s: ours %d, kernel's %d: %s%s\n",
		       p.type, p.attach_type, p.attach_btf_id, bpf_helper_name(h), ours, theirs,
		       sb_str(&why), k->log);
	}
	return n_wrong;
}

static void helpers_are_for_the_same_kinds(void **state)
{
	struct kernel *k = *state;
	unsigned n_wrong = 0;

	if (!can_ask(k))
		return;
	for (size_t i = 0; i < N_KINDS; i++) {
		struct vm_program p = program(k, kinds[i].type, kinds[i].attach_type);

		if (!is_configured(k, p))
			continue;
		n_wrong += compare_helpers(k, p);
		p.is_gpl = false;
		n_wrong += compare_helpers(k, p);
	}
	assert_int_equal(n_wrong, 0);
}

/* ---- contexts -------------------------------------------------------------------------------- */

static bool kernel_lets_access(struct kernel *k, struct vm_program *p, int16_t off_b,
                               uint32_t size_b, bool is_write)
{
	struct bpf_insn insns[] = {
	    bpf_mov_imm(2, 0),
	    is_write ? bpf_store(size_b, 1, off_b, 2) : bpf_load(size_b, false, 2, 1, off_b),
	    bpf_mov_imm(0, good_result(p)),
	    bpf_exit(),
	};

	p->insns = insns;
	p->n_insns = 4;
	return loads(k, p);
}

static unsigned compare_accesses(struct kernel *k, struct vm_program p, int32_t from_b,
                                 int32_t to_b)
{
	unsigned n_wrong = 0;

	for (int32_t off_b = from_b; off_b < to_b; off_b++) {
		for (uint32_t size_b = 1; size_b <= 8; size_b *= 2) {
			for (int is_write = 0; is_write < 2; is_write++) {
				own_strbuf struct strbuf why = {0};
				struct context_access a;
				bool ours = context_access(&p, off_b, size_b, is_write, &a, &why);
				bool theirs =
				    kernel_lets_access(k, &p, (int16_t)off_b, size_b, is_write);

				if (ours == theirs)
					continue;
				n_wrong++;
				printf("# type %u attach %u btf_id %u %s off %d size %u: ours %d, "
				       "kernel's "
				       "%d: %s%s\n",
				       p.type, p.attach_type, p.attach_btf_id,
				       is_write ? "write" : "read", off_b, size_b, ours, theirs,
				       sb_str(&why), k->log);
			}
		}
	}
	return n_wrong;
}

static void contexts_are_the_same(void **state)
{
	struct kernel *k = *state;
	unsigned n_wrong = 0;

	if (!can_ask(k))
		return;
	for (size_t i = 0; i < N_KINDS; i++) {
		struct vm_program p = program(k, kinds[i].type, kinds[i].attach_type);
		int32_t end_b = (int32_t)context_size(&p), from_b;

		if (!is_configured(k, p))
			continue;
		/* tp_prog_is_valid_access() compares without a sign, and lets offsets below 0
		 * pass. Not so here. */
		from_b = p.type == BPF_PROG_TYPE_TRACEPOINT ? 0 : -9;
		n_wrong += compare_accesses(k, p, from_b, end_b < 300 ? end_b + 9 : 24);
		if (end_b >= 300 && end_b < 32000)
			n_wrong += compare_accesses(k, p, end_b - 17, end_b + 9);
	}
	assert_int_equal(n_wrong, 0);
}

/* ---- results --------------------------------------------------------------------------------- */

static void results_are_the_same(void **state)
{
	static const int32_t values[] = {-4096, -4095, -1, 0, 1, 2, 3, 4, INT32_MAX};
	struct kernel *k = *state;
	unsigned n_wrong = 0;

	if (!can_ask(k))
		return;
	for (size_t i = 0; i < N_KINDS; i++) {
		struct vm_program p = program(k, kinds[i].type, kinds[i].attach_type);

		if (!is_configured(k, p))
			continue;
		for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
			struct bpf_insn insns[] = {bpf_mov_imm(0, values[v]), bpf_exit()};
			int64_t min, max;
			bool is_32, ours = !kind_return_range(&p, &min, &max, &is_32) ||
			                   (values[v] >= min && values[v] <= max);

			p.insns = insns;
			p.n_insns = 2;
			if (loads(k, &p) == ours)
				continue;
			n_wrong++;
			printf("# type %u attach %u returns %d: ours %d: %s\n", p.type,
			       p.attach_type, values[v], ours, k->log);
		}
	}
	assert_int_equal(n_wrong, 0);
}

/* ---- attach types ---------------------------------------------------------------------------- */

static void attach_types_are_the_same(void **state)
{
	struct kernel *k = *state;
	unsigned n_wrong = 0;

	if (!can_ask(k))
		return;
	for (uint32_t type = 1; type < PROG_N; type++) {
		if (type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM ||
		    type == BPF_PROG_TYPE_STRUCT_OPS || type == BPF_PROG_TYPE_EXT ||
		    type == BPF_PROG_TYPE_LIRC_MODE2)
			continue;
		for (uint32_t attach = 0; attach < ATTACH_N; attach++) {
			for (int sleeps = 0; sleeps < 2; sleeps++) {
				struct vm_program p = program(k, type, attach);
				struct bpf_insn insns[] = {bpf_mov_imm(0, good_result(&p)),
				                           bpf_exit()};
				own_strbuf struct strbuf why = {0};
				bool ours;

				p.flags = sleeps ? BPF_F_SLEEPABLE : 0;
				p.insns = insns;
				p.n_insns = 2;
				ours = !kind_check_attach(&p, &why);
				if (loads(k, &p) == ours)
					continue;
				n_wrong++;
				printf("# type %u attach %u sleeps %d: ours %d: %s%s\n", type,
				       attach, sleeps, ours, sb_str(&why), k->log);
			}
		}
	}
	assert_int_equal(n_wrong, 0);
}

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
	unsigned n_wrong = 0;

	for (unsigned i = 0; i < 14 + sizeof(odd) / sizeof(*odd); i++) {
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

/* Every seventh struct, for the time it takes; all of them (1) take 40 s, and agree. */
enum { EVERY = 7, FAR_B = 32000 };

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

/* ---- kfuncs ------------------------------------------------------------------------------------
 */

/* Registered, but refused for reasons that are not the kind of program. */
static const char *const not_kinds[] = {
    "bpf_fentry_test1",              /* for fmod_ret only */
    "bpf_modify_return_test",        /* likewise */
    "bpf_modify_return_test2",       /* likewise */
    "bpf_xdp_metadata_rx_timestamp", /* of programs bound to a device */
    "bpf_xdp_metadata_rx_hash",      /* likewise */
    "bpf_xdp_metadata_rx_vlan_tag",  /* likewise */
};

static bool is_about_kinds(const char *name)
{
	for (size_t i = 0; i < sizeof(not_kinds) / sizeof(*not_kinds); i++) {
		if (!strcmp(not_kinds[i], name))
			return false;
	}
	return true;
}

static unsigned compare_kfunc(struct kernel *k, struct vm_program p, uint32_t id, const char *name)
{
	struct bpf_insn insns[] = {{.code = BPF_JMP | BPF_CALL, .src_reg = 2, .imm = (int32_t)id},
	                           bpf_mov_imm(0, good_result(&p)),
	                           bpf_exit()};
	own_strbuf struct strbuf why = {0};
	uint32_t flags = 0;
	bool ours = kfunc_find(&p, name, &flags, &why), theirs, wants_sleep;

	p.insns = insns;
	p.n_insns = 3;
	loads(k, &p);
	theirs = !strstr(k->log, "is not allowed") && !strstr(k->log, "css_task_iter");
	wants_sleep = strstr(k->log, "must be sleepable") != NULL;
	if (ours == theirs &&
	    (!theirs || wants_sleep == ((flags & KFUNC_SLEEPABLE) && !(p.flags & BPF_F_SLEEPABLE))))
		return 0;
	printf("# type %u attach %u %s: ours %d flags %#x, kernel's %d: %s\n", p.type,
	       p.attach_type, name, ours, flags, theirs, k->log);
	return 1;
}

/* Every FUNC that the kernel's BTF marks as a kfunc, in every kind of program. */
static void kfuncs_are_for_the_same_kinds(void **state)
{
	struct kernel *k = *state;
	struct vm_program others[3];
	unsigned n_wrong = 0, n_seen = 0;
	const char *tag;

	if (!can_ask(k) || !k->btf)
		return;
	others[0] = program(k, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP);
	others[0].attach_btf_id =
	    btf_find(k->btf, "btf_trace_sched_switch", BTF_KIND_MASK(BTF_KIND_TYPEDEF), 0);
	others[1] = program(k, BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER);
	others[1].attach_btf_id =
	    btf_find(k->btf, "bpf_iter_task", BTF_KIND_MASK(BTF_KIND_FUNC), 0);
	others[2] = program(k, BPF_PROG_TYPE_STRUCT_OPS, 1);
	others[2].attach_btf_id =
	    btf_find(k->btf, "tcp_congestion_ops", BTF_KIND_MASK(BTF_KIND_STRUCT), 0);
	for (uint32_t id = 0;
	     (id = btf_next(k->btf, BTF_KIND_MASK(BTF_KIND_DECL_TAG), id, &tag));) {
		struct btf_record r, func;
		const char *name;

		if (strcmp(tag, "bpf_kfunc") || !btf_get(k->btf, id, &r) ||
		    !btf_get(k->btf, r.size_or_type, &func) || func.kind != BTF_KIND_FUNC)
			continue;
		name = btf_string(k->btf, func.name_off);
		if (!is_about_kinds(name))
			continue;
		n_seen++;
		for (size_t i = 0; i < N_KINDS; i++) {
			struct vm_program p = program(k, kinds[i].type, kinds[i].attach_type);

			if (p.type != BPF_PROG_TYPE_LIRC_MODE2)
				n_wrong += compare_kfunc(k, p, r.size_or_type, name);
		}
		for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
			n_wrong += compare_kfunc(k, others[i], r.size_or_type, name);
	}
	printf("# %u kfuncs\n", n_seen);
	assert_true(n_seen > 50);
	assert_int_equal(n_wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(helpers_are_for_the_same_kinds),
	    cmocka_unit_test(contexts_are_the_same),
	    cmocka_unit_test(results_are_the_same),
	    cmocka_unit_test(attach_types_are_the_same),
	    cmocka_unit_test(kfuncs_are_for_the_same_kinds),
	    cmocka_unit_test(raw_tracepoints_have_the_same_arguments),
	    cmocka_unit_test(iterators_have_the_same_arguments),
	    cmocka_unit_test(struct_ops_have_the_same_arguments),
	    cmocka_unit_test(fields_are_the_same),
	    cmocka_unit_test(writes_are_the_same),
	};

	return cmocka_run_group_tests_name("vm_tables", tests, setup, teardown);
}
