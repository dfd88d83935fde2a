/* Helpers that hand records out: ring buffers, perf event arrays, stacks; and dynptrs, the handles
 * on pieces of memory whose size the verifier does not know. */
#include "vm/helpers.h"

#include <stdlib.h>
#include <string.h>

#include "vm/packet.h"

VM_HELPER_FN(ringbuf_output)
{
	return (uint64_t)vm_ring_output(vm_pointer(r1), vm_pointer(r2), r3, r4);
}

VM_HELPER_FN(ringbuf_reserve)
{
	return (uintptr_t)vm_ring_reserve(vm_pointer(r1), r2, r3);
}

VM_HELPER_FN(ringbuf_submit)
{
	vm_ring_submit(vm_pointer(r1), r2);
	return 0;
}

VM_HELPER_FN(ringbuf_discard)
{
	vm_ring_discard(vm_pointer(r1), r2);
	return 0;
}

VM_HELPER_FN(ringbuf_query)
{
	return vm_ring_query(vm_pointer(r1), r2);
}

/* ---- perf events ----------------------------------------------------------------------------- */

/* BPF_F_CTXLEN_MASK: so much of the packet goes behind the record. */
static uint64_t output_with_packet(struct vm_run *run, uint64_t context, struct vm_map *m,
                                   uint64_t flags, const void *data, uint64_t data_b)
{
	uint64_t packet_b = (flags & BPF_F_CTXLEN_MASK) >> 32;
	unsigned char *both;
	struct vm_packet p;
	int64_t ret;

	if (flags & ~(BPF_F_CTXLEN_MASK | BPF_F_INDEX_MASK) || !vm_packet_of(run, context, &p))
		return VM_ERROR(EINVAL);
	if (packet_b > (uint64_t)(p.end - p.data))
		return VM_ERROR(EFAULT);
	both = malloc(data_b + packet_b + 1);
	if (!both)
		return VM_ERROR(ENOMEM);
	memcpy(both, data, data_b);
	memcpy(both + data_b, p.data, packet_b);
	ret = vm_perf_output(m, flags & BPF_F_INDEX_MASK, run->cpu, both, data_b + packet_b);
	free(both);
	return (uint64_t)ret;
}

VM_HELPER_FN(perf_event_output)
{
	if (run->code->packet_off_b && r3 & BPF_F_CTXLEN_MASK)
		return output_with_packet(run, r1, vm_pointer(r2), r3, vm_pointer(r4), r5);
	return (uint64_t)vm_perf_output(vm_pointer(r2), r3, run->cpu, vm_pointer(r4), r5);
}

/* ---- stacks ---------------------------------------------------------------------------------- */

enum { MAX_FRAMES = 1024 };

/* Frames behind those that `flags` skip; -errno. Kernel stacks are none of this machine's. */
static int64_t user_frames(struct vm_run *run, uint64_t flags, uint64_t *frames, uint32_t max)
{
	uint64_t skip = flags & BPF_F_SKIP_FIELD_MASK;
	int64_t n;

	if (!(flags & BPF_F_USER_STACK) || !run->host || !run->host->user_stack)
		return -EOPNOTSUPP;
	n = run->host->user_stack(run->host_arg, frames,
	                          max + skip < MAX_FRAMES ? max + (uint32_t)skip : MAX_FRAMES,
	                          flags & VM_F_UNWOUND_STACK);
	if (n < 0)
		return n;
	if ((uint64_t)n <= skip)
		return -EFAULT;
	n -= (int64_t)skip;
	memmove(frames, frames + skip, (size_t)n * sizeof(*frames));
	return n;
}

VM_HELPER_FN(get_stackid)
{
	uint64_t known =
	    BPF_F_SKIP_FIELD_MASK | BPF_F_USER_STACK | BPF_F_FAST_STACK_CMP | BPF_F_REUSE_STACKID;
	uint64_t frames[MAX_FRAMES];
	struct vm_map *m = vm_pointer(r2);
	int64_t n;

	if (r3 & ~known)
		return VM_ERROR(EINVAL);
	n = user_frames(run, r3, frames, m->def.value_size_b / sizeof(*frames));
	if (n < 0)
		return (uint64_t)n;
	return (uint64_t)vm_stack_id(m, frames, (uint32_t)n, r3);
}

VM_HELPER_FN(get_stack)
{
	uint64_t known = BPF_F_SKIP_FIELD_MASK | BPF_F_USER_STACK | BPF_F_USER_BUILD_ID |
	                 VM_F_UNWOUND_STACK;
	uint64_t frames[MAX_FRAMES];
	uint32_t size_b = (uint32_t)r3, copied_b;
	int64_t n = -EINVAL;

	if (!(r4 & ~known) && size_b % sizeof(*frames) == 0)
		n = r4 & BPF_F_USER_BUILD_ID
		        ? -EOPNOTSUPP
		        : user_frames(run, r4, frames, size_b / (uint32_t)sizeof(*frames));
	memset(vm_pointer(r2), 0, size_b);
	if (n < 0)
		return (uint64_t)n;
	copied_b = (uint32_t)n * (uint32_t)sizeof(*frames);
	if (copied_b > size_b)
		copied_b = size_b;
	memcpy(vm_pointer(r2), frames, copied_b);
	return copied_b;
}

/* ---- dynptrs --------------------------------------------------------------------------------- */

/* In the 16 bytes of UAPI's struct bpf_dynptr. */
struct dynptr {
	unsigned char *data; /* NULL: stands for nothing */
	uint32_t size_b;
	uint32_t is_readonly;
};
_Static_assert(sizeof(struct dynptr) == 16, "struct bpf_dynptr, UAPI linux/bpf.h");

enum { DYNPTR_MAX_B = (1 << 24) - 1 };

static bool is_within(const struct dynptr *d, uint64_t off_b, uint64_t len_b)
{
	return len_b <= d->size_b && off_b <= d->size_b - len_b;
}

VM_HELPER_FN(dynptr_from_mem)
{
	struct dynptr *ret = vm_pointer(r4);

	*ret = (struct dynptr){0};
	if ((uint32_t)r2 > DYNPTR_MAX_B)
		return VM_ERROR(E2BIG);
	if (r3)
		return VM_ERROR(EINVAL);
	*ret = (struct dynptr){.data = vm_pointer(r1), .size_b = (uint32_t)r2};
	return 0;
}

VM_HELPER_FN(ringbuf_reserve_dynptr)
{
	struct dynptr *ret = vm_pointer(r4);
	void *data;

	*ret = (struct dynptr){0};
	if (r3)
		return VM_ERROR(EINVAL);
	if ((uint32_t)r2 > DYNPTR_MAX_B)
		return VM_ERROR(E2BIG);
	data = vm_ring_reserve(vm_pointer(r1), (uint32_t)r2, 0);
	if (!data)
		return VM_ERROR(EINVAL);
	*ret = (struct dynptr){.data = data, .size_b = (uint32_t)r2};
	return 0;
}

VM_HELPER_FN(ringbuf_submit_dynptr)
{
	struct dynptr *d = vm_pointer(r1);

	if (d->data)
		vm_ring_submit(d->data, r2);
	*d = (struct dynptr){0};
	return 0;
}

VM_HELPER_FN(ringbuf_discard_dynptr)
{
	struct dynptr *d = vm_pointer(r1);

	if (d->data)
		vm_ring_discard(d->data, r2);
	*d = (struct dynptr){0};
	return 0;
}

VM_HELPER_FN(dynptr_read)
{
	const struct dynptr *d = vm_pointer(r3);

	if (!d->data || r5)
		return VM_ERROR(EINVAL);
	if (!is_within(d, (uint32_t)r4, (uint32_t)r2))
		return VM_ERROR(E2BIG);
	memmove(vm_pointer(r1), d->data + (uint32_t)r4, (uint32_t)r2);
	return 0;
}

VM_HELPER_FN(dynptr_write)
{
	const struct dynptr *d = vm_pointer(r1);

	if (!d->data || d->is_readonly)
		return VM_ERROR(EINVAL);
	if (!is_within(d, (uint32_t)r2, (uint32_t)r4))
		return VM_ERROR(E2BIG);
	if (r5)
		return VM_ERROR(EINVAL);
	memmove(d->data + (uint32_t)r2, vm_pointer(r3), (uint32_t)r4);
	return 0;
}

VM_HELPER_FN(dynptr_data)
{
	const struct dynptr *d = vm_pointer(r1);

	if (!d->data || d->is_readonly || !is_within(d, (uint32_t)r2, (uint32_t)r3))
		return 0;
	return (uintptr_t)(d->data + (uint32_t)r2);
}
