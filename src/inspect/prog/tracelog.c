/* `prog tracelog`: what programs write with bpf_trace_printk(), as it comes, or what one wrote to
 * the streams of its own. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "bpf/newer.h"
#include "inspect/ending.h"
#include "inspect/prog/prog.h"
#include "types/types.h"

/* Text as it comes, or in JSON a string for each line. */
struct log {
	struct inspect *x;
	struct strbuf part; /* a line whose end has not come yet */
};

static void log_add(struct log *l, const char *text, size_t n_b)
{
	if (!l->x->is_json) {
		fwrite(text, 1, n_b, stdout);
		fflush(stdout);
		return;
	}
	for (const char *end = text + n_b, *next; text < end; text = next) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		next = newline ? newline + 1 : end;
		sb_add(&l->part, text, (size_t)(next - text));
		if (newline) {
			json_string_n(&l->x->json, sb_str(&l->part), l->part.n);
			sb_reset(&l->part);
		}
	}
	json_flush(&l->x->json);
}

static void log_begin(struct log *l, struct inspect *x)
{
	*l = (struct log){.x = x};
	if (x->is_json)
		json_open(&x->json, '[');
}

static void log_end(struct log *l)
{
	if (l->part.n)
		json_string_n(&l->x->json, sb_str(&l->part), l->part.n);
	sb_free(&l->part);
	if (l->x->is_json)
		json_close(&l->x->json, ']');
}

/* ---- the kernel's pipe ----------------------------------------------------------------------- */

/* Where tracefs is mounted; if nowhere, it is mounted where it belongs. NULL: reported. */
static const char *find_tracefs(struct inspect *x)
{
	static const char usual[] = "/sys/kernel/tracing";
	const char *found = tracefs_path();
	struct mntent *m;
	FILE *mounts;

	if (found)
		return found;
	mounts = setmntent("/proc/mounts", "r");
	while (mounts && !found && (m = getmntent(mounts)))
		if (!strcmp(m->mnt_type, "tracefs"))
			found = arena_strdup(x->a, m->mnt_dir);
	if (mounts)
		endmntent(mounts);
	if (found)
		return found;
	if (!mount("tracefs", usual, "tracefs", 0, NULL))
		return usual;
	inspect_error(x, "can't mount tracefs at %s: %s", usual, strerror(errno));
	return NULL;
}

static int copy_pipe(struct inspect *x, int fd, const struct ending *e)
{
	char text[4096];
	struct log l;
	int status = 0;

	log_begin(&l, x);
	while (ending_wait(e, fd, -1) == WAITED_INPUT) {
		ssize_t n = read(fd, text, sizeof(text));

		if (n > 0)
			log_add(&l, text, (size_t)n);
		else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			status = inspect_error(x, "can't read trace_pipe: %s", strerror(errno));
			break;
		}
	}
	log_end(&l);
	return status;
}

static int follow_pipe(struct inspect *x)
{
	const char *dir = find_tracefs(x), *path;
	struct ending e;
	int fd, status;

	if (!dir)
		return -1;
	path = arena_printf(x->a, "%s/trace_pipe", dir);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return inspect_error(x, "can't open %s: %s", path, strerror(errno));
	status = ending_watch(&e);
	if (status) {
		inspect_error(x, "can't wait for signals: %s", strerror(-status));
	} else {
		status = copy_pipe(x, fd, &e);
		ending_leave(&e);
	}
	close(fd);
	return status;
}

/* ---- the streams of one ---------------------------------------------------------------------- */

static int read_stream(struct inspect *x, int prog, uint32_t stream)
{
	struct skep_stream_read attr = {.prog_fd = (uint32_t)prog, .stream_id = stream};
	char text[4096];
	struct log l;
	long n;

	attr.buf = (uint64_t)(uintptr_t)text;
	attr.buf_b = sizeof(text);
	n = syscall(SYS_bpf, SKEP_PROG_STREAM_READ_BY_FD, &attr, sizeof(attr));
	if (n < 0 && errno == EINVAL)
		return inspect_error(x, "the kernel has no streams of programs (Linux 6.17 has)");
	log_begin(&l, x);
	while (n > 0) {
		log_add(&l, text, (size_t)n);
		n = syscall(SYS_bpf, SKEP_PROG_STREAM_READ_BY_FD, &attr, sizeof(attr));
	}
	if (n < 0)
		inspect_error(x, "can't read the stream: %s", strerror(errno));
	log_end(&l);
	return n < 0 ? -1 : 0;
}

int prog_tracelog(struct inspect *x, struct words *w)
{
	const char *word;
	uint32_t stream;
	int fd, status;

	if (!w->n)
		return follow_pipe(x);
	word = word_next(w);
	if (word_is(word, "stdout"))
		stream = SKEP_STREAM_STDOUT;
	else if (word_is(word, "stderr"))
		stream = SKEP_STREAM_STDERR;
	else
		return inspect_error(x, "expected 'stdout' or 'stderr', got: '%s'?", word);
	if (!words_need(x, w, 2))
		return -EINVAL;
	fd = prog_of(x, w);
	if (fd < 0)
		return fd;
	status = w->n ? inspect_error(x, "expected no more arguments, got: %s", w->at[0])
	              : read_stream(x, fd, stream);
	close(fd);
	return status;
}
