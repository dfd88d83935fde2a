/* See names.h. */
#include "inspect/names.h"

#include <bpf/libbpf.h>
#include <stddef.h>

enum named_kind { PROG, MAP, LINK, ATTACH };

static const struct {
	enum named_kind kind;
	uint32_t number;
	const char *name;
} newer[] = {
#define NAME(kind, number, name) {kind, number, name},
#include "inspect/names.def"
#undef NAME
};

static const char *newer_name(enum named_kind kind, uint32_t number)
{
	for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++)
		if (newer[i].kind == kind && newer[i].number == number)
			return newer[i].name;
	return NULL;
}

const char *prog_type_name(uint32_t type)
{
	const char *name = libbpf_bpf_prog_type_str((enum bpf_prog_type)type);

	return name ? name : newer_name(PROG, type);
}

const char *map_type_name(uint32_t type)
{
	const char *name = libbpf_bpf_map_type_str((enum bpf_map_type)type);

	return name ? name : newer_name(MAP, type);
}

const char *link_type_name(uint32_t type)
{
	const char *name = libbpf_bpf_link_type_str((enum bpf_link_type)type);

	return name ? name : newer_name(LINK, type);
}

const char *attach_type_name(uint32_t type)
{
	const char *name = libbpf_bpf_attach_type_str((enum bpf_attach_type)type);

	return name ? name : newer_name(ATTACH, type);
}
