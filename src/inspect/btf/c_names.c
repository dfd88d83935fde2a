/* Names: kernels have several types of one name, C has one of each. */
#include <stdlib.h>

#include "inspect/btf/c_writer.h"

static uint32_t hash_of(const char *s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	while (*s)
		h = (h ^ (uint8_t)*s++) * 16777619u;
	return h;
}

static struct c_name *slot_of(const struct c_names *n, const char *name)
{
	uint32_t i = hash_of(name) & (n->n_slots - 1);

	while (n->slots[i].name && strcmp(n->slots[i].name, name) != 0)
		i = (i + 1) & (n->n_slots - 1);
	return &n->slots[i];
}

static void grow(struct c_names *n)
{
	struct c_names larger = {.n_slots = n->n_slots ? n->n_slots * 2 : 1024, .n = n->n};

	larger.slots = calloc(larger.n_slots, sizeof(*larger.slots));
	if (!larger.slots)
		abort();
	for (uint32_t i = 0; i < n->n_slots; i++)
		if (n->slots[i].name)
			*slot_of(&larger, n->slots[i].name) = n->slots[i];
	free(n->slots);
	*n = larger;
}

uint32_t c_name_count(struct c_names *n, const char *name)
{
	struct c_name *slot;

	if (n->n >= n->n_slots / 4 * 3)
		grow(n);
	slot = slot_of(n, name);
	if (!slot->name) {
		slot->name = name;
		n->n++;
	}
	return ++slot->n_given;
}

static void write_numbered(struct c_writer *w, const char *name, uint32_t number)
{
	out_name(w->o, name);
	if (number > 1) {
		out_text(w->o, "___");
		out_uint(w->o, number);
	}
}

void c_write_name(struct c_writer *w, uint32_t id, const struct btf_record *r)
{
	const char *name = btf_string(w->file, r->name_off);

	if (!*name)
		return;
	if (!w->numbers[id])
		w->numbers[id] =
		    c_name_count(r->kind == BTF_KIND_TYPEDEF ? &w->idents : &w->tags, name);
	write_numbered(w, name, w->numbers[id]);
}

void c_write_enumerator(struct c_writer *w, const char *name)
{
	write_numbered(w, name, c_name_count(&w->idents, name));
}
