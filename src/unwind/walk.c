/* Walking a stack: one step by a rule, and all of them by a process's mappings. What the kernel's
 * program does (script/lower_unwind.c) is the same, step by step. */
#include "unwind/unwind.h"

#if defined(__aarch64__)
enum { IS_ARM64 = 1 };
#else
enum { IS_ARM64 = 0 };
#endif

static uint64_t without_signature(uint64_t address)
{
	return address & (((uint64_t)1 << UNWIND_ARM64_VA_BITS) - 1);
}

static bool read_beyond(const struct unwind_rule *rule, uint64_t address, unwind_read_fn *read,
                        void *arg, uint64_t *ret)
{
	if (read(arg, address + (uint64_t)(int64_t)rule->off_b, ret))
		return false;
	*ret += (uint64_t)rule->param * 8;
	return true;
}

static bool find_cfa(const struct unwind_rule *rule, const struct unwind_regs *regs,
                     unwind_read_fn *read, void *arg, uint64_t *ret)
{
	uint64_t off_b = (uint64_t)(int64_t)rule->off_b;

	switch (rule->cfa) {
	case UNWIND_SP:
		*ret = regs->sp + off_b;
		return true;
	case UNWIND_FP:
		*ret = regs->fp + off_b;
		return true;
	case UNWIND_SP_DEREF:
		return read_beyond(rule, regs->sp, read, arg, ret);
	case UNWIND_FP_DEREF:
		return read_beyond(rule, regs->fp, read, arg, ret);
	case UNWIND_REG:
		if (!regs->by_nr || rule->param >= regs->n_by_nr)
			return false;
		*ret = regs->by_nr[rule->param] + off_b;
		return true;
	case UNWIND_PLT:
		*ret = regs->sp + off_b + ((regs->pc & 15) >= rule->param ? 8 : 0);
		return true;
	default:
		return false;
	}
}

/* `same` is the value where it was not saved. */
static bool find_saved(struct unwind_saved s, const struct unwind_regs *regs, uint64_t cfa,
                       uint64_t same, unwind_read_fn *read, void *arg, uint64_t *ret)
{
	uint64_t base = s.base == UNWIND_AT_CFA  ? cfa
	                : s.base == UNWIND_AT_SP ? regs->sp
	                                         : regs->fp;

	if (s.base != UNWIND_SAME)
		return !read(arg, base + (uint64_t)(int64_t)s.off_b, ret);
	*ret = same;
	return true;
}

bool unwind_step(uint64_t packed, bool is_arm64, struct unwind_regs *regs, unwind_read_fn *read,
                 void *arg)
{
	struct unwind_rule rule = unwind_rule_unpack(packed);
	struct unwind_regs caller = {.is_exact = rule.is_signal};

	if (!find_cfa(&rule, regs, read, arg, &caller.sp) ||
	    (rule.ra.base == UNWIND_SAME && !regs->has_lr) ||
	    !find_saved(rule.ra, regs, caller.sp, regs->lr, read, arg, &caller.pc) ||
	    !find_saved(rule.fp, regs, caller.sp, regs->fp, read, arg, &caller.fp))
		return false;
	if (rule.is_signal && is_arm64) {
		if (read(arg, regs->sp + UNWIND_ARM64_SIGFRAME_LR, &caller.lr))
			return false;
		caller.has_lr = true;
	}
	if (is_arm64)
		caller.pc = without_signature(caller.pc);
	/* A stack only shrinks towards its callers, but for handlers on a stack of their own and
	 * functions that have none yet. */
	if (!caller.pc || (caller.sp <= regs->sp && !rule.is_signal && !regs->has_lr))
		return false;
	*regs = caller;
	return true;
}

/* Code without tables: perhaps it keeps frame pointers, as JIT compilers make theirs. */
static bool step_by_fp(struct unwind_regs *regs, unwind_read_fn *read, void *arg)
{
	struct unwind_regs caller = {0};

	if (regs->fp & 7 || regs->fp < regs->sp || regs->fp - regs->sp > UNWIND_MOST_FRAME_B ||
	    read(arg, regs->fp, &caller.fp) || read(arg, regs->fp + 8, &caller.pc))
		return false;
	caller.sp = regs->fp + 16;
	if (IS_ARM64)
		caller.pc = without_signature(caller.pc);
	*regs = caller;
	return caller.pc;
}

static const struct unwind_mapping *find(const struct unwind_mapping *maps, size_t n, uint64_t pc)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (maps[mid].end <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && maps[lo].start <= pc ? &maps[lo] : NULL;
}

uint32_t unwinder_walk(struct unwinder *u, pid_t pid, struct unwind_regs regs, unwind_read_fn *read,
                       void *arg, uint64_t *ret_frames, uint32_t max)
{
	const struct unwind_mapping *maps, *m;
	uint32_t n = 0;
	size_t n_maps;
	bool ok = true;

	while (ok && n < max) {
		uint64_t at = regs.is_exact ? regs.pc : regs.pc - 1;
		const struct unwind_table *t;

		ret_frames[n++] = regs.pc;
		m = unwinder_maps(u, pid, false, &maps, &n_maps) ? NULL : find(maps, n_maps, at);
		if (!m) /* loaded since? */
			m = unwinder_maps(u, pid, true, &maps, &n_maps) ? NULL
			                                                : find(maps, n_maps, at);
		if (!m)
			break;
		t = m->file ? unwind_file_table(m->file) : NULL;
		ok = t ? unwind_step(unwind_table_at(t, at - m->bias), IS_ARM64, &regs, read, arg)
		       : step_by_fp(&regs, read, arg);
	}
	return n;
}
