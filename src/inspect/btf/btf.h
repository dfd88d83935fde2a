/* The commands of `btf`, and what they share: the BTF that words mean, and its two listings. */
#ifndef SKEP_INSPECT_BTF_BTF_H
#define SKEP_INSPECT_BTF_BTF_H

#include "inspect/internal.h"
#include "types/btf.h"

command_fn btf_show, btf_dump;

/* ---- source.c ---- */
enum { ROOTS_MOST = 16 };

/* What a listing is of. */
struct btf_source {
	struct btf_file *file, *base; /* base: NULL if none */
	void *bytes;                  /* file's, if it was not opened by path */
	struct btf *held, *base_held; /* of libbpf, whose bytes they are */
	uint32_t roots[ROOTS_MOST];   /* types that are asked for; none: all */
	unsigned n_roots;
	bool has_chosen; /* the words themselves chose: key, value, kv */
};

/* `id N`, `prog PROG`, `map MAP ...`, `file FILE ...`: 0, or negative and reported. To be closed in
 * either case. */
int btf_source_find(struct inspect *x, struct words *w, struct btf_source *s);
void btf_source_close(struct btf_source *s);
/* What went wrong, by errno or a number of libbpf's; in the arena. */
const char *btf_error_text(struct inspect *x, int err);
/* A file of raw BTF, or an ELF file with it. 0 or -errno; `ret` owns what it needs. `base_path` is
 * that of `base`, both NULL if none. */
int btf_source_open(const char *path, struct btf_file *base, const char *base_path,
                    struct btf_source *ret);

/* ---- raw.c ---- */
/* A type per line, members below, or as JSON. */
void btf_dump_raw(struct inspect *x, const struct btf_source *s);
/* ---- header.c ---- */
/* A C header. 0 or negative, reported. */
int btf_dump_c(struct inspect *x, const struct btf_source *s, bool is_sorted);

#endif
