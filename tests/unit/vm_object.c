/* Objects: names of sections, what is read from objects built here byte by byte, and what is said
 * of bad ones. tests/vm/objects compares whole objects of compilers with libbpf. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <elf.h>
#include <linux/btf.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "bpf/insn.h"
#include "types/btf.h"
#include "vm/object.h"

/* ---- an object being built ------------------------------------------------------------------- */

enum { SECTIONS_MAX = 16 };

struct builder {
	struct {
		const char *name;
		Elf64_Shdr h;
		struct strbuf bytes;
	} sections[SECTIONS_MAX];
	uint32_t n_sections;
	struct strbuf symbols, names; /* .symtab, .strtab */
	struct strbuf types, strings; /* .BTF */
	uint32_t n_types;
	struct strbuf file;
};

static void begin(struct builder *b)
{
	Elf64_Sym none = {0};

	memset(b, 0, sizeof(*b));
	b->n_sections = 1;
	sb_add(&b->symbols, &none, sizeof(none));
	sb_addc(&b->names, '\0');
	sb_addc(&b->strings, '\0');
}

static uint32_t add_section(struct builder *b, const char *name, uint32_t type, uint64_t flags,
                            const void *bytes, size_t len_b)
{
	uint32_t index = b->n_sections++;

	assert_true(index < SECTIONS_MAX - 4);
	b->sections[index].name = name;
	b->sections[index].h.sh_type = type;
	b->sections[index].h.sh_flags = flags;
	b->sections[index].h.sh_size = len_b;
	if (type != SHT_NOBITS)
		sb_add(&b->sections[index].bytes, bytes, len_b);
	return index;
}

#define add_code(b, name, insns)                                                                   \
	add_section((b), (name), SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, (insns), sizeof(insns))

static uint32_t add_name(struct strbuf *names, const char *name)
{
	uint32_t off = (uint32_t)names->n;

	sb_add(names, name, strlen(name) + 1);
	return off;
}

static uint32_t add_symbol(struct builder *b, const char *name, uint32_t section, uint8_t bind,
                           uint8_t type, uint64_t value, uint64_t size_b)
{
	Elf64_Sym s = {.st_name = add_name(&b->names, name),
	               .st_info = ELF64_ST_INFO(bind, type),
	               .st_shndx = (uint16_t)section,
	               .st_value = value,
	               .st_size = size_b};

	sb_add(&b->symbols, &s, sizeof(s));
	return (uint32_t)(b->symbols.n / sizeof(s)) - 1;
}

static uint32_t add_func(struct builder *b, const char *name, uint32_t section, uint32_t slot,
                         uint32_t n)
{
	return add_symbol(b, name, section, STB_GLOBAL, STT_FUNC, slot * 8, n * 8);
}

static uint32_t add_relocs(struct builder *b, uint32_t section, const Elf64_Rel *rels, size_t n)
{
	uint32_t index = add_section(b, ".rel", SHT_REL, 0, rels, n * sizeof(*rels));

	b->sections[index].h.sh_info = section;
	return index;
}

static void add_reloc(struct builder *b, uint32_t section, uint32_t slot, uint32_t type,
                      uint32_t symbol)
{
	Elf64_Rel rel = {.r_offset = slot * 8, .r_info = ELF64_R_INFO((uint64_t)symbol, type)};

	add_relocs(b, section, &rel, 1);
}

/* One BTF record; `extra` are the words behind its head. */
static uint32_t add_type(struct builder *b, const char *name, uint32_t kind, uint32_t vlen,
                         uint32_t size_or_type, const uint32_t *extra, size_t n_extra)
{
	struct btf_type t = {.name_off = *name ? add_name(&b->strings, name) : 0,
	                     .info = kind << 24 | vlen,
	                     .size = size_or_type};

	sb_add(&b->types, &t, sizeof(t));
	sb_add(&b->types, extra, n_extra * sizeof(*extra));
	return ++b->n_types;
}

#define WORDS(...) (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4

static void finish_btf(struct builder *b, struct strbuf *out)
{
	struct btf_header h = {.magic = BTF_MAGIC,
	                       .version = BTF_VERSION,
	                       .hdr_len = sizeof(h),
	                       .type_len = (uint32_t)b->types.n,
	                       .str_off = (uint32_t)b->types.n,
	                       .str_len = (uint32_t)b->strings.n};

	sb_add(out, &h, sizeof(h));
	sb_add(out, b->types.s, b->types.n);
	sb_add(out, b->strings.s, b->strings.n);
}

static void add_btf(struct builder *b)
{
	uint32_t index = add_section(b, ".BTF", SHT_PROGBITS, 0, "", 0);

	finish_btf(b, &b->sections[index].bytes);
}

static void finish(struct builder *b)
{
	uint32_t symtab = b->n_sections, strtab = symtab + 1, n = strtab + 1;
	Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
	                .e_type = ET_REL,
	                .e_machine = 247,
	                .e_version = 1,
	                .e_ehsize = sizeof(h),
	                .e_shentsize = sizeof(Elf64_Shdr),
	                .e_shnum = (uint16_t)n,
	                .e_shstrndx = (uint16_t)strtab};

	b->sections[symtab].name = ".symtab";
	b->sections[symtab].h = (Elf64_Shdr){.sh_type = SHT_SYMTAB, .sh_link = strtab};
	sb_add(&b->sections[symtab].bytes, b->symbols.s, b->symbols.n);
	b->sections[strtab].name = ".strtab";
	b->sections[strtab].h.sh_type = SHT_STRTAB;
	for (uint32_t i = 1; i < n; i++)
		b->sections[i].h.sh_name = add_name(&b->names, b->sections[i].name);
	sb_add(&b->sections[strtab].bytes, b->names.s, b->names.n);
	sb_add(&b->file, &h, sizeof(h));
	for (uint32_t i = 1; i < n; i++) {
		Elf64_Shdr *s = &b->sections[i].h;

		sb_pad(&b->file, '\0', -b->file.n & 7);
		s->sh_offset = b->file.n;
		if (s->sh_type != SHT_NOBITS)
			s->sh_size = b->sections[i].bytes.n;
		if (s->sh_type == SHT_REL)
			s->sh_link = symtab;
		sb_add(&b->file, b->sections[i].bytes.s, b->sections[i].bytes.n);
	}
	sb_pad(&b->file, '\0', -b->file.n & 7);
	((Elf64_Ehdr *)b->file.s)->e_shoff = b->file.n;
	for (uint32_t i = 0; i < n; i++)
		sb_add(&b->file, &b->sections[i].h, sizeof(Elf64_Shdr));
}

static void destroy(struct builder *b)
{
	for (uint32_t i = 0; i < SECTIONS_MAX; i++)
		sb_free(&b->sections[i].bytes);
	sb_free(&b->symbols);
	sb_free(&b->names);
	sb_free(&b->types);
	sb_free(&b->strings);
	sb_free(&b->file);
}

/* ---- an object read ----------------------------------------------------------------------------
 */

struct result {
	struct arena *a;
	struct vm_object *o;
	struct strbuf why;
};

static int try_open(struct builder *b, struct result *ret, const struct vm_object_options *opts)
{
	memset(ret, 0, sizeof(*ret));
	ret->a = arena_create();
	finish(b);
	return vm_object_open(ret->a, b->file.s, b->file.n, opts, &ret->o, &ret->why);
}

static struct vm_object *open_good(struct builder *b, struct result *ret)
{
	if (try_open(b, ret, NULL))
		fail_msg("refused: %s", sb_str(&ret->why));
	return ret->o;
}

static void done(struct builder *b, struct result *r)
{
	if (r->o)
		vm_object_close(r->o);
	sb_free(&r->why);
	arena_destroy(r->a);
	destroy(b);
}

static void expect_refusal(struct builder *b, const char *text)
{
	struct result r;

	assert_true(try_open(b, &r, NULL) < 0);
	if (!strstr(sb_str(&r.why), text))
		fail_msg("\"%s\" does not say \"%s\"", sb_str(&r.why), text);
	assert_null(strchr(sb_str(&r.why), '\n'));
	done(b, &r);
}

static const struct bpf_insn exit_0[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K},
                                         {.code = BPF_JMP | BPF_EXIT}};

#define LDDW(reg, low)                                                                             \
	{.code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = (reg), .imm = (low)},                       \
	{                                                                                          \
		0                                                                                  \
	}
#define CALL(to)                                                                                   \
	{                                                                                          \
		.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = (to)                \
	}
#define EXIT                                                                                       \
	{                                                                                          \
		.code = BPF_JMP | BPF_EXIT                                                         \
	}

/* ---- names -------------------------------------------------------------------------------------
 */

static void names_of_sections_mean_what_libbpf_says(void **state)
{
	static const struct {
		const char *name;
		uint32_t type, attach_type, flags;
		const char *rest;
		bool wants_btf_id;
	} rows[] = {
	    {"socket", BPF_PROG_TYPE_SOCKET_FILTER, 0, 0, NULL, false},
	    {"kprobe", BPF_PROG_TYPE_KPROBE, 0, 0, NULL, false},
	    {"kprobe/vfs_read", BPF_PROG_TYPE_KPROBE, 0, 0, "vfs_read", false},
	    {"kprobe.multi/vfs_*", BPF_PROG_TYPE_KPROBE, 42, 0, "vfs_*", false},
	    {"uprobe.multi.s//bin/sh:main", BPF_PROG_TYPE_KPROBE, 48, BPF_F_SLEEPABLE,
	     "/bin/sh:main", false},
	    {"usdt.s/a:b:c", BPF_PROG_TYPE_KPROBE, 0, BPF_F_SLEEPABLE, "a:b:c", false},
	    {"tc", BPF_PROG_TYPE_SCHED_CLS, 0, 0, NULL, false},
	    {"tc/ingress", BPF_PROG_TYPE_SCHED_CLS, 46, 0, "ingress", false},
	    {"action", BPF_PROG_TYPE_SCHED_ACT, 0, 0, NULL, false},
	    {"netkit/peer", BPF_PROG_TYPE_SCHED_CLS, 55, 0, "peer", false},
	    {"xdp", BPF_PROG_TYPE_XDP, 37, 0, NULL, false},
	    {"xdp.frags/devmap", BPF_PROG_TYPE_XDP, 33, BPF_F_XDP_HAS_FRAGS, "devmap", false},
	    {"raw_tp.w/x", BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 0, 0, "x", false},
	    {"tp_btf/sched_switch", BPF_PROG_TYPE_TRACING, 23, 0, "sched_switch", true},
	    {"fentry.s/f", BPF_PROG_TYPE_TRACING, 24, BPF_F_SLEEPABLE, "f", true},
	    {"fmod_ret/f", BPF_PROG_TYPE_TRACING, 26, 0, "f", true},
	    {"freplace/f", BPF_PROG_TYPE_EXT, 0, 0, "f", true},
	    {"lsm_cgroup/socket_bind", BPF_PROG_TYPE_LSM, 43, 0, "socket_bind", true},
	    {"iter.s/task", BPF_PROG_TYPE_TRACING, 28, BPF_F_SLEEPABLE, "task", true},
	    {"syscall", BPF_PROG_TYPE_SYSCALL, 0, BPF_F_SLEEPABLE, NULL, false},
	    {"sk_reuseport/migrate", BPF_PROG_TYPE_SK_REUSEPORT, 40, 0, "migrate", false},
	    {"sk_reuseport", BPF_PROG_TYPE_SK_REUSEPORT, 39, 0, NULL, false},
	    {"cgroup/skb", BPF_PROG_TYPE_CGROUP_SKB, 0, 0, "skb", false},
	    {"cgroup/connect_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 49, 0, "connect_unix", false},
	    {"cgroup/dev", BPF_PROG_TYPE_CGROUP_DEVICE, 6, 0, "dev", false},
	    {"struct_ops.s/init", BPF_PROG_TYPE_STRUCT_OPS, 0, BPF_F_SLEEPABLE, "init", false},
	    {"netfilter", 32, 45, 0, NULL, false},
	    {"?tc", BPF_PROG_TYPE_SCHED_CLS, 0, 0, NULL, false},
	};
	static const char *const unknown[] = {"",        "xdp/", "xdp2",         "kprobes/x",
	                                      "socket1", "tc/x", "cgroup/other", "fentryx/f"};
	struct vm_section s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!vm_section_parse(rows[i].name, &s))
			fail_msg("%s is not known", rows[i].name);
		if (s.type != rows[i].type || s.attach_type != rows[i].attach_type ||
		    s.flags != rows[i].flags || s.wants_btf_id != rows[i].wants_btf_id)
			fail_msg("%s: %u %u %u", rows[i].name, s.type, s.attach_type, s.flags);
		if (rows[i].rest)
			assert_string_equal(s.rest, rows[i].rest);
		else
			assert_null(s.rest);
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		if (vm_section_parse(unknown[i], &s))
			fail_msg("\"%s\" is no name of a section", unknown[i]);
}

static void kinds_have_names(void **state)
{
	uint32_t type;

	(void)state;
	for (uint32_t i = 0; i <= 32; i++) {
		assert_string_not_equal(vm_program_type_name(i), "unknown");
		assert_true(vm_program_type_find(vm_program_type_name(i), &type));
		assert_int_equal(type, i);
	}
	assert_string_equal(vm_program_type_name(33), "unknown");
	assert_false(vm_program_type_find("XDP", &type));
	assert_true(vm_program_type_find("cgroup_sock_addr", &type));
	assert_int_equal(type, BPF_PROG_TYPE_CGROUP_SOCK_ADDR);
}

/* ---- programs ----------------------------------------------------------------------------------
 */

static void a_program_has_its_sections_kind(void **state)
{
	struct builder b;
	struct result r;
	struct vm_object *o;
	uint32_t code;

	(void)state;
	begin(&b);
	code = add_code(&b, "xdp.frags", exit_0);
	add_func(&b, "main", code, 0, 2);
	add_section(&b, "license", SHT_PROGBITS, 0, "Dual MIT/GPL", 13);
	o = open_good(&b, &r);
	assert_int_equal(o->n_programs, 1);
	assert_string_equal(o->programs[0].name, "main");
	assert_string_equal(o->programs[0].section, "xdp.frags");
	assert_int_equal(o->programs[0].type, BPF_PROG_TYPE_XDP);
	assert_int_equal(o->programs[0].flags, BPF_F_XDP_HAS_FRAGS);
	assert_int_equal(o->programs[0].n_insns, 2);
	assert_true(o->programs[0].is_gpl);
	assert_string_equal(o->license, "Dual MIT/GPL");
	done(&b, &r);
}

static void an_unknown_section_needs_a_kind(void **state)
{
	struct vm_object_options opts = {.type = BPF_PROG_TYPE_UNSPEC};
	struct builder b;
	struct result r;

	(void)state;
	for (int is_given = 0; is_given < 2; is_given++) {
		begin(&b);
		add_func(&b, "main", add_code(&b, "mine", exit_0), 0, 2);
		assert_int_equal(!try_open(&b, &r, is_given ? &opts : NULL), is_given);
		if (!is_given)
			assert_non_null(strstr(sb_str(&r.why), "section \"mine\""));
		done(&b, &r);
	}
}

static void functions_follow_their_first_caller(void **state)
{
	/* .text: a calls c; b calls b; c */
	static const struct bpf_insn text[] = {CALL(3), EXIT, CALL(-1), EXIT, EXIT};
	/* tc: calls b by the section, a by name, and takes c's address */
	static const struct bpf_insn tc[] = {CALL(1), CALL(-1), LDDW(1, 32), EXIT};
	struct builder b;
	struct result r;
	struct vm_program *p;
	uint32_t t, c, section, a;

	(void)state;
	begin(&b);
	t = add_code(&b, ".text", text);
	c = add_code(&b, "tc", tc);
	section = add_symbol(&b, "", t, STB_LOCAL, STT_SECTION, 0, 0);
	a = add_func(&b, "a", t, 0, 2);
	add_func(&b, "b", t, 2, 2);
	add_func(&b, "c", t, 4, 1);
	add_func(&b, "entry", c, 0, 5);
	add_relocs(&b, c,
	           (const Elf64_Rel[]){{0, ELF64_R_INFO((uint64_t)section, 10)},
	                               {8, ELF64_R_INFO((uint64_t)a, 10)},
	                               {16, ELF64_R_INFO((uint64_t)section, 1)}},
	           3);
	p = &open_good(&b, &r)->programs[0];
	assert_int_equal(r.o->n_programs, 1);
	assert_int_equal(p->n_funcs, 4);
	assert_string_equal(p->funcs[1].name, "b");
	assert_string_equal(p->funcs[2].name, "a");
	assert_string_equal(p->funcs[3].name, "c");
	assert_int_equal(p->n_insns, 10);
	assert_int_equal(p->insns[0].imm, 4); /* b at 5 */
	assert_int_equal(p->insns[1].imm, 5); /* a at 7 */
	assert_int_equal(p->insns[2].imm, 6); /* c at 9 */
	assert_int_equal(p->insns[2].src_reg, BPF_PSEUDO_FUNC);
	assert_int_equal(p->insns[5].imm, -1); /* itself */
	assert_int_equal(p->insns[7].imm, 1);  /* c */
	done(&b, &r);
}

static void in_text_alone_programs_are_what_nobody_calls(void **state)
{
	static const struct bpf_insn text[] = {EXIT, CALL(-2), EXIT};
	struct vm_object_options opts = {.type = BPF_PROG_TYPE_UNSPEC};
	struct builder b;
	struct result r;
	uint32_t t;

	(void)state;
	begin(&b);
	t = add_code(&b, ".text", text);
	add_func(&b, "callee", t, 0, 1);
	add_func(&b, "entry", t, 1, 2);
	assert_int_equal(try_open(&b, &r, &opts), 0);
	assert_int_equal(r.o->n_programs, 1);
	assert_string_equal(r.o->programs[0].name, "entry");
	assert_int_equal(r.o->programs[0].n_insns, 3);
	done(&b, &r);
}

/* ---- maps --------------------------------------------------------------------------------------
 */

static void variables_are_places_in_maps(void **state)
{
	static const struct bpf_insn code[] = {LDDW(1, 0), LDDW(2, 4), LDDW(3, 0), EXIT};
	struct builder b;
	struct result r;
	struct vm_object *o;
	const struct bpf_insn *i;
	uint32_t c, data, bss, rodata;

	(void)state;
	begin(&b);
	c = add_code(&b, "tc", code);
	data =
	    add_section(&b, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, "0123456789abcdef", 16);
	bss = add_section(&b, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 24);
	rodata = add_section(&b, ".rodata.x", SHT_PROGBITS, SHF_ALLOC, "ro", 2);
	add_func(&b, "main", c, 0, 7);
	add_relocs(
	    &b, c,
	    (const Elf64_Rel[]){
	        {0, ELF64_R_INFO((uint64_t)add_symbol(&b, "v", data, STB_GLOBAL, STT_OBJECT, 8, 4),
	                         1)},
	        {16,
	         ELF64_R_INFO((uint64_t)add_symbol(&b, "", bss, STB_LOCAL, STT_SECTION, 0, 0), 1)},
	        {32, ELF64_R_INFO(
	                 (uint64_t)add_symbol(&b, "c", rodata, STB_GLOBAL, STT_OBJECT, 0, 2), 1)}},
	    3);
	o = open_good(&b, &r);
	i = o->programs[0].insns;
	assert_int_equal(o->n_maps, 3);
	assert_int_equal(i[0].src_reg, BPF_PSEUDO_MAP_IDX_VALUE);
	assert_int_equal(i[0].imm, 0);
	assert_int_equal(i[1].imm, 8);
	assert_int_equal(i[2].imm, 1);
	assert_int_equal(i[3].imm, 4);
	assert_int_equal(i[4].imm, 2);
	assert_string_equal(o->maps[0]->name, ".data");
	assert_memory_equal(o->maps[0]->init, "0123456789abcdef", 16);
	assert_false(o->maps[0]->is_frozen);
	assert_int_equal(o->maps[1]->value_size_b, 24);
	assert_null(o->maps[1]->init);
	assert_true(o->maps[2]->is_frozen);
	assert_int_equal(o->maps[2]->flags, BPF_F_RDONLY_PROG);
	done(&b, &r);
}

static void older_maps_are_structs_of_numbers(void **state)
{
	static const struct bpf_insn code[] = {LDDW(1, 0), EXIT};
	static const uint32_t maps[] = {2, 4, 8, 1, 0, 1, 4, 8, 9, 1};
	struct builder b;
	struct result r;
	uint32_t c, m;

	(void)state;
	begin(&b);
	c = add_code(&b, "tc", code);
	m = add_section(&b, "maps", SHT_PROGBITS, SHF_ALLOC, maps, sizeof(maps));
	add_func(&b, "main", c, 0, 3);
	add_symbol(&b, "first", m, STB_GLOBAL, STT_OBJECT, 0, 20);
	add_reloc(&b, c, 0, 1, add_symbol(&b, "second", m, STB_GLOBAL, STT_OBJECT, 20, 20));
	open_good(&b, &r);
	assert_int_equal(r.o->n_maps, 2);
	assert_string_equal(r.o->maps[1]->name, "second");
	assert_int_equal(r.o->maps[1]->type, BPF_MAP_TYPE_HASH);
	assert_int_equal(r.o->maps[1]->max_entries, 9);
	assert_int_equal(r.o->maps[1]->flags, 1);
	assert_int_equal(r.o->programs[0].insns[0].src_reg, BPF_PSEUDO_MAP_IDX);
	assert_int_equal(r.o->programs[0].insns[0].imm, 1);
	done(&b, &r);
}

static void older_maps_of_maps_name_their_inner_one(void **state)
{
	/* iproute2: id 7; a map of maps of it */
	static const uint32_t maps[] = {2, 4, 8, 1, 0, 7, 0, 0, 0, 12, 4, 4, 5, 0, 8, 0, 7, 0};
	struct builder b;
	struct result r;
	uint32_t m;

	(void)state;
	begin(&b);
	add_func(&b, "main", add_code(&b, "tc", exit_0), 0, 2);
	m = add_section(&b, "maps", SHT_PROGBITS, SHF_ALLOC, maps, sizeof(maps));
	add_symbol(&b, "inner", m, STB_GLOBAL, STT_OBJECT, 0, 36);
	add_symbol(&b, "outer", m, STB_GLOBAL, STT_OBJECT, 36, 36);
	open_good(&b, &r);
	assert_null(r.o->maps[0]->inner);
	assert_ptr_equal(r.o->maps[1]->inner, r.o->maps[0]);
	done(&b, &r);
}

static void names_without_a_type_will_do_for_functions(void **state)
{
	static const struct bpf_insn code[] = {EXIT, EXIT};
	struct builder b;
	struct result r;
	uint32_t c;

	(void)state;
	begin(&b);
	c = add_code(&b, "tc", code);
	add_symbol(&b, "label", c, STB_LOCAL, STT_NOTYPE, 8, 0);
	add_symbol(&b, "entry", c, STB_GLOBAL, STT_NOTYPE, 0, 0);
	open_good(&b, &r);
	assert_int_equal(r.o->n_programs, 1);
	assert_string_equal(r.o->programs[0].name, "entry");
	assert_int_equal(r.o->programs[0].n_insns, 2);
	done(&b, &r);
	/* and none at all: the section's */
	begin(&b);
	add_code(&b, "xdp", code);
	open_good(&b, &r);
	assert_int_equal(r.o->n_programs, 1);
	assert_string_equal(r.o->programs[0].name, "xdp");
	done(&b, &r);
}

/* A variable of section .maps whose struct has the members `members` (name, type, offset) and one
 * program that names it. */
static void begin_map(struct builder *b, const char *const *names, const uint32_t *numbers,
                      size_t n)
{
	static const struct bpf_insn code[] = {LDDW(1, 0), EXIT};
	static const uint8_t zeros[64];
	uint32_t c, m, u32_type, type, var, words[3 * 8];

	begin(b);
	c = add_code(b, "tc", code);
	m = add_section(b, ".maps", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, zeros, n * 8);
	add_func(b, "main", c, 0, 3);
	add_reloc(b, c, 0, 1, add_symbol(b, "m", m, STB_GLOBAL, STT_OBJECT, 0, n * 8));
	u32_type = add_type(b, "unsigned int", BTF_KIND_INT, 0, 4, WORDS(32));
	for (size_t i = 0; i < n; i++) {
		uint32_t array =
		    add_type(b, "", BTF_KIND_ARRAY, 0, 0, WORDS(u32_type, u32_type, numbers[i]));

		words[3 * i] = add_name(&b->strings, names[i]);
		words[3 * i + 1] = add_type(b, "", BTF_KIND_PTR, 0, array, NULL, 0);
		words[3 * i + 2] = (uint32_t)i * 64;
	}
	type = add_type(b, "", BTF_KIND_STRUCT, (uint32_t)n, (uint32_t)n * 8, words, 3 * n);
	var = add_type(b, "m", BTF_KIND_VAR, 0, type, WORDS(1));
	add_type(b, ".maps", BTF_KIND_DATASEC, 1, 0, WORDS(var, 0, (uint32_t)n * 8));
	add_btf(b);
}

static void maps_are_defined_by_types(void **state)
{
	static const char *const names[] = {"type",        "key_size",  "value_size",
	                                    "max_entries", "map_flags", "pinning"};
	static const uint32_t numbers[] = {1, 4, 16, 10, 1, 1};
	struct builder b;
	struct result r;
	const struct vm_map_def *d;

	(void)state;
	begin_map(&b, names, numbers, 6);
	open_good(&b, &r);
	assert_int_equal(r.o->n_maps, 1);
	d = r.o->maps[0];
	assert_string_equal(d->name, "m");
	assert_int_equal(d->type, 1);
	assert_int_equal(d->key_size_b, 4);
	assert_int_equal(d->value_size_b, 16);
	assert_int_equal(d->max_entries, 10);
	assert_int_equal(d->flags, 1);
	done(&b, &r);
}

static void rings_are_whole_pages(void **state)
{
	static const char *const names[] = {"type", "max_entries"};
	static const uint32_t numbers[] = {BPF_MAP_TYPE_RINGBUF, 4097};
	struct builder b;
	struct result r;

	(void)state;
	begin_map(&b, names, numbers, 2);
	open_good(&b, &r);
	assert_int_equal(r.o->maps[0]->max_entries,
	                 sysconf(_SC_PAGESIZE) > 4096 ? sysconf(_SC_PAGESIZE) : 8192);
	done(&b, &r);
}

static void bad_definitions_of_maps_are_named(void **state)
{
	static const char *const unknown[] = {"type", "max_entriez"};
	static const char *const typeless[] = {"max_entries"};
	static const uint32_t numbers[] = {1, 2};
	struct builder b;

	(void)state;
	begin_map(&b, unknown, numbers, 2);
	expect_refusal(&b, "map \"m\": max_entriez: no such field");
	begin_map(&b, typeless, numbers, 1);
	expect_refusal(&b, "map \"m\": it has no type");
}

/* ---- bad objects -------------------------------------------------------------------------------
 */

/* One program in "tc" with one relocation of `type` for `slot`, by a symbol at `value` of .data. */
static void begin_reloc(struct builder *b, uint32_t slot, uint32_t type, uint64_t value)
{
	static const struct bpf_insn code[] = {LDDW(1, 0), CALL(-1), EXIT};
	uint32_t c, data;

	begin(b);
	c = add_code(b, "tc", code);
	data = add_section(b, ".data", SHT_PROGBITS, SHF_ALLOC, "01234567", 8);
	add_func(b, "main", c, 0, 4);
	add_reloc(b, c, slot, type, add_symbol(b, "v", data, STB_GLOBAL, STT_OBJECT, value, 4));
}

static void relocations_are_checked(void **state)
{
	struct builder b;
	uint32_t c;

	(void)state;
	begin_reloc(&b, 1, 1, 0);
	expect_refusal(&b,
	               "section \"tc\" offset 8: relocation by \"v\": in the middle of an lddw");
	begin_reloc(&b, 4, 1, 0);
	expect_refusal(&b, "offset 32: relocation by \"v\": no instruction begins there");
	begin_reloc(&b, 2, 10, 0);
	expect_refusal(&b, "offset 16: relocation by \"v\": calls something that is not code");
	begin_reloc(&b, 3, 1, 0);
	expect_refusal(&b,
	               "offset 24: relocation of type 1 by \"v\" cannot be applied to opcode 0x95");
	begin_reloc(&b, 0, 99, 0);
	expect_refusal(&b, "relocation of type 99");

	begin(&b);
	c = add_code(&b, "tc", exit_0);
	add_func(&b, "main", c, 0, 2);
	add_reloc(&b, c, 0, 1, 77);
	expect_refusal(&b, "relocation by symbol 77, which does not exist");
}

static void functions_are_checked(void **state)
{
	static const struct bpf_insn half[] = {LDDW(0, 0)};
	static const struct bpf_insn calls[] = {CALL(7), EXIT};
	struct builder b;
	uint32_t c;

	(void)state;
	begin(&b);
	c = add_code(&b, "tc", exit_0);
	add_func(&b, "one", c, 0, 2);
	add_func(&b, "two", c, 1, 1);
	expect_refusal(&b, "section \"tc\" offset 8: function \"two\" begins within \"one\"");
	begin(&b);
	add_func(&b, "main", add_code(&b, "tc", exit_0), 0, 3);
	expect_refusal(&b, "function \"main\" of 24 bytes reaches beyond the section");
	begin(&b);
	add_func(&b, "main", add_code(&b, "tc", half), 0, 1);
	expect_refusal(&b, "function \"main\" ends within an lddw");
	begin(&b);
	add_func(&b, "main", add_code(&b, "tc", calls), 0, 2);
	expect_refusal(
	    &b, "section \"tc\" offset 0: calls slot 8 of section \"tc\", where no function");
}

static void containers_are_checked(void **state)
{
	struct arena *a = arena_create();
	struct strbuf why = {0};
	struct builder b;
	struct vm_object *o;

	(void)state;
	begin(&b);
	add_func(&b, "main", add_code(&b, "tc", exit_0), 0, 2);
	finish(&b);
	assert_int_equal(vm_object_open(a, "#!/bin/sh", 9, NULL, &o, &why), -EINVAL);
	assert_string_equal(sb_str(&why), "offset 0: 9 bytes are too few for an ELF header");
	/* Every way of cutting it short is noticed, as the section headers are last. */
	for (size_t n = 0; n < b.file.n; n++) {
		char *copy = malloc(n + 1); /* of this very size, for tools that watch bounds */

		memcpy(copy, b.file.s, n);
		assert_true(vm_object_open(a, copy, n, NULL, &o, &why) < 0);
		assert_true(why.n > 0);
		free(copy);
	}
	b.file.s[4] = ELFCLASS32;
	assert_true(vm_object_open(a, b.file.s, b.file.n, NULL, &o, &why) < 0);
	assert_string_equal(sb_str(&why), "offset 4: not a 64-bit ELF file");
	b.file.s[4] = ELFCLASS64;
	((Elf64_Ehdr *)b.file.s)->e_machine = EM_X86_64;
	assert_true(vm_object_open(a, b.file.s, b.file.n, NULL, &o, &why) < 0);
	assert_string_equal(sb_str(&why), "offset 18: not for BPF (machine 62)");
	sb_free(&why);
	destroy(&b);
	arena_destroy(a);
}

/* ---- CO-RE -------------------------------------------------------------------------------------
 */

/* struct s { int a; int b; } of the object, in the kernel { long pad; unsigned a2; <b at 12> };
 * `kind` and `access` of the relocation for the instruction in `insn`. */
struct core_case {
	struct bpf_insn insn;
	uint32_t kind;
	const char *access;
	struct bpf_insn want;
	const char *why; /* refusal */
};

static void write_kernel(const char *path)
{
	struct builder k;
	struct strbuf out = {0};
	uint32_t u32_type, u64_type;
	FILE *f = fopen(path, "wb");

	begin(&k);
	u32_type = add_type(&k, "unsigned int", BTF_KIND_INT, 0, 4, WORDS(32));
	u64_type = add_type(&k, "unsigned long", BTF_KIND_INT, 0, 8, WORDS(64));
	add_type(&k, "s", BTF_KIND_STRUCT, 3, 24,
	         WORDS(add_name(&k.strings, "pad"), u64_type, 0, add_name(&k.strings, "b"),
	               u32_type, 12 * 8, add_name(&k.strings, "wide"), u64_type, 16 * 8));
	add_type(&k, "e", BTF_KIND_ENUM, 2, 4,
	         WORDS(add_name(&k.strings, "E_X"), 5, add_name(&k.strings, "E_ONE"), 41));
	finish_btf(&k, &out);
	assert_non_null(f);
	assert_int_equal(fwrite(out.s, 1, out.n, f), out.n);
	fclose(f);
	sb_free(&out);
	destroy(&k);
}

static void add_core(struct builder *b, uint32_t type, uint32_t kind, const char *access)
{
	uint32_t section = add_name(&b->strings, "tc");
	uint32_t relo[] = {16, section, 1, 0, type, add_name(&b->strings, access), kind};
	uint32_t head[8] = {BTF_MAGIC | 1 << 16, 32, 0, 0, 0, 0, 0, sizeof(relo)};
	struct strbuf bytes = {0};

	sb_add(&bytes, head, sizeof(head));
	sb_add(&bytes, relo, sizeof(relo));
	add_section(b, ".BTF.ext", SHT_PROGBITS, 0, bytes.s, bytes.n);
	sb_free(&bytes);
}

static void run_core(const struct core_case *t, const char *path)
{
	struct vm_object_options opts = {.kernel_btf_path = path, .type = UINT32_MAX};
	struct bpf_insn code[] = {t->insn, EXIT};
	uint32_t u32_type, type, enum_type;
	struct builder b;
	struct result r;

	begin(&b);
	add_func(&b, "main", add_code(&b, "tc", code), 0, 2);
	u32_type = add_type(&b, "unsigned int", BTF_KIND_INT, 0, 4, WORDS(32));
	type = add_type(&b, "s___mine", BTF_KIND_STRUCT, 3, 12,
	                WORDS(add_name(&b.strings, "gone"), u32_type, 0, add_name(&b.strings, "b"),
	                      u32_type, 32, add_name(&b.strings, "wide"), u32_type, 64));
	enum_type =
	    add_type(&b, "e", BTF_KIND_ENUM, 2, 4,
	             WORDS(add_name(&b.strings, "E_NONE"), 0, add_name(&b.strings, "E_ONE"), 1));
	add_core(&b, t->kind == 10 || t->kind == 11 ? enum_type : type, t->kind, t->access);
	add_btf(&b);
	if (try_open(&b, &r, &opts)) {
		if (!t->why || !strstr(sb_str(&r.why), t->why))
			fail_msg("kind %u %s: %s", t->kind, t->access, sb_str(&r.why));
	} else {
		if (t->why)
			fail_msg("kind %u %s: is taken", t->kind, t->access);
		if (memcmp(&r.o->programs[0].insns[0], &t->want, sizeof(t->want)))
			fail_msg("kind %u %s: off %d imm %d", t->kind, t->access,
			         r.o->programs[0].insns[0].off, r.o->programs[0].insns[0].imm);
		if (t->want.imm == 0xbad2310) {
			assert_int_equal(r.o->programs[0].n_notes, 1);
			assert_int_equal(r.o->programs[0].notes[0].pc, 0);
			assert_string_equal(r.o->programs[0].notes[0].text,
			                    t->kind == 11
			                        ? "the kernel has no \"enum e: E_NONE\""
			                        : "the kernel has no \"struct s___mine.gone\"");
		} else {
			assert_int_equal(r.o->programs[0].n_notes, 0);
		}
	}
	done(&b, &r);
}

static void core_relocations_take_the_kernels_types(void **state)
{
#define MOV(value)                                                                                 \
	{                                                                                          \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = (value)                  \
	}
#define LOAD(size, offset)                                                                         \
	{                                                                                          \
		.code = BPF_LDX | BPF_MEM | (size), .dst_reg = 1, .src_reg = 1, .off = (offset)    \
	}
#define POISON                                                                                     \
	{                                                                                          \
		.code = BPF_JMP | BPF_CALL, .imm = 0xbad2310                                       \
	}
	static const struct core_case cases[] = {
	    {MOV(4), 0, "0:1", MOV(12), NULL},                  /* offset */
	    {LOAD(BPF_W, 4), 0, "0:1", LOAD(BPF_W, 12), NULL},  /* in a load */
	    {LOAD(BPF_W, 8), 0, "0:2", LOAD(BPF_DW, 16), NULL}, /* which gets wider */
	    {MOV(16), 0, "1:1", MOV(36), NULL},                 /* of the second element */
	    {MOV(4), 1, "0:2", MOV(8), NULL},                   /* size */
	    {MOV(1), 2, "0:1", MOV(1), NULL},                   /* exists */
	    {MOV(1), 2, "0:0", MOV(0), NULL},                   /* doesn't */
	    {LOAD(BPF_W, 0), 0, "0:0", POISON, NULL},           /* and is loaded */
	    {MOV(0), 3, "0:1", MOV(0), NULL},                   /* signed */
	    {MOV(32), 4, "0:1", MOV(32), NULL},                 /* shifts */
	    {MOV(32), 5, "0:2", MOV(0), NULL},
	    {MOV(77), 6, "0", MOV(2), NULL}, /* ids: ours, theirs */
	    {MOV(77), 7, "0", MOV(3), NULL},
	    {MOV(1), 8, "0", MOV(1), NULL}, /* type: exists, size, matches */
	    {MOV(12), 9, "0", MOV(24), NULL},
	    {MOV(1), 12, "0", MOV(0), NULL}, /* "gone" is gone */
	    {MOV(1), 10, "0", MOV(0), NULL}, /* enumerators */
	    {MOV(1), 10, "1", MOV(1), NULL},
	    {MOV(1), 11, "1", MOV(41), NULL},
	    {MOV(0), 11, "0", POISON, NULL},
	    {MOV(5), 0, "0:1", POISON, "the instruction's immediate is not the value"},
	    {LOAD(BPF_W, 5), 0, "0:1", POISON, "the instruction's offset is not the field's"},
	    {LOAD(BPF_B, 8), 0, "0:2", POISON, "the load is not as wide as the field"},
	    {MOV(4), 0, "0:9", POISON, "the access does not fit the object's type"},
	    {MOV(4), 0, "0:1:", POISON, NULL},
	    {MOV(4), 0, "x", POISON, "the access does not fit the object's type"},
	    {MOV(4), 13, "0", POISON, "unknown kind"},
	    {EXIT, 0, "0:1", POISON, "the instruction is of no kind that has the value in it"},
	};
	char path[] = "/tmp/skep-btf-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_kernel(path);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct core_case t = cases[i];

		if (!strcmp(t.access, "0:1:")) /* a colon at the end says nothing */
			t.want = (struct bpf_insn)MOV(12);
		run_core(&t, path);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_of_sections_mean_what_libbpf_says),
	    cmocka_unit_test(kinds_have_names),
	    cmocka_unit_test(a_program_has_its_sections_kind),
	    cmocka_unit_test(an_unknown_section_needs_a_kind),
	    cmocka_unit_test(functions_follow_their_first_caller),
	    cmocka_unit_test(in_text_alone_programs_are_what_nobody_calls),
	    cmocka_unit_test(variables_are_places_in_maps),
	    cmocka_unit_test(older_maps_are_structs_of_numbers),
	    cmocka_unit_test(older_maps_of_maps_name_their_inner_one),
	    cmocka_unit_test(names_without_a_type_will_do_for_functions),
	    cmocka_unit_test(maps_are_defined_by_types),
	    cmocka_unit_test(rings_are_whole_pages),
	    cmocka_unit_test(bad_definitions_of_maps_are_named),
	    cmocka_unit_test(relocations_are_checked),
	    cmocka_unit_test(functions_are_checked),
	    cmocka_unit_test(containers_are_checked),
	    cmocka_unit_test(core_relocations_take_the_kernels_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
