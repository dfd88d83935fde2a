/* Texts by number that programs look up in their read-only memory: errors, signals, system calls of
 * this machine. */
#ifndef SKEP_SCRIPT_TEXT_TABLES_H
#define SKEP_SCRIPT_TEXT_TABLES_H

#include <stdint.h>

enum text_table_id { TEXT_ERRORS, TEXT_SIGNALS, TEXT_SYSCALLS, TEXT_TABLES_N };

struct text_table {
	uint32_t n;        /* texts of 0 .. n-1; text n stands for all other numbers */
	uint32_t stride_b; /* of each, NUL included */
	/* Writes text i, at most stride_b bytes with the NUL. */
	void (*write)(uint32_t i, char *ret, uint32_t size_b);
};
extern const struct text_table text_tables[TEXT_TABLES_N];

#endif
