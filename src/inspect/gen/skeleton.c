/* `gen skeleton`: a header with a BPF object inside of it, and all that it has by name. */
#include <bpf/btf.h>
#include <string.h>

#include "inspect/gen/gen.h"

void skel_say_members(struct skel *s)
{
	if (s->maps.n) {
		skel_say(s, "\tstruct {\n");
		vec_each (m, &s->maps)
			skel_say_of(s, "\t\tstruct bpf_map *$;\n", m->ident);
		skel_say(s, "\t} maps;\n");
	}
	if (s->progs.n) {
		skel_say(s, "\tstruct {\n");
		vec_each (p, &s->progs)
			skel_say_of(s, "\t\tstruct bpf_program *$;\n", p->name);
		skel_say(s, "\t} progs;\n");
	}
}

static void say_struct(struct skel *s)
{
	skel_say(s, "struct @ {\n\tstruct bpf_object_skeleton *skeleton;\n"
	            "\tstruct bpf_object *obj;\n");
	skel_say_members(s);
	if (s->progs.n) {
		skel_say(s, "\tstruct {\n");
		vec_each (p, &s->progs)
			skel_say_of(s, "\t\tstruct bpf_link *$;\n", p->name);
		skel_say(s, "\t} links;\n");
	}
	vec_each (m, &s->maps)
		if (m->is_mapped)
			skel_say_section(s, m);
	skel_say(s, "\n#ifdef __cplusplus\n"
	            "\tstatic inline struct @ *open(const struct bpf_object_open_opts *opts = "
	            "nullptr);\n"
	            "\tstatic inline struct @ *open_and_load();\n"
	            "\tstatic inline int load(struct @ *skel);\n"
	            "\tstatic inline int attach(struct @ *skel);\n"
	            "\tstatic inline void detach(struct @ *skel);\n"
	            "\tstatic inline void destroy(struct @ *skel);\n"
	            "\tstatic inline const void *elf_bytes(size_t *sz);\n"
	            "#endif /* __cplusplus */\n};\n\n");
}

static const char functions_text[] =
    "static void\n@__destroy(struct @ *obj)\n{\n"
    "\tif (!obj)\n\t\treturn;\n"
    "\tif (obj->skeleton)\n\t\tbpf_object__destroy_skeleton(obj->skeleton);\n"
    "\tfree(obj);\n}\n\n"
    "static inline int\n@__create_skeleton(struct @ *obj);\n\n"
    "static inline struct @ *\n@__open_opts(const struct bpf_object_open_opts *opts)\n{\n"
    "\tstruct @ *obj;\n\tint err;\n\n"
    "\tobj = (struct @ *)calloc(1, sizeof(*obj));\n"
    "\tif (!obj) {\n\t\terrno = ENOMEM;\n\t\treturn NULL;\n\t}\n"
    "\terr = @__create_skeleton(obj);\n"
    "\tif (!err)\n\t\terr = bpf_object__open_skeleton(obj->skeleton, opts);\n"
    "\tif (err) {\n\t\t@__destroy(obj);\n\t\terrno = -err;\n\t\treturn NULL;\n\t}\n"
    "\treturn obj;\n}\n\n"
    "static inline struct @ *\n@__open(void)\n{\n\treturn @__open_opts(NULL);\n}\n\n"
    "static inline int\n@__load(struct @ *obj)\n{\n"
    "\treturn bpf_object__load_skeleton(obj->skeleton);\n}\n\n"
    "static inline struct @ *\n@__open_and_load(void)\n{\n"
    "\tstruct @ *obj = @__open();\n\tint err;\n\n"
    "\tif (!obj)\n\t\treturn NULL;\n"
    "\terr = @__load(obj);\n"
    "\tif (err) {\n\t\t@__destroy(obj);\n\t\terrno = -err;\n\t\treturn NULL;\n\t}\n"
    "\treturn obj;\n}\n\n"
    "static inline int\n@__attach(struct @ *obj)\n{\n"
    "\treturn bpf_object__attach_skeleton(obj->skeleton);\n}\n\n"
    "static inline void\n@__detach(struct @ *obj)\n{\n"
    "\tbpf_object__detach_skeleton(obj->skeleton);\n}\n\n"
    "static inline const void *@__elf_bytes(size_t *sz);\n\n";

static void say_count(struct skel *s, const char *text, size_t n)
{
	skel_say(s, text);
	out_uint(s->o, n);
	out_text(s->o, ";\n");
}

/* `\ts->ARRAY[INDEX].` */
static void say_element(struct skel *s, const char *array, size_t i)
{
	skel_say_of(s, "\ts->$[", array);
	out_uint(s->o, i);
	out_text(s->o, "].");
}

void skel_say_tables(struct skel *s, bool is_whole)
{
	size_t i = 0;

	if (s->maps.n) {
		say_count(s, "\n\ts->map_cnt = ", s->maps.n);
		skel_say(s, "\ts->map_skel_sz = sizeof(*s->maps);\n"
		            "\ts->maps = (struct bpf_map_skeleton *)calloc(s->map_cnt, "
		            "s->map_skel_sz);\n"
		            "\tif (!s->maps) {\n\t\terr = -ENOMEM;\n\t\tgoto err;\n\t}\n");
	}
	vec_each (m, &s->maps) {
		/* A part of another object knows sections only: their maps have that one's name. */
		const char *name =
		    !is_whole && bpf_map__is_internal(m->map) ? strchr(m->name, '.') : m->name;

		out_char(s->o, '\n');
		say_element(s, "maps", i);
		skel_say_of(s, "name = \"$\";\n", name);
		say_element(s, "maps", i);
		skel_say_of(s, "map = &obj->maps.$;\n", m->ident);
		if (m->is_mapped && is_whole) {
			say_element(s, "maps", i);
			skel_say_of(s, "mmaped = (void **)&obj->$;\n", m->ident);
		}
		i++;
	}
	if (s->progs.n) {
		say_count(s, "\n\ts->prog_cnt = ", s->progs.n);
		skel_say(s, "\ts->prog_skel_sz = sizeof(*s->progs);\n"
		            "\ts->progs = (struct bpf_prog_skeleton *)calloc(s->prog_cnt, "
		            "s->prog_skel_sz);\n"
		            "\tif (!s->progs) {\n\t\terr = -ENOMEM;\n\t\tgoto err;\n\t}\n");
	}
	i = 0;
	vec_each (p, &s->progs) {
		out_char(s->o, '\n');
		say_element(s, "progs", i);
		skel_say_of(s, "name = \"$\";\n", p->name);
		say_element(s, "progs", i);
		skel_say_of(s, "prog = &obj->progs.$;\n", p->name);
		if (is_whole) {
			say_element(s, "progs", i);
			skel_say_of(s, "link = &obj->links.$;\n", p->name);
		}
		i++;
	}
}

static void say_create(struct skel *s)
{
	skel_say(s, "static inline int\n@__create_skeleton(struct @ *obj)\n{\n"
	            "\tstruct bpf_object_skeleton *s;\n\tint err;\n\n"
	            "\ts = (struct bpf_object_skeleton *)calloc(1, sizeof(*s));\n"
	            "\tif (!s) {\n\t\terr = -ENOMEM;\n\t\tgoto err;\n\t}\n\n"
	            "\ts->sz = sizeof(*s);\n\ts->name = \"@\";\n\ts->obj = &obj->obj;\n");
	skel_say_tables(s, true);
	skel_say(s, "\n\ts->data = @__elf_bytes(&s->data_sz);\n"
	            "\tobj->skeleton = s;\n\treturn 0;\n"
	            "err:\n\tbpf_object__destroy_skeleton(s);\n\treturn err;\n}\n\n");
}

static void say_elf(struct skel *s)
{
	skel_say(s, "static inline const void *@__elf_bytes(size_t *sz)\n{\n"
	            "\tstatic const char data[] __attribute__((__aligned__(8))) =");
	skel_say_bytes(s, s->file, s->file_b);
	skel_say(s, ";\n\n\t*sz = sizeof(data) - 1;\n\treturn (const void *)data;\n}\n");
}

static const char cpp_text[] =
    "\n#ifdef __cplusplus\n"
    "struct @ *@::open(const struct bpf_object_open_opts *opts) { return @__open_opts(opts); }\n"
    "struct @ *@::open_and_load() { return @__open_and_load(); }\n"
    "int @::load(struct @ *skel) { return @__load(skel); }\n"
    "int @::attach(struct @ *skel) { return @__attach(skel); }\n"
    "void @::detach(struct @ *skel) { @__detach(skel); }\n"
    "void @::destroy(struct @ *skel) { @__destroy(skel); }\n"
    "const void *@::elf_bytes(size_t *sz) { return @__elf_bytes(sz); }\n"
    "#endif /* __cplusplus */\n";

int gen_skeleton(struct inspect *x, struct words *w)
{
	struct skel s = {0};
	int status;

	if (!gen_need(x, w, 1))
		return -1;
	status = skel_open(x, w, &s);
	if (!status && x->has_loader) {
		status = gen_light_skeleton(&s);
	} else if (!status) {
		skel_say_guard(&s, "SKEL");
		skel_say(&s, "#include <errno.h>\n#include <stdlib.h>\n"
		             "#include <bpf/libbpf.h>\n\n");
		say_struct(&s);
		skel_say(&s, functions_text);
		say_create(&s);
		say_elf(&s);
		skel_say(&s, cpp_text);
		skel_say_asserts(&s);
		skel_say(&s, "\n#endif\n");
		status = skel_end(&s);
	}
	skel_close(&s);
	return status;
}
