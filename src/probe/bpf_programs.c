/* fentry:bpf and fexit:bpf: functions of BPF programs that are loaded.
 *
 * Input: `fentry:bpf:NAME`, `fentry:bpf:ID:NAME`; wildcards in both. Output: one target per
 * function. What can be traced is a function that the program's own BTF describes; a program's
 * number is its id among the loaded ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/file.h"
#include "base/wildcard.h"
#include "probe/provider.h"
#include "types/btf.h"

struct program {
	uint32_t id, type;
	uint32_t n_funcs;
	struct bpf_func_info *funcs; /* malloc'ed */
	char *btf;                   /* malloc'ed */
	uint32_t btf_b;
};

static bool read_btf(uint32_t id, struct program *p)
{
	struct bpf_btf_info info = {0};
	uint32_t info_b = sizeof(info);
	own_fd int fd = bpf_btf_get_fd_by_id(id);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &info_b) || !info.btf_size)
		return false;
	p->btf_b = info.btf_size;
	p->btf = malloc(p->btf_b);
	info = (struct bpf_btf_info){.btf = (uintptr_t)p->btf, .btf_size = p->btf_b};
	info_b = sizeof(info);
	return p->btf && !bpf_obj_get_info_by_fd(fd, &info, &info_b);
}

static void release(struct program *p)
{
	free(p->funcs);
	free(p->btf);
	*p = (struct program){0};
}

/* False if it has gone meanwhile, or says nothing about its functions. */
static bool read_program(uint32_t id, struct program *p)
{
	struct bpf_prog_info info = {0};
	uint32_t info_b = sizeof(info);
	own_fd int fd = bpf_prog_get_fd_by_id(id);

	*p = (struct program){.id = id};
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &info_b) || !info.btf_id ||
	    !info.nr_func_info || info.func_info_rec_size < sizeof(*p->funcs))
		return false;
	p->type = info.type;
	p->n_funcs = info.nr_func_info;
	p->funcs = calloc(p->n_funcs, sizeof(*p->funcs));
	if (p->funcs && read_btf(info.btf_id, p)) {
		info = (struct bpf_prog_info){.nr_func_info = p->n_funcs,
		                              .func_info = (uintptr_t)p->funcs,
		                              .func_info_rec_size = sizeof(*p->funcs)};
		info_b = sizeof(info);
		if (!bpf_obj_get_info_by_fd(fd, &info, &info_b) && info.nr_func_info)
			return true;
	}
	release(p);
	return false;
}

/* The kernel lets nobody trace most of the programs that trace others themselves: `*` does not mean
 * them. */
static bool is_tracer(const struct program *p)
{
	return p->type == BPF_PROG_TYPE_TRACING || p->type == BPF_PROG_TYPE_EXT;
}

static void add_functions(struct probe_context *cx, enum probe_kind kind, const struct program *p,
                          const char *name, probe_targets *out)
{
	struct btf_file *btf = NULL;
	struct btf_record func;

	if (btf_open_bytes(p->btf, p->btf_b, NULL, &btf))
		return;
	for (uint32_t i = 0; i < p->n_funcs; i++) {
		struct probe_target *t;
		const char *found;

		if (!btf_get(btf, p->funcs[i].type_id, &func) || func.kind != BTF_KIND_FUNC)
			continue;
		found = btf_string(btf, func.name_off);
		if (!wildcard_match(name, found))
			continue;
		t = target_add(cx, out, kind);
		t->category = "bpf";
		t->func = arena_strdup(cx->a, found);
		t->prog_id = p->id;
		t->btf_id = p->funcs[i].type_id;
		t->from_wildcard = wildcard_has(name);
		t->name = arena_printf(cx->a, "%s:bpf:%u:%s", probe_kind_name(kind), p->id, found);
	}
	btf_close(btf);
}

void bpf_functions_find(struct probe_context *cx, enum probe_kind kind, const char *id,
                        const char *name, bool no_tracers, probe_targets *out)
{
	uint32_t next = 0;

	while (!bpf_prog_get_next_id(next, &next)) {
		char text[12];
		struct program p;

		snprintf(text, sizeof(text), "%u", next);
		if (!wildcard_match(id, text) || !read_program(next, &p))
			continue;
		if (!no_tracers || !is_tracer(&p))
			add_functions(cx, kind, &p, name, out);
		release(&p);
	}
}

static bool report_none(struct probe_context *cx, const struct attach_point *ap,
                        enum probe_kind kind)
{
	struct diag_guess guess = {.word = ap->parts[ap->n_parts - 1]};
	probe_targets all = {0};

	bpf_functions_find(cx, kind, "*", "*", false, &all);
	vec_each (t, &all)
		diag_nearest(&guess, t->func);
	return report_no_match(
	    cx, ap, kind,
	    guess.best ? arena_printf(cx->a, "%s:bpf:%s", probe_kind_name(kind), guess.best)
	               : NULL);
}

/* KIND:bpf:NAME, KIND:bpf:ID:NAME */
bool bpf_functions_expand(struct probe_context *cx, const struct attach_point *ap,
                          enum probe_kind kind, probe_targets *out)
{
	const char *name = ap->parts[ap->n_parts - 1];
	const char *id = ap->n_parts > 3 ? ap->parts[2] : "*";
	size_t before = out->n;
	uint64_t number;

	if (strcmp(id, "*") && !wildcard_has(id) && !parse_number(id, &number)) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "Invalid program id: %s", id);
		diag_hint(cx->diag, "skep -l '%s:bpf:*' lists what is loaded",
		          probe_kind_name(kind));
		return false;
	}
	bpf_functions_find(cx, kind, id, name, wildcard_has(name) && !strcmp(id, "*"), out);
	return out->n > before || report_none(cx, ap, kind);
}

/* No arguments, which the kernel types by BTF that is not its own; but the result: an integer. */
const struct type *bpf_function_args(struct probe_context *cx, const struct probe_target *t)
{
	struct field *retval;
	struct type *args;

	if (t->kind != PROBE_FEXIT)
		return NULL;
	args = arena_new(cx->a, struct type);
	retval = arena_new(cx->a, struct field);
	*retval = (struct field){.name = "retval", .type = type_int(4, true)};
	*args = (struct type){
	    .kind = TYPE_STRUCT, .align_b = 8, .size_b = 8, .fields = retval, .n_fields = 1};
	return args;
}

void bpf_functions_list(struct listing *l)
{
	const char *id = l->n_parts > 2 ? l->parts[1] : "*";
	const char *name = l->n_parts > 1 ? l->parts[l->n_parts - 1] : "*";
	probe_targets all = {0};

	bpf_functions_find(l->cx, l->kind, id, name, false, &all);
	list_flush(l);
	vec_each (t, &all)
		sb_addf(l->out, "%s\n", t->name);
}
