/* See prototype.h. */
#include "inspect/prototype.h"

#include <bpf/btf.h>

#include "base/strbuf.h"

enum { DEPTH_MOST = 16 };

static void add_type(struct strbuf *s, const struct btf *btf, uint32_t id, int depth)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = t ? btf__name_by_offset(btf, t->name_off) : "";

	if (!id || !t) {
		sb_adds(s, "void");
		return;
	}
	if (depth > DEPTH_MOST) {
		sb_adds(s, "...");
		return;
	}
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		add_type(s, btf, t->type, depth + 1);
		sb_adds(s, s->n && sb_str(s)[s->n - 1] == '*' ? "*" : " *");
		break;
	case BTF_KIND_CONST:
		sb_adds(s, "const ");
		add_type(s, btf, t->type, depth + 1);
		break;
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		add_type(s, btf, t->type, depth + 1);
		break;
	case BTF_KIND_STRUCT:
		sb_addf(s, "struct %s", name);
		break;
	case BTF_KIND_UNION:
		sb_addf(s, "union %s", name);
		break;
	case BTF_KIND_FWD:
		sb_addf(s, "%s %s", btf_kflag(t) ? "union" : "struct", name);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		sb_addf(s, "enum %s", name);
		break;
	case BTF_KIND_ARRAY:
		add_type(s, btf, btf_array(t)->type, depth + 1);
		sb_addf(s, "[%u]", btf_array(t)->nelems);
		break;
	case BTF_KIND_FUNC_PROTO:
		prototype_text(s, btf, t);
		break;
	default:
		sb_adds(s, name);
	}
}

void prototype_text(struct strbuf *ret, const struct btf *btf, const struct btf_type *proto)
{
	const struct btf_param *p = btf_params(proto);
	uint32_t n = btf_vlen(proto);

	add_type(ret, btf, proto->type, 0);
	sb_adds(ret, " (");
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			sb_adds(ret, ", ");
		/* The last of those that take any number has no type. */
		if (i + 1 == n && !p[i].type && !p[i].name_off)
			sb_adds(ret, "...");
		else
			add_type(ret, btf, p[i].type, 0);
	}
	sb_adds(ret, n ? ")" : "void)");
}
