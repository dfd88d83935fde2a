/* Stacks and single addresses (spec part 9.6, 9.2): a line per frame, in one of four layouts.
 *
 * Addresses are resolved when printed. A frame above the first is a return address, and its
 * offset is shown as it is (bpftrace does not step back into the call either); its line is the
 * call's. */
#include "output/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/internal.h"
#include "symbols/dwarf.h"

static void add_hex(struct strbuf *out, uint64_t v)
{
	sb_addf(out, "%llx", (unsigned long long)v);
}

/* The function of a uprobe's name, `uprobe:PATH:FUNCTION[+OFFSET]`, if `address` can be its: a
 * process that is gone cannot be asked where the file was mapped, but the offset within a page
 * stays what it was in the file. */
static bool resolve_by_probe(struct output *o, uint32_t probe, uint64_t address, struct symbol *ret)
{
	enum { PAGE_MASK = 4095 };
	const char *name, *path, *func;
	struct elf_symbol found;
	char file[4096];

	if (probe >= o->img->probe_names.n)
		return false;
	name = o->img->probe_names.items[probe];
	path = strchr(name, ':');
	func = strrchr(name, ':');
	if ((strncmp(name, "uprobe:", 7) && strncmp(name, "uretprobe:", 10)) || func == path ||
	    (size_t)(func - path) > sizeof(file))
		return false;
	snprintf(file, sizeof(file), "%.*s", (int)(func - path - 1), path + 1);
	if (symbols_elf_find(o->syms, file, func + 1, &found) &&
	    (found.address & PAGE_MASK) == (address & PAGE_MASK)) {
		*ret = (struct symbol){.name = found.name, .module = NULL};
		return true;
	}
	if (!symbols_elf_at(o->syms, file, address, &found)) /* linked to a fixed address */
		return false;
	*ret = (struct symbol){.name = found.name, .offset_b = address - found.address};
	return true;
}

/* A user address, by the process if it is still there. */
static bool resolve_user(struct output *o, uint32_t pid, uint32_t probe, uint64_t address,
                         struct symbol *ret)
{
	*ret = (struct symbol){0};
	if (!o->syms)
		return false;
	if (symbols_user(o->syms, (pid_t)pid, address, ret) && ret->name)
		return true;
	return !ret->module && resolve_by_probe(o, probe, address, ret);
}

/* Once: that numbers are shown, and what would help. */
static void warn_unnamed(struct output *o)
{
	own_strbuf struct strbuf line = {0};
	const char *problem = symbols_kernel_problem(o->syms);

	if (o->has_warned_unnamed || !problem)
		return;
	o->has_warned_unnamed = true;
	if (o->opts.no_warnings)
		return;
	sb_addf(&line, "WARNING: Kernel addresses have no names: %s\n", problem);
	output_complain(o, &line);
}

static bool resolve_kernel(struct output *o, uint64_t address, struct symbol *ret)
{
	*ret = (struct symbol){0};
	if (!o->syms)
		return false;
	if (symbols_kernel(o->syms, address, ret) && ret->name)
		return true;
	warn_unnamed(o);
	return false;
}

void symbol_text(struct output *o, const struct type *t, const void *bytes, struct strbuf *out)
{
	uint64_t address = load_u64(bytes);
	struct symbol sym;
	bool is_known;

	if (t->kind == TYPE_KSYM)
		is_known = resolve_kernel(o, address, &sym);
	else
		is_known = resolve_user(o, load_u32((const char *)bytes + 8),
		                        load_u32((const char *)bytes + 12), address, &sym);
	if (is_known) {
		sb_adds(out, sym.name);
	} else {
		sb_adds(out, "0x");
		add_hex(out, address);
	}
}

/* One frame as kernels write it with BPF_F_USER_BUILD_ID: struct bpf_stack_build_id. */
static void add_build_id(struct strbuf *out, const unsigned char *frame)
{
	struct bpf_stack_build_id id;

	memcpy(&id, frame, sizeof(id));
	if (id.status == BPF_STACK_BUILD_ID_VALID) {
		for (size_t i = 0; i < sizeof(id.build_id); i++)
			sb_addf(out, "%02x", id.build_id[i]);
		sb_addc(out, ' ');
	}
	sb_adds(out, "0x");
	add_hex(out, id.status == BPF_STACK_BUILD_ID_VALID ? id.offset : id.ip);
	sb_addc(out, '\n');
}

/* What a frame's line begins with. */
static void add_indent(const struct output *o, const struct type *t, uint64_t address,
                       struct strbuf *out)
{
	if (t->stack_mode == STACK_PERF) {
		sb_addc(out, '\t');
		add_hex(out, address);
		sb_addc(out, ' ');
	} else {
		sb_pad(out, ' ', o->frame_indent);
	}
}

static void add_source(const struct source_frame *f, struct strbuf *out)
{
	if (f->file && f->line)
		sb_addf(out, "@%s:%u", f->file, f->line);
}

/* A line for each call that was inlined at the address, innermost first. */
static void add_inlined(const struct output *o, const struct type *t, uint64_t address,
                        const source_frames *frames, struct strbuf *out)
{
	for (size_t i = 0; i + 1 < frames->n; i++) {
		const struct source_frame *f = &frames->items[i];

		add_indent(o, t, address, out);
		if (t->stack_mode != STACK_PERF)
			sb_adds(out, "[inlined] ");
		sb_adds(out, f->func ? f->func : "??");
		if (t->stack_mode == STACK_PERF)
			sb_adds(out, " (inlined)");
		else
			add_source(f, out);
		sb_addc(out, '\n');
	}
}

static void add_frame(struct output *o, const struct type *t, uint32_t pid, uint32_t probe,
                      uint64_t address, bool is_return, struct strbuf *out)
{
	struct symbol sym;
	bool is_user = t->kind == TYPE_USTACK, is_known;
	source_frames frames = {0};

	if (t->stack_mode == STACK_RAW) {
		add_hex(out, address);
		sb_addc(out, '\n');
		return;
	}
	is_known =
	    is_user ? resolve_user(o, pid, probe, address, &sym) : resolve_kernel(o, address, &sym);
	if (is_known && o->opts.shows_source) {
		if (is_user)
			symbols_user_frames(o->syms, &sym, is_return, &frames);
		else
			symbols_kernel_frames(o->syms, address, is_return, &frames);
		add_inlined(o, t, address, &frames, out);
	}
	add_indent(o, t, address, out);
	if (is_known) {
		sb_adds(out, sym.name);
		sb_addc(out, '+');
		text_add_u64(out, sym.offset_b);
	} else {
		sb_adds(out, "0x");
		add_hex(out, address);
	}
	if (t->stack_mode == STACK_PERF && is_user)
		sb_addf(out, " (%s)", sym.module ? sym.module : "[unknown]");
	if (t->stack_mode == STACK_BPFTRACE && frames.n)
		add_source(&vec_last(&frames), out);
	vec_free(&frames);
	sb_addc(out, '\n');
}

/* The frames behind a stack's id; NULL: none were kept. To be freed. */
static struct image_stack *read_stack(struct output *o, const struct type *t, uint64_t id,
                                      uint64_t *ret_n)
{
	uint32_t size_b = image_stack_size(t);
	struct image_stack *stack = id && o->opts.read_stack ? calloc(1, size_b) : NULL;

	*ret_n = 0;
	if (!stack || o->opts.read_stack(o->opts.read_stack_arg, id, size_b, stack)) {
		free(stack);
		return NULL;
	}
	*ret_n = stack->n_frames < t->stack_depth ? stack->n_frames : t->stack_depth;
	if (t->kind != TYPE_USTACK && o->syms && t->stack_mode != STACK_RAW)
		symbols_kernel_prepare(o->syms, (const uint64_t *)stack->frames, (uint32_t)*ret_n);
	return stack;
}

void stack_text(struct output *o, const struct type *t, const void *bytes, struct strbuf *out)
{
	bool is_user = t->kind == TYPE_USTACK;
	uint32_t pid = is_user ? load_u32((const char *)bytes + 8) : 0;
	uint32_t probe = is_user ? load_u32((const char *)bytes + 12) : 0;
	uint32_t frame_b = image_frame_size(t->stack_mode);
	uint64_t n;
	struct image_stack *stack;

	sb_addc(out, '\n');
	stack = read_stack(o, t, load_u64(bytes), &n);
	for (uint64_t i = 0; i < n; i++) {
		if (t->stack_mode == STACK_BUILD_ID)
			add_build_id(out, stack->frames + i * frame_b);
		else
			/* only the first can be the probe's own function */
			add_frame(o, t, pid, i ? UINT32_MAX : probe,
			          load_u64(stack->frames + i * 8), i > 0, out);
	}
	free(stack);
}

/* `name+0x1f [module]`, as much of it as is wanted; BCC's way. */
static void add_plain_frame(struct output *o, const struct type *t, uint32_t pid, uint32_t probe,
                            uint64_t address, unsigned how, struct strbuf *out)
{
	bool is_user = t->kind == TYPE_USTACK, is_known;
	const char *module, *slash;
	struct symbol sym;

	is_known =
	    is_user ? resolve_user(o, pid, probe, address, &sym) : resolve_kernel(o, address, &sym);
	if (how & FRAME_ADDRESS)
		sb_addf(out, "0x%016llx ", (unsigned long long)address);
	sb_adds(out, is_known ? sym.name : "[unknown]");
	if (!is_user && (how & FRAME_MARKED))
		sb_adds(out, "_[k]");
	if (is_known && (how & FRAME_OFFSET))
		sb_addf(out, "+0x%llx", (unsigned long long)sym.offset_b);
	if (!(how & FRAME_MODULE))
		return;
	module = is_user ? sym.module : is_known && sym.module ? sym.module : "kernel";
	slash = module ? strrchr(module, '/') : NULL;
	if (module)
		sb_addf(out, " [%s]", slash ? slash + 1 : module);
}

/* How many of a kernel stack's innermost frames are the tracing program and how the kernel came to
 * it. Names of programs that are gone are gone, too: what counts is the outermost one known. */
static uint64_t n_own_frames(struct output *o, const struct image_stack *stack, uint64_t n)
{
	static const char *const begins[] = {
	    "bpf_prog_",         "bpf_trace_run",  "__bpf_trace_",        "__traceiter_",
	    "bpf_trampoline_",   "trace_call_bpf", "perf_trace_",         "__bpf_prog_enter",
	    "ftrace_trampoline", "kprobe_ftrace",  "perf_call_bpf_enter", "perf_syscall_",
	};
	enum { MOST = 8 };
	uint64_t own = 0;

	for (uint64_t i = 0; i < n && i < MOST; i++) {
		struct symbol sym;

		if (!resolve_kernel(o, load_u64(stack->frames + i * 8), &sym))
			continue;
		for (size_t k = 0; k < sizeof(begins) / sizeof(begins[0]); k++)
			if (!strncmp(sym.name, begins[k], strlen(begins[k])))
				own = i + 1;
	}
	return own < n ? own : 0;
}

int output_stack_frames(struct output *o, const struct type *t, const void *bytes, unsigned how,
                        void (*fn)(void *arg, const char *text), void *arg)
{
	bool is_user = t->kind == TYPE_USTACK;
	uint32_t pid = is_user ? load_u32((const char *)bytes + 8) : 0;
	uint32_t probe = is_user ? load_u32((const char *)bytes + 12) : 0;
	own_strbuf struct strbuf line = {0};
	uint64_t n, i = 0;
	struct image_stack *stack;

	if (t->stack_mode == STACK_BUILD_ID || !load_u64(bytes))
		return 0;
	stack = read_stack(o, t, load_u64(bytes), &n);
	if (!stack)
		return -1;
	if (fn && !is_user && (how & FRAME_TRIMMED))
		i = n_own_frames(o, stack, n);
	for (; fn && i < n; i++) {
		sb_reset(&line);
		/* only the first can be the probe's own function */
		add_plain_frame(o, t, pid, i ? UINT32_MAX : probe, load_u64(stack->frames + i * 8),
		                how, &line);
		fn(arg, sb_str(&line));
	}
	free(stack);
	return (int)n;
}
