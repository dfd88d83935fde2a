/* Times: time() is the wall clock when the event is handled; a timestamp is boot-time nanoseconds
 * of long ago, brought to the wall clock by the distance between the two clocks, measured once. */
#include <stdio.h>
#include <time.h>

#include "output/internal.h"

enum { NS_PER_S = 1000000000, MAX_TEXT_B = 4096 };

static void add_strftime(const char *format, const struct tm *tm, struct strbuf *out)
{
	char text[MAX_TEXT_B];

	sb_add(out, text, strftime(text, sizeof(text), format, tm));
}

void time_now_text(const char *format, struct strbuf *out)
{
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		add_strftime(format, &tm, out);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int64_t wall_offset_ns(struct output *o)
{
	if (!o->wall_offset_ns) {
		/* the middle of two readings, so that being held up between them halves */
		int64_t before = clock_ns(CLOCK_BOOTTIME), wall = clock_ns(CLOCK_REALTIME);
		int64_t after = clock_ns(CLOCK_BOOTTIME);

		o->wall_offset_ns = wall - (before + (after - before) / 2);
	}
	return o->wall_offset_ns;
}

/* Replace the additions: %f microseconds, %k nanoseconds, %l milliseconds. */
static void expand_fractions(const char *format, uint32_t ns, struct strbuf *out)
{
	for (; *format; format++) {
		if (format[0] != '%' || !format[1]) {
			sb_addc(out, *format);
			continue;
		}
		format++;
		if (*format == 'f')
			sb_addf(out, "%06u", ns / 1000);
		else if (*format == 'k')
			sb_addf(out, "%09u", ns);
		else if (*format == 'l')
			sb_addf(out, "%03u", ns / 1000000);
		else
			sb_addf(out, "%%%c", *format);
	}
}

int64_t time_wall_ns(struct output *o, uint64_t boot_ns)
{
	return (int64_t)boot_ns + wall_offset_ns(o);
}

void time_stamp_text(struct output *o, uint64_t boot_ns, const char *format, bool is_utc,
                     struct strbuf *out)
{
	own_strbuf struct strbuf expanded = {0};
	int64_t wall_ns;
	time_t seconds;
	struct tm tm;

	if (!boot_ns) {
		sb_adds(out, "(?)");
		return;
	}
	wall_ns = time_wall_ns(o, boot_ns);
	seconds = wall_ns / NS_PER_S;
	if (!(is_utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm)))
		return;
	expand_fractions(format ? format : "%H:%M:%S", (uint32_t)(wall_ns % NS_PER_S), &expanded);
	add_strftime(sb_str(&expanded), &tm, out);
}
