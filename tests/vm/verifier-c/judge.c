/* Asks our verifier and the kernel's about every program of objects.
 *
 *   judge [-v] [-k] OBJECT...
 *
 * A program's name says what is right: ok_... is to be accepted, bad_... to be refused; others (and
 * all with -k) are measured by the kernel alone. One line per program: "ok", or "not ok" if a
 * verdict is not the right one. A kernel that never came to verify a program (a map it has not, a
 * kind it was built without) has said nothing about it. Exit status 1 after a "not ok". Needs root;
 * what it loads is gone when it ends, as nothing is attached or pinned. */
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

enum verdict { SAYS_NOTHING, ACCEPTS, REFUSES };

static const char *const verdicts[] = {"says nothing", "accepts", "refuses"};

enum { LOG_B = 16 << 20, MAX_FUNCS = 512, MAP_TYPE_ARENA = 33 };

struct judge {
	bool is_verbose, is_kernel_only;
	char *log;
	unsigned passed, failed;
};

static int print_nothing(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

/* ---- the kernel's word ----------------------------------------------------------------------- */

/* The object's types, as libbpf completes them for the kernel. */
static struct bpf_object *load_types(const char *path)
{
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	struct bpf_program *p;
	struct bpf_map *m;

	if (!o)
		return NULL;
	bpf_object__for_each_program(p, o) bpf_program__set_autoload(p, false);
	bpf_object__for_each_map(m, o) bpf_map__set_autocreate(m, false);
	if (bpf_object__load(o)) {
		bpf_object__close(o);
		return NULL;
	}
	return o;
}

static int create_map(const struct vm_map_def *d, int btf_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = d->flags, .map_extra = d->extra);
	own_fd int inner = -1;
	char name[16] = "";
	int fd;

	/* Where user space has an arena: the kernel wants to know before it verifies. */
	if (d->type == MAP_TYPE_ARENA && !d->extra)
		opts.map_extra = 1ull << 44;
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

static bool uses_map(const struct vm_program *p, uint32_t map)
{
	for (uint32_t i = 0; i < p->n_insns; i++) {
		const struct bpf_insn *n = &p->insns[i];

		if (n->code == (BPF_LD | BPF_IMM | BPF_DW) &&
		    (n->src_reg == BPF_PSEUDO_MAP_IDX || n->src_reg == BPF_PSEUDO_MAP_IDX_VALUE) &&
		    (uint32_t)n->imm == map)
			return true;
		i += n->code == (BPF_LD | BPF_IMM | BPF_DW);
	}
	return false;
}

/* Levels of the kernel's log: of the last, only "processed N insns". */
enum { LOG_NOTHING, LOG_REASON = 1, LOG_STATISTICS = 4 };

static int load(const struct judge *j, const struct vm_program *p, const int *map_fds, int btf_fd,
                uint32_t level)
{
	static struct bpf_func_info infos[MAX_FUNCS];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = p->attach_type,
	            .prog_flags = p->flags, .attach_btf_id = p->attach_btf_id, .fd_array = map_fds,
	            .log_level = level, .log_buf = level ? j->log : NULL,
	            .log_size = level ? LOG_B : 0);
	uint32_t n = 0;
	int fd;

	for (; n < p->n_funcs && n < MAX_FUNCS && p->funcs[n].btf_id; n++)
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

/* Of a program that was not loaded. */
static enum verdict ask_why(const struct judge *j, const struct vm_program *p, const int *map_fds,
                            int btf_fd, int err)
{
	enum verdict says = SAYS_NOTHING;

	if (load(j, p, map_fds, btf_fd, LOG_STATISTICS) < 0 && strstr(j->log, "processed "))
		says = REFUSES;
	/* The way through a program that is too large is no reason, and longer than the log. */
	if (err != -E2BIG)
		load(j, p, map_fds, btf_fd, LOG_REASON);
	return says;
}

static enum verdict ask_kernel(const struct judge *j, const struct vm_object *o,
                               const struct vm_program *p, int btf_fd)
{
	int *fds = calloc(o->n_maps + 1, sizeof(*fds));
	enum verdict says = SAYS_NOTHING;
	int fd = 0;

	*j->log = '\0';
	for (uint32_t i = 0; i < o->n_maps; i++)
		fds[i] = -1;
	for (uint32_t i = 0; i < o->n_maps && fd >= 0; i++) {
		if (!uses_map(p, i))
			continue;
		fd = fds[i] = create_map(o->maps[i], btf_fd);
		if (fd < 0)
			snprintf(j->log, LOG_B, "map %s: %s\n", o->maps[i]->name, strerror(-fd));
	}
	if (fd >= 0) {
		fd = load(j, p, fds, btf_fd, LOG_NOTHING);
		says = fd >= 0 ? ACCEPTS : ask_why(j, p, fds, btf_fd, fd);
	}
	for (uint32_t i = 0; i < o->n_maps; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
	if (fd >= 0)
		close(fd);
	return says;
}

/* ---- both ------------------------------------------------------------------------------------ */

static enum verdict right_one(const struct judge *j, const struct vm_program *p,
                              enum verdict kernel)
{
	if (!j->is_kernel_only && !strncmp(p->name, "ok_", 3))
		return ACCEPTS;
	if (!j->is_kernel_only && !strncmp(p->name, "bad_", 4))
		return REFUSES;
	return kernel;
}

/* The kernel's reason: its log's last lines, but for the statistics. */
static void print_kernel_reason(const char *log)
{
	const char *end = strstr(log, "\nprocessed "), *at;

	if (!end)
		end = log + strlen(log);
	at = end;
	for (unsigned lines = 0; at > log; at--)
		if (at[-1] == '\n' && at != end && ++lines == 3)
			break;
	printf("    kernel: %.*s\n", (int)(end - at), at);
}

static void judge_program(struct judge *j, const char *path, const struct vm_object *o,
                          const struct vm_program *p, int btf_fd)
{
	own_arena struct arena *a = arena_create();
	struct vm_verify_options opts = {.log = VM_LOG_NONE};
	enum verdict kernel = ask_kernel(j, o, p, btf_fd), own, right = right_one(j, p, kernel);
	struct vm_verdict v;
	bool is_good;

	vm_verify(a, p, &opts, &v);
	own = v.is_accepted ? ACCEPTS : REFUSES;
	is_good = right == SAYS_NOTHING || (own == right && (!kernel || kernel == right));
	if (is_good)
		j->passed++;
	else
		j->failed++;
	if (is_good && !j->is_verbose)
		return;
	printf("%s %s: %s: skep %s, the kernel %s%s\n", is_good ? "ok" : "not ok", path, p->name,
	       verdicts[own], verdicts[kernel],
	       kernel && right != kernel ? ", and is said not to" : "");
	if (!v.is_accepted)
		printf("    skep: at %u: %s\n", v.pc, v.reason);
	if (kernel != ACCEPTS)
		print_kernel_reason(j->log);
}

static void judge_object(struct judge *j, const char *path)
{
	own_arena struct arena *a = arena_create();
	own_strbuf struct strbuf why = {0};
	struct bpf_object *types;
	struct vm_object *o;
	size_t len_b;
	char *bytes;
	int err = file_read(a, path, &bytes, &len_b);

	if (!err)
		err = vm_object_open(a, bytes, len_b, NULL, &o, &why);
	if (err) {
		printf("not ok %s: skep cannot read it: %s\n", path,
		       why.n ? sb_str(&why) : strerror(-err));
		j->failed++;
		return;
	}
	types = load_types(path);
	if (!types && o->btf)
		printf("%s: libbpf does not load its types\n", path);
	for (uint32_t i = 0; i < o->n_programs; i++)
		judge_program(j, path, o, &o->programs[i], types ? bpf_object__btf_fd(types) : -1);
	bpf_object__close(types);
	vm_object_close(o);
}

int main(int argc, char **argv)
{
	struct judge j = {.log = malloc(LOG_B)};
	int c;

	while ((c = getopt(argc, argv, "vk")) != -1) {
		j.is_verbose |= c == 'v';
		j.is_kernel_only |= c == 'k';
		if (c == '?')
			return 2;
	}
	if (!j.log)
		return 2;
	libbpf_set_print(print_nothing);
	for (int i = optind; i < argc; i++)
		judge_object(&j, argv[i]);
	free(j.log);
	printf("%u passed, %u failed\n", j.passed, j.failed);
	return j.failed ? 1 : 0;
}
