/* Kernel symbols: /proc/kallsyms, read once, where nobody names addresses (kernel_named.c) or very
 * many are asked for; and the kernel's image, if one was given.
 *
 * Input: 100,000 lines `ffffffff81000000 T name[<TAB>[module]]`. Output: an array by address, names
 * left where they stand in the text. The kernel writes its own symbols in order of address and the
 * modules' behind, so that sorting is mostly checking. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "symbols/symbols_priv.h"

/* The whole file, malloc'ed: its size isn't told before, and an arena would copy it. */
static char *read_text(const char *path, size_t *ret_len_b)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0, cap = 8 << 20;
	char *text = fd < 0 ? NULL : malloc(cap);

	while (text) {
		ssize_t got = read(fd, text + n, cap - 1 - n);

		if (got < 0) {
			free(text);
			return NULL;
		}
		if (!got)
			break;
		n += (size_t)got;
		if (n + 1 == cap) {
			char *bigger = realloc(text, cap *= 2);

			if (!bigger)
				free(text);
			text = bigger;
		}
	}
	if (!text)
		return NULL;
	text[n] = '\0';
	*ret_len_b = n;
	return text;
}

static const char *parse_hex(const char *p, uint64_t *ret)
{
	uint64_t v = 0;

	for (;; p++) {
		unsigned digit;

		if (*p >= '0' && *p <= '9')
			digit = (unsigned)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			digit = (unsigned)(*p - 'a') + 10;
		else
			break;
		v = v << 4 | digit;
	}
	*ret = v;
	return p;
}

static int by_address(const void *a, const void *b)
{
	const struct kernel_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	/* Of several names of one place the first listed stays first. */
	return x->name_off < y->name_off ? -1 : x->name_off > y->name_off;
}

static void parse(struct kernel_symbols *k, size_t len_b)
{
	char *end = k->text + len_b;
	size_t cap = len_b / 40 + 16;
	bool in_order = true;

	k->items = malloc(cap * sizeof(*k->items));
	if (!k->items || len_b > UINT32_MAX)
		return;
	for (char *p = k->text; p < end;) {
		char *nl = memchr(p, '\n', (size_t)(end - p)), *tab;
		const char *after;
		struct kernel_symbol sym = {0};

		if (!nl)
			nl = end;
		*nl = '\0';
		after = parse_hex(p, &sym.address);
		/* Without privilege all addresses read as 0. Absolute and per-CPU symbols ("A") are
		 * no addresses. */
		if (sym.address && after[0] == ' ' && after[1] && after[2] == ' ' &&
		    after[1] != 'A' && after[1] != 'a') {
			sym.name_off = (uint32_t)(after + 3 - k->text);
			tab = strchr(after + 3, '\t');
			if (tab) {
				char *close;

				*tab = '\0';
				if (tab[1] == '[' && (close = strchr(tab, ']'))) {
					*close = '\0';
					sym.module_off = (uint32_t)(tab + 2 - k->text);
				}
			}
			if (k->n == cap) {
				void *bigger = realloc(k->items, (cap *= 2) * sizeof(*k->items));

				if (!bigger)
					break;
				k->items = bigger;
			}
			if (k->n && by_address(&k->items[k->n - 1], &sym) > 0)
				in_order = false;
			k->items[k->n++] = sym;
		}
		p = nl + 1;
	}
	if (!in_order)
		qsort(k->items, k->n, sizeof(*k->items), by_address);
}

static bool need_text(struct kernel_symbols *k)
{
	if (!k->text && !k->is_parsed)
		k->text = read_text("/proc/kallsyms", &k->text_b);
	return k->text;
}

static const struct kernel_symbols *need_kernel(struct symbols *s)
{
	struct kernel_symbols *k = &s->kernel;

	if (!k->is_parsed && need_text(k))
		parse(k, k->text_b);
	k->is_parsed = true;
	return k;
}

void kernel_symbols_free(struct kernel_symbols *k)
{
	free(k->text);
	free(k->items);
}

static bool by_table(struct symbols *s, uint64_t address, struct symbol *ret)
{
	const struct kernel_symbols *k = need_kernel(s);
	size_t lo = 0, hi = k->n;

	/* The last one that begins at or below. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (k->items[mid].address <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* Past the last symbol nothing tells where it ends: a page is plenty for a stub. */
	if (!lo || (lo == k->n && address - k->items[lo - 1].address > 4096))
		return false;
	lo--;
	while (lo && k->items[lo - 1].address == k->items[lo].address)
		lo--;
	*ret = (struct symbol){
	    .name = k->text + k->items[lo].name_off,
	    .offset_b = address - k->items[lo].address,
	    .module = k->items[lo].module_off ? k->text + k->items[lo].module_off : NULL,
	};
	return true;
}

/* Without the table: a line that ends with the name is looked for. */
static uint64_t search_text(const struct kernel_symbols *k, const char *name)
{
	size_t name_b = strlen(name);
	const char *end = k->text + k->text_b, *p = k->text;
	uint64_t address;

	for (; name_b && (p = memmem(p, (size_t)(end - p), name, name_b)); p++) {
		const char *line = p;

		if ((p[name_b] != '\n' && p[name_b] != '\t') || p - k->text < 3 || p[-1] != ' ' ||
		    p[-2] == 'A' || p[-2] == 'a')
			continue;
		while (line > k->text && line[-1] != '\n')
			line--;
		if (*parse_hex(line, &address) == ' ' && address)
			return address;
	}
	return 0;
}

uint64_t symbols_kernel_address(struct symbols *s, const char *name)
{
	const struct kernel_symbols *k = &s->kernel;

	if (!k->is_parsed)
		return need_text(&s->kernel) ? search_text(k, name) : 0;
	for (size_t i = 0; i < k->n; i++)
		if (!strcmp(k->text + k->items[i].name_off, name))
			return k->items[i].address;
	return 0;
}

const char *symbols_kernel_problem(struct symbols *s)
{
	if (s->kernel_image || s->named.fn || need_kernel(s)->n)
		return NULL;
	if (!s->kernel.text)
		return "/proc/kallsyms cannot be read";
	return "/proc/kallsyms hides them (see kernel.kptr_restrict)";
}

/* ---- many functions by name -------------------------------------------------------------------
 */

/* Does the function begin with a place for the function tracer, in use or not? Also true where the
 * code cannot be read. */
static bool can_be_hooked(uint64_t address)
{
	static const uint8_t endbr64[4] = {0xf3, 0x0f, 0x1e, 0xfa};
	static const uint8_t nop5[5] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
	uint8_t code[9], *p = code;

	if (!symbols_kernel_text(address, code, sizeof(code)))
		return true;
	if (!memcmp(p, endbr64, sizeof(endbr64)))
		p += sizeof(endbr64);
	return *p == 0xe8 || !memcmp(p, nop5, sizeof(nop5));
}

struct found {
	size_t func; /* of which it is an address */
	uint64_t address;
	bool is_core;
};
typedef vec(struct found) found_vec;

static bool is_in(const struct kernel_symbols *k, const struct kernel_symbol *sym,
                  const char *module)
{
	if (!sym->module_off)
		return !module || !strcmp(module, "vmlinux");
	return !module || !strcmp(module, k->text + sym->module_off);
}

/* All that has the right name and is in the right place. */
static void find_functions(const struct kernel_symbols *k, const struct kernel_function *funcs,
                           size_t n, found_vec *found)
{
	struct strmap wanted = {0}; /* name: the last of funcs that has it */
	/* Of each function, the next that has its name. */
	size_t *next = calloc(n + 1, sizeof(*next));

	for (size_t i = 0; i < n && next; i++) {
		const struct kernel_function *same =
		    strmap_put(&wanted, funcs[i].name, (void *)&funcs[i]);

		next[i] = same ? (size_t)(same - funcs) : n;
	}
	for (size_t i = 0; i < k->n && wanted.n; i++) {
		const struct kernel_symbol *sym = &k->items[i];
		/* The letter stands before the name: functions, global, local and weak. */
		bool is_function = strchr("tTwW", k->text[sym->name_off - 2]) != NULL;
		const struct kernel_function *f =
		    is_function ? strmap_get(&wanted, k->text + sym->name_off) : NULL;

		for (size_t at = f ? (size_t)(f - funcs) : n; at < n; at = next[at]) {
			struct found one = {at, sym->address, !sym->module_off};

			if (is_in(k, sym, funcs[at].module))
				vec_push(NULL, found, one);
		}
	}
	strmap_free(&wanted);
	free(next);
}

static int by_function(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->func != y->func)
		return x->func < y->func ? -1 : 1;
	if (x->is_core != y->is_core)
		return x->is_core ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

/* Of one function's places: the kernel's own without those of modules, and what can be hooked. */
static size_t choose(struct found *places, size_t n)
{
	size_t n_core = 0, n_good = 0;

	while (n_core < n && places[n_core].is_core)
		n_core++;
	if (n_core)
		n = n_core;
	for (size_t i = 0; i < n && n > 1; i++)
		if (can_be_hooked(places[i].address))
			places[n_good++] = places[i];
	return n_good ? n_good : 1;
}

void symbols_kernel_functions(struct arena *a, struct symbols *s, struct kernel_function *funcs,
                              size_t n)
{
	found_vec found = {0};
	uint64_t *addresses;

	find_functions(need_kernel(s), funcs, n, &found);
	if (found.n)
		qsort(found.items, found.n, sizeof(*found.items), by_function);
	addresses = arena_array(a, uint64_t, found.n);
	for (size_t i = 0; i < n; i++)
		funcs[i].n = 0;
	for (size_t i = 0, end; i < found.n; i = end) {
		struct kernel_function *f = &funcs[found.items[i].func];

		for (end = i + 1; end < found.n; end++)
			if (found.items[end].func != found.items[i].func)
				break;
		f->n = choose(&found.items[i], end - i);
		f->addresses = addresses;
		for (size_t k = 0; k < f->n; k++)
			*addresses++ = found.items[i + k].address;
	}
	vec_free(&found);
}

/* ---- the kernel's image --------------------------------------------------------------------- */

int symbols_set_vmlinux(struct symbols *s, const char *path)
{
	enum { TRIES = 16 };
	const struct elf_symbol *list;
	size_t n;
	int err = symbols_elf_functions(s, path, &list, &n);

	if (err)
		return err;
	s->kernel_image = elf_file_get(s, path, &err);
	/* Where it runs: any function that both know by the same name tells. */
	for (size_t i = 0; s->kernel_image && i < n && i < TRIES; i++) {
		uint64_t address = symbols_kernel_address(s, list[i].name);

		if (address) {
			s->kernel_image_bias = address - list[i].address;
			break;
		}
	}
	return err;
}

/* ---- the question --------------------------------------------------------------------------- */

bool symbols_kernel(struct symbols *s, uint64_t address, struct symbol *ret)
{
	struct elf_symbol found;

	if (s->kernel_image &&
	    elf_file_at(s->kernel_image, address - s->kernel_image_bias, &found)) {
		*ret = (struct symbol){.name = found.name,
		                       .offset_b = address - s->kernel_image_bias - found.address};
		return true;
	}
	if (!s->kernel.is_parsed && named_kernel_at(s, address, ret))
		return ret->name;
	return by_table(s, address, ret);
}

uint64_t symbols_kernel_size(struct symbols *s, const char *name)
{
	const struct kernel_symbols *k = need_kernel(s);
	uint64_t longest_b = 0;

	for (size_t i = 0; i < k->n; i++) {
		size_t next = i + 1;

		if (strcmp(k->text + k->items[i].name_off, name))
			continue;
		while (next < k->n && k->items[next].address == k->items[i].address)
			next++;
		if (next == k->n) /* nothing tells where the last one ends */
			return 0;
		if (k->items[next].address - k->items[i].address > longest_b)
			longest_b = k->items[next].address - k->items[i].address;
	}
	return longest_b;
}
