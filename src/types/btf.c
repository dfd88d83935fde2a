/* The lazy BTF reader (Documentation/bpf/btf.rst; include/uapi/linux/btf.h).
 *
 * Input: /sys/kernel/btf/vmlinux or any raw BTF. Output: records by id and ids by name.
 *
 * BTF has no index: finding a name means comparing every record's name. The trick is to turn that
 * round. Strings are stored once, so the wanted name is searched for in the string section as
 * bytes (memfind runs at memory speed), and then one pass over the records compares a 4-byte
 * offset. Five megabytes of kernel BTF answer the first question in about a millisecond; parsing
 * them into objects would take twenty times that. The same pass leaves the table of offsets that
 * makes ids random access. */
#include "types/btf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/memfind.h"
#include "base/file.h"

struct btf_file {
	const uint8_t *blob;
	size_t blob_len_b;
	bool is_mapped, is_owned;
	const uint8_t *types;
	uint32_t types_len_b;
	const char *strings;
	uint32_t strings_len_b;
	struct btf_file *base;
	uint32_t first_string; /* where this file's strings begin: behind all of the base's */
	uint32_t first_id;
	/* offsets[id - first_id] into `types`; built by the first question. */
	uint32_t *offsets;
	uint32_t n_types;
	bool is_whole; /* the index reaches the end */
	/* Types by the hash of their names, once many have been asked for: the first of each slot
	 * and the next behind each, as 1 + index, in ascending order. */
	uint32_t *slots, *next;
	uint32_t n_slots; /* a power of two */
	uint32_t n_finds;
};

/* What follows a record's head: a fixed part, and one element per vlen. */
static const uint8_t fixed_b[NR_BTF_KINDS] = {
    [BTF_KIND_INT] = sizeof(uint32_t),
    [BTF_KIND_ARRAY] = sizeof(struct btf_array),
    [BTF_KIND_VAR] = sizeof(struct btf_var),
    [BTF_KIND_DECL_TAG] = sizeof(struct btf_decl_tag),
};
static const uint8_t each_b[NR_BTF_KINDS] = {
    [BTF_KIND_STRUCT] = sizeof(struct btf_member),
    [BTF_KIND_UNION] = sizeof(struct btf_member),
    [BTF_KIND_ENUM] = sizeof(struct btf_enum),
    [BTF_KIND_FUNC_PROTO] = sizeof(struct btf_param),
    [BTF_KIND_DATASEC] = sizeof(struct btf_var_secinfo),
    [BTF_KIND_ENUM64] = sizeof(struct btf_enum64),
};

static bool read_header(struct btf_file *b)
{
	struct btf_header h;
	size_t left_b;

	if (b->blob_len_b < sizeof(h))
		return false;
	memcpy(&h, b->blob, sizeof(h));
	if (h.magic != BTF_MAGIC || h.version != BTF_VERSION || h.hdr_len < sizeof(h) ||
	    h.hdr_len > b->blob_len_b || h.hdr_len % 4)
		return false;
	left_b = b->blob_len_b - h.hdr_len;
	if (h.type_off > left_b || h.type_len > left_b - h.type_off || h.type_off % 4)
		return false;
	if (h.str_off > left_b || h.str_len > left_b - h.str_off)
		return false;
	b->types = b->blob + h.hdr_len + h.type_off;
	b->types_len_b = h.type_len;
	b->strings = (const char *)b->blob + h.hdr_len + h.str_off;
	b->strings_len_b = h.str_len;
	/* With a NUL at the end no string can run out of the section. */
	while (b->strings_len_b && b->strings[b->strings_len_b - 1])
		b->strings_len_b--;
	return true;
}

static int finish_open(struct btf_file *b, struct btf_file *base, struct btf_file **ret)
{
	if (!read_header(b)) {
		btf_close(b);
		return -EINVAL;
	}
	b->base = base;
	b->first_id = 1;
	if (base) {
		b->first_id = btf_end(base);
		b->first_string = base->first_string + base->strings_len_b;
		if (b->first_string < base->first_string) {
			btf_close(b);
			return -EINVAL;
		}
	}
	*ret = b;
	return 0;
}

int btf_open_bytes(const void *bytes, size_t len_b, struct btf_file *base, struct btf_file **ret)
{
	struct btf_file *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->blob = bytes;
	b->blob_len_b = len_b;
	return finish_open(b, base, ret);
}

/* Files of /sys state their true size, and a read() may stop at a page. */
static int read_blob(int fd, size_t size_b, struct btf_file *b)
{
	uint8_t *bytes = malloc(size_b ? size_b : 1);
	size_t n = 0;

	if (!bytes)
		return -ENOMEM;
	while (n < size_b) {
		ssize_t got = read(fd, bytes + n, size_b - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int err = -errno;

			free(bytes);
			return err;
		}
		if (!got)
			break;
		n += (size_t)got;
	}
	b->blob = bytes;
	b->blob_len_b = n;
	b->is_owned = true;
	return 0;
}

int btf_open(const char *path, struct btf_file *base, struct btf_file **ret)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct btf_file *b;
	struct stat st;
	void *map;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	/* sysfs insists on MAP_PRIVATE. A regular file could be cut short under a mapping, which
	 * would be a SIGBUS: those are read. */
	map = strncmp(path, "/sys/", 5) || !st.st_size
	          ? MAP_FAILED
	          : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map != MAP_FAILED) {
		b->blob = map;
		b->blob_len_b = (size_t)st.st_size;
		b->is_mapped = true;
	} else {
		int err = read_blob(fd, (size_t)st.st_size, b);

		if (err) {
			free(b);
			return err;
		}
	}
	return finish_open(b, base, ret);
}

void btf_close(struct btf_file *b)
{
	if (b->is_mapped)
		munmap((void *)b->blob, b->blob_len_b);
	else if (b->is_owned)
		free((void *)b->blob);
	free(b->offsets);
	free(b->slots);
	free(b->next);
	free(b);
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* One pass over the records, noting where each begins. Stops at the first record that is of an
 * unknown kind or doesn't fit: what precedes it is still good. */
static void build_index(struct btf_file *b)
{
	const uint8_t *types = b->types;
	uint32_t off = 0, n = 0, end = b->types_len_b;

	b->offsets = malloc(((size_t)end / sizeof(struct btf_type) + 1) * sizeof(*b->offsets));
	if (!b->offsets)
		return;
	while (end - off >= sizeof(struct btf_type)) {
		uint32_t info = load32(types + off + offsetof(struct btf_type, info));
		uint32_t kind = BTF_INFO_KIND(info), size_b;

		if (!kind || kind >= NR_BTF_KINDS)
			break;
		size_b = (uint32_t)sizeof(struct btf_type) + fixed_b[kind] +
		         BTF_INFO_VLEN(info) * each_b[kind];
		if (size_b > end - off)
			break;
		b->offsets[n++] = off;
		off += size_b;
	}
	if (n > UINT32_MAX - b->first_id)
		n = UINT32_MAX - b->first_id;
	b->n_types = n;
	b->is_whole = off == end;
}

static inline void need_index(struct btf_file *b)
{
	if (!b->offsets)
		build_index(b);
}

bool btf_is_whole(struct btf_file *b)
{
	need_index(b);
	return b->is_whole && (!b->base || btf_is_whole(b->base));
}

uint32_t btf_first(const struct btf_file *b)
{
	return b->first_id;
}

uint32_t btf_end(struct btf_file *b)
{
	need_index(b);
	return b->first_id + b->n_types;
}

static inline struct btf_file *owner(struct btf_file *b, uint32_t id)
{
	while (b->base && id < b->first_id)
		b = b->base;
	return b;
}

struct btf_file *btf_owner(struct btf_file *b, uint32_t id)
{
	return owner(b, id);
}

bool btf_get(struct btf_file *b, uint32_t id, struct btf_record *ret)
{
	const uint8_t *p;
	uint32_t info;

	b = owner(b, id);
	need_index(b);
	if (id < b->first_id || id - b->first_id >= b->n_types)
		return false;
	p = b->types + b->offsets[id - b->first_id];
	info = load32(p + offsetof(struct btf_type, info));
	ret->kind = BTF_INFO_KIND(info);
	ret->vlen = BTF_INFO_VLEN(info);
	ret->kflag = BTF_INFO_KFLAG(info);
	ret->name_off = load32(p);
	ret->size_or_type = load32(p + offsetof(struct btf_type, size));
	ret->extra = p + sizeof(struct btf_type);
	ret->extra_b = fixed_b[ret->kind] + (size_t)ret->vlen * each_b[ret->kind];
	return true;
}

const char *btf_string(const struct btf_file *b, uint32_t off)
{
	while (b->base && off < b->first_string)
		b = b->base;
	off -= b->first_string;
	return off < b->strings_len_b ? b->strings + off : "";
}

uint32_t btf_find_string(struct btf_file *b, const char *s)
{
	size_t len_b = strlen(s);
	char buf[256];
	char *needle = buf;
	const char *at;

	if (b->base) {
		uint32_t off = btf_find_string(b->base, s);

		if (off != UINT32_MAX)
			return off;
	}
	if (!len_b || len_b + 1 > b->strings_len_b)
		return UINT32_MAX;
	/* The bytes between two NULs. The first string of vmlinux is "", so each has one before. */
	if (len_b + 2 > sizeof(buf)) {
		needle = malloc(len_b + 2);
		if (!needle)
			return UINT32_MAX;
	}
	needle[0] = '\0';
	memcpy(needle + 1, s, len_b + 1);
	/* Split BTF has no "" of its own to begin with. */
	if (b->base && !memcmp(b->strings, s, len_b + 1))
		at = b->strings - 1;
	else
		at = memfind(b->strings, b->strings_len_b, needle, len_b + 2);
	if (needle != buf)
		free(needle);
	return at ? b->first_string + (uint32_t)(at + 1 - b->strings) : UINT32_MAX;
}

static uint32_t hash_name(const char *s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	while (*s)
		h = (h ^ (uint8_t)*s++) * 16777619u;
	return h;
}

/* A find costs two passes, over the strings and over the types. Who asks for hundreds of names gets
 * a table. */
static bool has_table(struct btf_file *b)
{
	enum { MANY = 64 };

	if (b->slots || ++b->n_finds <= MANY)
		return b->slots;
	b->n_finds = 0; /* without memory, try again after a while */
	need_index(b);
	for (b->n_slots = 64; b->n_slots < b->n_types; b->n_slots *= 2)
		;
	b->slots = calloc(b->n_slots, sizeof(*b->slots));
	b->next = calloc(b->n_types + 1, sizeof(*b->next));
	if (!b->slots || !b->next) {
		free(b->slots);
		free(b->next);
		b->slots = b->next = NULL;
		return false;
	}
	for (uint32_t i = b->n_types; i-- > 0;) {
		const char *name = btf_string(b, load32(b->types + b->offsets[i]));
		uint32_t *slot = &b->slots[hash_name(name) & (b->n_slots - 1)];

		if (!*name)
			continue;
		b->next[i] = *slot;
		*slot = i + 1;
	}
	return true;
}

static uint32_t find_in_table(const struct btf_file *b, const char *name, uint32_t kinds,
                              uint32_t first)
{
	uint32_t at = b->slots[hash_name(name) & (b->n_slots - 1)];

	for (; at; at = b->next[at - 1]) {
		const uint8_t *p = b->types + b->offsets[at - 1];
		uint32_t info = load32(p + offsetof(struct btf_type, info));

		if (at > first && (BTF_KIND_MASK(BTF_INFO_KIND(info)) & kinds) &&
		    !strcmp(btf_string(b, load32(p)), name))
			return b->first_id + at - 1;
	}
	return 0;
}

uint32_t btf_find(struct btf_file *b, const char *name, uint32_t kinds, uint32_t after)
{
	uint32_t i = after >= b->first_id ? after + 1 - b->first_id : 0, name_off;

	if (has_table(b))
		return *name ? find_in_table(b, name, kinds, i) : 0;
	name_off = btf_find_string(b, name);
	if (name_off == UINT32_MAX)
		return 0;
	need_index(b);
	for (; i < b->n_types; i++) {
		const uint8_t *p = b->types + b->offsets[i];

		if (load32(p) == name_off &&
		    BTF_KIND_MASK(BTF_INFO_KIND(load32(p + offsetof(struct btf_type, info)))) &
		        kinds)
			return b->first_id + i;
	}
	return 0;
}

uint32_t btf_next(struct btf_file *b, uint32_t kinds, uint32_t after, const char **ret_name)
{
	uint32_t i = after >= b->first_id ? after + 1 - b->first_id : 0;

	need_index(b);
	for (; i < b->n_types; i++) {
		const uint8_t *p = b->types + b->offsets[i];
		uint32_t info = load32(p + offsetof(struct btf_type, info));
		const char *name;

		if (!(BTF_KIND_MASK(BTF_INFO_KIND(info)) & kinds))
			continue;
		name = btf_string(b, load32(p));
		if (!*name)
			continue;
		*ret_name = name;
		return b->first_id + i;
	}
	return 0;
}
