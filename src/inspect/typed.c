/* See typed.h. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "inspect/info.h"
#include "inspect/json_writer.h"
#include "inspect/prototype.h"
#include "inspect/typed.h"

enum { DEPTH_MOST = 32 };

struct typing {
	struct json_writer *j;
	const struct btf *btf;
	bool is_formatted; /* beside raw bytes: pointers are numbers */
	bool has_progs;    /* pointers to functions are numbers of programs */
	unsigned depth;
};

static void print_type(struct typing *t, uint32_t id, const unsigned char *at);

/* ---- numbers --------------------------------------------------------------------------------- */

/* Up to eight bytes, as this machine has them. */
static uint64_t read_uint(const unsigned char *at, uint32_t size_b)
{
	uint64_t n = 0;

	memcpy(&n, at, size_b > 8 ? 8 : size_b);
	return n;
}

static int64_t read_int(const unsigned char *at, uint32_t size_b)
{
	unsigned unused = size_b >= 8 ? 0 : 64 - 8 * size_b;

	return (int64_t)(read_uint(at, size_b) << unused) >> unused;
}

static void print_wide(struct typing *t, const unsigned char *at)
{
	uint64_t low = read_uint(at, 8), high = read_uint(at + 8, 8);
	char text[40];

	if (high)
		snprintf(text, sizeof(text), "0x%llx%016llx", (unsigned long long)high,
		         (unsigned long long)low);
	else
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)low);
	json_string(t->j, text);
}

static void print_char(struct typing *t, unsigned char c)
{
	if (isprint(c))
		json_string_n(t->j, (const char *)&c, 1);
	else if (t->is_formatted)
		json_string_n(t->j, (const char *)&c, 1);
	else
		json_format(t->j, "0x%02x", c);
}

/* Bits of a member, which the type itself does not have. */
static void print_bits(struct typing *t, const unsigned char *at, uint32_t off_bits,
                       uint32_t n_bits)
{
	unsigned __int128 all = 0;
	char text[24];
	uint64_t n;

	memcpy(&all, at + off_bits / 8, (off_bits % 8 + n_bits + 7) / 8);
	n = (uint64_t)(all >> off_bits % 8);
	n &= n_bits >= 64 ? UINT64_MAX : (1ull << n_bits) - 1;
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)n);
	json_string(t->j, text);
}

static void print_int(struct typing *t, const struct btf_type *type, const unsigned char *at)
{
	uint8_t encoding = btf_int_encoding(type), bits = btf_int_bits(type);

	if (btf_int_offset(type) || bits != type->size * 8)
		print_bits(t, at, btf_int_offset(type), bits);
	else if (type->size == 16)
		print_wide(t, at);
	else if (encoding & BTF_INT_BOOL)
		json_bool(t->j, read_uint(at, type->size));
	else if (encoding & BTF_INT_CHAR)
		print_char(t, *at);
	else if (encoding & BTF_INT_SIGNED)
		json_int(t->j, read_int(at, type->size));
	else
		json_uint(t->j, read_uint(at, type->size));
}

static void print_enum(struct typing *t, const struct btf_type *type, const unsigned char *at)
{
	int64_t n = read_int(at, type->size);

	if (btf_is_enum64(type)) {
		const struct btf_enum64 *e = btf_enum64(type);

		for (int i = 0; i < btf_vlen(type); i++)
			if ((int64_t)btf_enum64_value(&e[i]) == n) {
				json_string(t->j, btf__name_by_offset(t->btf, e[i].name_off));
				return;
			}
	} else {
		const struct btf_enum *e = btf_enum(type);

		for (int i = 0; i < btf_vlen(type); i++)
			if (e[i].val == (int32_t)n) {
				json_string(t->j, btf__name_by_offset(t->btf, e[i].name_off));
				return;
			}
	}
	json_int(t->j, n);
}

static void print_pointer(struct typing *t, const unsigned char *at)
{
	uint64_t n = read_uint(at, sizeof(void *));

	if (t->is_formatted)
		json_uint(t->j, n);
	else
		json_format(t->j, "0x%llx", (unsigned long long)n);
}

/* `u32 (struct sock *) NAME/prog_id:N`. */
static void print_prog(struct typing *t, const struct btf_type *proto, const unsigned char *at)
{
	uint32_t id = (uint32_t)read_uint(at, sizeof(void *));
	int fd = id ? bpf_prog_get_fd_by_id(id) : -1;
	struct arena *a = arena_create();
	struct strbuf text = {0};
	struct bpf_prog_info info;

	prototype_text(&text, t->btf, proto);
	if (fd >= 0 && !prog_info(fd, &info))
		sb_addf(&text, " %s/prog_id:%u", prog_name(a, &info, fd), id);
	else
		sb_addf(&text, " %u", id);
	json_string(t->j, sb_str(&text));
	if (fd >= 0)
		close(fd);
	sb_free(&text);
	arena_destroy(a);
}

/* ---- containers ------------------------------------------------------------------------------ */

static const struct btf_type *plain_type(const struct btf *btf, uint32_t id)
{
	return btf__type_by_id(btf, (uint32_t)btf__resolve_type(btf, id));
}

/* Printable up to a NUL that is there. */
static bool is_text(const unsigned char *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!at[i])
			return true;
		if (!isprint(at[i]))
			return false;
	}
	return false;
}

static void print_array(struct typing *t, const struct btf_type *type, const unsigned char *at)
{
	const struct btf_array *array = btf_array(type);
	const struct btf_type *element = plain_type(t->btf, array->type);
	int64_t size_b = btf__resolve_size(t->btf, array->type);

	if (element && btf_is_int(element) && element->size == 1 &&
	    (btf_int_encoding(element) & BTF_INT_CHAR ||
	     !strcmp(btf__name_by_offset(t->btf, element->name_off), "char")) &&
	    is_text(at, array->nelems)) {
		json_string(t->j, (const char *)at);
		return;
	}
	json_open(t->j, '[');
	for (uint32_t i = 0; i < array->nelems && size_b > 0; i++)
		print_type(t, array->type, at + i * (uint64_t)size_b);
	json_close(t->j, ']');
}

static void print_members(struct typing *t, const struct btf_type *type, const unsigned char *at)
{
	const struct btf_member *m = btf_members(type);

	json_open(t->j, '{');
	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		uint32_t off_bits = btf_member_bit_offset(type, i);
		uint32_t n_bits = btf_member_bitfield_size(type, i);

		json_key(t->j, btf__name_by_offset(t->btf, m[i].name_off));
		if (n_bits)
			print_bits(t, at, off_bits, n_bits);
		else
			print_type(t, m[i].type, at + off_bits / 8);
	}
	json_close(t->j, '}');
}

static void print_variables(struct typing *t, const struct btf_type *section,
                            const unsigned char *at)
{
	const struct btf_var_secinfo *info = btf_var_secinfos(section);

	json_open(t->j, '{');
	json_key(t->j, btf__name_by_offset(t->btf, section->name_off));
	json_open(t->j, '[');
	for (uint32_t i = 0; i < btf_vlen(section); i++) {
		const struct btf_type *v = btf__type_by_id(t->btf, info[i].type);

		if (!v)
			continue;
		json_open(t->j, '{');
		json_key(t->j, btf__name_by_offset(t->btf, v->name_off));
		print_type(t, v->type, at + info[i].offset);
		json_close(t->j, '}');
	}
	json_close(t->j, ']');
	json_close(t->j, '}');
}

static void print_type(struct typing *t, uint32_t id, const unsigned char *at)
{
	const struct btf_type *type = plain_type(t->btf, id), *pointee;

	if (!type || t->depth >= DEPTH_MOST) {
		json_null(t->j);
		return;
	}
	t->depth++;
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		print_int(t, type, at);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		print_enum(t, type, at);
		break;
	case BTF_KIND_PTR:
		pointee = plain_type(t->btf, type->type);
		if (t->has_progs && pointee && btf_is_func_proto(pointee))
			print_prog(t, pointee, at);
		else
			print_pointer(t, at);
		break;
	case BTF_KIND_ARRAY:
		print_array(t, type, at);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		print_members(t, type, at);
		break;
	case BTF_KIND_DATASEC:
		print_variables(t, type, at);
		break;
	default:
		json_null(t->j);
	}
	t->depth--;
}

void print_typed(struct json_writer *j, const struct btf *btf, uint32_t type, const void *bytes,
                 bool is_formatted)
{
	struct typing t = {.j = j, .btf = btf, .is_formatted = is_formatted};

	print_type(&t, type, bytes);
}

void print_typed_ops(struct json_writer *j, const struct btf *btf, uint32_t type, const void *bytes)
{
	struct typing t = {.j = j, .btf = btf, .is_formatted = true, .has_progs = true};

	print_type(&t, type, bytes);
}
