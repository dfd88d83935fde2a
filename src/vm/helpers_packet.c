/* Packets: where a context keeps their ends, legacy loads, and the helpers that copy and move them.
 * Checksums are as net/core/filter.c has them; nothing is offloaded here. */
#include "vm/helpers.h"

#include <endian.h>
#include <string.h>

#include "vm/input.h"
#include "vm/packet.h"

enum {
	/* UAPI linux/filter.h: what negative offsets count from. */
	NET_OFF = -0x100000,
	LL_OFF = -0x200000,
	ETH_HEADER_B = 14,
	MAX_OFF = 0xffff,
	FRAME_HEAD_B = 40, /* struct xdp_frame, which the kernel keeps before the packet */
	MAX_META_B = 252,  /* skb_shared_info's meta_len is a byte */
	F_IPV6 = 0x80,     /* BPF_F_IPV6, Linux 6.16 */
};

bool vm_packet_of(struct vm_run *run, uint64_t context, struct vm_packet *ret)
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

/* Where the link-layer header is, counted from the packet's first byte. */
static int64_t header_at(const struct vm_run *run)
{
	return vm_packet_has_header(run->code->type) ? 0 : -ETH_HEADER_B;
}

uint64_t vm_packet_load(struct vm_run *run, uint64_t context, int32_t off_b, uint32_t size_b)
{
	struct vm_packet p;
	int64_t at = off_b;
	uint16_t v16;
	uint32_t v32;

	if (!vm_packet_of(run, context, &p))
		return VM_NO_PACKET;
	/* bpf_internal_load_pointer_neg_helper(), kernel/bpf/core.c */
	if (off_b < 0) {
		if (off_b >= NET_OFF)
			at = (int64_t)off_b - NET_OFF + header_at(run) + ETH_HEADER_B;
		else if (off_b >= LL_OFF)
			at = (int64_t)off_b - LL_OFF + header_at(run);
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

/* ---- copies ---------------------------------------------------------------------------------- */

/* `len_b` bytes of the packet at `at`, or NULL. */
static unsigned char *bytes_at(struct vm_run *run, uint64_t context, int64_t at, uint64_t len_b)
{
	struct vm_packet p;

	if (!vm_packet_of(run, context, &p) || at > p.end - p.data ||
	    len_b > (uint64_t)(p.end - p.data - at))
		return NULL;
	return p.data + at;
}

static uint64_t load_or_clear(const unsigned char *from, void *to, uint32_t len_b)
{
	if (!from) {
		memset(to, 0, len_b);
		return VM_ERROR(EFAULT);
	}
	memcpy(to, from, len_b);
	return 0;
}

VM_HELPER_FN(skb_load_bytes)
{
	const unsigned char *from = NULL;

	if ((uint32_t)r2 <= INT32_MAX)
		from = bytes_at(run, r1, (uint32_t)r2, (uint32_t)r4);
	return load_or_clear(from, vm_pointer(r3), (uint32_t)r4);
}

VM_HELPER_FN(skb_load_bytes_relative)
{
	int64_t at = (uint32_t)r2 + header_at(run);
	const unsigned char *from = NULL;

	if (r5 == BPF_HDR_START_NET)
		at += ETH_HEADER_B;
	if ((uint32_t)r2 <= MAX_OFF && r5 <= BPF_HDR_START_NET)
		from = bytes_at(run, r1, at, (uint32_t)r4);
	return load_or_clear(from, vm_pointer(r3), (uint32_t)r4);
}

VM_HELPER_FN(skb_store_bytes)
{
	unsigned char *to = NULL;

	if (r5 & ~(uint64_t)(BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH))
		return VM_ERROR(EINVAL);
	if ((uint32_t)r2 <= INT32_MAX)
		to = bytes_at(run, r1, (uint32_t)r2, (uint32_t)r4);
	if (!to)
		return VM_ERROR(EFAULT);
	memcpy(to, vm_pointer(r3), (uint32_t)r4);
	return 0;
}

/* All of the packet is where it can be reached. */
VM_HELPER_FN(skb_pull_data)
{
	return bytes_at(run, r1, 0, (uint32_t)r2) ? 0 : VM_ERROR(ENOMEM);
}

/* ---- checksums (RFC 1071) -------------------------------------------------------------------- */

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint64_t sum_of(const void *bytes, uint32_t len_b)
{
	const unsigned char *b = bytes;
	uint64_t sum = 0;

	for (uint32_t k = 0; k + 1 < len_b; k += 2) {
		uint16_t word;

		memcpy(&word, b + k, sizeof(word));
		sum += word;
	}
	return sum;
}

/* The sum with `to` in and `from` out, folded (since Linux 6.13). */
VM_HELPER_FN(csum_diff)
{
	uint32_t from_b = (uint32_t)r2, to_b = (uint32_t)r4;
	uint64_t sum = (uint32_t)r5;

	if ((from_b | to_b) & 3)
		return VM_ERROR(EINVAL);
	sum = fold(sum + sum_of(vm_pointer(r3), to_b));
	if (from_b)
		sum = fold(sum + (uint16_t)~fold(sum_of(vm_pointer(r1), from_b)));
	return sum;
}

/* HC' = ~(~HC + ~m + m'), RFC 1624, equation 3; `from` and `to` of size_b bytes. Size 0: `to` is a
 * difference that csum_diff made. */
static uint16_t replace_sum(uint16_t old, uint64_t from, uint64_t to, uint64_t size_b)
{
	uint64_t sum = (uint16_t)~old;

	if (size_b == 0)
		sum += fold((uint32_t)to);
	else if (size_b == 2)
		sum += (uint16_t)~from + (uint64_t)(uint16_t)to;
	else
		sum += (uint16_t)~fold((uint32_t)from) + (uint64_t)fold((uint32_t)to);
	return (uint16_t)~fold(sum);
}

static uint64_t replace(struct vm_run *run, uint64_t context, uint32_t off_b, uint64_t from,
                        uint64_t to, uint64_t flags, bool may_be_off)
{
	uint64_t size_b = flags & BPF_F_HDR_FIELD_MASK;
	unsigned char *at;
	uint16_t sum;

	if (off_b > MAX_OFF || off_b & 1)
		return VM_ERROR(EFAULT);
	at = bytes_at(run, context, off_b, sizeof(sum));
	if (!at)
		return VM_ERROR(EFAULT);
	memcpy(&sum, at, sizeof(sum));
	/* UDP over IPv4: 0 says that there is no checksum. */
	if (may_be_off && !(flags & BPF_F_MARK_ENFORCE) && !sum)
		return 0;
	if ((size_b == 0 && from) || (size_b != 0 && size_b != 2 && size_b != 4))
		return VM_ERROR(EINVAL);
	sum = replace_sum(sum, from, to, size_b);
	if (may_be_off && !sum)
		sum = 0xffff; /* CSUM_MANGLED_0 */
	memcpy(at, &sum, sizeof(sum));
	return 0;
}

VM_HELPER_FN(l3_csum_replace)
{
	if (r5 & ~(uint64_t)BPF_F_HDR_FIELD_MASK)
		return VM_ERROR(EINVAL);
	return replace(run, r1, (uint32_t)r2, r3, r4, r5, false);
}

VM_HELPER_FN(l4_csum_replace)
{
	uint64_t known = BPF_F_MARK_MANGLED_0 | BPF_F_MARK_ENFORCE | BPF_F_PSEUDO_HDR |
	                 BPF_F_HDR_FIELD_MASK | F_IPV6;

	if (r5 & ~known)
		return VM_ERROR(EINVAL);
	return replace(run, r1, (uint32_t)r2, r3, r4, r5, r5 & BPF_F_MARK_MANGLED_0);
}

/* ---- XDP: moving the ends -------------------------------------------------------------------- */

static unsigned char *end_at(uint64_t context, uint16_t off_b)
{
	unsigned char *ret;

	memcpy(&ret, (unsigned char *)vm_pointer(context) + off_b, sizeof(ret));
	return ret;
}

static void set_end(uint64_t context, uint16_t off_b, unsigned char *to)
{
	memcpy((unsigned char *)vm_pointer(context) + off_b, &to, sizeof(to));
}

VM_HELPER_FN(xdp_adjust_head)
{
	const struct vm_code *c = run->code;
	unsigned char *data = end_at(r1, c->packet_off_b), *end = end_at(r1, c->packet_end_off_b);
	unsigned char *meta = end_at(r1, c->packet_meta_off_b);
	int64_t by = (int32_t)r2, meta_b = data - meta;

	if (!run->packet_begin || by < run->packet_begin + FRAME_HEAD_B + meta_b - data ||
	    by > end - ETH_HEADER_B - data)
		return VM_ERROR(EINVAL);
	memmove(meta + by, meta, (size_t)meta_b);
	set_end(r1, c->packet_meta_off_b, meta + by);
	set_end(r1, c->packet_off_b, data + by);
	return 0;
}

VM_HELPER_FN(xdp_adjust_meta)
{
	const struct vm_code *c = run->code;
	unsigned char *data = end_at(r1, c->packet_off_b);
	unsigned char *meta = end_at(r1, c->packet_meta_off_b);
	int64_t by = (int32_t)r2, meta_b = data - meta - by;

	if (!run->packet_begin || by < run->packet_begin + FRAME_HEAD_B - meta || meta_b < 0)
		return VM_ERROR(EINVAL);
	if (meta_b & 3 || meta_b > MAX_META_B)
		return VM_ERROR(EACCES);
	set_end(r1, c->packet_meta_off_b, meta + by);
	return 0;
}

VM_HELPER_FN(xdp_adjust_tail)
{
	const struct vm_code *c = run->code;
	unsigned char *data = end_at(r1, c->packet_off_b), *end = end_at(r1, c->packet_end_off_b);
	int64_t by = (int32_t)r2;

	if (!run->packet_limit || by > run->packet_limit - end || by < data + ETH_HEADER_B - end)
		return VM_ERROR(EINVAL);
	if (by > 0)
		memset(end, 0, (size_t)by);
	set_end(r1, c->packet_end_off_b, end + by);
	return 0;
}

VM_HELPER_FN(xdp_get_buff_len)
{
	struct vm_packet p;

	return vm_packet_of(run, r1, &p) ? (uint64_t)(p.end - p.data) : 0;
}

static uint64_t xdp_bytes(struct vm_run *run, uint64_t context, uint32_t off_b, uint32_t len_b,
                          unsigned char **ret)
{
	if (off_b > MAX_OFF || len_b > MAX_OFF)
		return VM_ERROR(EFAULT);
	*ret = bytes_at(run, context, off_b, len_b);
	return *ret ? 0 : VM_ERROR(EINVAL);
}

VM_HELPER_FN(xdp_load_bytes)
{
	unsigned char *at;
	uint64_t err = xdp_bytes(run, r1, (uint32_t)r2, (uint32_t)r4, &at);

	if (!err)
		memcpy(vm_pointer(r3), at, (uint32_t)r4);
	return err;
}

VM_HELPER_FN(xdp_store_bytes)
{
	unsigned char *at;
	uint64_t err = xdp_bytes(run, r1, (uint32_t)r2, (uint32_t)r4, &at);

	if (!err)
		memcpy(at, vm_pointer(r3), (uint32_t)r4);
	return err;
}
