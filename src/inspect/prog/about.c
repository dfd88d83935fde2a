/* See about.h: what links and devices tell of a program. */
#include "inspect/prog/about.h"

#include <bpf/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/attach/attach.h"

static uint64_t cookie_of(const struct skep_link_info *i)
{
	const uint64_t *many = NULL;
	uint32_t n = 0;

	switch (i->type) {
	case BPF_LINK_TYPE_RAW_TRACEPOINT:
		return i->raw_tracepoint.cookie;
	case BPF_LINK_TYPE_TRACING:
		return i->tracing.cookie;
	case BPF_LINK_TYPE_KPROBE_MULTI:
		many = (const uint64_t *)(uintptr_t)i->kprobe_multi.cookies;
		n = i->kprobe_multi.n;
		break;
	case SKEP_LINK_UPROBE_MULTI:
		many = (const uint64_t *)(uintptr_t)i->uprobe_multi.cookies;
		n = i->uprobe_multi.n;
		break;
	case BPF_LINK_TYPE_PERF_EVENT:
		switch (i->perf_event.kind) {
		case SKEP_EVENT_UPROBE:
		case SKEP_EVENT_URETPROBE:
			return i->perf_event.uprobe.cookie;
		case SKEP_EVENT_KPROBE:
		case SKEP_EVENT_KRETPROBE:
			return i->perf_event.kprobe.cookie;
		case SKEP_EVENT_TRACEPOINT:
			return i->perf_event.tracepoint.cookie;
		case SKEP_EVENT_OTHER:
			return i->perf_event.event.cookie;
		}
		break;
	}
	for (uint32_t k = 0; many && k < n; k++)
		if (many[k])
			return many[k];
	return 0;
}

static void read_cookies(struct inspect *x)
{
	uint32_t id = 0;

	x->knows_cookies = true;
	while (!bpf_link_get_next_id(id, &id)) {
		struct skep_link_info info;
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue; /* it has gone */
		if (!link_info(x, fd, &info) && cookie_of(&info))
			vec_push(x->a, &x->cookies,
			         ((struct cookie){info.prog_id, cookie_of(&info)}));
		close(fd);
	}
}

bool prog_cookie(struct inspect *x, uint32_t id, uint64_t *ret)
{
	if (!x->knows_cookies)
		read_cookies(x);
	vec_each (c, &x->cookies) {
		if (c->prog_id != id)
			continue;
		*ret = c->cookie;
		return true;
	}
	return false;
}

void prog_show_device(struct inspect *x, const struct bpf_prog_info *info)
{
	char name[IF_NAMESIZE] = "";
	struct stat ours;
	struct json_writer *j = &x->json;

	if (!info->ifindex)
		return;
	/* Numbers of devices are those of a network namespace. */
	if (!stat("/proc/self/ns/net", &ours) && ours.st_ino == info->netns_ino &&
	    !if_indextoname(info->ifindex, name))
		name[0] = '\0';
	if (!x->is_json) {
		if (*name)
			printf("  offloaded_to %s", name);
		else
			printf("  offloaded_to ifindex %u ns_dev %llu ns_ino %llu", info->ifindex,
			       (unsigned long long)info->netns_dev,
			       (unsigned long long)info->netns_ino);
		return;
	}
	json_key(j, "dev");
	json_open(j, '{');
	json_member_uint(j, "ifindex", info->ifindex);
	json_member_uint(j, "ns_dev", info->netns_dev);
	json_member_uint(j, "ns_inode", info->netns_ino);
	if (*name)
		json_member_string(j, "ifname", name);
	json_close(j, '}');
}
