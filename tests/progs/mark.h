/* A USDT probe by hand: a nop, and a note that tells where it is, which semaphore it has and in what
 * the compiler keeps the arguments. (What <sys/sdt.h> does, without needing it.)
 *
 *   MARK(PROVIDER, NAME, SEMAPHORE, ARGS, OPERANDS...)
 *
 * SEMAPHORE: a symbol's name, or "0". ARGS: as the note has them, "-4@%0 8@%1", of asm operands. */
#ifndef MARK_H
#define MARK_H

#define MARK(provider, name, semaphore, args, ...)                                                 \
	__asm__ volatile("990:	nop\n"                                                             \
	                 "	.pushsection .note.stapsdt,\"\",%%note\n"                          \
	                 "	.balign 4\n"                                                       \
	                 "	.4byte 992f-991f, 994f-993f, 3\n"                                  \
	                 "991:	.asciz \"stapsdt\"\n"                                              \
	                 "992:	.balign 4\n"                                                       \
	                 "993:	.8byte 990b\n"                                                     \
	                 "	.8byte _.stapsdt.base\n"                                           \
	                 "	.8byte " semaphore "\n"                                            \
	                 "	.asciz \"" provider "\"\n"                                         \
	                 "	.asciz \"" name "\"\n"                                             \
	                 "	.asciz \"" args "\"\n"                                             \
	                 "994:	.balign 4\n"                                                       \
	                 "	.popsection\n"                                                     \
	                 "	.ifndef _.stapsdt.base\n"                                          \
	                 "	.pushsection "                                                     \
	                 ".stapsdt.base,\"aG\",%%progbits,.stapsdt.base,comdat\n"              \
	                 "	.weak _.stapsdt.base\n"                                            \
	                 "	.hidden _.stapsdt.base\n"                                          \
	                 "_.stapsdt.base:	.space 1\n"                                        \
	                 "	.size _.stapsdt.base, 1\n"                                         \
	                 "	.popsection\n"                                                     \
	                 "	.endif\n" ::__VA_ARGS__)

/* Who traces a probe counts its semaphore up, so that nobody prepares arguments for nothing. */
#define SEMAPHORE(symbol)                                                                          \
	extern volatile unsigned short symbol;                                                     \
	__attribute__((section(".probes"), used)) volatile unsigned short symbol

#endif
