/* Inside of the files that read debug information. */
#ifndef SKEP_SYMBOLS_DWARF_PRIV_H
#define SKEP_SYMBOLS_DWARF_PRIV_H

#include "symbols/debug_file.h"
#include "symbols/dwarf.h"
#include "symbols/symbols_priv.h"

struct func_range {
	uint64_t start, end;
	Dwarf_Die die;
};

struct dwarf_unit {
	Dwarf_Die die;   /* has the addresses and the lines */
	Dwarf_Die split; /* has the functions: the same, or that of a .dwo */
	bool is_read;
	vec(struct func_range) funcs; /* by start; made on the first question */
};

struct unit_range {
	uint64_t start, end;
	uint32_t unit;
};

/* What has been found at an address: stacks have the same few over and over. */
struct known_frames {
	bool is_known;
	uint64_t address;
	source_frames frames; /* malloc'ed */
};

enum { FRAMES_KNOWN = 1024 }; /* a power of two; a younger address takes an older one's place */

struct dwarf_file {
	Elf *elf;                 /* the program */
	struct debug_file *debug; /* NULL: the program has its DWARF itself */
	struct debug_file *alt;   /* what dwz moved out */
	Dwarf *dw, *dw_alt;
	Dwarf_CFI *cfi;               /* of .eh_frame; owned */
	bool has_cfi;                 /* asked for */
	Dwarf_Frame *frame;           /* of the last question; malloc'ed */
	vec(struct dwarf_unit) units; /* those with code */
	vec(struct unit_range) ranges;
	bool has_units;
	struct known_frames *known; /* FRAMES_KNOWN of them by address, made at need */
	const char *missing_split;  /* the first .dwo that was not found */
	const char *missing_alt;
};

/* The units with code, read on the first call; the unit around an address, NULL: none. */
void dwarf_file_need_units(struct dwarf_file *f);
struct dwarf_unit *dwarf_file_unit(struct dwarf_file *f, uint64_t address);

/* Of the program open as `fd` (not kept), or -1: to be opened at `path`. */
struct dwarf_file *dwarf_file_open(struct symbols *s, int fd, const char *path);
void dwarf_file_free(struct dwarf_file *f);

#endif
