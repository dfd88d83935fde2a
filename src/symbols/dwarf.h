/* Debug information of programs: functions by address, lines and inlined calls at an address,
 * addresses of a source line. Found in the program itself or in its debug file, read on the first
 * question; a compile unit is read when an address in it is asked about. */
#ifndef SKEP_SYMBOLS_DWARF_H
#define SKEP_SYMBOLS_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <elfutils/libdw.h>

#include "base/vec.h"

struct symbols;
struct dwarf_file;

/* Of the program or library at `path`; NULL: it has no debug information. Owned by `s`. */
struct dwarf_file *symbols_dwarf(struct symbols *s, const char *path);
/* libdw's handle, as long as `s`. */
Dwarf *dwarf_file_handle(struct dwarf_file *f);
/* Of a program built with -gsplit-dwarf: the name of a .dwo file that is not where the program says
 * it is, or NULL. */
const char *dwarf_file_missing_split(struct dwarf_file *f);
/* The same of the file into which dwz has moved what several programs share. */
const char *dwarf_file_missing_alt(const struct dwarf_file *f);

/* Addresses below are virtual ones, as linked. */

/* The function (DW_TAG_subprogram, out of line) around an address. */
bool dwarf_file_function(struct dwarf_file *f, uint64_t address, Dwarf_Die *ret);
/* The frame's canonical address at an address, as a libdw expression (.eh_frame, .debug_frame). */
bool dwarf_file_cfa(struct dwarf_file *f, uint64_t address, Dwarf_Op **ret_ops, size_t *ret_n);

/* One frame of the source: the function that an instruction is in, or one inlined there. Strings
 * belong to the debug information. */
struct source_frame {
	const char *func; /* mangled where the compiler says so; NULL: unknown */
	const char *file; /* as the compiler was told, or its directory in front; NULL: unknown */
	uint32_t line, column; /* 0: unknown */
};
typedef vec(struct source_frame) source_frames;
/* Innermost first, the last one is no inlined call. Pushes nothing where nothing is known. The
 * vector is malloc'ed. */
void dwarf_file_frames(struct dwarf_file *f, uint64_t address, source_frames *ret);

struct symbol;
/* The same of an address that symbols_user() has answered (also with no name), or of the kernel.
 * is_return: it is where a call returns to, and the call is meant. Names as symbols show them. */
void symbols_user_frames(struct symbols *s, const struct symbol *sym, bool is_return,
                         source_frames *ret);
void symbols_kernel_frames(struct symbols *s, uint64_t address, bool is_return, source_frames *ret);

/* A place where code of a source line begins. */
struct source_place {
	uint64_t address;
	const char *file;
	uint32_t line, column;
};
typedef vec(struct source_place) source_places;
/* The first instruction of a line in each function and inlined call that has code of it. `file` is
 * a path or its last parts; column 0: any. Sorted by address; the vector is malloc'ed. Where the
 * file is known but nothing is at the line, *ret_nearest (0 else) is the next line with code. */
void dwarf_file_line_places(struct dwarf_file *f, const char *file, uint32_t line, uint32_t column,
                            source_places *ret, uint32_t *ret_nearest);

#endif
