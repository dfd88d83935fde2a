/* Inside of the unwind room. */
#ifndef SKEP_UNWIND_PRIV_H
#define SKEP_UNWIND_PRIV_H

#include "base/vec.h"
#include "unwind/unwind.h"

/* One section of call frame information, as it lies in the file. */
struct cfi_section {
	const uint8_t *bytes;
	size_t len_b;
	uint64_t address;   /* as linked, of the first byte */
	uint64_t text, got; /* DW_EH_PE_textrel and datarel count from these */
	bool is_eh;         /* .eh_frame, not .debug_frame */
	bool is_arm64;
};

/* A function's rows are neighbours; the functions come in any order. */
struct cfi_row {
	uint64_t pc, rule;
};
struct cfi_func {
	uint64_t start, end;
	size_t first_row, n_rows;
};
struct cfi_rows {
	vec(struct cfi_row) rows;
	vec(struct cfi_func) funcs;
};

/* Adds all that the section tells. What cannot be understood has rule UNWIND_NONE; reading ends
 * where entries no longer follow each other. */
void cfi_read(const struct cfi_section *s, struct cfi_rows *ret);

#endif
