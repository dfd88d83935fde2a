/* See pack.h. A type is written where it is used, as a tree: of what a pointer points to nobody
 * asks any more when programs run, so there are no cycles. */
#include "image/pack.h"

#include <string.h>

#include "base/arena.h"

enum { DEEPEST = 64, NO_TYPE = TYPE_N };

void pack_bytes(struct packer *p, void *bytes, size_t len_b)
{
	if (p->out) {
		sb_add(p->out, bytes, len_b);
		return;
	}
	p->is_bad |= len_b > p->left_b;
	if (p->is_bad) {
		memset(bytes, 0, len_b);
		return;
	}
	memcpy(bytes, p->in, len_b);
	p->in += len_b;
	p->left_b -= len_b;
}

void pack_count(struct packer *p, uint32_t *n, size_t min_b)
{
	pack_value(p, n);
	if (p->out || *n <= p->left_b / min_b)
		return;
	p->is_bad = true;
	*n = 0;
}

/* As many bytes as were counted; in the arena when read. */
static void pack_blob(struct packer *p, const void **bytes, uint32_t len_b)
{
	void *room = p->out ? (void *)(uintptr_t)*bytes : arena_alloc(p->a, (size_t)len_b + 1);

	pack_bytes(p, room, len_b);
	*bytes = room;
}

void pack_text(struct packer *p, const char **text)
{
	uint32_t n = p->out && *text ? (uint32_t)strlen(*text) + 1 : 0;
	const void *bytes = *text;

	pack_count(p, &n, 1);
	if (!n) {
		*text = NULL;
		return;
	}
	pack_blob(p, &bytes, n);
	*text = bytes;
	if (!p->out && (*text)[n - 1]) {
		p->is_bad = true;
		*text = "";
	}
}

#define pack_vec(p, v, pack_one, min_b)                                                            \
	do {                                                                                       \
		uint32_t n_ = (uint32_t)(v)->n;                                                    \
                                                                                                   \
		pack_count((p), &n_, (min_b));                                                     \
		if (!(p)->out) {                                                                   \
			vec_reserve((p)->a, (v), n_ + 1u);                                         \
			memset((v)->items, 0, n_ * sizeof(*(v)->items));                           \
			(v)->n = n_;                                                               \
		}                                                                                  \
		for (uint32_t i_ = 0; i_ < n_; i_++)                                               \
			pack_one((p), &(v)->items[i_]);                                            \
	} while (0)

/* ---- types ----------------------------------------------------------------------------------- */

static void pack_type(struct packer *p, const struct type **type, unsigned depth);

static void pack_field(struct packer *p, struct field *f, unsigned depth)
{
	pack_text(p, &f->name);
	pack_value(p, &f->off_b);
	pack_value(p, &f->bit_off);
	pack_value(p, &f->bit_size);
	pack_value(p, &f->is_data_loc);
	pack_type(p, &f->type, depth);
	if (!f->type)
		f->type = type_none();
}

static void pack_members(struct packer *p, struct type *t, unsigned depth)
{
	struct field *fields = (struct field *)(uintptr_t)t->fields;
	struct enumerator *values = (struct enumerator *)(uintptr_t)t->enumerators;

	pack_count(p, &t->n_fields, 16);
	pack_count(p, &t->n_enumerators, 12);
	if (!p->out) {
		fields = arena_array(p->a, struct field, t->n_fields + 1);
		values = arena_array(p->a, struct enumerator, t->n_enumerators + 1);
	}
	for (uint32_t i = 0; i < t->n_fields; i++)
		pack_field(p, &fields[i], depth);
	for (uint32_t i = 0; i < t->n_enumerators; i++) {
		pack_text(p, &values[i].name);
		pack_value(p, &values[i].value);
	}
	t->fields = fields;
	t->enumerators = values;
}

/* Of a copy: types are nobody's to write to. */
static void pack_type(struct packer *p, const struct type **type, unsigned depth)
{
	struct type *t = arena_new(p->a, struct type);
	uint32_t kind = *type ? (uint32_t)(*type)->kind : NO_TYPE;

	pack_value(p, &kind);
	if (kind >= TYPE_N || depth > DEEPEST) {
		p->is_bad |= kind > NO_TYPE || depth > DEEPEST;
		*type = NULL;
		return;
	}
	if (p->out)
		*t = **type;
	t->kind = (enum type_kind)kind;
	if (t->kind == TYPE_PTR)
		t->elem = NULL;
	pack_value(p, &t->size_b);
	pack_value(p, &t->align_b);
	pack_value(p, &t->is_signed);
	pack_value(p, &t->is_char);
	pack_text(p, &t->name);
	pack_value(p, &t->n_elems);
	pack_value(p, &t->as);
	pack_value(p, &t->stack_mode);
	pack_value(p, &t->stack_depth);
	pack_value(p, &t->hist_bits);
	pack_value(p, &t->lhist_min);
	pack_value(p, &t->lhist_max);
	pack_value(p, &t->lhist_step);
	pack_value(p, &t->tseries_n);
	pack_value(p, &t->tseries_interval_ns);
	pack_value(p, &t->tseries_agg);
	pack_type(p, &t->elem, depth + 1);
	pack_members(p, t, depth + 1);
	if (p->out)
		return;
	if (!t->elem)
		t->elem = type_void();
	t->btf_id = 0;
	*type = t;
}

/* ---- programs -------------------------------------------------------------------------------- */

static void pack_attach(struct packer *p, struct image_attach *at)
{
	pack_value(p, &at->kind);
	pack_text(p, &at->name);
	pack_text(p, &at->category);
	pack_text(p, &at->func);
	pack_text(p, &at->path);
	pack_value(p, &at->off_b);
	pack_value(p, &at->address);
	pack_value(p, &at->ref_ctr_off_b);
	pack_value(p, &at->perf_type);
	pack_value(p, &at->perf_config);
	pack_value(p, &at->period);
	pack_value(p, &at->is_frequency);
	pack_value(p, &at->tracepoint_id);
	pack_value(p, &at->cookie);
	pack_value(p, &at->n_probes);
	p->is_bad |= at->kind > ATTACH_WATCHPOINT;
}

static void pack_note(struct packer *p, struct ir_note *n)
{
	pack_value(p, &n->insn);
	pack_text(p, &n->text);
}

static void pack_origin(struct packer *p, struct ir_origin *o)
{
	pack_value(p, &o->insn);
	pack_value(p, &o->n_insns);
	pack_text(p, &o->func);
	pack_text(p, &o->origin);
}

static void pack_code(struct packer *p, struct image_program *prog)
{
	struct ir_code *c = &prog->code;
	struct image_func *funcs = (struct image_func *)(uintptr_t)prog->funcs;

	pack_vec(p, &c->insns, pack_value, sizeof(*c->insns.items));
	pack_vec(p, &c->relocs, pack_value, sizeof(*c->relocs.items));
	pack_vec(p, &c->spans, pack_value, sizeof(*c->spans.items));
	pack_vec(p, &c->notes, pack_note, 8);
	pack_vec(p, &c->origins, pack_origin, 16);
	pack_vec(p, &c->func_starts, pack_value, sizeof(*c->func_starts.items));
	pack_value(p, &c->stack_b);
	if (!p->out)
		funcs = arena_array(p->a, struct image_func, c->func_starts.n + 1);
	for (size_t i = 0; i < c->func_starts.n; i++) {
		pack_text(p, &funcs[i].name);
		pack_value(p, &funcs[i].n_params);
		pack_value(p, &funcs[i].is_global);
	}
	prog->funcs = funcs;
}

static void pack_program(struct packer *p, struct image_program *prog)
{
	pack_text(p, &prog->name);
	pack_value(p, &prog->type);
	pack_value(p, &prog->expected_attach_type);
	pack_value(p, &prog->attach_btf_id);
	pack_value(p, &prog->attach_btf_obj_id);
	pack_value(p, &prog->attach_prog_id);
	pack_code(p, prog);
	pack_vec(p, &prog->attaches, pack_attach, 64);
	pack_value(p, &prog->uses_cookie);
	pack_value(p, &prog->at);
}

/* ---- maps, variables, events ----------------------------------------------------------------- */

static void pack_map(struct packer *p, struct image_map *m)
{
	bool has_init = m->init;

	pack_value(p, &m->role);
	pack_text(p, &m->name);
	pack_value(p, &m->type);
	pack_value(p, &m->key_size_b);
	pack_value(p, &m->value_size_b);
	pack_value(p, &m->max_entries);
	pack_value(p, &m->flags);
	pack_text(p, &m->path);
	pack_value(p, &m->is_frozen);
	pack_value(p, &m->is_unused);
	pack_value(p, &has_init);
	if (has_init && !p->out)
		p->is_bad |= m->value_size_b > p->left_b;
	if (has_init && !p->is_bad)
		pack_blob(p, &m->init, m->value_size_b);
}

static void pack_var(struct packer *p, struct image_var *v)
{
	pack_text(p, &v->name);
	pack_type(p, &v->key, 0);
	pack_type(p, &v->value, 0);
	pack_value(p, &v->map);
	pack_value(p, &v->off_b);
	pack_value(p, &v->is_per_cpu);
	p->is_bad |= !v->name;
}

static void pack_cells(struct packer *p, struct image_event *ev)
{
	struct image_cell *cells = (struct image_cell *)(uintptr_t)ev->cells;
	uint64_t n_fields = 0;

	pack_count(p, &ev->n_cells, 8);
	if (!p->out)
		cells = arena_array(p->a, struct image_cell, ev->n_cells + 1);
	for (uint32_t i = 0; i < ev->n_cells; i++) {
		pack_text(p, &cells[i].format);
		pack_value(p, &cells[i].n_fields);
		n_fields += cells[i].n_fields;
		p->is_bad |= !cells[i].format && cells[i].n_fields != 1;
	}
	ev->cells = cells;
	p->is_bad |= ev->kind == EVENT_ROW && n_fields != ev->n_fields;
}

static void pack_event(struct packer *p, struct image_event *ev)
{
	struct image_field *fields = (struct image_field *)(uintptr_t)ev->fields;

	pack_value(p, &ev->kind);
	pack_text(p, &ev->format);
	pack_count(p, &ev->n_fields, 8);
	if (!p->out)
		fields = arena_array(p->a, struct image_field, ev->n_fields + 1);
	for (uint32_t i = 0; i < ev->n_fields; i++) {
		pack_type(p, &fields[i].type, 0);
		pack_value(p, &fields[i].off_b);
		pack_value(p, &fields[i].is_packed);
		p->is_bad |= !p->out && !fields[i].type;
	}
	ev->fields = fields;
	pack_cells(p, ev);
	pack_value(p, &ev->size_b);
	pack_value(p, &ev->var);
	pack_value(p, &ev->table);
	pack_value(p, &ev->top);
	pack_value(p, &ev->div);
	pack_text(p, &ev->helper);
	pack_value(p, &ev->at);
	p->is_bad |= ev->kind >= EVENT_N;
}

static void pack_option(struct packer *p, struct image_option *o)
{
	pack_text(p, &o->name);
	pack_text(p, &o->description);
	pack_value(p, &o->kind);
	pack_value(p, &o->is_signed);
	pack_value(p, &o->off_b);
	pack_value(p, &o->size_b);
	p->is_bad |= !o->name;
}

/* ---- host code ------------------------------------------------------------------------------- */

static void pack_constant(struct packer *p, struct host_constant *c)
{
	const void *bytes = c->text;

	pack_value(p, &c->kind);
	pack_value(p, &c->number);
	pack_value(p, &c->real);
	pack_count(p, &c->text_len_b, 1);
	pack_blob(p, &bytes, c->text_len_b);
	c->text = bytes;
	if (!p->out) /* the arena's room has one byte more, which is 0 */
		c->kind = c->kind < HOST_C_N ? c->kind : HOST_C_NONE;
}

static void pack_column(struct packer *p, struct host_column *c)
{
	pack_text(p, &c->header);
	pack_text(p, &c->key);
	pack_value(p, &c->width);
	pack_value(p, &c->precision);
	pack_value(p, &c->is_left);
	pack_value(p, &c->is_hex);
	pack_value(p, &c->is_octal);
	pack_value(p, &c->is_glued);
	pack_value(p, &c->value);
}

static void pack_table(struct packer *p, struct host_table *t)
{
	pack_text(p, &t->name);
	pack_vec(p, &t->columns, pack_column, 24);
	pack_vec(p, &t->fields, pack_text, 4);
	pack_value(p, &t->where);
	pack_value(p, &t->handler);
	pack_value(p, &t->is_emitted_by_probes);
}

static void pack_host_map(struct packer *p, struct host_map *m)
{
	pack_text(p, &m->name);
	pack_value(p, &m->var);
}

static void pack_host(struct packer *p, struct image *img)
{
	bool has_host = img->host;
	struct image_host *h;
	uint32_t rows;

	pack_value(p, &has_host);
	if (!has_host || p->is_bad)
		return;
	if (!p->out)
		img->host = arena_new(p->a, struct image_host);
	h = img->host;
	pack_vec(p, &h->ops, pack_value, sizeof(*h->ops.items));
	pack_vec(p, &h->kids, pack_value, sizeof(*h->kids.items));
	pack_vec(p, &h->constants, pack_constant, 24);
	pack_vec(p, &h->maps, pack_host_map, 8);
	pack_vec(p, &h->tables, pack_table, 16);
	pack_vec(p, &h->handlers, pack_value, sizeof(*h->handlers.items));
	pack_value(p, &h->n_locals);
	rows = h->rows;
	pack_value(p, &rows);
	h->rows = rows <= HOST_ROWS_CSV ? (enum host_rows)rows : HOST_ROWS_TEXT;
	if (!p->out && !p->is_bad)
		p->is_bad = host_check(h, (uint32_t)img->vars.n) != NULL;
}

/* Numbers of one table in another one. */
static void check(struct packer *p, const struct image *img)
{
	vec_each (prog, &img->programs) {
		p->is_bad |= !prog->name || prog->code.spans.n != prog->code.insns.n;
		vec_each (r, &prog->code.relocs)
			p->is_bad |= r->map >= img->maps.n || r->insn >= prog->code.insns.n;
		vec_each (note, &prog->code.notes)
			p->is_bad |= !note->text;
		vec_each (o, &prog->code.origins)
			p->is_bad |= !o->func || !o->origin;
		vec_each (start, &prog->code.func_starts)
			p->is_bad |= *start >= prog->code.insns.n;
	}
	vec_each (m, &img->maps)
		p->is_bad |= (m->role == MAP_PINNED || m->role == MAP_CGROUP) && !m->path;
	vec_each (v, &img->vars)
		p->is_bad |= v->map >= img->maps.n || !v->value;
	vec_each (ev, &img->events) {
		bool has_var = ev->kind == EVENT_PRINT_MAP || ev->kind == EVENT_PRINT_ELEMENT ||
		               ev->kind == EVENT_CLEAR || ev->kind == EVENT_ZERO;

		p->is_bad |= has_var && ev->var >= img->vars.n;
		p->is_bad |= ev->kind == EVENT_ROW &&
		             (!img->host || ev->table >= img->host->tables.n);
	}
}

void pack_image(struct packer *p, struct image *img)
{
	img->a = p->a;
	pack_vec(p, &img->programs, pack_program, 64);
	pack_vec(p, &img->maps, pack_map, 32);
	pack_vec(p, &img->vars, pack_var, 16);
	pack_vec(p, &img->events, pack_event, 32);
	pack_vec(p, &img->probe_names, pack_text, 4);
	pack_vec(p, &img->strings, pack_text, 4);
	pack_vec(p, &img->options, pack_option, 16);
	pack_host(p, img);
	pack_text(p, &img->license);
	pack_value(p, &img->n_probes);
	pack_value(p, &img->has_only_begin_end);
	pack_value(p, &img->is_iterator);
	pack_text(p, &img->pin);
	pack_value(p, &img->start_ns_off_b);
	pack_value(p, &img->max_strlen);
	pack_text(p, &img->str_trunc_trailer);
	if (!p->out)
		check(p, img);
}
