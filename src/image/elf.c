/* The container: sections, symbols, relocations (System V ABI, chapters 4 and 5; kernel
 * Documentation/bpf/llvm_reloc.rst for what BPF adds).
 *
 * Each program lies in the section that libbpf's rules of naming give it; programs with the same
 * name of section share it, since .BTF.ext speaks of sections by name. Sub-programs go to .text.
 * Local symbols come first, so all places are given out before the first relocation is written. */
#include "image/elf.h"

#include <ctype.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/strmap.h"
#include "bpf/newer.h"
#include "image/elf_btf.h"
#include "image/lines.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif
enum { REL_64_64 = 1, REL_64_32 = 10 };

struct section {
	const char *name;
	uint32_t type;
	uint64_t flags;
	uint32_t link, info,
	    entry_b; /* link and info: numbers of sections, but for .symtab's info */
	struct strbuf bytes;
	vec(Elf64_Rel) relocs;
};

/* Where a function has come to lie. */
struct place {
	uint32_t section, off_b, symbol;
	uint32_t first, n; /* instructions of the program */
};

struct program_lines {
	struct bpf_line_info *items;
	uint32_t n;
};

struct map_place {
	uint32_t symbol; /* of the map, or of the section that holds its one value */
	bool is_data;
};

struct writer {
	struct arena *a;
	const struct image *img;
	const struct elf_options *opts;
	vec(struct section) sections; /* [0] is the empty one */
	vec(Elf64_Sym) symbols;
	uint32_t n_local;
	struct strbuf names;
	struct strmap taken; /* names of symbols: how often they were asked for */
	struct elf_btf btf;
	struct image_lines lines;
	struct place **places;          /* per program and function */
	struct program_lines *lines_of; /* per program */
	struct map_place *maps;
	uint32_t text, text_symbol; /* 0: there are no sub-programs */
};

/* ---- pieces ------------------------------------------------------------------------------------
 */

static uint32_t add_section(struct writer *w, const char *name, uint32_t type, uint64_t flags)
{
	*vec_add(w->a, &w->sections) = (struct section){.name = name, .type = type, .flags = flags};
	return (uint32_t)w->sections.n - 1;
}

static uint32_t add_name(struct writer *w, const char *name)
{
	uint32_t off_b = (uint32_t)w->names.n;

	sb_add(&w->names, name, strlen(name) + 1);
	return off_b;
}

static uint32_t add_symbol(struct writer *w, const char *name, uint8_t bind, uint8_t type,
                           uint32_t section, uint64_t value, uint64_t size_b)
{
	*vec_add(w->a, &w->symbols) = (Elf64_Sym){.st_name = name ? add_name(w, name) : 0,
	                                          .st_info = ELF64_ST_INFO(bind, type),
	                                          .st_shndx = (uint16_t)section,
	                                          .st_value = value,
	                                          .st_size = size_b};
	return (uint32_t)w->symbols.n - 1;
}

static uint32_t add_section_symbol(struct writer *w, uint32_t section)
{
	return add_symbol(w, NULL, STB_LOCAL, STT_SECTION, section, 0, 0);
}

/* A C identifier that nothing else is called. */
static const char *unique_name(struct writer *w, const char *like)
{
	const char *base = like && *like ? like : "f";
	char *s = arena_printf(w->a, "%s%s", isdigit((unsigned char)*base) ? "_" : "", base);
	const char *name = s;
	uintptr_t n;

	for (; *s; s++)
		*s = isalnum((unsigned char)*s) ? *s : '_';
	base = name;
	while ((n = (uintptr_t)strmap_get(&w->taken, name)) != 0) {
		strmap_put(&w->taken, name, (void *)(n + 1));
		name = arena_printf(w->a, "%s_%zu", base, (size_t)n);
	}
	strmap_put(&w->taken, name, (void *)1);
	return name;
}

/* ---- names of sections
 * --------------------------------------------------------------------------- */

/* Links for many kprobes know neither offsets nor addresses. */
static bool is_multi(const struct writer *w, const struct image_program *p, bool is_user)
{
	vec_each (at, &p->attaches)
		if (!is_user && (at->off_b || !at->func))
			return false;
	return p->attaches.n > 1 &&
	       (is_user ? w->opts->has_uprobe_multi : w->opts->has_kprobe_multi);
}

/* A program for the entry to functions or the return from them. Of uprobes libbpf wants the
 * function's name and has no spelling for an offset into the file. */
static const char *probe_section(struct writer *w, const struct image_program *p,
                                 const struct image_attach *at)
{
	bool is_user = at->kind == ATTACH_UPROBE || at->kind == ATTACH_URETPROBE;
	const char *kind = at->kind == ATTACH_UPROBE      ? "uprobe"
	                   : at->kind == ATTACH_URETPROBE ? "uretprobe"
	                   : at->kind == ATTACH_KRETPROBE ? "kretprobe"
	                                                  : "kprobe";

	if (is_multi(w, p, is_user))
		return arena_printf(w->a, "%s.multi", kind);
	if (is_user || p->attaches.n > 1 || !at->func)
		return kind;
	return at->off_b
	           ? arena_printf(w->a, "%s/%s+%llu", kind, at->func, (unsigned long long)at->off_b)
	           : arena_printf(w->a, "%s/%s", kind, at->func);
}

static const char *tracing_section(struct arena *a, const struct image_program *p,
                                   const struct image_attach *at)
{
	const char *kind = p->expected_attach_type == BPF_TRACE_RAW_TP   ? "tp_btf"
	                   : p->expected_attach_type == BPF_TRACE_ITER   ? "iter"
	                   : p->expected_attach_type == BPF_TRACE_FEXIT  ? "fexit"
	                   : p->expected_attach_type == BPF_TRACE_FENTRY ? "fentry"
	                                                                 : "fmod_ret";

	return at && at->func ? arena_printf(a, "%s/%s", kind, at->func) : kind;
}

/* How libbpf spells the program's type and what it is attached to, if that is one thing. */
static const char *section_name(struct writer *w, const struct image_program *p)
{
	const struct image_attach *at = p->attaches.n ? p->attaches.items : NULL;
	bool is_one = p->attaches.n == 1;

	switch (p->type) {
	case BPF_PROG_TYPE_TRACING:
		return tracing_section(w->a, p, at);
	case BPF_PROG_TYPE_PERF_EVENT:
		return "perf_event";
	case BPF_PROG_TYPE_TRACEPOINT:
		return is_one && at->category && at->func
		           ? arena_printf(w->a, "tracepoint/%s/%s", at->category, at->func)
		           : "tracepoint";
	case BPF_PROG_TYPE_KPROBE:
		break;
	default: /* RAW_TRACEPOINT: what is run when asked for is one that is attached to nothing */
		return is_one && at->kind == ATTACH_RAW_TRACEPOINT && at->func
		           ? arena_printf(w->a, "raw_tp/%s", at->func)
		           : "raw_tp";
	}
	switch (p->expected_attach_type) {
	case SKEP_TRACE_KPROBE_SESSION:
		return "kprobe.session";
	case SKEP_TRACE_UPROBE_SESSION:
		return "uprobe.session";
	case BPF_TRACE_KPROBE_MULTI:
		return "kprobe.multi";
	case SKEP_TRACE_UPROBE_MULTI:
		return "uprobe.multi";
	default:
		break;
	}
	return at ? probe_section(w, p, at) : "kprobe";
}

/* ---- maps --------------------------------------------------------------------------------------
 */

/* Maps that are the one value of their section: those that programs reach into by address. */
static void find_data(struct writer *w)
{
	vec_each (p, &w->img->programs)
		vec_each (r, &p->code.relocs)
			w->maps[r->map].is_data |= r->kind == RELOC_MAP_VALUE;
}

static void add_data(struct writer *w)
{
	uint32_t n_rodata = 0, n_data = 0;

	for (size_t i = 0; i < w->img->maps.n; i++) {
		const struct image_map *m = &w->img->maps.items[i];
		bool is_constant = m->is_frozen;
		const char *base = is_constant ? ".rodata" : ".data";
		uint32_t *n = is_constant ? &n_rodata : &n_data, section;

		if (!w->maps[i].is_data)
			continue;
		section = add_section(w, *n ? arena_printf(w->a, "%s.%u", base, *n) : base,
		                      SHT_PROGBITS, SHF_ALLOC | (is_constant ? 0 : SHF_WRITE));
		(*n)++;
		if (m->init)
			sb_add(&w->sections.items[section].bytes, m->init, m->value_size_b);
		else
			sb_pad(&w->sections.items[section].bytes, '\0', m->value_size_b);
		w->maps[i].symbol = add_section_symbol(w, section);
	}
}

static void add_maps(struct writer *w)
{
	uint32_t section = 0, off_b = 0;

	for (size_t i = 0; i < w->img->maps.n; i++) {
		const struct image_map *m = &w->img->maps.items[i];
		const char *name;
		uint32_t size_b;

		if (w->maps[i].is_data || m->is_unused)
			continue;
		if (!section)
			section = add_section(w, ".maps", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE);
		name = unique_name(w, m->name);
		size_b = elf_btf_add_map(&w->btf, name, m, off_b);
		w->maps[i].symbol =
		    add_symbol(w, name, STB_GLOBAL, STT_OBJECT, section, off_b, size_b);
		off_b += size_b;
	}
	if (section)
		sb_pad(&w->sections.items[section].bytes, '\0', off_b);
}

/* ---- code --------------------------------------------------------------------------------------
 */

static size_t func_count(const struct image_program *p)
{
	return p->code.func_starts.n ? p->code.func_starts.n : 1;
}

static void add_function(struct writer *w, size_t program, size_t f, uint32_t section)
{
	const struct image_program *p = &w->img->programs.items[program];
	const struct program_lines *lines = &w->lines_of[program];
	struct place *ret = &w->places[program][f];
	struct elf_btf_section *debug;
	struct strbuf *code = &w->sections.items[section].bytes;
	const char *like = !f ? p->name : p->funcs ? p->funcs[f].name : "sub";
	const char *name = unique_name(w, like);
	size_t end = f + 1 < func_count(p) ? p->code.func_starts.items[f + 1] : p->code.insns.n;

	*ret = (struct place){.section = section, .off_b = (uint32_t)code->n};
	ret->first = f ? p->code.func_starts.items[f] : 0;
	ret->n = (uint32_t)end - ret->first;
	ret->symbol = add_symbol(w, name, f ? STB_LOCAL : STB_GLOBAL, STT_FUNC, section, code->n,
	                         ret->n * sizeof(struct bpf_insn));
	debug = elf_btf_add_func(&w->btf, w->sections.items[section].name, ret->off_b, name, !f);
	for (uint32_t i = 0; i < lines->n; i++) {
		struct bpf_line_info line = lines->items[i];

		if (line.insn_off - ret->first >= ret->n)
			continue;
		line.insn_off = ret->off_b + (line.insn_off - ret->first) * sizeof(struct bpf_insn);
		vec_push(w->a, &debug->lines, line);
	}
	sb_add(code, p->code.insns.items + ret->first, ret->n * sizeof(struct bpf_insn));
}

static void add_subprograms(struct writer *w)
{
	for (size_t i = 0; i < w->img->programs.n; i++) {
		const struct image_program *p = &w->img->programs.items[i];

		w->places[i] = arena_array(w->a, struct place, func_count(p));
		if (w->lines.diag)
			w->lines_of[i].items =
			    image_lines_of(&w->lines, &p->code, &w->lines_of[i].n);
		for (size_t f = 1; f < func_count(p); f++) {
			if (!w->text) {
				w->text = add_section(w, ".text", SHT_PROGBITS,
				                      SHF_ALLOC | SHF_EXECINSTR);
				w->text_symbol = add_section_symbol(w, w->text);
			}
			add_function(w, i, f, w->text);
		}
	}
}

static void add_programs(struct writer *w)
{
	struct strmap sections = {0};

	for (size_t i = 0; i < w->img->programs.n; i++) {
		const struct image_program *p = &w->img->programs.items[i];
		const char *name = section_name(w, p);
		uint32_t section = (uint32_t)(uintptr_t)strmap_get(&sections, name);

		if (!section) {
			section = add_section(w, name, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR);
			strmap_put(&sections, name, (void *)(uintptr_t)section);
		}
		add_function(w, i, 0, section);
	}
	strmap_free(&sections);
}

/* ---- relocations
 * --------------------------------------------------------------------------------- */

static const struct place *place_of(const struct writer *w, size_t program, uint32_t insn)
{
	const struct place *places = w->places[program];
	size_t f = func_count(&w->img->programs.items[program]);

	while (--f && places[f].first > insn)
		;
	return &places[f];
}

/* Writes the instruction anew, as the relocation by `symbol` wants it. */
static void relocate(struct writer *w, const struct place *from, uint32_t insn,
                     const struct bpf_insn *written, size_t n, uint32_t symbol, uint32_t type)
{
	struct section *s = &w->sections.items[from->section];
	uint64_t off_b = from->off_b + (insn - from->first) * sizeof(*written);

	memcpy(s->bytes.s + off_b, written, n * sizeof(*written));
	vec_push(w->a, &s->relocs,
	         ((Elf64_Rel){.r_offset = off_b, .r_info = ELF64_R_INFO((uint64_t)symbol, type)}));
}

static int relocate_maps(struct writer *w, size_t program)
{
	const struct ir_code *code = &w->img->programs.items[program].code;

	vec_each (r, &code->relocs) {
		const struct map_place *m = &w->maps[r->map];
		struct bpf_insn pair[2] = {code->insns.items[r->insn],
		                           code->insns.items[r->insn + 1]};

		if (m->is_data != (r->kind == RELOC_MAP_VALUE))
			return -EOPNOTSUPP;
		pair[0].src_reg = 0;
		pair[0].imm = m->is_data ? (int32_t)r->off_b : 0;
		pair[1].imm = 0;
		relocate(w, place_of(w, program, r->insn), r->insn, pair, 2, m->symbol, REL_64_64);
	}
	return 0;
}

/* Distances between functions were right while they lay behind each other. libbpf wants addresses
 * relative to the section's symbol and calls by that of the function. */
static void relocate_functions(struct writer *w, size_t program)
{
	const struct ir_code *code = &w->img->programs.items[program].code;

	for (uint32_t i = 0; i < code->insns.n; i++) {
		struct bpf_insn insn = code->insns.items[i];
		bool is_wide = insn.code == (BPF_LD | BPF_IMM | BPF_DW);
		bool is_call = insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == BPF_PSEUDO_CALL;
		const struct place *to;

		if (is_call || (is_wide && insn.src_reg == BPF_PSEUDO_FUNC)) {
			to = place_of(w, program, (uint32_t)((int64_t)i + insn.imm + 1));
			insn.imm = is_call ? -1 : (int32_t)to->off_b;
			relocate(w, place_of(w, program, i), i, &insn, 1,
			         is_call ? to->symbol : w->text_symbol,
			         is_call ? REL_64_32 : REL_64_64);
		}
		i += is_wide;
	}
}

/* ---- the file ----------------------------------------------------------------------------------
 */

static void add_types(struct writer *w)
{
	uint32_t btf = add_section(w, ".BTF", SHT_PROGBITS, 0);
	uint32_t ext = add_section(w, ".BTF.ext", SHT_PROGBITS, 0);

	elf_btf_end(&w->btf, &w->sections.items[btf].bytes, &w->sections.items[ext].bytes);
}

/* Relocations, symbols and names: nothing may be added to these any more. */
static uint32_t add_tables(struct writer *w)
{
	uint32_t n = (uint32_t)w->sections.n, symtab, strtab;

	symtab = n;
	for (uint32_t i = 1; i < n; i++)
		symtab += w->sections.items[i].relocs.n != 0;
	strtab = symtab + 1;
	for (uint32_t i = 1; i < n; i++) {
		uint32_t rel;

		if (!w->sections.items[i].relocs.n)
			continue;
		rel = add_section(w, arena_printf(w->a, ".rel%s", w->sections.items[i].name),
		                  SHT_REL, SHF_INFO_LINK);
		struct section *s = &w->sections.items[rel];
		const struct section *of = &w->sections.items[i];

		s->link = symtab;
		s->info = i;
		s->entry_b = sizeof(Elf64_Rel);
		sb_add(&s->bytes, of->relocs.items, of->relocs.n * sizeof(*of->relocs.items));
	}
	add_section(w, ".symtab", SHT_SYMTAB, 0);
	vec_last(&w->sections).link = strtab;
	vec_last(&w->sections).info = w->n_local;
	vec_last(&w->sections).entry_b = sizeof(Elf64_Sym);
	sb_add(&vec_last(&w->sections).bytes, w->symbols.items,
	       w->symbols.n * sizeof(*w->symbols.items));
	add_section(w, ".strtab", SHT_STRTAB, 0);
	return strtab;
}

static uint64_t alignment(const struct section *s)
{
	return s->type == SHT_STRTAB ? 1 : 8;
}

static Elf_Type data_type(const struct section *s)
{
	return s->type == SHT_SYMTAB ? ELF_T_SYM : s->type == SHT_REL ? ELF_T_REL : ELF_T_BYTE;
}

static bool put_section(Elf *elf, const struct section *s, uint32_t name_off)
{
	Elf_Scn *scn = elf_newscn(elf);
	Elf_Data *d = scn ? elf_newdata(scn) : NULL;
	Elf64_Shdr *h = scn ? elf64_getshdr(scn) : NULL;

	if (!d || !h)
		return false;
	*d = (Elf_Data){.d_buf = s->bytes.s,
	                .d_size = s->bytes.n,
	                .d_type = data_type(s),
	                .d_align = alignment(s),
	                .d_version = EV_CURRENT};
	h->sh_name = name_off;
	h->sh_type = s->type;
	h->sh_flags = s->flags;
	h->sh_link = s->link;
	h->sh_info = s->info;
	h->sh_entsize = s->entry_b;
	return true;
}

static bool put_all(struct writer *w, Elf *elf, uint32_t strtab)
{
	uint32_t *names = arena_array(w->a, uint32_t, w->sections.n);
	Elf64_Ehdr *h = elf64_newehdr(elf);

	if (!h)
		return false;
	h->e_ident[EI_DATA] = ELFDATA2LSB;
	h->e_type = ET_REL;
	h->e_machine = EM_BPF;
	h->e_version = EV_CURRENT;
	h->e_shstrndx = (uint16_t)strtab;
	for (size_t i = 1; i < w->sections.n; i++)
		names[i] = add_name(w, w->sections.items[i].name);
	w->sections.items[strtab].bytes = w->names;
	w->names = (struct strbuf){0};
	for (size_t i = 1; i < w->sections.n; i++)
		if (!put_section(elf, &w->sections.items[i], names[i]))
			return false;
	return elf_update(elf, ELF_C_WRITE) >= 0;
}

/* By a file in memory, as libelf writes to files that can be sought in only. */
static int write_file(struct writer *w, uint32_t strtab, struct strbuf *out)
{
	own_fd int fd = memfd_create("object", MFD_CLOEXEC);
	char buf[4096];
	ssize_t n = 0;
	bool is_written;
	Elf *elf;

	if (fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_WRITE, NULL);
	is_written = elf && put_all(w, elf, strtab);
	elf_end(elf);
	if (!is_written)
		return -ENOMEM;
	for (off_t at = 0; (n = pread(fd, buf, sizeof(buf), at)) > 0; at += n)
		sb_add(out, buf, (size_t)n);
	return n < 0 ? -errno : 0;
}

static void destroy(struct writer *w)
{
	vec_each (s, &w->sections)
		sb_free(&s->bytes);
	sb_free(&w->names);
	strmap_free(&w->taken);
}

int image_to_elf(struct arena *a, const struct image *img, const struct elf_options *opts,
                 struct strbuf *out)
{
	const char *license = img->license ? img->license : "GPL";
	struct writer w = {.a = a,
	                   .img = img,
	                   .opts = opts,
	                   .lines = {.a = a, .diag = opts->diag},
	                   .lines_of = arena_array(a, struct program_lines, img->programs.n + 1),
	                   .places = arena_array(a, struct place *, img->programs.n + 1),
	                   .maps = arena_array(a, struct map_place, img->maps.n + 1)};
	uint32_t section;
	int err = 0;

	sb_reset(out);
	sb_addc(&w.names, '\0');
	add_section(&w, "", SHT_NULL, 0);
	add_symbol(&w, NULL, STB_LOCAL, STT_NOTYPE, SHN_UNDEF, 0, 0);
	elf_btf_begin(&w.btf, a);
	w.lines.strings = &w.btf.strings;
	find_data(&w);
	add_data(&w);
	add_subprograms(&w);
	w.n_local = (uint32_t)w.symbols.n;
	add_programs(&w);
	add_maps(&w);
	for (size_t i = 0; i < img->programs.n && !err; i++) {
		relocate_functions(&w, i);
		err = relocate_maps(&w, i);
	}
	if (2 * w.sections.n >= SHN_LORESERVE) /* each may get relocations */
		err = -E2BIG;
	section = add_section(&w, "license", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE);
	sb_add(&w.sections.items[section].bytes, license, strlen(license) + 1);
	add_types(&w);
	if (!err)
		err = write_file(&w, add_tables(&w), out);
	destroy(&w);
	return err;
}
