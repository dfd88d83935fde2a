/* Loads an object's programs into the kernel twice, as libbpf reads them and as skep does, and says
 * where the kernel's answers differ.
 *
 *   compare [-v] OBJECT...
 *
 * One line per program: "ok" if the kernel takes both or refuses both, "not ok" if it takes
 * libbpf's and refuses ours, "better" the other way round. Exit status 1 after a "not ok". Needs
 * root; what it loads is gone when it ends, as nothing is attached or pinned. */
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

#define LOG_B (1u << 20)

static bool is_verbose;

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (is_verbose && level != LIBBPF_DEBUG)
		vfprintf(stderr, fmt, ap);
	return 0;
}

/* ---- libbpf's result ------------------------------------------------------------------------- */

/* Loads the object with one program only, so that each has an answer of its own. Returns the open
 * object, loaded or not, NULL if libbpf can't read it. */
static struct bpf_object *load_libbpf(const char *path, const char *name, int *ret_err)
{
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	struct bpf_program *p;

	if (!o) {
		*ret_err = -errno;
		return NULL;
	}
	bpf_object__for_each_program(p, o)
	    bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), name));
	*ret_err = bpf_object__load(o);
	return o;
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

static bool compare_program(const char *path, const struct vm_object *o, const struct vm_program *p,
                            char *log)
{
	int theirs, ours;
	struct bpf_object *lib = load_libbpf(path, p->name, &theirs);
	const char *verdict;

	*log = '\0';
	ours = try_ours(o, p, lib && !theirs ? bpf_object__btf_fd(lib) : -1, log);
	verdict = !ours == !theirs ? "ok" : ours ? "not ok" : "better";
	printf("%s %s: %s: libbpf %s, skep %s\n", verdict, path, p->name,
	       theirs ? strerror(-theirs) : "loads", ours ? strerror(-ours) : "loads");
	if (ours && (is_verbose || !theirs))
		fprintf(stderr, "%s", log);
	bpf_object__close(lib);
	return !ours || theirs;
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
