/* The symbols context: what it owns, and how it ends. */
#include "symbols/symbols.h"

#include <stdlib.h>

#include "symbols/symbols_priv.h"

struct symbols *symbols_create(void)
{
	struct arena *a = arena_create();
	struct symbols *s = arena_new(a, struct symbols);

	s->a = a;
	return s;
}

void symbols_destroy(struct symbols *s)
{
	if (!s)
		return;
	kernel_symbols_free(&s->kernel);
	named_kernel_free(&s->named);
	mappings_free(s->mappings);
	process_table_free(&s->processes);
	for (size_t i = 0; i < s->files.n; i++)
		if (s->files.items[i].value)
			elf_file_free(s->files.items[i].value);
	strmap_free(&s->files);
	strmap_free(&s->files_by_inode);
	strmap_free(&s->paths);
	strmap_free(&s->demangled);
	strmap_free(&s->interned);
	arena_destroy(s->a); /* s itself too */
}

void symbols_set_demangle(struct symbols *s, bool on)
{
	s->no_demangle = !on;
}

void symbols_set_policy(struct symbols *s, enum symbols_policy policy)
{
	s->policy = policy;
}

void symbols_set_program(struct symbols *s, pid_t pid)
{
	s->program = pid;
}

void symbols_set_eager(struct symbols *s, bool on)
{
	s->is_eager = on;
}
