/* Arena: memory by lifetime. Everything that dies together (a session, a compile unit, an
 * event) is taken from one arena and freed with it; nothing in it is freed alone. */
#ifndef SKEP_BASE_ARENA_H
#define SKEP_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* Never return NULL: running out of memory ends the process with a message, as every caller
 * would have to. Memory is zeroed and aligned to 16 bytes. */
struct arena *arena_create(void);
void arena_destroy(struct arena *a);
/* Forget everything allocated so far, keep the first block (for per-event arenas). */
void arena_reset(struct arena *a);
void *arena_alloc(struct arena *a, size_t size_b);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len_b);
void *arena_memdup(struct arena *a, const void *p, size_t len_b);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap);

#define arena_new(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define arena_array(a, T, n) ((T *)arena_alloc((a), sizeof(T) * (size_t)(n)))

static inline void arena_destroyp(struct arena **a)
{
	if (*a)
		arena_destroy(*a);
}
#define own_arena __attribute__((cleanup(arena_destroyp)))

#endif
