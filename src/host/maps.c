/* Maps: those of programs are read through the session, the host's own are values. */
#include <stdlib.h>
#include <string.h>

#include "host/internal.h"

/* ---- what programs leave --------------------------------------------------------------------- */

static struct value convert_fields(const struct type *t, const unsigned char *bytes)
{
	struct value list = value_new_list();

	for (uint32_t i = 0; i < t->n_fields; i++)
		value_list_add(list.list,
		               host_convert(t->fields[i].type, bytes + t->fields[i].off_b));
	return list;
}

struct value host_convert(const struct type *t, const void *bytes)
{
	t = type_strip(t);
	switch (t->kind) {
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_PTR:
	case TYPE_COUNT:
	case TYPE_SUM:
	case TYPE_MIN:
	case TYPE_MAX:
	case TYPE_AVG: {
		int64_t i = output_value_integer(t, bytes);

		return output_value_is_signed(t) ? value_int(i) : value_uint((uint64_t)i);
	}
	case TYPE_STATS: { /* count, average, total */
		uint64_t words[2];
		struct value list = value_new_list();

		memcpy(words, bytes, sizeof(words));
		value_list_add(list.list, value_uint(words[1]));
		value_list_add(list.list, value_int(output_value_integer(t, bytes)));
		value_list_add(list.list, value_uint(words[0]));
		return list;
	}
	case TYPE_STRING:
		return value_text_n(bytes, strnlen(bytes, t->size_b));
	case TYPE_TUPLE:
	case TYPE_RECORD:
		return convert_fields(t, bytes);
	default:
		return value_typed(t, bytes, image_value_size(t));
	}
}

/* ---- the host's own -------------------------------------------------------------------------- */

static struct value key_of(const struct value *keys, uint32_t n)
{
	struct value list;

	if (n == 1)
		return value_keep(keys[0]);
	list = value_new_list();
	for (uint32_t i = 0; i < n; i++)
		value_list_add(list.list, value_keep(keys[i]));
	return list;
}

/* Nobody else holds it: it may be changed. */
static struct value_map *own_map(struct host *h, uint32_t map)
{
	struct value *v = &h->maps[map];

	if (v->kind == VALUE_MAP && v->map->refs > 1) {
		struct value copy = value_new_map();

		for (size_t i = 0; i < v->map->n; i++)
			value_map_set(copy.map, value_keep(v->map->entries[i].key),
			              value_keep(v->map->entries[i].value));
		value_drop(*v);
		*v = copy;
	} else if (v->kind != VALUE_MAP) {
		value_drop(*v);
		*v = value_new_map();
	}
	return v->map;
}

void host_set(struct host *h, uint32_t map, const struct value *keys, uint32_t n, struct value v)
{
	if (n) {
		value_map_set(own_map(h, map), key_of(keys, n), v);
		return;
	}
	value_drop(h->maps[map]);
	h->maps[map] = v;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
	const struct image_var *var;
	struct value value; /* a map, or the one value */
};

static void add_entry(void *arg, const void *key, const void *value)
{
	struct reading *r = arg;
	struct value v = host_convert(r->var->value, value);

	if (r->var->key) {
		value_map_set(r->value.map, host_convert(r->var->key, key), v);
	} else {
		value_drop(r->value);
		r->value = v;
	}
}

struct value host_whole(struct host *h, uint32_t map, bool is_taken)
{
	const struct host_map *m = &h->code->maps.items[map];
	struct value whole;

	if (m->var != UINT32_MAX) {
		struct reading r = {.var = &h->img->vars.items[m->var]};

		r.value = r.var->key ? value_new_map() : value_none();
		h->world.read(h->world.arg, m->var, is_taken, add_entry, &r);
		return r.value;
	}
	whole = value_keep(h->maps[map]);
	if (is_taken)
		host_clear(h, map);
	return whole;
}

/* One value of a program's map: by the bytes of its key where they are plain to make. */
static bool make_key(const struct type *t, struct value v, unsigned char *bytes)
{
	t = type_strip(t);
	memset(bytes, 0, t->size_b);
	if (type_is_integer(t) || t->kind == TYPE_PTR) {
		int64_t i = value_to_int(v);

		memcpy(bytes, &i, t->size_b < 8 ? t->size_b : 8); /* little-endian */
		return value_is_number(v);
	}
	if (t->kind == TYPE_STRING && v.kind == VALUE_TEXT && v.text->len_b < t->size_b) {
		memcpy(bytes, v.text->s, v.text->len_b);
		return true;
	}
	if (v.kind == VALUE_TYPED && v.bytes->type->size_b == t->size_b) {
		memcpy(bytes, v.bytes->bytes, t->size_b);
		return true;
	}
	if ((t->kind == TYPE_TUPLE || t->kind == TYPE_RECORD) && v.kind == VALUE_LIST &&
	    v.list->n == t->n_fields) {
		for (uint32_t i = 0; i < t->n_fields; i++)
			if (!make_key(t->fields[i].type, v.list->items[i],
			              bytes + t->fields[i].off_b))
				return false;
		return true;
	}
	return false;
}

static struct value find_of_program(struct host *h, uint32_t var, struct value key)
{
	struct reading r = {.var = &h->img->vars.items[var], .value = value_none()};
	struct image_var as_scalar = *r.var;
	unsigned char *bytes;

	if (!r.var->key)
		return value_none();
	bytes = calloc(1, type_strip(r.var->key)->size_b + 8u);
	if (!bytes)
		abort();
	as_scalar.key = NULL;
	if (make_key(r.var->key, key, bytes)) {
		r.var = &as_scalar;
		h->world.find(h->world.arg, var, bytes, add_entry, &r);
	}
	free(bytes);
	return r.value;
}

struct value host_get(struct host *h, uint32_t map, const struct value *keys, uint32_t n)
{
	const struct host_map *m = &h->code->maps.items[map];
	struct value key, ret = value_none();
	const struct value_entry *e;

	if (!n)
		return host_whole(h, map, false);
	key = key_of(keys, n);
	if (m->var != UINT32_MAX) {
		ret = find_of_program(h, m->var, key);
	} else if (h->maps[map].kind == VALUE_MAP) {
		e = value_map_find(h->maps[map].map, key);
		ret = e ? value_keep(e->value) : value_none();
	}
	value_drop(key);
	return ret;
}

void host_clear(struct host *h, uint32_t map)
{
	const struct host_map *m = &h->code->maps.items[map];

	if (m->var != UINT32_MAX) {
		h->world.clear(h->world.arg, m->var);
		return;
	}
	value_drop(h->maps[map]);
	h->maps[map] = value_none();
}

bool host_delete(struct host *h, uint32_t map, struct value key)
{
	bool was_there = h->code->maps.items[map].var == UINT32_MAX &&
	                 h->maps[map].kind == VALUE_MAP && value_map_delete(own_map(h, map), key);

	value_drop(key);
	return was_there;
}
