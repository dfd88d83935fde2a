/* kprobe and kretprobe: entry, inside and return of kernel functions.
 *
 * Input: `kprobe:FN`, `kprobe:FN+OFF`, `kprobe:MODULE:FN[+OFF]`, `kprobe:ADDRESS`; wildcards in
 * module and function. Output: one target per function. A single function that we do not find is
 * warned about and handed on: what can be probed, the kernel knows best. */
#include <ctype.h>
#include <string.h>

#include "base/wildcard.h"
#include "probe/functions.h"
#include "probe/provider.h"
#include "symbols/symbols.h"
#include "symbols/x86_insn.h"

/* FN[+OFF] taken apart; false with an error reported. */
static bool split_offset(struct probe_context *cx, const struct attach_point *ap,
                         enum probe_kind kind, const char *text, const char **ret_func,
                         uint64_t *ret_off_b)
{
	const char *plus = *text == WILDCARD_REGEX ? NULL : strchr(text, '+');

	*ret_func = text;
	*ret_off_b = 0;
	if (!plus)
		return true;
	*ret_func = arena_strndup(cx->a, text, (size_t)(plus - text));
	if (kind == PROBE_KRETPROBE) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "Offset not allowed");
		return false;
	}
	if (!parse_number(plus + 1, ret_off_b)) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "Invalid offset: %s", plus + 1);
		return false;
	}
	return true;
}

/* Does an instruction start there? Where the code cannot be read, or may be changed by probes that
 * are there already, the kernel has to decide. */
static bool check_code(struct probe_context *cx, const struct attach_point *ap, const char *func,
                       uint64_t off_b, uint64_t address)
{
	enum { MOST_B = 1 << 16 };
	size_t n_b = off_b + X86_INSN_MAX_B + 1;
	uint8_t *code;

	if (!address || off_b > MOST_B || symbols_kernel_is_probed())
		return true;
	code = arena_alloc(cx->a, n_b);
	return !symbols_kernel_text(address, code, n_b) ||
	       check_instruction(cx, ap, PROBE_KPROBE, func, code, n_b, off_b);
}

/* An offset into several functions of one name: which one is meant? */
static bool report_unclear(struct probe_context *cx, const struct attach_point *ap,
                           const struct kernel_function *f, uint64_t off_b)
{
	struct strbuf hint = {0};

	diag_error(cx->diag, E_PROBE_PARTS, ap->at,
	           "Offset not allowed: '%s' stands for %zu functions", f->name, f->n);
	for (size_t i = 0; i < f->n; i++)
		sb_addf(&hint, "%s kprobe:0x%llx", i ? " or" : "",
		        (unsigned long long)(f->addresses[i] + off_b));
	diag_hint(cx->diag, "by address, with --unsafe:%s", sb_str(&hint));
	sb_free(&hint);
	return false;
}

/* Is an offset inside of the function? How long one is, only the next symbol tells; where nothing
 * does (names hidden from us, no such function), the kernel decides. */
static bool check_bounds(struct probe_context *cx, const struct attach_point *ap,
                         const char *module, const char *func, uint64_t off_b)
{
	struct symbols *own = cx->symbols ? NULL : symbols_create();
	struct symbols *symbols = own ? own : cx->symbols;
	struct kernel_function f = {.name = func, .module = module};
	uint64_t size_b = symbols_kernel_size(symbols, func);

	symbols_kernel_functions(cx->a, symbols, &f, 1);
	symbols_destroy(own);
	if (f.n > 1)
		return report_unclear(cx, ap, &f, off_b);
	if (!size_b || off_b < size_b)
		return check_code(cx, ap, func, off_b, f.n ? f.addresses[0] : 0);
	diag_error(cx->diag, E_PROBE_PARTS, ap->at,
	           "Offset outside the function bounds ('%s' size is %llu)", func,
	           (unsigned long long)size_b);
	return false;
}

static bool expand_address(struct probe_context *cx, const struct attach_point *ap,
                           enum probe_kind kind, probe_targets *out)
{
	struct probe_target *t;
	uint64_t address;

	if (!parse_number(ap->parts[1], &address)) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "Invalid address: %s", ap->parts[1]);
		return false;
	}
	if (!cx->is_unsafe) {
		diag_error(cx->diag, E_UNSAFE, ap->at, "Probing by address requires --unsafe");
		return false;
	}
	t = target_add(cx, out, kind);
	t->address = address;
	t->name = arena_printf(cx->a, "%s:%s", probe_kind_name(kind), ap->parts[1]);
	return true;
}

static bool expand_wildcard(struct probe_context *cx, const struct attach_point *ap,
                            enum probe_kind kind, const char *module, const char *func,
                            probe_targets *out)
{
	struct kernel_funcs list = kernel_funcs_traceable(cx, module ? module : "*", func, false);

	if (!list.n)
		return report_no_match(cx, ap, kind, NULL);
	vec_reserve(cx->a, out, out->n + list.n);
	vec_each (f, &list) {
		bool is_core = !strcmp(f->module, "vmlinux");
		struct probe_target *t = target_add(cx, out, kind);

		t->func = f->name;
		t->category = module || !is_core ? f->module : NULL;
		t->from_wildcard = true;
		if (module)
			t->name = arena_printf(cx->a, "%s:%s:%s", probe_kind_name(kind), f->module,
			                       f->name);
		else
			t->name = arena_printf(cx->a, "%s:%s", probe_kind_name(kind), f->name);
	}
	kernel_funcs_free(&list);
	return true;
}

/* "specified module X in probe P is not loaded.", as missing_probes has it. */
static bool report_module(struct probe_context *cx, const struct attach_point *ap,
                          const char *module)
{
	if (cx->missing == MISSING_IGNORE)
		return true;
	if (cx->missing == MISSING_WARN)
		diag_warn(cx->diag, E_PROBE_NO_MATCH, ap->at,
		          "specified module %s in probe %s is not loaded.", module, ap->text);
	else
		diag_error(cx->diag, E_PROBE_NO_MATCH, ap->at,
		           "specified module %s in probe %s is not loaded.", module, ap->text);
	return cx->missing == MISSING_WARN;
}

static bool expand_kprobe(struct probe_context *cx, const struct attach_point *ap,
                          enum probe_kind kind, probe_targets *out)
{
	const char *module = ap->n_parts > 2 ? ap->parts[1] : NULL, *func;
	struct probe_target *t;
	uint64_t off_b;

	if (ap->n_parts == 2 && isdigit((unsigned char)ap->parts[1][0]))
		return expand_address(cx, ap, kind, out);
	if (!split_offset(cx, ap, kind, ap->parts[ap->n_parts - 1], &func, &off_b))
		return false;
	if (!*func || (module && !*module)) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "Missing %s name",
		           *func ? "module" : "function");
		return false;
	}
	if (wildcard_has(func) || (module && wildcard_has(module))) {
		if (func != ap->parts[ap->n_parts - 1]) {
			diag_error(cx->diag, E_PROBE_PARTS, ap->at, "Offset not allowed");
			diag_hint(cx->diag, "a wildcard stands for many functions");
			return false;
		}
		return expand_wildcard(cx, ap, kind, module, func, out);
	}
	if (module && !kernel_module_is_loaded(cx, module))
		return report_module(cx, ap, module);
	if (cx->missing != MISSING_IGNORE && !kernel_func_is_traceable(cx, module, func)) {
		const char *nearest = kernel_func_nearest(cx, func);

		diag_warn(cx->diag, E_PROBE_NO_MATCH, ap->at,
		          "%s is not traceable (either non-existing, inlined, or marked as "
		          "\"notrace\"); attaching to it will likely fail",
		          func);
		if (nearest)
			diag_hint(cx->diag, "did you mean %s:%s?", probe_kind_name(kind), nearest);
	}
	if (off_b && !check_bounds(cx, ap, module, func, off_b))
		return false;
	t = target_add(cx, out, kind);
	t->func = func;
	t->category = module;
	t->off_b = off_b;
	t->name = arena_printf(cx->a, "%s:%s%s%s", probe_kind_name(kind), module ? module : "",
	                       module ? ":" : "", func);
	if (strchr(ap->parts[ap->n_parts - 1], '+'))
		t->name = arena_printf(cx->a, "%s+%llu", t->name, (unsigned long long)off_b);
	return true;
}

/* `    type argN` or `    type retval`, from BTF. */
static void add_args(const struct type *proto, enum probe_kind kind, struct strbuf *out)
{
	if (!proto)
		return;
	if (kind == PROBE_KRETPROBE) {
		if (proto->elem->kind == TYPE_VOID)
			return;
		sb_adds(out, "    ");
		type_declare(proto->elem, "retval", out);
		sb_addc(out, '\n');
		return;
	}
	for (uint32_t i = 0; i < proto->n_fields; i++) {
		char name[16] = "arg";

		if (proto->fields[i].type->kind == TYPE_NONE) /* `...` */
			break;
		name[3] = (char)('0' + i % 10);
		if (i >= 10) {
			name[3] = (char)('0' + i / 10 % 10);
			name[4] = (char)('0' + i % 10);
		}
		sb_adds(out, "    ");
		type_declare(proto->fields[i].type, name, out);
		sb_addc(out, '\n');
	}
}

static void kprobe_list_args(struct probe_context *cx, const struct probe_target *t,
                             struct strbuf *out)
{
	if (t->func && !t->off_b)
		add_args(types_find_func(cx->types, t->func, t->category, NULL, NULL, NULL),
		         t->kind, out);
}

static void list_kprobes(struct listing *l)
{
	const char *module = l->n_parts > 1 ? l->parts[0] : "*";
	const char *name = l->n_parts > 1 ? l->parts[1] : l->n_parts ? l->parts[0] : "*";
	struct kernel_funcs list = kernel_funcs_traceable(l->cx, module, name, l->verbose);

	vec_each (f, &list) {
		list_line(l, strcmp(f->module, "vmlinux") ? f->module : NULL, f->name);
		if (l->verbose && f->btf_id) {
			list_flush(l);
			add_args(types_func_by_id(l->cx->types, f->module, f->btf_id), l->kind,
			         l->out);
		}
	}
	kernel_funcs_free(&list);
}

const struct provider kprobe_provider = {
    .min_args = 1,
    .max_args = 2,
    .is_wild_list = true,
    .is_wild_probe = true,
    .expand = expand_kprobe,
    .list = list_kprobes,
    .list_args = kprobe_list_args,
};
const struct provider kretprobe_provider = {
    .min_args = 1,
    .max_args = 2,
    .expand = expand_kprobe,
    .list = list_kprobes,
    .list_args = kprobe_list_args,
};
