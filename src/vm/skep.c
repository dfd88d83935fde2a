/* The public library (include/skep.h): a thin front of objects, bundles and maps. */
#include <skep.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "vm/bundle.h"
#include "vm/input.h"
#include "vm/object.h"

struct skep {
	struct arena *a;
	struct vm_object *object;
	struct vm_bundle bundle;
	struct vm_code_options opts;
	struct vm_host host;
	struct vm_run run;
};

/* Maps are handed out as they are, under the public name. */
static struct vm_map *inside(const struct skep_map *m)
{
	return (struct vm_map *)m;
}

static int finish(int err, const struct strbuf *text, char *why, size_t why_b)
{
	const char *s = text->n ? sb_str(text) : strerror(-err);

	if (err && why && why_b) {
		size_t n = strlen(s);

		if (n >= why_b)
			n = why_b - 1;
		memcpy(why, s, n);
		why[n] = 0;
	}
	return err;
}

static int open_object(struct skep *s, const void *bytes, size_t bytes_b, const char *kind,
                       struct strbuf *text)
{
	struct vm_object_options opts = {.type = UINT32_MAX};
	int err;

	if (kind && !vm_program_type_find(kind, &opts.type)) {
		sb_addf(text, "there is no kind of program called '%s'", kind);
		return -EINVAL;
	}
	err = vm_object_open(s->a, bytes, bytes_b, &opts, &s->object, text);
	if (err)
		return err;
	if (!s->object->n_programs) {
		sb_adds(text, "there is no program in it");
		return -ENOENT;
	}
	return vm_bundle_make(&s->bundle, s->a, s->object->programs, s->object->n_programs, 1,
	                      text);
}

static struct skep *create(void)
{
	struct skep *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->a = arena_create();
	s->opts.backend = VM_FASTEST;
	s->run.host = &s->host;
	return s;
}

static int open_with(struct skep *s, const void *bytes, size_t bytes_b, const char *kind,
                     struct skep **ret, struct strbuf *text)
{
	int err = open_object(s, bytes, bytes_b, kind, text);

	if (err)
		skep_close(s);
	else
		*ret = s;
	return err;
}

int skep_open(const void *bytes, size_t bytes_b, const char *kind, struct skep **ret, char *why,
              size_t why_b)
{
	own_strbuf struct strbuf text = {0};
	struct skep *s = create();

	return finish(s ? open_with(s, bytes, bytes_b, kind, ret, &text) : -ENOMEM, &text, why,
	              why_b);
}

int skep_open_file(const char *path, const char *kind, struct skep **ret, char *why, size_t why_b)
{
	own_strbuf struct strbuf text = {0};
	struct skep *s = create();
	size_t bytes_b;
	char *bytes;
	int err;

	if (!s)
		return finish(-ENOMEM, &text, why, why_b);
	err = file_read(s->a, path, &bytes, &bytes_b);
	if (err)
		skep_close(s);
	else
		err = open_with(s, bytes, bytes_b, kind, ret, &text);
	return finish(err, &text, why, why_b);
}

void skep_close(struct skep *s)
{
	if (!s)
		return;
	vm_bundle_destroy(&s->bundle);
	if (s->object)
		vm_object_close(s->object);
	arena_destroy(s->a);
	free(s);
}

/* ---- programs -------------------------------------------------------------------------------- */

uint32_t skep_program_count(const struct skep *s)
{
	return s->object->n_programs;
}

const char *skep_program_name(const struct skep *s, uint32_t program)
{
	return program < s->object->n_programs ? s->object->programs[program].name : NULL;
}

int skep_program_find(const struct skep *s, const char *name)
{
	for (uint32_t k = 0; k < s->object->n_programs; k++)
		if (!strcmp(s->object->programs[k].name, name))
			return (int)k;
	return -ENOENT;
}

static int no_program(uint32_t program, char *why, size_t why_b)
{
	own_strbuf struct strbuf text = {0};

	sb_addf(&text, "there is no program %u", program);
	return finish(-ENOENT, &text, why, why_b);
}

int skep_verify(struct skep *s, uint32_t program, size_t memory_b, char *why, size_t why_b)
{
	struct vm_verify_options opts = {.log = VM_LOG_ERROR};
	own_strbuf struct strbuf text = {0};
	own_arena struct arena *a = arena_create();
	struct vm_program p;
	struct vm_verdict v;

	if (program >= s->object->n_programs)
		return no_program(program, why, why_b);
	p = s->object->programs[program];
	p.memory_b = memory_b < INT32_MAX ? (uint32_t)memory_b : INT32_MAX;
	vm_verify(a, &p, &opts, &v);
	if (v.is_accepted)
		return 0;
	sb_addf(&text, "%s%s: at %u: %s", v.log, p.name, v.pc, v.reason);
	return finish(-EACCES, &text, why, why_b);
}

void skep_set_engine(struct skep *s, enum skep_engine engine)
{
	static const enum vm_backend backends[] = {
	    [SKEP_FASTEST] = VM_FASTEST, [SKEP_INTERPRETER] = VM_INTERPRETER, [SKEP_JIT] = VM_JIT};

	s->opts.backend = backends[engine];
}

void skep_set_print(struct skep *s, void (*print)(void *arg, const char *text, size_t len_b),
                    void *arg)
{
	s->host.print = print;
	s->run.host_arg = arg;
}

static int run_on(struct skep *s, uint32_t program, struct vm_input *in, size_t *memory_b,
                  uint64_t *ret_r0, struct strbuf *text)
{
	int err = vm_bundle_add(&s->bundle, program, &s->opts, text);
	const void *left;
	size_t left_b;

	if (err)
		return err;
	vm_input_arm(in, &s->run);
	*ret_r0 = vm_code_run(s->bundle.codes[program], &s->run, in->r2);
	left = vm_input_result(in, &left_b);
	if (left_b < *memory_b)
		*memory_b = left_b;
	if (left != in->memory)
		memcpy(in->memory, left, *memory_b);
	return 0;
}

int skep_run(struct skep *s, uint32_t program, void *memory, size_t *memory_b, uint64_t *ret_r0,
             char *why, size_t why_b)
{
	own_strbuf struct strbuf text = {0};
	struct vm_program *p;
	struct vm_input in;
	int err;

	if (program >= s->object->n_programs)
		return no_program(program, why, why_b);
	p = &s->object->programs[program];
	if (p->type == BPF_PROG_TYPE_UNSPEC && s->bundle.codes[program] &&
	    p->memory_b != *memory_b) {
		sb_addf(&text, "%s was verified for %u bytes of memory, not %zu", p->name,
		        p->memory_b, *memory_b);
		return finish(-EINVAL, &text, why, why_b);
	}
	err = vm_input_make(p, memory, *memory_b, &in, &text);
	if (err)
		return finish(err, &text, why, why_b);
	p->memory_b = in.memory_b;
	err = run_on(s, program, &in, memory_b, ret_r0, &text);
	vm_input_free(&in);
	return finish(err, &text, why, why_b);
}

/* ---- maps ------------------------------------------------------------------------------------ */

struct skep_map *skep_map_at(struct skep *s, uint32_t index)
{
	return index < s->bundle.n_maps ? (struct skep_map *)s->bundle.maps[index] : NULL;
}

uint32_t skep_map_count(const struct skep *s)
{
	return s->bundle.n_maps;
}

struct skep_map *skep_map_find(struct skep *s, const char *name)
{
	for (uint32_t k = 0; k < s->bundle.n_maps; k++)
		if (!strcmp(s->bundle.maps[k]->def.name, name))
			return skep_map_at(s, k);
	return NULL;
}

const char *skep_map_name(const struct skep_map *m)
{
	return inside(m)->def.name;
}

size_t skep_map_key_size(const struct skep_map *m)
{
	return inside(m)->def.key_size_b;
}

size_t skep_map_value_size(const struct skep_map *m)
{
	return vm_map_value_bytes(inside(m));
}

int skep_map_read(struct skep_map *m, const void *key, void *ret_value)
{
	return vm_map_read(inside(m), key, ret_value);
}

int skep_map_write(struct skep_map *m, const void *key, const void *value, uint64_t flags)
{
	return vm_map_write(inside(m), key, value, flags);
}

int skep_map_erase(struct skep_map *m, const void *key)
{
	return vm_map_erase(inside(m), key);
}

int skep_map_next_key(struct skep_map *m, const void *key, void *ret_key)
{
	return vm_map_next_key(inside(m), key, ret_key);
}

int64_t skep_ring_read(struct skep_map *m,
                       int (*fn)(void *arg, const void *record, uint32_t record_b), void *arg)
{
	if (inside(m)->def.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;
	return vm_ring_read(inside(m), fn, arg);
}
