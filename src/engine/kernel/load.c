/* Programs: an image's code to program descriptors. Relocations become map descriptors, spans
 * become line information, and a refusal comes back as a place in the script: a program is loaded
 * without a log first, since writing one makes the verifier several times slower, and once more
 * with a log only to hear why. */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "engine/kernel/btf.h"
#include "vm/object.h"
#include "engine/kernel/features.h"
#include "engine/kernel/sys.h"
#include "engine/kernel/uapi.h"
#include "vm/verifier/verifier.h"

struct loading {
	struct engine *e;
	struct arena *a;             /* ends with the loading */
	struct btf_program *debug;   /* per program */
	struct strbuf log;           /* of successful loads, is_verbose */
	struct vm_verdict *verdicts; /* per program: what our own verifier says */
	bool has_many_uprobes, has_wide_kprobes;
	uint32_t module_btf_id; /* the module BTF opened last, ... */
	int module_btf_fd;      /* ... or -1 */
};

/* ---- what the kernel is given --------------------------------------------------------------- */

static struct bpf_insn *patched_code(const struct engine *e, struct arena *a,
                                     const struct image_program *p)
{
	struct bpf_insn *code =
	    arena_memdup(a, p->code.insns.items, p->code.insns.n * sizeof(struct bpf_insn));

	vec_each (reloc, &p->code.relocs) {
		struct bpf_insn *at = &code[reloc->insn];

		at[0].imm = e->map_fds[reloc->map];
		if (reloc->kind == RELOC_MAP_VALUE) {
			at[0].src_reg = BPF_PSEUDO_MAP_VALUE;
			at[1].imm = (int32_t)reloc->off_b;
		} else {
			at[0].src_reg = BPF_PSEUDO_MAP_FD;
			at[1].imm = 0;
		}
	}
	return code;
}

static int module_btf(struct loading *l, uint32_t id)
{
	union bpf_attr attr = {.btf_id = id};

	if (l->module_btf_fd >= 0 && l->module_btf_id == id)
		return l->module_btf_fd;
	if (l->module_btf_fd >= 0)
		close(l->module_btf_fd);
	l->module_btf_id = id;
	l->module_btf_fd = sys_bpf(BPF_BTF_GET_FD_BY_ID, &attr, sizeof(attr));
	return l->module_btf_fd;
}

static int load_btf(struct loading *l)
{
	own_strbuf struct strbuf blob = {0};
	struct engine *e = l->e;
	union bpf_attr attr = {0};

	l->debug = arena_array(l->a, struct btf_program, e->img->programs.n + 1);
	btf_build(l->a, e->img, e->opts.diag, &blob, l->debug);
	attr.btf = sys_ptr(blob.s);
	attr.btf_size = (uint32_t)blob.n;
	return sys_bpf(BPF_BTF_LOAD, &attr, sizeof(attr));
}

/* A pending signal makes the verifier give up with EAGAIN: try again a few times. */
static int prog_load(union bpf_attr *attr)
{
	int fd;

	for (int tries = 0; tries < 5; tries++) {
		fd = sys_bpf(BPF_PROG_LOAD, attr, sizeof(*attr));
		if (fd != -EAGAIN)
			break;
	}
	return fd;
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* Loads once more with a log in *ret_log (malloc'ed, NULL if there is no memory). Before v6.4 a
 * log that does not fit is cut and the load fails with ENOSPC: make it bigger. */
static int load_with_log(union bpf_attr *attr, uint32_t want_b, uint32_t level, char **ret_log)
{
	uint32_t size_b = want_b ? want_b : 1 << 20;
	char *log = NULL;
	int fd;

	do {
		char *bigger = realloc(log, size_b);

		if (!bigger)
			break;
		log = bigger;
		log[0] = '\0';
		attr->log_level = level;
		attr->log_buf = sys_ptr(log);
		attr->log_size = size_b;
		fd = prog_load(attr);
		size_b *= 4;
	} while (fd == -ENOSPC && size_b <= 64u << 20);
	attr->log_level = attr->log_size = 0;
	attr->log_buf = 0;
	*ret_log = log;
	return log ? fd : -ENOMEM;
}

/* What to do about a refusal without a log, if we know. Containers and sandboxes permit some types
 * of program and not others, to root too. */
static const char *refusal_hint(int err)
{
	if (err != -EPERM)
		return "";
	return feature_privilege_problem() ? ". Loading needs CAP_BPF and CAP_PERFMON"
	                                   : ". This system does not permit programs of this type, "
	                                     "whoever loads them: another type of probe may do";
}

static int refused(struct loading *l, uint32_t program, int err, const char *log,
                   struct engine_error *ret)
{
	const struct image *img = l->e->img;
	const struct image_program *p = &img->programs.items[program];
	struct refusal why;

	if (!ret)
		return err;
	if (!log || !*log) {
		kernel_error(img, ret, err, program, "The kernel refused program %s: %s%s",
		             p->name ? p->name : "?", strerror(-err), refusal_hint(err));
		return err;
	}
	verifier_log_explain(img->a, log, &why);
	kernel_error(img, ret, err, program, "The kernel's verifier refused this: %s",
	             ir_code_reason(img->a, &p->code, why.insn, why.message));
	ret->log = arena_strdup(img->a, log);
	if (ir_code_note(&p->code, why.insn))
		ret->hint = image_missing_hint;
	else if (!l->verdicts[program].is_accepted && l->verdicts[program].way_out)
		ret->hint = arena_strdup(img->a, l->verdicts[program].way_out);
	if (why.insn < p->code.spans.n && p->code.spans.items[why.insn].source != SPAN_NONE)
		ret->at = p->code.spans.items[why.insn];
	return err;
}

/* ---- one program ----------------------------------------------------------------------------- */

/* A kprobe or uprobe program with many targets is loaded for one link that holds them all. Multi
 * links know neither offsets into functions nor (kprobes) addresses: one such target and the
 * whole program goes the other way. A uprobe alone is quicker off as an event (see detach.c), but
 * the kernel clears away one event at a time, which then keeps everybody from making new ones. A
 * kprobe alone is cheaper as an event; but whatever holds a link on the same function runs before
 * or after all events, so with one link all are links, and the order is that of the script. */
static enum multi choose_multi(const struct loading *l, const struct image_program *p)
{
	const struct engine *e = l->e;
	bool can_kprobe = !e->opts.no_kprobe_multi, can_uprobe = !e->opts.no_uprobe_multi;

	if (p->type != BPF_PROG_TYPE_KPROBE)
		return MULTI_NONE;
	if (p->expected_attach_type == BPF_TRACE_KPROBE_MULTI ||
	    p->expected_attach_type == SKEP_TRACE_KPROBE_SESSION)
		return MULTI_KPROBE;
	if (p->expected_attach_type == SKEP_TRACE_UPROBE_MULTI ||
	    p->expected_attach_type == SKEP_TRACE_UPROBE_SESSION)
		return MULTI_UPROBE;
	vec_each (at, &p->attaches) {
		if (at->kind != ATTACH_UPROBE && at->kind != ATTACH_URETPROBE)
			can_uprobe = false;
		if ((at->kind != ATTACH_KPROBE && at->kind != ATTACH_KRETPROBE) || at->off_b ||
		    !at->func)
			can_kprobe = false;
	}
	if ((p->attaches.n > 1 || l->has_wide_kprobes) && can_kprobe &&
	    feature_has(FEATURE_KPROBE_MULTI))
		return MULTI_KPROBE;
	if ((p->attaches.n > 1 || l->has_many_uprobes) && can_uprobe &&
	    feature_has(FEATURE_UPROBE_MULTI) && (!e->opts.pid || feature_uprobe_multi_pid()))
		return MULTI_UPROBE;
	return MULTI_NONE;
}

static bool has_many_uprobes(const struct image *img)
{
	enum { MANY = 8 };
	size_t n = 0;

	vec_each (p, &img->programs)
		n += p->attaches.n && (p->attaches.items->kind == ATTACH_UPROBE ||
		                       p->attaches.items->kind == ATTACH_URETPROBE);
	return n > MANY;
}

/* One that has many functions? */
static bool has_wide_kprobes(const struct image *img)
{
	vec_each (p, &img->programs)
		if (p->attaches.n > 1 && (p->attaches.items->kind == ATTACH_KPROBE ||
		                          p->attaches.items->kind == ATTACH_KRETPROBE))
			return true;
	return false;
}

static int load_program(struct loading *l, uint32_t i, struct engine_error *ret_error)
{
	struct engine *e = l->e;
	const struct image_program *p = &e->img->programs.items[i];
	const struct btf_program *debug = &l->debug[i];
	union bpf_attr attr = {
	    .prog_type = p->type,
	    .expected_attach_type = p->expected_attach_type,
	    .insns = sys_ptr(patched_code(e, l->a, p)),
	    .insn_cnt = (uint32_t)p->code.insns.n,
	    .license = sys_ptr(e->img->license ? e->img->license : "GPL"),
	    .attach_btf_id = p->attach_btf_id,
	};
	char *log = NULL;
	own_fd int target_fd = -1;
	int fd;

	e->multi[i] = choose_multi(l, p);
	if (e->multi[i] != MULTI_NONE && !p->expected_attach_type)
		attr.expected_attach_type =
		    e->multi[i] == MULTI_KPROBE ? BPF_TRACE_KPROBE_MULTI : SKEP_TRACE_UPROBE_MULTI;
	map_object_name(attr.prog_name, p->name);
	if (p->attach_btf_obj_id) {
		fd = module_btf(l, p->attach_btf_obj_id);
		if (fd < 0)
			return kernel_error(e->img, ret_error, fd, i,
			                    "The types of the module of %s can't be opened: %s",
			                    p->name, strerror(-fd));
		attr.attach_btf_obj_fd = (uint32_t)fd;
	}
	if (p->attach_prog_id) {
		union bpf_attr by_id = {.prog_id = p->attach_prog_id};

		target_fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &by_id, sizeof(by_id));
		if (target_fd < 0)
			return kernel_error(e->img, ret_error, target_fd, i,
			                    "The BPF program %u can't be opened: %s",
			                    p->attach_prog_id, strerror(-target_fd));
		attr.attach_prog_fd = (uint32_t)target_fd;
	}
	if (e->btf_fd >= 0) {
		attr.prog_btf_fd = (uint32_t)e->btf_fd;
		attr.func_info = sys_ptr(debug->funcs);
		attr.func_info_cnt = debug->n_funcs;
		attr.func_info_rec_size = sizeof(*debug->funcs);
		attr.line_info = sys_ptr(debug->lines);
		attr.line_info_cnt = debug->n_lines;
		attr.line_info_rec_size = debug->n_lines ? sizeof(*debug->lines) : 0;
	}
	if (e->opts.is_verbose) {
		fd = load_with_log(&attr, e->opts.log_size_b, 1, &log);
		if (fd >= 0 && log)
			sb_addf(&l->log, "%s:\n%s", p->name ? p->name : "?", log);
		if (fd >= 0 && !l->verdicts[i].is_accepted)
			sb_addf(&l->log,
			        "the kernel accepts what skep's verifier refuses: instruction %u: "
			        "%s\n",
			        l->verdicts[i].pc, l->verdicts[i].reason);
	} else {
		fd = prog_load(&attr);
		if (fd < 0)
			fd = load_with_log(&attr, e->opts.log_size_b, 1, &log);
	}
	if (fd < 0)
		refused(l, i, fd, log, ret_error);
	else
		e->prog_fds[i] = fd;
	if (fd >= 0 && e->opts.steps)
		fprintf(e->opts.steps, "program %s: %s, %zu instructions, %s\n",
		        p->name ? p->name : "?", vm_program_type_name(p->type), p->code.insns.n,
		        l->verdicts[i].is_accepted ? "verified" : "verified by the kernel alone");
	free(log);
	return fd < 0 ? fd : 0;
}

int programs_load(struct engine *e, struct engine_error *ret_error)
{
	own_arena struct arena *a = arena_create();
	struct loading l = {.e = e,
	                    .a = a,
	                    .module_btf_fd = -1,
	                    .has_many_uprobes = has_many_uprobes(e->img),
	                    .has_wide_kprobes = has_wide_kprobes(e->img)};
	size_t n = e->img->programs.n;
	int err = 0;

	e->prog_fds = arena_array(e->a, int, n + 1);
	e->multi = arena_array(e->a, enum multi, n + 1);
	for (size_t i = 0; i < n; i++)
		e->prog_fds[i] = -1;
	l.verdicts = programs_verify(e, a);
	e->btf_fd = load_btf(&l); /* kernels before 4.18 have none: names and lines are missing */
	for (uint32_t i = 0; i < n && !err; i++)
		err = load_program(&l, i, ret_error);
	if (l.module_btf_fd >= 0)
		close(l.module_btf_fd);
	if (!err && ret_error && l.log.n)
		ret_error->log = arena_strdup(e->img->a, l.log.s);
	sb_free(&l.log);
	return err;
}

int program_load_as(struct engine *e, uint32_t program, uint32_t type)
{
	own_arena struct arena *a = arena_create();
	const struct image_program *p = &e->img->programs.items[program];
	union bpf_attr attr = {
	    .prog_type = type,
	    .insns = sys_ptr(patched_code(e, a, p)),
	    .insn_cnt = (uint32_t)p->code.insns.n,
	    .license = sys_ptr(e->img->license ? e->img->license : "GPL"),
	};

	return prog_load(&attr);
}

void programs_unload(struct engine *e)
{
	if (!e->prog_fds)
		return;
	for (size_t i = 0; i < e->img->programs.n; i++)
		if (e->prog_fds[i] >= 0)
			close(e->prog_fds[i]);
	if (e->btf_fd >= 0)
		close(e->btf_fd);
}
