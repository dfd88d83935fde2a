/* Events: what a record in the ring means for the person. One row per kind; each makes its text
 * in the output's buffer, or its JSON object. */
#include "output/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "output/command.h"
#include "output/internal.h"

typedef void event_fn(struct output *o, const struct image_event *ev, const void *record);

static bool is_json(const struct output *o)
{
	return o->opts.format == OUTPUT_JSON;
}

/* The event's format, parsed when first needed. */
static const struct format *event_format(struct output *o, const struct image_event *ev)
{
	struct format **slot = &o->formats[ev - o->img->events.items];

	if (!*slot)
		*slot = format_parse(o->a, ev->format ? ev->format : "");
	return *slot;
}

/* The event's formatted text, in the scratch buffer. */
static struct strbuf *render_scratch(struct output *o, const struct image_event *ev,
                                     const void *record)
{
	sb_reset(&o->scratch);
	format_render(o, event_format(o, ev), ev->fields, ev->n_fields, record, &o->scratch);
	return &o->scratch;
}

static void emit_printf(struct output *o, const struct image_event *ev, const void *record)
{
	if (!is_json(o)) {
		format_render(o, event_format(o, ev), ev->fields, ev->n_fields, record, &o->text);
		return;
	}
	render_scratch(o, ev, record);
	output_json_message(o, "printf", sb_str(&o->scratch), o->scratch.n);
}

static void emit_print(struct output *o, const struct image_event *ev, const void *record)
{
	const struct image_field *f = &ev->fields[0];
	const void *bytes = image_field_at(f, record);

	if (!is_json(o)) {
		output_value_text(o, f->type, bytes, &o->text);
		sb_addc(&o->text, '\n');
		return;
	}
	sb_adds(&o->text, "{\"type\": \"value\", \"data\": ");
	output_value_json(o, f->type, bytes, &o->text);
	sb_adds(&o->text, "}\n");
}

static void emit_time(struct output *o, const struct image_event *ev, const void *record)
{
	(void)record;
	sb_reset(&o->scratch);
	time_now_text(ev->format ? ev->format : "%H:%M:%S\n", &o->scratch);
	if (is_json(o))
		output_json_message(o, "time", sb_str(&o->scratch), o->scratch.n);
	else
		sb_add(&o->text, sb_str(&o->scratch), o->scratch.n);
}

static void emit_join(struct output *o, const struct image_event *ev, const void *record)
{
	uint32_t n = ((const struct image_record *)record)->arg;

	sb_reset(&o->scratch);
	for (uint32_t i = 0; i < n && i < ev->n_fields; i++) {
		if (i)
			sb_adds(&o->scratch, ev->format ? ev->format : " ");
		output_value_text(o, ev->fields[i].type, image_field_at(&ev->fields[i], record),
		                  &o->scratch);
	}
	if (is_json(o)) {
		output_json_message(o, "join", sb_str(&o->scratch), o->scratch.n);
		return;
	}
	sb_addc(&o->scratch, '\n');
	sb_add(&o->text, o->scratch.s, o->scratch.n);
}

void output_complainf(struct output *o, const char *fmt, ...)
{
	own_strbuf struct strbuf line = {0};
	va_list ap;

	va_start(ap, fmt);
	sb_vaddf(&line, fmt, ap);
	va_end(ap);
	output_complain(o, &line);
}

static void emit_cat(struct output *o, const struct image_event *ev, const void *record)
{
	const char *path = sb_str(render_scratch(o, ev, record));
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	own_strbuf struct strbuf text = {0};
	char chunk[4096];
	ssize_t n = 0;

	if (fd < 0) {
		output_complainf(o, "ERROR: failed to open file '%s' (%s)\n", path,
		                 strerror(errno));
		return;
	}
	while (text.n < o->opts.max_cat_bytes) {
		size_t want = o->opts.max_cat_bytes - text.n;

		n = read(fd, chunk, want < sizeof(chunk) ? want : sizeof(chunk));
		if (n <= 0)
			break;
		sb_add(&text, chunk, (size_t)n);
	}
	if (n < 0) {
		output_complainf(o, "ERROR: failed to read file '%s' (%s)\n", path,
		                 strerror(errno));
		return;
	}
	if (is_json(o))
		output_json_message(o, "cat", sb_str(&text), text.n);
	else
		sb_add(&o->text, sb_str(&text), text.n);
}

static void emit_system(struct output *o, const struct image_event *ev, const void *record)
{
	own_strbuf struct strbuf text = {0};
	int status;

	output_flush(o); /* it may take its time */
	status = command_run(sb_str(render_scratch(o, ev, record)), &text);
	if (status < 0)
		output_complainf(o, "ERROR: failed to run command (%s)\n", strerror(-status));
	else if (status > 0)
		output_complainf(o, "ERROR: command exited with code %d\n", status);
	else if (is_json(o))
		output_json_message(o, "syscall", sb_str(&text), text.n);
	else
		sb_addf(&o->text, "%s\n", sb_str(&text));
}

/* ---- messages that know their place ---------------------------------------------------------- */

/* `"filename": "stdin", "line": 1, "col": 9` */
static void add_json_place(struct output *o, struct span at)
{
	struct strbuf *out = &o->text;
	uint32_t line = 0, col = 0;
	const char *name = "";

	if (o->opts.diag && at.source != SPAN_NONE) {
		name = diag_source_name(o->opts.diag, at.source);
		diag_position(o->opts.diag, at.source, at.begin, &line, &col);
	}
	sb_adds(out, "\"filename\": ");
	json_add_string(out, name, strlen(name));
	sb_addf(out, ", \"line\": %u, \"col\": %u}\n", line, col);
}

/* `stdin:1:9-62: `, nothing for no place. */
static void add_place(struct output *o, struct span at, struct strbuf *out)
{
	uint32_t l1, c1, l2, c2;

	if (!o->opts.diag || at.source == SPAN_NONE)
		return;
	diag_position(o->opts.diag, at.source, at.begin, &l1, &c1);
	diag_position(o->opts.diag, at.source, at.end, &l2, &c2);
	sb_addf(out, "%s:%u", diag_source_name(o->opts.diag, at.source), l1);
	if (l1 == l2)
		sb_addf(out, ":%u-%u: ", c1, c2);
	else
		sb_addf(out, "-%u: ", l2);
}

static void emit_message(struct output *o, const struct image_event *ev, const void *record)
{
	bool is_error = ev->kind == EVENT_ERRORF;
	struct strbuf *text = render_scratch(o, ev, record);
	own_strbuf struct strbuf line = {0};

	if (!is_error && o->opts.no_warnings)
		return;
	if (text->n && text->s[text->n - 1] == '\n')
		text->s[--text->n] = '\0';
	if (is_json(o)) {
		sb_addf(&o->text, "{\"type\": \"%s\", \"msg\": ", is_error ? "errorf" : "warnf");
		json_add_string(&o->text, sb_str(text), text->n);
		sb_adds(&o->text, ", ");
		add_json_place(o, ev->at);
		return;
	}
	if (o->opts.is_colored)
		sb_adds(&line, is_error ? "\033[31m" : "\033[33m");
	add_place(o, ev->at, &line);
	sb_addf(&line, "%s: %s", is_error ? "ERROR" : "WARNING", sb_str(text));
	sb_adds(&line, o->opts.is_colored ? "\033[0m\n" : "\n");
	for (uint32_t i = 0; o->opts.diag && i < ev->n_callers; i++)
		diag_render_one(o->opts.diag, is_error ? "ERROR" : "WARNING", ev->callers[i],
		                "expanded from", NULL, o->opts.is_colored, &line);
	output_complain(o, &line);
}

static void emit_runtime_warning(struct output *o, const struct image_event *ev, const void *record)
{
	int retcode = -(int)((const struct image_record *)record)->arg;
	const char *text = ev->format ? ev->format : strerror(-retcode);
	uint32_t *times = &o->warned[ev - o->img->events.items];
	own_strbuf struct strbuf line = {0}, second = {0};

	if (retcode == -ENOMEM && ev->helper && !strcmp(ev->helper, "map_update_elem"))
		text = "No memory for a new map element; the update is dropped.";
	/* Once for each place; how often, output_destroy() says. */
	if (!is_json(o) && (*times)++)
		return;
	if (is_json(o)) {
		sb_addf(&o->text, "{\"type\": \"%s\", \"msg\": ",
		        ev->helper ? "helper_error" : "runtime_error");
		json_add_string(&o->text, text, strlen(text));
		sb_adds(&o->text, ", ");
		if (ev->helper)
			sb_addf(&o->text, "\"helper\": \"%s\", \"retcode\": %d, ", ev->helper,
			        retcode);
		add_json_place(o, ev->at);
		return;
	}
	if (ev->helper)
		sb_addf(&second, "Additional Info - helper: %s, retcode: %d", ev->helper, retcode);
	if (o->opts.diag)
		diag_render_one(o->opts.diag, "WARNING", ev->at, text,
		                ev->helper ? sb_str(&second) : NULL, o->opts.is_colored, &line);
	else
		sb_addf(&line, "WARNING: %s\n%s%s", text, sb_str(&second), second.n ? "\n" : "");
	output_complain(o, &line);
}

/* PRINT_MAP, CLEAR, ZERO and EXIT are the session's. */
static event_fn *const events[EVENT_N] = {
    [EVENT_PRINTF] = emit_printf,
    [EVENT_ERRORF] = emit_message,
    [EVENT_WARNF] = emit_message,
    [EVENT_PRINT] = emit_print,
    [EVENT_TIME] = emit_time,
    [EVENT_JOIN] = emit_join,
    [EVENT_CAT] = emit_cat,
    [EVENT_SYSTEM] = emit_system,
    [EVENT_RUNTIME_WARNING] = emit_runtime_warning,
};

void warnings_total(struct output *o)
{
	for (size_t i = 0; i < o->img->events.n; i++) {
		own_strbuf struct strbuf line = {0}, text = {0};

		if (o->warned[i] < 2 || !o->opts.diag)
			continue;
		sb_addf(&text, "The warning here came %u times.", o->warned[i]);
		diag_render_one(o->opts.diag, "WARNING", o->img->events.items[i].at, sb_str(&text),
		                NULL, o->opts.is_colored, &line);
		output_complain(o, &line);
	}
}

void output_event(struct output *o, const struct image_event *ev, const void *record,
                  uint32_t size_b)
{
	if (!events[ev->kind] && ev->kind != EVENT_PACKET)
		return;
	if (size_b < ev->size_b) {
		output_complainf(o, "ERROR: an event of %u bytes came with %u\n", ev->size_b,
		                 size_b);
		return;
	}
	if (ev->kind == EVENT_PACKET)
		pcap_write(o, ev->format, record, size_b);
	else
		events[ev->kind](o, ev, record);
	output_emitted(o);
}
