/* Functions that write, and those of time. */
#include <string.h>

#include "host/internal.h"

/* In a stream of JSON it is one more message. */
static void write_text(struct host *h, const struct strbuf *text)
{
	if (output_format_of(h->out) == OUTPUT_JSON)
		output_message(h->out, "printf", sb_str(text), text->n);
	else
		output_write(h->out, sb_str(text), text->n);
}

struct value host_fn_printf(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = {0};

	host_format(h, args, n, &text);
	write_text(h, &text);
	return value_none();
}

struct value host_fn_banner(struct host *h, const struct value *args, uint32_t n)
{
	return host_rows_of(h) == HOST_ROWS_TEXT ? host_fn_printf(h, args, n) : value_none();
}

struct value host_fn_print(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = {0};

	(void)n;
	host_text(h, args[0], &text);
	sb_addc(&text, '\n');
	write_text(h, &text);
	return value_none();
}

struct value host_fn_warn(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = {0};

	host_format(h, args, n, &text);
	output_complain_text(h->out, sb_str(&text), text.n);
	return value_none();
}

struct value host_fn_row(struct host *h, const struct value *args, uint32_t n)
{
	(void)args;
	(void)n;
	host_show_row(h);
	return value_none();
}

struct value host_fn_clear_screen(struct host *h, const struct value *args, uint32_t n)
{
	static const char wipe[] = "\033[2J\033[1;1H";

	(void)args;
	(void)n;
	if (host_rows_of(h) == HOST_ROWS_TEXT)
		output_write(h->out, wipe, sizeof(wipe) - 1);
	return value_none();
}

struct value host_fn_exit(struct host *h, const struct value *args, uint32_t n)
{
	h->is_ending = true;
	h->jump = JUMP_RETURN;
	h->world.exit(h->world.arg, n ? (int)value_to_int(args[0]) : 0);
	return value_none();
}

struct value host_fn_n_probes(struct host *h, const struct value *args, uint32_t n)
{
	(void)args;
	(void)n;
	return value_int(h->img->n_probes);
}

/* ---- time ------------------------------------------------------------------------------------ */

struct value host_fn_now(struct host *h, const struct value *args, uint32_t n)
{
	(void)h;
	(void)args;
	(void)n;
	return value_uint(host_now_ns());
}

struct value host_fn_strftime(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf format = {0}, zone = {0}, text = {0};
	uint64_t at = n > 1 ? (uint64_t)value_to_int(args[1]) : host_now_ns();

	if (n > 2)
		host_text(h, args[2], &zone);
	host_text(h, args[0], &format);
	output_time_text(h->out, at, sb_str(&format), !strcmp(sb_str(&zone), "utc"), &text);
	return value_text_n(sb_str(&text), text.n);
}

static struct value seconds_since(uint64_t origin, struct value at)
{
	return value_float((double)(value_to_int(at) - (int64_t)origin) / 1e9);
}

struct value host_fn_since_first(struct host *h, const struct value *args, uint32_t n)
{
	(void)n;
	if (!h->first_ns)
		h->first_ns = (uint64_t)value_to_int(args[0]);
	return seconds_since(h->first_ns, args[0]);
}

struct value host_fn_since_start(struct host *h, const struct value *args, uint32_t n)
{
	(void)n;
	return seconds_since(h->start_ns, args[0]);
}
