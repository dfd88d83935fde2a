/* A parser of packets, mostly switches: ethernet, VLAN, IPv4 and IPv6 with extensions, TCP, UDP,
 * ICMP, tunnels; counters by what was found. */
#include "bench.h"

enum { N = 64, LEN = 128 };
u8 packets[N][LEN];
u32 counts[32];
u32 is_ready;

static inline u32 be16(const u8 *p)
{
	return (u32)p[0] << 8 | p[1];
}

static inline void prepare(void)
{
	static const u8 protocols[8] = {6, 17, 1, 47, 6, 6, 17, 58};
	u64 seed = 4;

	for (u32 k = 0; k < N; k++) {
		u32 at = 12, kind = (u32)next_random(&seed) & 7;
		u8 *p = packets[k];

		for (u32 b = 0; b < LEN; b++)
			p[b] = (u8)next_random(&seed);
		if (kind == 3) {
			p[at] = 0x81;
			p[at + 1] = 0;
			at = 16;
		}
		if (kind == 5) {
			p[at] = 0x86;
			p[at + 1] = 0xdd;
			p[at + 2] = 0x60;
			p[at + 8] = kind & 1 ? 6 : 17;
		} else if (kind != 7) {
			p[at] = 8;
			p[at + 1] = 0;
			p[at + 2] = 0x45;
			p[at + 11] = protocols[next_random(&seed) & 7];
		}
	}
	is_ready = 1;
}

static inline u32 ports(u32 from, u32 to)
{
	switch (to) {
	case 22:
		return 1;
	case 25:
		return 2;
	case 53:
		return 3;
	case 80:
	case 8080:
		return 4;
	case 123:
		return 5;
	case 443:
		return 6;
	default:
		return from < 1024 ? 7 : to < 1024 ? 8 : 9;
	}
}

static inline u32 parse(const u8 *p)
{
	u32 at = 14, type = be16(p + 12), protocol;

	if (type == 0x8100) {
		type = be16(p + 16);
		at = 18;
	}
	switch (type) {
	case 0x0800:
		if (p[at] >> 4 != 4)
			return 10;
		protocol = p[at + 9];
		at += (p[at] & 15) * 4;
		break;
	case 0x86dd:
		protocol = p[at + 6];
		at += 40;
		break;
	case 0x0806:
		return 11;
	case 0x8847:
		return 12;
	default:
		return 13;
	}
	switch (protocol) {
	case 1:
		return 14;
	case 6:
		return p[at + 13] & 2 ? 15 : ports(be16(p + at), be16(p + at + 2));
	case 17:
		return 16 + (ports(be16(p + at), be16(p + at + 2)) & 3);
	case 47:
		return 20 + (p[at] & 1);
	case 58:
		return 22;
	case 132:
		return 23;
	default:
		return 24;
	}
}

PROGRAM
{
	u32 sum = 0;

	if (!is_ready)
		prepare();
	for (u32 k = 0; k < N; k++) {
		u32 what = parse(packets[k]);

		counts[what & 31]++;
		sum = sum * 31 + what;
	}
	return (int)sum;
}
