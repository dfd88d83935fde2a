/* Inputs: memory as it is, contexts padded to their size, packets with a context struct built
 * around them. The struct's plain fields are what the kernel's test runs show: a packet that came
 * in from device 1, the loopback. */
#include "vm/input.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "vm/code.h"
#include "vm/verifier/context.h"

enum {
	ETH_HEADER_B = 14,
	HEADROOM_B = 256, /* XDP_PACKET_HEADROOM, UAPI linux/bpf.h */
	FRAME_B = 3520,   /* of a page, what headroom and skb_shared_info leave */
	LOOPBACK = 1,
};

bool vm_packet_has_header(uint32_t type)
{
	return type == BPF_PROG_TYPE_XDP || type == BPF_PROG_TYPE_SCHED_CLS ||
	       type == BPF_PROG_TYPE_SCHED_ACT || type == BPF_PROG_TYPE_UNSPEC;
}

static bool is_struct(const struct vm_program *p, const char *name)
{
	const char *is = context_struct_name(p->type);

	return is && !strcmp(is, name);
}

/* A context that is not memory as given, but the struct of its kind. */
static int make_context(struct vm_input *in)
{
	in->context_b = context_run_size(in->p);
	in->context = calloc(1, in->context_b ? in->context_b : 8);
	return in->context ? 0 : -ENOMEM;
}

static int make_packet(struct vm_input *in, struct strbuf *why)
{
	uint32_t room_b = in->memory_b > FRAME_B ? in->memory_b : FRAME_B;

	if (in->memory_b < ETH_HEADER_B) {
		if (why)
			sb_addf(why, "a packet of %u bytes is shorter than its header of %d",
			        in->memory_b, ETH_HEADER_B);
		return -EINVAL;
	}
	in->header_b = vm_packet_has_header(in->p->type) ? 0 : ETH_HEADER_B;
	in->buffer_b = HEADROOM_B + room_b;
	in->packet_at_b = HEADROOM_B;
	in->buffer = calloc(1, in->buffer_b);
	if (!in->buffer)
		return -ENOMEM;
	memcpy(in->buffer + in->packet_at_b, in->memory, in->memory_b);
	in->data_off_b = context_run_off(in->p->type, "data");
	in->end_off_b = context_run_off(in->p->type, "data_end");
	in->meta_off_b = context_run_off(in->p->type, "data_meta");
	in->is_skb = is_struct(in->p, "__sk_buff");
	in->is_xdp = is_struct(in->p, "xdp_md");
	return make_context(in);
}

int vm_input_make(const struct vm_program *p, void *memory, size_t memory_b, struct vm_input *ret,
                  struct strbuf *why)
{
	struct vm_input in = {.p = p, .memory = memory, .memory_b = (uint32_t)memory_b};
	int err = 0;

	if (memory_b > INT32_MAX) {
		if (why)
			sb_addf(why, "%zu bytes are more memory than programs can have", memory_b);
		return -E2BIG;
	}
	if (p->type == BPF_PROG_TYPE_UNSPEC) {
		in.r2 = memory_b;
	} else if (context_run_off(p->type, "data")) {
		err = make_packet(&in, why);
	} else {
		err = make_context(&in);
		if (!err && memory_b)
			memcpy(in.context, memory,
			       memory_b < in.context_b ? memory_b : in.context_b);
	}
	if (err) {
		vm_input_free(&in);
		return err;
	}
	*ret = in;
	return 0;
}

static void put_pointer(struct vm_input *in, uint32_t at, unsigned char *to)
{
	if (at)
		memcpy(in->context + at, &to, sizeof(to));
}

static unsigned char *get_pointer(const struct vm_input *in, uint32_t at)
{
	unsigned char *ret;

	memcpy(&ret, in->context + at, sizeof(ret));
	return ret;
}

static void arm_skb(struct vm_input *in, const unsigned char *frame)
{
	struct __sk_buff *skb = (struct __sk_buff *)in->context;
	uint16_t protocol;

	memcpy(&protocol, frame + 12, sizeof(protocol));
	skb->len = in->memory_b - in->header_b;
	skb->protocol = protocol;
	skb->ifindex = LOOPBACK;
	skb->ingress_ifindex = 0;
}

void vm_input_arm(struct vm_input *in, struct vm_run *run)
{
	unsigned char *frame, *end;

	run->context = in->context ? in->context : in->memory;
	run->context_b = in->context ? in->context_b : in->memory_b;
	if (!in->buffer)
		return;
	frame = in->buffer + in->packet_at_b;
	end = frame + in->memory_b;
	put_pointer(in, in->data_off_b, frame + in->header_b);
	put_pointer(in, in->end_off_b, end);
	put_pointer(in, in->meta_off_b, frame + in->header_b);
	run->packet_begin = in->buffer;
	run->packet_limit = in->buffer + in->buffer_b;
	if (in->is_skb)
		arm_skb(in, frame);
	if (in->is_xdp)
		((struct xdp_md *)in->context)->ingress_ifindex = LOOPBACK;
}

const void *vm_input_result(const struct vm_input *in, size_t *ret_b)
{
	const unsigned char *begin = in->memory;

	*ret_b = in->memory_b;
	if (in->buffer) {
		begin = get_pointer(in, in->data_off_b) - in->header_b;
		*ret_b = (size_t)(get_pointer(in, in->end_off_b) - begin);
	} else if (in->context) {
		/* What was given of it. */
		begin = in->context;
		*ret_b = in->memory_b < in->context_b ? in->memory_b : in->context_b;
	}
	return begin;
}

void vm_input_free(struct vm_input *in)
{
	free(in->context);
	free(in->buffer);
	in->context = in->buffer = NULL;
}
