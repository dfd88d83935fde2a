/* A program that loops until the kernel has enough, and writes so to the program's stream (Linux 6.17).
 * Neither compiler knows may_goto: its encoding, with a jump over the loop's back edge. */
#include "bpf.h"
SEC("xdp") int loops(void *ctx)
{
	(void)ctx;
	asm volatile("1: .byte 0xe5; .byte 0; .short 1; .long 0; goto 1b");
	return 2;
}
