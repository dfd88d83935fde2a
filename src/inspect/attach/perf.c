/* `perf`: programs on tracepoints and probes, by the descriptors that processes hold of them; then
 * those that no process holds, only links. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/attach/attach.h"
#include "symbols/symbols.h"

enum { NO_SUPPORT = 524 }; /* ENOTSUPP: the kernel's own number */

/* One attachment. */
struct traced {
	uint32_t prog_id, kind; /* enum bpf_task_fd_type; NO_KIND: of a link that does not tell */
	uint64_t off, address;
	const char *name;
	int pid, fd;      /* of a process, or */
	uint32_t link_id; /* of a link, or 0 */
};
enum { NO_KIND = 100, OTHER_EVENT };
typedef vec(struct traced) traced_list;

/* ---- showing --------------------------------------------------------------------------------- */

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {[BPF_FD_TYPE_RAW_TRACEPOINT] = "raw_tracepoint",
	                                    [BPF_FD_TYPE_TRACEPOINT] = "tracepoint",
	                                    [BPF_FD_TYPE_KPROBE] = "kprobe",
	                                    [BPF_FD_TYPE_KRETPROBE] = "kretprobe",
	                                    [BPF_FD_TYPE_UPROBE] = "uprobe",
	                                    [BPF_FD_TYPE_URETPROBE] = "uretprobe"};

	if (kind == OTHER_EVENT)
		return "event";
	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "perf_event";
}

static void show_plain(struct inspect *x, const struct traced *t)
{
	if (t->link_id)
		printf("link %u: ", t->link_id);
	else
		printf("pid %d  fd %d: ", t->pid, t->fd);
	printf("prog_id %u  %s", t->prog_id, kind_name(t->kind));
	switch (t->kind) {
	case BPF_FD_TYPE_RAW_TRACEPOINT:
	case BPF_FD_TYPE_TRACEPOINT:
	case OTHER_EVENT:
		printf("  %s", t->name);
		break;
	case BPF_FD_TYPE_KPROBE:
	case BPF_FD_TYPE_KRETPROBE:
		if (*t->name)
			printf("  func %s  offset %llu", t->name, (unsigned long long)t->off);
		else
			printf("  addr %llu", (unsigned long long)t->address);
		break;
	case BPF_FD_TYPE_UPROBE:
	case BPF_FD_TYPE_URETPROBE:
		printf("  filename %s  offset %llu", plain_text(x, t->name),
		       (unsigned long long)t->off);
		break;
	default:
		break;
	}
	if (t->link_id)
		show_pins(x, HELD_LINK, t->link_id);
	printf("\n");
}

static void show_json(struct inspect *x, const struct traced *t)
{
	struct json_writer *j = &x->json;

	json_open(j, '{');
	/* Who reads these finds them in every element. */
	json_key(j, "pid");
	if (t->link_id)
		json_null(j);
	else
		json_int(j, t->pid);
	json_key(j, "fd");
	if (t->link_id)
		json_null(j);
	else
		json_int(j, t->fd);
	json_member_uint(j, "prog_id", t->prog_id);
	json_member_string(j, "fd_type", kind_name(t->kind));
	switch (t->kind) {
	case BPF_FD_TYPE_RAW_TRACEPOINT:
	case BPF_FD_TYPE_TRACEPOINT:
		json_member_string(j, "tracepoint", t->name);
		break;
	case OTHER_EVENT:
		json_member_string(j, "event", t->name);
		break;
	case BPF_FD_TYPE_KPROBE:
	case BPF_FD_TYPE_KRETPROBE:
		if (*t->name) {
			json_member_string(j, "func", t->name);
			json_member_uint(j, "offset", t->off);
		} else {
			json_member_uint(j, "addr", t->address);
		}
		break;
	case BPF_FD_TYPE_UPROBE:
	case BPF_FD_TYPE_URETPROBE:
		json_member_string(j, "filename", t->name);
		json_member_uint(j, "offset", t->off);
		break;
	default:
		break;
	}
	if (t->link_id) {
		json_member_uint(j, "link_id", t->link_id);
		show_pins(x, HELD_LINK, t->link_id);
	}
	json_close(j, '}');
}

static void show(struct inspect *x, const struct traced *t)
{
	if (x->is_json)
		show_json(x, t);
	else
		show_plain(x, t);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

/* False: it is none of ours. */
static bool query(struct inspect *x, int pid, int fd, struct traced *ret)
{
	char name[PATH_MAX] = "";
	uint32_t name_b = sizeof(name), kind = 0;
	__u64 off = 0, address = 0;

	memset(ret, 0, sizeof(*ret));
	if (bpf_task_fd_query(pid, fd, 0, name, &name_b, &ret->prog_id, &kind, &off, &address) &&
	    errno != ENOSPC) /* a name that was cut */
		return false;
	ret->kind = kind;
	ret->off = off;
	ret->address = address;
	ret->pid = pid;
	ret->fd = fd;
	ret->name = arena_strdup(x->a, name);
	return true;
}

static void read_process(struct inspect *x, int proc, const char *pid, traced_list *out)
{
	char path[64], target[64];
	struct dirent *entry;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%.16s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return; /* it has gone */
	}
	while ((entry = readdir(dir))) {
		ssize_t n = readlinkat(fd, entry->d_name, target, sizeof(target) - 1);
		struct traced t;

		target[n > 0 ? n : 0] = '\0';
		/* Events and links have no name in a file system. */
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    strncmp(target, "anon_inode:", 11) != 0 ||
		    !query(x, atoi(pid), atoi(entry->d_name), &t))
			continue;
		show(x, &t);
		vec_push(x->a, out, t);
	}
	closedir(dir);
}

static void read_processes(struct inspect *x, traced_list *out)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			read_process(x, dirfd(proc), entry->d_name, out);
	if (proc)
		closedir(proc);
}

/* ---- links ----------------------------------------------------------------------------------- */

static const char *text_at(uint64_t address)
{
	return address ? (const char *)(uintptr_t)address : "";
}

/* What the link attaches in the words of a descriptor; false: nothing that is listed here. */
static bool of_link(struct inspect *x, const struct skep_link_info *i, struct traced *ret)
{
	*ret = (struct traced){.prog_id = i->prog_id, .link_id = i->id, .name = ""};
	if (i->type == BPF_LINK_TYPE_RAW_TRACEPOINT) {
		ret->kind = BPF_FD_TYPE_RAW_TRACEPOINT;
		ret->name = text_at(i->raw_tracepoint.name);
		return true;
	}
	if (i->type != BPF_LINK_TYPE_PERF_EVENT)
		return false;
	switch (i->perf_event.kind) {
	case SKEP_EVENT_KPROBE:
	case SKEP_EVENT_KRETPROBE:
		ret->kind = i->perf_event.kind == SKEP_EVENT_KPROBE ? BPF_FD_TYPE_KPROBE
		                                                    : BPF_FD_TYPE_KRETPROBE;
		ret->name = text_at(i->perf_event.kprobe.name);
		ret->off = i->perf_event.kprobe.off;
		ret->address = i->perf_event.kprobe.address;
		break;
	case SKEP_EVENT_UPROBE:
	case SKEP_EVENT_URETPROBE:
		ret->kind = i->perf_event.kind == SKEP_EVENT_UPROBE ? BPF_FD_TYPE_UPROBE
		                                                    : BPF_FD_TYPE_URETPROBE;
		ret->name = text_at(i->perf_event.uprobe.file);
		ret->off = i->perf_event.uprobe.off;
		break;
	case SKEP_EVENT_TRACEPOINT:
		ret->kind = BPF_FD_TYPE_TRACEPOINT;
		ret->name = text_at(i->perf_event.tracepoint.name);
		break;
	case SKEP_EVENT_OTHER:
		ret->kind = OTHER_EVENT;
		ret->name = event_text(x, i);
		break;
	default: /* kernels before 6.6 do not tell */
		ret->kind = NO_KIND;
		break;
	}
	return true;
}

/* A process holds it, too, as the descriptor of the event or of the link. */
static bool is_held(const struct traced *t, const traced_list *held)
{
	vec_each (h, held)
		if (h->prog_id == t->prog_id &&
		    (t->kind == NO_KIND ||
		     (h->kind == t->kind && h->off == t->off && !strcmp(h->name, t->name))))
			return true;
	return false;
}

static void read_links(struct inspect *x, const traced_list *held)
{
	uint32_t id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		struct skep_link_info i;
		struct traced t;
		int fd = bpf_link_get_fd_by_id(id), err;

		if (fd < 0)
			continue;
		err = link_info(x, fd, &i);
		close(fd);
		if (!err && of_link(x, &i, &t) && !is_held(&t, held))
			show(x, &t);
	}
}

/* ---- the command ----------------------------------------------------------------------------- */

/* 0, or reported. A kernel that can be asked says of a directory that it cannot tell. */
static int can_query(struct inspect *x)
{
	struct traced t;
	int fd = open("/", O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return inspect_error(x, "perf_query_support: cannot open directory \"/\" (%s)",
		                     strerror(errno));
	err = query(x, getpid(), fd, &t) ? 0 : errno;
	close(fd);
	if (err == NO_SUPPORT)
		return 0;
	inspect_error(x, "perf_query_support: %s", strerror(err));
	if (!x->is_json)
		fputs("HINT: non root or kernel doesn't support TASK_FD_QUERY\n", stderr);
	return -1;
}

static int perf_show(struct inspect *x, struct words *w)
{
	traced_list held = {0};

	(void)w;
	if (can_query(x))
		return -1;
	if (x->is_json)
		json_open(&x->json, '[');
	read_processes(x, &held);
	read_links(x, &held);
	if (x->is_json)
		json_close(&x->json, ']');
	return 0;
}

static const struct command perf_commands[] = {
    {"show", perf_show, ""},
    {"list", perf_show, ""},
    {NULL},
};

const struct object perf_object = {"perf", perf_commands, NULL, "{-f|--bpffs}"};
