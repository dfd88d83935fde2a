/* The JIT's driver: passes until no jump grows, patches, executable memory; and the C functions
 * behind what machine code cannot do itself. */
#include "vm/jit/jit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/strbuf.h"

/* ---- code ------------------------------------------------------------------------------------ */

void jit_bytes(struct jit *j, const void *bytes, size_t n)
{
	if (j->code.n + n > j->max_b) {
		j->is_too_large = true;
		return;
	}
	vec_reserve(j->a, &j->code, j->code.n + n);
	memcpy(j->code.items + j->code.n, bytes, n);
	j->code.n += n;
}

void jit_u32(struct jit *j, uint32_t word)
{
	unsigned char bytes[4] = {(unsigned char)word, (unsigned char)(word >> 8),
	                          (unsigned char)(word >> 16), (unsigned char)(word >> 24)};

	jit_bytes(j, bytes, sizeof(bytes));
}

uint32_t jit_label(struct jit *j)
{
	if (j->n_labels == j->labels.n)
		vec_push(j->a, &j->labels, 0);
	return (uint32_t)j->n_labels++;
}

void jit_place(struct jit *j, uint32_t label)
{
	j->labels.items[label] = jit_here(j);
}

void jit_slot_begin(struct jit *j, uint32_t pc)
{
	jit_place(j, pc);
}

bool jit_site(struct jit *j, uint32_t label, uint8_t kind)
{
	struct jit_site *s;

	if (j->n_sites == j->sites.n)
		(void)vec_add(j->a, &j->sites);
	s = &j->sites.items[j->n_sites++];
	s->at = jit_here(j);
	s->label = label;
	s->kind = kind;
	return s->is_long;
}

/* splitmix64 */
uint64_t jit_random(struct jit *j)
{
	uint64_t z = j->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Programs whose jumps push each other out of reach one by one end with long ones. */
enum { MAX_PASSES = 32 };

/* One pass. Returns whether a jump must become longer. */
static bool emit_pass(struct jit *j)
{
	bool grows = false;

	j->code.n = 0;
	j->n_sites = 0;
	j->n_labels = j->vm->n_insns;
	j->target->emit(j);
	for (size_t k = 0; k < j->n_sites && !j->is_too_large; k++) {
		struct jit_site *s = &j->sites.items[k];

		if (!s->is_long &&
		    (j->pass >= MAX_PASSES || !j->target->reaches(s, j->labels.items[s->label])))
			s->is_long = grows = true;
	}
	return grows;
}

int jit_compile(struct jit *j, struct arena *a, const struct jit_target *t, const struct vm_code *c,
                const struct vm_code_options *opts, uint32_t features, uint64_t base,
                uint32_t max_b)
{
	memset(j, 0, sizeof(*j));
	j->vm = c;
	j->a = a;
	j->target = t;
	j->features = features;
	j->blinds = opts && opts->blinds_constants;
	j->base = base;
	j->max_b = max_b;
	j->plan = jit_plan_make(a, c);
	if (j->blinds && getrandom(&j->random, sizeof(j->random), 0) < 0)
		return -errno;
	vec_reserve(a, &j->labels, c->n_insns + 64);
	memset(j->labels.items, 0, c->n_insns * sizeof(uint32_t));
	j->labels.n = c->n_insns;
	/* Each pass makes at least one site long, for good, or is the last. */
	while (emit_pass(j) || j->pass == 0)
		j->pass++;
	if (j->is_too_large)
		return -E2BIG;
	for (size_t k = 0; k < j->n_sites; k++)
		if (!t->patch(j, &j->sites.items[k], j->labels.items[j->sites.items[k].label]))
			return -E2BIG;
	return 0;
}

const struct jit_target *jit_host_target(void)
{
#if defined(__x86_64__)
	return &jit_x86_64;
#elif defined(__aarch64__)
	return &jit_arm64;
#else
	return NULL;
#endif
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Writable memory, if possible so near to this program's own code that calls reach it. Addresses
 * are only asked for: whoever is there already stays. */
static void *reserve_near(size_t size_b)
{
	uintptr_t here = (uintptr_t)&reserve_near & ~(uintptr_t)0xfffff;
	const uintptr_t step = 64u << 20, reach = 1800u << 20;
	void *p = MAP_FAILED;

	for (uintptr_t distance = step; distance < reach; distance += step) {
		const uintptr_t wants[] = {here + distance, here - distance};

		for (int k = 0; k < 2; k++) {
			uintptr_t far;

			if (k == 1 && distance >= here)
				continue;
			p = mmap((void *)wants[k], size_b, PROT_READ | PROT_WRITE,
			         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
			if (p == MAP_FAILED)
				return p;
			far = (uintptr_t)p > here ? (uintptr_t)p - here : here - (uintptr_t)p;
			if (far + size_b < reach)
				return p;
			munmap(p, size_b);
		}
	}
	return mmap(NULL, size_b, PROT_READ | PROT_WRITE,
	            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static size_t page_round(size_t size_b)
{
	size_t page_b = (size_t)sysconf(_SC_PAGESIZE);

	return (size_b + page_b - 1) & ~(page_b - 1);
}

/* Copies the code into its memory, gives back what is too much, and takes away the right to
 * write. */
static int seal(struct vm_code *c, const struct jit *j, unsigned char *memory, size_t reserved_b)
{
	size_t used_b = page_round(j->code.n);

	memcpy(memory, j->code.items, j->code.n);
	if (used_b < reserved_b)
		munmap(memory + used_b, reserved_b - used_b);
	if (mprotect(memory, used_b, PROT_READ | PROT_EXEC)) {
		int err = -errno;

		munmap(memory, used_b);
		return err;
	}
	__builtin___clear_cache((char *)memory, (char *)memory + j->code.n);
	c->jit_memory = memory;
	c->jit_memory_b = used_b;
	c->jit_code_b = j->code.n;
	c->entry = (uint64_t(*)(uint64_t, uint64_t, struct vm_run *))(uintptr_t)memory;
	return 0;
}

int vm_jit_create(struct vm_code *c, const struct vm_code_options *opts, struct strbuf *why)
{
	const struct jit_target *t = jit_host_target();
	own_arena struct arena *a = NULL;
	size_t reserved_b;
	void *memory;
	struct jit j;
	int err;

	if (!t) {
		if (why)
			sb_adds(why, "there is no JIT for this CPU");
		return -ENOTSUP;
	}
	reserved_b = page_round(4096 + (size_t)t->max_slot_b * c->n_insns);
	memory = reserve_near(reserved_b);
	if (memory == MAP_FAILED) {
		err = -errno;
		if (why)
			sb_addf(why, "no memory for machine code: %s", strerror(-err));
		return err;
	}
	a = arena_create();
	err = jit_compile(&j, a, t, c, opts, t->features(), (uintptr_t)memory,
	                  (uint32_t)(reserved_b < INT32_MAX ? reserved_b : INT32_MAX));
	if (err) {
		munmap(memory, reserved_b);
		if (why)
			sb_addf(why, "the machine code cannot be made: %s", strerror(-err));
		return err;
	}
	c->jit_offsets = malloc(sizeof(uint32_t) * ((size_t)c->n_insns + 1));
	if (!c->jit_offsets) {
		munmap(memory, reserved_b);
		return -ENOMEM;
	}
	memcpy(c->jit_offsets, j.labels.items, sizeof(uint32_t) * c->n_insns);
	c->jit_offsets[c->n_insns] = (uint32_t)j.code.n;
	err = seal(c, &j, memory, reserved_b);
	if (err) {
		free(c->jit_offsets);
		c->jit_offsets = NULL;
		if (why)
			sb_addf(why, "no executable memory: %s", strerror(-err));
	}
	return err;
}

void vm_jit_destroy(struct vm_code *c)
{
	if (c->jit_memory)
		munmap(c->jit_memory, c->jit_memory_b);
	free(c->jit_offsets);
	c->jit_memory = NULL;
	c->jit_offsets = NULL;
	c->entry = NULL;
}

/* ---- running --------------------------------------------------------------------------------- */

/* run->call of machine code: what the lddw gave is the address of a function by the C ABI. */
static uint64_t call_function(struct vm_run *run, uint64_t fn, uint64_t a1, uint64_t a2,
                              uint64_t a3, uint64_t a4, uint64_t a5)
{
	return ((vm_helper_fn *)(uintptr_t)fn)(a1, a2, a3, a4, a5, run);
}

uint64_t vm_jit_run(struct vm_code *c, struct vm_run *run, uint64_t r2)
{
	uint64_t (*call)(struct vm_run *, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
	                 uint64_t) = run->call;
	void *state = run->call_state;
	uint64_t r0;

	run->call = call_function;
	run->call_state = NULL;
	r0 = c->entry((uintptr_t)run->context, r2, run);
	run->call = call;
	run->call_state = state;
	return r0;
}

/* Stands for the entry of code that has no machine code. */
static uint64_t enter_other(uint64_t r1, uint64_t r2, struct vm_run *run)
{
	(void)r1;
	return vm_code_enter(run->code, run, r2);
}

struct jit_tail jit_tail_call(struct vm_run *run, struct vm_map *m, uint32_t index)
{
	struct vm_code *next;

	if (index >= m->def.max_entries || run->tail_calls >= 33 /* MAX_TAIL_CALL_CNT */)
		return (struct jit_tail){0, 0};
	next = vm_map_program(m, index);
	if (!next)
		return (struct jit_tail){0, 0};
	run->tail_calls++;
	run->code = next;
	return (struct jit_tail){
	    (uintptr_t)(next->entry ? next->entry : enter_other),
	    next->type == BPF_PROG_TYPE_UNSPEC ? run->context_b : 0,
	};
}
