/* Does our verifier say what the kernel's says? Every program of the objects given is verified by
 * both, with the same instructions, maps and types.
 *
 *   agree [-v] [-k] OBJECT...
 *
 * A program called ok_... has to be accepted, one called bad_... refused; with -k (root) the kernel
 * is asked as well, and other names are allowed: then only agreement counts. One line per program
 * that is not as it should be, with both reasons; the last line is `N passed, N failed`. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
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

struct run {
	bool is_verbose, asks_kernel;
	uint32_t passed, failed;
	char *log;
};

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

/* ---- the kernel ------------------------------------------------------------------------------ */

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

/* The object's types as the kernel wants them: libbpf fills in what compilers leave open. */
static int load_types(const char *path)
{
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	struct btf *btf = o ? bpf_object__btf(o) : NULL;
	const void *raw;
	uint32_t len_b;
	int fd = -1;

	if (btf && (raw = btf__raw_data(btf, &len_b)))
		fd = bpf_btf_load(raw, len_b, NULL);
	bpf_object__close(o);
	return fd;
}

static int load_program(struct run *r, const struct vm_program *p, const int *map_fds, int btf_fd)
{
	static struct bpf_func_info infos[256];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = p->attach_type,
	            .prog_flags = p->flags, .attach_btf_id = p->attach_btf_id, .fd_array = map_fds,
	            .log_level = r->is_verbose ? 2 : 1, .log_buf = r->log, .log_size = LOG_B);
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
	if (fd < 0 && errno == ENOSPC) /* the log is full: what counts is the verdict */
		opts.log_level = 0, opts.log_buf = NULL, opts.log_size = 0,
		fd = bpf_prog_load(p->type, p->name, p->is_gpl ? "GPL" : "proprietary", p->insns,
		                   p->n_insns, &opts);
	return fd < 0 ? -errno : fd;
}

/* 0 or -errno. */
static int ask_kernel(struct run *r, const struct vm_object *o, const struct vm_program *p,
                      int btf_fd)
{
	int *fds = calloc(o->n_maps + 1, sizeof(*fds));
	int fd = 0;

	*r->log = '\0';
	for (uint32_t i = 0; i < o->n_maps; i++) {
		bool is_used = false;

		fds[i] = -1;
		for (uint32_t k = 0; k < p->n_insns; k++)
			is_used |= p->insns[k].code == (BPF_LD | BPF_IMM | BPF_DW) &&
			           (p->insns[k].src_reg == BPF_PSEUDO_MAP_IDX ||
			            p->insns[k].src_reg == BPF_PSEUDO_MAP_IDX_VALUE) &&
			           (uint32_t)p->insns[k].imm == i;
		if (!is_used || fd < 0)
			continue;
		fd = fds[i] = create_map(o->maps[i], btf_fd);
		if (fd < 0)
			snprintf(r->log, LOG_B, "map %s: %s\n", o->maps[i]->name, strerror(-fd));
	}
	if (fd >= 0)
		fd = load_program(r, p, fds, btf_fd);
	for (uint32_t i = 0; i < o->n_maps; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* The line that says why, of a log that ends with statistics. */
static const char *last_words(char *log)
{
	size_t n = strlen(log);
	char *line;

	for (;;) {
		while (n && log[n - 1] == '\n')
			log[--n] = '\0';
		line = strrchr(log, '\n');
		line = line ? line + 1 : log;
		if (line == log ||
		    (strncmp(line, "processed ", 10) && strncmp(line, "stack depth", 11) &&
		     strncmp(line, "verification time", 17)))
			return line;
		n = (size_t)(line - log);
	}
}

/* ---- both ------------------------------------------------------------------------------------ */

static void check_program(struct run *r, const char *path, const struct vm_object *o,
                          const struct vm_program *p, int btf_fd)
{
	own_arena struct arena *a = arena_create();
	struct vm_verify_options opts = {.log = r->is_verbose ? VM_LOG_STATE : VM_LOG_NONE};
	bool is_named = !strncmp(p->name, "ok_", 3) || !strncmp(p->name, "bad_", 4);
	bool wanted = !strncmp(p->name, "ok_", 3), is_good = true, theirs;
	struct vm_verdict v;
	int err;

	vm_verify(a, p, &opts, &v);
	if (is_named)
		is_good = v.is_accepted == wanted;
	if (r->asks_kernel) {
		err = ask_kernel(r, o, p, btf_fd);
		theirs = !err;
		is_good &= theirs == v.is_accepted && (!is_named || theirs == wanted);
		if (!is_good || r->is_verbose)
			printf("%s %s: %s: kernel %s, skep %s\n  kernel: %s: %s\n  skep: %u: %s\n",
			       is_good                   ? "ok"
			       : theirs == v.is_accepted ? "not ok (name)"
			       : theirs                  ? "not ok (strict)"
			                                 : "not ok (LAX)",
			       path, p->name, theirs ? "accepts" : "refuses",
			       v.is_accepted ? "accepts" : "refuses", strerror(-err),
			       r->is_verbose ? r->log : last_words(r->log), v.pc,
			       v.reason ? v.reason : "");
	} else if (!is_good) {
		printf("not ok %s: %s: %s\n", path, p->name, v.is_accepted ? "accepted" : v.reason);
	}
	if (r->is_verbose)
		printf("%s", v.log);
	if (is_good)
		r->passed++;
	else
		r->failed++;
}

static void check_object(struct run *r, const char *path)
{
	own_arena struct arena *a = arena_create();
	own_strbuf struct strbuf why = {0};
	struct vm_object *o;
	own_fd int btf_fd = -1;
	size_t len_b;
	char *bytes;
	int err = file_read(a, path, &bytes, &len_b);

	if (!err)
		err = vm_object_open(a, bytes, len_b, NULL, &o, &why);
	if (err) {
		printf("not ok %s: %s\n", path, why.n ? sb_str(&why) : strerror(-err));
		r->failed++;
		return;
	}
	if (r->asks_kernel)
		btf_fd = load_types(path);
	for (uint32_t i = 0; i < o->n_programs; i++)
		check_program(r, path, o, &o->programs[i], btf_fd);
	vm_object_close(o);
}

int main(int argc, char **argv)
{
	struct run r = {.log = malloc(LOG_B)};
	int c;

	while ((c = getopt(argc, argv, "vk")) != -1) {
		if (c == '?')
			return 2;
		r.is_verbose |= c == 'v';
		r.asks_kernel |= c == 'k';
	}
	libbpf_set_print(quiet);
	for (; optind < argc; optind++)
		check_object(&r, argv[optind]);
	free(r.log);
	printf("%u passed, %u failed\n", r.passed, r.failed);
	return r.failed ? 1 : 0;
}
