/* Saying why: the reason, what the registers could be, the path that led there, and what would
 * help. The listing's form is the kernel's, since that is what people can read. */
#include "vm/verifier/state.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "bpf/disasm.h"
#include "types/btf.h"

static const char *const ways[] = {
#define WAY(name, text) text,
#include "vm/verifier/ways.def"
#undef WAY
};

int refuse(struct verifier *v, enum way way, const char *fmt, ...)
{
	va_list ap;

	if (v->has_refused)
		return -1;
	v->has_refused = true;
	va_start(ap, fmt);
	v->verdict->reason = arena_vprintf(v->a, fmt, ap);
	va_end(ap);
	v->verdict->way_out = *ways[way] ? ways[way] : NULL;
	v->verdict->pc = v->pc;
	return -1;
}

const char *describe_range(struct verifier *v, const struct reg *r, int32_t off, uint32_t size_b)
{
	int64_t min = r->s.smin + off;
	bool is_bounded = r->s.umax < MAX_VAR_OFF && r->s.smin >= 0;

	if (!is_bounded || scalar_is_const(&r->s))
		return "";
	return arena_printf(
	    v->a, ": it points %lld to %llu bytes from the start, and %u are wanted there",
	    (long long)min, (unsigned long long)(r->s.umax + (uint64_t)off), size_b);
}

void log_text(struct verifier *v, const char *fmt, ...)
{
	va_list ap;

	if (v->opts->log == VM_LOG_NONE)
		return;
	va_start(ap, fmt);
	sb_vaddf(&v->log, fmt, ap);
	va_end(ap);
}

/* ---- registers ---------------------------------------------------------------------------------
 */

static const char *const kind_names[REG_KIND_N] = {
    [REG_NOT_INIT] = "?",
    [REG_SCALAR] = "scalar",
    [REG_CTX] = "ctx",
    [REG_MAP] = "map_ptr",
    [REG_MAP_VALUE] = "map_value",
    [REG_MAP_KEY] = "map_key",
    [REG_STACK] = "fp",
    [REG_PACKET_META] = "pkt_meta",
    [REG_PACKET] = "pkt",
    [REG_PACKET_END] = "pkt_end",
    [REG_FLOW_KEYS] = "flow_keys",
    [REG_SOCKET] = "sock",
    [REG_SOCK_COMMON] = "sock_common",
    [REG_TCP_SOCK] = "tcp_sock",
    [REG_XDP_SOCK] = "xdp_sock",
    [REG_TP_BUFFER] = "tp_buffer",
    [REG_BTF] = "ptr_",
    [REG_MEM] = "mem",
    [REG_BUF] = "buf",
    [REG_FUNC] = "func",
    [REG_DYNPTR] = "dynptr_ptr",
    [REG_ARENA] = "arena",
};

static const char *const or_null_names[REG_KIND_N] = {
    [REG_MAP_VALUE] = "map_value_or_null",
    [REG_MAP] = "map_ptr_or_null",
    [REG_SOCKET] = "sock_or_null",
    [REG_SOCK_COMMON] = "sock_common_or_null",
    [REG_TCP_SOCK] = "tcp_sock_or_null",
    [REG_BTF] = "ptr_or_null_",
    [REG_MEM] = "mem_or_null",
    [REG_BUF] = "buf_or_null",
};

const char *reg_kind_name(const struct reg *r)
{
	const char *or_null = reg_may_be_null(r) ? or_null_names[r->kind] : NULL;

	if (r->kind == REG_MEM && (r->flags & REG_RINGBUF))
		return or_null ? "ringbuf_mem_or_null" : "ringbuf_mem";
	if (r->kind == REG_BTF && !or_null) {
		if (r->flags & REG_UNTRUSTED)
			return "untrusted_ptr_";
		if (r->flags & REG_USER)
			return "user_ptr_";
		if (r->flags & REG_PERCPU)
			return "percpu_ptr_";
		if (r->flags & REG_RCU)
			return "rcu_ptr_";
		if (r->flags & REG_TRUSTED)
			return "trusted_ptr_";
	}
	if ((r->flags & REG_RDONLY) && !or_null && (r->kind == REG_MEM || r->kind == REG_BUF))
		return r->kind == REG_MEM ? "rdonly_mem" : "rdonly_buf";
	return or_null ? or_null : kind_names[r->kind];
}

void reg_print(const struct reg *r, struct strbuf *out)
{
	struct btf_record rec;
	const char *comma = "(";

	if (r->kind == REG_SCALAR) {
		if (r->is_precise)
			sb_addc(out, 'P');
		scalar_print(&r->s, out);
		return;
	}
	sb_adds(out, reg_kind_name(r));
	if (r->kind == REG_BTF && r->btf && btf_get(r->btf, r->btf_id, &rec))
		sb_adds(out, btf_string(r->btf, rec.name_off));
	if (r->kind == REG_STACK && scalar_is_const(&r->s)) {
		int32_t at = r->off + (int32_t)r->s.bits.value;

		sb_addf(out, "%d", at);
		if (r->frame)
			sb_addf(out, " (of frame %u)", r->frame);
		return;
	}
#define PART(cond, ...)                                                                            \
	do {                                                                                       \
		if (cond) {                                                                        \
			sb_adds(out, comma);                                                       \
			sb_addf(out, __VA_ARGS__);                                                 \
			comma = ",";                                                               \
		}                                                                                  \
	} while (0)
	PART(r->id, "id=%u", r->id);
	PART(r->ref_id, "ref_obj_id=%u", r->ref_id);
	PART(r->map && r->map->name, "map=%s", r->map->name);
	PART(r->map && r->kind == REG_MAP_VALUE, "ks=%u,vs=%u", r->map->key_size_b,
	     r->map->value_size_b);
	PART(r->off, "off=%d", r->off);
	PART(reg_is_packet(r), "r=%d", r->range);
	PART(r->kind == REG_MEM, "sz=%u", r->mem_b);
#undef PART
	if (!scalar_is_const(&r->s) || r->s.bits.value) {
		sb_adds(out, *comma == '(' ? "(var=" : ",var=");
		scalar_print(&r->s, out);
		comma = ",";
	}
	if (*comma == ',')
		sb_addc(out, ')');
}

/* ---- the log -----------------------------------------------------------------------------------
 */

static const struct vm_line *line_at(const struct vm_program *p, uint32_t pc)
{
	uint32_t lo = 0, hi = p->n_lines;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (p->lines[mid].pc <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &p->lines[lo - 1] : NULL;
}

const char *vm_describe_line(struct arena *a, const struct vm_program *p, uint32_t pc)
{
	const struct vm_line *l = line_at(p, pc);

	if (!l)
		return NULL;
	return l->text ? arena_printf(a, "%s:%u: %s", l->file, l->line, l->text)
	               : arena_printf(a, "%s:%u", l->file, l->line);
}

static void log_registers(struct verifier *v, const struct frame *f, uint16_t which)
{
	const char *separator = " ; ";

	for (uint32_t n = 0; n < N_REGS; n++) {
		if (!(which & (1u << n)) || f->regs[n].kind == REG_NOT_INIT)
			continue;
		sb_addf(&v->log, "%sR%u=", separator, n);
		reg_print(&f->regs[n], &v->log);
		separator = " ";
	}
}

void log_state(struct verifier *v, const struct state *st, bool is_all)
{
	const struct frame *f = st->frames[st->frame];
	const struct bpf_insn *i = &v->insns[v->pc];
	uint8_t class = BPF_CLASS(i->code);
	uint16_t reads, writes;

	if (v->opts->log == VM_LOG_NONE)
		return;
	/* After an instruction: what it read and wrote; where a function begins or ends: all. */
	is_all |= class == BPF_JMP && (insn_is_function_call(i) || BPF_OP(i->code) == BPF_EXIT);
	insn_uses(v, v->pc, &reads, &writes);
	if (insn_is_call(i))
		writes = 1u << BPF_REG_0;
	if (st->frame)
		sb_addf(&v->log, " frame%u", st->frame);
	log_registers(v, f, is_all ? UINT16_MAX : (uint16_t)(reads | writes));
	for (uint32_t n = 0; n < f->n_slots; n++) {
		if (!slot_is_spill(&f->slots[n]) ||
		    (!is_all && class != BPF_ST && class != BPF_STX))
			continue;
		sb_addf(&v->log, " fp-%u=", (n + 1) * 8);
		reg_print(&f->slots[n].reg, &v->log);
	}
	sb_addc(&v->log, '\n');
}

/* The instruction about to be tried, its source line above it when that changes. */
void log_insn(struct verifier *v)
{
	const struct vm_line *line = line_at(v->p, v->pc), *before = line_at(v->p, v->prev_pc);

	if (v->opts->log == VM_LOG_NONE)
		return;
	if (line && (line != before || line->pc == v->pc) && line->pc == v->pc)
		sb_addf(&v->log, "; %s @ %s:%u\n", line->text ? line->text : "", line->file,
		        line->line);
	sb_addf(&v->log, "%u: (%02x) ", v->pc, v->insns[v->pc].code);
	bpf_disasm_insn(v->insns, v->n, v->pc, &v->log);
}
