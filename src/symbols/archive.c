/* Libraries inside of archives, as Android runs them: `a.apk!/lib/x.so`.
 *
 * Input: such a path; the archive is a ZIP file (APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and
 * 4.3.16). Output: the member as a file of its own in memory, and where in the archive it begins.
 * Code is mapped straight from the archive, so only members that are stored can have any. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "symbols/symbols_priv.h"

enum {
	END_B = 22, /* of central directory, without its comment */
	ENTRY_B = 46,
	LOCAL_B = 30,
	MOST_COMMENT_B = 65535,
	IS_STORED = 0,
};

static const char end_mark[4] = "PK\5\6", entry_mark[4] = "PK\1\2", local_mark[4] = "PK\3\4";

static uint64_t number(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

struct archive {
	const uint8_t *bytes;
	uint64_t len_b;
};

/* The last one: the comment behind it may look like another. */
static const uint8_t *find_end(const struct archive *a)
{
	uint64_t most_b = END_B + MOST_COMMENT_B, from = a->len_b > most_b ? a->len_b - most_b : 0;

	for (uint64_t at = a->len_b >= END_B ? a->len_b - END_B + 1 : 0; at-- > from;)
		if (!memcmp(a->bytes + at, end_mark, 4) &&
		    number(a->bytes + at + 20, 2) == a->len_b - at - END_B)
			return a->bytes + at;
	return NULL;
}

/* 0, -ENOENT, -ENOTSUP: it is compressed, or -ENOEXEC: the archive is damaged, or none. */
static int find_member(const struct archive *a, const char *name, uint64_t *ret_off_b,
                       uint64_t *ret_len_b)
{
	const uint8_t *end = find_end(a), *p;
	uint64_t at, name_b = strlen(name), n, local;

	if (!end)
		return -ENOEXEC;
	at = number(end + 16, 4);
	for (n = number(end + 10, 2); n; n--) {
		uint64_t its_b;

		if (at > a->len_b || a->len_b - at < ENTRY_B)
			return -ENOEXEC;
		p = a->bytes + at;
		its_b = number(p + 28, 2);
		if (memcmp(p, entry_mark, 4) != 0 || a->len_b - at - ENTRY_B < its_b)
			return -ENOEXEC;
		if (its_b == name_b && !memcmp(p + ENTRY_B, name, name_b))
			break;
		at += ENTRY_B + its_b + number(p + 30, 2) + number(p + 32, 2);
	}
	if (!n)
		return -ENOENT;
	if (number(p + 10, 2) != IS_STORED)
		return -ENOTSUP;
	local = number(p + 42, 4);
	*ret_len_b = number(p + 20, 4);
	if (local > a->len_b || a->len_b - local < LOCAL_B ||
	    memcmp(a->bytes + local, local_mark, 4) != 0)
		return -ENOEXEC;
	p = a->bytes + local;
	*ret_off_b = local + LOCAL_B + number(p + 26, 2) + number(p + 28, 2);
	return *ret_off_b <= a->len_b && *ret_len_b <= a->len_b - *ret_off_b ? 0 : -ENOEXEC;
}

/* A copy: what is mapped of an archive that is written to meanwhile could be our end. */
static int read_all(const char *path, size_t len_b, uint8_t **ret, uint64_t *ret_len_b)
{
	enum { MOST_B = 1 << 30 };
	own_fd int fd = -1;
	char *name = strndup(path, len_b);
	struct stat st;
	ssize_t n;

	fd = name ? open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	free(name);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > MOST_B)
		return -ENOEXEC;
	*ret = malloc((size_t)st.st_size);
	if (!*ret)
		return -ENOMEM;
	for (*ret_len_b = 0; *ret_len_b < (uint64_t)st.st_size; *ret_len_b += (uint64_t)n) {
		n = read(fd, *ret + *ret_len_b, (size_t)st.st_size - *ret_len_b);
		if (n <= 0)
			break;
	}
	return 0;
}

size_t symbols_archive_part(const char *path)
{
	const char *mark = path ? strstr(path, "!/") : NULL;

	return mark ? (size_t)(mark - path) : 0;
}

int archive_open_member(const char *path, uint64_t *ret_off_b)
{
	size_t part = symbols_archive_part(path);
	struct archive a = {0};
	uint8_t *bytes = NULL;
	uint64_t len_b;
	own_fd int fd = -1;
	int err = part ? read_all(path, part, &bytes, &a.len_b) : -ENOENT;

	a.bytes = bytes;
	if (!err)
		err = find_member(&a, path + part + 2, ret_off_b, &len_b);
	if (!err) {
		fd = memfd_create("member", MFD_CLOEXEC);
		if (fd < 0)
			err = -errno;
		else
			err = fd_write(fd, bytes + *ret_off_b, len_b);
	}
	free(bytes);
	return err ? err : TAKE_FD(fd);
}
