/* Which CPUs there are. Lists in /sys read like "0-3,8,10-11". */
#include "base/cpus.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"

/* Calls no function and allocates nothing but *ret_list (may be NULL); returns the number of CPUs
 * named, 0 if the file can't be read, and the highest of them. */
static uint32_t read_list(const char *path, int **ret_list, int *ret_max)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[4096], *at = text;
	vec(int) list = {0};
	ssize_t got;

	*ret_max = -1;
	if (fd < 0)
		return 0;
	got = read(fd, text, sizeof(text) - 1);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	while (*at >= '0' && *at <= '9') {
		int first = (int)strtol(at, &at, 10), last = first;

		if (*at == '-')
			last = (int)strtol(at + 1, &at, 10);
		if (last > *ret_max)
			*ret_max = last;
		for (int cpu = first; cpu <= last; cpu++)
			vec_push(NULL, &list, cpu);
		if (*at == ',')
			at++;
	}
	if (ret_list)
		*ret_list = list.items;
	else
		free(list.items);
	return (uint32_t)list.n;
}

uint32_t cpus_possible(void)
{
	int max;

	/* The kernel sizes per-CPU values by the highest possible number; the mask has no holes
	 * where that differs from the count. */
	if (!read_list("/sys/devices/system/cpu/possible", NULL, &max))
		return (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
	return (uint32_t)max + 1;
}

uint32_t cpus_online(int **ret)
{
	int max;
	uint32_t n = read_list("/sys/devices/system/cpu/online", ret, &max);

	if (n == 0) {
		*ret = calloc(1, sizeof(**ret));
		n = 1;
	}
	return n;
}
