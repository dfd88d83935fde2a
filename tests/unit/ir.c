/* The IR: building, folding, passes; and the property that holds it all together: on random
 * programs, the evaluated IR, the evaluated optimized IR and the emitted code agree. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <time.h>
#include <bpf/bpf.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/diag.h"
#include "bpf/disasm.h"
#include "ir/ir.h"
#include "ir_random.h"
#include "ir_run.h"

static const struct ir_target modern = {true, false, true, true, true};
static const struct ir_target old = {.has_atomics = true};

/* ---- random programs ----------------------------------------------------------------------------
 */

static void fill(struct world *w, uint64_t seed)
{
	uint8_t *bytes = (uint8_t *)w;

	memset(w, 0, sizeof(*w));
	for (size_t k = 0; k < offsetof(struct world, n_calls); k++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		bytes[k] = (uint8_t)(seed >> 40) & (k % 16 < 8 ? 0xff : 3);
	}
}

static void check_same(const struct world *x, const struct world *y, uint64_t rx, uint64_t ry,
                       uint64_t seed, const char *what)
{
	if (rx == ry && !x->error[0] && !y->error[0] && !memcmp(x->value, y->value, W_VALUE_B) &&
	    !memcmp(x->entries, y->entries, sizeof(x->entries)) && x->n_calls == y->n_calls)
		return;
	fail_msg("seed %llu: %s: %llx against %llx %s%s", (unsigned long long)seed, what,
	         (unsigned long long)rx, (unsigned long long)ry, x->error, y->error);
}

/* The three worlds start at the same address in turn, as addresses are data too. */
static void run_seed(uint64_t seed, int size, struct ir_target target, bool is_optimized)
{
	own_arena struct arena *a = arena_create();
	struct diag *d = diag_create(a);
	struct ir_unit *u = g_unit(a, seed, size, false, target);
	struct world *w = arena_new(a, struct world), plain, passed;
	uint64_t result[3];
	struct ir_code code;
	uint32_t steps = 0;

	ir_check(u);
	fill(w, seed);
	result[0] = ev_func(w, u->funcs.items[0], (uint64_t[5]){(uintptr_t)w->ctx}, &steps);
	plain = *w;
	if (steps > W_MAX_STEPS)
		return;
	if (is_optimized) {
		ir_optimize(u, NULL);
		steps = 0;
		fill(w, seed);
		result[1] = ev_func(w, u->funcs.items[0], (uint64_t[5]){(uintptr_t)w->ctx}, &steps);
		passed = *w;
		check_same(&plain, &passed, result[0], result[1], seed, "the passes");
	}
	if (!ir_emit(u, d, &code)) {
		assert_int_equal(diag_first_error(d), E_LIMIT);
		return; /* too many spills for 512 bytes can happen */
	}
	ir_check(u);
	assert_int_equal(code.insns.n, code.spans.n);
	if (getenv("IR_SHOW")) {
		struct strbuf text = {0};

		ir_print(u, &text);
		bpf_disasm(code.insns.items, code.insns.n, &text);
		fputs(sb_str(&text), stderr);
		sb_free(&text);
	}
	fill(w, seed);
	result[2] = vm_run(w, &code);
	check_same(&plain, w, result[0], result[2], seed, "the code");
}

static void random_programs_keep_their_meaning(void **state)
{
	const char *one = getenv("IR_SEED"), *count = getenv("IR_COUNT");
	uint64_t n = count ? strtoull(count, NULL, 0) : 1500;

	(void)state;
	for (uint64_t k = one ? strtoull(one, NULL, 0) : 1; k <= n || one; k++) {
		struct ir_target t = {.has_probe_read_split = k & 1,
		                      .has_alu32 = k & 2,
		                      .has_sext = k & 4,
		                      .has_atomics = true};

		run_seed(k, 3 + (int)(k % 60), t, k % 5);
		if (one)
			break;
	}
}

/* ---- the kernel's opinion -----------------------------------------------------------------------
 */

struct kernel {
	int maps[2];
	char log[1 << 20];
};

static int load(struct kernel *k, struct ir_code *code)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = k->log, .log_size = sizeof(k->log),
	            .log_level = 1, .prog_flags = BPF_F_SLEEPABLE);

	k->log[0] = 0;
	vec_each (r, &code->relocs)
		code->insns.items[r->insn].imm = k->maps[r->map];
	return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "random", "GPL", code->insns.items,
	                     code->insns.n, &opts);
}

/* Returns whether the verifier took the program. */
static bool kernel_agrees(struct kernel *k, uint64_t seed, struct ir_target target)
{
	own_arena struct arena *a = arena_create();
	struct diag *d = diag_create(a);
	struct ir_unit *u = g_unit(a, seed, 2 + (int)(seed % 12), true, target);
	struct world *w = arena_new(a, struct world);
	uint8_t value[W_VALUE_B];
	uint32_t steps = 0, key = 0;
	struct ir_code code;
	uint64_t result;
	int fd;

	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = w->ctx, .ctx_size_in = W_CTX_B);
	ir_optimize(u, NULL);
	if (!ir_emit(u, d, &code))
		return false;
	fd = load(k, &code);
	if (fd < 0) {
		/* Too complex is the program's fault; anything else would be ours. */
		if (strstr(k->log, "too large") || strstr(k->log, "too complex") ||
		    strstr(k->log, "combined stack size") || fd == -E2BIG)
			return false;
		size_t len = strlen(k->log);

		fail_msg("seed %llu: %s: %s", (unsigned long long)seed, strerror(-fd),
		         k->log + (len > 1500 ? len - 1500 : 0));
	}
	fill(w, seed);
	bpf_map_update_elem(k->maps[0], &key, w->value, 0);
	for (key = 0; key < W_ENTRIES; key++)
		bpf_map_update_elem(k->maps[1], &key, w->entries[key], 0);
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
	close(fd);
	result = ev_func(w, u->funcs.items[0], (uint64_t[5]){(uintptr_t)w->ctx}, &steps);
	if (run.retval != (uint32_t)result)
		fail_msg("seed %llu: the kernel gets %x, not %x", (unsigned long long)seed,
		         run.retval, (uint32_t)result);
	key = 0;
	bpf_map_lookup_elem(k->maps[0], &key, value);
	assert_memory_equal(value, w->value, W_VALUE_B);
	for (key = 0; key < W_ENTRIES; key++) {
		bpf_map_lookup_elem(k->maps[1], &key, value);
		assert_memory_equal(value, w->entries[key], W_VALUE_B);
	}
	return true;
}

static void the_kernel_takes_and_runs_them_alike(void **state)
{
	static struct kernel k;
	const char *count = getenv("IR_COUNT");
	uint64_t n = count ? strtoull(count, NULL, 0) : 300, n_taken = 0;

	(void)state;
	k.maps[0] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "value", 4, W_VALUE_B, 1, NULL);
	if (k.maps[0] < 0) {
		printf("# skipped: bpf(2) refuses to create a map: %s\n", strerror(-k.maps[0]));
		skip();
	}
	k.maps[1] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "entries", 4, W_VALUE_B, W_ENTRIES, NULL);
	for (uint64_t seed = 1; seed <= n; seed++) {
		struct ir_target t = modern;

		t.has_alu32 = seed & 1;
		t.has_sext = seed & 2;
		n_taken += kernel_agrees(&k, seed, t);
	}
	printf("# the kernel took %llu of %llu\n", (unsigned long long)n_taken,
	       (unsigned long long)n);
	assert_true(n_taken > n * 3 / 4);
	close(k.maps[0]);
	close(k.maps[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_programs_keep_their_meaning),
	    cmocka_unit_test(the_kernel_takes_and_runs_them_alike),
	};

	(void)modern;
	(void)old;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
