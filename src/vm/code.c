/* A verified program into code: what the verifier found is worked into a copy of the instructions,
 * maps become addresses, and the backend that was asked for takes over.
 *
 * Whatever this machine cannot run is refused here, by name, and only where the verifier has been:
 * a helper that no path calls disturbs nobody. */
#include "vm/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "bpf/helpers.h"
#include "bpf/insn.h"
#include "types/btf.h"
#include "vm/verifier/context.h"

struct making {
	const struct vm_program *p;
	struct vm_code *c;
	struct strbuf *why; /* may be NULL */
};

#define REFUSE(m, error, ...)                                                                      \
	({                                                                                         \
		if ((m)->why)                                                                      \
			sb_addf((m)->why, __VA_ARGS__);                                            \
		-(error);                                                                          \
	})

static void put_address(struct bpf_insn *i, const void *address)
{
	uint64_t value = (uintptr_t)address;

	i[0].src_reg = 0;
	i[0].imm = (int32_t)(uint32_t)value;
	i[1].imm = (int32_t)(uint32_t)(value >> 32);
}

static const char *btf_name(struct btf_file *b, uint32_t id)
{
	struct btf_record r;

	return b && btf_get(b, id, &r) ? btf_string(btf_owner(b, id), r.name_off) : "?";
}

static int resolve_lddw(struct making *m, uint32_t pc)
{
	struct vm_code *c = m->c;
	struct bpf_insn *i = &c->insns[pc];
	uint32_t index = (uint32_t)i->imm;

	if (pc + 1 >= c->n_insns)
		return REFUSE(m, EINVAL, "at %u: half of an lddw", pc);
	switch (i->src_reg) {
	case 0:
		return 0;
	case BPF_PSEUDO_MAP_IDX:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		if (index >= c->n_maps)
			return REFUSE(m, EINVAL, "at %u: there is no map %u", pc, index);
		if (i->src_reg == BPF_PSEUDO_MAP_IDX) {
			put_address(i, c->maps[index]);
			return 0;
		}
		if (!c->maps[index]->values)
			return REFUSE(m, EINVAL, "at %u: map %s has no value to point at", pc,
			              c->maps[index]->def.name);
		put_address(i, c->maps[index]->values + (uint32_t)i[1].imm);
		return 0;
	case BPF_PSEUDO_FUNC:
		i[0].imm += (int32_t)pc + 1;
		i[1].imm = 0;
		if ((uint32_t)i->imm >= c->n_insns)
			return REFUSE(m, EINVAL, "at %u: a function outside the program", pc);
		return 0;
	case BPF_PSEUDO_BTF_ID:
		return REFUSE(m, EOPNOTSUPP, "at %u: kernel variable %s is not in this machine", pc,
		              btf_name(m->p->kernel_btf, index));
	default:
		return REFUSE(m, EINVAL, "at %u: unknown kind %u of 64-bit immediate", pc,
		              i->src_reg);
	}
}

static int resolve_call(struct making *m, uint32_t pc)
{
	const struct bpf_insn *i = &m->c->insns[pc];
	uint32_t id = (uint32_t)i->imm;
	int64_t target = (int64_t)pc + 1 + i->imm;

	switch (i->src_reg) {
	case BPF_PSEUDO_CALL:
		if (target < 0 || target >= m->c->n_insns)
			return REFUSE(m, EINVAL, "at %u: call of a function outside the program",
			              pc);
		return 0;
	case BPF_PSEUDO_KFUNC_CALL:
		return REFUSE(m, EOPNOTSUPP, "at %u: kernel function %s is not in this machine", pc,
		              btf_name(m->p->kernel_btf, id));
	default:
		/* Helpers take memory as it is; what is behind an object's pointer need not be
		 * there. */
		if (m->c->facts.insns[pc].is_probe_load)
			return REFUSE(
			    m, EOPNOTSUPP,
			    "at %u: bpf_%s#%u would read a kernel object as memory, which "
			    "this machine does not",
			    pc, bpf_helper_name(id), id);
		if (id == BPF_FUNC_tail_call || vm_helper(id))
			return 0;
		if (!bpf_helper_find(id))
			return REFUSE(m, EINVAL, "at %u: unknown helper #%u", pc, id);
		return REFUSE(m, EOPNOTSUPP, "at %u: this machine has no helper bpf_%s#%u", pc,
		              bpf_helper_name(id), id);
	}
}

static int resolve_insn(struct making *m, uint32_t pc)
{
	struct bpf_insn *i = &m->c->insns[pc];
	int16_t context_off_b = m->c->facts.insns[pc].context_off_b;

	if (bpf_is_lddw(i))
		return resolve_lddw(m, pc);
	if (i->code == (BPF_JMP | BPF_CALL))
		return resolve_call(m, pc);
	/* addr_space_cast; the other form of it that Linux has is for arenas, too. */
	if (i->code == (BPF_ALU64 | BPF_MOV | BPF_X) && i->off == 1)
		return REFUSE(m, EOPNOTSUPP, "at %u: this machine has no arenas", pc);
	/* There is no kernel whose objects and buffers could be changed. */
	if ((BPF_CLASS(i->code) == BPF_ST || BPF_CLASS(i->code) == BPF_STX) &&
	    m->c->facts.insns[pc].is_probe_load)
		return REFUSE(m, EOPNOTSUPP,
		              "at %u: writes into the kernel's memory, which this machine has not",
		              pc);
	if (BPF_CLASS(i->code) == BPF_LDX && context_off_b) {
		i->code = BPF_LDX | BPF_MEM | BPF_DW;
		i->off = context_off_b;
	}
	return 0;
}

static int resolve(struct making *m)
{
	struct vm_code *c = m->c;
	int err;

	for (uint32_t pc = 0; pc < c->n_insns; pc++) {
		bool is_wide = bpf_is_lddw(&c->insns[pc]);

		if (!c->facts.insns[pc].is_reached) {
			c->insns[pc] = bpf_goto(-1);
			/* The second half would otherwise read as an instruction. */
			if (is_wide && pc + 1 < c->n_insns && !c->facts.insns[pc + 1].is_reached)
				c->insns[++pc] = bpf_goto(-1);
			continue;
		}
		err = resolve_insn(m, pc);
		if (err)
			return err;
		pc += is_wide;
	}
	return 0;
}

static void *copy_of(const void *p, size_t bytes)
{
	void *ret = malloc(bytes ? bytes : 1);

	if (ret && bytes)
		memcpy(ret, p, bytes);
	return ret;
}

static int copy_facts(struct vm_code *c, const struct vm_facts *f)
{
	c->facts = *f;
	c->facts.insns = copy_of(f->insns, f->n * sizeof(*f->insns));
	c->facts.func_pcs = copy_of(f->func_pcs, f->n_funcs * sizeof(*f->func_pcs));
	c->facts.func_stack_b = copy_of(f->func_stack_b, f->n_funcs * sizeof(*f->func_stack_b));
	return c->facts.insns && c->facts.func_pcs && c->facts.func_stack_b ? 0 : -ENOMEM;
}

static int pick_backend(struct vm_code *c, const struct vm_code_options *opts, struct strbuf *why)
{
	int err;

	c->backend = opts->backend;
	switch (opts->backend) {
	case VM_JIT:
		return vm_jit_create(c, opts, why);
	case VM_FASTEST:
		err = vm_jit_create(c, opts, NULL);
		c->backend = VM_JIT;
		if (!err)
			return 0;
		c->backend = VM_INTERPRETER;
		return vm_interp_create(c);
	case VM_INTERPRETER:
		return vm_interp_create(c);
	case VM_CHECKED:
		return 0;
	}
	return -EINVAL;
}

int vm_code_create(const struct vm_program *p, const struct vm_facts *facts,
                   struct vm_map *const *maps, const struct vm_code_options *opts,
                   struct vm_code **ret, struct strbuf *why)
{
	struct vm_code *c = calloc(1, sizeof(*c));
	struct making m = {.p = p, .c = c, .why = why};
	int err;

	if (!c)
		return -ENOMEM;
	c->n_insns = p->n_insns;
	c->type = p->type;
	c->n_maps = p->n_maps;
	c->insns = copy_of(p->insns, p->n_insns * sizeof(*p->insns));
	c->name = strdup(p->name);
	c->maps = copy_of(maps, p->n_maps * sizeof(*maps));
	c->packet_off_b = (uint16_t)context_run_off(p->type, "data");
	c->packet_end_off_b = (uint16_t)context_run_off(p->type, "data_end");
	c->packet_meta_off_b = (uint16_t)context_run_off(p->type, "data_meta");
	err = copy_facts(c, facts);
	if (!err && (!c->insns || !c->name || !c->maps))
		err = -ENOMEM;
	if (!err && facts->n != p->n_insns)
		err = REFUSE(&m, EINVAL, "facts of %u instructions about a program of %u", facts->n,
		             p->n_insns);
	if (!err)
		err = resolve(&m);
	if (!err)
		err = pick_backend(c, opts, why);
	if (err) {
		vm_code_destroy(c);
		return err;
	}
	*ret = c;
	return 0;
}

void vm_code_destroy(struct vm_code *c)
{
	if (!c)
		return;
	if (c->jit_memory)
		vm_jit_destroy(c);
	vm_interp_destroy(c);
	free(c->facts.insns);
	free((void *)c->facts.func_pcs);
	free((void *)c->facts.func_stack_b);
	free(c->insns);
	free((void *)c->name);
	free(c->maps);
	free(c);
}

uint32_t vm_code_stack_b(const struct vm_code *c, uint32_t pc)
{
	uint32_t ret = BPF_STACK_B;

	for (uint32_t i = 0; i < c->facts.n_funcs && c->facts.func_pcs[i] <= pc; i++)
		ret = c->facts.func_stack_b[i];
	return ret;
}

uint64_t vm_code_enter(struct vm_code *c, struct vm_run *run, uint64_t r2)
{
	run->code = c;
	switch (c->backend) {
	case VM_JIT:
		return vm_jit_run(c, run, r2);
	case VM_CHECKED:
		return vm_checked_run(c, run, r2);
	default:
		return vm_interp_run(c, run, r2);
	}
}

uint64_t vm_code_run(struct vm_code *c, struct vm_run *run, uint64_t r2)
{
	run->tail_calls = 0;
	run->fault = NULL;
	return vm_code_enter(c, run, r2);
}
