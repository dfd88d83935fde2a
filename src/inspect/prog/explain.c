/* `prog explain`: the listing, and beside each instruction what our verifier knows of the registers
 * that it reads and writes.
 *
 * The kernel keeps the program as it rewrote it, so our verifier meets instructions that no program
 * may have. Each one it refuses is given up: what it leaves is an unknown number from then on, and
 * the listing says why. Then the walk begins anew, until it comes to an end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "inspect/prog/dump.h"
#include "inspect/prog/prog.h"
#include "inspect/prog/undo.h"
#include "vm/verifier/verifier.h"

enum {
	WALKS_MOST = 400,
	INSNS_MOST = 100000,  /* of one walk */
	TOTAL_MOST = 4000000, /* of all of them */
	VIEWS_MOST = 3,       /* of an instruction, by different paths */
	COLUMN = 46,          /* where views begin */
};

struct view {
	const char *texts[VIEWS_MOST];
	uint32_t n, more;
};

struct explanation {
	struct undone undone;
	struct view *views; /* of each slot */
	const char *ends;   /* why the walk ended early, or NULL */
	uint32_t ends_at;
};

/* ---- what the verifier saw ------------------------------------------------------------------- */

static void add_view(struct arena *a, struct view *v, const char *text, size_t len_b)
{
	for (uint32_t i = 0; i < v->n; i++)
		if (!strncmp(v->texts[i], text, len_b) && !v->texts[i][len_b])
			return;
	if (v->n == VIEWS_MOST)
		v->more++;
	else
		v->texts[v->n++] = arena_strndup(a, text, len_b);
}

/* From its log, whose lines are `5: (bf) r6 = r1 ; R1=ctx R6=ctx`. */
static void read_views(struct arena *a, const char *log, struct view *views, uint32_t n)
{
	memset(views, 0, n * sizeof(*views));
	for (const char *line = log, *end; *line; line = *end ? end + 1 : end) {
		char *after;
		unsigned long pc = strtoul(line, &after, 10);
		const char *text;

		end = strchrnul(line, '\n');
		if (after == line || strncmp(after, ": (", 3) != 0 || pc >= n)
			continue;
		text = memmem(after, (size_t)(end - after), " ; ", 3);
		if (text)
			add_view(a, &views[pc], text + 3, (size_t)(end - text - 3));
	}
}

static const char rewritten[] = "reads the context as the kernel has it";

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* Loads from a context that the kernel has rewritten, which look like others of our own: given up.
 */
static bool give_up_context(struct explanation *e, const struct loaded *l)
{
	bool has_any = false;

	if (!undo_rewrites_context(l->info.type))
		return false;
	for (uint32_t pc = 0; pc < l->n_insns; pc++) {
		const struct bpf_insn *i = &e->undone.insns[pc];
		char context[16];

		snprintf(context, sizeof(context), "R%u=ctx", i->src_reg);
		if (BPF_CLASS(i->code) != BPF_LDX || !e->views[pc].n || e->undone.why[pc] ||
		    i->src_reg == i->dst_reg || !strstr(e->views[pc].texts[0], context))
			continue;
		has_any |= undo_give_up(&e->undone, pc, rewritten);
	}
	return has_any;
}

static bool walk(struct inspect *x, const struct loaded *l, struct explanation *e, uint64_t *total)
{
	/* Logs are large, and each walk's is of no use to the next. */
	own_arena struct arena *a = arena_create();
	struct vm_verify_options options = {.log = VM_LOG_STATE, .max_insns = INSNS_MOST};
	struct vm_verdict verdict;

	memset(&verdict, 0, sizeof(verdict));
	vm_verify(a, &e->undone.program, &options, &verdict);
	*total += verdict.processed + 100;
	read_views(x->a, verdict.log, e->views, l->n_insns);
	e->ends = NULL;
	if (!verdict.is_accepted) {
		const char *why = arena_strdup(x->a, verdict.reason);

		if (!verdict.processed && e->undone.program.type != BPF_PROG_TYPE_RAW_TRACEPOINT) {
			/* It takes more to know this kind than is told: where it is attached. */
			e->undone.program.type = BPF_PROG_TYPE_RAW_TRACEPOINT;
			return true;
		}
		if (begins(why, "combined stack size")) /* ours is larger, and the walk is over */
			return give_up_context(e, l);
		if (verdict.pc < l->n_insns && begins(why, "invalid bpf_context access")) {
			if (undo_context(&e->undone, verdict.pc))
				return true;
			if (undo_rewrites_context(l->info.type))
				why = rewritten;
		}
		if (verdict.pc < l->n_insns && strstr(why, "infinite loop") &&
		    undo_loop(&e->undone, verdict.pc, why))
			return true;
		if (verdict.pc < l->n_insns && undo_give_up(&e->undone, verdict.pc, why))
			return true;
		e->ends = why;
		e->ends_at = verdict.pc;
	}
	return give_up_context(e, l);
}

static void look(struct inspect *x, const struct loaded *l, struct naming *n, struct explanation *e)
{
	uint64_t total = 0;
	bool is_more = true;

	undo_rewriting(x, l, n, &e->undone);
	e->views = arena_array(x->a, struct view, l->n_insns);
	for (int i = 0; is_more && i < WALKS_MOST && total < TOTAL_MOST; i++)
		is_more = walk(x, l, e, &total);
	if (is_more && !e->ends)
		e->ends = "too much was rewritten";
}

/* ---- the listing ----------------------------------------------------------------------------- */

static void plain_view(const struct view *v, const char *why, size_t column, struct strbuf *out)
{
	size_t at = column;

	if (why) {
		sb_pad(out, ' ', at < COLUMN ? COLUMN - at : 1);
		sb_addf(out, "? %s\n", why);
		at = 0;
	}
	for (uint32_t i = 0; i < v->n; i++) {
		sb_pad(out, ' ', at < COLUMN ? COLUMN - at : 1);
		sb_addf(out, "; %s", v->texts[i]);
		if (i + 1 == v->n && v->more)
			sb_addf(out, " (and %u more)", v->more);
		sb_addc(out, '\n');
		at = 0;
	}
	if (!why && !v->n)
		sb_addc(out, '\n');
}

static void json_view(struct json_writer *j, const struct view *v, const char *why)
{
	json_key(j, "registers");
	json_open(j, '[');
	for (uint32_t i = 0; i < v->n; i++)
		json_string(j, v->texts[i]);
	json_close(j, ']');
	if (why)
		json_member_string(j, "unknown", why);
}

static void list(struct inspect *x, const struct loaded *l, struct naming *n,
                 const struct explanation *e)
{
	static const struct dump_options plain = {0};
	struct json_writer *j = &x->json;
	own_strbuf struct strbuf out = {0}, text = {0};

	if (x->is_json)
		json_open(j, '[');
	for (size_t pc = 0, slots; pc < l->n_insns; pc += slots) {
		int function = loaded_function_at(l, (uint32_t)pc);
		const struct bpf_line_info *line = loaded_line_at(l, (uint32_t)pc);
		/* What stands in for what was given up is nothing to show. */
		struct view shown = e->undone.is_lost[pc] ? (struct view){0} : e->views[pc];

		sb_reset(&out);
		sb_reset(&text);
		if (x->is_json) {
			json_open(j, '{');
			json_member_uint(j, "pc", pc);
		}
		if (function >= 0 && loaded_prototype(l, (uint32_t)function, &out)) {
			if (x->is_json)
				json_member_string(j, "proto", out.s);
			sb_adds(&out, ":\n");
		}
		if (line)
			dump_line(x, l, line, &plain, &out);
		sb_addf(&text, "(%02x) ", l->insns[pc].code);
		slots = bpf_disasm_named(l->insns, l->n_insns, pc, &n->names, &text);
		if (x->is_json) {
			json_member_string(j, "disasm", text.s);
			json_view(j, &shown, e->undone.why[pc]);
			json_close(j, '}');
			continue;
		}
		sb_addf(&out, "%4zu: %s", pc, text.s);
		plain_view(&shown, e->undone.why[pc], text.n + 6, &out);
		fwrite(out.s, 1, out.n, stdout);
	}
	if (x->is_json)
		json_close(j, ']');
	else if (e->ends)
		printf("the walk ended at %u: %s\n", e->ends_at, e->ends);
}

int prog_explain(struct inspect *x, struct words *w)
{
	struct explanation e = {0};
	struct naming n;
	struct loaded l;
	int fd = prog_of(x, w), status;

	if (fd < 0)
		return fd;
	if (w->n) {
		close(fd);
		return inspect_say_usage(x, &prog_object);
	}
	status = dump_open(x, fd, &l);
	close(fd);
	if (!status) {
		naming_begin(&n);
		n.program = &l;
		look(x, &l, &n, &e);
		list(x, &l, &n, &e);
		naming_end(&n);
	}
	loaded_close(&l);
	return status;
}
