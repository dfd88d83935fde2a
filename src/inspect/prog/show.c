/* `prog show`: what is loaded, by whom, how large, how often it ran. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "inspect/info.h"
#include "inspect/internal.h"
#include "inspect/names.h"
#include "inspect/prog/about.h"
#include "inspect/prog/prog.h"
#include "inspect/source.h"

static uint64_t ns_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The kernel counts from boot. */
static time_t loaded_at(const struct bpf_prog_info *info)
{
	return (time_t)((ns_of(CLOCK_REALTIME) - ns_of(CLOCK_BOOTTIME) + info->load_time) /
	                1000000000);
}

struct shown {
	struct bpf_prog_info info;
	const char *name;
	uint32_t *maps, n_maps;
	uint64_t memlock_b;
	bool has_memlock, is_orphaned;
};

void prog_show_heading(struct inspect *x, const struct bpf_prog_info *info, const char *name)
{
	char tag[2 * BPF_TAG_SIZE + 1];
	struct json_writer *j = &x->json;

	for (int i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(tag + 2 * i, 3, "%02x", info->tag[i]);
	show_identity(x, info->id, prog_type_name(info->type), info->type, name);
	if (!x->is_json) {
		printf("tag %s%s", tag, info->gpl_compatible ? "  gpl" : "");
		if (info->run_time_ns)
			printf(" run_time_ns %llu run_cnt %llu",
			       (unsigned long long)info->run_time_ns,
			       (unsigned long long)info->run_cnt);
		if (info->recursion_misses)
			printf(" recursion_misses %llu",
			       (unsigned long long)info->recursion_misses);
		prog_show_device(x, info);
		return;
	}
	json_member_string(j, "tag", tag);
	json_member_bool(j, "gpl_compatible", info->gpl_compatible);
	if (info->run_time_ns) {
		json_member_uint(j, "run_time_ns", info->run_time_ns);
		json_member_uint(j, "run_cnt", info->run_cnt);
	}
	if (info->recursion_misses)
		json_member_uint(j, "recursion_misses", info->recursion_misses);
	prog_show_device(x, info);
}

static void show_plain(struct inspect *x, const struct shown *s)
{
	const struct bpf_prog_info *i = &s->info;
	time_t at = loaded_at(i);
	uint64_t cookie;
	char time[32];

	prog_show_heading(x, i, s->name);
	if (i->load_time) {
		strftime(time, sizeof(time), "%FT%T%z", localtime(&at));
		printf("\n\tloaded_at %s  uid %u", time, i->created_by_uid);
	}
	printf("\n\txlated %uB", i->xlated_prog_len);
	if (i->jited_prog_len)
		printf("  jited %uB", i->jited_prog_len);
	else
		printf("  not jited");
	if (s->has_memlock)
		printf("  memlock %lluB", (unsigned long long)s->memlock_b);
	if (s->is_orphaned)
		printf("  orphaned");
	for (uint32_t n = 0; n < s->n_maps; n++)
		printf("%s%u", n ? "," : "  map_ids ", s->maps[n]);
	show_pins(x, HELD_PROG, i->id);
	if (i->btf_id)
		printf("\n\tbtf_id %u", i->btf_id);
	if (prog_cookie(x, i->id, &cookie))
		printf("\n\tbpf_cookie %llu", (unsigned long long)cookie);
	show_holders(x, HELD_PROG, i->id);
	printf("\n");
	prog_show_metadata(x, s->maps, s->n_maps);
}

static void show_json(struct inspect *x, const struct shown *s)
{
	const struct bpf_prog_info *i = &s->info;
	struct json_writer *j = &x->json;
	uint64_t cookie;

	json_open(j, '{');
	prog_show_heading(x, i, s->name);
	if (i->load_time) {
		json_key(j, "loaded_at");
		json_int(j, loaded_at(i));
		json_member_uint(j, "uid", i->created_by_uid);
	}
	json_member_bool(j, "orphaned", s->is_orphaned);
	json_member_uint(j, "bytes_xlated", i->xlated_prog_len);
	json_member_bool(j, "jited", i->jited_prog_len);
	if (i->jited_prog_len)
		json_member_uint(j, "bytes_jited", i->jited_prog_len);
	if (s->has_memlock)
		json_member_uint(j, "bytes_memlock", s->memlock_b);
	if (s->n_maps) {
		json_key(j, "map_ids");
		json_open(j, '[');
		for (uint32_t n = 0; n < s->n_maps; n++)
			json_uint(j, s->maps[n]);
		json_close(j, ']');
	}
	if (i->btf_id)
		json_member_uint(j, "btf_id", i->btf_id);
	show_pins(x, HELD_PROG, i->id);
	if (prog_cookie(x, i->id, &cookie))
		json_member_uint(j, "bpf_cookie", cookie);
	show_holders(x, HELD_PROG, i->id);
	prog_show_metadata(x, s->maps, s->n_maps);
	json_close(j, '}');
}

/* The device that a program was made for has gone: the kernel does not describe it any more, but
 * still says what this is a descriptor of. */
static void read_orphan(int fd, struct bpf_prog_info *ret)
{
	char tag[2 * BPF_TAG_SIZE + 1] = "";
	uint64_t n;

	if (fdinfo_number(fd, "prog_id", &n))
		ret->id = (uint32_t)n;
	if (fdinfo_number(fd, "prog_type", &n))
		ret->type = (uint32_t)n;
	if (fdinfo_text(fd, "prog_tag", tag, sizeof(tag)))
		for (size_t i = 0;
		     i < BPF_TAG_SIZE && sscanf(tag + 2 * i, "%2hhx", &ret->tag[i]) == 1; i++)
			;
}

static int show(struct inspect *x, int fd)
{
	struct shown s = {0};
	int err = prog_info(fd, &s.info);

	if (err == -ENODEV) {
		s.is_orphaned = true;
		read_orphan(fd, &s.info);
	} else if (err)
		return inspect_error(x, "can't get prog info: %s", strerror(-err));
	s.name = prog_name(x->a, &s.info, fd);
	s.maps = prog_map_ids(x->a, &s.info, fd, &s.n_maps);
	s.has_memlock = fdinfo_number(fd, "memlock", &s.memlock_b);
	if (x->is_json)
		show_json(x, &s);
	else
		show_plain(x, &s);
	return 0;
}

int prog_show(struct inspect *x, struct words *w)
{
	static const struct shown_kind programs = {.next_id = source_next_prog,
	                                           .open = source_open_prog,
	                                           .find = progs_of,
	                                           .show = show,
	                                           .word = "prog",
	                                           .title = "program"};

	return show_objects(x, w, &programs);
}
