/* Frames of the source behind an address of a process or of the kernel: its file and line, and the
 * calls that were inlined there.
 *
 * The kernel has debug information where a debug package or its build directory is on this machine;
 * it is found by release, and runs as far from where it was linked as its symbol _stext does. */
#include <stdio.h>
#include <sys/utsname.h>

#include "symbols/dwarf_priv.h"

/* A return address is behind its call: one byte before is in it. */
static void frames_at(struct symbols *s, struct dwarf_file *f, uint64_t address, bool is_return,
                      source_frames *ret)
{
	size_t before = ret->n;

	if (!f)
		return;
	dwarf_file_frames(f, is_return && address ? address - 1 : address, ret);
	for (size_t i = before; i < ret->n; i++)
		if (ret->items[i].func)
			ret->items[i].func = symbols_shown_name(s, ret->items[i].func);
}

void symbols_user_frames(struct symbols *s, const struct symbol *sym, bool is_return,
                         source_frames *ret)
{
	if (sym->file)
		frames_at(s, elf_file_dwarf(sym->file), sym->linked, is_return, ret);
}

/* Of the running kernel; NULL: none is here. */
static struct dwarf_file *find_vmlinux(struct symbols *s, uint64_t *ret_moved_b)
{
	static const char *const places[] = {
	    "/usr/lib/debug/boot/vmlinux-%s",
	    "/usr/lib/debug/lib/modules/%s/vmlinux",
	    "/usr/lib/debug/usr/lib/modules/%s/vmlinux",
	    "/lib/modules/%s/build/vmlinux",
	    "/lib/modules/%s/vmlinux",
	    "/boot/vmlinux-%s",
	};
	struct utsname name;

	if (uname(&name))
		return NULL;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char path[256];
		struct dwarf_file *f;
		struct elf_symbol text;
		uint64_t running;

		snprintf(path, sizeof(path), places[i], name.release);
		f = symbols_dwarf(s, path);
		running = f ? symbols_kernel_address(s, "_stext") : 0;
		if (!running || !symbols_elf_find(s, path, "_stext", &text))
			continue;
		*ret_moved_b = running - text.address;
		return f;
	}
	return NULL;
}

void symbols_kernel_frames(struct symbols *s, uint64_t address, bool is_return, source_frames *ret)
{
	if (!s->has_vmlinux) {
		s->has_vmlinux = true;
		s->vmlinux = find_vmlinux(s, &s->vmlinux_moved_b);
	}
	frames_at(s, s->vmlinux, address - s->vmlinux_moved_b, is_return, ret);
}
