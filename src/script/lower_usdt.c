/* Lowering of USDT arguments: the operand in the note becomes loads from the registers that the
 * program had at the place, and from its memory. */
#include "script/lower.h"

#include <string.h>

#include "probe/usdt_args.h"
#include "script/lower_arch.h"
#include "symbols/symbols.h"

#if defined(__x86_64__)
static const enum usdt_cpu host_cpu = USDT_X86_64;
#else
static const enum usdt_cpu host_cpu = USDT_ARM64;
#endif

static bool has_symbol(struct lower *l, const struct probe_target *t)
{
	uint32_t n = usdt_args_count(t->usdt_args);
	struct usdt_arg arg;
	const char *why;

	for (uint32_t i = 0; i < n; i++)
		if (usdt_arg_parse(l->a, host_cpu, t->usdt_args, i, &arg, &why) && arg.symbol)
			return true;
	return false;
}

bool lower_usdt_differs(struct lower *l, const struct probe *pr)
{
	const struct probe_target *first = pr->targets.items;

	vec_each (t, &pr->targets)
		if (strcmp(t->usdt_args, first->usdt_args) != 0)
			return true;
	return pr->targets.n > 1 && has_symbol(l, first);
}

static struct ir_inst *load_reg(struct lower *l, const struct usdt_reg *r, bool is_signed)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *v = ir_load(b, lower_ctx(l), lower_reg_offset(r->name), 8, false, PTR_NONE);

	if (r->shift)
		v = ir_bin_imm(b, IR_SHR, v, r->shift);
	return r->size_b < 8 ? ir_ext(b, v, r->size_b, is_signed) : v;
}

/* Where a symbol is now: as far from the place as it was linked. */
static struct ir_inst *symbol_address(struct lower *l, const struct probe_target *t,
                                      const char *name, const char **ret_why)
{
	struct symbols *syms = symbols_create();
	struct ir_inst *v = NULL;
	struct elf_symbol s;

	if (symbols_elf_find(syms, t->path, name, &s)) {
		v = ir_load(&l->b, lower_ctx(l), ARCH_IP, 8, false, PTR_NONE);
		v = ir_bin_imm(&l->b, IR_ADD, v, (int64_t)(s.address - t->sym_address));
	} else {
		*ret_why = "its symbol is not in the file's table";
	}
	symbols_destroy(syms);
	return v;
}

static struct ir_inst *load_memory(struct lower *l, const struct probe_target *t,
                                   const struct usdt_arg *arg, const char **ret_why)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *at = ir_const(b, 0), *part;

	if (arg->symbol) {
		at = symbol_address(l, t, arg->symbol, ret_why);
		if (!at)
			return NULL;
	}
	if (arg->base.name)
		at = ir_bin(b, IR_ADD, at, load_reg(l, &arg->base, false));
	if (arg->index.name) {
		part = load_reg(l, &arg->index, arg->is_index_signed);
		part = ir_bin_imm(b, IR_SHL, part, arg->index_shift);
		at = ir_bin(b, IR_ADD, at, part);
	}
	at = ir_bin_imm(b, IR_ADD, at, arg->value);
	return ir_load(b, ir_as(b, at, PTR_USER), 0, arg->size_b, arg->is_signed, PTR_NONE);
}

struct ir_inst *lower_usdt_arg(struct lower *l, struct node *n, uint64_t i)
{
	const struct probe_target *t = l->target ? l->target : &l->probe->targets.items[0];
	struct ir_builder *b = &l->b;
	struct ir_inst *v = NULL;
	struct usdt_arg arg;
	const char *why;

	if (usdt_arg_parse(l->a, host_cpu, t->usdt_args, (uint32_t)i, &arg, &why))
		switch (arg.kind) {
		case USDT_CONST:
			v = ir_const(b, arg.value);
			break;
		case USDT_REG:
			v = load_reg(l, &arg.base, arg.is_signed);
			break;
		case USDT_MEM:
			v = load_memory(l, t, &arg, &why);
			break;
		}
	if (!v) {
		diag_error(l->u->diag, E_UNSUPPORTED, n->at, "%s of %s cannot be read: %s", n->name,
		           t->name, why);
		diag_hint(l->u->diag, "the program says that it is at %s",
		          usdt_arg_text(l->a, t->usdt_args, (uint32_t)i));
		return ir_const(b, 0);
	}
	return arg.kind != USDT_MEM && arg.size_b < 8 ? ir_ext(b, v, arg.size_b, arg.is_signed) : v;
}
