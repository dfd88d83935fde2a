/* Lowering of iterators: a program that the kernel runs for each object while somebody reads.
 *
 * What it prints goes into the file being read. We read it ourselves, so what is written are the
 * records that other programs put into the ring, and all of the language works. Of a pinned
 * iterator others read, `cat` for one: then it is text, made by the kernel's own printf, piece by
 * piece. That knows integers, strings and little else, but no more can be had there. */
#include "script/lower.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "output/output.h"

static bool is_object(const struct field *f)
{
	return type_strip(f->type)->kind == TYPE_PTR && strcmp(f->name, "meta") != 0;
}

static struct ir_inst *load_pointer(struct lower *l, const struct field *f)
{
	bool is_typed = type_strip(f->type)->as == AS_BTF;

	return ir_load(&l->b, lower_ctx(l), f->off_b, 8, false, is_typed ? PTR_BTF : PTR_NONE);
}

/* The kernel calls once more behind the last object, with null pointers: nobody prints a line for
 * that. The very values that were compared are used later, as the verifier knows that these are
 * not null. */
void lower_iter_begin(struct lower *l, struct ir_block *out)
{
	const struct type *context = l->probe->args_type;

	l->iter_objects = arena_array(l->a, struct ir_inst *, context->n_fields + 1);
	for (uint32_t i = 0; i < context->n_fields; i++) {
		struct ir_block *there;

		if (!is_object(&context->fields[i]))
			continue;
		there = lower_block(l);
		l->iter_objects[i] = load_pointer(l, &context->fields[i]);
		ir_branch(&l->b, COND_NE, l->iter_objects[i], ir_const(&l->b, 0), there, out);
		lower_enter(l, there);
	}
}

struct value lower_iter_field(struct lower *l, struct node *n)
{
	const struct type *context = l->probe->args_type;
	uint32_t i = (uint32_t)(n->field - context->fields);

	if (i < context->n_fields && l->iter_objects[i])
		return value_reg(n->type, l->iter_objects[i]);
	if (type_strip(n->type)->kind == TYPE_PTR)
		return value_reg(n->type, load_pointer(l, n->field));
	return lower_at(l, n->type, lower_ctx(l), n->field_off_b, 8);
}

/* struct bpf_iter_meta's first member, which the context's first member points to. */
static struct ir_inst *seq_file(struct lower *l)
{
	struct ir_inst *meta = ir_load(&l->b, lower_ctx(l), 0, 8, false, PTR_BTF);

	return ir_load(&l->b, meta, 0, 8, false, PTR_BTF);
}

/* Only the program itself has the context. */
static bool has_context(struct lower *l)
{
	if (lower_ctx(l))
		return true;
	diag_error(l->u->diag, E_BUILTIN_PLACE, l->b.at,
	           "output from inside a for loop over a map or a long range is not possible in "
	           "iter probes");
	return false;
}

void lower_iter_write(struct lower *l, struct ir_inst *at, uint32_t size_b)
{
	if (!has_context(l))
		return;
	if (l->probe->targets.items[0].path) {
		diag_error(l->u->diag, E_BUILTIN_PLACE, l->b.at,
		           "only printf() can print in a pinned iterator");
		diag_hint(l->u->diag, "iter:%s alone prints everything",
		          l->probe->targets.items[0].func);
		return;
	}
	ir_callv(&l->b, BPF_FUNC_seq_write, PTR_NONE, seq_file(l), at, ir_const(&l->b, size_b));
}

/* ---- pinned: text ---------------------------------------------------------------------------- */

/* Where the value is false, 0 or null, one text, else the other. */
static struct ir_inst *choose_text(struct lower *l, struct ir_inst *v, const char *yes,
                                   const char *no)
{
	struct ir_builder *b = &l->b;
	struct ir_block *is_zero = lower_block(l), *done = lower_block(l);
	ir_var off = ir_var_new(l->fn->f);
	uint32_t first = lower_rodata(l, yes, strlen(yes) + 1, 1);

	ir_var_set(b, off, ir_const(b, first));
	ir_branch(b, COND_EQ, v, ir_const(b, 0), is_zero, done);
	lower_enter(l, is_zero);
	ir_var_set(b, off, ir_const(b, lower_rodata(l, no, strlen(no) + 1, 1)));
	ir_jump(b, done);
	lower_enter(l, done);
	return ir_bin(b, IR_ADD, lower_rodata_addr(l, 0), ir_var_get(b, off));
}

/* Text as it is: any bytes, where a format of the kernel's takes printable ASCII only. */
static void write_text(struct lower *l, const char *text, uint32_t len_b)
{
	if (len_b)
		ir_callv(&l->b, BPF_FUNC_seq_write, PTR_NONE, seq_file(l),
		         lower_rodata_addr(l, lower_rodata(l, text, len_b, 1)),
		         ir_const(&l->b, len_b));
}

static void write_values(struct lower *l, const char *format, struct ir_inst *const *values,
                         uint32_t n)
{
	struct ir_builder *b = &l->b;
	struct ir_inst *data = ir_slot_addr(b, ir_slot_new(b, 16, 8, "values"));
	uint32_t size_b = (uint32_t)strlen(format) + 1;

	for (uint32_t i = 0; i < n; i++)
		ir_store(b, data, (int64_t)i * 8, 8, values[i]);
	ir_callv(b, BPF_FUNC_seq_printf, PTR_NONE, seq_file(l),
	         lower_rodata_addr(l, lower_rodata(l, format, size_b, 1)), ir_const(b, size_b),
	         data, ir_const(b, n * 8));
}

/* Flags and width as the kernel's printf knows them; false where there is more. */
static bool kernel_flags(const struct output_piece *p, char *to, size_t to_b)
{
	char width[8] = "";

	if (p->has_alt || p->precision >= 0 || p->width > 9999)
		return false;
	if (p->width > 0)
		snprintf(width, sizeof(width), "%d", p->width);
	snprintf(to, to_b, "%%%s%s%s%s%s", p->is_left ? "-" : "", p->has_plus ? "+" : "",
	         p->has_space ? " " : "", p->has_zero ? "0" : "", width);
	return true;
}

static struct ir_inst *cut(struct lower *l, struct ir_inst *v, uint32_t size_b, bool is_signed)
{
	return size_b < 8 ? ir_ext(&l->b, v, (uint8_t)size_b, is_signed) : v;
}

/* One conversion; false if the kernel's printf has nothing like it. */
static bool write_piece(struct lower *l, const struct output_piece *p, struct node *arg)
{
	const struct type *t = type_strip(arg->type);
	struct ir_inst *values[2];
	char format[32];
	bool has_flags = kernel_flags(p, format, 24);
	size_t n = has_flags ? strlen(format) : 0;

	if (t->kind == TYPE_STRING || type_is_char_array(t)) {
		if (strcmp(p->letters, "s") != 0 || !has_flags)
			return false;
		values[0] = lower_direct(l, lower_expr(l, arg)).ir;
		strcpy(format + n, "s");
	} else if (!type_is_integer(t) && t->kind != TYPE_PTR) {
		return false;
	} else if (!strcmp(p->letters, "c")) {
		values[0] = ir_slot_addr(&l->b, ir_slot_new(&l->b, 1, 1, "char"));
		ir_store(&l->b, values[0], 0, 1, lower_int(l, arg));
		ir_callv(&l->b, BPF_FUNC_seq_write, PTR_NONE, seq_file(l), values[0],
		         ir_const(&l->b, 1));
		return p->width <= 1;
	} else if (!strcmp(p->letters, "p") || (t->kind == TYPE_PTR && p->letters[0] == 's')) {
		if (!has_flags || n > 1)
			return false;
		values[1] = lower_int(l, arg);
		values[0] = choose_text(l, values[1], "0x", p->letters[0] == 's' ? "0x" : "");
		write_values(l, "%s%llx", values, 2);
		return true;
	} else if (t->kind == TYPE_BOOL && p->letters[0] == 's') {
		values[0] = choose_text(l, lower_int(l, arg), "true", "false");
		if (!has_flags)
			return false;
		strcpy(format + n, "s");
	} else if (t->kind != TYPE_ENUM && p->letters[0] == 's' && has_flags) {
		values[0] = lower_int(l, arg);
		strcpy(format + n, t->is_signed ? "lld" : "llu");
	} else if (p->letters[1] == '\0' && strchr("diuxX", p->letters[0]) && has_flags) {
		values[0] = cut(l, lower_int(l, arg), p->size_b, strchr("di", p->letters[0]));
		snprintf(format + n, sizeof(format) - n, "ll%c", p->letters[0]);
	} else {
		return false;
	}
	write_values(l, format, values, 1);
	return true;
}

void lower_iter_printf(struct lower *l, struct node *call)
{
	const struct output_piece *pieces;
	uint32_t n = output_format_pieces(l->a, call->args[0]->string, &pieces);

	if (!has_context(l))
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t mark = l->scratch_used;

		write_text(l, pieces[i].text, pieces[i].text_len_b);
		if (!pieces[i].letters || write_piece(l, &pieces[i], call->args[1 + i])) {
			l->scratch_used = mark;
			continue;
		}
		diag_error(l->u->diag, E_FORMAT, call->args[1 + i]->at,
		           "a pinned iterator cannot print type '%s' as %%%s in this form",
		           type_name_dup(l->a, call->args[1 + i]->type), pieces[i].letters);
		diag_hint(l->u->diag, "the kernel writes it: plain integers, strings and pointers, "
		                      "without precision");
	}
}
