/* `gen subskeleton`: what a library of BPF code has, by name, in an object that it was linked into.
 * Its variables lie somewhere in that object's sections, so each is a pointer. */
#include <string.h>

#include "inspect/gen/gen.h"

/* C writes the name of a pointer to these inside of the type. */
static bool needs_typeof(struct skel *s, uint32_t id)
{
	struct btf_record r, to;

	while (btf_get(s->btf, id, &r) && is_qualifier(r.kind))
		id = r.size_or_type;
	if (!btf_get(s->btf, id, &r))
		return false;
	return r.kind == BTF_KIND_ARRAY ||
	       (r.kind == BTF_KIND_PTR && btf_get(s->btf, r.size_or_type, &to) &&
	        to.kind == BTF_KIND_FUNC_PROTO);
}

typedef void variable_fn(struct skel *s, const struct skel_map *m, const struct btf_record *var,
                         const char *name, size_t index);

static size_t each_variable(struct skel *s, const struct skel_map *m, variable_fn *f, size_t n)
{
	struct btf_record section, var;

	if (!m->section || !btf_get(s->btf, m->section, &section))
		return n;
	for (uint32_t i = 0; i < section.vlen; i++) {
		const struct btf_var_secinfo *v = section.extra;

		if (!skel_variable(s, v[i].type, &var))
			continue;
		if (f)
			f(s, m, &var, btf_string(s->btf, var.name_off), n);
		n++;
	}
	return n;
}

static void say_pointer(struct skel *s, const struct skel_map *m, const struct btf_record *var,
                        const char *name, size_t index)
{
	bool has_typeof = needs_typeof(s, var->size_or_type);

	(void)m;
	(void)index;
	out_text(s->o, has_typeof ? "\t\ttypeof(" : "\t\t");
	c_write_declaration(&s->w, var->size_or_type, "", 2);
	skel_say_of(s, has_typeof ? ") *$;\n" : " *$;\n", name);
}

static void say_struct(struct skel *s)
{
	skel_say(s, "struct @ {\n\tstruct bpf_object *obj;\n"
	            "\tstruct bpf_object_subskeleton *subskel;\n");
	skel_say_members(s);
	vec_each (m, &s->maps) {
		if (!m->is_mapped || !each_variable(s, m, NULL, 0))
			continue;
		skel_say_of(s, "\tstruct @__$ {\n", m->ident);
		each_variable(s, m, say_pointer, 0);
		skel_say_of(s, "\t} $;\n", m->ident);
	}
	skel_say(s, "\n#ifdef __cplusplus\n"
	            "\tstatic inline struct @ *open(const struct bpf_object *src);\n"
	            "\tstatic inline void destroy(struct @ *skel);\n"
	            "#endif /* __cplusplus */\n};\n\n");
}

static void say_variable(struct skel *s, const struct skel_map *m, const struct btf_record *var,
                         const char *name, size_t index)
{
	static const char *const members[] = {"name = \"$\"", "map = &obj->maps.$",
	                                      "addr = (void **)&obj->"};

	(void)var;
	for (size_t i = 0; i < 3; i++) {
		out_text(s->o, i ? "\ts->vars[" : "\n\ts->vars[");
		out_uint(s->o, index);
		out_text(s->o, "].");
		skel_say_of(s, members[i], i == 1 ? m->ident : name);
		if (i == 2) {
			out_text(s->o, m->ident);
			out_char(s->o, '.');
			out_text(s->o, name);
		}
		out_text(s->o, ";\n");
	}
}

static void say_variables(struct skel *s)
{
	size_t n = 0;

	vec_each (m, &s->maps)
		n = each_variable(s, m, NULL, n);
	if (!n)
		return;
	skel_say(s, "\n\ts->var_cnt = ");
	out_uint(s->o, n);
	skel_say(s, ";\n\ts->var_skel_sz = sizeof(*s->vars);\n"
	            "\ts->vars = (struct bpf_var_skeleton *)calloc(s->var_cnt, s->var_skel_sz);\n"
	            "\tif (!s->vars) {\n\t\terr = -ENOMEM;\n\t\tgoto err;\n\t}\n");
	n = 0;
	vec_each (m, &s->maps)
		n = each_variable(s, m, say_variable, n);
}

static const char start_text[] =
    "static inline void\n@__destroy(struct @ *skel)\n{\n"
    "\tif (!skel)\n\t\treturn;\n"
    "\tif (skel->subskel)\n\t\tbpf_object__destroy_subskeleton(skel->subskel);\n"
    "\tfree(skel);\n}\n\n"
    "static inline struct @ *\n@__open(const struct bpf_object *src)\n{\n"
    "\tstruct bpf_object_subskeleton *s;\n\tstruct @ *obj;\n\tint err;\n\n"
    "\tobj = (struct @ *)calloc(1, sizeof(*obj));\n"
    "\tif (!obj) {\n\t\terr = -ENOMEM;\n\t\tgoto err;\n\t}\n"
    "\ts = (struct bpf_object_subskeleton *)calloc(1, sizeof(*s));\n"
    "\tif (!s) {\n\t\terr = -ENOMEM;\n\t\tgoto err;\n\t}\n"
    "\tobj->obj = (struct bpf_object *)src;\n\tobj->subskel = s;\n"
    "\ts->sz = sizeof(*s);\n\ts->obj = src;\n";

static const char end_text[] =
    "\n\terr = bpf_object__open_subskeleton(s);\n\tif (err)\n\t\tgoto err;\n"
    "\treturn obj;\nerr:\n\t@__destroy(obj);\n\terrno = -err;\n\treturn NULL;\n}\n\n"
    "#ifdef __cplusplus\n"
    "struct @ *@::open(const struct bpf_object *src) { return @__open(src); }\n"
    "void @::destroy(struct @ *skel) { @__destroy(skel); }\n"
    "#endif /* __cplusplus */\n\n#endif\n";

int gen_subskeleton(struct inspect *x, struct words *w)
{
	struct skel s = {0};
	int status;

	if (!gen_need(x, w, 1))
		return -1;
	status = skel_open(x, w, &s);
	if (!status) {
		skel_say_guard(&s, "SUBSKEL");
		skel_say(&s, "#include <errno.h>\n#include <stdlib.h>\n"
		             "#include <bpf/libbpf.h>\n\n");
		say_struct(&s);
		skel_say(&s, start_text);
		say_variables(&s);
		skel_say_tables(&s, false);
		skel_say(&s, end_text);
		status = skel_end(&s);
	}
	skel_close(&s);
	return status;
}
