/* Addresses: inet (u64 family, then 4 or 16 bytes in network order) and MAC. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#include "output/internal.h"

void net_inet_text(const void *bytes, struct strbuf *out)
{
	uint64_t family = load_u64(bytes);
	char text[INET6_ADDRSTRLEN];

	if ((family == AF_INET || family == AF_INET6) &&
	    inet_ntop((int)family, (const char *)bytes + 8, text, sizeof(text)))
		sb_adds(out, text);
}

void net_mac_text(const void *bytes, struct strbuf *out)
{
	const unsigned char *b = bytes;

	sb_addf(out, "%02X:%02X:%02X:%02X:%02X:%02X", b[0], b[1], b[2], b[3], b[4], b[5]);
}
