/* Programs that attach by their sections, one that does not, and what they print. */
#include "bpf.h"
static long (*bpf_trace_printk)(const char *fmt, u32 fmt_b, ...) = (void *)6;

SEC("raw_tp/sys_enter") int raw(void *ctx)
{
	(void)ctx;
	return 0;
}
SEC("tp/syscalls/sys_enter_sync") int sync_entered(void *ctx)
{
	char text[] = "synced \"%d\"\n";

	(void)ctx;
	bpf_trace_printk(text, sizeof(text), 42);
	return 0;
}
SEC("xdp") int passes(void *ctx)
{
	(void)ctx;
	return 2;
}
char gpl[] SEC("license") = "GPL";
