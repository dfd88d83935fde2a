#include "probe/provider.h"

static bool expand_uprobe(struct probe_context *cx, const struct attach_point *ap,
                          enum probe_kind kind, probe_targets *out)
{
	(void)out;
	diag_error(cx->diag, E_UNSUPPORTED, ap->at, "%s is not supported yet",
	           probe_kind_name(kind));
	return false;
}

const struct provider uprobe_provider = {.min_args = 1, .max_args = 3, .expand = expand_uprobe};
const struct provider uretprobe_provider = {.min_args = 1, .max_args = 3, .expand = expand_uprobe};
