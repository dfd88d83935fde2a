/* Attaching everything, so that probes on one event run in the order of the script. A kind of
 * attach point is a row below; points that one link can hold together are attached in runs, and
 * when such a run is refused it is halved until the guilty ones stand alone, as the kernel does not
 * say which they are. */
#include "engine/kernel/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "base/file.h"
#include "engine/kernel/sys.h"

static attach_fn *const facilities[] = {
    [ATTACH_KPROBE] = attach_kprobe,
    [ATTACH_KRETPROBE] = attach_kprobe,
    [ATTACH_TRACING] = attach_tracing,
    [ATTACH_BTF_RAW_TRACEPOINT] = attach_tracing,
    [ATTACH_RAW_TRACEPOINT] = attach_raw_tracepoint,
    [ATTACH_TRACEPOINT] = attach_tracepoint,
    [ATTACH_UPROBE] = attach_uprobe,
    [ATTACH_URETPROBE] = attach_uprobe,
    [ATTACH_ITER] = attach_iterator,
    [ATTACH_PROFILE] = attach_profile,
    [ATTACH_INTERVAL] = attach_interval,
    [ATTACH_PERF] = attach_perf,
    [ATTACH_WATCHPOINT] = attach_watchpoint,
};

enum missing { MISSING_ERROR, MISSING_WARN, MISSING_IGNORE }; /* probe/probe.h's order */

/* The outcome so far, and whom to tell. */
struct report {
	struct engine *e;
	void (*warn)(void *arg, struct span at, const char *text);
	void *arg;
	uint32_t n_attached;
	struct engine_error *error;
	/* One for each attach point of the image, or NULL: the kernel is given names. */
	const struct kernel_function *functions;
};

void attach_add(struct engine *e, struct attached at)
{
	vec_push(NULL, &e->attached, at);
}

/* ---- perf events ----------------------------------------------------------------------------- */

int attach_perf_event(struct attaching *x, const struct image_attach *at, int perf_fd, bool is_slow)
{
	union bpf_attr attr = {0};
	int link_fd, err = 0;

	attr.link_create.prog_fd = (uint32_t)x->prog_fd;
	attr.link_create.target_fd = (uint32_t)perf_fd;
	attr.link_create.attach_type = BPF_PERF_EVENT;
	attr.link_create.perf_event.bpf_cookie = x->prog->uses_cookie ? at->cookie : 0;
	link_fd = sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
	if (link_fd < 0)
		err = link_fd;
	if (err == -EINVAL && !x->prog->uses_cookie) {
		/* before v5.15: the event itself holds the program, without a cookie */
		err = ioctl(perf_fd, PERF_EVENT_IOC_SET_BPF, x->prog_fd) < 0 ? -errno : 0;
		link_fd = -1;
	}
	if (err)
		close(perf_fd);
	else
		attach_add(x->e, (struct attached){
		                     .link_fd = link_fd, .perf_fd = perf_fd, .is_slow = is_slow});
	return err;
}

/* The first line of a small file under the unit's folder in /sys. */
static int read_unit_file(const char *unit, const char *file, char text[32])
{
	char path[128];
	own_fd int fd = -1;
	ssize_t got;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/%s", unit, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	got = read(fd, text, 31);
	text[got > 0 ? got : 0] = '\0';
	return got > 0 ? 0 : -EIO;
}

int perf_unit_type(const char *unit, uint64_t *ret_retprobe)
{
	char text[32];
	int err = read_unit_file(unit, "format/retprobe", text); /* "config:0" */

	if (err)
		return err;
	if (strncmp(text, "config:", 7) != 0)
		return -EINVAL;
	*ret_retprobe = 1ull << strtoul(text + 7, NULL, 10);
	err = read_unit_file(unit, "type", text);
	return err ? err : atoi(text);
}

bool perf_unit_has(const char *unit, const char *file, const char *line)
{
	char text[32];

	if (read_unit_file(unit, file, text))
		return false;
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, line);
}

/* ---- outcomes -------------------------------------------------------------------------------- */

/* Why the kernel may say this, where the errno alone would puzzle. */
static const char *reason(const struct image_attach *at, int err)
{
	bool is_probe = at->kind == ATTACH_KPROBE || at->kind == ATTACH_KRETPROBE;

	if (at->kind == ATTACH_ITER && at->path) {
		switch (-err) {
		case EEXIST:
			return "something is pinned there already; remove it first";
		case ENOENT:
		case EPERM:
			return "a pin has to be in a BPF file system: mount -t bpf bpf /sys/fs/bpf";
		default:
			break;
		}
	}
	switch (-err) {
	case ENOENT:
	case ESRCH:
		if (is_probe)
			return "no such function, or it is inlined";
		return at->kind == ATTACH_TRACEPOINT ? "no such tracepoint" : strerror(-err);
	case ENOSPC:
		return at->kind == ATTACH_WATCHPOINT
		           ? "the processor watches no more places at a time"
		           : strerror(-err);
	case EINVAL:
		if (is_probe)
			return "the kernel lets nobody probe there (notrace, or no instruction "
			       "starts "
			       "at the offset)";
		if (at->is_frequency)
			return "the kernel does not sample so often: "
			       "/proc/sys/kernel/perf_event_max_sample_rate";
		return "the kernel does not take it: Invalid argument";
	case EACCES:
	case EPERM:
		return "not permitted; run as root, or with CAP_BPF and CAP_PERFMON";
	case EOPNOTSUPP:
	case 524: /* ENOTSUPP */
		return "this kernel does not offer it";
	case EMFILE:
		return "too many open files; raise the limit with ulimit -n";
	case EBUSY:
		return "something else is already attached there";
	default:
		return strerror(-err);
	}
}

/* Takes note of how attaching at[0..n) of program `i` went. Returns 0, or err where the script
 * insists on its probes. */
static int conclude(struct report *r, uint32_t i, const struct image_attach *at, size_t n, int err)
{
	const struct image_program *p = &r->e->img->programs.items[i];
	enum missing policy = (enum missing)r->e->opts.missing;
	const char *name = at->name ? at->name : p->name;

	if (!err) {
		for (size_t k = 0; k < n; k++) {
			r->n_attached += at[k].n_probes ? at[k].n_probes : 1;
			if (r->e->opts.steps && !attach_is_run(at[k].kind))
				fprintf(r->e->opts.steps, "attached %s\n",
				        at[k].name ? at[k].name : p->name);
		}
		return 0;
	}
	if (policy == MISSING_ERROR) {
		kernel_error(r->e->img, r->error, err, i,
		             "Unable to attach probe: %s. If this is expected, set the "
		             "'missing_probes' config variable to 'warn'.",
		             name);
		if (r->error)
			r->error->hint = reason(at, err);
		return err;
	}
	if (policy == MISSING_WARN && r->warn)
		r->warn(r->arg, p->at,
		        arena_printf(r->e->a, "Unable to attach probe: %s. Skipping. (%s)", name,
		                     reason(at, err)));
	return 0;
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* One link for at[0..n) or, if it is refused, links for its halves. */
static int attach_run(struct report *r, struct attaching *x, uint32_t i,
                      const struct image_attach *at, size_t n)
{
	attach_many_fn *many = x->multi == MULTI_KPROBE ? attach_kprobe_multi : attach_uprobe_multi;
	int err = many(x, at, n);

	if (!err || n == 1 || err == -EPERM || err == -EMFILE || err == -ENOMEM)
		return conclude(r, i, at, n, err);
	err = attach_run(r, x, i, at, n / 2);
	return err ? err : attach_run(r, x, i, at + n / 2, n - n / 2);
}

static bool can_share_link(const struct attaching *x, const struct image_attach *a,
                           const struct image_attach *b)
{
	const struct kernel_function *f = x->functions;

	/* Functions that are not found do not spoil it for the others. */
	if (f && !f[a - x->prog->attaches.items].n != !f[b - x->prog->attaches.items].n)
		return false;
	return a->kind == b->kind && (!a->path || (b->path && strcmp(a->path, b->path) == 0));
}

static bool is_function(const struct image_attach *at)
{
	return (at->kind == ATTACH_KPROBE || at->kind == ATTACH_KRETPROBE) && at->func;
}

/* Would a name alone lead elsewhere, or not everywhere? Perf events say so themselves. */
static bool is_unclear(const struct engine *e, uint32_t program, const struct image_attach *at)
{
	if (at->category && strcmp(at->category, "vmlinux"))
		return true;
	return e->multi[program] == MULTI_KPROBE && kprobe_is_unclear(at->func);
}

/* Do functions have to be looked up? Reading the kernel's symbols takes as long as its look-ups of
 * MANY. */
static bool need_addresses(const struct engine *e)
{
	enum { MANY = 16 };
	size_t n = 0;

	vec_each (p, &e->img->programs)
		vec_each (at, &p->attaches)
			n += is_function(at);
	if (n >= MANY)
		return true;
	for (uint32_t i = 0; i < e->img->programs.n; i++)
		vec_each (at, &e->img->programs.items[i].attaches)
			if (is_function(at) && is_unclear(e, i, at))
				return true;
	return false;
}

/* Addresses for the functions of all programs: one entry per attach point, in order; NULL if nobody
 * tells. */
static const struct kernel_function *find_functions(const struct engine *e)
{
	size_t n = 0, i = 0;
	struct kernel_function *f;
	struct symbols *symbols;

	vec_each (p, &e->img->programs)
		n += p->attaches.n;
	f = arena_array(e->a, struct kernel_function, n);
	vec_each (p, &e->img->programs) {
		vec_each (at, &p->attaches) {
			f[i++] = (struct kernel_function){.name = is_function(at) ? at->func : "",
			                                  .module = at->category};
		}
	}
	symbols = symbols_create();
	symbols_kernel_functions(e->a, symbols, f, n);
	symbols_destroy(symbols);
	for (i = 0; i < n; i++)
		if (f[i].n)
			return f;
	return NULL;
}

/* A perf event by a name that turns out to be not clear is tried again by addresses. */
static int attach_one(struct report *r, struct attaching *x, size_t first,
                      const struct image_attach *at)
{
	int err = facilities[at->kind](x, at);

	if (err != -EADDRNOTAVAIL || !is_function(at) || x->functions)
		return err;
	r->functions = find_functions(r->e);
	if (!r->functions)
		return err;
	x->functions = r->functions + first;
	return facilities[at->kind](x, at);
}

/* Of the programs on one function, does the one attached last run first? Seen from 6.1 to 6.18; at
 * the return of a kernel function it is the other way round, and what hangs on tracepoints and
 * timers is in order. */
static bool runs_backwards(enum attach_kind kind)
{
	return kind == ATTACH_KPROBE || kind == ATTACH_TRACING || kind == ATTACH_UPROBE ||
	       kind == ATTACH_URETPROBE;
}

/* Program i, whose attach points are those of the image from `first` on: of these the ones that run
 * backwards, or the others. */
static int attach_program(struct report *r, uint32_t i, size_t first, bool backwards)
{
	struct attaching x = {.e = r->e,
	                      .prog = &r->e->img->programs.items[i],
	                      .prog_fd = r->e->prog_fds[i],
	                      .multi = r->e->multi[i],
	                      .functions = r->functions ? r->functions + first : NULL};
	const struct image_attach *at = x.prog->attaches.items;
	size_t n = x.prog->attaches.n;
	int err = 0;

	for (size_t k = 0, run; k < n && !err; k += run) {
		run = 1;
		if (runs_backwards(at[k].kind) != backwards)
			continue;
		if (attach_is_run(at[k].kind)) {
			conclude(r, i, &at[k], 1, 0); /* run, not attached: counted all the same */
			continue;
		}
		if (x.multi != MULTI_NONE) {
			while (k + run < n && can_share_link(&x, &at[k], &at[k + run]))
				run++;
			err = attach_run(r, &x, i, &at[k], run);
		} else {
			err = conclude(r, i, &at[k], 1, attach_one(r, &x, first, &at[k]));
		}
	}
	return err;
}

/* Two descriptors for each attachment, more for each CPU of a profile: the usual 1024 are soon
 * used up. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int kernel_attach(struct engine *e, void (*warn)(void *arg, struct span at, const char *text),
                  void *arg, uint32_t *ret_attached, struct engine_error *ret_error)
{
	struct report r = {.e = e, .warn = warn, .arg = arg, .error = ret_error};
	size_t n = 0;
	int err = 0;

	vec_each (p, &e->img->programs)
		n += p->attaches.n;
	if (n > 100)
		raise_file_limit();
	if (need_addresses(e))
		r.functions = find_functions(e);
	for (uint32_t i = e->img->programs.n; i-- && !err;) {
		n -= e->img->programs.items[i].attaches.n;
		err = attach_program(&r, i, n, true);
	}
	n = 0;
	for (uint32_t i = 0; i < e->img->programs.n && !err; i++) {
		err = attach_program(&r, i, n, false);
		n += e->img->programs.items[i].attaches.n;
	}
	if (!err)
		*ret_attached = r.n_attached;
	return err;
}
