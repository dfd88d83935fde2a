/* A program whose section does not say its type. */
#include "bpf.h"
SEC("nosuch") int untyped(void *ctx)
{
	(void)ctx;
	return 1;
}
