/* See naming.h. */
#include "inspect/prog/naming.h"

#include <linux/btf.h>

#include "base/strbuf.h"
#include "bpf/helpers.h"
#include "bpf/insn.h"
#include "inspect/source.h"
#include "symbols/symbols.h"
#include "types/btf.h"

const char *naming_symbol(struct naming *n, uint64_t address)
{
	struct symbol s;

	return symbols_kernel(n->symbols, address, &s) && !s.offset_b ? s.name : NULL;
}

struct btf_file *naming_kernel_types(struct naming *n)
{
	if (!n->knows_kernel && btf_open("/sys/kernel/btf/vmlinux", NULL, &n->kernel))
		n->kernel = NULL;
	n->knows_kernel = true;
	return n->kernel;
}

static const char *kfunc_name(struct naming *n, uint32_t id)
{
	struct btf_record r;

	if (!naming_kernel_types(n) || !btf_get(n->kernel, id, &r) || r.kind != BTF_KIND_FUNC)
		return NULL;
	return btf_string(n->kernel, r.name_off);
}

const char *naming_callee(struct naming *n, const struct bpf_insn *i)
{
	const char *name =
	    n->base && i->imm ? naming_symbol(n, n->base + (uint64_t)(int64_t)i->imm) : NULL;

	/* Some CPUs' compilers leave the id, since kernel functions may be too far for 32 bits. */
	if (!name && i->src_reg == BPF_PSEUDO_KFUNC_CALL && i->imm > 0)
		name = kfunc_name(n, (uint32_t)i->imm);
	return name;
}

static void name_subprogram(struct naming *n, const struct bpf_insn *i, struct strbuf *out)
{
	const struct loaded *l = n->program;
	uint32_t number = (uint32_t)i->imm;
	const char *name;

	sb_addf(out, "call pc%+d", i->off);
	if (number >= l->n_addresses)
		return;
	name = naming_symbol(n, l->addresses[number]);
	if (name)
		sb_addf(out, "#%s", name);
	else
		sb_addf(out, "#0x%llx", (unsigned long long)l->addresses[number]);
}

static bool name_call(void *arg, const struct bpf_insn *code, size_t pc, struct strbuf *out)
{
	struct naming *n = arg;
	const struct bpf_insn *i = &code[pc];
	const char *name;

	if (i->src_reg == BPF_PSEUDO_CALL) {
		name_subprogram(n, i, out);
		return true;
	}
	name = naming_callee(n, i);
	if (name)
		sb_addf(out, "call %s#%d", name, i->imm);
	else if (!i->src_reg && n->base && i->imm && !bpf_helper_find((uint32_t)i->imm))
		sb_addf(out, "call 0x%llx#%d",
		        (unsigned long long)(n->base + (uint64_t)(int64_t)i->imm), i->imm);
	else
		return false;
	return true;
}

static bool name_wide(void *arg, const struct bpf_insn *i, struct strbuf *out)
{
	(void)arg;
	switch (i->src_reg) {
	case BPF_PSEUDO_MAP_FD:
		sb_addf(out, "map[id:%d]", i[0].imm);
		break;
	case BPF_PSEUDO_MAP_VALUE:
		sb_addf(out, "map[id:%d][0]+%d", i[0].imm, i[1].imm);
		break;
	case BPF_PSEUDO_MAP_IDX_VALUE:
		sb_addf(out, "map[idx:%d]+%d", i[0].imm, i[1].imm);
		break;
	case BPF_PSEUDO_FUNC:
		sb_addf(out, "subprog[%+d]", i[0].imm);
		break;
	default:
		sb_addf(
		    out, "0x%llx",
		    (unsigned long long)((uint32_t)i[0].imm | (uint64_t)(uint32_t)i[1].imm << 32));
	}
	return true;
}

void naming_begin(struct naming *n)
{
	*n = (struct naming){.symbols = symbols_create()};
	/* Calls of a session keep the helpers' numbers. */
	if (!source_session())
		n->base = symbols_kernel_address(n->symbols, "__bpf_call_base");
	n->names = (struct bpf_disasm_names){.arg = n, .call = name_call, .wide = name_wide};
}

void naming_end(struct naming *n)
{
	if (n->kernel)
		btf_close(n->kernel);
	symbols_destroy(n->symbols);
}
