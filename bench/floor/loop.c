/* Waiting, emptying the ring, and printing. */
#include "floor.h"

#include <bpf/libbpf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t is_over;
static char text[1 << 16];
static size_t text_b;

void flush_out(void)
{
	for (size_t done = 0; done < text_b;) {
		ssize_t n = write(STDOUT_FILENO, text + done, text_b - done);

		if (n < 0)
			break;
		done += (size_t)n;
	}
	text_b = 0;
}

void out(const char *format, ...)
{
	va_list args;

	if (sizeof(text) - text_b < 1024)
		flush_out();
	va_start(args, format);
	text_b += (size_t)vsnprintf(text + text_b, sizeof(text) - text_b, format, args);
	va_end(args);
}

static void on_signal(int signal_nr)
{
	(void)signal_nr;
	is_over = 1;
}

void catch_signals(void)
{
	struct sigaction act = {.sa_handler = on_signal};

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
}

static int on_record(void *arg, void *record, size_t len_b)
{
	((print_fn)arg)(record, len_b);
	return 0;
}

void run_until_signal(int ring_map, print_fn print)
{
	struct ring_buffer *ring = NULL;
	struct timespec pause = {.tv_nsec = ring_map < 0 ? 50000000 : 1000000};

	if (ring_map >= 0) {
		ring = ring_buffer__new(ring_map, on_record, (void *)print, NULL);
		if (!ring)
			die("ring");
	}
	while (!is_over) {
		nanosleep(&pause, NULL);
		if (ring && ring_buffer__consume(ring) > 0)
			flush_out();
	}
	if (ring)
		ring_buffer__consume(ring);
	flush_out();
}
