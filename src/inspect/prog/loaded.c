/* See loaded.h. The kernel gives all arrays in one call, when it has told how long they are. */
#include "inspect/prog/loaded.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "bpf/insn.h"
#include "inspect/info.h"
#include "inspect/source.h"

static uint64_t room(struct arena *a, uint64_t n, size_t each_b)
{
	/* One more: no array is NULL, which would mean that it isn't wanted. */
	char *p = arena_alloc(a, (n + 1) * each_b);

	memset(p, 0, (n + 1) * each_b);
	return (uint64_t)(uintptr_t)p;
}

static uint32_t least(uint32_t n, uint32_t most)
{
	return n < most ? n : most;
}

/* The count that came back with an array; what the kernel hides has none, and says so in the count,
 * in the pointer, or in both. */
#define TAKE(to, n_to, array, n, had)                                                              \
	do {                                                                                       \
		l->to = (const void *)(uintptr_t)i.array;                                          \
		l->n_to = i.array ? least(i.n, had.n) : 0;                                         \
	} while (0)

static int read_arrays(struct arena *a, int fd, struct loaded *l)
{
	const struct bpf_prog_info had = l->info;
	struct bpf_prog_info i = {
	    .xlated_prog_len = had.xlated_prog_len,
	    .xlated_prog_insns = room(a, had.xlated_prog_len, 1),
	    .jited_prog_len = had.jited_prog_len,
	    .jited_prog_insns = room(a, had.jited_prog_len, 1),
	    .nr_jited_ksyms = had.nr_jited_ksyms,
	    .jited_ksyms = room(a, had.nr_jited_ksyms, sizeof(uint64_t)),
	    .nr_jited_func_lens = had.nr_jited_func_lens,
	    .jited_func_lens = room(a, had.nr_jited_func_lens, sizeof(uint32_t)),
	    .nr_func_info = had.nr_func_info,
	    .func_info_rec_size = sizeof(struct bpf_func_info),
	    .func_info = room(a, had.nr_func_info, sizeof(struct bpf_func_info)),
	    .nr_line_info = had.nr_line_info,
	    .line_info_rec_size = sizeof(struct bpf_line_info),
	    .line_info = room(a, had.nr_line_info, sizeof(struct bpf_line_info)),
	    .nr_jited_line_info = had.nr_jited_line_info,
	    .jited_line_info_rec_size = sizeof(uint64_t),
	    .jited_line_info = room(a, had.nr_jited_line_info, sizeof(uint64_t)),
	};
	uint32_t xlated_b;

	if (source_prog_info(fd, &i))
		return -errno;
	TAKE(insns, n_insns, xlated_prog_insns, xlated_prog_len, had);
	xlated_b = l->n_insns;
	l->n_insns = xlated_b / sizeof(struct bpf_insn);
	TAKE(code, code_b, jited_prog_insns, jited_prog_len, had);
	TAKE(addresses, n_addresses, jited_ksyms, nr_jited_ksyms, had);
	TAKE(code_lens_b, n_code_lens, jited_func_lens, nr_jited_func_lens, had);
	TAKE(funcs, n_funcs, func_info, nr_func_info, had);
	TAKE(lines, n_lines, line_info, nr_line_info, had);
	TAKE(line_addresses, n_line_addresses, jited_line_info, nr_jited_line_info, had);
	return 0;
}

int loaded_open(struct arena *a, int fd, struct loaded *ret)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	err = prog_info(fd, &ret->info);
	if (err)
		return err;
	ret->name = prog_name(a, &ret->info, fd);
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(ret->tag + 2 * i, 3, "%02x", ret->info.tag[i]);
	if (ret->info.btf_id)
		ret->btf = source_types(ret->info.btf_id, NULL);
	return read_arrays(a, fd, ret);
}

void loaded_close(struct loaded *l)
{
	btf__free(l->btf);
	l->btf = NULL;
}

/* ---- functions ------------------------------------------------------------------------------- */

int loaded_function_at(const struct loaded *l, uint32_t pc)
{
	for (uint32_t i = 0; i < l->n_funcs; i++)
		if (l->funcs[i].insn_off == pc)
			return (int)i;
	return -1;
}

static const struct btf_type *function(const struct loaded *l, uint32_t i)
{
	const struct btf_type *t =
	    l->btf && i < l->n_funcs ? btf__type_by_id(l->btf, l->funcs[i].type_id) : NULL;

	return t && btf_is_func(t) ? t : NULL;
}

const char *loaded_function_name(const struct loaded *l, uint32_t i)
{
	const struct btf_type *t = function(l, i);

	return t ? btf__name_by_offset(l->btf, t->name_off) : NULL;
}

/* bpftool's words for types are not quite C: a type is written inside out, each layer behind the
 * one it is of ("char * *", "int [3]* "), and what qualifies it in front. */
static void type_text(const struct btf *btf, uint32_t id, unsigned depth, struct strbuf *out);

static void parameters_text(const struct btf *btf, const struct btf_type *t, unsigned depth,
                            struct strbuf *out)
{
	const struct btf_param *p = btf_params(t);

	sb_addc(out, '(');
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(btf, p[i].name_off);

		if (i)
			sb_adds(out, ", ");
		if (!p[i].type && !(name && *name)) { /* a variable number of them */
			sb_adds(out, "...");
			continue;
		}
		type_text(btf, p[i].type, depth, out);
		if (name && *name)
			sb_adds(out, name);
		else if (out->n && out->s[out->n - 1] == ' ')
			out->s[--out->n] = '\0';
	}
	sb_addc(out, ')');
}

static void type_text(const struct btf *btf, uint32_t id, unsigned depth, struct strbuf *out)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = t ? btf__name_by_offset(btf, t->name_off) : NULL;

	name = name ? name : "";
	if (!id || !t || depth > 32) {
		sb_adds(out, "void ");
		return;
	}
	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		sb_addf(out, "%s %s ", btf_is_struct(t) ? "struct" : "union", name);
		break;
	case BTF_KIND_FWD:
		sb_addf(out, "%s %s ", btf_kflag(t) ? "union" : "struct", name);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		sb_addf(out, "enum %s ", name);
		break;
	case BTF_KIND_ARRAY:
		type_text(btf, btf_array(t)->type, depth + 1, out);
		sb_addf(out, "[%u]", btf_array(t)->nelems);
		break;
	case BTF_KIND_PTR:
		type_text(btf, t->type, depth + 1, out);
		sb_adds(out, "* ");
		break;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
		sb_adds(out, btf_is_const(t)      ? "const "
		             : btf_is_volatile(t) ? "volatile "
		                                  : "restrict ");
		type_text(btf, t->type, depth + 1, out);
		break;
	case BTF_KIND_TYPE_TAG:
		type_text(btf, t->type, depth + 1, out);
		break;
	case BTF_KIND_FUNC_PROTO:
		type_text(btf, t->type, depth + 1, out);
		parameters_text(btf, t, depth + 1, out);
		break;
	default:
		sb_addf(out, "%s ", name);
	}
}

bool loaded_prototype(const struct loaded *l, uint32_t i, struct strbuf *out)
{
	const struct btf_type *t = function(l, i);
	const struct btf_type *proto = t ? btf__type_by_id(l->btf, t->type) : NULL;
	const char *name;

	if (!proto || !btf_is_func_proto(proto))
		return false;
	name = btf__name_by_offset(l->btf, t->name_off);
	type_text(l->btf, proto->type, 0, out);
	sb_adds(out, name ? name : "");
	parameters_text(l->btf, proto, 0, out);
	return true;
}

int64_t loaded_call_target(const struct loaded *l, uint32_t pc)
{
	const struct bpf_insn *i = &l->insns[pc];
	uint32_t number = (uint32_t)i->imm;

	/* In compiled programs `imm` is the function's number, and `off` may be too short. */
	if (l->n_addresses && number < l->n_funcs &&
	    (int16_t)(l->funcs[number].insn_off - pc - 1) == i->off)
		return l->funcs[number].insn_off;
	return (int64_t)pc + 1 + i->off;
}

/* ---- source lines ---------------------------------------------------------------------------- */

const struct bpf_line_info *loaded_line_at(const struct loaded *l, uint32_t pc)
{
	uint32_t lo = 0, hi = l->n_lines;

	/* The kernel demands that they rise. */
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (l->lines[mid].insn_off < pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return l->btf && lo < l->n_lines && l->lines[lo].insn_off == pc ? &l->lines[lo] : NULL;
}

static const char *text_at(const struct loaded *l, uint32_t off)
{
	const char *text = l->btf ? btf__name_by_offset(l->btf, off) : NULL;

	return text ? text : "";
}

const char *loaded_line_text(const struct loaded *l, const struct bpf_line_info *line)
{
	const char *text = text_at(l, line->line_off);

	while (isspace((unsigned char)*text))
		text++;
	return text;
}

const char *loaded_line_file(const struct loaded *l, const struct bpf_line_info *line)
{
	return text_at(l, line->file_name_off);
}
