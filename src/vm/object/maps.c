/* Maps that BTF defines: each variable of section .maps is a struct whose members' *types* carry
 * the definition (bpf_helpers.h of libbpf has the macros):
 *
 *   int (*max_entries)[100];      a number: the length of an array behind a pointer
 *   struct key *key;              a type
 *   struct inner *values[];       what members of a map of maps look like, and with an initializer
 *   int (*values[])(void *ctx);   which ones are there; programs of a program array likewise
 *
 * The bytes of the section are all zero; the initializers of `values` are its relocations. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vm/object/object_priv.h"

/* A member's name with the place it is at, for messages. */
struct field {
	struct reader *r;
	const char *map, *name;
	struct walk_member m;
};

static int field_fail(const struct field *f, const char *reason)
{
	return object_fail(f->r, EINVAL, "map \"%s\": %s: %s", f->map, f->name, reason);
}

/* __uint(name, 5): the length of an array that is pointed to. */
static int read_number(const struct field *f, uint32_t *ret)
{
	struct btf_record rec;

	if (!walk_strip(f->r->btf, f->m.type, NULL, &rec) || rec.kind != BTF_KIND_PTR ||
	    !walk_strip(f->r->btf, rec.size_or_type, NULL, &rec) || rec.kind != BTF_KIND_ARRAY)
		return field_fail(f, "not a number (a pointer to an array)");
	*ret = ((const struct btf_array *)rec.extra)->nelems;
	return 0;
}

/* __ulong(name, 5): the only enumerator of an enum; __uint() will do as well. */
static int read_long(const struct field *f, uint64_t *ret)
{
	struct btf_record rec;
	uint32_t number;
	int err;

	if (walk_strip(f->r->btf, f->m.type, NULL, &rec) && rec.vlen == 1) {
		if (rec.kind == BTF_KIND_ENUM) {
			*ret = (uint32_t)((const struct btf_enum *)rec.extra)->val;
			return 0;
		}
		if (rec.kind == BTF_KIND_ENUM64) {
			const struct btf_enum64 *e = rec.extra;

			*ret = (uint64_t)e->val_hi32 << 32 | e->val_lo32;
			return 0;
		}
	}
	err = read_number(f, &number);
	if (!err)
		*ret = number;
	return err;
}

/* __type(name, T) */
static int read_type(const struct field *f, uint32_t *ret_id, uint32_t *ret_size_b)
{
	struct btf_record rec;
	uint64_t size_b;

	if (!walk_strip(f->r->btf, f->m.type, NULL, &rec) || rec.kind != BTF_KIND_PTR)
		return field_fail(f, "not a type (a pointer to it)");
	if (!walk_size(f->r->btf, rec.size_or_type, &size_b) || size_b > UINT32_MAX)
		return field_fail(f, "the type has no size");
	if (*ret_size_b && *ret_size_b != size_b)
		return field_fail(f, "its size is not the one given beside it");
	*ret_id = rec.size_or_type;
	*ret_size_b = (uint32_t)size_b;
	return 0;
}

static int read_size(const struct field *f, uint32_t *size_b)
{
	uint32_t number;
	int err = read_number(f, &number);

	if (err)
		return err;
	if (*size_b && *size_b != number)
		return field_fail(f, "not the size of the type given beside it");
	*size_b = number;
	return 0;
}

static int read_definition(struct reader *r, const char *name, uint32_t type,
                           struct vm_map_def *def, struct object_map *outer);

static bool is_map_of_maps(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* __array(values, T): always the last member; `outer` is NULL within an inner map. */
static int read_values(const struct field *f, struct vm_map_def *def, struct object_map *outer)
{
	const struct btf_array *array;
	struct vm_map_def *inner;
	struct btf_record rec;

	if (!outer)
		return field_fail(f, "maps of maps of maps do not exist");
	if (!is_map_of_maps(def->type) && def->type != BPF_MAP_TYPE_PROG_ARRAY)
		return field_fail(f, "this type of map has no members that can be named");
	if (!walk_strip(f->r->btf, f->m.type, NULL, &rec) || rec.kind != BTF_KIND_ARRAY)
		return field_fail(f, "not an array");
	array = rec.extra;
	if (array->nelems)
		return field_fail(f, "an array with a length");
	if (def->value_size_b && def->value_size_b != 4)
		return field_fail(f, "values are 4 bytes");
	if (!walk_strip(f->r->btf, array->type, NULL, &rec) || rec.kind != BTF_KIND_PTR ||
	    !walk_strip(f->r->btf, rec.size_or_type, NULL, &rec))
		return field_fail(f, "not an array of pointers");
	def->value_size_b = 4;
	outer->has_values = true;
	outer->values_b = f->m.bit_off / 8;
	if (def->type == BPF_MAP_TYPE_PROG_ARRAY) {
		if (rec.kind != BTF_KIND_FUNC_PROTO)
			return field_fail(f, "not pointers to functions");
		return 0;
	}
	inner = arena_new(f->r->a, struct vm_map_def);
	inner->name = arena_printf(f->r->a, "%s.inner", f->map);
	def->inner = inner;
	if (rec.kind != BTF_KIND_STRUCT)
		return field_fail(f, "not pointers to definitions of maps");
	walk_strip(f->r->btf, array->type, NULL, &rec);
	return read_definition(f->r, inner->name, rec.size_or_type, inner, NULL);
}

static int read_field(const struct field *f, struct vm_map_def *def, struct object_map *outer)
{
	uint32_t ignored;

	if (!strcmp(f->name, "type"))
		return read_number(f, &def->type);
	if (!strcmp(f->name, "max_entries"))
		return read_number(f, &def->max_entries);
	if (!strcmp(f->name, "map_flags"))
		return read_number(f, &def->flags);
	if (!strcmp(f->name, "map_extra"))
		return read_long(f, &def->extra);
	if (!strcmp(f->name, "key_size"))
		return read_size(f, &def->key_size_b);
	if (!strcmp(f->name, "value_size"))
		return read_size(f, &def->value_size_b);
	if (!strcmp(f->name, "key"))
		return read_type(f, &def->key_type, &def->key_size_b);
	if (!strcmp(f->name, "value"))
		return read_type(f, &def->value_type, &def->value_size_b);
	if (!strcmp(f->name, "values"))
		return read_values(f, def, outer);
	/* Where the map is pinned and which memory it is in make no difference here. */
	if (!strcmp(f->name, "pinning") || !strcmp(f->name, "numa_node"))
		return read_number(f, &ignored);
	return field_fail(f, "no such field of a map's definition");
}

static uint32_t cpu_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	return n > 0 ? (uint32_t)n : 1;
}

/* What loaders fill in, as the kernel insists on it. */
static void complete_definition(struct vm_map_def *def)
{
	uint64_t page_b = (uint64_t)sysconf(_SC_PAGESIZE), n = def->max_entries;

	switch (def->type) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		def->max_entries = n ? (uint32_t)n : cpu_count();
		def->key_size_b = def->key_size_b ? def->key_size_b : 4;
		def->value_size_b = def->value_size_b ? def->value_size_b : 4;
		break;
	case BPF_MAP_TYPE_RINGBUF: /* a power of 2 and whole pages */
		for (uint64_t size_b = page_b; n && size_b <= UINT32_MAX; size_b *= 2) {
			if (size_b >= n) {
				def->max_entries = (uint32_t)size_b;
				break;
			}
		}
		break;
	default:
		break;
	}
}

static int read_definition(struct reader *r, const char *name, uint32_t type,
                           struct vm_map_def *def, struct object_map *outer)
{
	struct field f = {.r = r, .map = name};
	struct btf_record rec;

	if (!walk_strip(r->btf, type, NULL, &rec) || rec.kind != BTF_KIND_STRUCT)
		return object_fail(r, EINVAL, "map \"%s\": its BTF type, %u, is not a struct", name,
		                   type);
	def->btf = r->btf;
	for (uint32_t i = 0; walk_member(r->btf, &rec, i, &f.m); i++) {
		int err;

		f.name = f.m.name;
		if (!strcmp(f.name, "values") && i != rec.vlen - 1)
			return field_fail(&f, "not the last member");
		err = read_field(&f, def, outer);
		if (err)
			return err;
	}
	if (!def->type)
		return object_fail(r, EINVAL, "map \"%s\": it has no type", name);
	if (is_map_of_maps(def->type) && !def->value_size_b)
		def->value_size_b = 4;
	complete_definition(def);
	return 0;
}

static const struct elf_symbol *find_symbol(const struct reader *r, uint32_t section,
                                            const char *name)
{
	vec_each (s, &r->symbols)
		if (s->section == section && !strcmp(s->name, name))
			return s;
	return NULL;
}

static int read_variable(struct reader *r, uint32_t section, const struct btf_var_secinfo *info)
{
	const struct elf_section *s = &r->sections.items[section];
	const struct elf_symbol *sym;
	struct object_map map = {.section = section};
	struct btf_record var;
	uint64_t size_b;
	const char *name;
	int err;

	if (!btf_get(r->btf, info->type, &var) || var.kind != BTF_KIND_VAR)
		return object_fail(r, EINVAL, "section \"%s\": BTF type %u is not a variable",
		                   s->name, info->type);
	name = btf_string(r->btf, var.name_off);
	map.def = arena_new(r->a, struct vm_map_def);
	map.def->name = name;
	sym = find_symbol(r, section, name);
	map.offset_b = sym ? sym->value : info->offset;
	if (!walk_size(r->btf, var.size_or_type, &size_b))
		return object_fail(r, EINVAL, "map \"%s\": its BTF type has no size", name);
	map.size_b = size_b;
	if (map.offset_b > s->size_b || map.size_b > s->size_b - map.offset_b)
		return object_fail(r, EINVAL,
		                   "map \"%s\": %llu bytes at offset %llu reach beyond section "
		                   "\"%s\"",
		                   name, (unsigned long long)map.size_b,
		                   (unsigned long long)map.offset_b, s->name);
	if (maps_find(r, section, map.offset_b))
		return object_fail(
		    r, EINVAL, "map \"%s\": another map is at offset %llu of section \"%s\" too",
		    name, (unsigned long long)map.offset_b, s->name);
	err = read_definition(r, name, var.size_or_type, map.def, &map);
	if (err)
		return err;
	/* All of `values` that was initialized lies behind the struct. */
	if (map.has_values && sym && sym->size_b > map.size_b)
		map.size_b = sym->size_b;
	*vec_add(r->a, &r->maps) = map;
	return 0;
}

int maps_read(struct reader *r)
{
	uint32_t section = elf_find_section(r, ".maps"), id;
	const struct btf_var_secinfo *vars;
	struct btf_record rec;

	if (section == UINT32_MAX)
		return 0;
	if (!walk_datasec(r->btf, ".maps", &id, &rec))
		return object_fail(r, EINVAL,
		                   "section \".maps\": no BTF says what maps are in it (compile "
		                   "with -g)");
	vars = rec.extra;
	for (uint32_t i = 0; i < rec.vlen; i++) {
		int err = read_variable(r, section, &vars[i]);

		if (err)
			return err;
	}
	return 0;
}

struct object_map *maps_find(struct reader *r, uint32_t section, uint64_t offset_b)
{
	vec_each (m, &r->maps)
		if (m->section == section && offset_b >= m->offset_b &&
		    offset_b - m->offset_b < m->size_b)
			return m;
	return NULL;
}

/* The relocation of .maps that initializes one element of `values`. */
static int link_member(struct reader *r, uint32_t section, const struct elf_reloc *rel)
{
	struct object_map *map = maps_find(r, section, rel->offset_b), *inner;
	const struct elf_symbol *sym;
	const struct elf_section *s = &r->sections.items[section];
	struct vm_map_init init;
	uint64_t at, to;
	int err = elf_reloc_symbol(r, rel, section, &sym);

	if (err)
		return err;
	if (!map || !map->has_values || rel->offset_b - map->offset_b < map->values_b)
		return object_fail(r, EINVAL,
		                   "section \".maps\" offset %llu: relocation by \"%s\" where no "
		                   "member of a map is",
		                   (unsigned long long)rel->offset_b, sym->name);
	at = rel->offset_b - map->offset_b - map->values_b;
	init.index = (uint32_t)(at / 8);
	if (at % 8 || at / 8 >= map->def->max_entries)
		return object_fail(r, EINVAL,
		                   "section \".maps\" offset %llu: map \"%s\" has no member there",
		                   (unsigned long long)rel->offset_b, map->def->name);
	to = sym->value;
	if (sym->type == STT_SECTION && rel->has_addend)
		to += (uint64_t)rel->addend;
	else if (sym->type == STT_SECTION && s->data && s->size_b - rel->offset_b >= 8) {
		uint64_t field;

		memcpy(&field, s->data + rel->offset_b, sizeof(field));
		to += field;
	}
	if (is_map_of_maps(map->def->type)) {
		inner = sym->section == section ? maps_find(r, section, to) : NULL;
		if (!inner || inner->offset_b != to)
			return object_fail(r, EINVAL, "map \"%s\": member %u, \"%s\", is not a map",
			                   map->def->name, init.index, sym->name);
		init.target = (uint32_t)(inner - r->maps.items);
	} else {
		uint32_t code = functions_code(r, sym->section);
		uint32_t f = code == VM_NONE || to / 8 > UINT32_MAX
		                 ? VM_NONE
		                 : functions_find(r, code, (uint32_t)(to / 8));

		if (f == VM_NONE || to % 8 || !r->functions.items[f].is_entry ||
		    r->functions.items[f].first != to / 8)
			return object_fail(r, EINVAL,
			                   "map \"%s\": member %u, \"%s\", is not a program",
			                   map->def->name, init.index, sym->name);
		init.target = r->functions.items[f].program;
	}
	vec_push(r->a, &map->inits, init);
	return 0;
}

int maps_link(struct reader *r)
{
	uint32_t section = elf_find_section(r, ".maps");

	if (section == UINT32_MAX)
		return 0;
	for (uint32_t s = 0; (s = elf_next_reloc_section(r, section, s));) {
		for (uint64_t i = 0; i < elf_reloc_count(&r->sections.items[s]); i++) {
			struct elf_reloc rel;
			int err = elf_reloc_get(r, s, i, &rel);

			if (!err)
				err = link_member(r, section, &rel);
			if (err)
				return err;
		}
	}
	return 0;
}
