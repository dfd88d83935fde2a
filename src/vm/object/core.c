/* CO-RE relocations: offsets, sizes and such that the compiler took from its own types become those
 * of the kernel.
 *
 * For each, the value is worked out twice: from the object's types, which has to be what stands in
 * the instruction, and from the kernel's, which takes its place. What the kernel doesn't have
 * becomes an invalid call (CORE_POISON, libbpf's number): refused only if it can be reached, so
 * that programs can ask first (bpf_core_field_exists()). */
#include <errno.h>
#include <string.h>

#include "vm/object/core.h"

#define CORE_POISON 195896080 /* 0xbad2310 */

struct value {
	uint64_t value;
	uint64_t size_b; /* of the field: how wide a load of it is; 0: not a whole field */
	uint32_t type;   /* of the field */
	bool is_checked; /* the compiler's value stands in the instruction */
};

struct relo {
	struct reader *r;
	const struct code *code;
	const struct object_core *core;
	const char *type_name;
};

static int relo_fail(const struct relo *x, int err, const char *reason)
{
	return object_fail(
	    x->r, err,
	    "%s: CO-RE relocation of kind %u by type %u "
	    "\"%s\", access \"%s\": %s",
	    object_place(x->r, functions_code(x->r, x->code->section), x->core->slot),
	    x->core->kind, x->core->type_id, x->type_name,
	    btf_string(x->r->btf, x->core->access_off), reason);
}

/* ---- values -----------------------------------------------------------------------------------
 */

/* Where to load a bit field from: the smallest aligned unit of its type that holds all of it. */
static bool bit_field_unit(uint64_t bit_off, uint32_t bits, uint64_t size_b, uint64_t *ret_off_b,
                           uint64_t *ret_size_b)
{
	if (!size_b || size_b > 8)
		return false;
	for (; size_b <= 8; size_b *= 2) {
		uint64_t off_b = bit_off / 8 / size_b * size_b;

		if (bit_off + bits - off_b * 8 <= size_b * 8) {
			*ret_off_b = off_b;
			*ret_size_b = size_b;
			return true;
		}
	}
	return false;
}

static int element_value(const struct core_spec *s, uint32_t kind, struct value *ret)
{
	uint64_t size_b;

	if (!walk_size(s->btf, s->steps[s->n - 1].type, &size_b))
		return -EINVAL;
	switch (kind) {
	case CORE_FIELD_OFFSET:
		ret->value = s->bit_off / 8;
		ret->size_b = size_b;
		ret->type = s->steps[s->n - 1].type;
		break;
	case CORE_FIELD_SIZE:
		ret->value = size_b;
		break;
	default:
		return -EINVAL;
	}
	ret->is_checked = true;
	return 0;
}

static bool is_signed(struct btf_file *b, uint32_t type)
{
	struct btf_record rec;

	if (!walk_strip(b, type, NULL, &rec))
		return false;
	if (rec.kind == BTF_KIND_ENUM || rec.kind == BTF_KIND_ENUM64)
		return rec.kflag;
	return rec.kind == BTF_KIND_INT &&
	       (BTF_INT_ENCODING(*(const uint32_t *)rec.extra) & BTF_INT_SIGNED);
}

/* `s` is NULL where the field isn't there: only EXISTS has a value then. */
static int field_value(const struct core_spec *s, uint32_t kind, struct value *ret)
{
	uint64_t off_b, size_b, bits;
	const struct core_step *last;
	struct btf_record rec;
	struct walk_member m;

	*ret = (struct value){.is_checked = true};
	if (kind == CORE_FIELD_EXISTS) {
		ret->value = s ? 1 : 0;
		return 0;
	}
	if (!s)
		return -EUCLEAN;
	last = &s->steps[s->n - 1];
	if (!last->name)
		return element_value(s, kind, ret);
	if (!btf_get(s->btf, last->type, &rec) || !walk_member(s->btf, &rec, last->index, &m) ||
	    !walk_size(s->btf, m.type, &size_b))
		return -EINVAL;
	bits = m.bit_size;
	if (bits) {
		if (!bit_field_unit(s->bit_off, m.bit_size, size_b, &off_b, &size_b))
			return -E2BIG;
		ret->is_checked = false; /* the compiler may have chosen another unit */
	} else {
		off_b = s->bit_off / 8;
		bits = size_b * 8;
	}
	switch (kind) {
	case CORE_FIELD_OFFSET:
		ret->value = off_b;
		if (!m.bit_size) {
			ret->size_b = size_b;
			ret->type = m.type;
		}
		return 0;
	case CORE_FIELD_SIZE:
		ret->value = size_b;
		return 0;
	case CORE_FIELD_SIGNED:
		ret->value = is_signed(s->btf, m.type);
		ret->is_checked = true;
		return 0;
	case CORE_FIELD_LSHIFT:
		ret->value = 64 - (s->bit_off + bits - off_b * 8);
		return 0;
	default:
		ret->value = 64 - bits;
		ret->is_checked = true;
		return 0;
	}
}

static int type_value(const struct core_spec *s, uint32_t kind, struct value *ret)
{
	*ret = (struct value){.is_checked = true};
	if (!s) /* all of them are 0 then */
		return 0;
	switch (kind) {
	case CORE_TYPE_ID_LOCAL:
	case CORE_TYPE_ID_TARGET:
		ret->value = s->root;
		ret->is_checked = false; /* tools that merge BTF renumber types */
		return 0;
	case CORE_TYPE_SIZE:
		return walk_size(s->btf, s->root, &ret->value) ? 0 : -EINVAL;
	default:
		ret->value = 1;
		return 0;
	}
}

static int enum_value(const struct core_spec *s, uint32_t kind, struct value *ret)
{
	struct btf_record rec;

	*ret = (struct value){.is_checked = true};
	if (kind == CORE_ENUM_EXISTS) {
		ret->value = s ? 1 : 0;
		return 0;
	}
	if (!s)
		return -EUCLEAN;
	if (!btf_get(s->btf, s->steps[0].type, &rec))
		return -EINVAL;
	ret->value = core_enum_value(&rec, s->steps[0].index);
	return 0;
}

static int spec_value(const struct core_spec *s, uint32_t kind, struct value *ret)
{
	if (core_is_field(kind))
		return field_value(s, kind, ret);
	return core_is_enum(kind) ? enum_value(s, kind, ret) : type_value(s, kind, ret);
}

/* A load may get wider or narrower only if its value stays what it was: pointers, and integers
 * without a sign. */
static bool may_resize(const struct core_spec *local, const struct value *old,
                       const struct core_spec *target, const struct value *new)
{
	struct btf_record o, n;

	if (old->size_b == new->size_b)
		return true;
	if (!walk_strip(local->btf, old->type, NULL, &o) ||
	    !walk_strip(target->btf, new->type, NULL, &n))
		return false;
	if (o.kind == BTF_KIND_PTR && n.kind == BTF_KIND_PTR)
		return true;
	return o.kind == BTF_KIND_INT && n.kind == BTF_KIND_INT &&
	       !(BTF_INT_ENCODING(*(const uint32_t *)o.extra) & BTF_INT_SIGNED) &&
	       !(BTF_INT_ENCODING(*(const uint32_t *)n.extra) & BTF_INT_SIGNED);
}

/* ---- instructions ------------------------------------------------------------------------------
 */

/* What a program can be told of a thing that is missing. */
static const char *describe(const struct relo *x, const struct core_spec *local, const char *what)
{
	static const char *const kinds[] = {
	    [BTF_KIND_STRUCT] = "struct ", [BTF_KIND_UNION] = "union ", [BTF_KIND_ENUM] = "enum ",
	    [BTF_KIND_ENUM64] = "enum ",   [NR_BTF_KINDS] = NULL,
	};
	struct strbuf sb = {0};
	struct btf_record rec;
	const char *ret;

	sb_addf(&sb, "%s \"", what);
	if (btf_get(local->btf, local->root, &rec) && kinds[rec.kind])
		sb_adds(&sb, kinds[rec.kind]);
	sb_adds(&sb, x->type_name);
	for (uint32_t i = 0; i < local->n; i++) {
		const struct core_step *step = &local->steps[i];

		if (step->name)
			sb_addf(&sb, "%s%s", core_is_enum(x->core->kind) ? ": " : ".", step->name);
		else if (i || step->index)
			sb_addf(&sb, "[%u]", step->index);
	}
	sb_addc(&sb, '"');
	ret = arena_strdup(x->r->a, sb_str(&sb));
	sb_free(&sb);
	return ret;
}

static void poison(const struct relo *x, struct code *c, const struct core_spec *local,
                   const char *what)
{
	uint32_t slot = x->core->slot;
	bool is_lddw = c->insns[slot].code == (BPF_LD | BPF_IMM | BPF_DW);

	for (uint32_t i = slot; i <= slot + is_lddw; i++) {
		c->insns[i] = (struct bpf_insn){.code = BPF_JMP | BPF_CALL, .imm = CORE_POISON};
		c->fixups[i].kind = FIX_POISON;
	}
	vec_push(x->r->a, &c->notes,
	         ((struct object_note){.slot = slot, .text = describe(x, local, what)}));
}

static int resize(const struct relo *x, struct bpf_insn *insn, uint64_t old_b, uint64_t new_b)
{
	static const uint8_t sizes[9] = {[1] = BPF_B, [2] = BPF_H, [4] = BPF_W, [8] = BPF_DW};
	static const uint8_t bytes[4] = {
	    [BPF_B >> 3] = 1, [BPF_H >> 3] = 2, [BPF_W >> 3] = 4, [BPF_DW >> 3] = 8};

	if (bytes[BPF_SIZE(insn->code) >> 3] != old_b)
		return relo_fail(x, EINVAL, "the load is not as wide as the field");
	if (new_b != 1 && new_b != 2 && new_b != 4 && new_b != 8)
		return relo_fail(x, EINVAL, "the kernel's field is as wide as no load");
	insn->code = (uint8_t)(BPF_MODE(insn->code) | sizes[new_b] | BPF_CLASS(insn->code));
	return 0;
}

static int patch_load(const struct relo *x, struct code *c, const struct core_spec *local,
                      const struct value *old, const struct value *new, bool is_resizable)
{
	struct bpf_insn *insn = &c->insns[x->core->slot];

	if (old->is_checked && (uint64_t)(int64_t)insn->off != old->value)
		return relo_fail(x, EINVAL, "the instruction's offset is not the field's");
	if (new->value > INT16_MAX)
		return relo_fail(x, ERANGE, "the kernel's offset does not fit the instruction");
	if (!is_resizable) {
		poison(x, c, local, "the kernel has a field of another size and sign for");
		return 0;
	}
	insn->off = (int16_t) new->value;
	return old->size_b == new->size_b ? 0 : resize(x, insn, old->size_b, new->size_b);
}

static int patch(const struct relo *x, struct code *c, const struct core_spec *local,
                 const struct value *old, const struct value *new, bool is_resizable)
{
	uint32_t slot = x->core->slot;
	struct bpf_insn *insn = &c->insns[slot];
	uint64_t wide;

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		if (BPF_SRC(insn->code) != BPF_K)
			return relo_fail(x, EINVAL, "the instruction has no immediate");
		if (old->is_checked && (uint32_t)insn->imm != (uint32_t)old->value)
			return relo_fail(x, EINVAL, "the instruction's immediate is not the value");
		insn->imm = (int32_t) new->value;
		return 0;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		return patch_load(x, c, local, old, new, is_resizable);
	case BPF_LD:
		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW) || insn->src_reg ||
		    slot + 1 >= c->n || c->fixups[slot + 1].kind != FIX_TAIL)
			break;
		wide = (uint64_t)(uint32_t)insn[1].imm << 32 | (uint32_t)insn[0].imm;
		if (old->is_checked && wide != old->value)
			return relo_fail(x, EINVAL, "the instruction's immediate is not the value");
		insn[0].imm = (int32_t) new->value;
		insn[1].imm = (int32_t)(new->value >> 32);
		return 0;
	default:
		break;
	}
	return relo_fail(x, EINVAL, "the instruction is of no kind that has the value in it");
}

/* ---- one relocation ----------------------------------------------------------------------------
 */

static void tell_use(const struct reader *r, uint32_t kind, const struct core_spec *s)
{
	struct vm_core_use use = {.root = s->root,
	                          .is_field = core_is_field(kind),
	                          .is_whole = kind == CORE_TYPE_MATCHES};

	_Static_assert(sizeof(use.steps) / sizeof(use.steps[0]) >= CORE_DEPTH_MAX, "steps fit");
	for (uint32_t i = 0; use.is_field && i < s->n; i++)
		if (s->steps[i].name)
			use.steps[use.n_steps++] =
			    (struct vm_core_member){s->steps[i].type, s->steps[i].index};
	r->opts->on_core(r->opts->on_core_arg, &use);
}

/* What the kernel's types say: 0, -EUCLEAN if it doesn't have the thing. All candidates have to
 * agree. */
static int target_value(const struct relo *x, const struct core_spec *local,
                        const struct value *old, struct value *ret, bool *ret_resizable)
{
	const struct core_cands *cands = core_find_cands(x->r, x->core->type_id);
	uint32_t kind = x->core->kind;
	uint64_t bit_off = 0;
	bool is_found = false;
	int first_err = 0;

	*ret_resizable = true;
	for (uint32_t i = 0; i < cands->n; i++) {
		struct core_spec spec;
		struct value value;
		int err = core_spec_match(x->r, kind, local, x->r->kernel, cands->ids[i], &spec);

		if (err < 0)
			return relo_fail(x, EINVAL, "cannot be compared with the kernel's type");
		if (!err)
			continue;
		err = spec_value(&spec, kind, &value);
		if (err && err != -EUCLEAN)
			return relo_fail(x, EINVAL, "the kernel's type has no such value");
		if (x->r->opts->on_core)
			tell_use(x->r, kind, &spec);
		if (is_found && (bit_off != spec.bit_off || err != first_err ||
		                 (!err && value.value != ret->value)))
			return relo_fail(x, EINVAL,
			                 "several types of the kernel fit and differ in it");
		if (!is_found) {
			*ret = value;
			*ret_resizable =
			    !core_is_field(kind) || may_resize(local, old, &spec, &value);
			bit_off = spec.bit_off;
			first_err = err;
		}
		is_found = true;
	}
	return is_found ? first_err : spec_value(NULL, kind, ret);
}

static int apply_one(struct reader *r, struct code *c, const struct object_core *core)
{
	struct relo x = {.r = r, .code = c, .core = core, .type_name = ""};
	struct core_spec local;
	struct value old, new;
	struct btf_record rec;
	bool is_resizable = true;
	int err;

	if (!btf_get(r->btf, core->type_id, &rec))
		return relo_fail(&x, EINVAL, "no such type");
	x.type_name = btf_string(r->btf, rec.name_off);
	if (core->kind >= CORE_KIND_N)
		return relo_fail(&x, EINVAL, "unknown kind");
	if (c->fixups[core->slot].kind == FIX_TAIL)
		return relo_fail(&x, EINVAL, "in the middle of an lddw");
	if (c->fixups[core->slot].kind == FIX_POISON)
		return 0;
	err = core_spec_parse(r, core->kind, core->type_id, btf_string(r->btf, core->access_off),
	                      &local);
	if (!err)
		err = spec_value(&local, core->kind, &old);
	if (err)
		return relo_fail(&x, EINVAL, "the access does not fit the object's type");
	if (core->kind == CORE_TYPE_ID_LOCAL)
		return patch(&x, c, &local, &old, &old, true);
	if (!r->kernel)
		return relo_fail(&x, ENOENT, "there is no kernel BTF to look it up in");
	err = target_value(&x, &local, &old, &new, &is_resizable);
	if (err == -EUCLEAN) {
		poison(&x, c, &local, "the kernel has no");
		return 0;
	}
	return err ? err : patch(&x, c, &local, &old, &new, is_resizable);
}

int core_apply(struct reader *r)
{
	vec_each (c, &r->codes) {
		vec_each (core, &c->cores) {
			int err = apply_one(r, c, core);

			err = object_defer(r, (uint32_t)(c - r->codes.items), core->slot, err);
			if (err)
				return err;
		}
	}
	return 0;
}
