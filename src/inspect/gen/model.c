/* What all skeletons say of an object: its maps, programs and variables. */
#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "inspect/gen/gen.h"

/* ---- names ----------------------------------------------------------------------------------- */

static char *identifier(struct arena *a, const char *text)
{
	char *name = arena_strdup(a, text);

	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
	return name;
}

/* The file's, without directories and `.o`. */
static char *name_of_file(struct arena *a, const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t len_b = strlen(base);

	if (len_b > 2 && !strcmp(base + len_b - 2, ".o"))
		len_b -= 2;
	return identifier(a, arena_strndup(a, base, len_b));
}

/* Maps of data are called after the section, whatever libbpf puts in front: `t1.bss` is bss, and
 * .data.apart is data_apart. */
static const char *map_identifier(struct arena *a, const struct bpf_map *m)
{
	const char *name = bpf_map__name(m), *dot;

	if (!bpf_map__is_internal(m))
		return identifier(a, name);
	dot = strchr(name, '.');
	return dot ? identifier(a, dot + 1) : NULL;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int read_words(struct inspect *x, struct words *w, const char **ret_file,
                      const char **ret_name)
{
	struct stat st;

	*ret_file = word_next(w);
	*ret_name = NULL;
	while (w->n) {
		const char *word;

		if (!words_need(x, w, 2))
			return -1;
		word = word_next(w);
		if (!word_is(word, "name"))
			return inspect_error(x, "unknown arg %s", word);
		if (*ret_name)
			return inspect_error(x, "object name already specified");
		*ret_name = word_next(w);
		if (!**ret_name)
			return inspect_error(x, "the name of an object can not be empty");
	}
	if (stat(*ret_file, &st) < 0)
		return inspect_error(x, "failed to stat() %s: %s", *ret_file, strerror(errno));
	return 0;
}

static uint32_t section_of(struct skel *s, const struct bpf_map *m)
{
	const char *name = bpf_map__name(m), *dot = strchr(name, '.');

	return s->btf && dot ? btf_find(s->btf, dot, BTF_KIND_MASK(BTF_KIND_DATASEC), 0) : 0;
}

/* A file may have any bytes for names; these go into a program's text. */
static bool is_safe(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                                   "0123456789_.")];
}

static int collect(struct skel *s)
{
	struct bpf_map *map;
	struct bpf_program *prog;
	struct arena *a = s->x->a;

	bpf_object__for_each_map(map, s->obj)
	{
		struct skel_map m = {.map = map, .name = bpf_map__name(map)};

		if (!is_safe(m.name))
			return inspect_error(s->x, "the name of a map is not C: '%s'", m.name);
		m.ident = map_identifier(a, map);
		if (!m.ident)
			continue;
		m.is_mapped =
		    bpf_map__is_internal(map) && (bpf_map__map_flags(map) & BPF_F_MMAPABLE);
		if (m.is_mapped)
			m.section = section_of(s, map);
		vec_push(a, &s->maps, m);
	}
	bpf_object__for_each_program(prog, s->obj)
	{
		const char *name = bpf_program__name(prog);

		if (!is_safe(name) || strpbrk(bpf_program__section_name(prog), "\"\\\n") ||
		    strchr(name, '.'))
			return inspect_error(s->x, "the name of a program is not C: '%s'", name);
		vec_push(a, &s->progs, ((struct skel_prog){prog, name}));
	}
	return 0;
}

int skel_open(struct inspect *x, struct words *w, struct skel *s)
{
	const char *path, *name;
	const struct btf *btf;
	const void *bytes;
	uint32_t bytes_b;
	int err;

	*s = (struct skel){.x = x};
	if (read_words(x, w, &path, &name))
		return -1;
	s->name = name ? identifier(x->a, name) : name_of_file(x->a, path);
	err = file_read(x->a, path, &s->file, &s->file_b);
	if (err)
		return inspect_error(x, "failed to open %s: %s", path, strerror(-err));
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = s->name,
	            .relaxed_maps = x->is_compatible);
	fflush(stdout);
	s->obj = bpf_object__open_mem(s->file, s->file_b, &opts);
	if (!s->obj) {
		char text[128];

		err = -errno;
		libbpf_strerror(err, text, sizeof(text));
		inspect_error(x, "failed to open BPF object file: %s", text);
		return err;
	}
	btf = bpf_object__btf(s->obj);
	bytes = btf ? btf__raw_data(btf, &bytes_b) : NULL;
	if (bytes && btf_open_bytes(bytes, bytes_b, NULL, &s->btf))
		return inspect_error(x, "the BTF of %s can not be read", path);
	s->o = malloc(sizeof(*s->o));
	if (!s->o || (s->btf && c_writer_begin(&s->w, s->btf, s->o)))
		return inspect_error(x, "out of memory");
	s->has_writer = s->btf;
	s->w.skips_modifiers = true;
	out_begin(s->o, stdout);
	return collect(s);
}

void skel_close(struct skel *s)
{
	if (s->has_writer)
		c_writer_end(&s->w);
	if (s->btf)
		btf_close(s->btf);
	bpf_object__close(s->obj);
	free(s->o);
}

int skel_end(struct skel *s)
{
	out_flush(s->o);
	if (s->has_writer && *s->w.problem)
		return inspect_error(s->x, "the types of variables can not be written as C: %s",
		                     s->w.problem);
	return 0;
}

/* ---- text ------------------------------------------------------------------------------------ */

void skel_say_of(struct skel *s, const char *text, const char *what)
{
	for (; *text; text++) {
		size_t plain_b = strcspn(text, what ? "@$" : "@");

		out_bytes(s->o, text, plain_b);
		text += plain_b;
		if (!*text)
			return;
		out_text(s->o, *text == '@' ? s->name : what);
	}
}

void skel_say(struct skel *s, const char *text)
{
	skel_say_of(s, text, NULL);
}

void skel_say_bytes(struct skel *s, const void *bytes, size_t n)
{
	static const char digits[] = "01234567";
	const unsigned char *b = bytes;

	/* Three octal digits end by themselves, whatever follows. */
	for (size_t i = 0; i < n; i++) {
		char text[] = {'\\', digits[b[i] >> 6], digits[b[i] >> 3 & 7], digits[b[i] & 7]};

		if (i % 24 == 0)
			out_text(s->o, i ? "\"\n\t\t\"" : "\n\t\t\"");
		if (b[i])
			out_bytes(s->o, text, sizeof(text));
		else if (i + 1 < n && i % 24 != 23 && b[i + 1] >= '0' && b[i + 1] <= '7')
			out_text(s->o, "\\000");
		else
			out_text(s->o, "\\0");
	}
	out_text(s->o, n ? "\"" : "\n\t\t\"\"");
}

void skel_say_guard(struct skel *s, const char *what)
{
	char *guard = arena_printf(s->x->a, "__%s_%s_H__", s->name, what);

	for (char *p = guard; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p -= 'a' - 'A';
	skel_say_of(s,
	            "/* SPDX-License-Identifier: (LGPL-2.1 OR BSD-2-Clause) */\n\n"
	            "/* This file is generated: changes to it will be lost. */\n"
	            "#ifndef $\n#define $\n\n",
	            guard);
}

/* ---- variables ------------------------------------------------------------------------------- */

static bool is_identifier(const char *name)
{
	return is_safe(name) && !strchr(name, '.');
}

bool skel_variable(struct skel *s, uint32_t id, struct btf_record *ret)
{
	return btf_get(s->btf, id, ret) && ret->kind == BTF_KIND_VAR &&
	       ((const struct btf_var *)ret->extra)->linkage != BTF_VAR_STATIC &&
	       is_identifier(btf_string(s->btf, ret->name_off));
}

static void say_padding(struct skel *s, unsigned *n, uint32_t size_b)
{
	out_text(s->o, "\t\tchar __pad");
	out_uint(s->o, (*n)++);
	out_char(s->o, '[');
	out_uint(s->o, size_b);
	out_text(s->o, "];\n");
}

void skel_say_section(struct skel *s, const struct skel_map *m)
{
	struct btf_record section, var;
	const struct btf_var_secinfo *v;
	uint32_t at = 0, align_b;
	unsigned n_pads = 0;

	skel_say_of(s, "\tstruct @__$ {\n", m->ident);
	if (m->section && btf_get(s->btf, m->section, &section)) {
		v = section.extra;
		for (uint32_t i = 0; i < section.vlen; i++) {
			if (!skel_variable(s, v[i].type, &var) || v[i].offset < at)
				continue;
			align_b = c_align_of(&s->w, var.size_or_type);
			if (!align_b)
				align_b = 1;
			if ((at + align_b - 1) / align_b * align_b != v[i].offset)
				say_padding(s, &n_pads, v[i].offset - at);
			out_text(s->o, "\t\t");
			c_write_declaration(&s->w, var.size_or_type,
			                    arena_strdup(s->x->a, btf_string(s->btf, var.name_off)),
			                    2);
			out_text(s->o, ";\n");
			at = v[i].offset + v[i].size;
		}
	}
	skel_say_of(s, "\t} *$;\n", m->ident);
}

void skel_say_asserts(struct skel *s)
{
	struct btf_record section, var;

	skel_say(s, "\n__attribute__((unused)) static void\n"
	            "@__assert(struct @ *s __attribute__((unused)))\n{\n"
	            "#ifdef __cplusplus\n#define _Static_assert static_assert\n#endif\n");
	vec_each (m, &s->maps) {
		const struct btf_var_secinfo *v;

		if (!m->section || !btf_get(s->btf, m->section, &section))
			continue;
		v = section.extra;
		for (uint32_t i = 0; i < section.vlen; i++) {
			const char *name;

			if (!skel_variable(s, v[i].type, &var))
				continue;
			name = btf_string(s->btf, var.name_off);
			skel_say_of(s, "\t_Static_assert(sizeof(s->$->", m->ident);
			out_text(s->o, name);
			out_text(s->o, ") == ");
			out_uint(s->o, v[i].size);
			skel_say_of(s, ", \"unexpected size of '$'\");\n", name);
		}
	}
	skel_say(s, "#ifdef __cplusplus\n#undef _Static_assert\n#endif\n}\n");
}
