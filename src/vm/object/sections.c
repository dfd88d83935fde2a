/* Names of program sections and of program kinds (sections.def, kinds.def). */
#include <string.h>

#include "bpf/newer.h"
#include "vm/object.h"

enum section_flags {
	REST = 1 << 0,  /* "/what to attach to" may follow */
	BTF = 1 << 1,   /* which is a name in kernel BTF */
	SLEEP = 1 << 2, /* BPF_F_SLEEPABLE */
	FRAGS = 1 << 3, /* BPF_F_XDP_HAS_FRAGS */
};

struct section_row {
	const char *name;
	uint32_t type, attach_type;
	uint32_t flags;
};

static const struct section_row rows[] = {
#define SECTION(name, type, attach, flags) {name, BPF_PROG_TYPE_##type, attach, flags},
#include "vm/object/sections.def"
#undef SECTION
};

static bool matches(const struct section_row *row, const char *section)
{
	size_t len_b = strlen(row->name);

	if (strncmp(section, row->name, len_b))
		return false;
	return !section[len_b] || ((row->flags & REST) && section[len_b] == '/');
}

bool vm_section_parse(const char *section, struct vm_section *ret)
{
	/* Older libbpf let "?name" stand for a program that isn't loaded by itself. */
	if (*section == '?')
		section++;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *slash;

		if (!matches(&rows[i], section))
			continue;
		slash = strchr(section, '/');
		*ret = (struct vm_section){
		    .type = rows[i].type,
		    .attach_type = rows[i].attach_type,
		    .flags = (rows[i].flags & SLEEP ? BPF_F_SLEEPABLE : 0) |
		             (rows[i].flags & FRAGS ? BPF_F_XDP_HAS_FRAGS : 0),
		    .rest = slash ? slash + 1 : NULL,
		    .wants_btf_id = rows[i].flags & BTF,
		};
		return true;
	}
	return false;
}

static const struct {
	uint32_t type;
	const char *name;
} kinds[] = {
#define KIND(number, name) {number, name},
#include "vm/object/kinds.def"
#undef KIND
};

bool vm_program_type_find(const char *name, uint32_t *ret)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i].name, name)) {
			*ret = kinds[i].type;
			return true;
		}
	}
	return false;
}

const char *vm_program_type_name(uint32_t type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == type)
			return kinds[i].name;
	return "unknown";
}
