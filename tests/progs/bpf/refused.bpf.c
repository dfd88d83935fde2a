/* A program that the kernel's verifier refuses: it reads a packet beyond its end. */
#include "bpf.h"
struct xdp_md {
	u32 data, data_end;
};
SEC("xdp") int refused(struct xdp_md *ctx)
{
	return *(unsigned char *)(u64)ctx->data;
}
