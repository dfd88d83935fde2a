/* A program's types by name.
 *
 * Input: `struct x`, `ns::Class`, an enumerator. Output: types. Units are walked one after the
 * other, only as deep as namespaces and classes go; the unit of the probed function comes first.
 * Names are compared before anything is made, answers are kept by whoever asks (types.c). */
#include "types/dwarf.h"

#include <string.h>

#include "base/die.h"
#include "base/strbuf.h"
#include "types/dwarf_priv.h"

struct name_search {
	struct dwarf_reader *r;
	enum type_kind kind;
	const char *wanted; /* perhaps qualified */
	const char *last;   /* the part behind the last `::` */
	struct strbuf path; /* "ns::Class::" of where the walk is; only for qualified names */
	Dwarf_Die found;
};

static bool is_kind(enum type_kind kind, int tag)
{
	bool is_struct = tag == DW_TAG_structure_type || tag == DW_TAG_class_type ||
	                 tag == DW_TAG_interface_type;

	switch (kind) {
	case TYPE_STRUCT:
		return is_struct;
	case TYPE_UNION:
		return tag == DW_TAG_union_type;
	case TYPE_ENUM:
		return tag == DW_TAG_enumeration_type;
	default: /* a bare name: in C++ that may be a class */
		return tag == DW_TAG_typedef || tag == DW_TAG_base_type || tag == DW_TAG_class_type;
	}
}

static bool holds_types(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_class_type || tag == DW_TAG_union_type || tag == DW_TAG_module;
}

static bool is_wanted(struct name_search *q, const char *name)
{
	size_t n, m;

	if (strcmp(name, q->last) != 0)
		return false;
	if (q->last == q->wanted)
		return true;
	n = q->path.n;
	m = (size_t)(q->last - q->wanted); /* "ns::" */
	return n >= m && !strncmp(sb_str(&q->path) + n - m, q->wanted, m) &&
	       (n == m || sb_str(&q->path)[n - m - 1] == ':');
}

static bool search_in(struct name_search *q, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die at;

	if (depth >= DIE_DEEPEST)
		return false;
	for (bool more = die_first(parent, &at); more; more = die_next(&at)) {
		int tag = dwarf_tag(&at);
		bool is_match = is_kind(q->kind, tag), may_hold = holds_types(tag);
		const char *name = is_match || may_hold ? dwarf_diename(&at) : NULL;
		size_t path_n = q->path.n;

		if (is_match && name && is_wanted(q, name) && !die_flag(&at, DW_AT_declaration)) {
			q->found = at;
			return true;
		}
		if (!may_hold || !dwarf_haschildren(&at))
			continue;
		if (q->last != q->wanted && name)
			sb_addf(&q->path, "%s::", name);
		if (search_in(q, &at, depth + 1))
			return true;
		if (q->path.n > path_n) {
			q->path.n = path_n;
			q->path.s[path_n] = '\0';
		}
	}
	return false;
}

/* Every unit of the program and of what dwz moved out of it. */
static bool each_unit(struct dwarf_reader *r, bool (*fn)(void *arg, Dwarf_Die *unit), void *arg)
{
	Dwarf *files[] = {r->dw, dwarf_getalt(r->dw)};
	Dwarf_Die die, split; /* of a skeleton, what is in its .dwo */
	uint8_t type;

	for (int i = 0; i < 2; i++)
		for (Dwarf_CU *cu = NULL;
		     files[i] && !dwarf_get_units(files[i], cu, &cu, NULL, &type, &die, &split);)
			if (fn(arg, type == DW_UT_skeleton && split.addr ? &split : &die))
				return true;
	return false;
}

static bool search_unit(void *arg, Dwarf_Die *unit)
{
	struct name_search *q = arg;

	sb_reset(&q->path);
	return search_in(q, unit, 0);
}

static const struct type *find(struct type_source *src, enum type_kind kind, const char *name)
{
	struct dwarf_reader *r = (struct dwarf_reader *)src;
	struct name_search q = {.r = r, .kind = kind, .wanted = name, .last = name};
	const char *colons;
	bool ok;

	while ((colons = strstr(q.last, "::")))
		q.last = colons + 2;
	ok = (r->near.addr && search_unit(&q, &r->near)) || each_unit(r, search_unit, &q);
	sb_free(&q.path);
	return ok ? dwarf_read_die(r, &q.found) : NULL;
}

const struct type *dwarf_origin_complete(const struct type_origin *from)
{
	const struct dwarf_origin *o = (const struct dwarf_origin *)from;
	Dwarf_Die die = o->die;
	const char *name;
	enum type_kind kind;

	if (!die_flag(&die, DW_AT_declaration))
		return dwarf_read_die(o->reader, &die);
	/* Only declared in its own unit: another one has its members. */
	name = die_name(&die);
	kind = dwarf_tag(&die) == DW_TAG_union_type         ? TYPE_UNION
	       : dwarf_tag(&die) == DW_TAG_enumeration_type ? TYPE_ENUM
	                                                    : TYPE_STRUCT;
	return name ? find(&o->reader->head, kind, name) : NULL;
}

/* ---- enumerators -------------------------------------------------------------------------- */

static void collect_enumerators(struct dwarf_reader *r, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die at, value;

	if (depth >= DIE_DEEPEST)
		return;
	for (bool more = die_first(parent, &at); more; more = die_next(&at)) {
		int tag = dwarf_tag(&at);

		if (holds_types(tag))
			collect_enumerators(r, &at, depth + 1);
		if (tag != DW_TAG_enumeration_type)
			continue;
		for (bool v = die_first(&at, &value); v; v = die_next(&value)) {
			const char *name = dwarf_diename(&value);

			if (name && !strmap_get(&r->enumerators, name))
				strmap_put(&r->enumerators, arena_strdup(r->ts->a, name),
				           arena_memdup(r->ts->a, &at, sizeof(at)));
		}
	}
}

static bool collect_unit(void *arg, Dwarf_Die *unit)
{
	collect_enumerators(arg, unit, 0);
	return false;
}

static const struct type *find_enumerator(struct type_source *src, const char *name)
{
	struct dwarf_reader *r = (struct dwarf_reader *)src;
	Dwarf_Die *die;

	if (!r->has_enumerators) {
		r->has_enumerators = true;
		if (r->near.addr)
			collect_unit(r, &r->near);
		each_unit(r, collect_unit, r);
	}
	die = strmap_get(&r->enumerators, name);
	return die ? dwarf_read_die(r, die) : NULL;
}

/* ---- the source --------------------------------------------------------------------------- */

static void free_reader(struct type_source *src)
{
	struct dwarf_reader *r = (struct dwarf_reader *)src;

	strmap_free(&r->made);
	strmap_free(&r->enumerators);
}

struct type_source *dwarf_types(struct types *ts, Dwarf *dw)
{
	struct dwarf_reader *r;

	vec_each (src, &ts->sources)
		if ((*src)->find == find && ((struct dwarf_reader *)*src)->dw == dw)
			return *src;
	r = arena_new(ts->a, struct dwarf_reader);
	r->head.find = find;
	r->head.find_enumerator = find_enumerator;
	r->head.free = free_reader;
	r->ts = ts;
	r->dw = dw;
	vec_push(ts->a, &ts->sources, &r->head);
	return &r->head;
}

void dwarf_types_near(struct type_source *src, Dwarf_Die *die)
{
	struct dwarf_reader *r = (struct dwarf_reader *)src;

	if (!die || !dwarf_diecu(die, &r->near, NULL, NULL))
		r->near = (Dwarf_Die){0};
}
