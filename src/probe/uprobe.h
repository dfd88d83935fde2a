/* Inside of the uprobe provider: an attach point being expanded. */
#ifndef SKEP_PROBE_UPROBE_H
#define SKEP_PROBE_UPROBE_H

#include "probe/provider.h"
#include "symbols/symbols.h"

struct uprobe_work {
	struct probe_context *cx;
	const struct attach_point *ap;
	enum probe_kind kind;
	struct symbols *syms;
	probe_targets *out;
	const char *file; /* as written; NULL: the process's program */
	const char *func; /* function, with its offset cut off; NULL: at a source line */
	bool is_cpp;
	bool has_offset;
	uint64_t off_b;
	const char *source;    /* FILE@SOURCE:LINE[:COLUMN] */
	uint32_t line, column; /* column 0: not said */
	bool from_wildcard;    /* of files */
};

/* uprobe_names.c: the name of a C++ or Rust function as people write it if it is what is wanted;
 * malloc'ed, else NULL. */
char *uprobe_name_match(const char *wanted, const char *symbol);
/* The name, without parameters, that is nearest to the wanted one, or NULL. */
const char *uprobe_nearest_name(struct uprobe_work *w, const struct elf_symbol *list, size_t n);

/* uprobe_line.c: split the attach point's parts; targets in the program at `path`. False if an
 * error was reported. */
bool uprobe_split_line(struct uprobe_work *w);
bool uprobe_expand_line(struct uprobe_work *w, const char *path);

#endif
