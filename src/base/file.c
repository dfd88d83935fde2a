/* Whole files: read by the size stat gives where it gives one, else by doubling. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"

int file_read(struct arena *a, const char *path, char **ret_text, size_t *ret_len_b)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t n = 0, cap;
	char *buf;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	cap = st.st_size > 0 ? (size_t)st.st_size + 1 : 4096;
	buf = malloc(cap);
	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t got;

		if (n == cap) {
			char *bigger = realloc(buf, cap * 2);

			if (!bigger) {
				err = -ENOMEM;
				break;
			}
			buf = bigger;
			cap *= 2;
		}
		got = read(fd, buf + n, cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = -errno;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (!err) {
		*ret_text = arena_strndup(a, buf, n);
		if (ret_len_b)
			*ret_len_b = n;
	}
	free(buf);
	return err;
}

int fd_write(int fd, const void *bytes, size_t len_b)
{
	const char *at = bytes;

	while (len_b) {
		ssize_t n = write(fd, at, len_b);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? n : 0;
		len_b -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int file_write(const char *path, const void *bytes, size_t len_b)
{
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct stat st;
	int err;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	err = fd_write(fd, bytes, len_b);
	if (close(TAKE_FD(fd)) && !err)
		err = -errno;
	if (err && S_ISREG(st.st_mode))
		unlink(path);
	return err;
}
