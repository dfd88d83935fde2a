/* Packet bytes: reachable as far as a comparison with the packet's end has shown. */
#include "vm/verifier/state.h"

int packet_access(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                  uint32_t size_b, bool zero_ok)
{
	int64_t end = (int64_t)off + size_b;

	if (r->s.smin < 0)
		return refuse(v, WAY_UNSIGNED,
		              "R%u min value is negative, either use unsigned index or do a if "
		              "(index >=0) check.",
		              regno);
	if (r->range < 0 || off < 0 || (!size_b && !zero_ok) || end > r->range)
		return refuse(
		    v, WAY_PACKET,
		    "invalid access to packet, off=%d size=%u, R%u(id=%u,off=%d,r=%d): R%u "
		    "offset is outside of the packet",
		    off, size_b, regno, r->id, r->off, r->range, regno);
	return 0;
}

void packet_forget(struct verifier *v)
{
	each_reg(v->cur, r, {
		if (reg_is_packet(r) || r->kind == REG_PACKET_END || (r->flags & REG_DYNPTR_SLICE))
			reg_unknown(r);
	});
}

void packet_learn(struct verifier *v, struct state *st, const struct reg *pkt, enum reg_kind kind,
                  bool is_open)
{
	const struct reg known = *pkt;
	int32_t range = known.off + is_open;

	(void)v;
	if (known.off < 0 || (!known.off && is_open))
		return;
	if (known.s.umax > MAX_PACKET_OFF || known.s.umax + (uint64_t)known.off > MAX_PACKET_OFF)
		return;
	each_reg(st, r, {
		if (r->kind == kind && r->id == known.id && r->range < range)
			r->range = range;
	});
}
