/* Inference of maps: keys and values of one map unified over all probes (spec 4.8).
 *
 * A map is scalar or keyed as its first use says. Reading one before its type is known is fine in
 * all passes but the last: then nobody ever assigned it, and it is undefined. */
#include "script/infer_internal.h"

struct infer_map *infer_map_named(struct infer *x, struct node *n)
{
	struct infer_map *im = strmap_get(&x->map_names, n->name);

	if (!im) {
		im = arena_new(x->a, struct infer_map);
		im->m = arena_new(x->a, struct map);
		im->m->name = n->name;
		im->m->first_use = n->at;
		im->m->declared_at = NO_SPAN;
		im->m->id = (uint32_t)x->maps.n;
		im->m->key = im->m->value = cast_unknown();
		im->next_key = im->next_value = cast_unknown();
		vec_push(x->a, &x->u->maps, im->m);
		vec_push(x->a, &x->maps, im);
		strmap_put(&x->map_names, im->m->name, im);
	}
	im->is_used = true;
	n->map = im->m;
	return im;
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* The first part of a key type that cannot be one, or NULL. */
static const struct type *bad_key_part(const struct type *t)
{
	t = type_strip(t);
	switch (t->kind) {
	case TYPE_NONE:
	case TYPE_VOID:
	case TYPE_FLOAT:
	case TYPE_FUNC:
	case TYPE_TIMESTAMP:
		return t;
	case TYPE_TUPLE:
	case TYPE_RECORD:
		for (uint32_t i = 0; i < t->n_fields; i++) {
			const struct type *bad = bad_key_part(t->fields[i].type);

			if (bad)
				return bad;
		}
		return NULL;
	default:
		return type_is_agg(t) ? t : NULL;
	}
}

static bool is_context(const struct node *n)
{
	return n->kind == NODE_BUILTIN && n->builtin && n->builtin->id == B_ctx;
}

static bool check_key(struct infer *x, const struct node *key, const struct type *t)
{
	const struct type *bad = bad_key_part(t);

	if ((t->kind == TYPE_TUPLE || t->kind == TYPE_STRUCT) && !t->size_b)
		bad = t; /* no kernel has keys of no bytes */
	for (uint32_t i = 0; key->kind == NODE_TUPLE && i < key->n_args; i++)
		if (is_context(key->args[i]))
			key = key->args[i];
	if (is_context(key)) {
		infer_error(x, E_MAP_USE, key->at, "context cannot be part of a map key");
		return false;
	}
	if (!bad)
		return true;
	if (type_is_agg(bad))
		infer_error(x, E_MAP_USE, key->at, "%s cannot be part of a map key",
		            infer_type_text(x, bad));
	else
		infer_error(x, E_MAP_USE, key->at, "Invalid map key type: %s",
		            infer_type_text(x, bad));
	return false;
}

void infer_map_key(struct infer *x, struct infer_map *im, struct node **slot, struct span at)
{
	const struct type *t = infer_value(x, slot), *both;

	if (cast_is_unknown(t) || !check_key(x, *slot, t))
		return;
	both = cast_common(x->a, im->next_key, t);
	if (!both) {
		infer_error(x, E_TYPE_MISMATCH, at,
		            "Argument mismatch for %s: trying to access with arguments: '%s' when "
		            "map expects arguments: '%s'",
		            im->m->name, infer_type_text(x, t), infer_type_text(x, im->next_key));
		return;
	}
	im->next_key = both;
	if (cast_is_implicit(t, im->m->key))
		infer_coerce(x, slot, im->m->key);
}

static void check_shape(struct infer *x, struct infer_map *im, struct node *n, bool is_keyed)
{
	if (!im->has_shape) {
		im->has_shape = true;
		im->m->is_keyed = is_keyed;
		return;
	}
	if (im->m->is_keyed == is_keyed)
		return;
	if (is_keyed)
		infer_error(x, E_MAP_USE, n->at,
		            "%s used as a map with an explicit key (non-scalar map), previously "
		            "used without an explicit key (scalar map)",
		            n->name);
	else
		infer_error(x, E_MAP_USE, n->at,
		            "%s used as a map without an explicit key (scalar map), previously "
		            "used with an explicit key (non-scalar map)",
		            n->name);
}

/* ---- places --------------------------------------------------------------------------------- */

struct infer_map *infer_map_place(struct infer *x, struct node *n)
{
	struct infer_map *im = infer_map_named(x, n);
	const struct type *t = im->m->value;

	check_shape(x, im, n, n->n_args > 0);
	if (n->n_args)
		infer_map_key(x, im, &n->args[0], n->at);
	n->type = cast_is_unknown(t) ? im->next_value : t;
	n->type = cast_settled(n->type);
	return im;
}

static bool is_same_series(const struct type *a, const struct type *b)
{
	return a->tseries_interval_ns == b->tseries_interval_ns && a->tseries_n == b->tseries_n &&
	       a->tseries_agg == b->tseries_agg;
}

bool infer_map_join(struct infer *x, struct node *n, const struct type *t, struct span at)
{
	struct infer_map *im = infer_map_named(x, n);
	const struct type *now = im->next_value, *both;

	im->is_written = true;
	if (t->kind == TYPE_NONE || t->kind == TYPE_VOID) {
		infer_error(x, E_TYPE_MISMATCH, at, "Value '%s' cannot be stored in a map",
		            infer_type_text(x, t));
		return false;
	}
	if (now->kind == TYPE_HIST && t->kind == TYPE_HIST && now->hist_bits != t->hist_bits) {
		infer_error(x, E_MAP_USE, at, "Different bits in a single hist unsupported");
		return false;
	}
	if (now->kind == TYPE_LHIST && t->kind == TYPE_LHIST && !type_equal(now, t)) {
		infer_error(x, E_MAP_USE, at, "Different lhist bounds in a single map unsupported");
		return false;
	}
	if (now->kind == TYPE_TSERIES && t->kind == TYPE_TSERIES && !is_same_series(now, t)) {
		infer_error(x, E_MAP_USE, at,
		            "Different tseries parameters in a single map unsupported");
		return false;
	}
	both = cast_common(x->a, now, t);
	/* One function, but of signed and unsigned numbers: signed. */
	if (!both && type_is_agg(now) && now->kind == t->kind)
		both = t->kind == TYPE_TSERIES ? (t->is_signed ? t : now)
		                               : type_agg(x->a, t->kind, true);
	if (!both) {
		infer_error(x, E_TYPE_MISMATCH, at,
		            "Type mismatch for %s: trying to assign value of type '%s' when map "
		            "already has a type '%s'",
		            n->name, infer_type_text(x, t), infer_type_text(x, now));
		return false;
	}
	im->next_value = both;
	n->type = cast_settled(cast_is_unknown(im->m->value) ? both : im->m->value);
	return true;
}

static void note_unset(struct infer *x, struct infer_map *im, struct span at)
{
	if (!x->is_final)
		return;
	if (!im->is_written) {
		infer_error(x, E_UNKNOWN_NAME, at, "Undefined map: %s", im->m->name);
		return;
	}
	/* Written, but what was written has no type: most likely that was reported. */
	if (!x->unset_map) {
		x->unset_map = im->m->name;
		x->first_unset_map = at;
	}
}

const struct type *infer_map_read(struct infer *x, struct node *n)
{
	struct infer_map *im = infer_map_place(x, n);
	const struct type *t = n->type;

	if (cast_is_unknown(t))
		note_unset(x, im, n->at);
	if (t->kind == TYPE_PTR && t->as == AS_BTF) /* it comes back as a plain number */
		t = type_ptr(x->a, t->elem, AS_KERNEL);
	return t;
}

struct infer_map *infer_map_whole(struct infer *x, struct node *n, const char *function)
{
	struct infer_map *im;

	if (n->kind != NODE_MAP || n->n_args) {
		infer_expr(x, n);
		infer_error(x, E_ARG_KIND, n->at, "%s() expects a map to be provided", function);
		return NULL;
	}
	im = infer_map_named(x, n);
	n->type = cast_is_unknown(im->m->value) ? im->next_value : im->m->value;
	if (cast_is_unknown(n->type))
		note_unset(x, im, n->at);
	return im;
}
