/* See utf8.h. */
#include "base/utf8.h"

size_t utf8_length(const char *s, size_t len_b)
{
	const unsigned char *b = (const unsigned char *)s;
	/* What the second byte may be (RFC 3629, section 4). */
	unsigned char least = 0x80, most = 0xbf;
	size_t n;

	if (!len_b)
		return 0;
	if (b[0] < 0x80)
		return 1;
	n = b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : b[0] < 0xf5 ? 4 : 0;
	if (!n || n > len_b)
		return 0;
	if (b[0] == 0xe0)
		least = 0xa0;
	else if (b[0] == 0xf0)
		least = 0x90;
	else if (b[0] == 0xed)
		most = 0x9f;
	else if (b[0] == 0xf4)
		most = 0x8f;
	if (b[1] < least || b[1] > most)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	return n;
}
