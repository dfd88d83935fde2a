/* A file's call frame information as one sorted table.
 *
 * Input: an ELF image (ELF specification; 64 bits, x86-64 or arm64). .eh_frame comes first;
 * .debug_frame fills what it leaves open, as code built without tables for exceptions has only that
 * (Go). The headers are read by hand: of a large file that leaves all other pages untouched. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "unwind/unwind_priv.h"

enum {
	MOST_INFLATED_B = 256 << 20,
	RULE_SLOTS = 1 << 12, /* to begin with */
	PADDING_B = 15,       /* between functions: nobody is there, so it needs no row */
};

/* ---- rules as bits -------------------------------------------------------------------------- */

static bool fits(int64_t v, unsigned bits)
{
	return v >= -((int64_t)1 << (bits - 1)) && v < (int64_t)1 << (bits - 1);
}

static uint64_t pack_saved(struct unwind_saved s)
{
	uint64_t mask = (1u << UNWIND_SAVED_BITS) - 1;

	return (uint64_t)s.base | ((uint64_t)(int64_t)(s.off_b / 8) & mask) << 2;
}

uint64_t unwind_rule_pack(const struct unwind_rule *r)
{
	uint64_t off = (uint64_t)(int64_t)r->off_b & ((1u << UNWIND_OFF_BITS) - 1);

	if (!fits(r->off_b, UNWIND_OFF_BITS) || !fits(r->ra.off_b / 8, UNWIND_SAVED_BITS) ||
	    !fits(r->fp.off_b / 8, UNWIND_SAVED_BITS) || r->param >> UNWIND_PARAM_BITS)
		return 0;
	return (uint64_t)r->cfa | (uint64_t)r->is_signal << UNWIND_SIGNAL_BIT |
	       (uint64_t)r->param << UNWIND_PARAM_SHIFT | off << UNWIND_OFF_SHIFT |
	       pack_saved(r->ra) << UNWIND_RA_SHIFT | pack_saved(r->fp) << UNWIND_FP_SHIFT;
}

static struct unwind_saved unpack_saved(uint64_t bits)
{
	return (struct unwind_saved){(enum unwind_base)(bits & 3),
	                             ((int16_t)(uint16_t)bits >> 2) * 8};
}

struct unwind_rule unwind_rule_unpack(uint64_t packed)
{
	uint64_t params = packed >> UNWIND_PARAM_SHIFT;

	return (struct unwind_rule){
	    .cfa = (enum unwind_cfa)(packed & ((1 << UNWIND_CFA_BITS) - 1)),
	    .is_signal = packed >> UNWIND_SIGNAL_BIT & 1,
	    .param = (uint8_t)(params & ((1 << UNWIND_PARAM_BITS) - 1)),
	    .off_b = (int32_t)(uint32_t)packed >> UNWIND_OFF_SHIFT,
	    .ra = unpack_saved(packed >> UNWIND_RA_SHIFT),
	    .fp = unpack_saved(packed >> UNWIND_FP_SHIFT),
	};
}

/* ---- the table ------------------------------------------------------------------------------ */

/* The table while it is made; rules are found by their bits. */
struct making {
	vec(struct unwind_row) rows;
	vec(uint64_t) rules;
	uint32_t *slots; /* open hash: number of a rule, 0: free */
	size_t n_slots;
};

static size_t slot_of(const struct making *m, uint64_t rule)
{
	size_t i = (size_t)(rule * 0x9e3779b97f4a7c15 >> 32) & (m->n_slots - 1);

	while (m->slots[i] && m->rules.items[m->slots[i]] != rule)
		i = (i + 1) & (m->n_slots - 1);
	return i;
}

static bool grow_slots(struct making *m)
{
	free(m->slots);
	m->n_slots = m->n_slots ? m->n_slots * 2 : RULE_SLOTS;
	m->slots = calloc(m->n_slots, sizeof(*m->slots));
	for (uint32_t i = 1; m->slots && i < m->rules.n; i++)
		m->slots[slot_of(m, m->rules.items[i])] = i;
	return m->slots;
}

static uint32_t rule_number(struct making *m, uint64_t rule)
{
	size_t i;

	if (!rule)
		return 0;
	if (m->rules.n * 2 > m->n_slots && !grow_slots(m))
		return 0;
	i = slot_of(m, rule);
	if (!m->slots[i]) {
		m->slots[i] = (uint32_t)m->rules.n;
		vec_push(NULL, &m->rules, rule);
	}
	return m->slots[i];
}

static void add_row(struct making *m, uint64_t pc, uint64_t rule)
{
	struct unwind_row row = {(uint32_t)pc, rule_number(m, rule)};

	if (m->rows.n && vec_last(&m->rows).pc == row.pc)
		m->rows.n--;
	if (!m->rows.n || vec_last(&m->rows).rule != row.rule)
		vec_push(NULL, &m->rows, row);
}

static int by_start(const void *a, const void *b)
{
	const struct cfi_func *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->first_row < y->first_row ? -1 : x->first_row > y->first_row; /* as read */
}

/* Functions in order; what an earlier one covers, a later one does not have. */
static bool merge(const struct cfi_rows *in, struct unwind_table *ret)
{
	struct making m = {0};
	uint64_t end = 0, base;

	qsort(in->funcs.items, in->funcs.n, sizeof(*in->funcs.items), by_start);
	base = in->funcs.items[0].start;
	vec_push(NULL, &m.rules, 0);
	if (!grow_slots(&m)) {
		vec_free(&m.rules);
		return false;
	}
	add_row(&m, 0, 0); /* stays if the first function is damaged */
	vec_each (f, &in->funcs) {
		if (f->end <= end || f->end - base >= UINT32_MAX)
			continue;
		if (end && f->start > end + PADDING_B)
			add_row(&m, end - base, 0);
		for (size_t i = 0; i < f->n_rows; i++) {
			const struct cfi_row *row = &in->rows.items[f->first_row + i];
			bool is_over = i + 1 < f->n_rows && row[1].pc <= end;

			if (!is_over && row->pc < f->end)
				add_row(&m, (row->pc > end ? row->pc : end) - base, row->rule);
		}
		end = f->end;
	}
	if (end)
		add_row(&m, end - base, 0);
	free(m.slots);
	*ret = (struct unwind_table){base, m.rows.items, m.rows.n, m.rules.items, m.rules.n};
	return m.rules.n > 1;
}

void unwind_table_free(struct unwind_table *t)
{
	free(t->rows);
	free(t->rules);
	*t = (struct unwind_table){0};
}

uint64_t unwind_table_at(const struct unwind_table *t, uint64_t address)
{
	size_t lo = 0, hi = t->n_rows;

	if (address < t->base || address - t->base >= UINT32_MAX)
		return 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->rows[mid].pc <= address - t->base)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? t->rules[t->rows[lo - 1].rule] : 0;
}

/* ---- files ---------------------------------------------------------------------------------- */

struct elf {
	const uint8_t *bytes;
	size_t len_b;
	Elf64_Ehdr header;
};

static const uint8_t *range(const struct elf *e, uint64_t off_b, uint64_t len_b)
{
	return off_b <= e->len_b && len_b <= e->len_b - off_b ? e->bytes + off_b : NULL;
}

static bool open_elf(struct elf *e)
{
	const uint8_t *ident = e->bytes;

	if (e->len_b < sizeof(e->header) || memcmp(ident, ELFMAG, SELFMAG) != 0 ||
	    ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return false;
	memcpy(&e->header, e->bytes, sizeof(e->header));
	return e->header.e_machine == EM_X86_64 || e->header.e_machine == EM_AARCH64;
}

static bool section(const struct elf *e, size_t i, Elf64_Shdr *ret)
{
	const uint8_t *at;

	if (e->header.e_shentsize != sizeof(*ret) || i >= e->header.e_shnum)
		return false;
	at = range(e, e->header.e_shoff, (i + 1) * sizeof(*ret));
	if (at)
		memcpy(ret, at + i * sizeof(*ret), sizeof(*ret));
	return at;
}

static bool segment(const struct elf *e, size_t i, Elf64_Phdr *ret)
{
	const uint8_t *at;

	if (e->header.e_phentsize != sizeof(*ret) || i >= e->header.e_phnum)
		return false;
	at = range(e, e->header.e_phoff, (i + 1) * sizeof(*ret));
	if (at)
		memcpy(ret, at + i * sizeof(*ret), sizeof(*ret));
	return at;
}

static bool has_name(const struct elf *e, const Elf64_Shdr *names, const Elf64_Shdr *sh,
                     const char *name)
{
	size_t n = strlen(name) + 1;
	const uint8_t *at;

	if (sh->sh_name > names->sh_size || n > names->sh_size - sh->sh_name)
		return false;
	at = range(e, names->sh_offset + sh->sh_name, n);
	return at && names->sh_offset <= e->len_b && !memcmp(at, name, n);
}

static bool find_section(const struct elf *e, const char *name, Elf64_Shdr *ret)
{
	Elf64_Shdr names;

	if (!section(e, e->header.e_shstrndx, &names))
		return false;
	for (size_t i = 1; section(e, i, ret); i++)
		if (has_name(e, &names, ret, name) && ret->sh_type != SHT_NOBITS)
			return true;
	return false;
}

/* Without section headers: PT_GNU_EH_FRAME leads there (LSB, ".eh_frame_hdr"); where the section
 * ends nobody says but its own terminator. */
static bool find_by_header(const struct elf *e, struct cfi_section *ret)
{
	enum { PCREL_SDATA4 = 0x1b };
	Elf64_Phdr ph, load;
	const uint8_t *at;
	uint64_t address;
	int32_t rel;

	for (size_t i = 0; segment(e, i, &ph); i++) {
		at = ph.p_type == PT_GNU_EH_FRAME ? range(e, ph.p_offset, 8) : NULL;
		if (!at || at[0] != 1 || at[1] != PCREL_SDATA4)
			continue;
		memcpy(&rel, at + 4, sizeof(rel));
		address = ph.p_vaddr + 4 + (uint64_t)(int64_t)rel;
		for (size_t k = 0; segment(e, k, &load); k++) {
			uint64_t into = address - load.p_vaddr;

			if (load.p_type != PT_LOAD || address < load.p_vaddr ||
			    into >= load.p_filesz || !range(e, load.p_offset, load.p_filesz))
				continue;
			ret->bytes = e->bytes + load.p_offset + into;
			ret->len_b = load.p_filesz - into;
			ret->address = address;
			return true;
		}
	}
	return false;
}

static void read_eh_frame(const struct elf *e, struct cfi_section base, struct cfi_rows *ret)
{
	Elf64_Shdr sh;

	base.is_eh = true;
	if (find_section(e, ".text", &sh))
		base.text = sh.sh_addr;
	if (find_section(e, ".got", &sh))
		base.got = sh.sh_addr;
	if (find_section(e, ".eh_frame", &sh)) {
		base.bytes = range(e, sh.sh_offset, sh.sh_size);
		base.len_b = sh.sh_size;
		base.address = sh.sh_addr;
	} else {
		find_by_header(e, &base);
	}
	if (base.bytes)
		cfi_read(&base, ret);
}

/* May be deflated. Such sections hold numbers, which get four times smaller, not a thousand. */
static void read_debug_frame(const struct elf *e, struct cfi_section base, struct cfi_rows *ret)
{
	enum { MOST_RATIO = 64 };
	Elf64_Shdr sh;
	Elf64_Chdr ch;
	uLongf len_b;
	uint8_t *made;

	if (!find_section(e, ".debug_frame", &sh))
		return;
	base.bytes = range(e, sh.sh_offset, sh.sh_size);
	base.len_b = sh.sh_size;
	if (!base.bytes)
		return;
	if (!(sh.sh_flags & SHF_COMPRESSED)) {
		cfi_read(&base, ret);
		return;
	}
	if (base.len_b < sizeof(ch))
		return;
	memcpy(&ch, base.bytes, sizeof(ch));
	if (ch.ch_type != ELFCOMPRESS_ZLIB || ch.ch_size > MOST_INFLATED_B ||
	    ch.ch_size / MOST_RATIO > base.len_b)
		return;
	len_b = ch.ch_size;
	made = malloc(len_b ? len_b : 1);
	if (made &&
	    uncompress(made, &len_b, base.bytes + sizeof(ch), base.len_b - sizeof(ch)) == Z_OK) {
		base.bytes = made;
		base.len_b = len_b;
		cfi_read(&base, ret);
	}
	free(made);
}

bool unwind_table_read(const void *elf, size_t len_b, struct unwind_table *ret)
{
	struct elf e = {.bytes = elf, .len_b = len_b};
	struct cfi_section base = {0};
	struct cfi_rows all = {0};
	bool ok;

	*ret = (struct unwind_table){0};
	if (!open_elf(&e))
		return false;
	base.is_arm64 = e.header.e_machine == EM_AARCH64;
	read_eh_frame(&e, base, &all);
	read_debug_frame(&e, base, &all);
	ok = all.funcs.n && merge(&all, ret);
	vec_free(&all.rows);
	vec_free(&all.funcs);
	if (!ok)
		unwind_table_free(ret);
	return ok;
}
