/* Functions of lists and maps. */
#include "host/internal.h"

/* A map as a list of (key, value); what is no list is one element. */
struct value host_as_list(struct value v)
{
	struct value list;

	if (v.kind == VALUE_LIST)
		return value_keep(v);
	list = value_new_list();
	if (v.kind == VALUE_MAP) {
		for (size_t i = 0; i < v.map->n; i++) {
			struct value pair = value_new_list();

			value_list_add(pair.list, value_keep(v.map->entries[i].key));
			value_list_add(pair.list, value_keep(v.map->entries[i].value));
			value_list_add(list.list, pair);
		}
	} else if (v.kind != VALUE_NONE) {
		value_list_add(list.list, value_keep(v));
	}
	return list;
}

struct value host_fn_keys(struct host *h, const struct value *args, uint32_t n)
{
	struct value seen = value_new_map(), list = value_new_list();

	(void)h;
	for (uint32_t a = 0; a < n; a++)
		for (size_t i = 0; args[a].kind == VALUE_MAP && i < args[a].map->n; i++) {
			struct value key = args[a].map->entries[i].key;

			if (value_map_find(seen.map, key))
				continue;
			value_map_set(seen.map, value_keep(key), value_none());
			value_list_add(list.list, value_keep(key));
		}
	value_drop(seen);
	return list;
}

struct value host_fn_values(struct host *h, const struct value *args, uint32_t n)
{
	struct value list = value_new_list();

	(void)h;
	(void)n;
	for (size_t i = 0; args[0].kind == VALUE_MAP && i < args[0].map->n; i++)
		value_list_add(list.list, value_keep(args[0].map->entries[i].value));
	return list;
}

/* Elements from..to of a list. */
static struct value part(struct value of, size_t from, size_t to)
{
	struct value all = host_as_list(of), ret = value_new_list();

	for (size_t i = from; i < to && i < all.list->n; i++)
		value_list_add(ret.list, value_keep(all.list->items[i]));
	value_drop(all);
	return ret;
}

static size_t length(struct value v)
{
	return v.kind == VALUE_LIST ? v.list->n : v.kind == VALUE_MAP ? v.map->n : 1;
}

struct value host_fn_first(struct host *h, const struct value *args, uint32_t n)
{
	int64_t most = value_to_int(args[1]);

	(void)h;
	(void)n;
	return part(args[0], 0, most > 0 ? (size_t)most : 0);
}

struct value host_fn_last(struct host *h, const struct value *args, uint32_t n)
{
	size_t len = length(args[0]);
	int64_t most = value_to_int(args[1]);

	(void)h;
	(void)n;
	return part(args[0], most <= 0 ? len : (size_t)most < len ? len - (size_t)most : 0, len);
}

struct value host_fn_reverse(struct host *h, const struct value *args, uint32_t n)
{
	struct value all = host_as_list(args[0]), ret = value_new_list();

	(void)h;
	(void)n;
	for (size_t i = all.list->n; i > 0; i--)
		value_list_add(ret.list, value_keep(all.list->items[i - 1]));
	value_drop(all);
	return ret;
}

struct value host_fn_push(struct host *h, const struct value *args, uint32_t n)
{
	struct value ret = part(args[0], 0, SIZE_MAX);

	(void)h;
	(void)n;
	value_list_add(ret.list, value_keep(args[1]));
	return ret;
}

struct value host_fn_has(struct host *h, const struct value *args, uint32_t n)
{
	bool has = args[0].kind == VALUE_MAP && value_map_find(args[0].map, args[1]);

	(void)h;
	(void)n;
	for (size_t i = 0; args[0].kind == VALUE_LIST && i < args[0].list->n; i++)
		has = has || !value_compare(args[0].list->items[i], args[1]);
	return value_int(has);
}
