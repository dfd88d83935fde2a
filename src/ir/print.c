/* The IR as text, for `-d ir`, failed checks and people.
 *
 * In: a unit. Out: one line per instruction: `v7 = load.4 [v3 + 16] : kernel`. */
#include "ir/ir.h"

#include "bpf/helpers.h"
#include "ir/pass.h"

static void print_suffix(const struct ir_inst *i, struct strbuf *out)
{
	switch (i->op) {
	case IR_LOAD:
	case IR_EXT:
		sb_addf(out, ".%s%u", i->is_signed ? "s" : "", i->width);
		if (i->is_volatile)
			sb_adds(out, ".volatile");
		break;
	case IR_STORE:
	case IR_ATOMIC:
	case IR_CMPXCHG:
	case IR_BSWAP:
	case IR_COPY:
	case IR_ZERO:
		sb_addf(out, ".%u", i->width);
		break;
	case IR_CMP:
	case IR_BRANCH:
		sb_addf(out, ".%s%s", ir_cond_names[i->cond], i->width == 4 ? ".4" : "");
		break;
	default:
		if (i->width == 4 && i->op >= IR_ADD && i->op <= IR_NEG)
			sb_adds(out, ".4");
		break;
	}
}

static void print_arg(const struct ir_inst *i, uint32_t k, struct strbuf *out)
{
	const struct ir_inst *arg = i->args[k];

	if (arg->op == IR_CONST)
		sb_addf(out, "%lld", (long long)arg->imm);
	else
		sb_addf(out, "v%u", arg->id);
}

/* [v3 + 16] */
static void print_address(const struct ir_inst *i, struct strbuf *out)
{
	sb_addc(out, '[');
	print_arg(i, 0, out);
	if (i->imm)
		sb_addf(out, " %c %lld", i->imm < 0 ? '-' : '+',
		        (long long)(i->imm < 0 ? -i->imm : i->imm));
	sb_addc(out, ']');
}

static const char *slot_name(const struct ir_func *f, uint32_t slot)
{
	const char *name = f->slots.items[slot].name;

	return name ? name : "";
}

static void print_operands(const struct ir_func *f, const struct ir_inst *i, struct strbuf *out)
{
	uint32_t first = 0;

	switch (i->op) {
	case IR_CONST:
		sb_addf(out, " %lld", (long long)i->imm);
		break;
	case IR_PARAM:
	case IR_MAP:
		sb_addf(out, " %u", i->ref);
		break;
	case IR_SLOT:
		sb_addf(out, " %u %s", i->ref, slot_name(f, i->ref));
		break;
	case IR_MAP_VALUE:
		sb_addf(out, " %u + %lld", i->ref, (long long)i->imm);
		break;
	case IR_FUNC:
	case IR_CALL_FUNC:
		sb_addf(out, " %s", f->unit->funcs.items[i->ref]->name);
		break;
	case IR_CALL_KERNEL:
		sb_addf(out, " btf %u", i->ref);
		break;
	case IR_BTF_VAR:
		sb_addf(out, " %lld", (long long)i->imm);
		break;
	case IR_CALL:
		sb_addf(out, " %s", bpf_helper_name(i->ref));
		break;
	case IR_ATOMIC:
		sb_addf(out, " 0x%x", i->ref);
		break;
	case IR_COPY:
	case IR_ZERO:
	case IR_READ:
		sb_addf(out, " %lld bytes,", (long long)i->imm);
		break;
	default:
		break;
	}
	if (i->op == IR_LOAD || i->op == IR_STORE || i->op == IR_ATOMIC || i->op == IR_CMPXCHG) {
		sb_addc(out, ' ');
		print_address(i, out);
		first = 1;
	}
	for (uint32_t k = first; k < i->n_args; k++) {
		sb_adds(out, k ? ", " : " ");
		print_arg(i, k, out);
		if (i->op == IR_PHI)
			sb_addf(out, " from b%u", i->block->preds.items[k]->id);
	}
}

static void print_inst(const struct ir_func *f, const struct ir_inst *i, struct strbuf *out)
{
	const struct ir_block *b = i->block;

	sb_addc(out, '\t');
	if (ir_ops[i->op].has_result)
		sb_addf(out, "v%u = ", i->id);
	sb_adds(out, ir_ops[i->op].name);
	print_suffix(i, out);
	print_operands(f, i, out);
	if (i->op == IR_JUMP)
		sb_addf(out, " b%u", b->succ[0]->id);
	else if (i->op == IR_BRANCH)
		sb_addf(out, " then b%u else b%u", b->succ[0]->id, b->succ[1]->id);
	if (ir_ops[i->op].has_result && i->ptr != PTR_NONE)
		sb_addf(out, " : %s", ir_ptr_names[i->ptr]);
	sb_addc(out, '\n');
}

static void print_func(const struct ir_func *f, struct strbuf *out)
{
	sb_addf(out, "func %u %s(", f->index, f->name ? f->name : "?");
	for (uint32_t i = 0; i < f->n_params; i++)
		sb_addf(out, "%s%s", i ? ", " : "", ir_ptr_names[f->params[i]]);
	sb_adds(out, ")\n");
	if (f->foreign) {
		sb_addf(out, "\t%u instructions made elsewhere\n", f->foreign->n_insns);
		return;
	}
	for (size_t i = 0; i < f->slots.n; i++)
		sb_addf(out, "\tslot %zu %s: %u bytes, align %u\n", i, slot_name(f, (uint32_t)i),
		        f->slots.items[i].size_b, f->slots.items[i].align_b);
	vec_each (b, &f->blocks) {
		sb_addf(out, "b%u:%s", (*b)->id, (*b)->is_unlikely ? " (unlikely)" : "");
		vec_each (p, &(*b)->preds)
			sb_addf(out, "%s b%u", p == (*b)->preds.items ? " from" : ",", (*p)->id);
		sb_addc(out, '\n');
		vec_each (i, &(*b)->insts) {
			/* Constants are shown where they are used. */
			if ((*i)->op != IR_CONST)
				print_inst(f, *i, out);
		}
	}
}

void ir_print(const struct ir_unit *u, struct strbuf *out)
{
	vec_each (f, &u->funcs) {
		if (f != u->funcs.items)
			sb_addc(out, '\n');
		print_func(*f, out);
	}
}
