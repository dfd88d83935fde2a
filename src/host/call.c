/* Calls: one row of image/host_functions.def each. Most functions take values; a few look at a map
 * itself, or compute something for each element. */
#include <stdlib.h>

#include "host/internal.h"

static host_fn *const functions[HOST_F_N] = {
    [HOST_F_int] = host_fn_int,
    [HOST_F_float] = host_fn_float,
    [HOST_F_abs] = host_fn_abs,
    [HOST_F_min] = host_fn_min,
    [HOST_F_max] = host_fn_max,
    [HOST_F_floor] = host_fn_floor,
    [HOST_F_round] = host_fn_round,
    [HOST_F_log2] = host_fn_log2,
    [HOST_F_str] = host_fn_str,
    [HOST_F_format] = host_fn_format,
    [HOST_F_len] = host_fn_len,
    [HOST_F_contains] = host_fn_contains,
    [HOST_F_matches] = host_fn_matches,
    [HOST_F_starts] = host_fn_starts,
    [HOST_F_substr] = host_fn_substr,
    [HOST_F_replace] = host_fn_replace,
    [HOST_F_split] = host_fn_split,
    [HOST_F_join] = host_fn_join,
    [HOST_F_trim] = host_fn_trim,
    [HOST_F_lower] = host_fn_lower,
    [HOST_F_upper] = host_fn_upper,
    [HOST_F_escape] = host_fn_escape,
    [HOST_F_keys] = host_fn_keys,
    [HOST_F_values] = host_fn_values,
    [HOST_F_reverse] = host_fn_reverse,
    [HOST_F_first] = host_fn_first,
    [HOST_F_last] = host_fn_last,
    [HOST_F_push] = host_fn_push,
    [HOST_F_has] = host_fn_has,
    [HOST_F_printf] = host_fn_printf,
    [HOST_F_banner] = host_fn_banner,
    [HOST_F_print] = host_fn_print,
    [HOST_F_warn] = host_fn_warn,
    [HOST_F_print_hist] = host_fn_print_hist,
    [HOST_F_row] = host_fn_row,
    [HOST_F_clear_screen] = host_fn_clear_screen,
    [HOST_F_exit] = host_fn_exit,
    [HOST_F_n_probes] = host_fn_n_probes,
    [HOST_F_now] = host_fn_now,
    [HOST_F_strftime] = host_fn_strftime,
    [HOST_F_since_first] = host_fn_since_first,
    [HOST_F_since_start] = host_fn_since_start,
    [HOST_F_read_file] = host_fn_read_file,
    [HOST_F_read_link] = host_fn_read_link,
    [HOST_F_glob] = host_fn_glob,
    [HOST_F_comm_of] = host_fn_comm_of,
    [HOST_F_user_name] = host_fn_user_name,
    [HOST_F_disk_name] = host_fn_disk_name,
    [HOST_F_errno_name] = host_fn_errno_name,
    [HOST_F_signal_name] = host_fn_signal_name,
    [HOST_F_syscall_name] = host_fn_syscall_name,
    [HOST_F_capability_name] = host_fn_capability_name,
    [HOST_F_dns_answers] = host_fn_dns_answers,
    [HOST_F_journal] = host_fn_journal,
    [HOST_F_tcp_state] = host_fn_tcp_state,
    [HOST_F_bit_names] = host_fn_bit_names,
    [HOST_F_frames] = host_fn_frames,
    [HOST_F_folded] = host_fn_folded,
    [HOST_F_missed] = host_fn_missed,
};

static struct value eval_kid(struct host *h, const struct host_op *op, uint32_t i)
{
	return i < op->n_kids ? host_eval(h, h->code->kids.items[op->kid + i]) : value_none();
}

/* ---- of a map itself ------------------------------------------------------------------------- */

static struct value print_map(struct host *h, const struct host_op *op)
{
	const struct host_map *m = &h->code->maps.items[op->slot];
	struct value top = eval_kid(h, op, 0), div = eval_kid(h, op, 1), all;
	own_strbuf struct strbuf text = {0};

	if (m->var != UINT32_MAX) {
		h->world.print_map(h->world.arg, m->var, (uint32_t)value_to_int(top),
		                   (uint32_t)value_to_int(div));
	} else {
		all = host_whole(h, op->slot, false);
		sb_addf(&text, "%s: ", m->name);
		host_text(h, all, &text);
		sb_addc(&text, '\n');
		output_write(h->out, sb_str(&text), text.n);
		value_drop(all);
	}
	value_drop(top);
	value_drop(div);
	return value_none();
}

static struct value has_key(struct host *h, const struct host_op *op)
{
	struct value key = eval_kid(h, op, 0), all = host_whole(h, op->slot, false);
	bool has = all.kind == VALUE_MAP && value_map_find(all.map, key);

	value_drop(key);
	value_drop(all);
	return value_int(has);
}

/* The functions whose slot is a map; false: not one of them. */
static bool call_of_map(struct host *h, const struct host_op *op, struct value *ret)
{
	if (op->slot >= h->code->maps.n)
		return false;
	switch (op->imm) {
	case HOST_F_clear:
		host_clear(h, op->slot);
		*ret = value_none();
		return true;
	case HOST_F_delete:
		*ret = value_int(host_delete(h, op->slot, eval_kid(h, op, 0)));
		return true;
	case HOST_F_has:
		*ret = has_key(h, op);
		return true;
	case HOST_F_print:
		*ret = print_map(h, op);
		return true;
	default:
		return false;
	}
}

/* ---- for each element ------------------------------------------------------------------------ */

struct keyed {
	struct value key, item;
	size_t place; /* where it was: equals stay in order */
};

static int compare_keyed(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int order = value_compare(x->key, y->key);

	return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* kid 1 for the element, which is in the local of op->slot. */
static struct value compute(struct host *h, const struct host_op *op, struct value item)
{
	if (op->n_kids < 2 || op->slot >= h->code->n_locals)
		return value_keep(item);
	value_drop(h->locals[op->slot]);
	h->locals[op->slot] = value_keep(item);
	return eval_kid(h, op, 1);
}

static struct value sorted(struct host *h, const struct host_op *op, const struct value_list *l)
{
	struct keyed *all = calloc(l->n + 1, sizeof(*all));
	struct value ret = value_new_list();

	if (!all)
		abort();
	for (size_t i = 0; i < l->n; i++)
		all[i] = (struct keyed){compute(h, op, l->items[i]), l->items[i], i};
	qsort(all, l->n, sizeof(*all), compare_keyed);
	for (size_t i = 0; i < l->n; i++) {
		value_list_add(ret.list, value_keep(all[i].item));
		value_drop(all[i].key);
	}
	free(all);
	return ret;
}

static struct value plus(struct value a, struct value b)
{
	if (a.kind == VALUE_FLOAT || b.kind == VALUE_FLOAT)
		return value_float(value_to_float(a) + value_to_float(b));
	return value_int((int64_t)((uint64_t)value_to_int(a) + (uint64_t)value_to_int(b)));
}

static struct value call_each(struct host *h, const struct host_op *op)
{
	struct value of = eval_kid(h, op, 0), list = host_as_list(of), ret = value_int(0);

	if (op->imm == HOST_F_sort) {
		ret = sorted(h, op, list.list);
	} else {
		if (op->imm != HOST_F_sum)
			ret = value_new_list();
		for (size_t i = 0; i < list.list->n; i++) {
			struct value v = compute(h, op, list.list->items[i]);

			if (op->imm == HOST_F_sum)
				ret = plus(ret, v);
			else if (op->imm == HOST_F_each)
				value_list_add(ret.list, value_keep(v));
			else if (value_is_true(v))
				value_list_add(ret.list, value_keep(list.list->items[i]));
			value_drop(v);
		}
	}
	value_drop(list);
	value_drop(of);
	return ret;
}

/* ---- all of them ----------------------------------------------------------------------------- */

struct value host_call(struct host *h, const struct host_op *op)
{
	struct value args[32] = {0}, ret;
	uint32_t n = op->n_kids < 32 ? op->n_kids : 32;

	switch (op->imm) {
	case HOST_F_sort:
	case HOST_F_filter:
	case HOST_F_each:
	case HOST_F_sum:
		return call_each(h, op);
	case HOST_F_header:
		if (op->slot < h->code->tables.n)
			host_header(h, op->slot);
		return value_none();
	default:
		if (call_of_map(h, op, &ret))
			return ret;
	}
	if (!functions[op->imm])
		return value_none();
	for (uint32_t i = 0; i < n; i++)
		args[i] = eval_kid(h, op, i);
	ret = functions[op->imm](h, args, n);
	for (uint32_t i = 0; i < n; i++)
		value_drop(args[i]);
	return ret;
}
