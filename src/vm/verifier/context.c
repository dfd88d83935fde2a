/* Contexts: what a load from r1 gives, by kind of program. Layouts that UAPI fixes are rows of
 * context.def; the rest are registers, records, arrays of arguments, or described by BTF. */
#include <stddef.h>
#include <string.h>
#include <linux/bpf_perf_event.h>

#include "base/strbuf.h"
#include "vm/verifier/tables.h"

enum access_rule { NO, WHOLE, NARROW, START, NARROW2, WIDE, WIDE8, PORT, ANYHOW };

/* What a field gives. */
enum field_result {
	GIVES_SCALAR,
	GIVES_PACKET,
	GIVES_PACKET_END,
	GIVES_PACKET_META,
	GIVES_FLOW_KEYS,
	GIVES_SOCKET,
	GIVES_SOCKET_0,
	GIVES_SOCK_COMMON_0,
};

struct field {
	const char *name;
	uint16_t off_b, size_b;
	uint8_t element_b;
	uint8_t read, write; /* enum access_rule */
	uint8_t gives;
	uint64_t readers, writers;
};

struct layout {
	const char *name;
	uint32_t size_b;
	uint32_t first; /* of `fields`, up to one without a name */
};

#define F (1ull << VIEW_FILTER)
#define C (1ull << VIEW_CGROUP)
#define L (1ull << VIEW_LWT)
#define T (1ull << VIEW_CLS)
#define K (1ull << VIEW_STREAM)
#define D (1ull << VIEW_FLOW)
#define SOCKET (1ull << VIEW_SOCKET)
#define COMMON (1ull << VIEW_COMMON)
#define A(attach_type) (1ull << (attach_type))
#define ALL UINT64_MAX

/* All rows in one array; CONTEXT rows become entries without a name, so that positions agree. */
static const struct field fields[] = {
#define CONTEXT(name, type, bytes) {0},
#define FIELD(context, name, off, size, element, read, readers, write, writers, gives)             \
	{#name, off, size, element, read, write, GIVES_##gives, readers, writers},
#include "vm/verifier/context.def"
#undef CONTEXT
#undef FIELD
};

enum { N_FIELDS = sizeof(fields) / sizeof(*fields) };

enum {
#define CONTEXT(name, type, bytes) ROW_##name,
#define FIELD(context, name, off, ...) ROW_##context##_##off,
#include "vm/verifier/context.def"
#undef CONTEXT
#undef FIELD
};

static const struct layout layouts[LAYOUT_N] = {
#define CONTEXT(name, type, bytes) [LAYOUT_##name] = {type, bytes, ROW_##name + 1},
#define FIELD(...)
#include "vm/verifier/context.def"
#undef CONTEXT
#undef FIELD
};
#undef F
#undef C
#undef L
#undef T
#undef K
#undef D

/* ---- one field ------------------------------------------------------------------------------- */

static bool is_power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* `off_b` is aligned to `size_b`, and counts from the field. */
static bool rule_allows(enum access_rule rule, const struct field *f, uint32_t off_b,
                        uint32_t size_b)
{
	uint32_t into_b = off_b % f->element_b;
	bool is_whole = !into_b && size_b == f->element_b;
	bool is_part = size_b <= f->element_b && is_power_of_two(size_b);
	/* From the struct's start, as the kernel aligns these. */
	bool is_wide = size_b == 8 && !((f->off_b + off_b) % 8) && off_b + 8 <= f->size_b;

	switch (rule) {
	case WHOLE:
		return is_whole;
	case NARROW:
		return is_part;
	case START:
		return is_part && !into_b;
	case NARROW2:
		return is_part && size_b >= 2;
	case WIDE:
		return is_part || is_wide;
	case WIDE8:
		return is_whole || is_wide;
	case PORT:
		return is_part || (!into_b && size_b == 4);
	case ANYHOW:
		return off_b + size_b <= f->size_b;
	case NO:
		break;
	}
	return false;
}

static void give_pointer(struct context_access *ret, enum reg_kind kind, uint32_t flags)
{
	ret->kind = kind;
	ret->flags = flags;
}

/* Slots behind the struct, for pointers whose field has 32 bits. */
static uint32_t run_slot(enum field_result gives)
{
	return gives == GIVES_PACKET ? 0 : gives == GIVES_PACKET_END ? 1 : 2;
}

static void give(const struct field *f, const struct layout *l, struct context_access *ret)
{
	*ret = (struct context_access){.kind = REG_SCALAR, .range = scalar_unknown};
	switch ((enum field_result)f->gives) {
	case GIVES_SCALAR:
		return;
	case GIVES_PACKET:
		give_pointer(ret, REG_PACKET, 0);
		break;
	case GIVES_PACKET_END:
		give_pointer(ret, REG_PACKET_END, 0);
		break;
	case GIVES_PACKET_META:
		give_pointer(ret, REG_PACKET_META, 0);
		break;
	case GIVES_FLOW_KEYS:
		give_pointer(ret, REG_FLOW_KEYS, 0);
		ret->mem_b = sizeof(struct bpf_flow_keys);
		break;
	case GIVES_SOCKET:
		give_pointer(ret, REG_SOCKET, 0);
		break;
	case GIVES_SOCKET_0:
		give_pointer(ret, REG_SOCKET, REG_MAYBE_NULL);
		break;
	case GIVES_SOCK_COMMON_0:
		give_pointer(ret, REG_SOCK_COMMON, REG_MAYBE_NULL);
		break;
	}
	if (f->size_b == 4)
		ret->run_off_b = (l->size_b + 7) / 8 * 8 + 8 * run_slot(f->gives);
}

/* ---- a struct -------------------------------------------------------------------------------- */

static const struct field *field_at(const struct layout *l, int32_t off_b)
{
	for (uint32_t k = l->first; k < N_FIELDS && fields[k].name; k++) {
		if (off_b >= fields[k].off_b && off_b < fields[k].off_b + fields[k].size_b)
			return &fields[k];
	}
	return NULL;
}

static void say_whats_there(const struct layout *l, const struct field *f, uint64_t views,
                            bool is_write, struct strbuf *why)
{
	if (!f) {
		sb_addf(why, ": struct %s has no field there", l->name);
		return;
	}
	sb_addf(why, ": %s.%s", l->name, f->name);
	if (!(f->readers & views) && !(f->writers & views))
		sb_adds(why, " is not for this kind of program and attach type");
	else if (is_write && !(f->writers & views))
		sb_adds(why, " is read-only");
	else
		sb_addf(why, " at off=%u is to be %s in %u bytes", f->off_b,
		        is_write ? "written" : "read", f->element_b);
}

static bool struct_access(const struct layout *l, uint64_t views, int32_t off_b, uint32_t size_b,
                          bool is_write, struct context_access *ret, struct strbuf *why)
{
	const struct field *f = off_b >= 0 ? field_at(l, off_b) : NULL;
	enum access_rule rule = !f ? NO : is_write ? f->write : f->read;
	uint64_t who = !f ? 0 : is_write ? f->writers : f->readers;

	if (!(who & views) || off_b % size_b || !rule_allows(rule, f, off_b - f->off_b, size_b)) {
		say_whats_there(l, f, views, is_write, why);
		return false;
	}
	give(f, l, ret);
	return true;
}

uint64_t kind_view(const struct vm_program *p)
{
	const struct kind *k = kind_find(p->type);
	uint32_t attach = kind_attach_type(p);

	if (k && k->view != VIEW_ATTACH)
		return 1ull << k->view;
	/* An attach type that no field asks for. */
	return 1ull << (attach < SKEP_ATTACH_TYPE_N ? attach : SKEP_ATTACH_TYPE_N);
}

bool socket_access(enum reg_kind kind, int32_t off_b, uint32_t size_b, struct context_access *ret,
                   struct strbuf *why)
{
	enum context_layout l = kind == REG_TCP_SOCK   ? LAYOUT_TCP_SOCK
	                        : kind == REG_XDP_SOCK ? LAYOUT_XDP_SOCK
	                                               : LAYOUT_SOCK;
	uint64_t views = kind == REG_SOCK_COMMON ? COMMON : SOCKET;
	own_strbuf struct strbuf detail = {0};

	if (struct_access(&layouts[l], views, off_b, size_b, false, ret, &detail))
		return true;
	sb_addf(why, "invalid sock access off=%d size=%u%s", off_b, size_b, sb_str(&detail));
	return false;
}

/* ---- the others ------------------------------------------------------------------------------ */

enum {
	REGS_B = sizeof(bpf_user_pt_regs_t),
	TRACE_B = 8192,    /* PERF_MAX_TRACE_SIZE, include/linux/trace_events.h */
	MEMORY_B = 0xffff, /* U16_MAX: syscall_prog_is_valid_access() */
};

/* struct bpf_nf_ctx: const struct nf_hook_state *state; struct sk_buff *skb. */
static bool netfilter_access(const struct vm_program *p, int32_t off_b, uint32_t size_b,
                             struct context_access *ret, struct strbuf *why)
{
	const char *name = off_b == 0 ? "nf_hook_state" : off_b == 8 ? "sk_buff" : NULL;

	if (!name || size_b != 8) {
		sb_adds(why, ": struct bpf_nf_ctx has state at off=0 and skb at off=8, 8 bytes "
		             "each");
		return false;
	}
	give_pointer(ret, REG_BTF, REG_TRUSTED);
	ret->btf = p->kernel_btf;
	ret->btf_id =
	    p->kernel_btf ? btf_find(p->kernel_btf, name, BTF_KIND_MASK(BTF_KIND_STRUCT), 0) : 0;
	if (!ret->btf_id)
		sb_addf(why, ": BTF of the kernel does not know struct %s", name);
	return ret->btf_id != 0;
}

static bool perf_access(int32_t off_b, uint32_t size_b)
{
	uint32_t at_b = (uint32_t)off_b;

	if (at_b < REGS_B) /* the kernel's `unsigned long`s, whole */
		return size_b == 8;
	return at_b < sizeof(struct bpf_perf_event_data);
}

/* Within [0, end_b), and aligned. */
static bool is_inside(int32_t off_b, uint32_t size_b, uint32_t end_b)
{
	return off_b >= 0 && (uint32_t)off_b + size_b <= end_b && !(off_b % size_b);
}

static bool shape_allows(const struct vm_program *p, enum context_shape shape, int32_t off_b,
                         uint32_t size_b, bool is_write, struct context_access *ret,
                         struct strbuf *why)
{
	switch (shape) {
	case SHAPE_REGS:
		/* Linux 6.19 lets uprobes change registers. */
		return !is_write && is_inside(off_b, size_b, REGS_B);
	case SHAPE_PERF:
		return !is_write && is_inside(off_b, size_b, sizeof(struct bpf_perf_event_data)) &&
		       perf_access(off_b, size_b);
	case SHAPE_TRACE:
		if (off_b >= 0 && off_b < 8)
			sb_adds(why, ": the record's first 8 bytes are the kernel's own");
		return !is_write && off_b >= 8 && is_inside(off_b, size_b, TRACE_B);
	case SHAPE_WRITABLE:
		if (!off_b && size_b == 8 && !is_write)
			give_pointer(ret, REG_TP_BUFFER, 0);
		return !is_write && is_inside(off_b, size_b, 8 * VM_ARGS_MAX) &&
		       (off_b || size_b == 8);
	case SHAPE_ARGS:
		return !is_write && is_inside(off_b, size_b, 8 * VM_ARGS_MAX);
	case SHAPE_MEMORY:
		/* The last byte may lie beyond: off < U16_MAX is all that is asked. */
		return off_b >= 0 && off_b < MEMORY_B && !(off_b % size_b);
	case SHAPE_NETFILTER:
		return !is_write && netfilter_access(p, off_b, size_b, ret, why);
	case SHAPE_BTF:
		return !is_write && is_inside(off_b, size_b, 8 * VM_ARGS_MAX) &&
		       context_btf_access(p, off_b, size_b, ret, why);
	case SHAPE_STRUCT:
	case SHAPE_NONE:
		break;
	}
	sb_adds(why, ": this kind of program has no context that is known");
	return false;
}

bool context_access(const struct vm_program *p, int32_t off_b, uint32_t size_b, bool is_write,
                    struct context_access *ret, struct strbuf *why)
{
	const struct kind *k = kind_find(p->type);
	enum context_shape shape = k ? k->shape : SHAPE_NONE;
	struct context_access a = {.kind = REG_SCALAR, .range = scalar_unknown};
	own_strbuf struct strbuf detail = {0};
	bool is_allowed;

	if (shape == SHAPE_STRUCT)
		is_allowed = struct_access(&layouts[k->layout], kind_view(p), off_b, size_b,
		                           is_write, &a, &detail);
	else
		is_allowed = shape_allows(p, shape, off_b, size_b, is_write, &a, &detail);
	if (is_allowed) {
		*ret = a;
		return true;
	}
	sb_addf(why, "invalid bpf_context access off=%d size=%u%s", off_b, size_b, sb_str(&detail));
	return false;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

uint32_t context_size(const struct vm_program *p)
{
	const struct kind *k = kind_find(p->type);

	switch (k ? k->shape : SHAPE_NONE) {
	case SHAPE_STRUCT:
		return (layouts[k->layout].size_b + 7) / 8 * 8;
	case SHAPE_REGS:
		return REGS_B;
	case SHAPE_PERF:
		return sizeof(struct bpf_perf_event_data);
	case SHAPE_TRACE:
		return TRACE_B;
	case SHAPE_ARGS:
	case SHAPE_WRITABLE:
		return 8 * VM_ARGS_MAX;
	case SHAPE_BTF:
		return 8 * context_btf_words(p);
	case SHAPE_NETFILTER:
		return 16;
	case SHAPE_MEMORY:
		return (MEMORY_B + 8) / 8 * 8;
	case SHAPE_NONE:
		break;
	}
	return 0;
}

/* How many pointers the machine keeps behind this struct. */
static uint32_t run_slots(const struct layout *l)
{
	uint32_t n = 0;

	for (uint32_t k = l->first; k < N_FIELDS && fields[k].name; k++) {
		const struct field *f = &fields[k];

		if (f->size_b == 4 && f->gives != GIVES_SCALAR && run_slot(f->gives) >= n)
			n = run_slot(f->gives) + 1;
	}
	return n;
}

uint32_t context_run_size(const struct vm_program *p)
{
	const struct kind *k = kind_find(p->type);
	uint32_t size_b = context_size(p);

	return k && k->shape == SHAPE_STRUCT ? size_b + 8 * run_slots(&layouts[k->layout]) : size_b;
}

uint32_t context_run_off(uint32_t type, const char *field)
{
	const struct kind *k = kind_find(type);
	const struct layout *l = k && k->shape == SHAPE_STRUCT ? &layouts[k->layout] : NULL;
	struct context_access a;

	for (uint32_t i = l ? l->first : N_FIELDS; i < N_FIELDS && fields[i].name; i++) {
		if (strcmp(fields[i].name, field))
			continue;
		give(&fields[i], l, &a);
		return a.run_off_b;
	}
	return 0;
}

const char *context_struct_name(uint32_t type)
{
	const struct kind *k = kind_find(type);

	switch (k ? k->shape : SHAPE_NONE) {
	case SHAPE_STRUCT:
		return k->layout == LAYOUT_LIRC ? NULL : layouts[k->layout].name;
	case SHAPE_REGS:
		return "pt_regs";
	case SHAPE_PERF:
		return "bpf_perf_event_data";
	case SHAPE_NETFILTER:
		return "bpf_nf_ctx";
	default:
		return NULL;
	}
}
