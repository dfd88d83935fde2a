/* What the words of `skep vm` that run programs share: a program from a file, verified, its maps
 * and code. Everything that goes wrong is said on stderr. */
#ifndef SKEP_CMD_VM_MACHINE_H
#define SKEP_CMD_VM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/bundle.h"
#include "vm/code.h"
#include "vm/input.h"
#include "vm/program.h"

struct arena;
struct diag;
struct vm_object;

struct machine {
	struct arena *a;
	struct vm_object *object; /* NULL: from text */
	struct vm_program *programs;
	uint32_t n_programs;
	struct vm_program *p; /* the one to run */
	struct vm_bundle bundle;
	struct vm_code *code; /* p's */
	struct vm_input input;
	struct vm_server *server; /* for who inspects it; NULL: none */
};

/* All of these return VM_OK, VM_REFUSED or VM_TROUBLE. `type` UINT32_MAX: as the sections say. */
int machine_open(struct machine *m, struct arena *a, const char *path, uint32_t type);
int machine_open_bytes(struct machine *m, struct arena *a, const char *name, char *bytes,
                       size_t len_b, uint32_t type);
/* Verifies, makes maps and code. The program runs on `memory`. */
int machine_build(struct machine *m, void *memory, size_t memory_b, enum vm_backend backend);
/* Lets others look at it while it runs, until it is closed. */
void machine_serve(struct machine *m);
void machine_close(struct machine *m);

/* One run. */
uint64_t machine_run(struct machine *m, struct vm_run *run);
/* `n` runs under the thread's processor clock: ns for each. */
double machine_time(struct machine *m, struct vm_run *run, uint64_t n, uint64_t *ret_r0);

/* Hex digits to bytes; blanks are skipped. False: no hex, or half a byte. */
bool machine_parse_hex(struct arena *a, const char *text, unsigned char **ret, size_t *ret_b);

#endif
