#include "vm/verifier/state.h"
int check_kfunc_call(struct verifier *v, const struct bpf_insn *i)
{
	return refuse(v, WAY_KFUNC, "calling kernel function %d is not allowed", i->imm);
}
