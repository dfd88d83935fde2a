/* `prog dump jited`: the machine code of each function, source lines above their first instruction.
 */
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "inspect/prog/dump.h"
#include "inspect/prog/native.h"

/* A function's code. */
struct part {
	const uint8_t *code;
	uint32_t code_b, number;
	uint64_t address; /* 0: not told */
};

/* The line that begins here, as the kernel counts from where it put the function. */
static const struct bpf_line_info *line_at(const struct loaded *l, uint64_t address)
{
	if (l->btf && address)
		for (uint32_t i = 0; i < l->n_line_addresses && i < l->n_lines; i++)
			if (l->line_addresses[i] == address)
				return &l->lines[i];
	return NULL;
}

/* "%rax, 8(%rdi,%rcx)" as an array; arm64's brackets hold commas, too. */
static void json_operands(struct json_writer *j, const char *text)
{
	unsigned depth = 0;
	const char *begin = text;

	json_key(j, "operands");
	json_open(j, '[');
	if (!*text)
		json_null(j);
	for (const char *p = text; *text; p++) {
		depth += *p == '(' || *p == '[' || *p == '{';
		depth -= depth && (*p == ')' || *p == ']' || *p == '}');
		if (*p && (*p != ',' || depth))
			continue;
		json_string_n(j, begin, (size_t)(p - begin));
		if (!*p)
			break;
		begin = p + 1 + (p[1] == ' ');
	}
	json_close(j, ']');
}

static void json_insn(struct inspect *x, const struct part *part, uint32_t at,
                      const struct native_insn *i, bool has_opcodes)
{
	struct json_writer *j = &x->json;

	json_key(j, "pc");
	json_format(j, "0x%x", at);
	json_member_string(j, "operation", i->operation);
	json_operands(j, i->operands);
	if (!has_opcodes)
		return;
	json_key(j, "opcodes");
	json_open(j, '[');
	for (size_t k = 0; k < i->size_b; k++)
		json_format(j, "0x%02x", part->code[at + k]);
	json_close(j, ']');
}

static void plain_insn(const struct part *part, uint32_t at, const struct native_insn *i,
                       bool has_opcodes)
{
	printf("%4x:\t%s%s%s\n", at, i->operation, *i->operands ? "\t" : "", i->operands);
	if (!has_opcodes)
		return;
	printf("\t");
	for (size_t k = 0; k < i->size_b; k++)
		printf("%02x ", part->code[at + k]);
	printf("\n");
}

static void list_insns(struct inspect *x, const struct loaded *l, const struct part *part,
                       struct native_reader *reader, const struct dump_options *o)
{
	own_strbuf struct strbuf text = {0};
	struct native_insn i;

	for (uint32_t at = 0; at < part->code_b; at += (uint32_t)i.size_b) {
		uint64_t address = part->address + at;
		const struct bpf_line_info *line = part->address ? line_at(l, address) : NULL;

		native_read(reader, part->code + at, part->code_b - at, address, &i);
		sb_reset(&text);
		if (x->is_json)
			json_open(&x->json, '{');
		if (line)
			dump_line(x, l, line, o, &text);
		if (x->is_json) {
			json_insn(x, part, at, &i, o->has_opcodes);
			json_close(&x->json, '}');
		} else {
			fputs(sb_str(&text), stdout);
			plain_insn(part, at, &i, o->has_opcodes);
		}
	}
}

static void list_function(struct inspect *x, const struct loaded *l, struct naming *n,
                          const struct part *part, struct native_reader *reader,
                          const struct dump_options *o)
{
	own_strbuf struct strbuf proto = {0};
	bool has_proto = loaded_prototype(l, part->number, &proto);
	const char *symbol = part->address ? naming_symbol(n, part->address) : NULL;
	char place[32];

	snprintf(place, sizeof(place), "0x%llx", (unsigned long long)part->address);
	if (!symbol)
		symbol = place;
	if (!x->is_json) {
		if (has_proto)
			printf("%s:\n", proto.s);
		printf("%s:\n", symbol);
		list_insns(x, l, part, reader, o);
		printf("\n");
		return;
	}
	json_open(&x->json, '{');
	if (has_proto)
		json_member_string(&x->json, "proto", proto.s);
	json_member_string(&x->json, "name", symbol);
	json_key(&x->json, "insns");
	json_open(&x->json, '[');
	list_insns(x, l, part, reader, o);
	json_close(&x->json, ']');
	json_close(&x->json, '}');
}

int dump_jited(struct inspect *x, const struct loaded *l, struct naming *n,
               const struct dump_options *o)
{
	struct native_reader *reader = native_open();
	uint32_t at = 0;

	if (!reader)
		return inspect_error(x, "No JIT disassembly support");
	if (x->is_json)
		json_open(&x->json, '[');
	for (uint32_t i = 0; at < l->code_b; i++) {
		uint32_t code_b = l->code_b - at;

		if (i < l->n_code_lens && l->code_lens_b[i] < code_b)
			code_b = l->code_lens_b[i];
		if (code_b)
			list_function(x, l, n,
			              &(struct part){l->code + at, code_b, i,
			                             i < l->n_addresses ? l->addresses[i] : 0},
			              reader, o);
		at += code_b;
	}
	if (x->is_json)
		json_close(&x->json, ']');
	native_close(reader);
	return 0;
}
