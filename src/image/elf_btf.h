/* The sections .BTF and .BTF.ext of an object: see elf_btf.c. */
#ifndef SKEP_IMAGE_ELF_BTF_H
#define SKEP_IMAGE_ELF_BTF_H

#include <linux/bpf.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "base/vec.h"
#include "image/image.h"

struct elf_btf_func {
	uint32_t insn_off_b; /* in its section */
	uint32_t type;
};

struct elf_btf_section {
	const char *name;
	vec(struct elf_btf_func) funcs;
	vec(struct bpf_line_info) lines; /* insn_off: bytes */
};

struct elf_btf_map {
	uint32_t var, off_b, size_b;
};

struct elf_btf {
	struct arena *a;
	struct strbuf types, strings;
	uint32_t n_types;
	vec(struct elf_btf_map) maps;
	vec(struct elf_btf_section) sections;
};

void elf_btf_begin(struct elf_btf *b, struct arena *a);
/* Defines a map; `name` is a C identifier. Returns how many bytes of .maps it takes at off_b. */
uint32_t elf_btf_add_map(struct elf_btf *b, const char *name, const struct image_map *m,
                         uint32_t off_b);
/* A function that begins at insn_off_b of this section; functions of a section come in order.
 * Returns the section, to which its lines may be added. */
struct elf_btf_section *elf_btf_add_func(struct elf_btf *b, const char *section,
                                         uint32_t insn_off_b, const char *name, bool is_program);
/* Both sections' bytes; empties `b`. */
void elf_btf_end(struct elf_btf *b, struct strbuf *ret_btf, struct strbuf *ret_ext);

#endif
