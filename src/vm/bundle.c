/* Bundles: who needs whom, and in which order they are made. */
#include "vm/bundle.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"

static void say_error(struct strbuf *why, size_t before, int err)
{
	if (why->n == before)
		sb_adds(why, strerror(-err));
}

int vm_bundle_make(struct vm_bundle *b, struct arena *a, const struct vm_program *programs,
                   uint32_t n_programs, uint32_t n_cpus, struct strbuf *why)
{
	uint32_t n_maps = n_programs ? programs[0].n_maps : 0;

	*b = (struct vm_bundle){.a = a, .programs = programs, .n_programs = n_programs};
	b->codes = arena_array(a, struct vm_code *, n_programs + 1);
	b->maps = arena_array(a, struct vm_map *, n_maps + 1);
	for (; b->n_maps < n_maps; b->n_maps++) {
		const struct vm_map_def *d = programs[0].maps[b->n_maps];
		size_t before;
		int err;

		sb_addf(why, "map %s: ", d->name);
		before = why->n;
		err = vm_map_create(d, n_cpus, &b->maps[b->n_maps], why);
		if (err) {
			say_error(why, before, err);
			vm_bundle_destroy(b);
			return err;
		}
		sb_reset(why);
	}
	return 0;
}

static int make_code(struct vm_bundle *b, uint32_t program, const struct vm_code_options *opts,
                     struct strbuf *why)
{
	const struct vm_program *p = &b->programs[program];
	struct vm_verify_options verify = {.log = VM_LOG_NONE};
	struct vm_verdict v;
	size_t before;
	int err;

	vm_verify(b->a, p, &verify, &v);
	if (!v.is_accepted) {
		sb_addf(why, "%s: at %u: %s", p->name, v.pc, v.reason);
		if (v.way_out)
			sb_addf(why, "\nHINT: %s", v.way_out);
		return -EACCES;
	}
	sb_addf(why, "%s: ", p->name);
	before = why->n;
	err = vm_code_create(p, &v.facts, b->maps, opts, &b->codes[program], why);
	if (err)
		say_error(why, before, err);
	else
		sb_reset(why);
	return err;
}

static int put_member(struct vm_bundle *b, uint32_t map, const struct vm_map_init *i,
                      const struct vm_code_options *opts, struct strbuf *why)
{
	const struct vm_map_def *d = b->programs[0].maps[map];
	bool is_program = d->type == BPF_MAP_TYPE_PROG_ARRAY;
	uint32_t key = i->index;
	int err = 0;

	if (i->target >= (is_program ? b->n_programs : b->n_maps))
		err = -EINVAL;
	else if (!is_program)
		err = vm_map_set_map(b->maps[map], &key, b->maps[i->target], 0);
	else {
		err = vm_bundle_add(b, i->target, opts, why);
		if (err)
			return err;
		err = vm_map_set_program(b->maps[map], key, b->codes[i->target]);
	}
	if (err)
		sb_addf(why, "map %s: entry %u: %s", d->name, key, strerror(-err));
	return err;
}

int vm_bundle_add(struct vm_bundle *b, uint32_t program, const struct vm_code_options *opts,
                  struct strbuf *why)
{
	int err;

	if (b->codes[program])
		return 0;
	err = make_code(b, program, opts, why);
	for (uint32_t m = 0; !err && m < b->n_maps; m++) {
		const struct vm_map_def *d = b->programs[0].maps[m];

		for (uint32_t k = 0; !err && k < d->n_inits; k++)
			err = put_member(b, m, &d->inits[k], opts, why);
	}
	return err;
}

void vm_bundle_destroy(struct vm_bundle *b)
{
	for (uint32_t k = 0; k < b->n_programs; k++)
		vm_code_destroy(b->codes[k]);
	for (uint32_t k = 0; k < b->n_maps; k++)
		vm_map_destroy(b->maps[k]);
	b->n_programs = b->n_maps = 0;
}
