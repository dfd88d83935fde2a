/* Contexts that BTF describes: an array of 64-bit words, the arguments of a kernel function
 * (fentry, fexit, fmod_ret, lsm), tracepoint (tp_btf), iterator or struct_ops member. The rules are
 * those of btf_ctx_access() in kernel/bpf/btf.c: integers are numbers, pointers to structs are
 * kernel objects, other pointers are numbers too. */
#include <string.h>

#include "base/strbuf.h"
#include "vm/verifier/tables.h"

/* ---- BTF in few words ------------------------------------------------------------------------ */

enum { LONGEST_CHAIN = 32 }; /* typedefs and qualifiers; only hostile BTF has more */

static bool is_modifier(uint32_t kind)
{
	return kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_CONST ||
	       kind == BTF_KIND_RESTRICT || kind == BTF_KIND_TYPE_TAG;
}

bool btf_skip(struct btf_file *btf, uint32_t id, uint32_t *ret_id, struct btf_record *ret)
{
	for (int n = 0; n < LONGEST_CHAIN; n++) {
		if (!btf_get(btf, id, ret))
			return false;
		*ret_id = id;
		if (!is_modifier(ret->kind))
			return true;
		id = ret->size_or_type;
	}
	return false;
}

bool btf_param_has_suffix(const struct btf_file *btf, struct btf_param p, const char *suffix)
{
	const char *name = btf_string(btf, p.name_off);
	size_t len = strlen(name), end = strlen(suffix);

	return len > end && !strcmp(name + len - end, suffix);
}

const char *btf_pointer_tag(struct btf_file *btf, uint32_t pointee)
{
	struct btf_record r;

	if (!btf_get(btf, pointee, &r) || r.kind != BTF_KIND_TYPE_TAG)
		return "";
	return btf_string(btf_owner(btf, pointee), r.name_off);
}

static bool is_struct(uint32_t kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

static const char *name_of(struct btf_file *btf, uint32_t id)
{
	struct btf_record r;

	return btf_get(btf, id, &r) ? btf_string(btf_owner(btf, id), r.name_off) : "";
}

/* ---- what the program is attached to --------------------------------------------------------- */

static bool refuse(struct strbuf *why, const char *text, const char *name)
{
	if (why)
		sb_addf(why, "%s%s", text, name);
	return false;
}

/* A prototype with the names of the same parameters, from the FUNC of this name. */
static void find_names(struct attach_target *t, const char *function)
{
	uint32_t id = btf_find(t->btf, function, BTF_KIND_MASK(BTF_KIND_FUNC), 0);
	struct btf_record func;

	t->has_names = id && btf_get(t->btf, id, &func) &&
	               btf_get(t->btf, func.size_or_type, &t->names) &&
	               t->names.kind == BTF_KIND_FUNC_PROTO && t->names.vlen == t->proto.vlen;
}

static const char raw_prefix[] = "btf_trace_";

/* typedef void (*btf_trace_NAME)(void *, ...) */
static bool find_raw_tracepoint(const struct vm_program *p, const struct btf_record *r,
                                struct attach_target *t, struct strbuf *why)
{
	size_t len = sizeof(raw_prefix) - 1;
	struct btf_record ptr;
	uint32_t id;

	if (r->kind != BTF_KIND_TYPEDEF || strncmp(t->name, raw_prefix, len))
		return refuse(why, "attach_btf_id points to wrong type name ", t->name);
	t->name += len;
	if (!btf_skip(p->attach_btf, r->size_or_type, &id, &ptr) || ptr.kind != BTF_KIND_PTR ||
	    !btf_get(p->attach_btf, ptr.size_or_type, &t->proto) ||
	    t->proto.kind != BTF_KIND_FUNC_PROTO)
		return refuse(why, "no prototype is known of tracepoint ", t->name);
	t->skip = 1;
	return t->has_proto = true;
}

/* expected_attach_type is the number of the member. */
static bool find_member(const struct vm_program *p, const struct btf_record *r,
                        struct attach_target *t, struct strbuf *why)
{
	struct btf_record ptr;
	struct btf_member m;
	uint32_t id;

	if (r->kind != BTF_KIND_STRUCT)
		return refuse(why, "attach_btf_id is not a struct: ", t->name);
	t->struct_name = t->name;
	if (p->attach_type >= r->vlen)
		return refuse(why, "attach to invalid member of struct ", t->name);
	m = btf_member_at(r, p->attach_type);
	t->name = btf_string(btf_owner(p->attach_btf, p->attach_btf_id), m.name_off);
	if (!btf_skip(p->attach_btf, m.type, &id, &ptr) || ptr.kind != BTF_KIND_PTR ||
	    !btf_skip(p->attach_btf, ptr.size_or_type, &id, &t->proto) ||
	    t->proto.kind != BTF_KIND_FUNC_PROTO)
		return refuse(why, "attach to invalid member ", t->name);
	return t->has_proto = true;
}

bool attach_target_find(const struct vm_program *p, struct attach_target *ret, struct strbuf *why)
{
	struct btf_record r;

	*ret = (struct attach_target){.name = "", .btf = p->attach_btf};
	if (!p->attach_btf || !p->attach_btf_id)
		return refuse(why, "Tracing programs must provide btf_id", "");
	if (!btf_get(p->attach_btf, p->attach_btf_id, &r))
		return refuse(why, "attach_btf_id is invalid", "");
	ret->name = name_of(p->attach_btf, p->attach_btf_id);
	if (!*ret->name)
		return refuse(why, "attach_btf_id doesn't have a name", "");
	if (p->type == BPF_PROG_TYPE_STRUCT_OPS)
		return find_member(p, &r, ret, why);
	if (kind_attach_type(p) == BPF_TRACE_RAW_TP)
		return find_raw_tracepoint(p, &r, ret, why);
	if (r.kind != BTF_KIND_FUNC)
		return refuse(why, "attach_btf_id is not a function: ", ret->name);
	if (!btf_get(p->attach_btf, r.size_or_type, &ret->proto) ||
	    ret->proto.kind != BTF_KIND_FUNC_PROTO)
		return refuse(why, "no prototype is known of function ", ret->name);
	return ret->has_proto = true;
}

/* Names matter for their suffixes only, so they are looked up late: where they aren't the
 * prototype's own, that is a search through all BTF. */
static void load_names(const struct vm_program *p, struct attach_target *t)
{
	own_strbuf struct strbuf name = {0};

	if (p->type == BPF_PROG_TYPE_STRUCT_OPS)
		sb_addf(&name, "%s__%s", t->struct_name, t->name);
	else if (t->skip)
		sb_addf(&name, "__bpf_trace_%s", t->name);
	if (name.n) {
		find_names(t, sb_str(&name));
		return;
	}
	t->has_names = true;
	t->names = t->proto;
}

/* ---- words of the context -------------------------------------------------------------------- */

/* Words that a parameter takes: structs go by value. */
static uint32_t words_of(struct btf_file *btf, uint32_t id)
{
	struct btf_record r;

	if (!btf_skip(btf, id, &id, &r))
		return 0; /* void */
	if (r.kind == BTF_KIND_PTR)
		return 1;
	return r.size_or_type / 8 + (r.size_or_type % 8 != 0);
}

/* Which parameter has this word; vlen: the result; more: none (get_ctx_arg_idx()). */
static uint32_t param_at(const struct attach_target *t, uint32_t word)
{
	uint64_t end = 0;

	for (uint32_t k = 0; k < t->proto.vlen; k++) {
		end += words_of(t->btf, btf_param_at(&t->proto, k).type);
		if (word < end)
			return k;
	}
	end += words_of(t->btf, t->proto.size_or_type);
	return word < end ? t->proto.vlen : t->proto.vlen + 1;
}

bool context_btf_returns_nothing(const struct vm_program *p)
{
	struct attach_target t;

	if (p->type != BPF_PROG_TYPE_STRUCT_OPS &&
	    (p->type != BPF_PROG_TYPE_LSM || p->attach_type == BPF_LSM_CGROUP))
		return false;
	return attach_target_find(p, &t, NULL) && !t.proto.size_or_type;
}

uint32_t context_btf_words(const struct vm_program *p)
{
	struct attach_target t;
	uint64_t n = 0;

	if (!attach_target_find(p, &t, NULL))
		return VM_ARGS_MAX;
	for (uint32_t k = t.skip; k < t.proto.vlen; k++)
		n += words_of(t.btf, btf_param_at(&t.proto, k).type);
	n += 1; /* the result, whether it is shown or not */
	return n < VM_ARGS_MAX ? n : VM_ARGS_MAX;
}

/* ---- iterators ------------------------------------------------------------------------------- */

enum { PLAIN = REG_MAYBE_NULL, TRUSTED = REG_MAYBE_NULL | REG_TRUSTED };

/* What iterators hand over, as their struct bpf_iter_reg says: null at the end of the walk. */
static const struct iterator {
	const char *name;
	uint32_t word;
	enum reg_kind kind;
	uint32_t flags;
} iterators[] = {
    {"bpf_link", 1, REG_BTF, PLAIN},
    {"bpf_map", 1, REG_BTF, TRUSTED},
    {"bpf_map_elem", 2, REG_BUF, REG_MAYBE_NULL | REG_RDONLY},
    {"bpf_map_elem", 3, REG_BUF, REG_MAYBE_NULL},
    {"bpf_prog", 1, REG_BTF, PLAIN},
    {"bpf_sk_storage_map", 2, REG_BTF, PLAIN},
    {"bpf_sk_storage_map", 3, REG_BUF, REG_MAYBE_NULL},
    {"cgroup", 1, REG_BTF, TRUSTED},
    {"dmabuf", 1, REG_BTF, PLAIN},
    {"ipv6_route", 1, REG_BTF, PLAIN},
    {"kmem_cache", 1, REG_BTF, TRUSTED},
    {"ksym", 1, REG_BTF, PLAIN},
    {"netlink", 1, REG_BTF, PLAIN},
    {"sockmap", 2, REG_BUF, REG_MAYBE_NULL | REG_RDONLY},
    {"sockmap", 3, REG_BTF, PLAIN},
    {"task", 1, REG_BTF, TRUSTED},
    {"task_file", 1, REG_BTF, PLAIN},
    {"task_file", 3, REG_BTF, PLAIN},
    {"task_vma", 1, REG_BTF, PLAIN},
    {"task_vma", 2, REG_BTF, PLAIN},
    {"tcp", 1, REG_BTF, TRUSTED},
    {"udp", 1, REG_BTF, TRUSTED},
    {"unix", 1, REG_BTF, PLAIN},
};

static const struct iterator *iterator_find(const char *function, uint32_t word)
{
	static const char prefix[] = "bpf_iter_";
	size_t len = sizeof(prefix) - 1;

	if (strncmp(function, prefix, len))
		return NULL;
	for (size_t k = 0; k < sizeof(iterators) / sizeof(*iterators); k++) {
		if (iterators[k].word == word && !strcmp(iterators[k].name, function + len))
			return &iterators[k];
	}
	return NULL;
}

/* ---- tracepoints ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint64_t digits;
} tracepoints[] = {
#define TRACEPOINT(name, digits) {#name, digits},
#include "vm/verifier/tracepoints.def"
#undef TRACEPOINT
};

enum { MAY_BE_NULL = 1, MAY_BE_ERROR = 2 };

static uint32_t tracepoint_argument(const struct attach_target *t, uint32_t arg)
{
	for (size_t k = 0; k < sizeof(tracepoints) / sizeof(*tracepoints); k++) {
		if (!strcmp(tracepoints[k].name, t->name))
			return arg < 16 ? tracepoints[k].digits >> (4 * arg) & 0xf : 0;
	}
	/* Of a module's tracepoints nothing is known. */
	return btf_first(t->btf) > 1 ? MAY_BE_NULL : 0;
}

/* ---- loads ----------------------------------------------------------------------------------- */

/* prog_args_trusted() */
static bool are_arguments_trusted(const struct vm_program *p)
{
	uint32_t attach = kind_attach_type(p);

	switch (p->type) {
	case BPF_PROG_TYPE_TRACING:
		return attach == BPF_TRACE_RAW_TP || attach == BPF_TRACE_ITER;
	case BPF_PROG_TYPE_LSM:
		return !(kind_hook_flags(p) & HOOK_UNTRUSTED);
	default:
		return p->type == BPF_PROG_TYPE_STRUCT_OPS;
	}
}

static bool no_argument(const struct attach_target *t, uint32_t k, struct strbuf *why)
{
	sb_addf(why, ": func '%s' doesn't have %u-th argument", t->name, k + 1);
	return false;
}

/* The type of the result, for those who may see it. */
static bool result_type(const struct vm_program *p, const struct attach_target *t, uint32_t k,
                        uint32_t *ret_id, struct strbuf *why)
{
	struct btf_record r;

	*ret_id = t->proto.size_or_type;
	switch (kind_attach_type(p)) {
	case BPF_LSM_MAC:
	case BPF_LSM_CGROUP:
	case BPF_TRACE_FEXIT:
		return p->type != BPF_PROG_TYPE_STRUCT_OPS || no_argument(t, k, why);
	case BPF_MODIFY_RETURN:
		if (p->type == BPF_PROG_TYPE_TRACING && btf_skip(t->btf, *ret_id, ret_id, &r) &&
		    r.kind == BTF_KIND_INT)
			return true;
		sb_adds(why, ": ret type not allowed for fmod_ret");
		return false;
	default:
		return no_argument(t, k, why);
	}
}

static bool is_number(const struct btf_record *r)
{
	return (r->kind == BTF_KIND_INT && r->size_or_type <= 8) || r->kind == BTF_KIND_ENUM ||
	       r->kind == BTF_KIND_ENUM64 || is_struct(r->kind);
}

/* What BTF's own pointers to nothing or to integers are to the verifier: numbers. */
static bool is_opaque(struct btf_file *btf, uint32_t pointee)
{
	struct btf_record r;

	return !btf_skip(btf, pointee, &pointee, &r) || r.kind == BTF_KIND_INT;
}

static uint32_t tag_flags(struct btf_file *btf, uint32_t pointee)
{
	const char *tag = btf_pointer_tag(btf, pointee);

	return !strcmp(tag, "user") ? REG_USER : !strcmp(tag, "percpu") ? REG_PERCPU : 0;
}

/* tcp_congestion_ops: each struct sock is a tcp_sock (bpf_tcp_ca_is_valid_access()). */
static void promote_socket(const struct attach_target *t, struct context_access *ret)
{
	uint32_t id;

	if (!t->struct_name || strcmp(t->struct_name, "tcp_congestion_ops") ||
	    strcmp(name_of(ret->btf, ret->btf_id), "sock"))
		return;
	id = btf_find(ret->btf, "tcp_sock", BTF_KIND_MASK(BTF_KIND_STRUCT), 0);
	if (id)
		ret->btf_id = id;
}

/* Qdisc_ops.enqueue: the list to drop packets into goes by a name of its own
 * (bpf_qdisc_is_valid_access()). */
static bool give_drop_list(const struct attach_target *t, uint32_t k, struct context_access *ret)
{
	if (!t->struct_name || k != 2 || strcmp(t->struct_name, "Qdisc_ops") ||
	    strcmp(t->name, "enqueue"))
		return false;
	ret->btf_id = btf_find(t->btf, "bpf_sk_buff_ptr", BTF_KIND_MASK(BTF_KIND_STRUCT), 0);
	if (!ret->btf_id)
		return false;
	ret->kind = REG_BTF;
	ret->flags = REG_TRUSTED;
	ret->btf = t->btf;
	return true;
}

/* Argument `k` of the prototype is a pointer to `pointee`, some struct. */
static bool give_object(const struct vm_program *p, struct attach_target *t, uint32_t k,
                        uint32_t word, uint32_t pointee, struct context_access *ret,
                        struct strbuf *why)
{
	bool is_tracepoint = t->skip != 0;
	bool is_iterator =
	    p->type == BPF_PROG_TYPE_TRACING && kind_attach_type(p) == BPF_TRACE_ITER;
	const struct iterator *it = is_iterator ? iterator_find(t->name, word) : NULL;
	uint32_t known = is_tracepoint ? tracepoint_argument(t, k) : 0;
	uint32_t id = pointee;
	struct btf_record r;

	if (!btf_skip(t->btf, pointee, &id, &r) || !is_struct(r.kind)) {
		sb_addf(why, ": func '%s' arg%u type is not a struct", t->name, k);
		return false;
	}
	ret->kind = REG_BTF;
	ret->btf_id = id;
	ret->btf = btf_owner(t->btf, id);
	if (it) {
		ret->flags = it->flags;
		return true;
	}
	ret->flags = are_arguments_trusted(p) ? REG_TRUSTED : 0;
	ret->flags |= tag_flags(t->btf, pointee);
	if (k + t->skip < t->proto.vlen) {
		load_names(p, t);
		if (t->has_names) {
			struct btf_file *owner = t->btf;
			struct btf_param name = btf_param_at(&t->names, k + t->skip);

			if (btf_param_has_suffix(owner, name, "__nullable"))
				ret->flags |= REG_MAYBE_NULL;
			ret->is_acquired = p->type == BPF_PROG_TYPE_STRUCT_OPS &&
			                   btf_param_has_suffix(owner, name, "__ref");
		}
	}
	if (known & MAY_BE_NULL)
		ret->flags |= REG_MAYBE_NULL;
	if (known & MAY_BE_ERROR)
		*ret = (struct context_access){.kind = REG_SCALAR, .range = scalar_unknown};
	else
		promote_socket(t, ret);
	return true;
}

bool context_btf_access(const struct vm_program *p, int32_t off_b, uint32_t size_b,
                        struct context_access *ret, struct strbuf *why)
{
	uint32_t word = (uint32_t)off_b / 8, k, n, id;
	const struct iterator *it;
	struct attach_target t;
	struct btf_record r;

	if (!attach_target_find(p, &t, why))
		return false;
	if (off_b % 8) {
		sb_addf(why, ": func '%s' offset %d is not multiple of 8", t.name, off_b);
		return false;
	}
	k = param_at(&t, word);
	n = t.proto.vlen - t.skip;
	if (t.skip > t.proto.vlen || k > n)
		return no_argument(&t, k, why);
	if (k < n)
		id = btf_param_at(&t.proto, k + t.skip).type;
	else if (!result_type(p, &t, k, &id, why))
		return false;
	if (!btf_skip(t.btf, id, &id, &r)) {
		sb_addf(why, ": func '%s' arg%u has no type", t.name, k);
		return false;
	}
	if (is_number(&r)) {
		if (k == n && p->type == BPF_PROG_TYPE_LSM && kind_attach_type(p) == BPF_LSM_MAC)
			ret->range = kind_hook_flags(p) & HOOK_BOOL ? scalar_srange(0, 1)
			                                            : scalar_srange(-4095, 0);
		return true;
	}
	if (r.kind != BTF_KIND_PTR) {
		sb_addf(why, ": func '%s' arg%u: Only pointer access is allowed", t.name, k);
		return false;
	}
	if (size_b != 8) {
		sb_addf(why, ": func '%s' size %u must be 8", t.name, size_b);
		return false;
	}
	it = p->type == BPF_PROG_TYPE_TRACING && kind_attach_type(p) == BPF_TRACE_ITER
	         ? iterator_find(t.name, word)
	         : NULL;
	if (it && it->kind == REG_BUF) {
		ret->kind = REG_BUF;
		ret->flags = it->flags;
		return true;
	}
	if (give_drop_list(&t, k, ret) || is_opaque(t.btf, r.size_or_type))
		return true;
	return give_object(p, &t, k, word, r.size_or_type, ret, why);
}
