/* Which line of the script each instruction is of, as BTF says it to the kernel and to loaders: the
 * verifier prints the lines in its log and bpftool in its dumps. */
#ifndef SKEP_IMAGE_LINES_H
#define SKEP_IMAGE_LINES_H

#include <linux/bpf.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "ir/ir.h"

struct source_lines;

/* One for all programs that share a string table: a line's text is stored once however many of
 * them quote it. */
struct image_lines {
	struct arena *a;
	const struct diag *diag; /* holds the sources */
	struct strbuf *strings;  /* BTF's; texts are appended */
	vec(struct source_lines) sources;
};

/* One record at the start of each function (the kernel insists) and one wherever the line changes;
 * insn_off is an instruction's number. Lives in b->a. */
struct bpf_line_info *image_lines_of(struct image_lines *b, const struct ir_code *code,
                                     uint32_t *ret_n);

#endif
