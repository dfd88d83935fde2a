/* skep: BPF programs without a kernel. Reads ELF objects of clang, gcc and skep, proves that their
 * programs are safe (with the rules of the kernel's verifier), and runs them, with maps and
 *helpers, as machine code where the CPU has a JIT and interpreted elsewhere.
 *
 *	struct skep *s;
 *	char why[4096];
 *
 *	if (skep_open_file("filter.o", NULL, &s, why, sizeof(why)))
 *		errx(1, "%s", why);
 *	if (skep_run(s, 0, packet, &packet_b, &verdict, why, sizeof(why)))
 *		errx(1, "%s", why);
 *	skep_close(s);
 *
 * Functions return 0 or a negative errno, and then a text in `why` (which may be NULL); -EACCES is
 * the verifier's no. Nothing is printed, nothing is global; one `struct skep` is for one thread at
 *a time. Link with -lskep -lelf -lz. */
#ifndef SKEP_H
#define SKEP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An object: its programs and maps. */
struct skep;

/* `kind`: a program kind by libbpf's name ("xdp", "sched_cls" ...) for all programs, or NULL: what
 * their sections say. "unspec" is the machine's own kind: r1 is memory, r2 its length. The bytes
 * are borrowed until skep_close(). */
int skep_open(const void *bytes, size_t bytes_b, const char *kind, struct skep **ret, char *why,
              size_t why_b);
int skep_open_file(const char *path, const char *kind, struct skep **ret, char *why, size_t why_b);
void skep_close(struct skep *s);

/* ---- programs -------------------------------------------------------------------------------- */

uint32_t skep_program_count(const struct skep *s);
const char *skep_program_name(const struct skep *s, uint32_t program);
/* By name: its number, or -ENOENT. */
int skep_program_find(const struct skep *s, const char *name);

/* Proves the program safe; `why` has the verifier's log if it is not. `memory_b` is how much memory
 * programs of the kind "unspec" will get, and of no matter to others. */
int skep_verify(struct skep *s, uint32_t program, size_t memory_b, char *why, size_t why_b);

enum skep_engine {
	SKEP_FASTEST, /* machine code, where the CPU has a JIT */
	SKEP_INTERPRETER,
	SKEP_JIT,
};
/* For programs that have not run yet. */
void skep_set_engine(struct skep *s, enum skep_engine engine);
/* Where bpf_trace_printk() goes; without it, nowhere. */
void skep_set_print(struct skep *s, void (*print)(void *arg, const char *text, size_t len_b),
                    void *arg);

/* Runs the program once; the first time it is verified and its code is made. `memory` is the packet
 * of kinds that have one, the context's bytes of others, or the memory itself ("unspec"); programs
 * change it, and *memory_b if they move a packet's ends (never beyond what it was). r0 goes to
 * *ret_r0. An "unspec" program's memory must be as large as the first time. */
int skep_run(struct skep *s, uint32_t program, void *memory, size_t *memory_b, uint64_t *ret_r0,
             char *why, size_t why_b);

/* ---- maps ------------------------------------------------------------------------------------ */

struct skep_map;

/* NULL: there is none of this name. Maps exist from skep_open() on. */
struct skep_map *skep_map_find(struct skep *s, const char *name);
uint32_t skep_map_count(const struct skep *s);
struct skep_map *skep_map_at(struct skep *s, uint32_t index);
const char *skep_map_name(const struct skep_map *m);
size_t skep_map_key_size(const struct skep_map *m);
/* Per-CPU maps have a value, rounded up to 8 bytes, for each CPU. */
size_t skep_map_value_size(const struct skep_map *m);
/* As bpf(2) has them, with its error numbers. Flags: BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2. */
int skep_map_read(struct skep_map *m, const void *key, void *ret_value);
int skep_map_write(struct skep_map *m, const void *key, const void *value, uint64_t flags);
int skep_map_erase(struct skep_map *m, const void *key);
/* The key behind `key` (NULL: the first one); -ENOENT at the end. */
int skep_map_next_key(struct skep_map *m, const void *key, void *ret_key);
/* Hands over the records of a ring buffer; `fn` returns 0 to go on. Returns how many. */
int64_t skep_ring_read(struct skep_map *m,
                       int (*fn)(void *arg, const void *record, uint32_t record_b), void *arg);

#ifdef __cplusplus
}
#endif

#endif
