/* The reader of objects on any bytes. The object's own BTF, as mutated, is the kernel's BTF as
 * well, so that both sides of CO-RE are hostile.
 *
 * corpus: *.o
 * mutate: in place */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "bpf/disasm.h"
#include "vm/object.h"

/* A file with what looks like BTF in the input; -1 if nothing does. */
static int kernel_btf(const char *data, size_t len_b)
{
	static const char magic[] = {'\x9f', '\xeb', 1, 0, 24, 0, 0, 0};
	const char *at = memmem(data, len_b, magic, sizeof(magic));
	int fd = at ? memfd_create("btf", MFD_CLOEXEC) : -1;

	if (fd >= 0 && write(fd, at, len_b - (size_t)(at - data)) < 0)
		abort();
	return fd;
}

static void check_insns(const struct vm_object *o, const struct vm_program *p)
{
	for (uint32_t pc = 0; pc < p->n_insns; pc++) {
		const struct bpf_insn *i = &p->insns[pc];

		if (i->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		FUZZ_CHECK(pc + 1 < p->n_insns);
		/* Numbers that stand in the file unrelocated are the verifier's to refuse. */
		pc++;
	}
	for (uint32_t k = 0; k < p->n_funcs; k++) {
		FUZZ_CHECK(p->funcs[k].pc < p->n_insns && p->funcs[k].name);
		FUZZ_CHECK(!k ? !p->funcs[k].pc : p->funcs[k].pc > p->funcs[k - 1].pc);
	}
	for (uint32_t k = 0; k < p->n_lines; k++) {
		FUZZ_CHECK(p->lines[k].pc < p->n_insns);
		FUZZ_CHECK(!k || p->lines[k].pc > p->lines[k - 1].pc);
	}
	FUZZ_CHECK(p->n_maps == o->n_maps && p->name && p->section);
}

static uint64_t sum(const void *bytes, size_t len_b)
{
	const unsigned char *b = bytes;
	uint64_t n = 0;

	for (size_t i = 0; i < len_b; i++)
		n += b[i];
	return n;
}

static void check_maps(const struct vm_object *o)
{
	uint64_t n = 0;

	for (uint32_t k = 0; k < o->n_maps; k++) {
		const struct vm_map_def *d = o->maps[k];

		FUZZ_CHECK(d->name);
		if (d->init)
			n += sum(d->init, d->value_size_b);
		for (uint32_t i = 0; i < d->n_inits; i++) {
			FUZZ_CHECK(d->inits[i].index < d->max_entries);
			FUZZ_CHECK(
			    d->inits[i].target <
			    (d->type == BPF_MAP_TYPE_PROG_ARRAY ? o->n_programs : o->n_maps));
		}
	}
	FUZZ_CHECK(n < UINT64_MAX);
}

static void check_func(const struct vm_object *o, const struct vm_object_func *f)
{
	uint32_t last = 0;

	FUZZ_CHECK(f->name && f->section);
	for (uint32_t k = 0; k < f->n_insns; k++) {
		if (f->insns[k].code == (BPF_LD | BPF_IMM | BPF_DW))
			FUZZ_CHECK(++k < f->n_insns);
	}
	for (uint32_t k = 0; k < f->n_refs; k++) {
		const struct vm_object_ref *r = &f->refs[k];

		FUZZ_CHECK(r->insn < f->n_insns && (!k || r->insn > last));
		FUZZ_CHECK(r->func < o->n_funcs && r->delta < o->funcs[r->func].n_insns);
		last = r->insn;
	}
	for (uint32_t k = 0; k < f->n_notes; k++)
		FUZZ_CHECK(f->notes[k].pc < f->n_insns && f->notes[k].text);
	FUZZ_CHECK(!f->problem || (*f->problem && !strchr(f->problem, '\n')));
}

static void try_open(const char *data, size_t len_b, const struct vm_object_options *opts)
{
	struct arena *a = arena_create();
	struct strbuf why = {0}, out = {0};
	struct vm_object *o;

	if (vm_object_open(a, data, len_b, opts, &o, &why)) {
		FUZZ_CHECK(why.n && !strchr(why.s, '\n'));
	} else {
		check_maps(o);
		for (uint32_t k = 0; k < o->n_programs; k++) {
			check_insns(o, &o->programs[k]);
			if (o->programs[k].n_insns < 10000)
				bpf_disasm(o->programs[k].insns, o->programs[k].n_insns, &out);
		}
		for (uint32_t k = 0; k < o->n_funcs; k++)
			check_func(o, &o->funcs[k]);
		FUZZ_CHECK(!opts->is_library || !o->n_programs);
		vm_object_close(o);
	}
	sb_free(&why);
	sb_free(&out);
	arena_destroy(a);
}

void fuzz_one(const char *data, size_t len_b)
{
	int fd = kernel_btf(data, len_b);
	char path[40];
	struct vm_object_options opts = {.kernel_btf_path = fd < 0 ? NULL : path,
	                                 .type = UINT32_MAX};

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	try_open(data, len_b, &opts);
	opts.type = BPF_PROG_TYPE_UNSPEC;
	try_open(data, len_b, &opts);
	opts.is_library = true;
	try_open(data, len_b, &opts);
	if (fd >= 0)
		close(fd);
}
