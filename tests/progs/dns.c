/* A name server on the loopback device and somebody who asks it, then connects:
 * `dns NAME ADDRESS MS PORT`. The answer says that NAME is an alias of another name, which has
 * ADDRESS (IPv4 or IPv6); MS milliseconds after it, somebody connects to ADDRESS. The question
 * comes over IPv4, or IPv6 if ADDRESS is of that. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int check(int result, const char *what)
{
	if (result >= 0)
		return result;
	perror(what);
	exit(1);
}

/* "a.bc" to 1 a 2 bc 0 */
static size_t put_name(uint8_t *to, const char *name)
{
	size_t n = 0;

	while (*name) {
		size_t len = strcspn(name, ".");

		to[n++] = (uint8_t)len;
		memcpy(to + n, name, len);
		n += len;
		name += len + (name[len] == '.');
	}
	to[n++] = 0;
	return n;
}

static size_t put(uint8_t *to, const void *bytes, size_t n)
{
	memcpy(to, bytes, n);
	return n;
}

/* An alias (type 5), whose data is `real` and the end of the question's name; then its address. */
static size_t answer(uint8_t *m, size_t n, const void *address, size_t address_b)
{
	static const uint8_t cname[] = {0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 7};
	static const uint8_t real[] = {4, 'r', 'e', 'a', 'l', 0xc0, 12};
	uint8_t of_real[] = {0xc0, 0, 0, 1, 0, 1, 0, 0, 0, 60, 0, (uint8_t)address_b};

	m[2] = 0x81; /* a response */
	m[3] = 0x80;
	m[7] = 2; /* answers */
	n += put(m + n, cname, sizeof(cname));
	of_real[1] = (uint8_t)n;
	of_real[3] = address_b == 4 ? 1 : 28;
	n += put(m + n, real, sizeof(real));
	n += put(m + n, of_real, sizeof(of_real));
	return n + put(m + n, address, address_b);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6}, from;
	struct sockaddr_in *at4 = (void *)&at;
	socklen_t from_b = sizeof(from), at_b = sizeof(at);
	uint8_t m[512] = {0x12, 0x34, 1, 0, 0, 1}, address[16];
	int family, server, client, n;

	if (argc < 5)
		return 2;
	family = strchr(argv[2], ':') ? AF_INET6 : AF_INET;
	check(inet_pton(family, argv[2], address) - 1, "address");
	if (family == AF_INET) {
		at4->sin_family = AF_INET;
		at4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		at_b = sizeof(*at4);
	} else {
		at.sin6_addr = in6addr_loopback;
	}
	at.sin6_port = htons(53);
	server = check(socket(family, SOCK_DGRAM, 0), "socket");
	check(bind(server, (void *)&at, at_b), "bind");
	if (!check(fork(), "fork")) {
		n = check((int)recvfrom(server, m, sizeof(m), 0, (void *)&from, &from_b), "recv");
		n = (int)answer(m, (size_t)n, address, family == AF_INET ? 4 : 16);
		check((int)sendto(server, m, (size_t)n, 0, (void *)&from, from_b), "send");
		return 0;
	}
	client = check(socket(family, SOCK_DGRAM, 0), "socket");
	check(connect(client, (void *)&at, at_b), "connect");
	n = 12 + (int)put_name(m + 12, argv[1]);
	n += (int)put(m + n, (uint8_t[]){0, family == AF_INET ? 1 : 28, 0, 1}, 4);
	check((int)send(client, m, (size_t)n, 0), "send");
	check((int)recv(client, m, sizeof(m), 0), "recv");
	wait(NULL);
	usleep((useconds_t)atoi(argv[3]) * 1000);
	if (family == AF_INET)
		memcpy(&at4->sin_addr, address, 4);
	else
		memcpy(&at.sin6_addr, address, 16);
	at.sin6_port = htons((uint16_t)atoi(argv[4]));
	client = check(socket(family, SOCK_STREAM, 0), "socket");
	(void)!connect(client, (void *)&at, at_b);
	return 0;
}
