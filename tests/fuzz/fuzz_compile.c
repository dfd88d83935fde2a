/* The whole compiler of the tracing language, text to image, for a kernel that can do everything
 * and for one that can do little.
 *
 * corpus: *.bt
 * also below: tests/host/cases */
#include "fuzz.h"

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/script.h"

/* clang-format off */
static const struct script_target modern = {
	.has_ringbuf = true, .has_probe_read_split = true, .has_btf = true,
	.has_task_btf = true, .has_bpf_loop = true,
	.has_for_each_map = true, .has_lookup_percpu = true, .has_attach_cookie = true,
	.has_func_ip = true, .has_mem_alloc = true, .has_ktime_boot = true,
	.has_ktime_tai = true, .has_sext = true, .has_atomics = true,
	.n_cpus = 4,
};
static const struct script_target old = {.n_cpus = 4};
/* clang-format on */

void fuzz_one(const char *data, size_t len_b)
{
	static const char *const params[] = {"1", "-2", "text", ""};
	static const char *const args[] = {"-x", "-p", "5", "begin", "--port=80,81"};
	const struct script_target *targets[] = {&modern, &old};

	for (int i = 0; i < 2; i++) {
		struct arena *a = arena_create();
		struct diag *d = diag_create(a);
		struct types *ts = types_create(a, NULL);
		struct script_options opts = {.params = params,
		                              .n_params = 4,
		                              .args = args,
		                              .n_args = len_b % 6,
		                              .target = *targets[i],
		                              .is_unsafe = true};
		struct strbuf out = {0};
		struct image *img;

		script_config_defaults(&opts.config);
		opts.debug_stages = i ? NULL : "ast,types";
		opts.dump = &out;
		img = script_compile(a, d, ts, "fuzz", data, len_b, &opts);
		FUZZ_CHECK(!img == !!diag_errors(d));
		diag_render(d, &(struct diag_style){0}, &out);
		sb_free(&out);
		types_destroy(ts);
		arena_destroy(a);
	}
}
