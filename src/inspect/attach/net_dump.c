/* Programs of traffic control's classifiers, by rtnetlink: every qdisc and class is asked for the
 * filters below it. */
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inspect/attach/attach.h"

enum { ANSWER_B = 1 << 16 };

/* What has filters: a qdisc, one of its classes, or a side of clsact. */
struct parent {
	uint32_t ifindex, handle;
	const char *kind;
};

struct dump {
	struct inspect *x;
	int fd;
	uint8_t *answer;
	vec(struct parent) qdiscs, parents;
	const struct parent *at; /* whose filters are being read */
	uint32_t only;           /* device, 0: all */
	classic_list *out;
};

typedef void entry_fn(struct dump *d, const struct nlmsghdr *h);

/* One question, an entry for each piece of the answer. 0 or -errno. */
static int ask(struct dump *d, uint16_t type, uint32_t ifindex, uint32_t parent, entry_fn *entry)
{
	struct {
		struct nlmsghdr h;
		struct tcmsg tc;
	} question = {{sizeof(question), type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
	              {.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)ifindex, .tcm_parent = parent}};

	if (send(d->fd, &question, sizeof(question), 0) < 0)
		return -errno;
	for (;;) {
		ssize_t got = recv(d->fd, d->answer, ANSWER_B, 0);
		size_t left_b = got > 0 ? (size_t)got : 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EIO;
		for (const struct nlmsghdr *h = (const struct nlmsghdr *)d->answer;
		     NLMSG_OK(h, left_b); h = NLMSG_NEXT(h, left_b)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
			if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct tcmsg)))
				entry(d, h);
		}
	}
}

/* ---- attributes ------------------------------------------------------------------------------ */

/* Of those in `n_b` bytes at `at`, the one of a type. */
static const struct rtattr *find(const void *at, size_t n_b, unsigned short type)
{
	const struct rtattr *a = at;

	for (; RTA_OK(a, n_b); a = RTA_NEXT(a, n_b))
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
	return NULL;
}

static const struct rtattr *find_in(const struct rtattr *nest, unsigned short type)
{
	return nest ? find(RTA_DATA(nest), RTA_PAYLOAD(nest), type) : NULL;
}

static const struct rtattr *find_of(const struct nlmsghdr *h, unsigned short type)
{
	return find((const uint8_t *)NLMSG_DATA(h) + NLMSG_ALIGN(sizeof(struct tcmsg)),
	            h->nlmsg_len - NLMSG_LENGTH(sizeof(struct tcmsg)), type);
}

/* In the arena; "" without the attribute. */
static const char *text_of(struct dump *d, const struct rtattr *a)
{
	return a ? arena_strndup(d->x->a, RTA_DATA(a), strnlen(RTA_DATA(a), RTA_PAYLOAD(a))) : "";
}

static uint32_t number_of(const struct rtattr *a)
{
	uint32_t n = 0;

	if (a && RTA_PAYLOAD(a) >= sizeof(n))
		memcpy(&n, RTA_DATA(a), sizeof(n));
	return n;
}

/* ---- qdiscs, classes, filters ---------------------------------------------------------------- */

static void add_parent(struct dump *d, uint32_t ifindex, uint32_t handle, const char *kind)
{
	vec_each (p, &d->parents) /* the root class of hfsc is its qdisc */
		if (p->ifindex == ifindex && p->handle == handle)
			return;
	vec_push(d->x->a, &d->parents, ((struct parent){ifindex, handle, kind}));
}

static void on_qdisc(struct dump *d, const struct nlmsghdr *h)
{
	const struct tcmsg *tc = NLMSG_DATA(h);
	struct parent p = {(uint32_t)tc->tcm_ifindex, tc->tcm_handle,
	                   text_of(d, find_of(h, TCA_KIND))};

	/* One without a handle is the kernel's own. */
	if (p.handle && (!d->only || p.ifindex == d->only))
		vec_push(d->x->a, &d->qdiscs, p);
}

static void on_class(struct dump *d, const struct nlmsghdr *h)
{
	const struct tcmsg *tc = NLMSG_DATA(h);

	add_parent(d, (uint32_t)tc->tcm_ifindex, tc->tcm_handle, text_of(d, find_of(h, TCA_KIND)));
}

static void add_qdisc(struct dump *d, const struct parent *q)
{
	if (strcmp(q->kind, "clsact") != 0) {
		add_parent(d, q->ifindex, q->handle, q->kind);
		return;
	}
	add_parent(d, q->ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "clsact/ingress");
	add_parent(d, q->ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), "clsact/egress");
}

/* Of each device its classes, then its qdiscs, which lie together in the kernel's answer. What has
 * no classes refuses. */
static void find_parents(struct dump *d)
{
	for (size_t i = 0, end; i < d->qdiscs.n; i = end) {
		uint32_t ifindex = d->qdiscs.items[i].ifindex;

		for (end = i; end < d->qdiscs.n && d->qdiscs.items[end].ifindex == ifindex; end++)
			if (strcmp(d->qdiscs.items[end].kind, "ingress") != 0 &&
			    strcmp(d->qdiscs.items[end].kind, "clsact") != 0)
				ask(d, RTM_GETTCLASS, ifindex, d->qdiscs.items[end].handle,
				    on_class);
		for (size_t k = i; k < end; k++)
			add_qdisc(d, &d->qdiscs.items[k]);
	}
}

static void add_actions(struct dump *d, const struct rtattr *list, struct classic_prog *p)
{
	const struct rtattr *a = RTA_DATA(list);
	size_t left_b = RTA_PAYLOAD(list);

	for (; RTA_OK(a, left_b); a = RTA_NEXT(a, left_b)) {
		const struct rtattr *options = find_in(a, TCA_ACT_OPTIONS);
		struct classic_action action = {text_of(d, find_in(options, TCA_ACT_BPF_NAME)),
		                                number_of(find_in(options, TCA_ACT_BPF_ID))};

		if (!strcmp(text_of(d, find_in(a, TCA_ACT_KIND)), "bpf") && action.id)
			vec_push(d->x->a, &p->actions, action);
	}
}

static void on_filter(struct dump *d, const struct nlmsghdr *h)
{
	struct classic_prog p = {.ifindex = d->at->ifindex, .kind = d->at->kind};
	const struct rtattr *options = find_of(h, TCA_OPTIONS), *actions;

	if (strcmp(text_of(d, find_of(h, TCA_KIND)), "bpf") != 0)
		return;
	/* The head of a chain has no program, nor has a filter of the old BPF. */
	p.id = number_of(find_in(options, TCA_BPF_ID));
	if (!p.id)
		return;
	p.name = text_of(d, find_in(options, TCA_BPF_NAME));
	actions = find_in(options, TCA_BPF_ACT);
	if (actions)
		add_actions(d, actions, &p);
	vec_push(d->x->a, d->out, p);
}

static int open_socket(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&self, sizeof(self)))
		return fd;
	close(fd);
	return -errno;
}

int classic_progs(struct inspect *x, uint32_t ifindex, classic_list *out)
{
	struct dump d = {.x = x, .only = ifindex, .out = out, .fd = open_socket()};
	int err;

	if (d.fd < 0)
		return d.fd;
	d.answer = arena_alloc(x->a, ANSWER_B);
	err = ask(&d, RTM_GETQDISC, 0, 0, on_qdisc);
	if (!err)
		find_parents(&d);
	/* What has gone meanwhile, or has no filters, refuses. */
	for (size_t i = 0; i < d.parents.n && !err; i++) {
		struct parent at = d.parents.items[i];

		d.at = &at;
		ask(&d, RTM_GETTFILTER, at.ifindex, at.handle, on_filter);
	}
	close(d.fd);
	return err;
}
