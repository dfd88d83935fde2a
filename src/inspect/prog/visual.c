/* `prog dump xlated PROG visual`: control flow as Graphviz text, a cluster each function, a record
 * each block. Block 0 of each is its entry, 1 its exit. */
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "inspect/prog/dump.h"
#include "inspect/prog/flow.h"

enum { FILE_NAME_MOST = 32 };

/* Text within a record's label: some characters mean something there. */
static void escape(const char *s, const char *special, struct strbuf *out)
{
	own_strbuf struct strbuf shown = {0};

	put_text(s, &shown);
	for (const char *p = sb_str(&shown); *p; p++) {
		if (strchr(special, *p))
			sb_addc(out, '\\');
		sb_addc(out, *p);
	}
}

#define IN_INSTRUCTION "<>|&"
#define IN_SOURCE " <>{}|\"\\"

/* " [prog.bpf.c line:41 col:0]"; of a long name, its end. */
static void add_place(const struct loaded *l, const struct bpf_line_info *line, struct strbuf *out)
{
	const char *file = loaded_line_file(l, line);
	size_t n = strlen(file);

	sb_adds(out, " [");
	if (n > FILE_NAME_MOST) {
		sb_adds(out, "...");
		file += n - FILE_NAME_MOST + 3;
	}
	escape(file, IN_SOURCE, out);
	sb_addf(out, " line:%u col:%u]", BPF_LINE_INFO_LINE_NUM(line->line_col),
	        BPF_LINE_INFO_LINE_COL(line->line_col));
}

static void add_insn(const struct loaded *l, struct naming *n, uint32_t pc, bool is_first,
                     const struct dump_options *o, struct strbuf *out, size_t *ret_slots)
{
	const struct bpf_line_info *line = loaded_line_at(l, pc);
	const unsigned char *bytes = (const unsigned char *)&l->insns[pc];
	int function = loaded_function_at(l, pc);
	own_strbuf struct strbuf text = {0};

	if (!is_first)
		sb_adds(out, "| ");
	if (function >= 0 && loaded_prototype(l, (uint32_t)function, &text)) {
		sb_adds(out, "; ");
		escape(text.s, IN_INSTRUCTION, out);
		sb_adds(out, ":\\l\\\n");
	}
	if (line) {
		sb_adds(out, "; ");
		escape(loaded_line_text(l, line), IN_SOURCE, out);
		if (o->has_line_numbers)
			add_place(l, line, out);
		sb_adds(out, "\\l\\\n");
	}
	sb_reset(&text);
	*ret_slots = bpf_disasm_named(l->insns, l->n_insns, pc, &n->names, &text);
	sb_addf(out, "%u: (%02x) ", pc, l->insns[pc].code);
	escape(text.s, IN_INSTRUCTION, out);
	sb_adds(out, "\\l\\\n");
	if (o->has_opcodes) {
		sb_adds(out, "\\ \\ \\ \\");
		for (size_t i = 0; i < *ret_slots * sizeof(struct bpf_insn); i++)
			sb_addf(out, " %02x", bytes[i]);
		sb_adds(out, "\\l\\\n");
	}
}

static void print_edge(uint32_t function, uint32_t from, uint32_t to)
{
	printf("\tfn_%u_bb_%u:s -> fn_%u_bb_%u:n [style=\"solid,bold\", color=black, weight=10, "
	       "constraint=true];\n",
	       function, from, function, to);
}

static void print_function(const struct loaded *l, struct naming *n, const struct flow_function *f,
                           uint32_t number, const struct dump_options *o)
{
	own_strbuf struct strbuf label = {0};

	printf("subgraph \"cluster_%u\" {\n\tstyle=\"dashed\";\n\tcolor=\"black\";\n"
	       "\tlabel=\"func_%u ()\";\n",
	       number, number);
	printf("\tfn_%u_bb_0 [shape=Mdiamond,style=filled,label=\"ENTRY\"];\n\n", number);
	for (uint32_t i = 0; i < f->n_blocks; i++) {
		const struct block *b = &f->blocks[i];

		sb_reset(&label);
		for (size_t pc = b->begin, slots; pc < b->end; pc += slots)
			add_insn(l, n, (uint32_t)pc, pc == b->begin, o, &label, &slots);
		printf("\tfn_%u_bb_%u [shape=record,style=filled,label=\"{\\\n%s}\"];\n\n", number,
		       i + 2, label.s);
	}
	printf("\tfn_%u_bb_1 [shape=Mdiamond,style=filled,label=\"EXIT\"];\n\n", number);
	print_edge(number, 0, 2);
	for (uint32_t i = 0; i < f->n_blocks; i++) {
		const struct block *b = &f->blocks[i];

		if (b->next >= 0)
			print_edge(number, i + 2, (uint32_t)b->next + 2);
		if (b->target >= 0)
			print_edge(number, i + 2, (uint32_t)b->target + 2);
		if (b->is_exit)
			print_edge(number, i + 2, 1);
	}
	printf("\tfn_%u_bb_0:s -> fn_%u_bb_1:n [style=\"invis\", constraint=true];\n}\n", number,
	       number);
}

void dump_visual(struct inspect *x, const struct loaded *l, struct naming *n,
                 const struct dump_options *o)
{
	struct flow flow;

	flow_of(x->a, l, &flow);
	printf("digraph \"DOT graph for eBPF program\" {\n");
	for (uint32_t i = 0; i < flow.n_functions; i++)
		print_function(l, n, &flow.functions[i], i, o);
	printf("}\n");
}
