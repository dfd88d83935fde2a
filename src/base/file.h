/* Files: whole-file reads and descriptors that close themselves. */
#ifndef SKEP_BASE_FILE_H
#define SKEP_BASE_FILE_H

#include <stddef.h>
#include <unistd.h>

struct arena;

/* Read a whole file (also one of /proc or /sys, whose size is not known before) into the arena;
 * the text is NUL-terminated and `*ret_len` leaves that NUL out. Returns 0 or -errno; outputs
 * are untouched on failure. ret_len may be NULL. */
int file_read(struct arena *a, const char *path, char **ret_text, size_t *ret_len_b);

/* Write all of it, whatever signals come between. Returns 0 or -errno. */
int fd_write(int fd, const void *bytes, size_t len_b);

/* Create or truncate `path` and write all of it. Returns 0 or -errno, also what a full disk says at
 * the end only; half a file is removed again (but no device). */
int file_write(const char *path, const void *bytes, size_t len_b);

static inline void fd_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define own_fd __attribute__((cleanup(fd_closep)))
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})
#define TAKE(p)                                                                                    \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

#endif
