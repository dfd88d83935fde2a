/* Assembler: the lines of a text to instructions.
 *
 * In: what bpf_disasm() writes and what people write, a statement a line:
 *
 *   line := [prefix] (label ':')* [statement] [comment]
 *
 * Prefixes are those of listings ("  12: (b7) ", "12: b7 00 00 00 00 00 00 00 "); opcodes and bytes
 * there have to be those of the instruction behind, so a listing that was edited in one place only
 * is noticed. Signatures that bpftool puts before functions are passed over. Out: instructions,
 * each well-formed, though perhaps no sound program (bpf_check_program()).
 *
 * A line is wrong at most once; reading goes on with the next. Names are looked up at the end. */
#include "bpf/asm.h"

#include <string.h>

#include "base/arena.h"
#include "bpf/asm_statement.h"
#include "bpf/helpers.h"

/* After so many mistakes the text is no assembler at all. */
#define MISTAKES_MAX 50

struct label {
	uint32_t slot;
	struct span at;
};

/* Bytes of a listing and the slot they belong to. */
struct listed {
	uint32_t slot;
	struct asm_prefix prefix;
};

struct text {
	struct assembler s;
	struct strmap labels;
	vec(struct listed) listed;
	uint32_t first, n; /* slots of the last instruction, ... */
	uint32_t n_listed; /* ... and how many of them had their bytes */
	size_t n_before;   /* errors that were there before this text's */
	bool is_good;
};

static bool has_enough(const struct text *t)
{
	return diag_errors(t->s.d) - t->n_before >= MISTAKES_MAX;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static bool add_label(struct text *t, const struct asm_token *name)
{
	struct assembler *s = &t->s;
	struct label *l, *other = strmap_get(&t->labels, name->text);

	if (asm_register_number(name->text) >= 0 || !strcmp(name->text, "pc")) {
		diag_error(s->d, E_ASSEMBLY, name->at, "'%s' cannot be a label", name->text);
		return false;
	}
	if (other) {
		diag_error(s->d, E_ASSEMBLY, name->at, "label '%s' is defined twice", name->text);
		diag_context(s->d, other->at, "the first time");
		return false;
	}
	l = arena_new(s->a, struct label);
	*l = (struct label){(uint32_t)s->insns.n, name->at};
	strmap_put(&t->labels, name->text, l);
	return true;
}

static bool read_labels(struct text *t)
{
	struct assembler *s = &t->s;

	while (s->tokens.list.n > s->at + 2 && asm_next(s)->kind == ASM_WORD &&
	       !strcmp(s->tokens.list.items[s->at + 1].text, ":")) {
		if (!add_label(t, asm_next(s)))
			return false;
		s->at += 2;
	}
	return true;
}

static void unknown_name(struct text *t, const struct asm_fixup *f)
{
	struct assembler *s = &t->s;
	struct diag_guess guess = {.word = f->name};

	diag_error(s->d, E_ASSEMBLY, f->at,
	           f->is_call ? "there is no function or label '%s'" : "there is no label '%s'",
	           f->name);
	for (size_t k = 0; k < t->labels.n; k++)
		diag_nearest(&guess, t->labels.items[k].key);
	for (uint32_t id = 1; f->is_call && id <= bpf_helper_count(); id++)
		diag_nearest(&guess, arena_printf(s->a, "bpf_%s", bpf_helper_name(id)));
	if (guess.best)
		diag_hint(s->d, "did you mean '%s'?", guess.best);
}

/* With or without "bpf_". */
static const struct bpf_helper *find_helper(const char *name)
{
	return bpf_helper_find_name(name + (strncmp(name, "bpf_", 4) ? 0 : 4));
}

/* `call NAME` is of a label if there is one, else of a helper. */
static bool resolve(struct text *t, const struct asm_fixup *f)
{
	const struct bpf_helper *h = f->is_call ? find_helper(f->name) : NULL;
	const struct label *l = strmap_get(&t->labels, f->name);
	struct bpf_insn *i = &t->s.insns.items[f->slot];
	int64_t distance;

	if (!l && h) {
		i->imm = (int32_t)h->id;
		return true;
	}
	if (!l) {
		unknown_name(t, f);
		return false;
	}
	distance = (int64_t)l->slot - f->slot - 1;
	if (f->is_call)
		i->src_reg = BPF_PSEUDO_CALL;
	if (bpf_names_func(i) || i->code == (BPF_JMP32 | BPF_JA)) {
		i->imm = (int32_t)distance;
		return true;
	}
	if (distance < INT16_MIN || distance > INT16_MAX) {
		diag_error(t->s.d, E_ASSEMBLY, f->at,
		           "'%s' is %lld instructions away, this jump reaches -32768 to 32767",
		           f->name, (long long)distance);
		diag_hint(t->s.d, "gotol reaches everything");
		return false;
	}
	i->off = (int16_t)distance;
	return true;
}

/* ---- listings -------------------------------------------------------------------------------- */

/* Remember what the listing says about the slots from `slot` on. */
static void expect_listed(struct text *t, uint32_t slot, const struct asm_prefix *p)
{
	struct listed l = {slot, *p};

	if (p->n_bytes)
		vec_push(t->s.a, &t->listed, l);
}

/* A line with nothing but bytes: those of the instruction before it. */
static bool continue_listed(struct text *t, const struct asm_prefix *p)
{
	uint32_t n = p->n_bytes / BPF_INSN_B;

	if (p->code >= 0 || t->n_listed + n > t->n) {
		diag_error(t->s.d, E_ASSEMBLY, p->at, "there is no instruction to these bytes");
		return false;
	}
	expect_listed(t, t->first + t->n_listed, p);
	t->n_listed += n;
	return true;
}

static bool check_bytes(struct text *t, const struct listed *l)
{
	const struct asm_prefix *p = &l->prefix;

	if (l->slot + p->n_bytes / BPF_INSN_B <= t->s.insns.n &&
	    !memcmp(&t->s.insns.items[l->slot], p->bytes, p->n_bytes))
		return true;
	diag_error(t->s.d, E_ASSEMBLY, p->at, "these are not the instruction's bytes");
	diag_hint(t->s.d, "leave them out, they are not needed");
	return false;
}

static bool check_opcode(struct text *t, const struct asm_prefix *p)
{
	uint8_t code = t->s.insns.items[t->first].code;

	if (p->code < 0 || p->code == code)
		return true;
	diag_error(t->s.d, E_ASSEMBLY, p->at, "the instruction's opcode is %02x, not %02x", code,
	           (unsigned)p->code);
	return false;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* "int prog(struct xdp_md * ctx):", which bpftool puts before functions whose types it knows. */
static bool is_signature(const struct assembler *s)
{
	const struct asm_token *token = s->tokens.list.items;
	size_t n = s->tokens.list.n - 1, k = 0; /* without the end */

	while (k < n && (token[k].kind == ASM_WORD || !strcmp(token[k].text, "*")))
		k++;
	return k >= 2 && k < n && token[0].kind == ASM_WORD && !strcmp(token[k].text, "(") &&
	       !strcmp(token[n - 2].text, ")") && !strcmp(token[n - 1].text, ":");
}

static bool read_line(struct text *t, uint32_t begin, uint32_t end)
{
	const char *text = diag_source_text(t->s.d, t->s.source);
	struct assembler *s = &t->s;
	struct asm_prefix prefix;

	begin = asm_lex_prefix(s->source, text, begin, end, &prefix);
	if (!asm_lex_line(s->a, s->d, s->source, begin, end, &s->tokens))
		return false;
	if (is_signature(s))
		return true;
	s->at = 0;
	s->listed_code = prefix.n_bytes ? prefix.bytes[0] : prefix.code;
	if (!read_labels(t))
		return false;
	if (asm_next(s)->kind == ASM_END)
		return !(prefix.n_bytes || prefix.code >= 0) || continue_listed(t, &prefix);
	t->first = (uint32_t)s->insns.n;
	t->n = t->n_listed = 0;
	if (!asm_statement(s))
		return false;
	t->n = (uint32_t)s->insns.n - t->first;
	t->n_listed = prefix.n_bytes / BPF_INSN_B;
	expect_listed(t, t->first, &prefix);
	return check_opcode(t, &prefix);
}

static void read_lines(struct text *t)
{
	const char *text = diag_source_text(t->s.d, t->s.source), *at = text, *end;
	const char *behind = text + diag_source_len(t->s.d, t->s.source);

	for (t->s.line = 1;; t->s.line++, at = end + 1) {
		end = memchr(at, '\n', (size_t)(behind - at));
		if (!end)
			end = behind;
		if (!read_line(t, (uint32_t)(at - text), (uint32_t)(end - text)))
			t->is_good = false;
		if (end == behind || has_enough(t))
			return;
	}
}

bool bpf_assemble(struct arena *a, struct diag *d, uint32_t source, struct bpf_asm *ret)
{
	struct text t = {
	    .s = {.a = a, .d = d, .source = source}, .n_before = diag_errors(d), .is_good = true};
	bool is_whole;

	read_lines(&t);
	/* Where instructions are missing, distances mean nothing; unknown names still do. */
	is_whole = t.is_good;
	vec_each (f, &t.s.fixups) {
		if (has_enough(&t))
			break;
		if (is_whole)
			t.is_good &= resolve(&t, f);
		else if (!strmap_get(&t.labels, f->name) && !(f->is_call && find_helper(f->name)))
			unknown_name(&t, f);
	}
	is_whole = t.is_good;
	vec_each (l, &t.listed)
		if (is_whole && !has_enough(&t))
			t.is_good &= check_bytes(&t, l);
	strmap_free(&t.labels);
	strmap_free(&t.s.map_numbers);
	if (!t.is_good)
		return false;
	*ret = (struct bpf_asm){.insns = t.s.insns.items,
	                        .n_insns = (uint32_t)t.s.insns.n,
	                        .lines = t.s.lines.items,
	                        .map_names = t.s.maps.items,
	                        .n_maps = (uint32_t)t.s.maps.n};
	return true;
}
