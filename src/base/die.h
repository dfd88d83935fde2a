/* Walking DWARF by libdw, for what the readers of types and of functions share.
 *
 * libdw checks that it stays inside of the sections; that a walk comes to its end is ours: in a
 * damaged file DW_AT_sibling may lead back. */
#ifndef SKEP_BASE_DIE_H
#define SKEP_BASE_DIE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

enum {
	DIE_DEEPEST = 64, /* nesting of DIEs; compilers stay below 40 */
};

/* To the next sibling; false at the last one. */
static inline bool die_next(Dwarf_Die *die)
{
	Dwarf_Die next;

	if (dwarf_siblingof(die, &next) || (uintptr_t)next.addr <= (uintptr_t)die->addr)
		return false;
	*die = next;
	return true;
}

/* `for (bool more = die_first(parent, &die); more; more = die_next(&die))` */
static inline bool die_first(Dwarf_Die *parent, Dwarf_Die *ret)
{
	return !dwarf_child(parent, ret) && (uintptr_t)ret->addr > (uintptr_t)parent->addr;
}

static inline bool die_flag(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	bool value;

	return dwarf_attr(die, name, &attr) && !dwarf_formflag(&attr, &value) && value;
}

/* A constant; false if there is none (or it is an expression). */
static inline bool die_number(Dwarf_Die *die, unsigned name, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (!dwarf_attr_integrate(die, name, &attr) || dwarf_formudata(&attr, &word))
		return false;
	*ret = word;
	return true;
}

/* The DIE an attribute refers to, of this DIE itself or of what it is an instance of. */
static inline bool die_ref(Dwarf_Die *die, unsigned name, Dwarf_Die *ret)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, name, &attr) && dwarf_formref_die(&attr, ret);
}

static inline const char *die_name(Dwarf_Die *die)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_name, &attr) ? dwarf_formstring(&attr) : NULL;
}

#endif
