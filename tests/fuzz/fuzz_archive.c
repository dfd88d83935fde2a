/* Archives of any bytes: members found in them begin and end inside.
 *
 * corpus: *.zip
 * mutate: in place */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/symbols_priv.h"

static void look_for(const char *path, const char *data, size_t len_b)
{
	uint64_t off_b = 0;
	int fd = archive_open_member(path, &off_b);
	struct stat st;
	char *copy;

	if (fd < 0)
		return;
	FUZZ_CHECK(!fstat(fd, &st) && st.st_size >= 0);
	FUZZ_CHECK(off_b <= len_b && (uint64_t)st.st_size <= len_b - off_b);
	copy = malloc((size_t)st.st_size + 1);
	FUZZ_CHECK(pread(fd, copy, (size_t)st.st_size, 0) == st.st_size);
	FUZZ_CHECK(!memcmp(copy, data + off_b, (size_t)st.st_size));
	free(copy);
	close(fd);
}

void fuzz_one(const char *data, size_t len_b)
{
	int fd = memfd_create("zip", MFD_CLOEXEC);
	char path[60];

	if (fd < 0 || write(fd, data, len_b) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d!/lib/x.so", fd);
	look_for(path, data, len_b);
	snprintf(path, sizeof(path), "/proc/self/fd/%d!/", fd);
	look_for(path, data, len_b);
	close(fd);
}
