/* BTF as it is: each type in a line of its number, kind and name, members below it. Plain and JSON
 * have the same fields, so one walk writes both. */
#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>

#include "inspect/btf/btf.h"
#include "inspect/btf/out.h"

struct listing {
	struct json_writer *j; /* NULL: plain */
	struct out *o;
	struct btf_file *file;
};

static const char *const kind_names[NR_BTF_KINDS] = {
    [BTF_KIND_INT] = "INT",
    [BTF_KIND_PTR] = "PTR",
    [BTF_KIND_ARRAY] = "ARRAY",
    [BTF_KIND_STRUCT] = "STRUCT",
    [BTF_KIND_UNION] = "UNION",
    [BTF_KIND_ENUM] = "ENUM",
    [BTF_KIND_FWD] = "FWD",
    [BTF_KIND_TYPEDEF] = "TYPEDEF",
    [BTF_KIND_VOLATILE] = "VOLATILE",
    [BTF_KIND_CONST] = "CONST",
    [BTF_KIND_RESTRICT] = "RESTRICT",
    [BTF_KIND_FUNC] = "FUNC",
    [BTF_KIND_FUNC_PROTO] = "FUNC_PROTO",
    [BTF_KIND_VAR] = "VAR",
    [BTF_KIND_DATASEC] = "DATASEC",
    [BTF_KIND_FLOAT] = "FLOAT",
    [BTF_KIND_DECL_TAG] = "DECL_TAG",
    [BTF_KIND_TYPE_TAG] = "TYPE_TAG",
    [BTF_KIND_ENUM64] = "ENUM64",
};

/* ---- pieces ---------------------------------------------------------------------------------- */

static const char *name_at(const struct listing *l, uint32_t off)
{
	return off ? btf_string(l->file, off) : "(anon)";
}

/* KEY: as it is written in either form. */
#define KEY(name) JSON_KEY(name), " " name "=", sizeof(name) + 1

static inline void say_key(struct listing *l, const char *quoted, size_t quoted_b,
                           const char *plain, size_t plain_b)
{
	if (l->j)
		json_plain_key(l->j, quoted, quoted_b);
	else
		out_bytes(l->o, plain, plain_b);
}

static inline void say_uint(struct listing *l, const char *quoted, size_t quoted_b,
                            const char *plain, size_t plain_b, uint64_t n)
{
	say_key(l, quoted, quoted_b, plain, plain_b);
	if (l->j)
		json_uint(l->j, n);
	else
		out_uint(l->o, n);
}

static void say_text(struct listing *l, const char *quoted, size_t quoted_b, const char *plain,
                     size_t plain_b, const char *text)
{
	say_key(l, quoted, quoted_b, plain, plain_b);
	if (l->j)
		json_string(l->j, text);
	else
		out_text(l->o, text);
}

static void say_name(struct listing *l, uint32_t name_off)
{
	const char *name = name_at(l, name_off);

	if (l->j) {
		json_plain_key(l->j, JSON_KEY("name"));
		json_string(l->j, name);
		return;
	}
	out_char(l->o, '\'');
	out_name(l->o, name);
	out_char(l->o, '\'');
}

/* What belongs to a type: in JSON an array of objects, else a line each. */
static void open_list(struct listing *l, const char *key)
{
	if (!l->j)
		return;
	json_key(l->j, key);
	json_open(l->j, '[');
}

static void close_list(struct listing *l)
{
	if (l->j)
		json_close(l->j, ']');
}

static void open_item(struct listing *l)
{
	if (l->j)
		json_open(l->j, '{');
	else
		out_bytes(l->o, "\n\t", 2);
}

static void close_item(struct listing *l)
{
	if (l->j)
		json_close(l->j, '}');
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static const char *encoding_name(uint32_t encoding)
{
	switch (encoding) {
	case 0:
		return "(none)";
	case BTF_INT_SIGNED:
		return "SIGNED";
	case BTF_INT_CHAR:
		return "CHAR";
	case BTF_INT_BOOL:
		return "BOOL";
	default:
		return "UNKN";
	}
}

static void list_int(struct listing *l, const struct btf_record *r)
{
	uint32_t info = *(const uint32_t *)r->extra;

	say_uint(l, KEY("size"), r->size_or_type);
	say_uint(l, KEY("bits_offset"), BTF_INT_OFFSET(info));
	say_uint(l, KEY("nr_bits"), BTF_INT_BITS(info));
	say_text(l, KEY("encoding"), encoding_name(BTF_INT_ENCODING(info)));
}

static void list_members(struct listing *l, const struct btf_record *r)
{
	const struct btf_member *m = r->extra;

	say_uint(l, KEY("size"), r->size_or_type);
	say_uint(l, KEY("vlen"), r->vlen);
	open_list(l, "members");
	for (uint32_t i = 0; i < r->vlen; i++) {
		open_item(l);
		say_name(l, m[i].name_off);
		say_uint(l, KEY("type_id"), m[i].type);
		if (!r->kflag) {
			say_uint(l, KEY("bits_offset"), m[i].offset);
		} else {
			say_uint(l, KEY("bits_offset"), BTF_MEMBER_BIT_OFFSET(m[i].offset));
			if (BTF_MEMBER_BITFIELD_SIZE(m[i].offset))
				say_uint(l, KEY("bitfield_size"),
				         BTF_MEMBER_BITFIELD_SIZE(m[i].offset));
		}
		close_item(l);
	}
	close_list(l);
}

static void say_value(struct listing *l, const struct btf_record *r, uint64_t bits)
{
	bool is_wide = r->kind == BTF_KIND_ENUM64;

	say_key(l, KEY("val"));
	if (l->j && r->kflag)
		json_int(l->j, (int64_t)bits);
	else if (l->j)
		json_uint(l->j, bits);
	else if (r->kflag)
		out_int(l->o, (int64_t)bits);
	else
		out_uint(l->o, bits);
	if (is_wide && !l->j)
		out_text(l->o, r->kflag ? "LL" : "ULL");
}

static void list_enum(struct listing *l, const struct btf_record *r)
{
	const struct btf_enum *narrow = r->extra;
	const struct btf_enum64 *wide = r->extra;
	bool is_wide = r->kind == BTF_KIND_ENUM64;

	say_text(l, KEY("encoding"), r->kflag ? "SIGNED" : "UNSIGNED");
	say_uint(l, KEY("size"), r->size_or_type);
	say_uint(l, KEY("vlen"), r->vlen);
	open_list(l, "values");
	for (uint32_t i = 0; i < r->vlen; i++) {
		open_item(l);
		say_name(l, is_wide ? wide[i].name_off : narrow[i].name_off);
		if (is_wide)
			say_value(l, r, (uint64_t)wide[i].val_hi32 << 32 | wide[i].val_lo32);
		else
			say_value(l, r,
			          r->kflag ? (uint64_t)narrow[i].val : (uint32_t)narrow[i].val);
		close_item(l);
	}
	close_list(l);
}

static void list_params(struct listing *l, const struct btf_record *r)
{
	const struct btf_param *p = r->extra;

	say_uint(l, KEY("ret_type_id"), r->size_or_type);
	say_uint(l, KEY("vlen"), r->vlen);
	open_list(l, "params");
	for (uint32_t i = 0; i < r->vlen; i++) {
		open_item(l);
		say_name(l, p[i].name_off);
		say_uint(l, KEY("type_id"), p[i].type);
		close_item(l);
	}
	close_list(l);
}

static const char *linkage_name(uint32_t linkage)
{
	static const char *const names[] = {"static", "global", "extern"};

	return linkage < sizeof(names) / sizeof(names[0]) ? names[linkage] : "(unknown)";
}

static void list_variable(struct listing *l, const struct btf_record *r)
{
	say_uint(l, KEY("type_id"), r->size_or_type);
	if (!l->j)
		out_char(l->o, ','); /* it has always been there */
	say_text(l, KEY("linkage"), linkage_name(((const struct btf_var *)r->extra)->linkage));
}

static void list_section(struct listing *l, const struct btf_record *r)
{
	const struct btf_var_secinfo *v = r->extra;
	struct btf_record var;

	say_uint(l, KEY("size"), r->size_or_type);
	say_uint(l, KEY("vlen"), r->vlen);
	open_list(l, "vars");
	for (uint32_t i = 0; i < r->vlen; i++) {
		open_item(l);
		if (l->j) {
			json_plain_key(l->j, JSON_KEY("type_id"));
			json_uint(l->j, v[i].type);
		} else {
			out_text(l->o, "type_id=");
			out_uint(l->o, v[i].type);
		}
		say_uint(l, KEY("offset"), v[i].offset);
		say_uint(l, KEY("size"), v[i].size);
		if (!l->j && btf_get(l->file, v[i].type, &var)) {
			out_text(l->o, " (");
			out_text(l->o, kind_names[var.kind]);
			out_char(l->o, ' ');
			say_name(l, var.name_off);
			out_char(l->o, ')');
		}
		close_item(l);
	}
	close_list(l);
}

static void list_type(struct listing *l, uint32_t id)
{
	struct btf_record r;
	const struct btf_array *array;
	int32_t component;

	if (!btf_get(l->file, id, &r))
		return;
	if (l->j) {
		json_open(l->j, '{');
		json_plain_key(l->j, JSON_KEY("id"));
		json_uint(l->j, id);
		json_plain_key(l->j, JSON_KEY("kind"));
		json_string(l->j, kind_names[r.kind]);
	} else {
		out_char(l->o, '[');
		out_uint(l->o, id);
		out_text(l->o, "] ");
		out_text(l->o, kind_names[r.kind]);
		out_char(l->o, ' ');
	}
	say_name(l, r.name_off);
	switch (r.kind) {
	case BTF_KIND_INT:
		list_int(l, &r);
		break;
	case BTF_KIND_ARRAY:
		array = r.extra;
		say_uint(l, KEY("type_id"), array->type);
		say_uint(l, KEY("index_type_id"), array->index_type);
		say_uint(l, KEY("nr_elems"), array->nelems);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		list_members(l, &r);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		list_enum(l, &r);
		break;
	case BTF_KIND_FWD:
		say_text(l, KEY("fwd_kind"), r.kflag ? "union" : "struct");
		break;
	case BTF_KIND_FUNC: /* its linkage is where others have a count */
		say_uint(l, KEY("type_id"), r.size_or_type);
		say_text(l, KEY("linkage"), linkage_name(r.vlen));
		break;
	case BTF_KIND_FUNC_PROTO:
		list_params(l, &r);
		break;
	case BTF_KIND_VAR:
		list_variable(l, &r);
		break;
	case BTF_KIND_DATASEC:
		list_section(l, &r);
		break;
	case BTF_KIND_FLOAT:
		say_uint(l, KEY("size"), r.size_or_type);
		break;
	case BTF_KIND_DECL_TAG:
		component = ((const struct btf_decl_tag *)r.extra)->component_idx;
		say_uint(l, KEY("type_id"), r.size_or_type);
		say_key(l, KEY("component_idx"));
		if (l->j)
			json_int(l->j, component);
		else
			out_int(l->o, component);
		break;
	default:
		say_uint(l, KEY("type_id"), r.size_or_type);
	}
	if (l->j)
		json_close(l->j, '}');
	else
		out_char(l->o, '\n');
}

void btf_dump_raw(struct inspect *x, const struct btf_source *s)
{
	struct listing l = {.file = s->file, .j = x->is_json ? &x->json : NULL};
	uint32_t end = btf_end(s->file);

	l.o = malloc(sizeof(*l.o));
	if (!l.o)
		abort();
	out_begin(l.o, stdout);
	if (l.j) {
		json_open(l.j, '{');
		json_key(l.j, "types");
		json_open(l.j, '[');
	}
	for (unsigned i = 0; i < s->n_roots; i++)
		list_type(&l, s->roots[i]);
	for (uint32_t id = btf_first(s->file); !s->n_roots && id < end; id++)
		list_type(&l, id);
	if (l.j) {
		json_close(l.j, ']');
		json_close(l.j, '}');
	}
	out_flush(l.o);
	free(l.o);
}
