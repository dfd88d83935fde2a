/* tracepoint: static kernel events, as tracefs describes them.
 *
 * Input: `tracepoint:CATEGORY:EVENT`, wildcards in both. Output: one target per event. One known
 * event costs one access(); a wildcard in a known category one readdir(); only a wildcard category
 * reads available_events. Ids and formats are left unread until somebody asks. Where tracefs is
 * closed to us, the system calls are still known by our own table, so that the user-space engine
 * can serve them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/wildcard.h"
#include "probe/provider.h"
#include "probe/syscalls.h"

int probe_tracepoint_id(const char *category, const char *event)
{
	const char *root = tracefs_path();
	char path[512], text[32];
	uint64_t id;
	ssize_t n;

	if (!root || strchr(category, '/') || strchr(event, '/') ||
	    snprintf(path, sizeof(path), "%s/events/%s/%s/id", root, category, event) >=
	        (int)sizeof(path))
		return -1;
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return parse_number(text, &id) && id <= INT32_MAX ? (int)id : -1;
}

static int32_t syscall_of(const char *category, const char *event)
{
	if (strcmp(category, "syscalls"))
		return -1;
	if (!strncmp(event, "sys_enter_", 10))
		return syscall_number(event + 10);
	if (!strncmp(event, "sys_exit_", 9))
		return syscall_number(event + 9);
	return -1;
}

static void add_event(struct probe_context *cx, const char *category, const char *event,
                      bool from_wildcard, probe_targets *out)
{
	struct probe_target *t = target_add(cx, out, PROBE_TRACEPOINT);

	t->category = category;
	t->func = event;
	t->name = arena_printf(cx->a, "tracepoint:%s:%s", category, event);
	t->syscall_nr = syscall_of(category, event);
	t->from_wildcard = from_wildcard;
}

/* Subdirectories of events/ or events/CATEGORY. Returns 0 or -errno. */
static int read_names(struct probe_context *cx, const char *path, const char *pattern,
                      name_list *out)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir)
		return -errno;
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.' && (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN) &&
		    wildcard_match(pattern, e->d_name))
			vec_push(cx->a, out, arena_strdup(cx->a, e->d_name));
	closedir(dir);
	names_sort(out);
	return 0;
}

/* The system calls' events by our own table, where tracefs can't be read. */
static void syscall_events(struct probe_context *cx, const char *pattern, name_list *out)
{
	static const char *const prefixes[] = {"sys_enter_", "sys_exit_"};

	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; i < n_syscalls; i++) {
			const char *name;

			if (syscalls[i].nr < 0)
				continue;
			name = arena_printf(cx->a, "%s%s", prefixes[p],
			                    syscall_tracepoint_name(syscalls[i].name));
			if (wildcard_match(pattern, name))
				vec_push(cx->a, out, name);
		}
	names_sort(out);
}

/* Names "CATEGORY:EVENT" of everything matching, in order. */
static int all_events(struct probe_context *cx, const char *category, const char *event,
                      name_list *out)
{
	const char *root = tracefs_path();
	char *text;
	int err;

	if (!root)
		return -ENOENT;
	err = file_read(cx->a, arena_printf(cx->a, "%s/available_events", root), &text, NULL);
	if (err)
		return err;
	for (char *line = text; *line;) {
		char *nl = strchrnul(line, '\n'), *next = *nl ? nl + 1 : nl, *colon;

		*nl = '\0';
		colon = strchr(line, ':');
		if (colon) {
			*colon = '\0';
			if (wildcard_match(category, line) && wildcard_match(event, colon + 1)) {
				*colon = ':';
				vec_push(cx->a, out, line);
			}
		}
		line = next;
	}
	names_sort(out);
	return 0;
}

/* Events of one category, or of all that match. Names carry the category in the second case. */
static int find_events(struct probe_context *cx, const char *category, const char *event,
                       name_list *out)
{
	const char *root = tracefs_path();
	int err;

	if (wildcard_has(category))
		return all_events(cx, category, event, out);
	if (strchr(category, '/'))
		return -ENOENT;
	err = root ? read_names(cx, arena_printf(cx->a, "%s/events/%s", root, category), event, out)
	           : -ENOENT;
	if (!strcmp(category, "syscalls") && (err == -EACCES || !root)) {
		syscall_events(cx, event, out);
		return 0;
	}
	return err;
}

static const char *nearest_event(struct probe_context *cx, const char *category, const char *event)
{
	struct diag_guess guess = {.word = category};
	const char *root = tracefs_path();
	name_list list = {0};

	if (!root)
		return NULL;
	read_names(cx, arena_printf(cx->a, "%s/events", root), "*", &list);
	vec_each (name, &list)
		diag_nearest(&guess, *name);
	if (!guess.best)
		return NULL;
	category = guess.best;
	list = (name_list){0};
	find_events(cx, category, "*", &list);
	guess = (struct diag_guess){.word = event};
	vec_each (name, &list)
		diag_nearest(&guess, *name);
	return guess.best ? arena_printf(cx->a, "tracepoint:%s:%s", category, guess.best) : NULL;
}

static bool report_missing(struct probe_context *cx, const struct attach_point *ap, int err)
{
	const char *category = ap->parts[1], *event = ap->parts[2], *nearest = NULL;
	bool ok;

	if (cx->missing != MISSING_IGNORE && !wildcard_has(category) && !wildcard_has(event))
		nearest = nearest_event(cx, category, event);
	ok = report_no_match(cx, ap, PROBE_TRACEPOINT, nearest);
	if (cx->missing != MISSING_IGNORE && (err == -EACCES || err == -EPERM))
		diag_hint(cx->diag, "%s can't be read: run as root", tracefs_path());
	return ok;
}

static bool expand_one(struct probe_context *cx, const struct attach_point *ap, probe_targets *out)
{
	const char *category = ap->parts[1], *event = ap->parts[2], *root = tracefs_path();
	int err = root ? 0 : -ENOENT;

	if (!*category || !*event || strchr(category, '/') || strchr(event, '/') ||
	    *category == '.' || *event == '.')
		return report_missing(cx, ap, -ENOENT);
	/* The format file, as a category has files of its own (enable, filter). */
	if (root &&
	    access(arena_printf(cx->a, "%s/events/%s/%s/format", root, category, event), F_OK))
		err = -errno;
	if (err && (err == -EACCES || !root) && syscall_of(category, event) >= 0)
		err = 0;
	if (err)
		return report_missing(cx, ap, err);
	add_event(cx, category, event, false, out);
	return true;
}

/* Who may not look into tracefs cannot tell. */
static bool may_exist(struct probe_context *cx, const char *category, const char *event)
{
	const char *root = tracefs_path();

	if (strchr(category, '/') || strchr(event, '/') || !strcmp(category, "syscalls"))
		return false;
	return !root ||
	       !access(arena_printf(cx->a, "%s/events/%s/%s/id", root, category, event), F_OK) ||
	       errno == EACCES;
}

static bool refuse_foreign(struct probe_context *cx, const struct attach_point *ap)
{
	static const char *const seen = "without it only system calls, sched_process_exec, fork "
	                                "and exit, and signal_deliver are seen";

	if (cx->missing == MISSING_WARN)
		diag_warn(cx->diag, E_NEEDS_KERNEL, ap->at, "%s needs the kernel's BPF. Skipping.",
		          ap->text);
	if (cx->missing != MISSING_ERROR)
		return true;
	diag_error(cx->diag, E_NEEDS_KERNEL, ap->at, "%s needs the kernel's BPF: %s", ap->text,
	           seen);
	diag_hint(cx->diag, "run as root, or with CAP_BPF and CAP_PERFMON");
	return false;
}

/* Of the events that are seen without the kernel's BPF. */
static bool expand_own(struct probe_context *cx, const struct attach_point *ap, probe_targets *out)
{
	const char *category = ap->parts[1], *event = ap->parts[2];
	bool is_wild = wildcard_has(category) || wildcard_has(event);
	name_list list = {0};

	own_events_find(cx, category, event, &list);
	if (!list.n)
		return !is_wild && may_exist(cx, category, event) ? refuse_foreign(cx, ap)
		                                                  : report_missing(cx, ap, 0);
	vec_each (name, &list) {
		const char *colon = strchr(*name, ':');

		add_event(cx, arena_strndup(cx->a, *name, (size_t)(colon - *name)), colon + 1,
		          is_wild, out);
	}
	return true;
}

static bool expand_tracepoint(struct probe_context *cx, const struct attach_point *ap,
                              enum probe_kind kind, probe_targets *out)
{
	const char *category = ap->parts[1], *event = ap->parts[2];
	name_list list = {0};
	int err;

	(void)kind;
	if (cx->is_user_engine)
		return expand_own(cx, ap, out);
	if (!wildcard_has(category) && !wildcard_has(event))
		return expand_one(cx, ap, out);
	err = find_events(cx, category, event, &list);
	if (!list.n)
		return report_missing(cx, ap, err);
	vec_reserve(cx->a, out, out->n + list.n);
	vec_each (name, &list) {
		const char *colon = wildcard_has(category) ? strchr(*name, ':') : NULL;

		if (colon)
			add_event(cx, arena_strndup(cx->a, *name, (size_t)(colon - *name)),
			          colon + 1, true, out);
		else
			add_event(cx, category, *name, true, out);
	}
	return true;
}

static const struct type *tracepoint_args(struct probe_context *cx, const struct probe_target *t)
{
	const struct type *type = NULL;

	if (cx->is_user_engine && strcmp(t->category, "syscalls") != 0)
		return own_event_args(cx, t->category, t->func);
	type = types_read_tracefs_format(cx->types, t->category, t->func, NULL);
	return type ? type : own_event_args(cx, t->category, t->func);
}

/* The format's own words, common fields left out. */
static void list_fields(struct probe_context *cx, const struct probe_target *t, struct strbuf *out)
{
	const char *root = tracefs_path();
	char *text;

	if (!root ||
	    file_read(cx->a,
	              arena_printf(cx->a, "%s/events/%s/%s/format", root, t->category, t->func),
	              &text, NULL)) {
		text = own_event_format(cx, t->category, t->func);
		if (!text)
			return;
	}
	for (char *p = text; (p = strstr(p, "\tfield:"));) {
		char *end;

		p += 7;
		end = strchr(p, ';');
		if (!end)
			break;
		*end = '\0';
		if (!strstr(p, " common_"))
			sb_addf(out, "    %s\n", p);
		p = end + 1;
	}
}

/* As find_events(), of those that are seen without the kernel's BPF. */
static void own_events_list(struct probe_context *cx, const char *category, const char *event,
                            name_list *out)
{
	name_list full = {0};

	own_events_find(cx, category, event, &full);
	vec_each (name, &full)
		vec_push(cx->a, out, wildcard_has(category) ? *name : strchr(*name, ':') + 1);
}

static void list_tracepoints(struct listing *l)
{
	const char *category = l->n_parts > 1 ? l->parts[0] : "*";
	const char *event = l->n_parts > 1 ? l->parts[1] : l->n_parts ? l->parts[0] : "*";
	bool is_full = wildcard_has(category);
	name_list list = {0};

	if (l->cx->is_user_engine)
		own_events_list(l->cx, category, event, &list);
	else
		find_events(l->cx, category, event, &list);
	vec_each (name, &list) {
		list_line(l, is_full ? NULL : category, *name);
		if (l->verbose) {
			struct probe_target t = {.category = category, .func = *name};
			const char *colon = is_full ? strchr(*name, ':') : NULL;

			list_flush(l);
			if (colon) {
				t.category =
				    arena_strndup(l->cx->a, *name, (size_t)(colon - *name));
				t.func = colon + 1;
			}
			list_fields(l->cx, &t, l->out);
		}
	}
}

const struct provider tracepoint_provider = {
    .min_args = 2,
    .max_args = 2,
    .is_wild_list = true,
    .is_wild_probe = true,
    .expand = expand_tracepoint,
    .list = list_tracepoints,
    .list_args = list_fields,
    .args_type = tracepoint_args,
};
