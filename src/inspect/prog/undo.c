/* See undo.h. Helpers are found by the names of what is called now; lookups that the kernel wrote
 * out are recognised by their shape. */
#include "inspect/prog/undo.h"

#include <bpf/bpf.h>
#include <string.h>
#include <unistd.h>

#include "bpf/helpers.h"
#include "bpf/insn.h"
#include "inspect/info.h"
#include "inspect/source.h"
#include "types/btf.h"

/* A read of the stack's far end, where nothing was written: a number of which nothing is known. */
enum { UNUSED_STACK = -512 };

static struct bpf_insn nothing(void)
{
	return bpf_make(BPF_JMP | BPF_JA, 0, 0, 0, 0);
}

static struct bpf_insn unknown_in(uint8_t reg)
{
	return bpf_load(8, false, reg, 10, UNUSED_STACK);
}

bool undo_rewrites_context(uint32_t type)
{
	switch (type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_STRUCT_OPS:
	case BPF_PROG_TYPE_SYSCALL:
		return false;
	}
	return true;
}

/* ---- maps ------------------------------------------------------------------------------------ */

struct maps {
	vec(const struct vm_map_def *) defs;
	vec(uint32_t) ids;
};

static int32_t map_number(struct inspect *x, struct maps *m, uint32_t id)
{
	struct bpf_map_info info;
	struct vm_map_def *def;
	int fd;

	for (size_t i = 0; i < m->ids.n; i++)
		if (m->ids.items[i] == id)
			return (int32_t)i;
	fd = source_open_map(id);
	if (fd < 0)
		return -1;
	if (map_info(fd, &info)) {
		close(fd);
		return -1;
	}
	def = arena_new(x->a, struct vm_map_def);
	*def = (struct vm_map_def){.name = arena_strdup(x->a, info.name),
	                           .type = info.type,
	                           .key_size_b = info.key_size,
	                           .value_size_b = info.value_size,
	                           .max_entries = info.max_entries,
	                           .flags = info.map_flags & ~(uint32_t)BPF_F_INNER_MAP};
	/* Constants: nobody writes them any more. */
	if (info.type == BPF_MAP_TYPE_ARRAY && info.max_entries == 1 && source_is_frozen(fd) &&
	    info.map_flags & BPF_F_RDONLY_PROG) {
		void *value = arena_alloc(x->a, info.value_size + 8u);
		uint32_t key = 0;

		def->is_frozen = !source_lookup(fd, &key, sizeof(key), value, info.value_size);
		def->init = def->is_frozen ? value : NULL;
	}
	close(fd);
	vec_push(x->a, &m->ids, id);
	vec_push(x->a, &m->defs, (const struct vm_map_def *)def);
	return (int32_t)m->ids.n - 1;
}

static void undo_wide(struct inspect *x, struct maps *m, struct undone *u, uint32_t pc)
{
	struct bpf_insn *i = &u->insns[pc];
	int32_t number;

	if (i->src_reg != BPF_PSEUDO_MAP_FD && i->src_reg != BPF_PSEUDO_MAP_VALUE) {
		if (i->src_reg && i->src_reg != BPF_PSEUDO_FUNC)
			undo_give_up(u, pc, "what this stands for is not told");
		if (i->src_reg == BPF_PSEUDO_FUNC)
			i[1].imm = 0; /* it was its number */
		return;
	}
	number = map_number(x, m, (uint32_t)i->imm);
	if (number < 0) {
		undo_give_up(u, pc, "a map that cannot be looked at");
		return;
	}
	i->src_reg =
	    i->src_reg == BPF_PSEUDO_MAP_FD ? BPF_PSEUDO_MAP_IDX : BPF_PSEUDO_MAP_IDX_VALUE;
	i->imm = number;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), end_n = strlen(end);

	return n >= end_n && !strcmp(s + n - end_n, end);
}

/* The helper that a function of the kernel is, or is a kind of; 0: none that we know. */
static uint32_t helper_of(const char *name)
{
	static const struct {
		const char *end;
		uint32_t id;
	} maps[] = {
	    {"_map_lookup_elem", BPF_FUNC_map_lookup_elem},
	    {"_map_update_elem", BPF_FUNC_map_update_elem},
	    {"_map_delete_elem", BPF_FUNC_map_delete_elem},
	    {"_map_push_elem", BPF_FUNC_map_push_elem},
	    {"_map_pop_elem", BPF_FUNC_map_pop_elem},
	    {"_map_peek_elem", BPF_FUNC_map_peek_elem},
	    {"_map_lookup_percpu_elem", BPF_FUNC_map_lookup_percpu_elem},
	};
	char part[128];

	if (!strcmp(name, "bpf_user_rnd_u32"))
		return BPF_FUNC_get_prandom_u32;
	if (!strcmp(name, "bpf_get_raw_cpu_id"))
		return BPF_FUNC_get_smp_processor_id;
	if (ends_with(name, "_event_output"))
		return BPF_FUNC_perf_event_output;
	if (!strncmp(name, "bpf_", 4)) {
		/* Variants have more behind their names: bpf_get_stackid_tp. */
		snprintf(part, sizeof(part), "%s", name + 4);
		for (char *end = part + strlen(part); end; end = strrchr(part, '_')) {
			const struct bpf_helper *h;

			*end = '\0';
			h = *part ? bpf_helper_find_name(part) : NULL;
			if (h)
				return h->id;
		}
	}
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		if (ends_with(name, maps[i].end))
			return maps[i].id;
	return 0;
}

static void undo_call(const struct loaded *l, struct naming *n, struct undone *u, uint32_t pc)
{
	struct bpf_insn *i = &u->insns[pc];
	const char *name;
	uint32_t id;

	if (i->src_reg == BPF_PSEUDO_CALL) {
		i->imm = (int32_t)(loaded_call_target(l, pc) - pc - 1);
		i->off = 0;
		return;
	}
	if (i->src_reg) {
		undo_give_up(u, pc, "a function of the kernel");
		return;
	}
	name = naming_callee(n, i);
	id = name ? helper_of(name) : 0;
	if (!id && !name && bpf_helper_find((uint32_t)i->imm))
		return; /* it still is one */
	if (id)
		i->imm = (int32_t)id;
	else
		undo_give_up(u, pc, "not known which helper this was");
}

/* ---- lookups that the kernel wrote out ---------------------------------------------------------
 */

static void was(struct undone *u, uint32_t from, uint32_t to, const char *why)
{
	for (uint32_t pc = from; pc < to; pc++) {
		u->insns[pc] = nothing();
		u->why[pc] = why;
	}
}

static bool is(const struct bpf_insn *i, uint8_t code, uint8_t dst)
{
	return i->code == code && i->dst_reg == dst;
}

/* kernel/bpf/hashtab.c: from the element to its value. */
static void undo_hash_lookup(const struct loaded *l, struct undone *u, uint32_t pc)
{
	const struct bpf_insn *i = &l->insns[pc];
	uint32_t last;

	if (pc + 2 >= l->n_insns || !is(&i[1], BPF_JMP | BPF_JEQ | BPF_K, 0) || i[1].imm ||
	    i[1].off < 1 || i[1].off > 4 || (last = pc + 1 + (uint32_t)i[1].off) >= l->n_insns)
		return;
	/* Per CPU: the element holds a pointer, which is made this CPU's. */
	if (!is(&l->insns[last], BPF_ALU64 | BPF_ADD | BPF_K, 0) &&
	    !(i[1].off == 3 && is(&i[2], BPF_ALU64 | BPF_ADD | BPF_K, 0) &&
	      is(&l->insns[last], BPF_ALU64 | BPF_MOV | BPF_X, 0) &&
	      l->insns[last].off == BPF_PERCPU_OFF))
		return;
	was(u, pc + 1, last + 1, "part of the lookup");
}

/* kernel/bpf/arraymap.c: r1 the map, r2 the key; the address of the value is worked out in r0. */
static void undo_array_lookup(const struct loaded *l, struct undone *u, uint32_t pc)
{
	const struct bpf_insn *i = &l->insns[pc];
	uint32_t last = 0;

	if (pc + 7 > l->n_insns || !is(&i[0], BPF_ALU64 | BPF_ADD | BPF_K, 1) ||
	    !is(&i[1], BPF_LDX | BPF_MEM | BPF_W, 0) || i[1].src_reg != 2 || i[1].off ||
	    !is(&i[2], BPF_JMP | BPF_JGE | BPF_K, 0))
		return;
	last = pc + 3 + (uint32_t)i[2].off;
	if (i[2].off < 3 || i[2].off > 6 || last >= l->n_insns ||
	    !is(&l->insns[last], BPF_ALU64 | BPF_MOV | BPF_K, 0) || l->insns[last].imm)
		return;
	was(u, pc, last + 1, "part of the lookup");
	u->insns[pc] = bpf_make(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	u->why[pc] = "call bpf_map_lookup_elem, written out";
}

/* ---- contexts and loops ---------------------------------------------------------------------- */

bool undo_context(struct undone *u, uint32_t pc)
{
	/* struct xdp_buff begins with these, as addresses, since v4.15 (include/net/xdp.h); struct
	 * xdp_md has them in the same order in 4 bytes each. */
	static const char *const names[] = {"xdp_md.data", "xdp_md.data_end", "xdp_md.data_meta"};
	struct bpf_insn *i = &u->insns[pc];

	if (u->why[pc] || u->program.type != BPF_PROG_TYPE_XDP ||
	    i->code != (BPF_LDX | BPF_MEM | BPF_DW) || i->off < 0 || i->off > 16 || i->off % 8)
		return false;
	u->why[pc] = names[i->off / 8];
	*i = bpf_load(4, false, i->dst_reg, i->src_reg, i->off / 2);
	return true;
}

bool undo_loop(struct undone *u, uint32_t pc, const char *why)
{
	struct bpf_insn *i = &u->insns[pc];

	if (!bpf_is_jump(i) || BPF_OP(i->code) == BPF_JA || bpf_target(i, pc) > pc)
		return false;
	*i = nothing();
	u->is_lost[pc] = true;
	u->why[pc] = why;
	return true;
}

/* ---- the whole program ----------------------------------------------------------------------- */

bool undo_give_up(struct undone *u, uint32_t pc, const char *why)
{
	struct bpf_insn *i = &u->insns[pc];
	uint8_t class = BPF_CLASS(i->code), op = BPF_OP(i->code);

	if (u->is_lost[pc])
		return false;
	u->is_lost[pc] = true;
	u->why[pc] = why;
	if (bpf_is_lddw(i)) {
		i[0] = unknown_in(i->dst_reg);
		i[1] = nothing();
	} else if (class == BPF_STX && BPF_MODE(i->code) == BPF_ATOMIC &&
	           (i->imm & BPF_FETCH || i->imm == BPF_LOAD_ACQ)) {
		*i = unknown_in(i->imm == BPF_CMPXCHG    ? 0
		                : i->imm == BPF_LOAD_ACQ ? i->dst_reg
		                                         : i->src_reg);
	} else if (class == BPF_ST || class == BPF_STX) {
		*i = nothing();
	} else if (class == BPF_LD) {
		*i = unknown_in(0);
	} else if (class == BPF_LDX || class == BPF_ALU || class == BPF_ALU64) {
		if (i->dst_reg >= 10)
			return false;
		*i = unknown_in(i->dst_reg);
	} else if (op == BPF_CALL) {
		/* Takes nothing, leaves a number in r0 and nothing in r1 to r5. */
		*i = bpf_call(BPF_FUNC_get_prandom_u32);
	} else if (bpf_is_jump(i) && op != BPF_JA) {
		*i = bpf_make(BPF_JMP | BPF_JCOND, 0, 0, i->off, 0); /* either way */
	} else {
		return false;
	}
	return true;
}

static bool is_vmlinux(uint32_t btf_id)
{
	char name[16] = "";
	struct bpf_btf_info info = {.name = (uintptr_t)name, .name_len = sizeof(name)};
	uint32_t size_b = sizeof(info);
	int fd = btf_id ? bpf_btf_get_fd_by_id(btf_id) : -1;
	bool is = fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size_b) && info.kernel_btf &&
	          !strcmp(name, "vmlinux");

	if (fd >= 0)
		close(fd);
	return is;
}

/* Programs that are attached to something with a type have arguments of that type. How they are
 * attached the kernel does not tell, but what it is says most of it. */
static void find_attach_point(struct vm_program *p, const struct bpf_prog_info *info)
{
	struct btf_record r;
	const char *name;

	if (!p->kernel_btf || !info->attach_btf_id || !is_vmlinux(info->attach_btf_obj_id) ||
	    !btf_get(p->kernel_btf, info->attach_btf_id, &r))
		return;
	name = btf_string(p->kernel_btf, r.name_off);
	p->attach_btf = p->kernel_btf;
	p->attach_btf_id = info->attach_btf_id;
	p->attach_name = name;
	if (p->type == BPF_PROG_TYPE_LSM)
		p->attach_type = BPF_LSM_MAC;
	else if (p->type == BPF_PROG_TYPE_TRACING)
		p->attach_type = r.kind == BTF_KIND_TYPEDEF       ? BPF_TRACE_RAW_TP
		                 : !strncmp(name, "bpf_iter_", 9) ? BPF_TRACE_ITER
		                                                  : BPF_TRACE_FENTRY;
}

void undo_rewriting(struct inspect *x, const struct loaded *l, struct naming *n, struct undone *ret)
{
	struct maps maps = {0};
	uint32_t slots;

	memset(ret, 0, sizeof(*ret));
	ret->insns = arena_memdup(x->a, l->insns, l->n_insns * sizeof(*l->insns));
	ret->why = arena_array(x->a, const char *, l->n_insns);
	ret->is_lost = arena_array(x->a, bool, l->n_insns);
	memset(ret->why, 0, l->n_insns * sizeof(*ret->why));
	memset(ret->is_lost, 0, l->n_insns);
	for (uint32_t pc = 0; pc < l->n_insns; pc += slots) {
		const struct bpf_insn *i = &l->insns[pc];
		bool is_done = ret->why[pc];

		slots = bpf_is_lddw(i) ? 2 : 1;
		if (is_done)
			continue;
		if (slots == 2) {
			undo_wide(x, &maps, ret, pc);
		} else if (i->code == (BPF_JMP | BPF_CALL)) {
			const char *name = i->src_reg ? NULL : naming_callee(n, i);

			undo_call(l, n, ret, pc);
			if (name && ends_with(name, "map_lookup_elem"))
				undo_hash_lookup(l, ret, pc);
		} else if (i->code == (BPF_ALU64 | BPF_MOV | BPF_X) && i->off == BPF_PERCPU_OFF) {
			undo_give_up(ret, pc, "this CPU's copy of something");
		} else if (BPF_CLASS(i->code) == BPF_ST && BPF_MODE(i->code) == BPF_NOSPEC_MODE) {
			was(ret, pc, pc + 1, "a barrier");
		} else {
			undo_array_lookup(l, ret, pc);
		}
	}
	ret->program = (struct vm_program){.name = l->name,
	                                   .type = l->info.type,
	                                   .is_gpl = true, /* it was let in */
	                                   .insns = ret->insns,
	                                   .n_insns = l->n_insns,
	                                   .maps = maps.defs.items,
	                                   .n_maps = (uint32_t)maps.defs.n,
	                                   .kernel_btf = naming_kernel_types(n)};
	find_attach_point(&ret->program, &l->info);
}
