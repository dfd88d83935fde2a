/* The commands of `gen`: files made from BPF objects. */
#ifndef SKEP_INSPECT_GEN_GEN_H
#define SKEP_INSPECT_GEN_GEN_H

#include <bpf/libbpf.h>

#include "inspect/btf/btf.h"
#include "inspect/btf/c_writer.h"
#include "inspect/internal.h"

command_fn gen_object, gen_skeleton, gen_subskeleton, gen_min_core_btf;

/* ---- object.c ---- */
/* words_need(), and the usage where there are too few. */
bool gen_need(struct inspect *x, const struct words *w, int n);

/* ---- model.c ---- */
/* An object as a header sees it. */
struct skel_map {
	struct bpf_map *map;
	const char *name, *ident; /* the latter as C takes it */
	uint32_t section;         /* the type of its section; 0: none */
	bool is_mapped;           /* global data, in memory of ours */
};

struct skel_prog {
	struct bpf_program *prog;
	const char *name;
};

struct skel {
	struct inspect *x;
	const char *name; /* of the object, an identifier */
	char *file;       /* its bytes */
	size_t file_b;
	struct bpf_object *obj;
	struct btf_file *btf; /* what libbpf made of it; NULL: it has none */
	vec(struct skel_map) maps;
	vec(struct skel_prog) progs;
	struct out *o;
	struct c_writer w; /* if btf is not NULL */
	bool has_writer;
};

/* The words `FILE [name NAME]`. 0, or negative and reported; skel_close() in either case. */
int skel_open(struct inspect *x, struct words *w, struct skel *s);
void skel_close(struct skel *s);
/* `text` with the object's name for each @. */
void skel_say(struct skel *s, const char *text);
/* The same, but $ is `what`. */
void skel_say_of(struct skel *s, const char *text, const char *what);
/* What keeps a header from being read twice; `what` is a part of the macro. */
void skel_say_guard(struct skel *s, const char *what);
/* Bytes as C's string has them, and their count: a line of it for each 20 or so. */
void skel_say_bytes(struct skel *s, const void *bytes, size_t n);
/* A variable of a section that others see, with its type. */
bool skel_variable(struct skel *s, uint32_t id, struct btf_record *ret);
/* Members of the struct that lies over a section; `level` is how deep they are indented. */
void skel_say_section(struct skel *s, const struct skel_map *m);
/* Checks of the sizes of all variables. */
void skel_say_asserts(struct skel *s);
/* Of the object's types: whether something went wrong, reported. */
int skel_end(struct skel *s);

/* ---- skeleton.c ---- */
/* The members maps and progs, pointers to libbpf's objects. */
void skel_say_members(struct skel *s);
/* Statements that fill libbpf's tables of them; links and data only for one that is whole. */
void skel_say_tables(struct skel *s, bool is_whole);

/* ---- light.c ---- */
int gen_light_skeleton(struct skel *s);

#endif
