/* Names that the object leaves to others (libbpf's __kconfig and __ksym):
 *
 *   .kconfig   the kernel's configuration, CONFIG_HZ, and LINUX_KERNEL_VERSION and its kin: they
 *              become one more read-only map, filled in here
 *   .ksyms     the kernel's variables and functions, found in its BTF; variables declared as void
 *              by address in /proc/kallsyms
 *
 * BTF says what they are, the symbol table which are needed and which may be missing (weak). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "vm/object/object_priv.h"

#define KCONFIG_MAX_B (1u << 20)
#define CONFIG_TEXT_MAX_B (4u << 20)

/* Names sort into externs_find()'s binary search. */
static int by_name(const void *x, const void *y)
{
	const struct object_extern *a = x, *b = y;

	return strcmp(a->name, b->name);
}

struct object_extern *externs_find(struct reader *r, const char *name)
{
	struct object_extern key = {.name = name};

	return r->externs.n ? bsearch(&key, r->externs.items, r->externs.n, sizeof(key), by_name)
	                    : NULL;
}

/* ---- values of .kconfig ---------------------------------------------------------------------- */

/* The running kernel's configuration as text, "" if it can't be had. */
static const char *config_text(struct reader *r)
{
	struct utsname u;
	char path[sizeof(u.release) + 16];
	gzFile in = NULL;
	char *text;
	int n;

	if (!uname(&u)) {
		snprintf(path, sizeof(path), "/boot/config-%s", u.release);
		in = gzopen(path, "re"); /* which reads what isn't compressed as it is */
	}
	if (!in)
		in = gzopen("/proc/config.gz", "re");
	if (!in)
		return "";
	text = arena_alloc(r->a, CONFIG_TEXT_MAX_B + 1);
	n = gzread(in, text, CONFIG_TEXT_MAX_B);
	gzclose(in);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* The value of `name` up to the end of the line, NULL if it isn't set. */
static const char *config_value(const char *text, const char *name)
{
	size_t len_b = strlen(name);

	for (const char *line = text; line && *line;) {
		if (!strncmp(line, name, len_b) && line[len_b] == '=')
			return line + len_b + 1;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return NULL;
}

/* major << 16 | minor << 8 | patch, the patch at most 255 (KERNEL_VERSION()). Debian's release
 * names the first patch of a series; the true one stands in the version text. */
static uint64_t kernel_version(void)
{
	unsigned major = 0, minor = 0, patch = 0;
	const char *debian;
	struct utsname u;

	if (uname(&u))
		return 0;
	debian = strstr(u.version, "Debian ");
	if (!debian || sscanf(debian, "Debian %u.%u.%u", &major, &minor, &patch) != 3)
		sscanf(u.release, "%u.%u.%u", &major, &minor, &patch);
	return (uint64_t)major << 16 | minor << 8 | (patch > 255 ? 255 : patch);
}

static int store_number(struct reader *r, const struct object_extern *e, uint8_t *at,
                        uint64_t size_b, uint64_t value, bool is_signed)
{
	bool fits = size_b >= 8 || (value >> (8 * size_b)) == 0 ||
	            (is_signed && (int64_t)value < 0 &&
	             (int64_t)value >= -((int64_t)1 << (8 * size_b - 1)));

	if (size_b > 8 || !size_b || (size_b & (size_b - 1)))
		return object_fail(r, EINVAL, "extern \"%s\": no number has %llu bytes", e->name,
		                   (unsigned long long)size_b);
	if (!fits)
		return object_fail(r, ERANGE, "extern \"%s\": its value does not fit %llu bytes",
		                   e->name, (unsigned long long)size_b);
	memcpy(at, &value, size_b); /* little-endian, as the object is */
	return 0;
}

static int store_text(struct reader *r, const struct object_extern *e, const struct btf_record *rec,
                      uint8_t *at, const char *value)
{
	const struct btf_array *array = rec->extra;
	const char *end = strchr(value, '\n');
	size_t len_b = end ? (size_t)(end - value) : strlen(value);
	uint64_t size_b;

	if (rec->kind != BTF_KIND_ARRAY || !walk_size(r->btf, array->type, &size_b) ||
	    size_b != 1 || !array->nelems)
		return object_fail(r, EINVAL,
		                   "extern \"%s\": a string, but declared as no array of "
		                   "char",
		                   e->name);
	if (len_b < 2 || value[len_b - 1] != '"')
		return object_fail(r, EINVAL, "extern \"%s\": its value has no closing quote",
		                   e->name);
	len_b -= 2;
	if (len_b >= array->nelems)
		len_b = array->nelems - 1;
	memcpy(at, value + 1, len_b);
	return 0;
}

/* y, m and n are 1, 2 and 0 for an enum (libbpf_tristate), 'y', 'm' and 'n' for a char; a bool has
 * no m. */
static int store_tristate(struct reader *r, const struct object_extern *e,
                          const struct btf_record *rec, uint8_t *at, char value)
{
	uint32_t bits = rec->kind == BTF_KIND_INT ? *(const uint32_t *)rec->extra : 0;
	bool is_bool = bits && (BTF_INT_ENCODING(bits) & BTF_INT_BOOL);

	if (is_bool && value != 'm')
		*at = value == 'y';
	else if (rec->kind == BTF_KIND_ENUM && rec->size_or_type == 4)
		*at = value == 'y' ? 1 : value == 'm' ? 2 : 0;
	else if (rec->kind == BTF_KIND_INT && rec->size_or_type == 1 && !is_bool)
		*at = (uint8_t)value;
	else
		return object_fail(r, EINVAL,
		                   "extern \"%s\": its value is %c, which its type cannot hold",
		                   e->name, value);
	return 0;
}

static int store_config(struct reader *r, const struct object_extern *e,
                        const struct btf_record *rec, uint8_t *at, const char *value)
{
	bool is_signed = rec->kind == BTF_KIND_INT &&
	                 (BTF_INT_ENCODING(*(const uint32_t *)rec->extra) & BTF_INT_SIGNED);
	uint64_t number, size_b;
	char *end;

	if (*value == '"')
		return store_text(r, e, rec, at, value);
	if ((*value == 'y' || *value == 'm' || *value == 'n') && (!value[1] || value[1] == '\n'))
		return store_tristate(r, e, rec, at, *value);
	number = strtoull(value, &end, 0);
	if (end == value || (*end && *end != '\n'))
		return object_fail(r, EINVAL, "extern \"%s\": its value is no number", e->name);
	if (rec->kind != BTF_KIND_INT || !walk_size(r->btf, e->type_id, &size_b))
		return object_fail(r, EINVAL, "extern \"%s\": a number, but declared as none",
		                   e->name);
	return store_number(r, e, at, size_b, number, is_signed);
}

/* Of the kernel that the object is read for, as far as its BTF tells. */
static bool kernel_has_name(const struct reader *r, const char *name)
{
	return r->kernel && btf_find_string(r->kernel, name) != UINT32_MAX;
}

static int fill_kconfig(struct reader *r, struct object_extern *e, uint8_t *bytes,
                        const char **config)
{
	uint8_t *at = bytes + e->offset_b;
	struct btf_record rec;
	const char *value;
	uint64_t size_b;

	if (!walk_strip(r->btf, e->type_id, NULL, &rec) || !walk_size(r->btf, e->type_id, &size_b))
		return object_fail(r, EINVAL, "extern \"%s\": its type has no size", e->name);
	e->is_found = true;
	if (!strcmp(e->name, "LINUX_KERNEL_VERSION"))
		return store_number(r, e, at, size_b, kernel_version(), false);
	if (!strcmp(e->name, "LINUX_HAS_BPF_COOKIE"))
		return store_number(r, e, at, size_b,
		                    !r->kernel || kernel_has_name(r, "BPF_FUNC_get_attach_cookie"),
		                    false);
	if (!strcmp(e->name, "LINUX_HAS_SYSCALL_WRAPPER"))
		return store_number(r, e, at, size_b,
		                    kernel_has_name(r, "__x64_sys_bpf") ||
		                        kernel_has_name(r, "__arm64_sys_bpf") ||
		                        kernel_has_name(r, "__se_sys_bpf"),
		                    false);
	if (!*config)
		*config = config_text(r);
	value = strncmp(e->name, "CONFIG_", 7) ? NULL : config_value(*config, e->name);
	e->is_found = value;
	if (value)
		return store_config(r, e, &rec, at, value);
	if (e->is_weak)
		return 0;
	return object_fail(r, ESRCH, "extern \"%s\": not in the kernel's configuration%s", e->name,
	                   **config ? "" : ", which cannot be read");
}

static int add_kconfig_map(struct reader *r)
{
	const char *config = NULL;
	struct vm_map_def *def;
	uint64_t end_b = 0;
	uint8_t *bytes;

	vec_each (e, &r->externs) {
		uint32_t align = walk_align(r->btf, e->type_id);
		uint64_t size_b;

		if (e->kind != EXTERN_KCONFIG)
			continue;
		if (!walk_size(r->btf, e->type_id, &size_b) || size_b > KCONFIG_MAX_B)
			return object_fail(r, EINVAL,
			                   "extern \"%s\": its type has no size, or one "
			                   "that is too large",
			                   e->name);
		end_b = (end_b + align - 1) / align * align;
		e->offset_b = (uint32_t)end_b;
		end_b += size_b;
		if (end_b > KCONFIG_MAX_B)
			return object_fail(r, E2BIG, "section \".kconfig\": larger than %u bytes",
			                   KCONFIG_MAX_B);
	}
	if (!end_b)
		return 0;
	bytes = arena_alloc(r->a, end_b);
	vec_each (e, &r->externs) {
		int err = e->kind == EXTERN_KCONFIG ? fill_kconfig(r, e, bytes, &config) : 0;

		if (err)
			return err;
	}
	def = arena_new(r->a, struct vm_map_def);
	*def = (struct vm_map_def){.name = ".kconfig",
	                           .type = BPF_MAP_TYPE_ARRAY,
	                           .key_size_b = 4,
	                           .value_size_b = (uint32_t)end_b,
	                           .max_entries = 1,
	                           .flags = BPF_F_RDONLY_PROG,
	                           .is_frozen = true,
	                           .init = bytes,
	                           .btf = r->btf};
	r->kconfig_map = (uint32_t)r->maps.n;
	*vec_add(r->a, &r->maps) = (struct object_map){.def = def, .section = VM_NONE};
	return 0;
}

/* ---- the kernel's names ---------------------------------------------------------------------- */

/* "ffffffff81000000 T _text" or "... t function\t[module]": the name, NULL if there is none. No
 * scanf: there are some hundred thousand lines. */
static char *symbol_name(char *line)
{
	char *name = strchr(line, ' ');

	if (!name || !name[1] || name[2] != ' ')
		return NULL;
	name += 3;
	name[strcspn(name, "\t\n")] = '\0';
	return name;
}

static void find_addresses(struct reader *r)
{
	FILE *in = fopen("/proc/kallsyms", "re");
	char line[1024];

	if (!in)
		return;
	while (fgets(line, sizeof(line), in)) {
		const char *name = symbol_name(line);
		struct object_extern *e = name ? externs_find(r, name) : NULL;

		if (e && e->kind == EXTERN_VARIABLE && !e->btf_id && !e->is_found) {
			e->is_found = true;
			e->address = strtoull(line, NULL, 16);
		}
	}
	fclose(in);
}

static int resolve_kernel(struct reader *r, struct object_extern *e, bool *wants_address)
{
	struct btf_record rec;
	uint32_t kind = e->kind == EXTERN_FUNCTION ? BTF_KIND_FUNC : BTF_KIND_VAR;
	size_t len_b = core_essential_len(e->name);

	if (e->kind == EXTERN_VARIABLE && walk_strip(r->btf, e->type_id, NULL, &rec) &&
	    rec.kind == BTF_KIND_UNKN) {
		*wants_address = true;
		return 0;
	}
	if (r->kernel)
		e->btf_id = btf_find(r->kernel, arena_strndup(r->a, e->name, len_b),
		                     BTF_KIND_MASK(kind), 0);
	if (!e->btf_id)
		return 0;
	if (!btf_get(r->kernel, e->btf_id, &rec) ||
	    !core_types_compatible(r, e->type_id, r->kernel, rec.size_or_type))
		return object_fail(
		    r, EINVAL, "extern \"%s\": its type is not what the kernel's BTF has", e->name);
	e->is_found = true;
	return 0;
}

static int resolve_all(struct reader *r)
{
	bool wants_address = false;

	vec_each (e, &r->externs) {
		int err = e->kind == EXTERN_KCONFIG ? 0 : resolve_kernel(r, e, &wants_address);

		if (err)
			return err;
	}
	if (wants_address)
		find_addresses(r);
	/* A library may go without what nobody calls: relocs.c finds out. */
	vec_each (e, &r->externs)
		if (e->kind != EXTERN_KCONFIG && !e->is_found && !e->is_weak &&
		    !r->opts->is_library)
			return object_fail(r, ESRCH, "extern \"%s\": %s", e->name,
			                   r->kernel ? "this kernel has no such symbol"
			                             : "there is no kernel BTF to find it in");
	return 0;
}

/* ---- what there is ----------------------------------------------------------------------------
 */

static int read_datasec(struct reader *r, const char *section, bool is_kconfig)
{
	const struct btf_var_secinfo *vars;
	struct btf_record rec, var;
	uint32_t id;

	if (!walk_datasec(r->btf, section, &id, &rec))
		return 0;
	vars = rec.extra;
	for (uint32_t i = 0; i < rec.vlen; i++) {
		struct object_extern e = {0};

		if (!btf_get(r->btf, vars[i].type, &var) ||
		    (var.kind != BTF_KIND_VAR && (is_kconfig || var.kind != BTF_KIND_FUNC)))
			return object_fail(r, EINVAL,
			                   "section \"%s\": BTF type %u is neither variable nor "
			                   "function",
			                   section, vars[i].type);
		e.name = btf_string(r->btf, var.name_off);
		e.kind = is_kconfig                  ? EXTERN_KCONFIG
		         : var.kind == BTF_KIND_FUNC ? EXTERN_FUNCTION
		                                     : EXTERN_VARIABLE;
		e.type_id = var.size_or_type;
		vec_push(r->a, &r->externs, e);
	}
	return 0;
}

int externs_read(struct reader *r)
{
	size_t n = 0;
	bool *is_used;
	int err;

	r->kconfig_map = VM_NONE;
	err = read_datasec(r, ".kconfig", true);
	if (!err)
		err = read_datasec(r, ".ksyms", false);
	if (err || !r->externs.n)
		return err;
	qsort(r->externs.items, r->externs.n, sizeof(*r->externs.items), by_name);
	is_used = arena_array(r->a, bool, r->externs.n);
	vec_each (sym, &r->symbols) {
		struct object_extern *e =
		    sym->section == SHN_UNDEF && *sym->name ? externs_find(r, sym->name) : NULL;

		if (!e)
			continue;
		is_used[e - r->externs.items] = true;
		e->is_weak = sym->bind == STB_WEAK;
	}
	for (size_t i = 0; i < r->externs.n; i++)
		if (is_used[i])
			r->externs.items[n++] = r->externs.items[i];
	r->externs.n = n;
	err = add_kconfig_map(r);
	return err ? err : resolve_all(r);
}
