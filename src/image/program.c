/* From an image to programs of the machine: relocations become numbers of maps, spans become
 * lines. Both are small copies; the code itself is copied because its map references change. */
#include "image/program.h"

#include <string.h>

#include "base/arena.h"
#include "vm/object.h"

static const struct vm_map_def *const *map_defs(struct arena *a, const struct image *img)
{
	const struct vm_map_def **table =
	    arena_array(a, const struct vm_map_def *, img->maps.n + 1);

	for (size_t i = 0; i < img->maps.n; i++) {
		const struct image_map *m = &img->maps.items[i];
		struct vm_map_def *d = arena_new(a, struct vm_map_def);

		*d = (struct vm_map_def){
		    .name = m->name ? m->name : "?",
		    .type = m->type,
		    .key_size_b = m->key_size_b,
		    .value_size_b = m->value_size_b,
		    .max_entries = m->max_entries,
		    .flags = m->flags,
		    .init = m->init,
		    .is_frozen = m->is_frozen,
		};
		table[i] = d;
	}
	return table;
}

static struct bpf_insn *code_of(struct arena *a, const struct image_program *p)
{
	struct bpf_insn *code =
	    arena_memdup(a, p->code.insns.items, p->code.insns.n * sizeof(struct bpf_insn));

	vec_each (r, &p->code.relocs) {
		struct bpf_insn *at = &code[r->insn];

		at[0].imm = (int32_t)r->map;
		at[0].src_reg =
		    r->kind == RELOC_MAP_VALUE ? BPF_PSEUDO_MAP_IDX_VALUE : BPF_PSEUDO_MAP_IDX;
		at[1].imm = r->kind == RELOC_MAP_VALUE ? (int32_t)r->off_b : 0;
	}
	return code;
}

static void add_lines(struct arena *a, const struct image_program *p, const struct diag *diag,
                      struct vm_program *ret)
{
	struct vm_line *lines = arena_array(a, struct vm_line, p->code.spans.n + 1);
	struct span last = NO_SPAN;

	for (size_t i = 0; diag && i < p->code.spans.n; i++) {
		struct span at = p->code.spans.items[i];
		struct vm_line *l = &lines[ret->n_lines];

		if (at.source == SPAN_NONE || (at.source == last.source && at.begin == last.begin))
			continue;
		last = at;
		l->pc = (uint32_t)i;
		l->file = diag_source_name(diag, at.source);
		diag_position(diag, at.source, at.begin, &l->line, &l->column);
		ret->n_lines++;
	}
	ret->lines = lines;
}

struct vm_program *image_programs(struct arena *a, const struct image *img,
                                  struct btf_file *kernel_btf, const struct diag *diag)
{
	struct vm_program *programs = arena_array(a, struct vm_program, img->programs.n + 1);
	const struct vm_map_def *const *maps = map_defs(a, img);

	for (size_t i = 0; i < img->programs.n; i++) {
		const struct image_program *p = &img->programs.items[i];
		struct vm_func *funcs = arena_array(a, struct vm_func, p->code.func_starts.n + 1);

		programs[i] = (struct vm_program){
		    .name = p->name ? p->name : "?",
		    .type = p->type,
		    .attach_type = p->expected_attach_type,
		    .attach_btf_id = p->attach_btf_id,
		    .attach_btf = p->attach_btf_obj_id ? NULL : kernel_btf,
		    .is_gpl = !img->license || vm_license_is_gpl(img->license),
		    .insns = code_of(a, p),
		    .n_insns = (uint32_t)p->code.insns.n,
		    .maps = maps,
		    .n_maps = (uint32_t)img->maps.n,
		    .funcs = funcs,
		    .n_funcs = (uint32_t)p->code.func_starts.n,
		    .kernel_btf = kernel_btf,
		};
		for (size_t f = 0; f < p->code.func_starts.n; f++)
			funcs[f] = (struct vm_func){.pc = p->code.func_starts.items[f],
			                            .name = p->funcs ? p->funcs[f].name : "?"};
		add_lines(a, p, diag, &programs[i]);
	}
	return programs;
}

bool image_needs_kernel_btf(const struct image *img)
{
	vec_each (p, &img->programs) {
		if (p->attach_btf_id && !p->attach_btf_obj_id && !p->attach_prog_id)
			return true;
		vec_each (i, &p->code.insns) {
			if (i->code == (BPF_LD | BPF_IMM | BPF_DW) &&
			    i->src_reg == BPF_PSEUDO_BTF_ID)
				return true;
			if (i->code != (BPF_JMP | BPF_CALL))
				continue;
			if (i->src_reg == BPF_PSEUDO_KFUNC_CALL ||
			    (!i->src_reg && i->imm == BPF_FUNC_get_current_task_btf))
				return true;
		}
	}
	return false;
}
