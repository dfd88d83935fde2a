/* `net`: programs on the way of packets: devices, traffic control, the flow dissector, netfilter.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inspect/attach/attach.h"

struct device {
	uint32_t ifindex;
	const char *name;
};
typedef vec(struct device) device_list;

static void find_devices(struct inspect *x, device_list *out)
{
	struct if_nameindex *all = if_nameindex();

	for (struct if_nameindex *i = all; i && i->if_index; i++)
		vec_push(x->a, out, ((struct device){i->if_index, arena_strdup(x->a, i->if_name)}));
	if (all)
		if_freenameindex(all);
}

static void begin_section(struct inspect *x, const char *name)
{
	if (x->is_json) {
		json_key(&x->json, name);
		json_open(&x->json, '[');
	} else {
		printf("%s:\n", name);
	}
}

static void end_section(struct inspect *x)
{
	if (x->is_json)
		json_close(&x->json, ']');
	else
		printf("\n");
}

/* An entry's beginning: the device. */
static void put_name(struct inspect *x, const struct device *d)
{
	if (x->is_json) {
		json_open(&x->json, '{');
		json_member_string(&x->json, "devname", d->name);
		json_member_uint(&x->json, "ifindex", d->ifindex);
	} else {
		printf("%s(%u)", plain_text(x, d->name), d->ifindex);
	}
}

static void end_entry(struct inspect *x)
{
	if (x->is_json)
		json_close(&x->json, '}');
	else
		printf("\n");
}

/* ---- xdp ------------------------------------------------------------------------------------- */

static void put_mode(struct inspect *x, const char *mode, uint32_t id, bool is_nested)
{
	if (!id)
		return;
	if (!x->is_json) {
		printf(" %s id %u", mode, id);
		return;
	}
	if (is_nested)
		json_open(&x->json, '{');
	json_member_string(&x->json, "mode", mode);
	json_member_uint(&x->json, "id", id);
	if (is_nested)
		json_close(&x->json, '}');
}

static int show_xdp(struct inspect *x, const struct device *d)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, o);
	int err = bpf_xdp_query((int)d->ifindex, 0, &o);
	bool is_many;

	if (err == -ENODEV)
		return 0; /* it has gone meanwhile */
	if (err)
		return err;
	if (o.attach_mode == XDP_ATTACHED_NONE)
		return 0;
	is_many = o.attach_mode == XDP_ATTACHED_MULTI;
	put_name(x, d);
	if (is_many && x->is_json) {
		json_key(&x->json, "multi_attachments");
		json_open(&x->json, '[');
	}
	/* Where there is one, older kernels fill prog_id only. */
	put_mode(x, "generic", o.attach_mode == XDP_ATTACHED_SKB ? o.prog_id : o.skb_prog_id,
	         is_many);
	put_mode(x, "driver", o.attach_mode == XDP_ATTACHED_DRV ? o.prog_id : o.drv_prog_id,
	         is_many);
	put_mode(x, "offload", o.attach_mode == XDP_ATTACHED_HW ? o.prog_id : o.hw_prog_id,
	         is_many);
	if (is_many && x->is_json)
		json_close(&x->json, ']');
	end_entry(x);
	return 0;
}

/* ---- tcx, netkit ----------------------------------------------------------------------------- */

static const struct {
	uint32_t type;
	const char *kind;
} rows[] = {
    {SKEP_TCX_INGRESS, "tcx/ingress"},
    {SKEP_TCX_EGRESS, "tcx/egress"},
    {SKEP_NETKIT_PRIMARY, "netkit/primary"},
    {SKEP_NETKIT_PEER, "netkit/peer"},
};

static const char *const flag_names[] = {"override", "multi", "replace", "before", "after", "id"};

/* Names of the bits, with commas between; in JSON a member. */
static void put_flags(struct inspect *x, const char *name, uint32_t flags)
{
	bool is_first = true;

	if (x->is_json) {
		json_key(&x->json, name);
		json_open(&x->json, '[');
	} else if (flags) {
		printf("%s ", name);
	}
	for (unsigned bit = 0; bit < 32; bit++) {
		const char *flag = bit < sizeof(flag_names) / sizeof(flag_names[0])
		                       ? flag_names[bit]
		                       : arena_printf(x->a, "0x%x", 1u << bit);

		if (!(flags & 1u << bit))
			continue;
		if (x->is_json)
			json_string(&x->json, flag);
		else
			printf("%s%s", is_first ? "" : ",", flag);
		is_first = false;
	}
	if (x->is_json)
		json_close(&x->json, ']');
	else if (flags)
		printf(" ");
}

enum { ROW_MOST = 64 }; /* the kernel's own limit is that of its array of programs */

static void show_row(struct inspect *x, const struct device *d, uint32_t type, const char *kind)
{
	uint32_t progs[ROW_MOST] = {0}, links[ROW_MOST] = {0}, prog_flags[ROW_MOST] = {0},
	         link_flags[ROW_MOST] = {0};
	struct skep_prog_query q;

	memset(&q, 0, sizeof(q));
	q.target = d->ifindex;
	q.attach_type = type;
	q.n = ROW_MOST;
	q.prog_ids = (uint64_t)(uintptr_t)progs;
	q.prog_flags = (uint64_t)(uintptr_t)prog_flags;
	q.link_ids = (uint64_t)(uintptr_t)links;
	q.link_flags = (uint64_t)(uintptr_t)link_flags;
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &q, sizeof(q)))
		return; /* nothing there, no such device, no such kernel */
	for (uint32_t i = 0; i < q.n && i < ROW_MOST; i++) {
		const char *name = prog_name_of_id(x, progs[i], NULL);

		put_name(x, d);
		if (x->is_json) {
			json_member_string(&x->json, "kind", kind);
			if (*name)
				json_member_string(&x->json, "name", name);
			json_member_uint(&x->json, "prog_id", progs[i]);
		} else {
			printf(" %s%s%s prog_id %u ", kind, *name ? " " : "", name, progs[i]);
		}
		put_flags(x, "prog_flags", prog_flags[i]);
		if (links[i]) {
			if (x->is_json)
				json_member_uint(&x->json, "link_id", links[i]);
			else
				printf("link_id %u ", links[i]);
			put_flags(x, "link_flags", link_flags[i]);
		}
		end_entry(x);
	}
}

/* ---- classifiers ----------------------------------------------------------------------------- */

static void show_classic(struct inspect *x, const struct device *d, const struct classic_prog *p)
{
	put_name(x, d);
	if (x->is_json) {
		json_member_string(&x->json, "kind", p->kind);
		if (*p->name)
			json_member_string(&x->json, "name", p->name);
		json_member_uint(&x->json, "id", p->id);
		if (p->actions.n) {
			json_key(&x->json, "act");
			json_open(&x->json, '[');
		}
	} else {
		printf(" %s", p->kind);
		if (*p->name)
			printf(" %s", plain_text(x, p->name));
		printf(" id %u%s", p->id, p->actions.n ? " act [" : "");
	}
	vec_each (action, &p->actions) {
		if (x->is_json) {
			json_open(&x->json, '{');
			json_member_string(&x->json, "name", action->name);
			json_member_uint(&x->json, "id", action->id);
			json_close(&x->json, '}');
		} else {
			printf("{%s id %u}", plain_text(x, action->name), action->id);
		}
	}
	if (p->actions.n && x->is_json)
		json_close(&x->json, ']');
	else if (p->actions.n)
		printf("] ");
	end_entry(x);
}

static int show_tc(struct inspect *x, const device_list *devices, uint32_t only)
{
	classic_list progs = {0};
	int err = classic_progs(x, only, &progs);

	vec_each (d, devices) {
		if (only && d->ifindex != only)
			continue;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			show_row(x, d, rows[i].type, rows[i].kind);
		vec_each (p, &progs)
			if (p->ifindex == d->ifindex)
				show_classic(x, d, p);
	}
	return err;
}

/* ---- flow dissector, netfilter --------------------------------------------------------------- */

enum { DISSECTORS_MOST = 8 };

/* Those of our network namespace. Who may not ask for them may not ask for any program. 0, or
 * reported. */
static int find_flow_dissector(struct inspect *x, uint32_t *ret_ids, uint32_t *ret_n)
{
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), err = 0;
	uint32_t flags;

	*ret_n = DISSECTORS_MOST;
	if (netns < 0 || bpf_prog_query(netns, BPF_FLOW_DISSECTOR, 0, &flags, ret_ids, ret_n)) {
		err = errno;
		*ret_n = 0;
	}
	if (netns >= 0)
		close(netns);
	return err == EPERM ? inspect_error(x, "can't query prog: %s", strerror(err)) : 0;
}

static void show_flow_dissector(struct inspect *x, const uint32_t *ids, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (x->is_json) {
			json_open(&x->json, '{');
			json_member_uint(&x->json, "id", ids[i]);
		} else {
			printf("id %u", ids[i]);
		}
		end_entry(x);
	}
}

/* The kernel does not tell of which network namespace they are. */
static void show_netfilter_links(struct inspect *x)
{
	uint32_t id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		struct skep_link_info i;
		int fd = bpf_link_get_fd_by_id(id), err;

		if (fd < 0)
			continue;
		err = link_info(x, fd, &i);
		close(fd);
		if (err || i.type != SKEP_LINK_NETFILTER)
			continue;
		if (x->is_json)
			json_open(&x->json, '{');
		else
			printf("\t");
		show_netfilter(x, &i);
		if (x->is_json)
			json_member_uint(&x->json, "id", i.prog_id);
		else
			printf(" prog_id %u", i.prog_id);
		end_entry(x);
	}
}

/* ---- show ------------------------------------------------------------------------------------ */

/* The device behind `dev`; 0: reported. */
static uint32_t parse_device(struct inspect *x, struct words *w)
{
	const char *word = word_next(w), *name;
	uint32_t ifindex;

	if (!word_is(word, "dev")) {
		inspect_error(x, "expected 'dev', got: '%s'?", word);
		return 0;
	}
	name = word_next(w);
	ifindex = if_nametoindex(name);
	if (!ifindex)
		inspect_error(x, "invalid devname %s", name);
	return ifindex;
}

static int net_show(struct inspect *x, struct words *w)
{
	device_list devices = {0};
	uint32_t only = 0, dissectors[DISSECTORS_MOST], n_dissectors;
	int err = 0;

	if (w->n && w->n != 2)
		return inspect_say_usage(x, &net_object);
	if (w->n) {
		only = parse_device(x, w);
		if (!only)
			return -1;
	}
	if (find_flow_dissector(x, dissectors, &n_dissectors))
		return -1;
	find_devices(x, &devices);
	if (x->is_json) {
		json_open(&x->json, '[');
		json_open(&x->json, '{');
	}
	begin_section(x, "xdp");
	vec_each (d, &devices)
		if (!err && (!only || d->ifindex == only))
			err = show_xdp(x, d);
	end_section(x);
	begin_section(x, "tc");
	if (!err)
		err = show_tc(x, &devices, only);
	end_section(x);
	begin_section(x, "flow_dissector");
	show_flow_dissector(x, dissectors, n_dissectors);
	end_section(x);
	begin_section(x, "netfilter");
	show_netfilter_links(x);
	end_section(x);
	if (err)
		inspect_error(x, "can't ask for the programs of devices: %s", strerror(-err));
	if (x->is_json) {
		json_close(&x->json, '}');
		json_close(&x->json, ']');
	}
	return err ? -1 : 0;
}

/* ---- attach, detach -------------------------------------------------------------------------- */

/* A beginning means the first that begins so. */
static const struct {
	const char *name;
	uint32_t xdp_flags; /* of XDP */
	uint32_t tcx_type;  /* 0: it is XDP */
} attach_types[] = {
    {"xdp", 0, 0},
    {"xdpgeneric", XDP_FLAGS_SKB_MODE, 0},
    {"xdpdrv", XDP_FLAGS_DRV_MODE, 0},
    {"xdpoffload", XDP_FLAGS_HW_MODE, 0},
    {"tcx_ingress", 0, SKEP_TCX_INGRESS},
    {"tcx_egress", 0, SKEP_TCX_EGRESS},
};
enum { N_ATTACH_TYPES = sizeof(attach_types) / sizeof(attach_types[0]), FLAG_BEFORE = 1 << 3 };

/* Its row; -EINVAL: reported. */
static int parse_attach_type(struct inspect *x, const char *word)
{
	for (int t = 0; t < N_ATTACH_TYPES; t++)
		if (word_is(word, attach_types[t].name))
			return t;
	inspect_error(x, "invalid net attach/detach type: %s", word);
	return -EINVAL;
}

static int say_failed(struct inspect *x, int type, const char *what, int err)
{
	inspect_error(x, "interface %s %s failed: %s", attach_types[type].name, what,
	              strerror(-err));
	return err;
}

struct attach_options {
	bool is_overwriting, is_first;
};

static int parse_options(struct inspect *x, struct words *w, int type, struct attach_options *ret)
{
	const char *word = word_next(w);

	memset(ret, 0, sizeof(*ret));
	if (!word)
		return 0;
	if (word_is(word, "overwrite")) {
		ret->is_overwriting = true;
		if (attach_types[type].tcx_type) {
			inspect_error(x, "'overwrite' is only supported for xdp types");
			return -EINVAL;
		}
		return 0;
	}
	if (word_is(word, "prepend")) {
		ret->is_first = true;
		if (!attach_types[type].tcx_type) {
			inspect_error(x, "'prepend' is only supported for tcx_ingress/tcx_egress");
			return -EINVAL;
		}
		return 0;
	}
	inspect_error(x, "expected 'overwrite' or 'prepend', got: '%s'?", word);
	return -EINVAL;
}

static int attach_at(int type, int prog, uint32_t ifindex, const struct attach_options *o)
{
	uint32_t tcx_type = attach_types[type].tcx_type;

	if (tcx_type)
		return bpf_prog_attach(prog, (int)ifindex, (enum bpf_attach_type)tcx_type,
		                       o->is_first ? FLAG_BEFORE : 0)
		           ? -errno
		           : 0;
	return bpf_xdp_attach((int)ifindex, prog,
	                      attach_types[type].xdp_flags |
	                          (o->is_overwriting ? 0 : XDP_FLAGS_UPDATE_IF_NOEXIST),
	                      NULL);
}

static int net_attach(struct inspect *x, struct words *w)
{
	struct attach_options options;
	int type, prog, err = -EINVAL;
	uint32_t ifindex;

	if (!words_need(x, w, 5))
		return -EINVAL;
	type = parse_attach_type(x, word_next(w));
	if (type < 0)
		return type;
	prog = prog_of(x, w);
	if (prog < 0)
		return -EINVAL;
	ifindex = parse_device(x, w);
	if (ifindex && !parse_options(x, w, type, &options)) {
		err = attach_at(type, prog, ifindex, &options);
		if (err)
			say_failed(x, type, "attach", err);
		else
			say_done(x);
	}
	close(prog);
	return err;
}

static int net_detach(struct inspect *x, struct words *w)
{
	int type, err;
	uint32_t ifindex;

	if (!words_need(x, w, 3))
		return -EINVAL;
	type = parse_attach_type(x, word_next(w));
	if (type < 0)
		return type;
	ifindex = parse_device(x, w);
	if (!ifindex)
		return -EINVAL;
	if (attach_types[type].tcx_type)
		err =
		    bpf_prog_detach((int)ifindex, (enum bpf_attach_type)attach_types[type].tcx_type)
		        ? -errno
		        : 0;
	else
		err = bpf_xdp_detach((int)ifindex, attach_types[type].xdp_flags, NULL);
	if (err)
		return say_failed(x, type, "detach", err);
	say_done(x);
	return 0;
}

static const struct command net_commands[] = {
    {"show", net_show, "[dev <devname>]"},
    {"list", net_show, "[dev <devname>]"},
    {"attach", net_attach, "ATTACH_TYPE PROG dev <devname> [ overwrite | prepend ]"},
    {"detach", net_detach, "ATTACH_TYPE dev <devname>"},
    {NULL},
};

const struct object net_object = {
    "net", net_commands,
    PROG_WORDS "       ATTACH_TYPE := { xdp | xdpgeneric | xdpdrv | xdpoffload | tcx_ingress |\n"
               "                        tcx_egress }\n",
    .note = "Note: programs of cgroups are listed by \"cgroup\"; those of sockets and of\n"
            "      lightweight tunnels by nobody.\n"};
