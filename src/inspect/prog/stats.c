/* `prog stats`: the kernel's counting of runs switched on and off, or what it counts in an
 * interval. bpftool has no such command: it prints the numbers if somebody else switches. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/ending.h"
#include "inspect/info.h"
#include "inspect/names.h"
#include "inspect/prog/prog.h"
#include "inspect/stats.h"

struct counting {
	uint32_t duration_s;
	fd_list wanted; /* those of a handle; empty: all */
	bool has_handle;
};

static int do_switch(struct inspect *x, struct words *w, bool on)
{
	int err;

	if (w->n)
		return inspect_error(x, "expected no more arguments, got: %s", w->at[0]);
	err = stats_switch(on);
	if (err)
		return inspect_error(x, "can't write /proc/sys/kernel/bpf_stats_enabled: %s",
		                     strerror(-err));
	say_done(x);
	return 0;
}

static int parse(struct inspect *x, struct words *w, struct counting *c)
{
	while (w->n) {
		if (word_is(w->at[0], "duration")) {
			word_next(w);
			if (!words_need(x, w, 1) || parse_duration(x, word_next(w), &c->duration_s))
				return -1;
			continue;
		}
		if (c->has_handle)
			return inspect_error(x, "expected no more arguments or 'duration', got: %s",
			                     w->at[0]);
		if (progs_of(x, w, &c->wanted) < 0)
			return -1;
		c->has_handle = true;
	}
	return 0;
}

static bool is_wanted(const struct counting *c, uint32_t id)
{
	struct bpf_prog_info info;

	vec_each (fd, &c->wanted)
		if (!prog_info(*fd, &info) && info.id == id)
			return true;
	return !c->has_handle;
}

/* Its whole name, if it is still there. */
static const char *name_of(struct inspect *x, const struct prog_stats *p)
{
	int fd = bpf_prog_get_fd_by_id(p->id);
	const char *name = p->name;
	struct bpf_prog_info info;

	if (fd < 0)
		return name;
	if (!prog_info(fd, &info))
		name = prog_name(x->a, &info, fd);
	close(fd);
	return name;
}

static void say_one(struct inspect *x, const struct prog_stats *p, uint64_t interval_ns)
{
	const char *type = prog_type_name(p->type), *name = name_of(x, p);
	double percent = stats_cpu_percent(p, interval_ns);
	struct json_writer *j = &x->json;

	if (!x->is_json) {
		printf("%10u  %-18s %12llu %10llu %14llu %7.2f  %s\n", p->id, type ? type : "?",
		       (unsigned long long)p->runs, (unsigned long long)stats_average_ns(p),
		       (unsigned long long)p->time_ns, percent, name);
		return;
	}
	json_open(j, '{');
	show_identity(x, p->id, type, p->type, name);
	json_member_uint(j, "run_cnt", p->runs);
	json_member_uint(j, "run_time_ns", p->time_ns);
	json_member_uint(j, "average_ns", stats_average_ns(p));
	json_key(j, "cpu_percent");
	json_hundredths(j, percent);
	json_close(j, '}');
}

static void say(struct inspect *x, const struct counting *c, const struct stats_change *change)
{
	struct json_writer *j = &x->json;

	if (x->is_json) {
		json_open(j, '{');
		json_member_uint(j, "duration_ns", change->ns);
		json_key(j, "programs");
		json_open(j, '[');
	} else {
		printf("%10s  %-18s %12s %10s %14s %7s  NAME\n", "ID", "TYPE", "RUNS", "AVERAGE_NS",
		       "TIME_NS", "%CPU");
	}
	vec_each (p, &change->progs)
		if (is_wanted(c, p->id))
			say_one(x, p, change->ns);
	if (x->is_json) {
		json_close(j, ']');
		json_close(j, '}');
	}
}

/* The first sample is taken before counting begins, so nothing that is counted is missed. */
static int count(struct inspect *x, const struct counting *c)
{
	struct stats_sample before, after;
	struct stats_change change;
	struct ending e;
	int fd, err;

	stats_read(x->a, &before);
	fd = stats_enable();
	if (fd < 0)
		return inspect_error(x, "the kernel can't count runs of programs: %s",
		                     strerror(-fd));
	err = ending_watch(&e);
	if (!err) {
		ending_wait(&e, -1, (int)c->duration_s * 1000);
		ending_leave(&e);
		stats_read(x->a, &after);
		stats_between(x->a, &before, &after, &change);
		say(x, c, &change);
	}
	close(fd);
	return err ? inspect_error(x, "can't wait for signals: %s", strerror(-err)) : 0;
}

int prog_stats(struct inspect *x, struct words *w)
{
	struct counting c = {.duration_s = 1};
	int status;

	/* `of` would be `off`: words that switch are given as a whole. */
	if (w->n && (!strcmp(w->at[0], "on") || !strcmp(w->at[0], "off")))
		return do_switch(x, w, !strcmp(word_next(w), "on"));
	status = parse(x, w, &c);
	if (!status)
		status = count(x, &c);
	close_all(&c.wanted);
	return status;
}
