/* What an object says about its maps and functions (Documentation/bpf/btf.rst).
 *
 * A map is a variable of section .maps whose type is a struct. Its members' types are the
 * definition: each is a pointer to an array, and the array's length is the number meant. A function
 * has a name and a prototype; without one the kernel takes no callback. */
#include "image/elf_btf.h"

#include <linux/btf.h>
#include <string.h>

#include "base/arena.h"

enum { TYPE_ID_LONG = 1, TYPE_ID_CHAR, TYPE_ID_VOID_PTR, TYPE_ID_MAIN, TYPE_ID_SUB };
enum { RING_B = 256 << 10 }; /* where the engine would decide: a power of 2, whole pages */

struct ext_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header_b;
	uint32_t func_off_b, func_len_b, line_off_b, line_len_b;
};

static uint32_t add_string(struct strbuf *strings, const char *s)
{
	uint32_t off_b = (uint32_t)strings->n;

	sb_add(strings, s, strlen(s) + 1);
	return off_b;
}

/* Returns the type's id. A name of NULL: none. */
static uint32_t add_type(struct elf_btf *b, const char *name, uint32_t kind, uint32_t vlen,
                         uint32_t size_or_type)
{
	struct btf_type t = {.name_off = name ? add_string(&b->strings, name) : 0,
	                     .info = kind << 24 | vlen,
	                     .size = size_or_type};

	sb_add(&b->types, &t, sizeof(t));
	return ++b->n_types;
}

static void add_int(struct elf_btf *b, const char *name, uint32_t size_b)
{
	uint32_t info = BTF_INT_SIGNED << 24 | size_b * 8;

	add_type(b, name, BTF_KIND_INT, 0, size_b);
	sb_add(&b->types, &info, sizeof(info));
}

void elf_btf_begin(struct elf_btf *b, struct arena *a)
{
	struct btf_param ctx = {.type = TYPE_ID_VOID_PTR};

	*b = (struct elf_btf){.a = a};
	sb_addc(&b->strings, '\0');
	add_int(b, "long", 8);
	add_int(b, "char", 1); /* arrays of it can be as long as any number */
	add_type(b, NULL, BTF_KIND_PTR, 0, 0);
	ctx.name_off = add_string(&b->strings, "ctx");
	add_type(b, NULL, BTF_KIND_FUNC_PROTO, 1, TYPE_ID_LONG);
	sb_add(&b->types, &ctx, sizeof(ctx));
	/* Static functions are checked against their callers, not against their prototypes. */
	add_type(b, NULL, BTF_KIND_FUNC_PROTO, 0, TYPE_ID_LONG);
}

/* ---- maps --------------------------------------------------------------------------------------
 */

static uint32_t add_number(struct elf_btf *b, uint32_t number)
{
	struct btf_array array = {
	    .type = TYPE_ID_CHAR, .index_type = TYPE_ID_CHAR, .nelems = number};
	uint32_t id = add_type(b, NULL, BTF_KIND_ARRAY, 0, 0);

	sb_add(&b->types, &array, sizeof(array));
	return add_type(b, NULL, BTF_KIND_PTR, 0, id);
}

uint32_t elf_btf_add_map(struct elf_btf *b, const char *name, const struct image_map *m,
                         uint32_t off_b)
{
	bool wants_size = m->type == BPF_MAP_TYPE_RINGBUF && !m->max_entries;
	const struct {
		const char *name;
		uint32_t number;
	} fields[] = {
	    {"type", m->type},
	    {"key_size", m->key_size_b},
	    {"value_size", m->value_size_b},
	    {"max_entries", wants_size ? RING_B : m->max_entries},
	    {"map_flags", m->flags},
	};
	enum { N_FIELDS = sizeof(fields) / sizeof(*fields) };
	struct btf_member members[N_FIELDS];
	uint32_t n = 0, linkage = BTF_VAR_GLOBAL_ALLOCATED, id;

	for (size_t i = 0; i < N_FIELDS; i++) {
		if (!fields[i].number)
			continue;
		members[n] =
		    (struct btf_member){.name_off = add_string(&b->strings, fields[i].name),
		                        .type = add_number(b, fields[i].number),
		                        .offset = n * 64};
		n++;
	}
	id = add_type(b, NULL, BTF_KIND_STRUCT, n, n * 8);
	sb_add(&b->types, members, n * sizeof(*members));
	id = add_type(b, name, BTF_KIND_VAR, 0, id);
	sb_add(&b->types, &linkage, sizeof(linkage));
	vec_push(b->a, &b->maps,
	         ((struct elf_btf_map){.var = id, .off_b = off_b, .size_b = n * 8}));
	return n * 8;
}

static void add_maps_section(struct elf_btf *b)
{
	uint32_t size_b = b->maps.n ? vec_last(&b->maps).off_b + vec_last(&b->maps).size_b : 0;

	if (!b->maps.n)
		return;
	add_type(b, ".maps", BTF_KIND_DATASEC, (uint32_t)b->maps.n, size_b);
	vec_each (m, &b->maps) {
		struct btf_var_secinfo info = {
		    .type = m->var, .offset = m->off_b, .size = m->size_b};

		sb_add(&b->types, &info, sizeof(info));
	}
}

/* ---- functions ---------------------------------------------------------------------------------
 */

struct elf_btf_section *elf_btf_add_func(struct elf_btf *b, const char *section,
                                         uint32_t insn_off_b, const char *name, bool is_program)
{
	uint32_t linkage = is_program ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC;
	struct elf_btf_section *to = NULL;
	uint32_t id =
	    add_type(b, name, BTF_KIND_FUNC, linkage, is_program ? TYPE_ID_MAIN : TYPE_ID_SUB);

	vec_each (s, &b->sections)
		if (!strcmp(s->name, section))
			to = s;
	if (!to) {
		to = vec_add(b->a, &b->sections);
		*to = (struct elf_btf_section){.name = section};
	}
	vec_push(b->a, &to->funcs, ((struct elf_btf_func){insn_off_b, id}));
	return to;
}

/* One of .BTF.ext's tables: the size of a record, then for each section its name, how many records
 * it has, and those. Returns its length. */
static uint32_t add_table(struct elf_btf *b, struct strbuf *out, bool is_lines)
{
	uint32_t record_b = is_lines ? sizeof(struct bpf_line_info) : sizeof(struct elf_btf_func);
	size_t begin = out->n;

	sb_add(out, &record_b, sizeof(record_b));
	vec_each (s, &b->sections) {
		uint32_t n = (uint32_t)(is_lines ? s->lines.n : s->funcs.n);
		uint32_t head[2] = {add_string(&b->strings, s->name), n};

		if (!n)
			continue;
		sb_add(out, head, sizeof(head));
		sb_add(out, is_lines ? (const void *)s->lines.items : s->funcs.items,
		       (size_t)n * record_b);
	}
	return (uint32_t)(out->n - begin);
}

static void add_ext(struct elf_btf *b, struct strbuf *out)
{
	struct ext_header header = {
	    .magic = BTF_MAGIC, .version = BTF_VERSION, .header_b = sizeof(header)};
	own_strbuf struct strbuf tables = {0};

	header.func_len_b = add_table(b, &tables, false);
	header.line_off_b = header.func_len_b;
	header.line_len_b = add_table(b, &tables, true);
	sb_add(out, &header, sizeof(header));
	sb_add(out, tables.s, tables.n);
}

void elf_btf_end(struct elf_btf *b, struct strbuf *ret_btf, struct strbuf *ret_ext)
{
	struct btf_header header = {
	    .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(header)};

	add_maps_section(b);
	add_ext(b, ret_ext);
	header.type_len = header.str_off = (uint32_t)b->types.n;
	header.str_len = (uint32_t)b->strings.n;
	sb_add(ret_btf, &header, sizeof(header));
	sb_add(ret_btf, b->types.s, b->types.n);
	sb_add(ret_btf, b->strings.s, b->strings.n);
	sb_free(&b->types);
	sb_free(&b->strings);
}
