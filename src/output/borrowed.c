/* What host code borrows of this room: the way out, and values that only types can tell. */
#include "output/output.h"

#include "output/internal.h"

int64_t output_value_integer(const struct type *t, const void *bytes)
{
	return value_integer(t, bytes);
}

bool output_value_is_signed(const struct type *t)
{
	return value_is_signed(t);
}

void output_write(struct output *o, const char *text, size_t len_b)
{
	sb_add(&o->text, text, len_b);
	output_emitted(o);
}

void output_message(struct output *o, const char *type, const char *text, size_t len_b)
{
	output_json_message(o, type, text, len_b);
	output_emitted(o);
}

void output_complain_text(struct output *o, const char *text, size_t len_b)
{
	own_strbuf struct strbuf line = {0};

	sb_add(&line, text, len_b);
	output_complain(o, &line);
}

void output_time_text(struct output *o, uint64_t boot_ns, const char *format, bool is_utc,
                      struct strbuf *out)
{
	time_stamp_text(o, boot_ns, format, is_utc, out);
}

void output_user_text(struct output *o, uint64_t uid, struct strbuf *out)
{
	size_t before = out->n;

	name_user_text(o, uid, out);
	if (out->n == before)
		text_add_u64(out, uid);
}

enum output_format output_format_of(const struct output *o)
{
	return o->opts.format;
}
