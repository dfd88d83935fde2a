/* `map dump`: every entry of one map or of all that have the name. */
#include <stdio.h>
#include <string.h>

#include "inspect/map/data.h"
#include "inspect/map/entries.h"
#include "inspect/map/map.h"
#include "inspect/names.h"

struct dumping {
	struct inspect *x;
	uint32_t n; /* entries that could be read */
};

static int dump_entry(void *arg, struct open_map *m, int err)
{
	struct dumping *d = arg;

	if (err) {
		print_no_entry(d->x, m, err);
	} else {
		print_entry(d->x, m);
		d->n++;
	}
	return 0;
}

static int dump(struct inspect *x, struct open_map *m)
{
	bool is_plain = !x->is_json && !m->btf;
	struct dumping d = {.x = x};
	int status;

	if (m->info.type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY && m->info.value_size != 8)
		inspect_warn(x, "cannot read values from %s map with value_size != 8",
		             map_type_name(m->info.type));
	map_typed_begin(x, m);
	if (!is_plain)
		json_open(&x->json, '[');
	status = map_each(m, dump_entry, &d);
	if (!is_plain)
		json_close(&x->json, ']');
	map_typed_end(x, m);
	if (is_plain)
		printf("Found %u element%s\n", d.n, d.n == 1 ? "" : "s");
	return status;
}

/* One of several: its entries are a member. */
static int dump_with_header(struct inspect *x, struct open_map *m)
{
	char name[BPF_OBJ_NAME_LEN + 1] = {0};
	struct json_writer *j = &x->json;
	int status;

	memcpy(name, m->info.name, BPF_OBJ_NAME_LEN);
	if (x->is_json)
		json_open(j, '{');
	show_identity(x, m->info.id, map_type_name(m->info.type), m->info.type, name);
	if (x->is_json) {
		json_member_uint(j, "flags", m->info.map_flags);
		json_key(j, "elements");
	} else {
		printf("flags 0x%x\n", m->info.map_flags);
	}
	status = dump(x, m);
	if (x->is_json)
		json_close(j, '}');
	return status;
}

int map_dump(struct inspect *x, struct words *w)
{
	fd_list fds = {0};
	int n, status = 0;

	if (w->n != 2)
		return inspect_say_usage(x, &map_object);
	n = maps_of(x, w, &fds);
	if (n < 0)
		return n;
	if (x->is_json && n > 1)
		json_open(&x->json, '[');
	for (int i = 0; i < n && !status; i++) {
		struct open_map m;

		status = map_open_fd(x, fds.items[i], true, &m);
		if (status)
			break;
		status = n > 1 ? dump_with_header(x, &m) : dump(x, &m);
		map_forget_types(&m);
		if (i + 1 < n && !x->is_json)
			printf("\n");
	}
	if (x->is_json && n > 1)
		json_close(&x->json, ']');
	close_all(&fds);
	return status;
}
