/* Output: the context, its buffer, and the few lines that are about the session rather than the
 * script (banner, losses).
 *
 * Everything a script prints is appended to one string buffer and leaves in large writes: after
 * each drained batch of events (line), when 64 KiB have gathered (full), or at once (none). What
 * goes to stderr waits for what was printed before it, so that a terminal shows both in order. */
#include "output/output.h"

#include <errno.h>

#include "output/internal.h"

enum { WRITE_AT_B = 64 * 1024 };

struct output *output_create(const struct image *img, struct symbols *syms,
                             const struct output_options *opts)
{
	struct arena *a = arena_create();
	struct output *o = arena_new(a, struct output);

	o->a = a;
	o->img = img;
	o->syms = syms;
	o->opts = *opts;
	o->frame_indent = FRAME_INDENT;
	o->formats = arena_array(a, struct format *, img->events.n + 1);
	o->warned = arena_array(a, uint32_t, img->events.n + 1);
	return o;
}

static void write_out(struct output *o)
{
	if (!o->text.n)
		return;
	errno = 0;
	if (!o->is_broken && (fwrite_unlocked(o->text.s, 1, o->text.n, o->opts.out) != o->text.n ||
	                      fflush_unlocked(o->opts.out))) {
		o->is_broken = true;
		o->write_error = errno == EPIPE ? 0 : errno ? -errno : -EIO;
	}
	sb_reset(&o->text);
}

int output_destroy(struct output *o)
{
	struct arena *a = o->a;
	int err;

	warnings_total(o);
	pcap_close(o);
	write_out(o);
	err = o->write_error;
	sb_free(&o->text);
	sb_free(&o->scratch);
	name_free(o);
	arena_destroy(a);
	return err;
}

void output_flush(struct output *o)
{
	if (o->opts.buffering != OUTPUT_FULL || o->text.n >= WRITE_AT_B)
		write_out(o);
}

void output_emitted(struct output *o)
{
	if (o->text.n >= WRITE_AT_B || o->opts.buffering == OUTPUT_NONE)
		write_out(o);
}

bool output_is_broken(const struct output *o)
{
	return o->is_broken;
}

void output_complain(struct output *o, const struct strbuf *text)
{
	if (o->opts.buffering != OUTPUT_FULL)
		write_out(o);
	fwrite(sb_str(text), 1, text->n, o->opts.err);
	fflush(o->opts.err);
}

void output_json_message(struct output *o, const char *type, const char *text, size_t len_b)
{
	sb_addf(&o->text, "{\"type\": \"%s\", \"data\": ", type);
	json_add_string(&o->text, text, len_b);
	sb_adds(&o->text, "}\n");
}

void output_attached(struct output *o, uint32_t n_probes)
{
	own_strbuf struct strbuf line = {0};

	if (o->opts.format == OUTPUT_JSON) {
		sb_addf(&o->text,
		        "{\"type\": \"attached_probes\", \"count\": %u, "
		        "\"data\": {\"probes\": %u}}\n",
		        n_probes, n_probes);
		output_emitted(o);
		return;
	}
	if (o->opts.is_compat) {
		sb_addf(&o->text, "Attaching %u probe%s...\n", n_probes, n_probes == 1 ? "" : "s");
		output_emitted(o);
		return;
	}
	sb_addf(&line, "Attached %u probe%s\n", n_probes, n_probes == 1 ? "" : "s");
	output_complain(o, &line);
}

void output_lost(struct output *o, uint64_t n_since)
{
	own_strbuf struct strbuf line = {0};

	if (o->opts.format == OUTPUT_JSON) {
		sb_addf(&o->text,
		        "{\"type\": \"lost_events\", \"count\": %llu, "
		        "\"data\": {\"events\": %llu}}\n",
		        (unsigned long long)n_since, (unsigned long long)n_since);
		output_emitted(o);
		return;
	}
	sb_addf(&line, "Lost %llu events\n", (unsigned long long)n_since);
	output_complain(o, &line);
}

void output_lost_total(struct output *o, uint64_t n_total)
{
	own_strbuf struct strbuf line = {0};

	sb_addf(&line, "WARNING: Total lost event count: %llu\n", (unsigned long long)n_total);
	output_complain(o, &line);
}

void output_exit_gap(struct output *o)
{
	if (o->opts.format == OUTPUT_TEXT)
		sb_adds(&o->text, "\n\n");
}
