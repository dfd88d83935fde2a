/* Code generated at run time: /tmp/perf-PID.map, to which a runtime appends "START SIZE NAME"
 * lines. Read as far as it has grown; of code that lay at one place one after another, the last
 * counts. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "symbols/symbols_priv.h"

enum { MOST_B = 256 << 20 }; /* of one map */

void jit_free(struct jit *j)
{
	extents_free(&j->places);
	vec_each (text, &j->texts)
		free(*text);
	vec_free(&j->texts);
	*j = (struct jit){0};
}

/* Anybody can write to /tmp: a map is believed if it belongs to the process's user or to root. */
static int open_map(const char *path, uid_t owner, struct stat *ret)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || fstat(fd, ret) || !S_ISREG(ret->st_mode) ||
	    (ret->st_uid && ret->st_uid != owner))
		return -1;
	return TAKE_FD(fd);
}

static void parse(struct jit *j, char *text)
{
	for (char *line = text; *line;) {
		char *nl = strchrnul(line, '\n'), *next = *nl ? nl + 1 : nl;
		struct perf_map_line l;

		*nl = '\0';
		if (perf_map_parse_line(line, &l))
			extents_add(&j->places, l.start, l.end, l.name);
		line = next;
	}
	extents_finish(&j->places);
}

bool jit_read(struct jit *j, const char *path, uid_t owner)
{
	struct stat st;
	own_fd int fd = open_map(path, owner, &st);
	size_t more_b, len_b = 0;
	char *text, *last;

	if (fd < 0)
		return false;
	if (st.st_ino != j->inode || st.st_size < j->read_b) { /* another file, or written anew */
		jit_free(j);
		j->inode = st.st_ino;
	}
	if (st.st_size <= j->read_b || st.st_size > MOST_B)
		return false;
	more_b = (size_t)(st.st_size - j->read_b);
	text = malloc(more_b + 1);
	while (text && len_b < more_b) {
		ssize_t n = pread(fd, text + len_b, more_b - len_b, j->read_b + (off_t)len_b);

		if (n <= 0)
			break;
		len_b += (size_t)n;
	}
	/* Up to the last whole line: the writer may be in the middle of one. */
	last = text ? memrchr(text, '\n', len_b) : NULL;
	if (!last) {
		free(text);
		return false;
	}
	last[1] = '\0';
	j->read_b += last + 1 - text;
	vec_push(NULL, &j->texts, text);
	parse(j, text);
	return true;
}
