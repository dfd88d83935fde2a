/* How attachments are written, plain and as members. */
#include <bpf/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inspect/attach/attach.h"
#include "inspect/info.h"
#include "inspect/names.h"

void put_number(struct inspect *x, const char *name, uint64_t n)
{
	if (x->is_json)
		json_member_uint(&x->json, name, n);
	else
		printf("%s %llu  ", name, (unsigned long long)n);
}

void put_attach_type(struct inspect *x, uint32_t type)
{
	const char *name = attach_type_name(type);

	if (!name)
		put_number(x, "attach_type", type);
	else if (x->is_json)
		json_member_string(&x->json, "attach_type", name);
	else
		printf("attach_type %s  ", name);
}

void put_device(struct inspect *x, uint32_t ifindex)
{
	char name[IF_NAMESIZE];
	/* A device of another network namespace has no name here. */
	const char *shown = !ifindex                        ? "(detached)"
	                    : if_indextoname(ifindex, name) ? name
	                                                    : "(unknown)";

	if (x->is_json) {
		json_member_string(&x->json, "devname", shown);
		json_member_uint(&x->json, "ifindex", ifindex);
	} else if (!ifindex) {
		printf("ifindex %s  ", shown);
	} else {
		printf("ifindex %s(%u)  ", plain_text(x, shown), ifindex);
	}
}

const char *prog_name_of_id(struct inspect *x, uint32_t id, struct bpf_prog_info *ret)
{
	struct bpf_prog_info info;
	const char *name = "";
	int fd = bpf_prog_get_fd_by_id(id);

	memset(&info, 0, sizeof(info));
	if (fd >= 0) {
		if (!prog_info(fd, &info))
			name = prog_name(x->a, &info, fd);
		close(fd);
	}
	if (ret)
		*ret = info;
	return name;
}
