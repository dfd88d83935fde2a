/* The verifier's tables against the kernel this runs on: which helpers each kind of program may
 * call, what it may read and write of its context, what it may return, where it may be attached.
 * Each question is put to the kernel as a program of a few instructions. Where bpf(2) is refused
 * there is nobody to ask, and the tests say so. */
#include "ask_kernel.h"

/* ---- helpers --------------------------------------------------------------------------------- */

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
	for (uint32_t type = 1; type < SKEP_PROG_TYPE_N; type++) {
		if (type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM ||
		    type == BPF_PROG_TYPE_STRUCT_OPS || type == BPF_PROG_TYPE_EXT ||
		    type == BPF_PROG_TYPE_LIRC_MODE2)
			continue;
		for (uint32_t attach = 0; attach < SKEP_ATTACH_TYPE_N; attach++) {
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

			/* One of each kind, but kprobes, whose sessions have kfuncs. */
			if (i && p.type == kinds[i - 1].type && p.type != BPF_PROG_TYPE_KPROBE)
				continue;
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

/* ---- without a kernel --------------------------------------------------------------------------
 */

static void pointers_live_behind_the_struct(void **state)
{
	struct kernel *k = *state;
	struct vm_program xdp = program(k, BPF_PROG_TYPE_XDP, 0);
	struct vm_program msg = program(k, BPF_PROG_TYPE_SK_MSG, 0);
	own_strbuf struct strbuf why = {0};
	struct context_access a;

	assert_int_equal(context_size(&xdp), sizeof(struct xdp_md));
	assert_int_equal(context_run_off(xdp.type, "data"), 24);
	assert_int_equal(context_run_off(xdp.type, "data_end"), 32);
	assert_int_equal(context_run_off(xdp.type, "data_meta"), 40);
	assert_int_equal(context_run_off(xdp.type, "rx_queue_index"), 0);
	assert_int_equal(context_run_size(&xdp), 48);
	assert_true(context_access(&xdp, 4, 4, false, &a, &why));
	assert_int_equal(a.kind, REG_PACKET_END);
	assert_int_equal(a.run_off_b, 32);
	/* These have 64 bits where the program looks. */
	assert_int_equal(context_run_size(&msg), context_size(&msg));
	assert_true(context_access(&msg, 8, 8, false, &a, &why));
	assert_int_equal(a.run_off_b, 0);
	assert_string_equal(context_struct_name(xdp.type), "xdp_md");
	assert_null(context_struct_name(BPF_PROG_TYPE_RAW_TRACEPOINT));
}

static void a_refusal_says_what_is_there(void **state)
{
	struct kernel *k = *state;
	struct vm_program cls = program(k, BPF_PROG_TYPE_SCHED_CLS, 0);
	struct {
		int32_t off_b;
		uint32_t size_b;
		bool is_write;
		const char *text;
	} rows[] = {
	    {12, 8, false,
	     "invalid bpf_context access off=12 size=8: __sk_buff.queue_mapping at off=12 is to be "
	     "read in 4 bytes"},
	    {0, 4, true, "invalid bpf_context access off=0 size=4: __sk_buff.len is read-only"},
	    {88, 4, false,
	     "invalid bpf_context access off=88 size=4: __sk_buff.family is not for this kind of "
	     "program and attach type"},
	    {-4, 4, false,
	     "invalid bpf_context access off=-4 size=4: struct __sk_buff has no field there"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		own_strbuf struct strbuf why = {0};
		struct context_access a;

		assert_false(context_access(&cls, rows[i].off_b, rows[i].size_b, rows[i].is_write,
		                            &a, &why));
		assert_string_equal(sb_str(&why), rows[i].text);
	}
}

static void sockets_are_read_by_kind(void **state)
{
	own_strbuf struct strbuf why = {0};
	struct context_access a;

	(void)state;
	assert_true(socket_access(REG_SOCKET, 8, 4, &a, &why));       /* type */
	assert_false(socket_access(REG_SOCK_COMMON, 8, 4, &a, &why)); /* of full sockets only */
	assert_true(socket_access(REG_SOCK_COMMON, 4, 2, &a, &why));  /* family */
	assert_true(socket_access(REG_TCP_SOCK, 80, 8, &a, &why));
	assert_false(socket_access(REG_TCP_SOCK, 80, 4, &a, &why));
	assert_true(socket_access(REG_TCP_SOCK, 108, 4, &a, &why));
	assert_false(socket_access(REG_TCP_SOCK, 112, 4, &a, &why));
	assert_true(socket_access(REG_XDP_SOCK, 0, 4, &a, &why));
	assert_false(socket_access(REG_XDP_SOCK, 4, 4, &a, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(helpers_are_for_the_same_kinds),
	    cmocka_unit_test(contexts_are_the_same),
	    cmocka_unit_test(results_are_the_same),
	    cmocka_unit_test(attach_types_are_the_same),
	    cmocka_unit_test(kfuncs_are_for_the_same_kinds),
	    cmocka_unit_test(pointers_live_behind_the_struct),
	    cmocka_unit_test(a_refusal_says_what_is_there),
	    cmocka_unit_test(sockets_are_read_by_kind),
	};

	return cmocka_run_group_tests_name("vm_tables", tests, setup, teardown);
}
