/* `skep vm verify`: every program of an object, accepted or refused. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "cmd/vm.h"
#include "vm/map.h"
#include "vm/object.h"
#include "vm/verifier/verifier.h"

struct wish {
	const char *path;
	uint32_t type; /* UINT32_MAX: as the sections say */
	bool is_verbose;
};

/* The source line an instruction came from, NULL if the object doesn't say. */
static const struct vm_line *line_of(const struct vm_program *p, uint32_t pc)
{
	const struct vm_line *found = NULL;

	for (uint32_t i = 0; i < p->n_lines && p->lines[i].pc <= pc; i++)
		found = &p->lines[i];
	return found;
}

/* What the instruction was before it was made an invalid one, NULL if it is what it was. */
static const char *note_of(const struct vm_program *p, uint32_t pc)
{
	for (uint32_t i = 0; i < p->n_notes; i++)
		if (p->notes[i].pc == pc)
			return p->notes[i].text;
	return NULL;
}

static void print_refusal(const struct vm_program *p, const struct vm_verdict *v)
{
	const struct vm_line *l = line_of(p, v->pc);
	const char *note = note_of(p, v->pc);

	if (l && l->line)
		fprintf(stderr, "%s:%u:%u: ", l->file, l->line, l->column);
	fprintf(stderr, "ERROR: %s: instruction %u: %s\n", p->name, v->pc, note ? note : v->reason);
	if (l && l->text)
		fprintf(stderr, "%s\n", l->text);
	if (note)
		fputs("HINT: ask for it first (bpf_core_field_exists(), bpf_ksym_exists() ...)\n",
		      stderr);
	else if (v->way_out)
		fprintf(stderr, "HINT: %s\n", v->way_out);
}

static int verify_program(const struct vm_program *p, const struct wish *w)
{
	own_arena struct arena *a = arena_create(); /* of this verdict */
	struct vm_verify_options opts = {.log = w->is_verbose ? VM_LOG_STATE : VM_LOG_NONE};
	struct vm_verdict v;

	vm_verify(a, p, &opts, &v);
	if (w->is_verbose)
		fprintf(stderr, "%s: %s\n%s", p->name, vm_program_type_name(p->type), v.log);
	if (!v.is_accepted) {
		print_refusal(p, &v);
		return VM_REFUSED;
	}
	if (w->is_verbose)
		fprintf(stderr, "%s: accepted: %u instructions processed, %u states\n", p->name,
		        v.processed, v.states);
	return VM_OK;
}

/* A map that could not be made would keep the kernel from loading the object, too. Kinds that this
 * machine doesn't run are taken as they are. */
static int check_maps(const struct vm_object *o)
{
	own_strbuf struct strbuf why = {0};

	for (uint32_t i = 0; i < o->n_maps; i++) {
		const struct vm_map_ops *kind = vm_map_kind(o->maps[i]->type);
		int err = kind && kind->check ? kind->check(o->maps[i], &why) : 0;

		if (err) {
			fprintf(stderr, "ERROR: map %s: %s\n", o->maps[i]->name,
			        why.n ? sb_str(&why) : strerror(-err));
			return VM_REFUSED;
		}
	}
	return VM_OK;
}

static int verify_object(struct vm_object *o, const struct wish *w)
{
	int worst = check_maps(o);

	if (!o->n_programs) {
		fprintf(stderr, "ERROR: %s: there is no program in it\n", w->path);
		return VM_TROUBLE;
	}
	for (uint32_t i = 0; i < o->n_programs; i++)
		if (verify_program(&o->programs[i], w) != VM_OK)
			worst = VM_REFUSED;
	return worst;
}

static int verify_file(const struct wish *w)
{
	own_arena struct arena *a = arena_create();
	own_strbuf struct strbuf why = {0};
	struct vm_object_options opts = {.type = w->type};
	struct vm_object *o;
	size_t len_b;
	char *bytes;
	int err, status;

	if (!vm_read_input(a, w->path, &bytes, &len_b))
		return VM_TROUBLE;
	err = vm_object_open(a, bytes, len_b, &opts, &o, &why);
	if (err) {
		fprintf(stderr, "ERROR: %s: %s\n", w->path, why.n ? sb_str(&why) : strerror(-err));
		return err == -ENOEXEC ? VM_REFUSED : VM_TROUBLE;
	}
	status = verify_object(o, w);
	vm_object_close(o);
	return status;
}

int cmd_vm_verify(int argc, char **argv)
{
	static const struct option options[] = {
	    {"type", required_argument, NULL, 't'}, {"verbose", no_argument, NULL, 'v'}, {0}};
	struct wish w = {.type = UINT32_MAX};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "v", options, NULL)) != -1) {
		switch (c) {
		case 't':
			if (!vm_program_type_find(optarg, &w.type))
				return vm_usage_error(argv[0], "no such kind of program");
			break;
		case 'v':
			w.is_verbose = true;
			break;
		default:
			return vm_usage_error(argv[0], NULL);
		}
	}
	if (argc - optind != 1)
		return vm_usage_error(argv[0], "needs one object");
	w.path = argv[optind];
	return verify_file(&w);
}
