/* The image's maps and programs on our own machine: every program is verified, then compiled. There
 * is no kernel to ask afterwards: what our verifier refuses does not run. */
#include "engine/user/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bpf/helpers.h"
#include "engine/kernel/btf.h"
#include "image/program.h"
#include "types/btf.h"
#include "vm/object.h"
#include "vm/verifier/verifier.h"

enum {
	RING_B = 1 << 20,
	/* The kernel stops at a million, but joins more states before: searches in long strings
	 * take us some twenty times its steps. */
	MAX_VERIFIED = 16 << 20,
};

bool user_image_calls(const struct image *img, uint32_t helper)
{
	vec_each (p, &img->programs)
		vec_each (i, &p->code.insns)
			if (i->code == (BPF_JMP | BPF_CALL) && !i->src_reg &&
			    (uint32_t)i->imm == helper)
				return true;
	return false;
}

/* ---- maps ------------------------------------------------------------------------------------ */

static uint64_t boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int create_map(struct engine *e, uint32_t i, struct engine_error *ret)
{
	const struct image_map *m = &e->img->maps.items[i];
	own_strbuf struct strbuf why = {0};
	struct vm_map_def def = {
	    .name = m->name ? m->name : "?",
	    .type = m->type,
	    .key_size_b = m->key_size_b,
	    .value_size_b = m->value_size_b,
	    .max_entries = m->max_entries,
	    .flags = m->flags,
	    .init = m->init,
	    .is_frozen = m->is_frozen,
	};
	uint32_t start = e->img->start_ns_off_b;
	int err;

	if (m->is_unused)
		return 0;
	if (m->role == MAP_RING) {
		def.max_entries = RING_B;
		while (e->opts.ring_bytes && def.max_entries < e->opts.ring_bytes &&
		       def.max_entries < 1u << 30)
			def.max_entries *= 2;
	}
	err = vm_map_create(&def, e->n_cpus, &e->maps[i], &why);
	if (err)
		return user_error(e, ret, err, UINT32_MAX, "The map of %s can't be made: %s",
		                  def.name, why.n ? sb_str(&why) : strerror(-err));
	if (e->opts.steps)
		fprintf(e->opts.steps, "map %s: key %u, value %u bytes, %u entries\n", def.name,
		        def.key_size_b, def.value_size_b, def.max_entries);
	if (m->role == MAP_RING)
		e->ring = e->maps[i];
	if (m->role == MAP_LOST)
		e->lost_map = e->maps[i];
	if (m->role == MAP_GLOBALS && start != UINT32_MAX && start + 8ull <= m->value_size_b) {
		uint64_t now = boot_ns();

		memcpy(e->maps[i]->values + start, &now, sizeof(now));
	}
	return 0;
}

/* ---- programs -------------------------------------------------------------------------------- */

static int refused(struct engine *e, uint32_t i, const struct vm_verdict *v,
                   struct engine_error *ret)
{
	const struct image_program *p = &e->img->programs.items[i];

	user_error(e, ret, -EACCES, i, "The verifier refused this: %s",
	           ir_code_reason(e->img->a, &p->code, v->pc, v->reason));
	if (!ret)
		return -EACCES;
	if (ir_code_note(&p->code, v->pc))
		ret->hint = image_missing_hint;
	else if (v->way_out)
		ret->hint = arena_strdup(e->img->a, v->way_out);
	ret->log = arena_strdup(e->img->a, v->log);
	if (v->pc < p->code.spans.n && p->code.spans.items[v->pc].source != SPAN_NONE)
		ret->at = p->code.spans.items[v->pc];
	return -EACCES;
}

static int create_program(struct engine *e, struct arena *a, const struct vm_program *p, uint32_t i,
                          struct engine_error *ret)
{
	struct vm_verify_options verify = {.log = VM_LOG_ERROR, .max_insns = MAX_VERIFIED};
	struct vm_code_options opts = {.backend = VM_FASTEST};
	own_strbuf struct strbuf why = {0};
	struct vm_verdict v;
	int err;

	vm_verify(a, p, &verify, &v);
	if (!v.is_accepted)
		return refused(e, i, &v, ret);
	err = vm_code_create(p, &v.facts, e->maps, &opts, &e->codes[i], &why);
	if (err) {
		user_error(e, ret, err, i, "%s can't run without the kernel: %s", p->name,
		           why.n ? sb_str(&why) : strerror(-err));
		if (ret)
			ret->at = e->img->programs.items[i].at;
	} else if (e->opts.steps) {
		fprintf(e->opts.steps, "program %s: %s, %u instructions, verified\n", p->name,
		        vm_program_type_name(p->type), p->n_insns);
	}
	return err;
}

int user_programs_create(struct engine *e, struct engine_error *ret)
{
	own_arena struct arena *a = arena_create();
	const char *path = getenv("SKEP_BTF");
	const struct vm_program *programs;
	int err = 0;

	e->maps = arena_array(e->a, struct vm_map *, e->img->maps.n + 1);
	e->codes = arena_array(e->a, struct vm_code *, e->img->programs.n + 1);
	e->counts = arena_array(e->a, struct vm_served_counts, e->img->programs.n + 1);
	for (uint32_t i = 0; i < e->img->maps.n && !err; i++)
		err = create_map(e, i, ret);
	if (!err && image_needs_kernel_btf(e->img))
		btf_open(path ? path : "/sys/kernel/btf/vmlinux", NULL, &e->kernel_btf);
	programs = image_programs(a, e->img, e->kernel_btf, e->opts.diag);
	for (uint32_t i = 0; i < e->img->programs.n && !err; i++)
		err = create_program(e, a, &programs[i], i, ret);
	return err;
}

void user_programs_serve(struct engine *e)
{
	struct vm_served_program *programs =
	    arena_array(e->a, struct vm_served_program, e->img->programs.n + 1);
	struct btf_program *infos = arena_array(e->a, struct btf_program, e->img->programs.n + 1);
	struct vm_served served = {.programs = programs,
	                           .maps = e->maps,
	                           .n_programs = (uint32_t)e->img->programs.n,
	                           .n_maps = (uint32_t)e->img->maps.n};
	own_strbuf struct strbuf blob = {0};

	btf_build(e->a, e->img, e->opts.diag, &blob, infos);
	served.btf = arena_memdup(e->a, sb_str(&blob), blob.n);
	served.btf_b = (uint32_t)blob.n;
	for (uint32_t i = 0; i < served.n_programs; i++)
		programs[i] = (struct vm_served_program){
		    .code = e->codes[i],
		    .name = e->img->programs.items[i].name,
		    .counts = &e->counts[i],
		    .funcs = infos[i].funcs,
		    .n_funcs = infos[i].n_funcs,
		    .lines = infos[i].lines,
		    .n_lines = infos[i].n_lines,
		};
	e->server = vm_serve_begin(&served);
}

void user_programs_destroy(struct engine *e)
{
	vm_serve_end(e->server);
	for (size_t i = 0; e->codes && i < e->img->programs.n; i++)
		if (e->codes[i])
			vm_code_destroy(e->codes[i]);
	for (size_t i = 0; e->maps && i < e->img->maps.n; i++)
		if (e->maps[i])
			vm_map_destroy(e->maps[i]);
	if (e->kernel_btf)
		btf_close(e->kernel_btf);
}
