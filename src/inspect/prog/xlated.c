/* `prog dump xlated`: the instructions, each function under its prototype, each source line above
 * its first instruction. */
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "bpf/insn.h"
#include "inspect/prog/dump.h"

void dump_line(struct inspect *x, const struct loaded *l, const struct bpf_line_info *line,
               const struct dump_options *o, struct strbuf *out)
{
	const char *text = loaded_line_text(l, line), *file = loaded_line_file(l, line);
	uint32_t number = BPF_LINE_INFO_LINE_NUM(line->line_col);
	uint32_t column = BPF_LINE_INFO_LINE_COL(line->line_col);

	if (!x->is_json) {
		sb_adds(out, "; ");
		put_text(text, out);
		if (o->has_line_numbers) {
			sb_adds(out, " [file:");
			put_text(file, out);
			sb_addf(out, " line_num:%u line_col:%u]", number, column);
		}
		sb_addc(out, '\n');
		return;
	}
	json_member_string(&x->json, "src", text);
	if (!o->has_line_numbers)
		return;
	json_member_string(&x->json, "file", file);
	if (number)
		json_member_uint(&x->json, "line_num", number);
	if (column)
		json_member_uint(&x->json, "line_col", column);
}

static void list_bytes(const char *name, const void *bytes, size_t n, struct json_writer *j)
{
	json_key(j, name);
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		json_format(j, "0x%02x", ((const unsigned char *)bytes)[i]);
	json_close(j, ']');
}

static void json_opcodes(struct json_writer *j, const struct bpf_insn *i, size_t slots)
{
	json_key(j, "opcodes");
	json_open(j, '{');
	json_key(j, "code");
	json_format(j, "0x%02x", i->code);
	json_key(j, "src_reg");
	json_format(j, "0x%x", i->src_reg);
	json_key(j, "dst_reg");
	json_format(j, "0x%x", i->dst_reg);
	list_bytes("off", &i->off, 2, j);
	list_bytes("imm", &i->imm, slots == 2 ? 12 : 4, j);
	json_close(j, '}');
}

static void list_json(struct inspect *x, const struct loaded *l, struct naming *n,
                      const struct dump_options *o)
{
	struct json_writer *j = &x->json;
	own_strbuf struct strbuf text = {0};

	json_open(j, '[');
	for (size_t pc = 0, slots; pc < l->n_insns; pc += slots) {
		int function = loaded_function_at(l, (uint32_t)pc);
		const struct bpf_line_info *line = loaded_line_at(l, (uint32_t)pc);

		json_open(j, '{');
		sb_reset(&text);
		if (function >= 0 && loaded_prototype(l, (uint32_t)function, &text))
			json_member_string(j, "proto", text.s);
		if (line)
			dump_line(x, l, line, o, NULL);
		sb_reset(&text);
		sb_addf(&text, "(%02x) ", l->insns[pc].code);
		slots = bpf_disasm_named(l->insns, l->n_insns, pc, &n->names, &text);
		json_member_string(j, "disasm", text.s);
		if (o->has_opcodes)
			json_opcodes(j, &l->insns[pc], slots);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void list_plain(struct inspect *x, const struct loaded *l, struct naming *n,
                       const struct dump_options *o)
{
	own_strbuf struct strbuf out = {0};

	for (size_t pc = 0, slots; pc < l->n_insns; pc += slots) {
		int function = loaded_function_at(l, (uint32_t)pc);
		const struct bpf_line_info *line = loaded_line_at(l, (uint32_t)pc);
		const unsigned char *bytes = (const unsigned char *)&l->insns[pc];

		sb_reset(&out);
		if (function >= 0 && loaded_prototype(l, (uint32_t)function, &out))
			sb_adds(&out, ":\n");
		if (line)
			dump_line(x, l, line, o, &out);
		sb_addf(&out, "%4zu: (%02x) ", pc, l->insns[pc].code);
		slots = bpf_disasm_named(l->insns, l->n_insns, pc, &n->names, &out);
		if (o->has_opcodes) {
			sb_adds(&out, "\n      ");
			for (size_t i = 0; i < slots * BPF_INSN_B; i++)
				sb_addf(&out, " %02x", bytes[i]);
		}
		sb_addc(&out, '\n');
		fwrite(out.s, 1, out.n, stdout);
	}
}

int dump_xlated(struct inspect *x, const struct loaded *l, struct naming *n,
                const struct dump_options *o)
{
	if (o->is_visual)
		dump_visual(x, l, n, o);
	else if (x->is_json)
		list_json(x, l, n, o);
	else
		list_plain(x, l, n, o);
	return 0;
}
