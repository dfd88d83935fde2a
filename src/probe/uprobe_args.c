/* Arguments of uprobes: types and places, from the program's debug information.
 *
 * Input: a target. Output: the struct that `args` is, and where each field is at the probe. At a
 * function's first instruction the calling convention answers, unless the compiler says otherwise
 * (a clone of a function takes what it likes); stack slots of its own the function has not filled
 * yet there. Elsewhere in a function only what the compiler noted for that very address is right
 * (DWARF 5, sections 2.5 and 2.6). */
#include <string.h>

#include "base/die.h"
#include "probe/provider.h"
#include "probe/uprobe_args.h"
#include "symbols/dwarf.h"
#include "symbols/symbols.h"
#include "types/dwarf.h"

#if defined(__x86_64__)
static const enum arg_cpu host_cpu = ARG_X86_64;
/* By DWARF's numbers (psABI for x86-64, figure 3.36). */
static const char *const dwarf_regs[] = {"ax", "dx", "cx",  "bx",  "si",  "di",  "bp",  "sp",
                                         "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
#else
static const enum arg_cpu host_cpu = ARG_ARM64;
static const char *const dwarf_regs[] = {"r0",  "r1",  "r2",  "r3",  "r4",  "r5",  "r6",  "r7",
                                         "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
                                         "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23",
                                         "r24", "r25", "r26", "r27", "r28", "r29", "r30", "sp"};
#endif

static const char *reg_name(uint64_t number)
{
	return number < sizeof(dwarf_regs) / sizeof(dwarf_regs[0]) ? dwarf_regs[number] : NULL;
}

/* A target's function and the reader of its program. */
struct function {
	struct dwarf_file *file;
	struct type_source *types;
	Dwarf_Die die;
	uint64_t address; /* of the probe, as linked */
	bool is_entry;
};

static bool find_function(struct probe_context *cx, const struct probe_target *t,
                          struct function *ret)
{
	Dwarf_Addr entry;

	ret->file = t->path && cx->symbols ? symbols_dwarf(cx->symbols, t->path) : NULL;
	/* With names and types in a file that is not there, what is left would mislead. */
	if (!ret->file || dwarf_file_missing_alt(ret->file))
		return false;
	ret->address = t->sym_address + t->off_b;
	if (!dwarf_file_function(ret->file, ret->address, &ret->die))
		return false;
	ret->types = dwarf_types(cx->types, dwarf_file_handle(ret->file));
	ret->is_entry = !t->off_b || (!dwarf_entrypc(&ret->die, &entry) && entry == ret->address);
	return true;
}

struct lookup {
	struct probe_context *cx;
	const struct probe_target *target;
};

static struct type_source *target_types(void *arg)
{
	const struct lookup *q = arg;
	struct type_source *src;
	struct dwarf_file *file;
	struct function f;

	if (find_function(q->cx, q->target, &f)) {
		dwarf_types_near(f.types, &f.die);
		return f.types;
	}
	file = symbols_dwarf(q->cx->symbols, q->target->path);
	if (!file || dwarf_file_missing_alt(file))
		return NULL;
	src = dwarf_types(q->cx->types, dwarf_file_handle(file));
	dwarf_types_near(src, NULL);
	return src;
}

void probe_use_types(struct probe_context *cx, const struct probe_target *t)
{
	struct lookup *q;

	if (!t || !t->path || !cx->symbols) {
		types_use_source(cx->types, NULL, NULL);
		return;
	}
	q = arena_new(cx->a, struct lookup);
	q->cx = cx;
	q->target = t;
	types_use_source(cx->types, target_types, q);
}

const char *probe_missing_types(struct probe_context *cx, const struct probe_target *t)
{
	struct dwarf_file *file;
	const char *name;

	if (!t || !t->path || !cx->symbols)
		return NULL;
	file = symbols_dwarf(cx->symbols, t->path);
	if (!file)
		return arena_printf(cx->a, "%s has no debug information (gcc -g, --debuginfo)",
		                    t->path);
	name = dwarf_file_missing_split(file);
	if (name)
		return arena_printf(cx->a, "debug information of %s is in %s, which cannot be read",
		                    t->path, name);
	name = dwarf_file_missing_alt(file);
	return name ? arena_printf(cx->a,
	                           "debug information of %s is shared in %s, which is not found",
	                           t->path, name)
	            : NULL;
}

const struct type *uprobe_args_type(struct probe_context *cx, const struct probe_target *t)
{
	const struct type *proto;
	const char **names;
	const struct type **elems;
	struct type *all;
	struct function f;
	uint32_t n = 0;

	if (!find_function(cx, t, &f) || !(proto = dwarf_func_type(f.types, &f.die)))
		return NULL;
	names = arena_array(cx->a, const char *, proto->n_fields);
	elems = arena_array(cx->a, const struct type *, proto->n_fields);
	for (uint32_t i = 0; i < proto->n_fields; i++) {
		if (proto->fields[i].type->kind == TYPE_NONE) /* `...` */
			break;
		names[n] = proto->fields[i].name;
		elems[n++] = proto->fields[i].type;
	}
	/* Laid out as a C struct would be, so that `args` as a whole is a value like others. */
	all = arena_memdup(cx->a, type_tuple(cx->a, elems, names, n), sizeof(*all));
	all->kind = TYPE_STRUCT;
	all->name = arena_printf(cx->a, "%s_args", t->name);
	return all;
}

const struct type *uprobe_result_type(struct probe_context *cx, const struct probe_target *t)
{
	struct function f;

	return find_function(cx, t, &f) ? dwarf_type_of(f.types, &f.die) : NULL;
}

/* ---- places by expression ----------------------------------------------------------------- */

static bool is_number(const struct type *t)
{
	return !t->size_b || t->size_b <= 8;
}

static bool read_constant(const Dwarf_Op *op, int64_t *ret)
{
	if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31)
		*ret = op->atom - DW_OP_lit0;
	else if (op->atom >= DW_OP_const1u && op->atom <= DW_OP_consts)
		*ret = (int64_t)op->number;
	else
		return false;
	return true;
}

/* `reg N; piece n; lit M; stack_value; piece m; piece k`: a value in several registers, parts of it
 * known to the compiler, or dropped. */
static bool read_pieces(const Dwarf_Op *ops, size_t n, struct arg_place *ret)
{
	uint64_t off_b = 0;

	ret->kind = ARG_REGS;
	for (size_t i = 0; i < n; i++) {
		struct arg_part part = {0};

		if (ops[i].atom >= DW_OP_reg0 && ops[i].atom <= DW_OP_reg31) {
			part.reg = reg_name((uint64_t)(ops[i++].atom - DW_OP_reg0));
		} else if (ops[i].atom == DW_OP_regx) {
			part.reg = reg_name(ops[i++].number);
		} else if (i + 1 < n && ops[i + 1].atom == DW_OP_stack_value &&
		           read_constant(&ops[i], &part.number)) {
			part.is_constant = true;
			i += 2;
		}
		if (i >= n || ops[i].atom != DW_OP_piece || !ops[i].number || ops[i].number > 8 ||
		    off_b + ops[i].number > 16 || ret->n_parts == ARG_MOST_PARTS)
			return false;
		part.off_b = (uint8_t)off_b;
		part.size_b = (uint8_t)ops[i].number;
		ret->parts[ret->n_parts++] = part;
		if (!part.reg && !part.is_constant)
			ret->why = "the compiler did not keep it at this place";
		off_b += ops[i].number;
	}
	return ret->n_parts > 0;
}

static bool is_breg(const Dwarf_Op *op, struct arg_place *ret)
{
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31) {
		ret->base = reg_name((uint64_t)(op->atom - DW_OP_breg0));
		ret->number = (int64_t)op->number;
	} else if (op->atom == DW_OP_bregx) {
		ret->base = reg_name(op->number);
		ret->number = (int64_t)op->number2;
	} else {
		return false;
	}
	return ret->base != NULL;
}

/* The frame base: a register, or what the unwinding tables say. */
static bool frame_base(struct function *f, struct arg_place *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t n;

	if (!dwarf_attr_integrate(&f->die, DW_AT_frame_base, &attr) ||
	    dwarf_getlocation_addr(&attr, f->address, &ops, &n, 1) != 1 || n != 1)
		return false;
	if (ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg31) {
		/* Where it is to stand when the function has made its frame (clang, rustc). */
		ret->base = f->is_entry ? NULL : reg_name((uint64_t)(ops[0].atom - DW_OP_reg0));
		ret->number = 0;
		return ret->base != NULL;
	}
	if (ops[0].atom == DW_OP_call_frame_cfa &&
	    (!dwarf_file_cfa(f->file, f->address, &ops, &n) || n != 1))
		return false;
	return is_breg(&ops[0], ret);
}

static bool read_address(struct function *f, const Dwarf_Op *op, struct arg_place *ret)
{
	if (is_breg(op, ret))
		return true;
	if (op->atom != DW_OP_fbreg || !frame_base(f, ret))
		return false;
	ret->number = (int64_t)((uint64_t)ret->number + op->number);
	return true;
}

static bool read_expression(struct function *f, const Dwarf_Op *ops, size_t n, const struct type *t,
                            struct arg_place *ret)
{
	*ret = (struct arg_place){0};
	if (n == 1 && ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg31) {
		ret->parts[0].reg = reg_name((uint64_t)(ops[0].atom - DW_OP_reg0));
		ret->parts[0].size_b = (uint8_t)(t->size_b < 8 ? t->size_b : 8);
		ret->n_parts = 1;
		ret->kind = ARG_REGS;
		return ret->parts[0].reg && is_number(t);
	}
	if (n >= 2 && ops[n - 1].atom == DW_OP_piece)
		return read_pieces(ops, n, ret);
	if (n == 2 && ops[1].atom == DW_OP_stack_value) {
		ret->kind = ARG_SUM;
		return is_number(t) &&
		       (read_constant(&ops[0], &ret->number) || read_address(f, ops, ret));
	}
	if (n == 1 || (n == 2 && ops[1].atom == DW_OP_deref)) {
		ret->kind = ARG_MEMORY;
		ret->is_address = n == 2;
		return read_address(f, ops, ret);
	}
	return false;
}

/* What the compiler noted for this address. */
static bool by_location(struct function *f, Dwarf_Die *param, const struct type *t,
                        struct arg_place *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Sword number;
	Dwarf_Op *ops;
	size_t n;

	if (dwarf_attr(param, DW_AT_const_value, &attr) && is_number(t) &&
	    !dwarf_formsdata(&attr, &number)) {
		*ret = (struct arg_place){.kind = ARG_SUM, .number = number};
		return true;
	}
	return dwarf_attr(param, DW_AT_location, &attr) &&
	       dwarf_getlocation_addr(&attr, f->address, &ops, &n, 1) == 1 &&
	       read_expression(f, ops, n, t, ret);
}

/* ---- one parameter ------------------------------------------------------------------------ */

static bool nth_parameter(Dwarf_Die *func, uint32_t index, Dwarf_Die *ret)
{
	for (bool more = die_first(func, ret); more; more = die_next(ret))
		if (dwarf_tag(ret) == DW_TAG_formal_parameter && !index--)
			return true;
	return false;
}

static void by_convention(struct function *f, const struct type *proto, uint32_t index,
                          struct arg_place *ret)
{
	struct arg_abi abi;
	Dwarf_Die unit;
	uint64_t language = 0;

	if (dwarf_diecu(&f->die, &unit, NULL, NULL))
		die_number(&unit, DW_AT_language, &language);
	arg_abi_begin(&abi, host_cpu, language == DW_LANG_Rust, proto->elem);
	for (uint32_t i = 0; i <= index; i++)
		arg_abi_next(&abi, proto->fields[i].type, ret);
}

/* Is a place good before the function's first instruction has run? Registers are; memory is if the
 * caller filled it: above the return address, or where an argument points to. */
static bool is_callers(const struct arg_place *p)
{
	if (p->kind != ARG_MEMORY)
		return true;
	if (!strcmp(p->base, "sp"))
		return p->number >= (host_cpu == ARG_X86_64 ? 8 : 0);
	return strcmp(p->base, host_cpu == ARG_X86_64 ? "bp" : "r29") != 0;
}

/* Parameters as the optimizer likes them: in gcc's copies `f.isra.0`, `f.constprop.0`, and where
 * clang says so. */
static bool has_own_convention(const struct probe_target *t, Dwarf_Die *die)
{
	uint64_t convention;

	return (die_number(die, DW_AT_calling_convention, &convention) &&
	        convention == DW_CC_nocall) ||
	       (t->func && (strstr(t->func, ".isra.") || strstr(t->func, ".constprop.")));
}

bool uprobe_args_place(struct probe_context *cx, const struct probe_target *t, uint32_t index,
                       struct arg_place *ret)
{
	const struct type *proto, *type;
	struct function f;
	Dwarf_Die param;

	if (!find_function(cx, t, &f) || !nth_parameter(&f.die, index, &param) ||
	    !(proto = dwarf_func_type(f.types, &f.die)) || index >= proto->n_fields)
		return false;
	type = type_strip(proto->fields[index].type);
	if (by_location(&f, &param, type, ret) && (!f.is_entry || is_callers(ret)))
		return true;
	*ret = (struct arg_place){.kind = ARG_NOWHERE,
	                          .why = "the compiler did not keep it at this place"};
	if (f.is_entry && !has_own_convention(t, &f.die))
		by_convention(&f, proto, index, ret);
	return true;
}
