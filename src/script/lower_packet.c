/* Lowering of skboutput(): a packet's bytes to the session, which appends them to a file.
 *
 * bpf_skb_output() alone can gather a packet from its pieces, and it knows perf buffers only: so
 * packets come through buffers of their own beside the ring. A record is struct image_packet, then
 * the bytes, as many as the kernel is asked for. */
#include "script/lower.h"

#include <linux/bpf.h>

#include "base/arena.h"

/* What a perf record can hold (its header's size has 16 bits), with some room for its headers. */
enum { MOST_PACKET_B = 65000 };

static uint32_t packets_map(struct lower *l)
{
	for (uint32_t i = 0; i < l->img->maps.n; i++)
		if (l->img->maps.items[i].role == MAP_PACKETS)
			return i;
	return lower_add_map(l, MAP_PACKETS, "packets", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0);
}

/* The smaller one, without a branch: two more paths for the verifier would be two too many. */
static struct ir_inst *smaller(struct ir_builder *b, struct ir_inst *x, struct ir_inst *y)
{
	struct ir_inst *is_less = ir_cmp(b, COND_ULT, x, y);
	struct ir_inst *mask = ir_neg(b, is_less);

	return ir_bin(b, IR_XOR, y, ir_bin(b, IR_AND, ir_bin(b, IR_XOR, x, y), mask));
}

struct value lower_skboutput(struct lower *l, struct node *call)
{
	struct ir_builder *b = &l->b;
	const struct type *to = type_strip(type_strip(call->args[1]->type)->elem);
	const struct type *whole = types_complete(l->u->types, to);
	struct ir_inst *skb = lower_expr(l, call->args[1]).ir, *end, *skip, *len, *head, *flags;
	struct image_event ev = {.kind = EVENT_PACKET,
	                         .format = call->args[0]->string,
	                         .at = call->at,
	                         .size_b = sizeof(struct image_packet)};
	uint32_t len_off_b;

	if (skb->ptr != PTR_BTF || !whole || !type_find_field(whole, "len", &len_off_b)) {
		diag_error(l->u->diag, E_ARG_KIND, call->args[1]->at,
		           "skboutput() needs the probe's own struct sk_buff, as args has it");
		return value_reg(call->type, ir_const(b, 0));
	}
	skip = lower_int(l, call->args[3]);
	end = ir_bin(b, IR_ADD, lower_int(l, call->args[2]), skip);
	len = ir_load(b, skb, len_off_b, 4, false, PTR_NONE);
	end = smaller(b, smaller(b, end, len), ir_const(b, MOST_PACKET_B));
	head = ir_slot_addr(b, ir_slot_new(b, sizeof(struct image_packet), 8, "packet"));
	vec_push(l->a, &l->img->events, ev);
	ir_store(b, head, 0, 8, ir_const(b, (int64_t)l->img->events.n - 1));
	ir_store(b, head, offsetof(struct image_packet, boot_ns), 8, lower_now(l));
	ir_store(b, head, offsetof(struct image_packet, len_b), 4, len);
	ir_store(b, head, offsetof(struct image_packet, captured_b), 4, end);
	ir_store(b, head, offsetof(struct image_packet, skip_b), 8, skip);
	flags = ir_bin(b, IR_OR, ir_bin_imm(b, IR_SHL, end, 32), ir_const(b, BPF_F_CURRENT_CPU));
	return value_reg(call->type,
	                 ir_callv(b, BPF_FUNC_skb_output, PTR_NONE, skb, ir_map(b, packets_map(l)),
	                          flags, head, ir_const(b, sizeof(struct image_packet))));
}
