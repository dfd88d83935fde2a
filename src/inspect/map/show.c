/* `map show`: what maps there are, how large, of whom. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/info.h"
#include "inspect/internal.h"
#include "inspect/map/map.h"
#include "inspect/source.h"
#include "inspect/names.h"

struct shown {
	struct bpf_map_info info;
	const char *type, *owner_type;
	char name[BPF_OBJ_NAME_LEN + 1];
	uint64_t memlock_b, frozen;
	bool has_memlock, has_owner, owner_is_jited;
};

static void show_plain(struct inspect *x, const struct shown *s)
{
	const struct bpf_map_info *i = &s->info;

	show_identity(x, i->id, s->type, i->type, s->name);
	printf("flags 0x%x\n\tkey %uB  value %uB  max_entries %u", i->map_flags, i->key_size,
	       i->value_size, i->max_entries);
	if (s->has_memlock)
		printf("  memlock %lluB", (unsigned long long)s->memlock_b);
	if (s->has_owner) {
		printf("\n\t");
		if (s->owner_type)
			printf("owner_prog_type %s  ", s->owner_type);
		printf("owner%s jited", s->owner_is_jited ? "" : " not");
	}
	show_pins(x, HELD_MAP, i->id);
	if (i->btf_id)
		printf("\n\tbtf_id %u", i->btf_id);
	if (s->frozen)
		printf("%sfrozen", i->btf_id ? "  " : "\n\t");
	show_holders(x, HELD_MAP, i->id);
	printf("\n");
}

static void show_json(struct inspect *x, const struct shown *s)
{
	const struct bpf_map_info *i = &s->info;
	struct json_writer *j = &x->json;

	json_open(j, '{');
	show_identity(x, i->id, s->type, i->type, s->name);
	json_member_uint(j, "flags", i->map_flags);
	json_member_uint(j, "bytes_key", i->key_size);
	json_member_uint(j, "bytes_value", i->value_size);
	json_member_uint(j, "max_entries", i->max_entries);
	if (s->has_memlock)
		json_member_uint(j, "bytes_memlock", s->memlock_b);
	if (s->has_owner) {
		if (s->owner_type)
			json_member_string(j, "owner_prog_type", s->owner_type);
		json_member_bool(j, "owner_jited", s->owner_is_jited);
	}
	json_member_uint(j, "frozen", s->frozen);
	if (i->btf_id)
		json_member_uint(j, "btf_id", i->btf_id);
	show_pins(x, HELD_MAP, i->id);
	show_holders(x, HELD_MAP, i->id);
	json_close(j, '}');
}

static int show(struct inspect *x, int fd)
{
	struct shown s = {0};
	uint64_t owner, jited;
	int err = map_info(fd, &s.info);

	if (err)
		return inspect_error(x, "can't get map info: %s", strerror(-err));
	memcpy(s.name, s.info.name, BPF_OBJ_NAME_LEN);
	s.type = map_type_name(s.info.type);
	s.has_memlock = fdinfo_number(fd, "memlock", &s.memlock_b);
	s.frozen = source_is_frozen(fd);
	if (s.info.type == BPF_MAP_TYPE_PROG_ARRAY &&
	    fdinfo_number(fd, "owner_prog_type", &owner)) {
		s.has_owner = true;
		s.owner_type = prog_type_name((uint32_t)owner);
		s.owner_is_jited = fdinfo_number(fd, "owner_jited", &jited) && jited;
	}
	if (x->is_json)
		show_json(x, &s);
	else
		show_plain(x, &s);
	return 0;
}

int map_show(struct inspect *x, struct words *w)
{
	static const struct shown_kind maps = {.next_id = source_next_map,
	                                       .open = source_open_map,
	                                       .find = maps_of,
	                                       .show = show,
	                                       .word = "map",
	                                       .title = "map"};

	return show_objects(x, w, &maps);
}
