/* From a file to something that runs: object or text, verifier, maps, code. */
#include "cmd/vm_machine.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "bpf/asm.h"
#include "cmd/vm.h"
#include "vm/object.h"
#include "vm/session/serve.h"

static int open_object(struct machine *m, const char *name, const char *bytes, size_t len_b,
                       uint32_t type)
{
	struct vm_object_options opts = {.type = type};
	own_strbuf struct strbuf why = {0};
	int err = vm_object_open(m->a, bytes, len_b, &opts, &m->object, &why);

	if (err) {
		fprintf(stderr, "ERROR: %s: %s\n", name, why.n ? sb_str(&why) : strerror(-err));
		return VM_REFUSED;
	}
	m->programs = m->object->programs;
	m->n_programs = m->object->n_programs;
	if (!m->n_programs) {
		fprintf(stderr, "ERROR: %s: there is no program in it\n", name);
		return VM_REFUSED;
	}
	return VM_OK;
}

static struct vm_line *lines_of(struct arena *a, const struct bpf_asm *as, const char *name)
{
	struct vm_line *lines = arena_array(a, struct vm_line, as->n_insns);

	for (uint32_t k = 0; k < as->n_insns; k++)
		lines[k] = (struct vm_line){.pc = k, .file = name, .line = as->lines[k]};
	return lines;
}

static int open_text(struct machine *m, const char *name, const char *text, size_t len_b,
                     uint32_t type)
{
	struct diag *d = diag_create(m->a);
	uint32_t source = diag_add_source(d, name, text, len_b);
	struct vm_program *p = arena_new(m->a, struct vm_program);
	struct bpf_asm as;

	if (!bpf_assemble(m->a, d, source, &as)) {
		own_strbuf struct strbuf out = {0};

		diag_render(d, &(struct diag_style){0}, &out);
		fputs(sb_str(&out), stderr);
		return VM_REFUSED;
	}
	if (as.n_maps) {
		fprintf(stderr, "ERROR: %s: nothing says what map '%s' is like; use an object\n",
		        name, as.map_names[0]);
		return VM_REFUSED;
	}
	*p = (struct vm_program){
	    .name = name,
	    .type = type == UINT32_MAX ? BPF_PROG_TYPE_UNSPEC : type,
	    .is_gpl = true,
	    .insns = as.insns,
	    .n_insns = as.n_insns,
	    .lines = lines_of(m->a, &as, name),
	    .n_lines = as.n_insns,
	};
	m->programs = p;
	m->n_programs = 1;
	return VM_OK;
}

/* An object's one program; the first where the others are there for program arrays. */
static int pick(struct machine *m, const char *name)
{
	bool has_members = m->n_programs == 1;

	for (uint32_t k = 0; m->object && k < m->object->n_maps; k++)
		has_members |= m->object->maps[k]->type == BPF_MAP_TYPE_PROG_ARRAY &&
		               m->object->maps[k]->n_inits;
	if (!has_members) {
		fprintf(stderr, "ERROR: %s: it has %u programs, and one can be run (%s, %s ...)\n",
		        name, m->n_programs, m->programs[0].name, m->programs[1].name);
		return VM_REFUSED;
	}
	m->p = &m->programs[0];
	return VM_OK;
}

int machine_open_bytes(struct machine *m, struct arena *a, const char *name, char *bytes,
                       size_t len_b, uint32_t type)
{
	int status;

	*m = (struct machine){.a = a};
	if (len_b >= 4 && !memcmp(bytes, "\177ELF", 4))
		status = open_object(m, name, bytes, len_b, type);
	else
		status = open_text(m, name, bytes, len_b, type);
	return status == VM_OK ? pick(m, name) : status;
}

int machine_open(struct machine *m, struct arena *a, const char *path, uint32_t type)
{
	size_t len_b;
	char *bytes;

	*m = (struct machine){.a = a};
	if (!vm_read_input(a, path, &bytes, &len_b))
		return VM_TROUBLE;
	return machine_open_bytes(m, a, strcmp(path, "-") ? path : "stdin", bytes, len_b, type);
}

int machine_build(struct machine *m, void *memory, size_t memory_b, enum vm_backend backend)
{
	struct vm_code_options opts = {.backend = backend};
	uint32_t main_index = (uint32_t)(m->p - m->programs);
	own_strbuf struct strbuf why = {0};
	int status = VM_REFUSED, err;

	m->p->memory_b = (uint32_t)memory_b;
	err = vm_input_make(m->p, memory, memory_b, &m->input, &why);
	if (err) {
		status = VM_TROUBLE;
	} else {
		err = vm_bundle_make(&m->bundle, m->a, m->programs, m->n_programs, 1, &why);
		if (!err)
			err = vm_bundle_add(&m->bundle, main_index, &opts, &why);
	}
	if (err) {
		fprintf(stderr, "ERROR: %s\n", why.n ? sb_str(&why) : strerror(-err));
		return status;
	}
	m->code = m->bundle.codes[main_index];
	return VM_OK;
}

static void add_funcs(struct arena *a, const struct vm_program *p, struct vm_served_program *to)
{
	struct bpf_func_info *funcs = arena_array(a, struct bpf_func_info, p->n_funcs + 1);

	for (uint32_t i = 0; i < p->n_funcs; i++)
		if (p->funcs[i].btf_id)
			funcs[to->n_funcs++] = (struct bpf_func_info){
			    .insn_off = p->funcs[i].pc, .type_id = p->funcs[i].btf_id};
	to->funcs = funcs;
}

void machine_serve(struct machine *m)
{
	struct vm_served_program *programs =
	    arena_array(m->a, struct vm_served_program, m->n_programs);
	struct vm_served served = {.programs = programs,
	                           .n_programs = m->n_programs,
	                           .maps = m->bundle.maps,
	                           .n_maps = m->bundle.n_maps};

	for (uint32_t i = 0; i < m->n_programs; i++) {
		programs[i].code = m->bundle.codes[i];
		programs[i].name = m->programs[i].name;
		add_funcs(m->a, &m->programs[i], &programs[i]);
	}
	if (m->object && m->object->btf_bytes) {
		served.btf = m->object->btf_bytes;
		served.btf_b = (uint32_t)m->object->btf_len_b;
	}
	m->server = vm_serve_begin(&served);
}

void machine_close(struct machine *m)
{
	vm_serve_end(m->server);
	m->server = NULL;
	vm_bundle_destroy(&m->bundle);
	vm_input_free(&m->input);
	if (m->object)
		vm_object_close(m->object);
	m->object = NULL;
	m->code = NULL;
}

uint64_t machine_run(struct machine *m, struct vm_run *run)
{
	vm_input_arm(&m->input, run);
	return vm_code_run(m->code, run, m->input.r2);
}

double machine_time(struct machine *m, struct vm_run *run, uint64_t n, uint64_t *ret_r0)
{
	struct timespec begin, end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	for (uint64_t k = 0; k < n; k++)
		*ret_r0 = machine_run(m, run);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
	       (double)n;
}

bool machine_parse_hex(struct arena *a, const char *text, unsigned char **ret, size_t *ret_b)
{
	unsigned char *bytes = arena_alloc(a, strlen(text) / 2 + 1);
	size_t digits = 0;

	for (const char *s = text; *s; s++) {
		unsigned value;

		if (isspace((unsigned char)*s))
			continue;
		if (!isxdigit((unsigned char)*s))
			return false;
		value = isdigit((unsigned char)*s) ? (unsigned)(*s - '0')
		                                   : (unsigned)(tolower(*s) - 'a' + 10);
		bytes[digits / 2] = (unsigned char)(bytes[digits / 2] << 4 | value);
		digits++;
	}
	*ret = bytes;
	*ret_b = digits / 2;
	return digits % 2 == 0;
}
