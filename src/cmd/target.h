/* What the kernel can do, in the compiler's terms. */
#ifndef SKEP_CMD_TARGET_H
#define SKEP_CMD_TARGET_H

#include "script/script.h"

/* Fill `ret` by asking the engine's feature probes; without permission to ask, assume a kernel of
 * our day, so that a script can at least be checked. Our own machine is of our day always. */
void target_describe(struct script_target *ret, struct types *types, bool may_ask,
                     bool is_user_engine);

#endif
