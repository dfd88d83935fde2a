/* Kernel addresses named by the kernel: what its %pS says, `name+0x10/0x20 [module]`, kept per
 * address. The whole table (kernel.c) is read when this would cost more. */
#include <stdlib.h>
#include <string.h>

#include "symbols/symbols_priv.h"

enum {
	MOST_NAMED = 8192, /* at some 2 us each; the table takes 30 ms */
	MOST_AT_ONCE = 256,
};

bool kernel_name_parse(char *text, uint32_t text_b, struct symbol *ret)
{
	char *plus = strchr(text, '+'), *slash = plus ? strchr(plus, '/') : NULL, *module, *end;

	/* Without a symbol it is the number itself; the last byte is needed by what is cut only. */
	if (!slash || plus == text || strlen(text) + 1 >= text_b)
		return false;
	module = strstr(slash, " [");
	*plus = '\0';
	*ret = (struct symbol){.name = text, .offset_b = strtoull(plus + 1, NULL, 16)};
	end = module ? strchr(module, ']') : NULL;
	if (end) {
		*end = '\0';
		ret->module = module + 2;
	} else if (!strncmp(text, "bpf_prog_", 9)) {
		ret->module = "bpf"; /* as in /proc/kallsyms */
	}
	return true;
}

void named_kernel_free(struct named_kernel *k)
{
	free(k->slots);
}

void symbols_set_kernel_namer(struct symbols *s, symbols_namer_fn *fn, void *arg, uint32_t text_b)
{
	s->named.fn = fn;
	s->named.arg = arg;
	s->named.text_b = text_b;
}

static struct named_address *slot_of(struct named_kernel *k, uint64_t address)
{
	size_t at = (size_t)((address * 0x9e3779b97f4a7c15) >> 40);

	for (;; at++) {
		struct named_address *slot = &k->slots[at & (k->n_slots - 1)];

		if (!slot->address || slot->address == address)
			return slot;
	}
}

/* `n` at most MOST_AT_ONCE, none of them 0. */
static void ask(struct symbols *s, const uint64_t *addresses, uint32_t n)
{
	struct named_kernel *k = &s->named;
	char *texts = calloc(n, k->text_b);

	if (!texts || k->fn(k->arg, addresses, n, texts)) {
		k->fn = NULL;
		free(texts);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct named_address *slot = slot_of(k, addresses[i]);
		struct symbol sym = {0};

		if (slot->address)
			continue;
		texts[(i + 1) * k->text_b - 1] = '\0';
		if (kernel_name_parse(texts + i * k->text_b, k->text_b, &sym)) {
			sym.name = arena_strdup(s->a, sym.name);
			sym.module = sym.module ? arena_strdup(s->a, sym.module) : NULL;
		}
		*slot = (struct named_address){addresses[i], sym};
		k->n++;
	}
	free(texts);
}

static bool is_ready(struct symbols *s)
{
	struct named_kernel *k = &s->named;

	if (!k->fn || k->n + MOST_AT_ONCE > MOST_NAMED)
		return false;
	if (!k->slots) {
		k->n_slots = (size_t)MOST_NAMED * 2;
		k->slots = calloc(k->n_slots, sizeof(*k->slots));
	}
	return k->slots;
}

void symbols_kernel_prepare(struct symbols *s, const uint64_t *addresses, uint32_t n)
{
	uint64_t fresh[MOST_AT_ONCE];
	uint32_t n_fresh = 0;

	if (s->kernel.is_parsed || s->kernel_image || !is_ready(s))
		return;
	for (uint32_t i = 0; i < n && n_fresh < MOST_AT_ONCE; i++)
		if (addresses[i] && !slot_of(&s->named, addresses[i])->address)
			fresh[n_fresh++] = addresses[i];
	if (n_fresh)
		ask(s, fresh, n_fresh);
}

bool named_kernel_at(struct symbols *s, uint64_t address, struct symbol *ret)
{
	const struct named_address *slot;

	*ret = (struct symbol){0};
	if (!address || !is_ready(s))
		return false;
	slot = slot_of(&s->named, address);
	if (!slot->address)
		ask(s, &address, 1);
	slot = slot_of(&s->named, address);
	*ret = slot->sym;
	return slot->address && (s->named.fn || slot->sym.name);
}
