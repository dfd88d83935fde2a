/* The life of a session (spec parts 3.1, 9.1):
 *
 *   load - begin programs - attach - child goes - banner - events ... - detach - end programs -
 *   last events - two newlines - maps - losses
 *
 * Events are handled strictly in the order of the ring. exit() is one of them: what comes behind
 * it is dropped up to the detach, so that a script's last line is the last line; the end programs'
 * events come after it again. Nothing here sleeps: finishing takes as long as the engine takes to
 * detach. */
#include "session/session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/file.h"
#include "session/child.h"
#include "session/internal.h"
#include "session/notify.h"

enum { POLL_MS = 100, EXIT_REFUSED = 255 };

/* ---- messages -------------------------------------------------------------------------------- */

static void complain(const struct session_options *opts, const char *level, struct span at,
                     const char *text)
{
	own_strbuf struct strbuf line = {0};

	if (opts->output.diag)
		diag_render_one(opts->output.diag, level, at, text, NULL, opts->output.is_colored,
		                &line);
	else
		sb_addf(&line, "%s: %s\n", level, text);
	fwrite(line.s, 1, line.n, opts->output.err);
	fflush(opts->output.err);
}

void session_complain(const struct session *s, const char *fmt, ...)
{
	own_strbuf struct strbuf text = {0};
	va_list ap;

	va_start(ap, fmt);
	sb_vaddf(&text, fmt, ap);
	va_end(ap);
	complain(s->opts, "ERROR", NO_SPAN, sb_str(&text));
}

static int refuse(struct session *s, const struct engine_error *e, bool is_verbose)
{
	FILE *err = s->opts->output.err;

	complain(s->opts, "ERROR", e->at, e->text ? e->text : strerror(-e->err));
	if (e->log && is_verbose)
		fprintf(err, "%s%s", e->log,
		        *e->log && e->log[strlen(e->log) - 1] != '\n' ? "\n" : "");
	else if (e->log && *e->log)
		fprintf(err, "HINT: -v shows the verifier's own log\n");
	if (e->hint)
		fprintf(err, "HINT: %s\n", e->hint);
	fflush(err);
	return EXIT_REFUSED;
}

static void warn_attach(void *arg, struct span at, const char *text)
{
	struct session *s = arg;

	if (!s->opts->output.no_warnings)
		complain(s->opts, "WARNING", at, text);
}

/* ---- maps ------------------------------------------------------------------------------------ */

struct reading {
	struct output_map *map;
	const struct image_var *var;
	void *reduced; /* room for one value, or NULL: values are taken as they are */
};

static bool read_entry(void *arg, const void *key, const void *values, uint32_t n_values,
                       uint32_t value_stride_b)
{
	struct reading *r = arg;

	if (r->reduced)
		output_reduce(r->var->value, values, n_values, value_stride_b, r->reduced);
	output_map_add(r->map, key, r->reduced ? r->reduced : values);
	return true;
}

void session_print_map(struct session *s, uint32_t number, uint32_t top, uint32_t div)
{
	const struct image_var *var = &s->img->vars.items[number];
	struct reading r = {.map = output_map_begin(s->out, var), .var = var};
	int err;

	if (var->is_per_cpu)
		r.reduced = malloc(image_value_size(type_strip(var->value)));
	err = s->ops->var_read(s->engine, number, read_entry, &r);
	if (err)
		session_complain(s, "Failed to read map %s: %s", var->name, strerror(-err));
	output_map_end(r.map, top, div); /* with what could be read */
	free(r.reduced);
}

/* print(@m[k]) of an aggregation: only in the map its CPUs are together. */
struct finding {
	const struct image_var *var;
	void *value; /* room for one value; zeros if there is no such key */
};

static bool find_entry(void *arg, const void *key, const void *values, uint32_t n_values,
                       uint32_t value_stride_b)
{
	struct finding *f = arg;

	(void)key;
	output_reduce(f->var->value, values, n_values, value_stride_b, f->value);
	return false;
}

static void print_element(struct session *s, const struct image_event *ev, const void *record)
{
	const struct image_var *var = &s->img->vars.items[ev->var];
	const struct image_field field = {.type = var->value, .off_b = sizeof(struct image_record)};
	uint32_t size_b = field.off_b + image_value_size(type_strip(var->value));
	struct image_event print = *ev;
	char *made = calloc(1, size_b);
	struct finding f = {.var = var};

	if (!made)
		return;
	f.value = made + field.off_b;
	memcpy(made, record, sizeof(struct image_record));
	s->ops->var_find(s->engine, ev->var, image_field_at(&ev->fields[0], record), find_entry,
	                 &f);
	print.kind = EVENT_PRINT;
	print.fields = &field;
	print.size_b = size_b;
	output_event(s->out, &print, made, size_b);
	free(made);
}

static int compare_names(const void *a, const void *b, void *arg)
{
	const struct image *img = arg;

	return strcmp(img->vars.items[*(const uint32_t *)a].name,
	              img->vars.items[*(const uint32_t *)b].name);
}

static void print_maps(struct session *s)
{
	size_t n = s->img->vars.n;
	uint32_t *order = calloc(n ? n : 1, sizeof(*order));

	for (uint32_t i = 0; order && i < n; i++)
		order[i] = i;
	if (order && n)
		qsort_r(order, n, sizeof(*order), compare_names, s->img);
	for (size_t i = 0; order && i < n; i++)
		session_print_map(s, order[i], 0, 0);
	free(order);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void handle_event(void *arg, const void *record, uint32_t size_b)
{
	struct session *s = arg;
	const struct image_record *r = record;
	const struct image_event *ev;

	if (size_b < sizeof(*r) || r->event >= s->img->events.n)
		return;
	ev = &s->img->events.items[r->event];
	/* packets have buffers of their own, so the order of the two is not known */
	if (s->is_dropping && ev->kind != EVENT_PACKET)
		return;
	switch (ev->kind) {
	case EVENT_PRINT_MAP:
		session_print_map(s, ev->var, ev->top, ev->div);
		break;
	case EVENT_PRINT_ELEMENT:
		if (size_b >= ev->size_b)
			print_element(s, ev, record);
		break;
	case EVENT_CLEAR:
		s->ops->var_clear(s->engine, ev->var);
		session_forget_taken(s, ev->var);
		break;
	case EVENT_ZERO:
		s->ops->var_zero(s->engine, ev->var);
		session_forget_taken(s, ev->var);
		break;
	case EVENT_ROW:
		if (s->host && size_b >= ev->size_b)
			host_row(s->host, ev, record);
		break;
	case EVENT_PROCESS:
		if (s->opts->symbols)
			symbols_note_process(s->opts->symbols, (pid_t)r->arg);
		break;
	case EVENT_EXIT:
		s->exit_code = (int)(r->arg & 0xff);
		s->has_exited = s->is_dropping = true;
		break;
	default:
		output_event(s->out, ev, record, size_b);
	}
}

/* Everything that is in the ring now. */
void session_drain(struct session *s)
{
	while (s->ops->poll(s->engine, 0, -1, handle_event, s) > 0)
		output_flush(s->out);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Asking costs a system call, a busy session polls many times a second. */
static void report_lost(struct session *s, bool is_last)
{
	int64_t now = now_ms();
	uint64_t lost;

	if (now - s->lost_at_ms < POLL_MS && !is_last)
		return;
	s->lost_at_ms = now;
	lost = s->ops->lost(s->engine);
	if (lost > s->lost)
		output_lost(s->out, lost - s->lost);
	s->lost = lost;
}

/* self:signal:SIGUSR1 */
static void run_self(struct session *s)
{
	for (uint32_t i = 0; i < s->img->programs.n; i++)
		vec_each (at, &s->img->programs.items[i].attaches)
			if (at->kind == ATTACH_SELF)
				s->ops->run_program(s->engine, i, 1, NULL, NULL);
}

/* Returns true when the session is to finish. */
static bool handle_news(struct session *s)
{
	struct watch_news news = watch_read(&s->watch);

	if (news.exec_error) {
		session_complain(s, "Failed to run the child: %s", strerror(-news.exec_error));
		s->exit_code = EXIT_REFUSED;
		return true;
	}
	if (news.is_asked_by_signal)
		run_self(s);
	if (s->host && news.is_asked_by_signal)
		host_signal(s->host, SIGUSR1);
	s->is_by_signal = news.is_asked_to_end;
	return news.is_asked_to_end || news.has_process_ended;
}

static bool names_user_addresses(const struct type *t)
{
	t = t ? type_strip(t) : type_none();
	for (uint32_t i = 0; (t->kind == TYPE_TUPLE || t->kind == TYPE_RECORD) && i < t->n_fields;
	     i++)
		if (names_user_addresses(t->fields[i].type))
			return true;
	return t->kind == TYPE_USYM || t->kind == TYPE_USTACK;
}

/* Are addresses of processes named at all? */
static bool names_processes(const struct image *img)
{
	vec_each (v, &img->vars)
		if (names_user_addresses(v->key) || names_user_addresses(v->value))
			return true;
	vec_each (ev, &img->events)
		for (uint32_t i = 0; i < ev->n_fields; i++)
			if (names_user_addresses(ev->fields[i].type))
				return true;
	return false;
}

/* Addresses are named when printed, maybe long after their process ended. So what processes have
 * mapped is noted while they live: the command and the one of -p by a look now and then, more often
 * at first, as libraries come early; where the kernel tells of mappings, all of them. */
static void watch_processes(struct session *s)
{
	int fd;

	if (s->opts->child)
		s->noted = child_pid(s->opts->child);
	else if ((s->noted = s->watch.pid))
		symbols_remember_process(s->opts->symbols, s->noted);
	symbols_set_program(s->opts->symbols, s->noted);
	if (s->ops != &engine_kernel)
		return;
	fd = symbols_watch_mappings(s->opts->symbols);
	if (fd >= 0)
		watch_also(&s->watch, fd);
}

static void note_processes(struct session *s)
{
	symbols_read_mappings(s->opts->symbols);
	if (s->noted)
		symbols_remember_process(s->opts->symbols, s->noted);
}

static void run_events(struct session *s)
{
	bool is_done = false;
	int wait_ms = s->noted ? 1 : POLL_MS;

	if (!s->can_fire) {
		session_drain(s);
		return;
	}
	while (!is_done && !s->has_exited && !output_is_broken(s->out)) {
		int due_ms = s->host ? host_wait_ms(s->host) : wait_ms;
		int n = s->ops->poll(s->engine, due_ms < wait_ms ? due_ms : wait_ms,
		                     s->watch.epoll_fd, handle_event, s);

		if (s->names_processes)
			note_processes(s);
		wait_ms = wait_ms * 2 < POLL_MS ? wait_ms * 2 : POLL_MS;
		output_flush(s->out);
		if (n < 0 && n != -EINTR) {
			session_complain(s, "Failed to read events: %s", strerror(-n));
			s->exit_code = EXIT_REFUSED;
			return;
		}
		report_lost(s, false);
		is_done = handle_news(s);
		if (s->host && !is_done && !s->has_exited) {
			host_tick(s->host);
			output_flush(s->out);
		}
	}
}

/* An iterator's records are made by reading them, and it has an end. */
static void run_iterator(struct session *s)
{
	int n = 1;

	while (n > 0 && !s->has_exited && !output_is_broken(s->out) && !handle_news(s)) {
		n = s->ops->poll(s->engine, 0, -1, handle_event, s);
		output_flush(s->out);
	}
	if (n >= 0)
		return;
	session_complain(s, "Failed to read the iterator: %s%s", strerror(-n),
	          n == -E2BIG ? " (what is printed for one object has to fit 32 KiB)" : "");
	s->exit_code = EXIT_REFUSED;
}

/* ---- start and finish ------------------------------------------------------------------------ */

static void finish(struct session *s)
{
	int err;

	watch_finishing(&s->watch, s->is_by_signal);
	s->ops->detach(s->engine);
	session_drain(s);
	s->is_dropping = false;
	err = s->ops->run_end(s->engine);
	if (err)
		session_complain(s, "Failed to run the end probes: %s", strerror(-err));
	session_drain(s);
	if (s->host && s->opts->mode == SESSION_TRACE)
		host_end(s->host);
	if (output_is_broken(s->out))
		return;
	if (s->opts->mode != SESSION_BENCH)
		report_lost(s, true);
	if (s->opts->mode == SESSION_TRACE && !s->host)
		output_exit_gap(s->out);
	if (s->opts->mode == SESSION_TRACE && !s->host && !s->opts->no_maps_on_exit)
		print_maps(s);
	s->lost = s->ops->lost(s->engine);
	if (s->lost && s->opts->mode != SESSION_BENCH)
		output_lost_total(s->out, s->lost);
}

/* How many of the probes that were attached are begin and end. */
static uint32_t count_specials(const struct image *img)
{
	uint32_t n = 0;

	vec_each (p, &img->programs)
		vec_each (at, &p->attaches)
			if (at->kind == ATTACH_BEGIN || at->kind == ATTACH_END)
				n += at->n_probes ? at->n_probes : 1;
	return n;
}

static void look_at_child(void *arg, pid_t pid)
{
	struct session *s = arg;

	s->ops->look_at_child(s->engine, pid);
	if (s->opts->symbols)
		symbols_remember_process(s->opts->symbols, pid);
}

static int run_loaded(struct session *s, const struct engine_options *eopts)
{
	struct engine_error error = {.at = NO_SPAN, .program = UINT32_MAX};
	uint32_t n_attached = 0;

	if (!s->opts->is_dry_run && s->ops->run_begin(s->engine, &error))
		return refuse(s, &error, eopts->is_verbose);
	if (s->ops->attach(s->engine, warn_attach, s, &n_attached, &error))
		return refuse(s, &error, eopts->is_verbose);
	s->can_fire = (!s->img->has_only_begin_end && n_attached > count_specials(s->img)) ||
	              (s->host && host_waits(s->host));
	if (s->opts->is_dry_run)
		return 0;
	if (s->img->pin && n_attached) {
		fprintf(s->opts->output.out, "Program pinned to %s\n", s->img->pin);
		return 0;
	}
	if (s->opts->child) {
		if (s->ops->wants_child && s->ops->wants_child(s->engine))
			child_release_at_entry(s->opts->child, look_at_child, s);
		else
			child_release(s->opts->child);
		watch_child_released(&s->watch);
	}
	/* what a script with host code says first, it says itself */
	if (!s->opts->is_quiet && s->opts->mode == SESSION_TRACE && !s->host)
		output_attached(s->out, n_attached);
	if (s->host && s->opts->mode == SESSION_TRACE)
		host_begin(s->host);
	output_flush(s->out);
	notify_attached();
	if (s->opts->mode == SESSION_TEST)
		s->exit_code = trials_test(s);
	else if (s->opts->mode == SESSION_BENCH)
		s->exit_code = trials_bench(s);
	else if (s->img->is_iterator)
		run_iterator(s);
	else
		run_events(s);
	finish(s);
	return s->exit_code;
}

/* The user engine says when a look at a process is worth it. */
static void note_seen(void *arg, pid_t pid)
{
	struct session *s = arg;

	symbols_note_process(s->opts->symbols, pid);
}

static void remember_leaving(void *arg, pid_t pid)
{
	struct session *s = arg;

	symbols_remember_process(s->opts->symbols, pid);
}

static int name_kernel(void *arg, const uint64_t *addresses, uint32_t n, char *ret_texts)
{
	struct session *s = arg;

	return s->ops->name_kernel(s->engine, addresses, n, ret_texts);
}

static int read_stack(void *arg, uint64_t id, uint32_t size_b, struct image_stack *ret)
{
	struct session *s = arg;

	return s->ops->stack_read(s->engine, id, size_b, ret);
}

int session_run(struct image *img, const struct engine_ops *ops, const struct engine_options *eopts,
                const struct session_options *sopts)
{
	struct session s = {.img = img, .ops = ops, .opts = sopts};
	struct engine_options options = *eopts;
	struct engine_error error = {.at = NO_SPAN, .program = UINT32_MAX};
	int err, exit_code;

	options.child = sopts->child ? child_pid(sopts->child) : 0;
	s.names_processes = sopts->symbols && names_processes(img);
	if (s.names_processes) {
		options.leaving = remember_leaving;
		options.seen = note_seen;
		options.process_arg = &s;
	}
	err = watch_open(&s.watch, options.pid, sopts->child);
	if (err) {
		session_complain(&s, "Failed to watch process %d: %s", options.pid, strerror(-err));
		return 1;
	}
	if (s.names_processes)
		watch_processes(&s);
	s.output = sopts->output;
	s.output.read_stack = read_stack;
	s.output.read_stack_arg = &s;
	s.out = output_create(img, sopts->symbols, &s.output);
	session_host_open(&s);
	s.engine = ops->load(img, &options, &error);
	if (s.engine && sopts->shows_log && error.log)
		fputs(error.log, sopts->output.err);
	if (s.engine && sopts->symbols && ops->name_kernel)
		symbols_set_kernel_namer(sopts->symbols, name_kernel, &s, ENGINE_KERNEL_NAME_B);
	exit_code = s.engine ? run_loaded(&s, &options) : refuse(&s, &error, options.is_verbose);
	if (sopts->child)
		child_stop(sopts->child);
	if (sopts->symbols)
		symbols_set_kernel_namer(sopts->symbols, NULL, NULL, 0);
	if (s.engine)
		ops->destroy(s.engine);
	session_host_close(&s);
	err = output_destroy(s.out);
	if (err) {
		session_complain(&s, "Failed to write output: %s", strerror(-err));
		exit_code = exit_code ? exit_code : EXIT_REFUSED;
	}
	watch_close(&s.watch);
	return exit_code;
}
