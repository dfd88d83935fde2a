/* .BTF.ext (Documentation/bpf/btf.rst): for places in code, the function's type, the source line
 * and the CO-RE relocation. Three tables of one shape:
 *
 *   u32 record size; then per section: u32 name, u32 count, count records
 *
 * Records may be longer than known here; places are byte offsets into the section. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/object/object_priv.h"

struct table {
	const char *name;
	uint32_t off_b, len_b; /* behind the header */
	uint32_t record_b;     /* that we know */
	void (*add)(struct reader *r, struct code *c, uint32_t slot, const uint32_t *record);
};

static void add_func(struct reader *r, struct code *c, uint32_t slot, const uint32_t *record)
{
	vec_push(r->a, &c->funcs, ((struct object_func_info){slot, record[1]}));
}

static void add_line(struct reader *r, struct code *c, uint32_t slot, const uint32_t *record)
{
	struct object_line l = {.slot = slot,
	                        .file_off = record[1],
	                        .text_off = record[2],
	                        .line = BPF_LINE_INFO_LINE_NUM(record[3]),
	                        .column = BPF_LINE_INFO_LINE_COL(record[3])};

	vec_push(r->a, &c->lines, l);
}

static void add_core(struct reader *r, struct code *c, uint32_t slot, const uint32_t *record)
{
	struct object_core core = {
	    .slot = slot, .type_id = record[1], .access_off = record[2], .kind = record[3]};

	vec_push(r->a, &c->cores, core);
}

static int read_records(struct reader *r, const struct table *t, const uint8_t *at, uint32_t n,
                        uint32_t record_b, const char *section)
{
	uint32_t index = elf_find_section(r, section);
	uint32_t number = index == UINT32_MAX ? VM_NONE : functions_code(r, index);
	struct code *c = number == VM_NONE ? NULL : &r->codes.items[number];

	if (!c) /* of a section that a tool has taken away */
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t record[4];

		memcpy(record, at + (size_t)i * record_b, t->record_b);
		if (record[0] % 8 || record[0] / 8 >= c->n)
			return object_fail(r, EINVAL,
			                   "section \".BTF.ext\": %s %u of section \"%s\" is for "
			                   "offset %u, where no instruction is",
			                   t->name, i, section, record[0]);
		t->add(r, c, record[0] / 8, record);
	}
	return 0;
}

static int read_table(struct reader *r, const struct table *t, const uint8_t *data)
{
	const uint8_t *at = data + t->off_b, *end = at + t->len_b;
	uint32_t record_b, head[2];

	if (!t->len_b)
		return 0;
	if (t->len_b < 4)
		return object_fail(r, EINVAL, "section \".BTF.ext\": table of %s of %u bytes",
		                   t->name, t->len_b);
	memcpy(&record_b, at, 4);
	at += 4;
	if (record_b < t->record_b || record_b % 4)
		return object_fail(r, EINVAL, "section \".BTF.ext\": %ss of %u bytes", t->name,
		                   record_b);
	while (at < end) {
		int err;

		if (end - at < 8)
			return object_fail(
			    r, EINVAL, "section \".BTF.ext\" offset %zu: truncated table of %ss",
			    (size_t)(at - data), t->name);
		memcpy(head, at, 8);
		at += 8;
		if (head[1] > (size_t)(end - at) / record_b)
			return object_fail(r, EINVAL,
			                   "section \".BTF.ext\" offset %zu: %u %ss reach beyond "
			                   "their table",
			                   (size_t)(at - data), head[1], t->name);
		err = read_records(r, t, at, head[1], record_b, btf_string(r->btf, head[0]));
		if (err)
			return err;
		at += (size_t)head[1] * record_b;
	}
	return 0;
}

static int by_slot(const void *x, const void *y)
{
	const struct object_line *a = x, *b = y;

	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static void sort_lines(struct code *c)
{
	size_t n = 0;

	if (!c->lines.n)
		return;
	qsort(c->lines.items, c->lines.n, sizeof(*c->lines.items), by_slot);
	for (size_t i = 0; i < c->lines.n; i++) /* one per instruction */
		if (!n || c->lines.items[n - 1].slot != c->lines.items[i].slot)
			c->lines.items[n++] = c->lines.items[i];
	c->lines.n = n;
}

/* A hidden function is no more to the verifier than a static one: it is looked at where it is
 * called, not by itself. Its record is in our copy of the BTF. */
static void make_static(struct reader *r, uint32_t btf_id)
{
	struct btf_record rec;
	struct btf_type *head;

	if (!btf_get(r->btf, btf_id, &rec) || rec.kind != BTF_KIND_FUNC)
		return;
	head = (struct btf_type *)((uint8_t *)(uintptr_t)rec.extra - sizeof(*head));
	head->info = BTF_KIND_FUNC << 24 | BTF_FUNC_STATIC;
}

static void name_functions(struct reader *r)
{
	for (uint32_t i = 0; i < r->codes.n; i++) {
		vec_each (info, &r->codes.items[i].funcs) {
			uint32_t found = functions_find(r, i, info->slot);
			struct function *f;

			if (found == VM_NONE)
				continue;
			f = &r->functions.items[found];
			if (f->first != info->slot)
				continue;
			f->btf_id = info->btf_id;
			if (f->is_global && f->is_hidden)
				make_static(r, info->btf_id);
		}
	}
}

int ext_read(struct reader *r)
{
	uint32_t section = elf_find_section(r, ".BTF.ext"), word[8] = {0};
	const struct elf_section *s;
	uint32_t header_b;

	if (section == UINT32_MAX || !r->btf)
		return 0;
	s = &r->sections.items[section];
	if (!s->data || s->size_b < 24)
		return object_fail(r, EINVAL, "section %u \".BTF.ext\": %llu bytes are too few",
		                   section, (unsigned long long)s->size_b);
	/* magic, version and flags; header's size; three offsets and lengths */
	memcpy(word, s->data, s->size_b < sizeof(word) ? s->size_b : sizeof(word));
	header_b = word[1];
	if ((word[0] & 0xffff) != BTF_MAGIC || (word[0] >> 16 & 0xff) != BTF_VERSION ||
	    header_b < 24 || header_b > s->size_b)
		return object_fail(r, EINVAL,
		                   "section %u \".BTF.ext\" offset 0: no header of this "
		                   "version",
		                   section);
	if (header_b < 32)
		word[6] = word[7] = 0;

	struct table tables[] = {{"function type", word[2], word[3], 8, add_func},
	                         {"source line", word[4], word[5], 16, add_line},
	                         {"CO-RE relocation", word[6], word[7], 16, add_core}};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		uint64_t left_b = s->size_b - header_b;
		int err;

		if (tables[i].off_b > left_b || tables[i].len_b > left_b - tables[i].off_b)
			return object_fail(
			    r, EINVAL,
			    "section %u \".BTF.ext\": the table of %ss reaches beyond "
			    "it",
			    section, tables[i].name);
		err = read_table(r, &tables[i], s->data + header_b);
		if (err)
			return err;
	}
	for (uint32_t i = 0; i < r->codes.n; i++)
		sort_lines(&r->codes.items[i]);
	name_functions(r);
	return 0;
}
