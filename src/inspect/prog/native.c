/* See native.h. A dynamic skep loads the library when it is first asked to read, so that it starts
 * where there is none; the static one has it inside. */
#include "inspect/prog/native.h"

#include <capstone/capstone.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(F)                                                                               \
	F(cs_open)                                                                                 \
	F(cs_close)                                                                                \
	F(cs_option)                                                                               \
	F(cs_malloc)                                                                               \
	F(cs_free)                                                                                 \
	F(cs_disasm_iter)

struct library {
	void *handle;
#define MEMBER(name) __typeof__(&name) name;
	FUNCTIONS(MEMBER)
#undef MEMBER
};

struct native_reader {
	struct library l;
	csh capstone;
	cs_insn *insn;
	char text[sizeof(((cs_insn *)NULL)->op_str)]; /* its operands */
};

#ifdef SKEP_STATIC
static bool load(struct library *l)
{
#define TAKE(name) l->name = name;
	FUNCTIONS(TAKE)
#undef TAKE
	return true;
}

static void unload(struct library *l)
{
	(void)l;
}
#else
#define STRING(x) #x
#define LIBRARY(version) "libcapstone.so." STRING(version)

static bool load(struct library *l)
{
	/* The version whose header this was compiled with: another one has other structs. */
	l->handle = dlopen(LIBRARY(CS_API_MAJOR), RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return false;
#define TAKE(name)                                                                                 \
	l->name = (__typeof__(&name))dlsym(l->handle, #name);                                      \
	if (!l->name)                                                                              \
		return false;
	FUNCTIONS(TAKE)
#undef TAKE
	return true;
}

static void unload(struct library *l)
{
	if (l->handle)
		dlclose(l->handle);
}
#endif

static bool begin(struct native_reader *r)
{
#ifdef __x86_64__
	if (r->l.cs_open(CS_ARCH_X86, CS_MODE_64, &r->capstone) != CS_ERR_OK)
		return false;
	r->l.cs_option(r->capstone, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
#else
	if (r->l.cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &r->capstone) != CS_ERR_OK)
		return false;
#endif
	r->insn = r->l.cs_malloc(r->capstone);
	return r->insn;
}

struct native_reader *native_open(void)
{
	struct native_reader *r = calloc(1, sizeof(*r));

	if (r && load(&r->l) && begin(r))
		return r;
	if (r)
		native_close(r);
	return NULL;
}

void native_close(struct native_reader *r)
{
	if (r->insn)
		r->l.cs_free(r->insn, 1);
	if (r->capstone)
		r->l.cs_close(&r->capstone);
	unload(&r->l);
	free(r);
}

/* "(%rax, %rax)" as other disassemblers have it, "(%rax,%rax)": it is one operand. */
static void join_addresses(const char *from, char *to)
{
	bool is_within = false;

	for (; *from; from++) {
		is_within = *from == '(' || (is_within && *from != ')');
		if (!(is_within && *from == ' '))
			*to++ = *from;
	}
	*to = '\0';
}

void native_read(struct native_reader *r, const uint8_t *bytes, size_t size_b, uint64_t address,
                 struct native_insn *ret)
{
	size_t left_b = size_b;
	const uint8_t *at = bytes;

	if (r->l.cs_disasm_iter(r->capstone, &at, &left_b, &address, r->insn)) {
		join_addresses(r->insn->op_str, r->text);
		*ret = (struct native_insn){r->insn->size, r->insn->mnemonic, r->text};
		return;
	}
#ifdef __x86_64__
	snprintf(r->text, sizeof(r->text), "0x%02x", *bytes);
	*ret = (struct native_insn){1, ".byte", r->text};
#else
	if (size_b < 4) {
		snprintf(r->text, sizeof(r->text), "0x%02x", *bytes);
		*ret = (struct native_insn){1, ".byte", r->text};
		return;
	}
	uint32_t word;

	memcpy(&word, bytes, 4);
	snprintf(r->text, sizeof(r->text), "0x%08x", word);
	*ret = (struct native_insn){4, ".word", r->text};
#endif
}
