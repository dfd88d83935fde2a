/* Special fields of map values and of objects that programs allocate: locks, timers, kernel
 * pointers, lists and trees. Their types come from BTF; only their own helpers may touch them. */
#include "vm/verifier/state.h"

#include <string.h>

#include "base/arena.h"
#include "bpf/helpers.h"
#include "types/btf.h"

enum { KIND_TYPE_TAG = 18, KIND_DECL_TAG = 17, MAX_FIELDS = 11, MAX_DEPTH = 32 };

static const struct {
	const char *name;
	enum field_kind kind;
	uint32_t size_b;
} field_types[] = {
    {"bpf_spin_lock", FIELD_SPIN_LOCK, 4},  {"bpf_res_spin_lock", FIELD_RES_SPIN_LOCK, 4},
    {"bpf_timer", FIELD_TIMER, 16},         {"bpf_wq", FIELD_WORKQUEUE, 16},
    {"bpf_task_work", FIELD_TASK_WORK, 8},  {"bpf_list_head", FIELD_LIST_HEAD, 16},
    {"bpf_list_node", FIELD_LIST_NODE, 24}, {"bpf_rb_root", FIELD_RB_ROOT, 16},
    {"bpf_rb_node", FIELD_RB_NODE, 32},     {"bpf_refcount", FIELD_REFCOUNT, 4},
};

static const struct fields no_fields;

bool strip_modifiers(struct btf_file *btf, uint32_t *id, struct btf_record *ret)
{
	for (uint32_t depth = 0; depth < 32; depth++) {
		if (!btf_get(btf, *id, ret))
			return false;
		if (ret->kind != BTF_KIND_TYPEDEF && ret->kind != BTF_KIND_CONST &&
		    ret->kind != BTF_KIND_VOLATILE && ret->kind != BTF_KIND_RESTRICT &&
		    ret->kind != KIND_TYPE_TAG)
			return true;
		*id = ret->size_or_type;
	}
	return false;
}

struct search {
	struct verifier *v;
	struct btf_file *btf;
	struct fields *to;
	uint32_t depth;
};

static void add(struct search *s, struct field f)
{
	struct fields *to = s->to;

	for (uint32_t k = 0; k < to->n; k++) {
		if (to->items[k].kind == f.kind &&
		    (f.kind == FIELD_SPIN_LOCK || f.kind == FIELD_TIMER ||
		     f.kind == FIELD_WORKQUEUE || f.kind == FIELD_REFCOUNT ||
		     f.kind == FIELD_RES_SPIN_LOCK || f.kind == FIELD_TASK_WORK))
			to->problem = "a type can have only one lock, timer or counter";
	}
	if (to->n >= MAX_FIELDS) {
		to->problem = "too many special fields";
		return;
	}
	if (!to->items)
		to->items = arena_array(s->v->a, struct field, MAX_FIELDS);
	to->items[to->n++] = f;
}

/* "contains:NAME:NODE" of a list head or tree root: what its members are. */
static void find_contained(struct search *s, uint32_t struct_id, uint32_t member, struct field *f)
{
	struct btf_record r;
	uint32_t end = btf_end(s->btf);

	for (uint32_t id = btf_first(s->btf); id < end; id++) {
		const struct btf_decl_tag *tag;
		const char *text, *colon;
		char name[128];
		uint32_t to;

		if (!btf_get(s->btf, id, &r) || r.kind != KIND_DECL_TAG ||
		    r.size_or_type != struct_id)
			continue;
		tag = r.extra;
		text = btf_string(s->btf, r.name_off);
		if ((uint32_t)tag->component_idx != member || strncmp(text, "contains:", 9))
			continue;
		text += 9;
		colon = strchr(text, ':');
		if (!colon || (size_t)(colon - text) >= sizeof(name))
			continue;
		memcpy(name, text, (size_t)(colon - text));
		name[colon - text] = '\0';
		to = btf_find(s->btf, name, BTF_KIND_MASK(BTF_KIND_STRUCT), 0);
		if (!to || !btf_get(s->btf, to, &r))
			continue;
		f->btf = s->btf;
		f->btf_id = to;
		const struct btf_member *m = r.extra;

		for (uint32_t k = 0; k < r.vlen; k++) {
			if (!strcmp(btf_string(s->btf, m[k].name_off), colon + 1))
				f->node_off_b =
				    (r.kflag ? BTF_MEMBER_BIT_OFFSET(m[k].offset) : m[k].offset) /
				    8;
		}
	}
}

static void search_type(struct search *s, uint32_t id, uint32_t off_b, uint32_t parent,
                        uint32_t member);

static void search_pointer(struct search *s, uint32_t pointee, uint32_t off_b)
{
	enum field_kind kind = FIELD_KPTR_UNREF;
	struct btf_record r;
	const char *tag, *name;
	uint32_t id = pointee;
	struct btf_file *btf = s->btf;

	if (!btf_get(s->btf, pointee, &r) || r.kind != KIND_TYPE_TAG)
		return;
	tag = btf_string(s->btf, r.name_off);
	if (!strcmp(tag, "kptr_untrusted"))
		kind = FIELD_KPTR_UNREF;
	else if (!strcmp(tag, "kptr"))
		kind = FIELD_KPTR_REF;
	else if (!strcmp(tag, "percpu_kptr"))
		kind = FIELD_KPTR_PERCPU;
	else if (!strcmp(tag, "uptr"))
		kind = FIELD_UPTR;
	else
		return;
	if (!strip_modifiers(s->btf, &id, &r) ||
	    (r.kind != BTF_KIND_STRUCT && r.kind != BTF_KIND_FWD)) {
		s->to->problem = "a kptr must point to a struct";
		return;
	}
	/* Kernel objects are meant where the kernel has such a type, the program's own otherwise.
	 */
	name = btf_string(s->btf, r.name_off);
	if (kind != FIELD_UPTR && s->v->p->kernel_btf) {
		uint32_t in_kernel =
		    btf_find(s->v->p->kernel_btf, name, BTF_KIND_MASK(BTF_KIND_STRUCT), 0);

		if (in_kernel) {
			btf = s->v->p->kernel_btf;
			id = in_kernel;
		}
	}
	add(s, (struct field){.kind = kind, .off_b = off_b, .size_b = 8, .btf = btf, .btf_id = id});
}

static void search_type(struct search *s, uint32_t id, uint32_t off_b, uint32_t parent,
                        uint32_t member)
{
	struct btf_record r;

	if (s->depth > MAX_DEPTH) {
		s->to->problem = "a type nested too deep";
		return;
	}
	if (!strip_modifiers(s->btf, &id, &r))
		return;
	if (r.kind == BTF_KIND_PTR) {
		search_pointer(s, r.size_or_type, off_b);
		return;
	}
	if (r.kind == BTF_KIND_ARRAY) {
		const struct btf_array *a = r.extra;
		struct btf_record e;
		uint32_t elem = a->type, size_b, n_elems = a->nelems;

		if (!strip_modifiers(s->btf, &elem, &e))
			return;
		for (uint32_t k = 0; k < MAX_DEPTH && e.kind == BTF_KIND_ARRAY; k++) {
			a = e.extra; /* of more than one dimension */
			elem = a->type;
			n_elems = n_elems && a->nelems > UINT32_MAX / n_elems ? UINT32_MAX
			                                                      : n_elems * a->nelems;
			if (!strip_modifiers(s->btf, &elem, &e))
				return;
		}
		size_b = e.kind == BTF_KIND_PTR ? 8 : e.size_or_type;
		if (e.kind != BTF_KIND_PTR && e.kind != BTF_KIND_STRUCT)
			return;
		for (uint32_t k = 0; k < n_elems && k < 16; k++) {
			uint32_t n = s->to->n;

			s->depth++;
			search_type(s, a->type, off_b + k * size_b, parent, member);
			s->depth--;
			if (s->to->n == n)
				break;
		}
		return;
	}
	if (r.kind != BTF_KIND_STRUCT)
		return;
	const char *name = btf_string(s->btf, r.name_off);

	for (size_t k = 0; k < sizeof(field_types) / sizeof(*field_types); k++) {
		struct field f = {
		    .kind = field_types[k].kind, .off_b = off_b, .size_b = field_types[k].size_b};

		if (strcmp(name, field_types[k].name) != 0 || !s->depth)
			continue;
		if (r.size_or_type != f.size_b)
			return;
		if (off_b % (f.size_b == 4 ? 4 : 8))
			s->to->problem = "a special field is not aligned";
		if (f.kind == FIELD_LIST_HEAD || f.kind == FIELD_RB_ROOT) {
			find_contained(s, parent, member, &f);
			if (!f.btf_id)
				s->to->problem =
				    "a list head or tree root must say what it contains";
		}
		add(s, f);
		return;
	}
	const struct btf_member *m = r.extra;

	for (uint32_t k = 0; k < r.vlen; k++) {
		uint32_t bit = r.kflag ? BTF_MEMBER_BIT_OFFSET(m[k].offset) : m[k].offset;

		s->depth++;
		search_type(s, m[k].type, off_b + bit / 8, id, k);
		s->depth--;
	}
}

const struct fields *type_fields(struct verifier *v, struct btf_file *btf, uint32_t id)
{
	struct search s = {.v = v, .btf = btf};
	struct btf_record r;

	if (!btf || !id)
		return &no_fields;
	vec_each (e, &v->types) {
		if (e->btf == btf && e->id == id)
			return e->fields;
	}
	s.to = arena_new(v->a, struct fields);
	if (btf_get(btf, id, &r) && r.kind == BTF_KIND_DATASEC) {
		const struct btf_var_secinfo *vars = r.extra;

		for (uint32_t k = 0; k < r.vlen; k++) {
			struct btf_record var;

			s.depth = 1;
			if (btf_get(btf, vars[k].type, &var) && var.kind == BTF_KIND_VAR)
				search_type(&s, var.size_or_type, vars[k].offset, vars[k].type,
				            UINT32_MAX);
		}
	} else {
		search_type(&s, id, 0, 0, 0);
	}
	vec_push(v->a, &v->types, ((struct type_entry){btf, id, s.to}));
	return s.to;
}

const struct fields *map_fields(struct verifier *v, const struct vm_map_def *m)
{
	return type_fields(v, m->btf, m->value_type);
}

const struct field *field_find(const struct fields *f, enum field_kind kind)
{
	for (uint32_t k = 0; k < f->n; k++) {
		if (f->items[k].kind == kind)
			return &f->items[k];
	}
	return NULL;
}

static const char *field_name(enum field_kind kind)
{
	for (size_t k = 0; k < sizeof(field_types) / sizeof(*field_types); k++) {
		if (field_types[k].kind == kind)
			return field_types[k].name;
	}
	return "kptr";
}

/* ---- access ------------------------------------------------------------------------------------
 */

static bool is_kptr(enum field_kind k)
{
	return k == FIELD_KPTR_UNREF || k == FIELD_KPTR_REF || k == FIELD_KPTR_PERCPU ||
	       k == FIELD_UPTR;
}

/* Objects of these types are freed a grace period after their last reference is gone, as all that
 * programs allocate are (rcu_protected_types in kernel/bpf/verifier.c). */
static bool is_freed_by_rcu(const struct verifier *v, const struct field *f)
{
	static const char *const names[] = {"task_struct", "cgroup", "bpf_cpumask",
	                                    "bpf_crypto_ctx", "prog_test_ref_kfunc"};
	struct btf_record r;

	if (f->btf == v->p->btf)
		return true;
	if (!btf_get(f->btf, f->btf_id, &r))
		return false;
	for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++) {
		if (!strcmp(btf_string(f->btf, r.name_off), names[k]))
			return true;
	}
	return false;
}

static uint32_t kptr_flags(struct verifier *v, const struct field *f)
{
	uint32_t flags = REG_MAYBE_NULL;

	if (f->kind == FIELD_UPTR)
		return flags;
	if (f->kind == FIELD_KPTR_PERCPU && in_rcu(v))
		return flags | REG_PERCPU | REG_RCU;
	if (f->kind == FIELD_KPTR_REF && in_rcu(v) && is_freed_by_rcu(v, f))
		return flags | REG_RCU | (f->btf == v->p->btf ? REG_ALLOC | REG_NON_OWN : 0);
	return flags | REG_UNTRUSTED;
}

/* May this object be put where the field is? */
static int check_kptr_type(struct verifier *v, enum field_kind kind, struct btf_file *btf,
                           uint32_t btf_id, uint32_t regno)
{
	uint32_t allowed = REG_MAYBE_NULL | REG_TRUSTED | REG_RCU;
	const struct reg *r = &cur_regs(v)[regno];
	struct btf_record to;
	bool fits;

	if (kind == FIELD_KPTR_UNREF)
		allowed |= REG_UNTRUSTED;
	if (r->btf == v->p->btf)
		allowed = REG_MAYBE_NULL | REG_ALLOC | (kind == FIELD_KPTR_PERCPU ? REG_PERCPU : 0);
	fits = r->kind == REG_BTF && !(r->flags & ~allowed) && btf_get(btf, btf_id, &to);
	if (fits && check_pointer_const_off(v, r, regno, true))
		return -1;
	if (fits && kind == FIELD_KPTR_UNREF)
		fits = object_is(r->btf, r->btf_id, r->off, btf_string(btf, to.name_off));
	else if (fits)
		fits = r->btf == btf && r->btf_id == btf_id && !r->off;
	return fits ? 0
	            : refuse(v, WAY_FIELDS, "invalid kptr access, R%u type=%s", regno,
	                     reg_kind_name(r));
}

static int load_kptr(struct verifier *v, const struct field *f, int value)
{
	struct reg *dst = &cur_regs(v)[value];
	struct btf_record r;

	if (f->kind == FIELD_UPTR) {
		reg_pointer(dst, REG_MEM, REG_MAYBE_NULL);
		dst->mem_b = btf_get(f->btf, f->btf_id, &r) ? r.size_or_type : 0;
	} else {
		reg_pointer(dst, REG_BTF, kptr_flags(v, f));
		dst->btf = f->btf;
		dst->btf_id = f->btf_id;
	}
	dst->id = ++v->ids;
	return 1;
}

static int store_kptr(struct verifier *v, const struct field *f, int value)
{
	const struct reg *r = value >= 0 ? &cur_regs(v)[value] : NULL;
	const struct bpf_insn *i = &v->insns[v->pc];

	if (!r) {
		if (BPF_CLASS(i->code) == BPF_ST && !i->imm)
			return 1;
		return refuse(v, WAY_FIELDS, "BPF_ST imm must be 0 when storing to kptr at off=%u",
		              f->off_b);
	}
	if (takes_null(v, (uint32_t)value))
		return 1;
	if (f->kind != FIELD_KPTR_UNREF)
		return refuse(v, WAY_FIELDS,
		              "store to referenced kptr disallowed: use bpf_kptr_xchg()");
	return check_kptr_type(v, f->kind, f->btf, f->btf_id, (uint32_t)value) ? -1 : 1;
}

/* -1: refused. 1: done, a kptr was loaded or stored. 0: no special field is touched. */
int check_fields_access(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                        uint32_t size_b, bool is_write, int value, bool is_atomic, bool is_helper)
{
	const struct fields *fields =
	    r->kind == REG_BTF ? type_fields(v, r->btf, r->btf_id) : map_fields(v, r->map);
	int64_t min = r->s.smin + off, max = (int64_t)r->s.umax + off + size_b;

	for (uint32_t k = 0; k < fields->n; k++) {
		const struct field *f = &fields->items[k];

		if (min >= (int64_t)f->off_b + f->size_b || (int64_t)f->off_b >= max)
			continue;
		if (!is_kptr(f->kind))
			return refuse(v, WAY_FIELDS, "%s cannot be accessed directly by load/store",
			              field_name(f->kind));
		if (is_helper)
			return refuse(v, WAY_FIELDS,
			              "kptr cannot be accessed indirectly by helper");
		if (is_atomic)
			return refuse(v, WAY_FIELDS,
			              "kptr cannot be accessed by atomic instructions");
		if (!scalar_is_const(&r->s))
			return refuse(v, WAY_FIELDS,
			              "R%u variable offset not allowed for kptr access", regno);
		if (min != f->off_b)
			return refuse(v, WAY_FIELDS, "kptr access misaligned expected=%u off=%lld",
			              f->off_b, (long long)min);
		if (size_b != 8)
			return refuse(v, WAY_FIELDS, "kptr access size must be BPF_DW");
		if (is_write)
			return store_kptr(v, f, value);
		return value >= 0 ? load_kptr(v, f, value) : 1;
	}
	return 0;
}

/* ---- helpers that take them --------------------------------------------------------------------
 */

/* The field of this kind that the argument points to, or NULL (refused). */
static const struct field *pointed_field(struct verifier *v, uint32_t regno, enum field_kind kind)
{
	const struct reg *r = &cur_regs(v)[regno];
	const struct fields *fields =
	    r->kind == REG_BTF ? type_fields(v, r->btf, r->btf_id) : map_fields(v, r->map);
	const char *name = field_name(kind);
	int64_t at = (int64_t)r->s.bits.value + r->off;

	if (!scalar_is_const(&r->s)) {
		refuse(v, WAY_CONST,
		       "R%u doesn't have constant offset. %s has to be at the constant "
		       "offset",
		       regno, name);
		return NULL;
	}
	if (r->kind == REG_MAP_VALUE && !r->map->btf) {
		refuse(v, WAY_FIELDS, "map '%s' has to have BTF in order to use %s", r->map->name,
		       name);
		return NULL;
	}
	if (!field_find(fields, kind)) {
		refuse(v, WAY_FIELDS, "map '%s' has no valid %s", r->map ? r->map->name : "", name);
		return NULL;
	}
	for (uint32_t k = 0; k < fields->n; k++) {
		if (fields->items[k].kind == kind && fields->items[k].off_b == at)
			return &fields->items[k];
	}
	refuse(v, WAY_FIELDS, "off %lld doesn't point to 'struct %s' that is at %u", (long long)at,
	       name, field_find(fields, kind)->off_b);
	return NULL;
}

static void forget_borrowed(struct verifier *v)
{
	each_reg(v->cur, r, {
		if (r->flags & REG_NON_OWN) {
			if (r->flags & REG_RCU)
				r->flags &= ~(uint32_t)REG_NON_OWN;
			else
				reg_unknown(r);
		}
	});
}

static bool is_lock_ref(const struct reference *ref)
{
	return ref->kind == REF_LOCK || ref->kind == REF_RES_LOCK || ref->kind == REF_RES_LOCK_IRQ;
}

/* The lock that was taken last, or NULL. */
static const struct reference *last_lock(const struct state *st)
{
	for (size_t k = st->refs.n; k-- > 0;) {
		if (is_lock_ref(&st->refs.items[k]))
			return &st->refs.items[k];
	}
	return NULL;
}

static int take_lock(struct verifier *v, const struct reg *r, enum ref_kind kind, const void *owner)
{
	struct state *st = v->cur;

	if (kind == REF_LOCK && st->locks)
		return refuse(v, WAY_UNLOCK, "Locking two bpf_spin_locks are not allowed");
	vec_each (ref, &st->refs) {
		if (is_lock_ref(ref) && ref->owner == owner && ref->owner_id == r->id)
			return refuse(v, WAY_UNLOCK,
			              "Acquiring the same lock again, AA deadlock detected");
	}
	vec_push(
	    NULL, &st->refs,
	    ((struct reference){
	        .kind = kind, .id = ++v->ids, .pc = v->pc, .owner = owner, .owner_id = r->id}));
	st->locks++;
	return 0;
}

static int give_lock_back(struct verifier *v, const struct reg *r, enum ref_kind kind,
                          const void *owner)
{
	const char *name = kind == REF_LOCK ? "bpf_spin" : "bpf_res_spin";
	const struct reference *last = last_lock(v->cur);
	struct state *st = v->cur;

	if (!last)
		return refuse(v, WAY_UNLOCK, "%s_unlock without taking a lock", name);
	for (size_t k = 0; k < st->refs.n; k++) {
		const struct reference *ref = &st->refs.items[k];

		if (ref->kind != kind || ref->owner != owner || ref->owner_id != r->id)
			continue;
		if (ref != last)
			return refuse(v, WAY_UNLOCK, "%s_unlock cannot be out of order", name);
		ref_remove(st, k);
		st->locks--;
		forget_borrowed(v);
		return 0;
	}
	return refuse(v, WAY_UNLOCK, "%s_unlock of different lock", name);
}

int process_spin_lock(struct verifier *v, uint32_t regno, enum ref_kind kind, bool is_lock)
{
	const struct reg *r = &cur_regs(v)[regno];
	const void *owner = r->kind == REG_BTF ? (const void *)r->btf : (const void *)r->map;

	if (!pointed_field(v, regno, kind == REF_LOCK ? FIELD_SPIN_LOCK : FIELD_RES_SPIN_LOCK))
		return -1;
	return is_lock ? take_lock(v, r, kind, owner) : give_lock_back(v, r, kind, owner);
}

int process_map_field(struct verifier *v, uint32_t regno, enum field_kind kind, struct call_args *c)
{
	const struct reg *r = &cur_regs(v)[regno];

	if (!pointed_field(v, regno, kind))
		return -1;
	c->map = r->map;
	c->map_uid = r->map_uid;
	return 0;
}

int process_timer(struct verifier *v, uint32_t regno, struct call_args *c)
{
	const struct reg *r = &cur_regs(v)[regno];

	if (c->map && c->map != r->map)
		return refuse(v, WAY_NONE, "verifier bug. Two map pointers in a timer helper");
	return process_map_field(v, regno, FIELD_TIMER, c);
}

int process_kptr(struct verifier *v, uint32_t regno, struct call_args *c)
{
	const struct reg *r = &cur_regs(v)[regno];
	const struct fields *fields =
	    r->kind == REG_BTF ? type_fields(v, r->btf, r->btf_id) : map_fields(v, r->map);
	int64_t at = (int64_t)r->s.bits.value + r->off;

	if (!scalar_is_const(&r->s))
		return refuse(
		    v, WAY_CONST,
		    "R%u doesn't have constant offset. kptr has to be at the constant offset",
		    regno);
	if (r->kind == REG_MAP_VALUE && !r->map->btf)
		return refuse(v, WAY_FIELDS,
		              "map '%s' has to have BTF in order to use bpf_kptr_xchg",
		              r->map->name);
	for (uint32_t k = 0; k < fields->n; k++) {
		const struct field *f = &fields->items[k];

		if (!is_kptr(f->kind) || f->off_b != at)
			continue;
		if (f->kind != FIELD_KPTR_REF && f->kind != FIELD_KPTR_PERCPU)
			return refuse(v, WAY_FIELDS, "off=%lld kptr isn't referenced kptr",
			              (long long)at);
		c->kptr = (struct reg){.kind = REG_BTF,
		                       .btf = f->btf,
		                       .btf_id = f->btf_id,
		                       .flags = f->btf == v->p->btf ? REG_ALLOC : REG_TRUSTED};
		if (f->kind == FIELD_KPTR_PERCPU)
			c->kptr.flags = REG_ALLOC | REG_PERCPU;
		return 0;
	}
	return refuse(v, WAY_FIELDS, "off=%lld doesn't point to kptr", (long long)at);
}

int check_kptr_given(struct verifier *v, uint32_t regno, const struct call_args *c)
{
	enum field_kind kind = c->kptr.flags & REG_PERCPU ? FIELD_KPTR_PERCPU : FIELD_KPTR_REF;

	if (takes_null(v, regno))
		return 0;
	return check_kptr_type(v, kind, c->kptr.btf, c->kptr.btf_id, regno);
}

int check_maps(struct verifier *v)
{
	bool *is_seen = arena_array(v->a, bool, v->p->n_maps + 1);

	for (uint32_t pc = 0; pc < v->n; pc++) {
		own_strbuf struct strbuf why = {0};
		const struct bpf_insn *i = &v->insns[pc];
		uint32_t k = (uint32_t)i->imm;
		const struct vm_map_def *m;

		if (!bpf_is_lddw(i))
			continue;
		v->pc = pc++;
		if ((i->src_reg != BPF_PSEUDO_MAP_IDX && i->src_reg != BPF_PSEUDO_MAP_IDX_VALUE) ||
		    k >= v->p->n_maps || is_seen[k])
			continue;
		is_seen[k] = true;
		m = v->p->maps[k];
		if (!kind_may_use_map(v->p, m, &why))
			return refuse(v, WAY_MAP, "%s", sb_str(&why));
		if (map_fields(v, m)->problem)
			return refuse(v, WAY_FIELDS, "map '%s': %s", m->name,
			              map_fields(v, m)->problem);
	}
	return 0;
}
