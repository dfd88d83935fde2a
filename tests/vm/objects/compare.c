/* Loads an object's programs into the kernel twice, as libbpf reads them and as skep does, and says
 * where the kernel's answers differ.
 *
 *   compare [-v] OBJECT...
 *
 * One line per program: "ok" if the kernel takes both, which are the same instructions, or refuses
 * both; "better" if it takes ours only; "not ok" if it takes libbpf's only, if they differ, and if
 * our verifier says something else. Exit status 1 after a "not ok". Needs root; what it loads is
 * gone when it ends, as nothing is attached or pinned. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "vm/object.h"
#include "vm/verifier/verifier.h"

#define LOG_B (1u << 20)

static bool is_verbose;

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (is_verbose && level != LIBBPF_DEBUG)
		vfprintf(stderr, fmt, ap);
	return 0;
}

/* ---- libbpf's result ------------------------------------------------------------------------- */

/* Loads the object with one program only, or all if `name` is NULL. Returns the open object, loaded
 * or not, NULL if libbpf can't read it. */
static struct bpf_object *load_some(const char *path, const char *name, int *ret_err)
{
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	struct bpf_program *p;

	if (!o) {
		*ret_err = -errno;
		return NULL;
	}
	for (p = bpf_object__next_program(o, NULL); name && p; p = bpf_object__next_program(o, p))
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), name));
	*ret_err = bpf_object__load(o);
	return o;
}

/* Members of program arrays need each other, so all of the object is tried first; then the program
 * by itself, to have an answer of its own. */
static struct bpf_object *load_libbpf(const char *path, const char *name, int *ret_err)
{
	struct bpf_object *o = load_some(path, NULL, ret_err);

	if (!*ret_err)
		return o;
	bpf_object__close(o);
	return load_some(path, name, ret_err);
}

/* ---- ours ------------------------------------------------------------------------------------ */

static int create_map(const struct vm_map_def *d, int btf_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = d->flags, .map_extra = d->extra);
	own_fd int inner = -1;
	char name[16] = "";
	int fd;

	for (size_t i = 0; i < sizeof(name) - 1 && d->name[i]; i++)
		name[i] = d->name[i] == '-' ? '_' : d->name[i];
	if (d->inner) {
		inner = create_map(d->inner, btf_fd);
		if (inner < 0)
			return inner;
		opts.inner_map_fd = (uint32_t)inner;
	}
	if (btf_fd >= 0 && d->value_type) {
		opts.btf_fd = (uint32_t)btf_fd;
		opts.btf_key_type_id = d->key_type;
		opts.btf_value_type_id = d->value_type;
	}
	fd = bpf_map_create(d->type, name, d->key_size_b, d->value_size_b, d->max_entries, &opts);
	if (fd < 0 && opts.btf_fd) { /* kinds that take no types */
		opts.btf_fd = opts.btf_key_type_id = opts.btf_value_type_id = 0;
		fd = bpf_map_create(d->type, name, d->key_size_b, d->value_size_b, d->max_entries,
		                    &opts);
	}
	if (fd < 0)
		return -errno;
	if (d->init) {
		uint32_t zero = 0;

		bpf_map_update_elem(fd, &zero, d->init, 0);
	}
	if (d->is_frozen)
		bpf_map_freeze(fd);
	return fd;
}

static int load_ours(const struct vm_program *p, const int *map_fds, int btf_fd, char *log)
{
	struct bpf_func_info infos[256];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = p->attach_type,
	            .prog_flags = p->flags, .attach_btf_id = p->attach_btf_id, .fd_array = map_fds,
	            .log_level = 1, .log_buf = log, .log_size = LOG_B);
	uint32_t n = 0;
	int fd;

	for (; n < p->n_funcs && n < 256 && p->funcs[n].btf_id; n++)
		infos[n] = (struct bpf_func_info){.insn_off = p->funcs[n].pc,
		                                  .type_id = p->funcs[n].btf_id};
	if (btf_fd >= 0 && n && n == p->n_funcs) {
		opts.prog_btf_fd = (uint32_t)btf_fd;
		opts.func_info = infos;
		opts.func_info_cnt = n;
		opts.func_info_rec_size = sizeof(infos[0]);
	}
	fd = bpf_prog_load(p->type, p->name, p->is_gpl ? "GPL" : "proprietary", p->insns,
	                   p->n_insns, &opts);
	return fd < 0 ? -errno : fd;
}

static int try_ours(const struct vm_object *o, const struct vm_program *p, int btf_fd, char *log)
{
	int *fds = calloc(o->n_maps + 1, sizeof(*fds));
	int fd = 0;

	for (uint32_t i = 0; i < o->n_maps; i++)
		fds[i] = -1;
	for (uint32_t i = 0; i < o->n_maps && fd >= 0; i++) {
		fd = fds[i] = create_map(o->maps[i], btf_fd);
		if (fd < 0)
			snprintf(log, LOG_B, "map %s: %s\n", o->maps[i]->name, strerror(-fd));
	}
	if (fd >= 0)
		fd = load_ours(p, fds, btf_fd, log);
	for (uint32_t i = 0; i < o->n_maps; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* Whether libbpf has made the same instructions. Maps are named by descriptors there and by indices
 * here; only that it is one counts, and the offset into its value, except in .kconfig, which each
 * lays out as it likes. */
static bool same_insn(const struct vm_object *o, const struct bpf_insn *lib,
                      const struct bpf_insn *own)
{
	uint8_t pseudo = lib->src_reg;

	/* A weak function that isn't there: newer versions of libbpf make it a call that says so.
	 */
	if (pseudo == BPF_PSEUDO_KFUNC_CALL && !lib->imm && own->imm >= 2002000000)
		return true;
	if (lib->code != own->code || lib->dst_reg != own->dst_reg || lib->off != own->off)
		return false;
	if (lib->code != (BPF_LD | BPF_IMM | BPF_DW))
		return lib->src_reg == own->src_reg && lib->imm == own->imm;
	if (pseudo == BPF_PSEUDO_MAP_FD)
		return own->src_reg == BPF_PSEUDO_MAP_IDX;
	if (pseudo == BPF_PSEUDO_MAP_VALUE)
		return own->src_reg == BPF_PSEUDO_MAP_IDX_VALUE &&
		       (lib[1].imm == own[1].imm || !strcmp(o->maps[own->imm]->name, ".kconfig"));
	return pseudo == own->src_reg && lib->imm == own->imm && lib[1].imm == own[1].imm;
}

static bool same_code(const struct vm_object *o, const struct vm_program *own,
                      const struct bpf_object *object)
{
	const struct bpf_program *p = bpf_object__find_program_by_name(object, own->name);
	const struct bpf_insn *lib = bpf_program__insns(p);
	size_t n = bpf_program__insn_cnt(p);

	for (size_t i = 0; i < n && i < own->n_insns; i++) {
		if (!same_insn(o, &lib[i], &own->insns[i])) {
			printf("  slot %zu: libbpf %02x r%d r%d %d %d, skep %02x r%d r%d %d %d\n",
			       i, lib[i].code, lib[i].dst_reg, lib[i].src_reg, lib[i].off,
			       lib[i].imm, own->insns[i].code, own->insns[i].dst_reg,
			       own->insns[i].src_reg, own->insns[i].off, own->insns[i].imm);
			return false;
		}
		i += lib[i].code == (BPF_LD | BPF_IMM | BPF_DW);
	}
	if (n != own->n_insns)
		printf("  libbpf has %zu slots, skep %u\n", n, own->n_insns);
	return n == own->n_insns;
}

/* The kernel's word is about something else than the program: it may not be attached (-EPERM), a
 * map could not be made, or it has callbacks and no BTF for them, as GCC 12's have not. */
static bool is_beside_the_point(const struct vm_program *p, int err, const char *log)
{
	for (uint32_t i = 0; i < p->n_funcs; i++)
		if (!p->funcs[i].btf_id && p->n_funcs > 1 && err)
			return true;
	return err == -EPERM || err == -ENOENT || (err && !strncmp(log, "map ", 4));
}

/* Our verifier must refuse what the kernel refuses. What it refuses beyond that is wrong here, too:
 * no program of this folder asks for something that docs/verifier.md leaves out. */
static bool compare_verdicts(const struct vm_program *p, int err, const char *log)
{
	own_arena struct arena *a = arena_create();
	struct vm_verify_options opts = {.log = VM_LOG_NONE};
	struct vm_verdict v;

	vm_verify(a, p, &opts, &v);
	if (v.is_accepted == !err || is_beside_the_point(p, err, log))
		return true;
	if (v.is_accepted)
		printf("  skep's verifier takes it\n");
	else
		printf("  skep's verifier: at %u: %s\n", v.pc, v.reason);
	return false;
}

static bool compare_program(const char *path, const struct vm_object *o, const struct vm_program *p,
                            char *log)
{
	int theirs, ours;
	struct bpf_object *lib = load_libbpf(path, p->name, &theirs);
	const char *verdict;
	bool is_same = true;

	*log = '\0';
	ours = try_ours(o, p, lib && !theirs ? bpf_object__btf_fd(lib) : -1, log);
	verdict = !ours == !theirs ? "ok" : ours ? "not ok" : "better";
	if (!theirs && !same_code(o, p, lib)) {
		verdict = "not ok";
		is_same = false;
	}
	if (!compare_verdicts(p, ours, log)) {
		verdict = "not ok";
		is_same = false;
	}
	printf("%s %s: %s: libbpf %s, skep %s\n", verdict, path, p->name,
	       theirs ? strerror(-theirs) : "loads", ours ? strerror(-ours) : "loads");
	if (ours && (is_verbose || !theirs))
		fprintf(stderr, "%s", log);
	bpf_object__close(lib);
	return is_same && (!ours || theirs);
}

static bool compare_object(const char *path)
{
	own_arena struct arena *a = arena_create();
	own_strbuf struct strbuf why = {0};
	static char log[LOG_B];
	struct vm_object *o;
	bool is_good = true;
	size_t len_b;
	char *bytes;
	int err = file_read(a, path, &bytes, &len_b);

	if (!err)
		err = vm_object_open(a, bytes, len_b, NULL, &o, &why);
	if (err) {
		struct bpf_object *lib = bpf_object__open_file(path, NULL);

		printf("%s %s: skep cannot read it: %s\n", lib ? "not ok" : "ok", path,
		       why.n ? sb_str(&why) : strerror(-err));
		is_good = !lib;
		bpf_object__close(lib);
		return is_good;
	}
	for (uint32_t i = 0; i < o->n_programs; i++)
		is_good = compare_program(path, o, &o->programs[i], log) && is_good;
	vm_object_close(o);
	return is_good;
}

int main(int argc, char **argv)
{
	bool is_good = true;
	int i = 1;

	if (argc > 1 && !strcmp(argv[1], "-v")) {
		is_verbose = true;
		i++;
	}
	libbpf_set_print(print_libbpf);
	for (; i < argc; i++)
		is_good = compare_object(argv[i]) && is_good;
	return is_good ? 0 : 1;
}
