/* Separate debug files: where the symbols and the debug information of a stripped program are.
 *
 * Looked for by build id (DIR/.build-id/xx/yyyy.debug), then by the name in .gnu_debuglink, in the
 * directories that --debuginfo names. Sources: elfutils' debug path format; GDB manual, "Debugging
 * Information in Separate Files". */
#ifndef SKEP_SYMBOLS_DEBUG_FILE_H
#define SKEP_SYMBOLS_DEBUG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <libelf.h>

struct symbols;

/* "[+]DIR[:DIR...]": an empty DIR is the program's own directory, a relative one lies below it, an
 * absolute one holds a tree of its own. `+`: the CRC in .gnu_debuglink is always compared; without
 * it only where build ids cannot tell. NULL: the default. The text is copied. */
void symbols_set_debuginfo(struct symbols *s, const char *dirs);
extern const char *const debug_file_default_dirs; /* ":.debug:/usr/lib/debug" */

struct debug_file {
	Elf *elf;
	char *path;   /* NULL: unpacked from the program's own .gnu_debugdata */
	void *memory; /* of that one */
};

enum debug_need {
	DEBUG_SYMTAB, /* a symbol table: .gnu_debugdata will do */
	DEBUG_DWARF,
};

/* The debug file of the program `elf`, opened from `path` (as skep sees it, perhaps through
 * /proc/PID/root). NULL: it has none. */
struct debug_file *debug_file_find(struct symbols *s, Elf *elf, const char *path,
                                   enum debug_need need);
/* What `elf`, opened from `path`, names in .gnu_debugaltlink (DWARF that dwz moved out). */
struct debug_file *debug_file_find_alt(struct symbols *s, Elf *elf, const char *path);
/* That name; NULL: none. As long as `elf` is open. */
const char *debug_file_alt_name(Elf *elf);
void debug_file_close(struct debug_file *f); /* NULL: nothing */

/* The build id as hex digits, from the note "GNU" of type NT_GNU_BUILD_ID; false: it has none. */
bool debug_file_build_id(Elf *elf, char *ret_hex, size_t cap);
/* Has it a section of this name (or, for DWARF, its compressed twin), with something in it? */
bool debug_file_has_section(Elf *elf, const char *name);

#endif
