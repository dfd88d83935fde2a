/* watchpoint: programs run when an address is read, written or executed.
 *
 * Input: `watchpoint:0x55d0a3c8e010:8:w`. Output: the address, the length (1, 2, 4 or 8 bytes) and
 * the kinds of access as the kernel's HW_BREAKPOINT_* bits. Which combinations of accesses there
 * are is the processor's choice: x86-64 has no breakpoint that only reads. */
#include <string.h>

#include "probe/provider.h"

/* HW_BREAKPOINT_* of linux/hw_breakpoint.h, which has other names that clash. */
enum { WATCH_R = 1, WATCH_W = 2, WATCH_X = 4 };

static bool refuse(struct probe_context *cx, const struct attach_point *ap, const char *text)
{
	diag_error(cx->diag, E_PROBE_PARTS, ap->at, "%s", text);
	return false;
}

static bool has_mode(uint32_t mode)
{
#if defined(__x86_64__)
	return mode == WATCH_W || mode == (WATCH_R | WATCH_W) || mode == WATCH_X;
#else
	return mode == WATCH_X || !(mode & WATCH_X);
#endif
}

static bool parse_mode(struct probe_context *cx, const struct attach_point *ap, uint32_t *ret)
{
	const char *text = ap->parts[3];
	uint32_t mode = 0;

	for (const char *c = text; *c; c++) {
		uint32_t bit = *c == 'r' ? WATCH_R : *c == 'w' ? WATCH_W : *c == 'x' ? WATCH_X : 0;

		if (!bit)
			return refuse(cx, ap, "watchpoint mode must be combination of (r,w,x)");
		if (mode & bit)
			return refuse(cx, ap, "watchpoint modes may not be duplicated");
		mode |= bit;
	}
	if (!mode)
		return refuse(cx, ap, "watchpoint mode must be combination of (r,w,x)");
	if (!has_mode(mode)) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "invalid watchpoint mode: %s", text);
		diag_hint(cx->diag, "this processor can watch w, rw and x");
		return false;
	}
	*ret = mode;
	return true;
}

static bool parse_address(struct probe_context *cx, const struct attach_point *ap, uint64_t *ret)
{
	const char *text = ap->parts[1], *plus = strchr(text, '+');

	if (!parse_number(text, ret)) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "Invalid watchpoint address: %s", text);
		if (plus && !strncmp(plus, "+arg", 4))
			diag_hint(cx->diag, "watching a function's argument has left the language; "
			                    "print it in a uprobe and watch that address");
		return false;
	}
	return *ret || refuse(cx, ap, "watchpoint must be attached to a non-zero address");
}

static bool expand_watchpoint(struct probe_context *cx, const struct attach_point *ap,
                              enum probe_kind kind, probe_targets *out)
{
	struct probe_target *t;
	uint64_t address, len_b;
	uint32_t mode;

	if (!parse_address(cx, ap, &address))
		return false;
	if (!parse_number(ap->parts[2], &len_b) ||
	    (len_b != 1 && len_b != 2 && len_b != 4 && len_b != 8))
		return refuse(cx, ap, "watchpoint length must be one of (1,2,4,8)");
	if (!parse_mode(cx, ap, &mode))
		return false;
	if (mode != WATCH_X && address % len_b) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at,
		           "watchpoint address must be a multiple of its length (%llu)",
		           (unsigned long long)len_b);
		diag_hint(cx->diag, "the processor can watch 1, 2, 4 or 8 aligned bytes");
		return false;
	}
	/* Kernel addresses are the upper half. */
	if ((int64_t)address > 0 && !cx->pid && !cx->has_child) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at,
		           "watchpoint on a user address needs a process");
		diag_hint(cx->diag, "name it: -p PID or -c COMMAND");
		return false;
	}
	t = target_add(cx, out, kind);
	t->address = address;
	t->period = len_b;
	t->perf_config = mode;
	t->name = arena_printf(cx->a, "%s:%s", probe_kind_name(kind), attach_point_rest(cx, ap));
	return true;
}

const struct provider watchpoint_provider = {
    .min_args = 3, .max_args = 3, .expand = expand_watchpoint};
