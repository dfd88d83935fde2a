/* `gen skeleton -L`: a header that loads its programs without libbpf. libbpf writes a program that
 * makes the maps and loads the others (bpf_object__gen_loader()), and that is what stands in the
 * header, with the data of maps. */
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "inspect/gen/gen.h"

static void say_struct(struct skel *s)
{
	skel_say_guard(s, "SKEL");
	skel_say(s, "#ifndef __KERNEL__\n#include <errno.h>\n#include <stdlib.h>\n"
	            "#include <string.h>\n#endif\n#include <bpf/skel_internal.h>\n\n"
	            "struct @ {\n\tstruct bpf_loader_ctx ctx;\n");
	if (s->maps.n) {
		skel_say(s, "\tstruct {\n");
		vec_each (m, &s->maps)
			skel_say_of(s, "\t\tstruct bpf_map_desc $;\n", m->ident);
		skel_say(s, "\t} maps;\n");
	}
	skel_say(s, "\tstruct {\n");
	vec_each (p, &s->progs)
		skel_say_of(s, "\t\tstruct bpf_prog_desc $;\n", p->name);
	skel_say(s, "\t} progs;\n\tstruct {\n");
	vec_each (p, &s->progs)
		skel_say_of(s, "\t\tint $_fd;\n", p->name);
	skel_say(s, "\t} links;\n");
	vec_each (m, &s->maps)
		if (m->is_mapped)
			skel_say_section(s, m);
	skel_say(s, "};\n\n");
}

/* How a program of this kind is attached without libbpf. */
static void say_attach_call(struct skel *s, const struct skel_prog *p)
{
	const char *at = strchr(bpf_program__section_name(p->prog), '/');

	switch (bpf_program__type(p->prog)) {
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		skel_say_of(s, "\tint fd = skel_raw_tracepoint_open(\"$\", prog_fd);\n",
		            at ? at + 1 : "");
		return;
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_EXT:
		if (bpf_program__expected_attach_type(p->prog) == BPF_TRACE_ITER)
			skel_say(s, "\tint fd = skel_link_create(prog_fd, 0, BPF_TRACE_ITER);\n");
		else
			skel_say(s, "\tint fd = skel_raw_tracepoint_open(NULL, prog_fd);\n");
		return;
	default:
		skel_say(s, "\tint fd = 0; /* it does not say where it belongs */\n\n"
		            "\t(void)prog_fd;\n");
	}
}

static void say_attach(struct skel *s)
{
	vec_each (p, &s->progs) {
		skel_say_of(s,
		            "static inline int\n@__$__attach(struct @ *skel)\n{\n"
		            "\tint prog_fd = skel->progs.$.prog_fd;\n",
		            p->name);
		say_attach_call(s, p);
		skel_say_of(s,
		            "\n\tif (fd > 0)\n\t\tskel->links.$_fd = fd;\n"
		            "\treturn fd;\n}\n\n",
		            p->name);
	}
	skel_say(s, "static inline int\n@__attach(struct @ *skel)\n{\n\tint ret = 0;\n\n");
	vec_each (p, &s->progs)
		skel_say_of(s, "\tret = ret < 0 ? ret : @__$__attach(skel);\n", p->name);
	skel_say(s, "\treturn ret < 0 ? ret : 0;\n}\n\n"
	            "static inline void\n@__detach(struct @ *skel)\n{\n");
	vec_each (p, &s->progs)
		skel_say_of(s, "\tskel_closenz(skel->links.$_fd);\n\tskel->links.$_fd = 0;\n",
		            p->name);
	skel_say(s, "}\n\n");
}

/* Whole pages, as the kernel maps them. */
static size_t mapped_b(const struct skel_map *m)
{
	size_t page_b = (size_t)sysconf(_SC_PAGESIZE);

	return roundup(
	    roundup((size_t)bpf_map__value_size(m->map), 8) * bpf_map__max_entries(m->map), page_b);
}

static void say_destroy(struct skel *s)
{
	skel_say(s, "static void\n@__destroy(struct @ *skel)\n{\n"
	            "\tif (!skel)\n\t\treturn;\n\t@__detach(skel);\n");
	vec_each (p, &s->progs)
		skel_say_of(s, "\tskel_closenz(skel->progs.$.prog_fd);\n", p->name);
	vec_each (m, &s->maps) {
		if (m->is_mapped) {
			skel_say_of(s,
			            "\tif (skel->$)\n\t\tskel_free_map_data(skel->$, "
			            "skel->maps.$.initial_value, ",
			            m->ident);
			out_uint(s->o, mapped_b(m));
			out_text(s->o, ");\n");
		}
		skel_say_of(s, "\tskel_closenz(skel->maps.$.map_fd);\n", m->ident);
	}
	skel_say(s, "\tskel_free(skel);\n}\n\n");
}

static void say_open(struct skel *s)
{
	skel_say(s, "static inline struct @ *\n@__open(void)\n{\n\tstruct @ *skel;\n\n"
	            "\tskel = (struct @ *)skel_alloc(sizeof(*skel));\n"
	            "\tif (!skel)\n\t\treturn NULL;\n"
	            "\tskel->ctx.sz = (char *)&skel->links - (char *)skel;\n");
	vec_each (m, &s->maps) {
		size_t size_b = 0;
		const void *bytes;

		if (!m->is_mapped)
			continue;
		bytes = bpf_map__initial_value(m->map, &size_b);
		skel_say(s, "\t{\n\t\tstatic const char data[] __attribute__((__aligned__(8))) =");
		skel_say_bytes(s, bytes, bytes ? size_b : 0);
		skel_say_of(s, ";\n\n\t\tskel->$ = (__typeof__(skel->$))skel_prep_map_data(data, ",
		            m->ident);
		out_uint(s->o, mapped_b(m));
		out_text(s->o, ", sizeof(data) - 1);\n");
		skel_say_of(
		    s,
		    "\t\tif (!skel->$) {\n\t\t\t@__destroy(skel);\n\t\t\treturn NULL;\n\t\t}\n"
		    "\t\tskel->maps.$.initial_value = (__u64)(long)skel->$;\n\t}\n",
		    m->ident);
	}
	skel_say(s, "\treturn skel;\n}\n\n");
}

static void say_blob(struct skel *s, const char *start, const char *bytes, size_t n)
{
	skel_say(s, start);
	skel_say_bytes(s, bytes, n);
	skel_say(s, ";\n");
}

static void say_load(struct skel *s, const struct gen_loader_opts *gen)
{
	skel_say(s, "static inline int\n@__load(struct @ *skel)\n{\n"
	            "\tstruct bpf_load_and_run_opts opts;\n\tint err;\n");
	say_blob(s, "\tstatic const char opts_data[] __attribute__((__aligned__(8))) =", gen->data,
	         gen->data_sz);
	say_blob(s, "\tstatic const char opts_insn[] __attribute__((__aligned__(8))) =", gen->insns,
	         gen->insns_sz);
	skel_say(s, "\n\tmemset(&opts, 0, sizeof(opts));\n"
	            "\topts.ctx = (struct bpf_loader_ctx *)skel;\n"
	            "\topts.data_sz = sizeof(opts_data) - 1;\n"
	            "\topts.data = (void *)opts_data;\n"
	            "\topts.insns_sz = sizeof(opts_insn) - 1;\n"
	            "\topts.insns = (void *)opts_insn;\n\n"
	            "\terr = bpf_load_and_run(&opts);\n\tif (err < 0)\n\t\treturn err;\n");
	vec_each (m, &s->maps) {
		if (!m->is_mapped)
			continue;
		skel_say_of(s,
		            "\tskel->$ = (__typeof__(skel->$))skel_finalize_map_data("
		            "&skel->maps.$.initial_value,\n\t\t\t",
		            m->ident);
		out_uint(s->o, mapped_b(m));
		skel_say_of(s,
		            bpf_map__map_flags(m->map) & BPF_F_RDONLY_PROG
		                ? ", PROT_READ, skel->maps.$.map_fd);\n"
		                : ", PROT_READ | PROT_WRITE, skel->maps.$.map_fd);\n",
		            m->ident);
		skel_say_of(s, "\tif (!skel->$)\n\t\treturn -ENOMEM;\n", m->ident);
	}
	skel_say(s, "\treturn 0;\n}\n\n"
	            "static inline struct @ *\n@__open_and_load(void)\n{\n"
	            "\tstruct @ *skel = @__open();\n\n\tif (!skel)\n\t\treturn NULL;\n"
	            "\tif (@__load(skel)) {\n\t\t@__destroy(skel);\n\t\treturn NULL;\n\t}\n"
	            "\treturn skel;\n}\n");
}

int gen_light_skeleton(struct skel *s)
{
	LIBBPF_OPTS(gen_loader_opts, gen);
	int err = bpf_object__gen_loader(s->obj, &gen);

	if (!err)
		err = bpf_object__load(s->obj);
	if (err) {
		inspect_error(s->x, "failed to load object file");
		return err;
	}
	say_struct(s);
	say_attach(s);
	say_destroy(s);
	say_open(s);
	say_load(s, &gen);
	skel_say_asserts(s);
	skel_say(s, "\n#endif\n");
	return skel_end(s);
}
