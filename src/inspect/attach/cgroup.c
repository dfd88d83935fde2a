/* `cgroup`: programs of control groups, of one or of all below one. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/attach/attach.h"
#include "inspect/info.h"
#include "inspect/names.h"

/* In the order in which they are listed and a beginning of a short name is matched. */
static const struct {
	uint32_t type;
	const char *short_name; /* those that were there before the long ones; NULL: none */
} types[] = {
    {BPF_CGROUP_INET_INGRESS, "ingress"},
    {BPF_CGROUP_INET_EGRESS, "egress"},
    {BPF_CGROUP_INET_SOCK_CREATE, "sock_create"},
    {BPF_CGROUP_INET_SOCK_RELEASE, "sock_release"},
    {BPF_CGROUP_SOCK_OPS, "sock_ops"},
    {BPF_CGROUP_DEVICE, "device"},
    {BPF_CGROUP_INET4_BIND, "bind4"},
    {BPF_CGROUP_INET6_BIND, "bind6"},
    {BPF_CGROUP_INET4_POST_BIND, "post_bind4"},
    {BPF_CGROUP_INET6_POST_BIND, "post_bind6"},
    {BPF_CGROUP_INET4_CONNECT, "connect4"},
    {BPF_CGROUP_INET6_CONNECT, "connect6"},
    {SKEP_CGROUP_UNIX_CONNECT, NULL},
    {BPF_CGROUP_INET4_GETPEERNAME, "getpeername4"},
    {BPF_CGROUP_INET6_GETPEERNAME, "getpeername6"},
    {SKEP_CGROUP_UNIX_GETPEERNAME, NULL},
    {BPF_CGROUP_INET4_GETSOCKNAME, "getsockname4"},
    {BPF_CGROUP_INET6_GETSOCKNAME, "getsockname6"},
    {SKEP_CGROUP_UNIX_GETSOCKNAME, NULL},
    {BPF_CGROUP_UDP4_SENDMSG, "sendmsg4"},
    {BPF_CGROUP_UDP6_SENDMSG, "sendmsg6"},
    {SKEP_CGROUP_UNIX_SENDMSG, NULL},
    {BPF_CGROUP_UDP4_RECVMSG, "recvmsg4"},
    {BPF_CGROUP_UDP6_RECVMSG, "recvmsg6"},
    {SKEP_CGROUP_UNIX_RECVMSG, NULL},
    {BPF_CGROUP_SYSCTL, "sysctl"},
    {BPF_CGROUP_GETSOCKOPT, "getsockopt"},
    {BPF_CGROUP_SETSOCKOPT, "setsockopt"},
    {BPF_LSM_CGROUP, NULL},
};
enum { N_TYPES = sizeof(types) / sizeof(types[0]), IDS_MOST = 1 << 16 };

static void print_header(bool is_effective)
{
	if (is_effective)
		printf("%-8s %-15s %-15s\n", "ID", "AttachType", "Name");
	else
		printf("%-8s %-15s %-15s %-15s\n", "ID", "AttachType", "AttachFlags", "Name");
}

/* The programs of one type, with their flags; n is 0 where there are none. Returns 0 or -errno. */
struct attached {
	uint32_t *ids, *flags; /* flags NULL: `shared_flags` of all of them */
	uint32_t n, shared_flags;
};

static int query(struct inspect *x, int cgroup, uint32_t type, bool is_effective,
                 struct attached *ret)
{
	/* There may be more from one question to the next. */
	for (uint32_t room = 64; room <= IDS_MOST; room *= 4) {
		LIBBPF_OPTS(bpf_prog_query_opts, o);
		bool has_own_flags = type == BPF_LSM_CGROUP && !is_effective;

		memset(ret, 0, sizeof(*ret));
		ret->ids = arena_array(x->a, uint32_t, room);
		if (has_own_flags)
			ret->flags = memset(arena_array(x->a, uint32_t, room), 0, 4ull * room);
		o.query_flags = is_effective ? BPF_F_QUERY_EFFECTIVE : 0;
		o.prog_ids = ret->ids;
		o.prog_cnt = room;
		o.prog_attach_flags = ret->flags;
		if (!bpf_prog_query_opts(cgroup, (enum bpf_attach_type)type, &o)) {
			ret->n = o.prog_cnt < room ? o.prog_cnt : room;
			ret->shared_flags = o.attach_flags;
			return 0;
		}
		if (errno != ENOSPC)
			return -errno;
	}
	return -ENOSPC;
}

/* ---- one program ----------------------------------------------------------------------------- */

static const char *flags_name(struct inspect *x, uint32_t flags)
{
	switch (flags & (BPF_F_ALLOW_MULTI | BPF_F_ALLOW_OVERRIDE)) {
	case BPF_F_ALLOW_MULTI:
		return "multi";
	case BPF_F_ALLOW_OVERRIDE:
		return "override";
	case 0:
		return flags ? arena_printf(x->a, "unknown(%x)", flags) : "";
	default:
		return arena_printf(x->a, "unknown(%x)", flags);
	}
}

/* The function of an LSM program, "" if it is not told. */
static const char *hook_of(struct inspect *x, const struct bpf_prog_info *i)
{
	const struct btf_type *t;
	const char *name = "";
	struct btf *btf;

	if (!i->attach_btf_id)
		return "";
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return "";
	/* Of modules only the numbers are shown. */
	t = btf__type_by_id(btf, i->attach_btf_id);
	if (t && btf_kind(t) == BTF_KIND_FUNC)
		name = arena_strdup(x->a, btf__name_by_offset(btf, t->name_off));
	btf__free(btf);
	return name;
}

/* 0, or -1: it has gone. */
static int show_prog(struct inspect *x, uint32_t id, uint32_t type, const char *flags, int indent)
{
	struct json_writer *j = &x->json;
	struct bpf_prog_info i;
	const char *name = prog_name_of_id(x, id, &i), *hook, *type_name = attach_type_name(type);

	if (!i.id)
		return -1;
	hook = hook_of(x, &i);
	if (!type_name)
		type_name = arena_printf(x->a, "type %u", type);
	if (x->is_json) {
		json_open(j, '{');
		json_member_uint(j, "id", id);
		json_member_string(j, "attach_type", type_name);
		if (flags)
			json_member_string(j, "attach_flags", flags);
		json_member_string(j, "name", name);
		json_member_string(j, "attach_btf_name", hook);
		json_member_uint(j, "attach_btf_obj_id", i.attach_btf_obj_id);
		json_member_uint(j, "attach_btf_id", i.attach_btf_id);
		json_close(j, '}');
		return 0;
	}
	printf("%*s%-8u %-15s ", indent, "", id, type_name);
	if (flags)
		printf("%-15s ", flags);
	printf("%-15s", name);
	if (*hook || !i.attach_btf_id)
		printf(" %-15s", hook);
	else
		printf(" attach_btf_obj_id=%u attach_btf_id=%u", i.attach_btf_obj_id,
		       i.attach_btf_id);
	printf("\n");
	return 0;
}

/* All programs, after `begin` once there is one. Returns how many, or -errno of the first question
 * that was refused if all were. */
struct shown_cgroup {
	const char *path;
	bool is_effective, is_tree;
	int indent;
};

static void begin_cgroup(struct inspect *x, const struct shown_cgroup *c)
{
	if (x->is_json && c->is_tree) {
		json_open(&x->json, '{');
		json_member_string(&x->json, "cgroup", c->path);
		json_key(&x->json, "programs");
	}
	if (x->is_json)
		json_open(&x->json, '[');
	else if (c->is_tree)
		printf("%s\n", plain_text(x, c->path));
	else
		print_header(c->is_effective);
}

static int show_cgroup(struct inspect *x, int fd, const struct shown_cgroup *c)
{
	bool is_known = false, has_begun = false;
	int err = 0;

	for (size_t t = 0; t < N_TYPES; t++) {
		struct attached progs;
		int failed = query(x, fd, types[t].type, c->is_effective, &progs);

		if (failed) {
			err = err ? err : failed;
			continue; /* a type that this kernel does not have */
		}
		is_known = true;
		for (uint32_t i = 0; i < progs.n; i++) {
			uint32_t flags = progs.flags ? progs.flags[i] : progs.shared_flags;

			if (!has_begun)
				begin_cgroup(x, c);
			has_begun = true;
			show_prog(x, progs.ids[i], types[t].type,
			          c->is_effective ? NULL : flags_name(x, flags), c->indent);
		}
	}
	if (!is_known)
		return err;
	if (has_begun && x->is_json) {
		json_close(&x->json, ']');
		if (c->is_tree)
			json_close(&x->json, '}');
	}
	return 0;
}

/* ---- show ------------------------------------------------------------------------------------ */

static int read_effective(struct inspect *x, struct words *w, bool *ret)
{
	const char *word;

	for (*ret = false; (word = word_next(w)); *ret = true) {
		if (!word_is(word, "effective"))
			return inspect_error(
			    x, "expected no more arguments, 'effective', got: '%s'?", word);
		if (*ret)
			return inspect_error(x, "duplicated argument: effective");
	}
	return 0;
}

static int cannot_query(struct inspect *x, const char *path, int err)
{
	return inspect_error(x, "can't query bpf programs attached to %s: %s", path,
	                     strerror(-err));
}

static int cgroup_show(struct inspect *x, struct words *w)
{
	struct shown_cgroup c = {0};
	int fd, err;

	if (!words_need(x, w, 1))
		return -1;
	c.path = word_next(w);
	if (read_effective(x, w, &c.is_effective))
		return -1;
	fd = open(c.path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return inspect_error(x, "can't open cgroup %s", c.path);
	err = show_cgroup(x, fd, &c);
	close(fd);
	return err ? cannot_query(x, c.path, err) : 0;
}

/* ---- tree ------------------------------------------------------------------------------------ */

static struct {
	struct inspect *x;
	bool is_effective;
	int status;
} walk; /* nftw() passes nothing on */

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct shown_cgroup c = {.path = path,
	                         .is_effective = walk.is_effective,
	                         .is_tree = true,
	                         .indent = ftw->level ? 4 : 0};
	int fd, err;

	(void)st;
	if (type != FTW_D)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0; /* it has gone meanwhile */
	if (fd < 0) {
		walk.status =
		    inspect_error(walk.x, "can't open cgroup %s: %s", path, strerror(errno));
		return 1;
	}
	err = show_cgroup(walk.x, fd, &c);
	close(fd);
	if (err == -ENODEV) /* likewise */
		return 0;
	if (err)
		walk.status = cannot_query(walk.x, path, err);
	return err ? 1 : 0;
}

/* Where the first file system of cgroups of version 2 is mounted; NULL: nowhere. */
static const char *find_root(struct inspect *x)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	const char *root = NULL;
	struct mntent *m;

	while (mounts && !root && (m = getmntent(mounts)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			root = arena_strdup(x->a, m->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return root;
}

static int cgroup_tree(struct inspect *x, struct words *w)
{
	const char *root = word_next(w);
	bool is_effective;

	if (root && read_effective(x, w, &is_effective))
		return -1;
	if (!root) {
		root = find_root(x);
		is_effective = false;
	}
	if (!root)
		return inspect_error(x, "cgroup v2 isn't mounted");
	if (x->is_json) {
		json_open(&x->json, '[');
	} else {
		printf("CgroupPath\n");
		print_header(is_effective);
	}
	walk.x = x;
	walk.is_effective = is_effective;
	walk.status = 0;
	if (nftw(root, visit, 256, FTW_PHYS | FTW_MOUNT) < 0)
		walk.status = inspect_error(x, "can't iterate over %s: %s", root, strerror(errno));
	if (x->is_json)
		json_close(&x->json, ']');
	return walk.status;
}

/* ---- attach, detach -------------------------------------------------------------------------- */

/* A long name is given whole, a short one by any beginning. */
static int parse_type(const char *word, uint32_t *ret)
{
	for (size_t t = 0; t < N_TYPES; t++) {
		const char *name = attach_type_name(types[t].type);

		if (types[t].type != BPF_LSM_CGROUP &&
		    ((name && !strcmp(word, name)) ||
		     (types[t].short_name && word_is(word, types[t].short_name)))) {
			*ret = types[t].type;
			return 0;
		}
	}
	return -1;
}

static int change(struct inspect *x, struct words *w, bool is_attach)
{
	const char *verb = is_attach ? "attach" : "detach", *path, *word;
	int fd, prog, err, status = -1;
	uint32_t type, flags = 0;

	if (w->n < 4)
		return inspect_error(x, "too few parameters for cgroup %s", verb);
	path = word_next(w);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return inspect_error(x, "can't open cgroup %s", path);
	if (parse_type(word_next(w), &type)) {
		close(fd);
		return inspect_error(x, "invalid attach type");
	}
	prog = prog_of(x, w);
	if (prog < 0) {
		close(fd);
		return -1;
	}
	while (is_attach && (word = word_next(w))) {
		if (word_is(word, "multi")) {
			flags |= BPF_F_ALLOW_MULTI;
		} else if (word_is(word, "override")) {
			flags |= BPF_F_ALLOW_OVERRIDE;
		} else {
			inspect_error(x, "unknown option: %s", word);
			goto out;
		}
	}
	err = is_attach ? bpf_prog_attach(prog, fd, (enum bpf_attach_type)type, flags)
	                : bpf_prog_detach2(prog, fd, (enum bpf_attach_type)type);
	if (err) {
		inspect_error(x, "failed to %s program", verb);
		goto out;
	}
	say_done(x);
	status = 0;
out:
	close(prog);
	close(fd);
	return status;
}

static int cgroup_attach(struct inspect *x, struct words *w)
{
	return change(x, w, true);
}

static int cgroup_detach(struct inspect *x, struct words *w)
{
	return change(x, w, false);
}

static const struct command cgroup_commands[] = {
    {"show", cgroup_show, "CGROUP [effective]"},
    {"list", cgroup_show, "CGROUP [effective]"},
    {"tree", cgroup_tree, "[CGROUP_ROOT] [effective]"},
    {"attach", cgroup_attach, "CGROUP ATTACH_TYPE PROG [ATTACH_FLAGS]"},
    {"detach", cgroup_detach, "CGROUP ATTACH_TYPE PROG"},
    {NULL},
};

const struct object cgroup_object = {
    "cgroup", cgroup_commands,
    "       ATTACH_TYPE := { cgroup_inet_ingress | cgroup_inet_egress |\n"
    "                        cgroup_inet_sock_create | cgroup_inet_sock_release |\n"
    "                        cgroup_sock_ops | cgroup_device |\n"
    "                        cgroup_inet4_bind | cgroup_inet6_bind |\n"
    "                        cgroup_inet4_post_bind | cgroup_inet6_post_bind |\n"
    "                        cgroup_inet4_connect | cgroup_inet6_connect |\n"
    "                        cgroup_unix_connect | cgroup_inet4_getpeername |\n"
    "                        cgroup_inet6_getpeername | cgroup_unix_getpeername |\n"
    "                        cgroup_inet4_getsockname | cgroup_inet6_getsockname |\n"
    "                        cgroup_unix_getsockname | cgroup_udp4_sendmsg |\n"
    "                        cgroup_udp6_sendmsg | cgroup_unix_sendmsg |\n"
    "                        cgroup_udp4_recvmsg | cgroup_udp6_recvmsg |\n"
    "                        cgroup_unix_recvmsg | cgroup_sysctl |\n"
    "                        cgroup_getsockopt | cgroup_setsockopt }\n"
    "       ATTACH_FLAGS := { multi | override }\n" PROG_WORDS,
    .options = "{-f|--bpffs}"};
