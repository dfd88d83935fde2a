/* Functions of imported objects as sub-programs. Each program has its own copies of those it
 * reaches, behind its own functions; the objects' maps are the image's and shared by all programs.
 *
 * r1-r5 = arguments, each extended to 64 bits by its type; r0 = result, of which only as much as
 * its type has is defined. */
#include "script/lower.h"

#include <string.h>

#include "base/arena.h"
#include "script/object.h"

void lower_objects_begin(struct lower *l)
{
	if (!l->u->objects.n)
		return;
	l->object_funcs = arena_array(l->a, struct ir_func *, object_count_fns(l->u) + 1);
	if (!l->object_maps)
		l->object_maps = arena_array(l->a, uint32_t, object_count_maps(l->u) + 1);
}

/* A dead call leaves its maps behind. */
void lower_objects_end(struct lower *l)
{
	vec_each (m, &l->img->maps)
		if (m->role == MAP_OBJECT)
			m->is_unused = true;
	vec_each (p, &l->img->programs)
		vec_each (r, &p->code.relocs)
			if (l->img->maps.items[r->map].role == MAP_OBJECT)
				l->img->maps.items[r->map].is_unused = false;
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* Sections of data carry the object's name, as they do in libbpf: "lib.rodata". */
static const char *map_name(struct lower *l, const struct object *o, const char *name)
{
	enum { SHOWN = 8 };
	const char *slash = strrchr(o->name, '/'), *base = slash ? slash + 1 : o->name;
	size_t len_b = strcspn(base, ".");

	if (*name != '.')
		return name;
	return arena_printf(l->a, "%.*s%s", (int)(len_b < SHOWN ? len_b : SHOWN), base, name);
}

static uint32_t image_map_of(struct lower *l, const struct object *o, uint32_t map)
{
	uint32_t *slot = &l->object_maps[o->first_map + map];
	const struct vm_map_def *def = o->vm->maps[map];
	struct image_map *m;

	if (*slot)
		return *slot - 1;
	*slot = 1 + lower_add_map(l, MAP_OBJECT, map_name(l, o, def->name), def->type,
	                          def->key_size_b, def->value_size_b, def->max_entries);
	m = &vec_last(&l->img->maps);
	m->flags = def->flags;
	m->is_frozen = def->is_frozen;
	m->init = def->init;
	return *slot - 1;
}

/* ---- functions ------------------------------------------------------------------------------- */

static void add_relocs(struct lower *l, const struct object *o, struct ir_foreign *ret)
{
	vec(struct ir_reloc) relocs = {0};

	for (uint32_t i = 0; i < ret->n_insns; i++) {
		const struct bpf_insn *in = &ret->insns[i];
		bool is_value = in->src_reg == BPF_PSEUDO_MAP_IDX_VALUE;

		if (in->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (is_value || in->src_reg == BPF_PSEUDO_MAP_IDX)
			vec_push(l->a, &relocs,
			         ((struct ir_reloc){.insn = i,
			                            .kind = is_value ? RELOC_MAP_VALUE : RELOC_MAP,
			                            .map = image_map_of(l, o, (uint32_t)in->imm),
			                            .off_b = is_value ? (uint32_t)in[1].imm : 0}));
		i++;
	}
	ret->relocs = relocs.items;
	ret->n_relocs = (uint32_t)relocs.n;
}

/* What our own emission leaves where the engine puts the map in. */
static void clear_maps(const struct ir_foreign *code, struct bpf_insn *insns)
{
	for (uint32_t i = 0; i < code->n_relocs; i++) {
		const struct ir_reloc *r = &code->relocs[i];
		bool is_value = r->kind == RELOC_MAP_VALUE;

		insns[r->insn].src_reg = is_value ? BPF_PSEUDO_MAP_VALUE : BPF_PSEUDO_MAP_FD;
		insns[r->insn].imm = 0;
		insns[r->insn + 1].imm = is_value ? (int32_t)r->off_b : 0;
	}
}

static struct ir_func *lower_object_fn(struct lower *l, const struct object_fn *f)
{
	const struct object *o = f->object;
	struct ir_func **slot = &l->object_funcs[f->number];
	struct ir_foreign *code;
	struct bpf_insn *insns;
	struct ir_note *notes;

	if (*slot)
		return *slot;
	code = arena_new(l->a, struct ir_foreign);
	insns = arena_memdup(l->a, f->code->insns, f->code->n_insns * sizeof(*insns));
	*code = (struct ir_foreign){.insns = insns,
	                            .n_insns = f->code->n_insns,
	                            .n_refs = f->code->n_refs,
	                            .n_notes = f->code->n_notes,
	                            .at = l->b.at,
	                            .origin = o->name};
	add_relocs(l, o, code);
	clear_maps(code, insns);
	*slot = ir_func_add_foreign(l->unit, f->code->name, code);
	notes = arena_array(l->a, struct ir_note, code->n_notes + 1);
	for (uint32_t i = 0; i < code->n_notes; i++)
		notes[i] = (struct ir_note){f->code->notes[i].pc, f->code->notes[i].text};
	code->notes = notes;
	code->refs = arena_array(l->a, struct ir_foreign_ref, code->n_refs + 1);
	for (uint32_t i = 0; i < code->n_refs; i++) {
		const struct vm_object_ref *ref = &f->code->refs[i];

		code->refs[i] =
		    (struct ir_foreign_ref){.insn = ref->insn,
		                            .func = lower_object_fn(l, &o->fns[ref->func])->index,
		                            .delta = ref->delta};
	}
	return *slot;
}

static struct ir_inst *argument(struct lower *l, struct node *n)
{
	if (type_is_register(type_strip(n->type)))
		return lower_int(l, n);
	return lower_direct(l, lower_expr(l, n)).ir; /* a string: its address */
}

struct value lower_object_call(struct lower *l, struct node *n)
{
	const struct type *t = type_strip(n->type);
	struct ir_inst *args[FN_PARAMS_MAX], *result;
	struct ir_func *f;

	for (uint32_t i = 0; i < n->n_args; i++)
		args[i] = argument(l, n->args[i]);
	f = lower_object_fn(l, n->object_fn);
	result = ir_call_func(&l->b, f, n->n_args, args);
	if (t->kind != TYPE_NONE && t->kind != TYPE_PTR && t->size_b < 8)
		result = ir_ext(&l->b, result, type_width(t), type_is_signed(t));
	return value_reg(n->type, result);
}
