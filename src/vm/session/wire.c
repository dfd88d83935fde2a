/* See wire.h. */
#include "vm/session/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

int wire_send(int fd, const void *bytes, size_t n_b)
{
	for (const char *p = bytes; n_b;) {
		ssize_t n = send(fd, p, n_b, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		n_b -= (size_t)n;
	}
	return 0;
}

int wire_receive(int fd, void *bytes, size_t n_b)
{
	for (char *p = bytes; n_b;) {
		ssize_t n = recv(fd, p, n_b, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (!n)
			errno = EPIPE; /* the other side has ended */
		if (n <= 0)
			return -1;
		p += n;
		n_b -= (size_t)n;
	}
	return 0;
}
