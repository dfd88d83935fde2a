/* Packets: where a context keeps its ends, and the legacy loads from it. */
#include "vm/helpers.h"

#include <endian.h>
#include <string.h>

#include "vm/input.h"

enum {
	/* UAPI linux/filter.h: what negative offsets count from. */
	NET_OFF = -0x100000,
	LL_OFF = -0x200000,
	ETH_HEADER_B = 14,
};

struct packet {
	unsigned char *data, *end;
};

static bool packet_of(struct vm_run *run, uint64_t context, struct packet *ret)
{
	const struct vm_code *c = run->code;
	unsigned char *ctx = vm_pointer(context);

	if (c->packet_off_b) {
		memcpy(&ret->data, ctx + c->packet_off_b, sizeof(ret->data));
		memcpy(&ret->end, ctx + c->packet_end_off_b, sizeof(ret->end));
		return true;
	}
	/* The machine's own kind: its memory is its packet. */
	ret->data = ctx;
	ret->end = ctx + run->context_b;
	return c->type == BPF_PROG_TYPE_UNSPEC;
}

uint64_t vm_packet_load(struct vm_run *run, uint64_t context, int32_t off_b, uint32_t size_b)
{
	struct packet p;
	int64_t at = off_b;
	uint16_t v16;
	uint32_t v32, header_b;

	if (!packet_of(run, context, &p))
		return VM_NO_PACKET;
	/* bpf_internal_load_pointer_neg_helper(), kernel/bpf/core.c */
	if (off_b < 0) {
		header_b = vm_packet_has_header(run->code->type) ? ETH_HEADER_B : 0;
		if (off_b >= NET_OFF)
			at = (int64_t)off_b - NET_OFF + header_b;
		else if (off_b >= LL_OFF)
			at = (int64_t)off_b - LL_OFF + header_b - ETH_HEADER_B;
		else
			return VM_NO_PACKET;
	}
	if (at + size_b > p.end - p.data)
		return VM_NO_PACKET;
	switch (size_b) {
	case 1:
		return p.data[at];
	case 2:
		memcpy(&v16, p.data + at, 2);
		return be16toh(v16);
	default:
		memcpy(&v32, p.data + at, 4);
		return be32toh(v32);
	}
}
