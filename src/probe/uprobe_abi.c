/* Calling conventions: where arguments are when a function begins.
 *
 * Input: types, in order. Output: registers or stack. x86-64 sorts each eight bytes of a value into
 * classes, integer or vector; what is larger than two of them, or finds no registers, goes to the
 * stack. arm64 hands large structs over by address. No program sees vector registers. */
#include <string.h>

#include "probe/uprobe_args.h"

static const char *const x86_regs[] = {"di", "si", "dx", "cx", "r8", "r9"};
static const char *const arm_regs[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"};

enum {
	N_X86 = sizeof(x86_regs) / sizeof(x86_regs[0]),
	N_ARM = sizeof(arm_regs) / sizeof(arm_regs[0]),
	DEEPEST = 64,
};

enum class { CLASS_NONE, CLASS_VECTOR, CLASS_INTEGER, CLASS_MEMORY };

static const char is_float[] = "it is a floating-point number";

static bool is_long_double(const struct type *t)
{
	return t->name && !strcmp(t->name, "long double");
}

static void join(enum class *at, enum class with)
{
	if (with > *at)
		*at = with;
}

/* Sort the value of type t at off_b into the classes of its eightbytes. */
static void classify(const struct type *t, uint64_t off_b, enum class classes[2], unsigned depth)
{
	uint64_t size_b;

	t = type_strip(t);
	size_b = t->size_b;
	if (depth >= DEEPEST || off_b + size_b > 16) {
		classes[0] = CLASS_MEMORY;
		return;
	}
	switch (t->kind) {
	case TYPE_STRUCT:
	case TYPE_UNION:
		for (uint32_t i = 0; i < t->n_fields; i++) {
			const struct field *f = &t->fields[i];
			const struct type *ft = type_strip(f->type);

			if (f->bit_size) {
				uint64_t first = (off_b + f->off_b) * 8 + f->bit_off;

				if (first + f->bit_size <= 128) {
					join(&classes[first / 64], CLASS_INTEGER);
					join(&classes[(first + f->bit_size - 1) / 64],
					     CLASS_INTEGER);
				}
				continue;
			}
			if (ft->align_b > 1 && (off_b + f->off_b) % ft->align_b)
				classes[0] = CLASS_MEMORY; /* packed */
			classify(ft, off_b + f->off_b, classes, depth + 1);
		}
		break;
	case TYPE_ARRAY:
		for (uint32_t i = 0; i < t->n_elems && i < 16; i++)
			classify(t->elem, off_b + (uint64_t)i * t->elem->size_b, classes,
			         depth + 1);
		break;
	case TYPE_FLOAT:
		if (is_long_double(t))
			classes[0] = CLASS_MEMORY;
		for (uint64_t at = off_b / 8; at * 8 < off_b + size_b; at++)
			join(&classes[at], CLASS_VECTOR);
		break;
	case TYPE_VOID:
	case TYPE_NONE:
		break;
	default:
		for (uint64_t at = off_b / 8; at * 8 < off_b + size_b; at++)
			join(&classes[at], CLASS_INTEGER);
		break;
	}
}

static bool is_aggregate(const struct type *t)
{
	return t->kind == TYPE_STRUCT || t->kind == TYPE_UNION || t->kind == TYPE_ARRAY;
}

static void take_stack(struct arg_abi *abi, const struct type *t, struct arg_place *ret,
                       bool is_address)
{
	uint64_t align = !is_address && t->align_b >= 16 ? 16 : 8;
	uint64_t size_b = is_address ? 8 : t->size_b;

	abi->stack_b = (abi->stack_b + align - 1) / align * align;
	ret->kind = ARG_MEMORY;
	ret->is_address = is_address;
	ret->base = "sp";
	ret->number = (int64_t)abi->stack_b + (abi->cpu == ARG_X86_64 ? 8 : 0);
	abi->stack_b += (size_b + 7) / 8 * 8;
}

static void take_address(struct arg_abi *abi, const struct type *t, struct arg_place *ret)
{
	uint32_t n = abi->cpu == ARG_X86_64 ? N_X86 : N_ARM;

	if (abi->n_regs >= n) {
		take_stack(abi, t, ret, true);
		return;
	}
	ret->kind = ARG_MEMORY;
	ret->base = (abi->cpu == ARG_X86_64 ? x86_regs : arm_regs)[abi->n_regs++];
}

static void nowhere(struct arg_place *ret, const char *why)
{
	ret->kind = ARG_NOWHERE;
	ret->why = why;
}

/* The parts of a value in registers: bytes 0-7 and 8-15. */
static void add_part(struct arg_place *ret, const struct type *t, uint32_t i, const char *reg)
{
	struct arg_part *p = &ret->parts[ret->n_parts++];

	ret->kind = ARG_REGS;
	p->reg = reg;
	p->off_b = (uint8_t)(8 * i);
	p->size_b = (uint8_t)(t->size_b - 8 * i < 8 ? t->size_b - 8 * i : 8);
	if (!reg)
		ret->why = is_float;
}

/* ---- Rust ----------------------------------------------------------------------------------- */

/* Rust promises nothing; this is what the compiler does (1.79 and later): one or two scalars,
 * however deep, are themselves; other values go whole into one register, or by address. */
enum { MOST_LEAVES = 2 };
struct leaf {
	uint64_t off_b, size_b;
	bool is_float;
};

/* The scalars of a value; more than two: MOST_LEAVES + 1. Variants of an enum lie over each other.
 */
static uint32_t find_leaves(const struct type *t, uint64_t off_b, struct leaf *leaves, uint32_t n,
                            unsigned depth)
{
	t = type_strip(t);
	if (!t->size_b)
		return n;
	if (n > MOST_LEAVES || depth >= DEEPEST || t->kind == TYPE_ARRAY)
		return MOST_LEAVES + 1;
	if (t->kind == TYPE_STRUCT || t->kind == TYPE_UNION) {
		for (uint32_t i = 0; i < t->n_fields; i++)
			n = find_leaves(t->fields[i].type, off_b + t->fields[i].off_b, leaves, n,
			                depth + 1);
		return n;
	}
	for (uint32_t i = 0; i < n && i < MOST_LEAVES; i++)
		if (leaves[i].off_b == off_b && leaves[i].size_b == t->size_b)
			return n;
	if (n < MOST_LEAVES)
		leaves[n] = (struct leaf){off_b, t->size_b, t->kind == TYPE_FLOAT};
	return n + 1;
}

static void next_rust(struct arg_abi *abi, const struct type *t, struct arg_place *ret)
{
	uint32_t n_regs = abi->cpu == ARG_X86_64 ? N_X86 : N_ARM;
	struct leaf leaves[MOST_LEAVES];
	uint32_t n = find_leaves(t, 0, leaves, 0, 0);

	if (n > MOST_LEAVES && t->size_b > 8) {
		take_address(abi, t, ret);
		return;
	}
	if (n > MOST_LEAVES) {
		leaves[0] = (struct leaf){0, t->size_b, false};
		n = 1;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct arg_part part = {.off_b = (uint8_t)leaves[i].off_b,
		                        .size_b = (uint8_t)leaves[i].size_b};

		if (leaves[i].is_float)
			abi->n_vectors++;
		else if (abi->n_regs < n_regs)
			part.reg = (abi->cpu == ARG_X86_64 ? x86_regs : arm_regs)[abi->n_regs++];
		else
			abi->stack_b += 8;
		if (!part.reg)
			ret->why = leaves[i].is_float ? is_float : "it is on the stack in parts";
		ret->parts[ret->n_parts++] = part;
	}
	ret->kind = ARG_REGS;
}

/* ---- x86-64 --------------------------------------------------------------------------------- */

static void next_x86(struct arg_abi *abi, const struct type *t, struct arg_place *ret)
{
	enum class classes[2] = {CLASS_NONE, CLASS_NONE};
	uint32_t n_integers, n_vectors = 0;

	classify(t, 0, classes, 0);
	n_integers = (classes[0] == CLASS_INTEGER) + (classes[1] == CLASS_INTEGER);
	n_vectors = (classes[0] == CLASS_VECTOR) + (classes[1] == CLASS_VECTOR);
	if (classes[0] == CLASS_MEMORY || classes[1] == CLASS_MEMORY ||
	    abi->n_regs + n_integers > N_X86 || (n_vectors && abi->n_vectors + n_vectors > 8)) {
		take_stack(abi, t, ret, false);
		return;
	}
	abi->n_vectors += n_vectors;
	if (!n_integers && n_vectors) {
		nowhere(ret, is_float);
		return;
	}
	for (uint32_t i = 0; i < 2; i++)
		if (classes[i] != CLASS_NONE)
			add_part(ret, t, i,
			         classes[i] == CLASS_INTEGER ? x86_regs[abi->n_regs++] : NULL);
}

/* ---- arm64 ---------------------------------------------------------------------------------- */

/* A struct of one to four floating-point members of one kind goes to as many vector registers. */
static uint32_t count_floats(const struct type *t, uint32_t *size_b, unsigned depth)
{
	uint32_t n = 0;

	t = type_strip(t);
	if (depth >= DEEPEST)
		return 5;
	if (t->kind == TYPE_FLOAT) {
		if (*size_b && *size_b != t->size_b)
			return 5;
		*size_b = t->size_b;
		return 1;
	}
	if (t->kind == TYPE_ARRAY) {
		n = t->n_elems ? count_floats(t->elem, size_b, depth + 1) : 5;
		return n * t->n_elems > 4 ? 5 : n * t->n_elems;
	}
	if (t->kind != TYPE_STRUCT || !t->n_fields)
		return 5;
	for (uint32_t i = 0; i < t->n_fields && n < 5; i++)
		n += count_floats(t->fields[i].type, size_b, depth + 1);
	return n;
}

static void next_arm(struct arg_abi *abi, const struct type *t, struct arg_place *ret)
{
	uint32_t float_b = 0, n_floats, n = (t->size_b + 7) / 8;

	n_floats = t->kind == TYPE_FLOAT || is_aggregate(t) ? count_floats(t, &float_b, 0) : 5;
	if (n_floats <= 4) {
		if (abi->n_vectors + n_floats <= 8) {
			abi->n_vectors += n_floats;
			nowhere(ret, is_float);
		} else {
			abi->n_vectors = 8;
			take_stack(abi, t, ret, false);
		}
		return;
	}
	if (is_aggregate(t) && t->size_b > 16) {
		take_address(abi, t, ret);
		return;
	}
	if (t->align_b >= 16 && abi->n_regs % 2)
		abi->n_regs++;
	if (abi->n_regs + n > N_ARM) {
		abi->n_regs = N_ARM; /* no going back to registers */
		take_stack(abi, t, ret, false);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		add_part(ret, t, i, arm_regs[abi->n_regs++]);
}

/* ---- all ------------------------------------------------------------------------------------ */

void arg_abi_begin(struct arg_abi *abi, enum arg_cpu cpu, bool is_rust, const struct type *result)
{
	enum class classes[2] = {CLASS_NONE, CLASS_NONE};

	*abi = (struct arg_abi){.cpu = cpu, .is_rust = is_rust};
	result = type_strip(result);
	/* Where a large result goes is a hidden first argument; arm64 has a register apart for it.
	 */
	if (cpu != ARG_X86_64 || !is_aggregate(result))
		return;
	if (is_rust) {
		struct leaf leaves[MOST_LEAVES];

		abi->n_regs =
		    find_leaves(result, 0, leaves, 0, 0) > MOST_LEAVES && result->size_b > 8;
		return;
	}
	classify(result, 0, classes, 0);
	if (classes[0] == CLASS_MEMORY || result->is_by_address)
		abi->n_regs = 1;
}

void arg_abi_next(struct arg_abi *abi, const struct type *t, struct arg_place *ret)
{
	*ret = (struct arg_place){0};
	t = type_strip(t);
	if (t->is_by_address) {
		take_address(abi, t, ret);
		return;
	}
	if (!t->size_b || (is_aggregate(t) && !t->n_fields && t->kind != TYPE_ARRAY)) {
		nowhere(ret, "it is empty");
		return;
	}
	if (abi->is_rust && is_aggregate(t))
		next_rust(abi, t, ret);
	else if (abi->cpu == ARG_X86_64)
		next_x86(abi, t, ret);
	else
		next_arm(abi, t, ret);
}
