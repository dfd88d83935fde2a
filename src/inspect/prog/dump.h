/* `prog dump` and what is made of the same listing. */
#ifndef SKEP_INSPECT_PROG_DUMP_H
#define SKEP_INSPECT_PROG_DUMP_H

#include "inspect/internal.h"
#include "inspect/prog/loaded.h"
#include "inspect/prog/naming.h"

struct dump_options {
	bool is_jited;
	bool has_opcodes, has_line_numbers, is_visual;
	const char *file; /* NULL: to be read */
};

/* A program with its instructions. 0, or reported; loaded_close() in any case. */
int dump_open(struct inspect *x, int fd, struct loaded *ret);
/* The kernel's instructions, or their machine code, as they are listed. 0, or reported. */
int dump_xlated(struct inspect *x, const struct loaded *l, struct naming *n,
                const struct dump_options *o);
int dump_jited(struct inspect *x, const struct loaded *l, struct naming *n,
               const struct dump_options *o);
/* Graphviz text. */
void dump_visual(struct inspect *x, const struct loaded *l, struct naming *n,
                 const struct dump_options *o);

/* "src" and, if wanted, where it is from: of the line that begins here. Plain: with `; ` and a
 * newline. */
void dump_line(struct inspect *x, const struct loaded *l, const struct bpf_line_info *line,
               const struct dump_options *o, struct strbuf *out);
/* All bytes into a new file that is its owner's alone. 0, or reported. */
int write_file(struct inspect *x, const char *path, const void *bytes, size_t len_b);

#endif
