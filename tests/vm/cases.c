/* Runs cases of the machine: assembly, memory and what comes out, on every engine there is. All
 * must agree with what the case says: threaded and checked interpreter, JIT with and without
 * blinding, and the kernel, where bpf(2) is allowed.
 *
 *   vm-cases [-v] [-e ENGINE] FILE...
 *
 * A file holds many cases. Lines that begin with '@' say what is around the assembly:
 *
 *   @case NAME                a new case
 *   @kind KIND                program kind by libbpf's name (default: unspec)
 *   @mem HEX                  memory, packet or context; may come several times
 *   @map NAME KIND KEY VALUE ENTRIES [FLAGS]
 *   @text NAME TEXT           a frozen map that holds a text
 *   @init MAP INDEX TARGET    a program array's program, a map of maps' map (by name or number)
 *   @program                  the next program, for program arrays; the first has number 0
 *   @result N                 r0; the kernel shows its low half
 *   @after HEX                the memory afterwards
 *   @value MAP KEYHEX HEX     a map's value afterwards
 *   @print TEXT               what bpf_trace_printk() wrote (not on the kernel)
 *   @refused TEXT             the verifier refuses, with TEXT in its reason
 *   @not ENGINE REASON        interp, checked, jit or kernel: why that one is left out
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "bpf/asm.h"
#include "cmd/vm_kernel.h"
#include "cmd/vm_machine.h"
#include "vm/code.h"
#include "vm/input.h"
#include "vm/object.h"
#include "vm/verifier/verifier.h"

enum { N_CPUS = 2, MAX_MAPS = 16, MAX_PROGRAMS = 16 };
enum engine { INTERP, CHECKED, JIT, JIT_BLIND, KERNEL, N_ENGINES };
static const char *const engine_names[] = {"interp", "checked", "jit", "jit-blind", "kernel"};

struct value {
	uint32_t map;
	unsigned char *key, *bytes;
	size_t bytes_b;
};

struct kase {
	struct arena *a;
	const char *name, *file, *refused, *print;
	uint32_t type, line;
	struct strbuf mem, after;
	bool has_after, has_result;
	uint64_t result;
	vec(struct vm_map_def *) maps;
	vec(struct strbuf) texts; /* of programs */
	vec(uint32_t) lines;      /* where they begin */
	vec(struct value) values;
	const char *left_out[N_ENGINES]; /* reasons */
	struct vm_program *programs;
	uint32_t n_programs;
};

static unsigned passed, failed, skipped;
static bool is_verbose, has_kernel;
static const char *only; /* engine */

static bool say(const struct kase *c, const char *engine, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static bool say(const struct kase *c, const char *engine, const char *fmt, ...)
{
	va_list ap;

	printf("not ok %s:%u: %s%s%s: ", c->file, c->line, c->name, engine ? " on " : "",
	       engine ? engine : "");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return false;
}

/* ---- reading --------------------------------------------------------------------------------- */

static char *word(char **s)
{
	char *begin, *end;

	while (isspace((unsigned char)**s))
		(*s)++;
	begin = end = *s;
	while (*end && !isspace((unsigned char)*end))
		end++;
	*s = *end ? end + 1 : end;
	*end = 0;
	return begin;
}

static uint32_t number(char **s)
{
	return (uint32_t)strtoul(word(s), NULL, 0);
}

static uint32_t map_kind(const char *name)
{
	for (uint32_t type = 1; type < 64; type++)
		if (vm_map_kind(type) && !strcmp(vm_map_kind(type)->name, name))
			return type;
	return 0;
}

static uint32_t find_map(const struct kase *c, const char *name)
{
	for (uint32_t m = 0; m < c->maps.n; m++)
		if (!strcmp(c->maps.items[m]->name, name))
			return m;
	return VM_NONE;
}

static bool read_map(struct kase *c, char *s)
{
	struct vm_map_def *d = arena_new(c->a, struct vm_map_def);

	d->name = word(&s);
	d->type = map_kind(word(&s));
	d->key_size_b = number(&s);
	d->value_size_b = number(&s);
	d->max_entries = number(&s);
	d->flags = number(&s);
	vec_push(c->a, &c->maps, d);
	return d->type ? true : say(c, NULL, "unknown kind of map");
}

/* Text with its NUL, in a frozen array of one. \\xHH, \\n and \\\\ are what they are in C. */
static bool read_text(struct kase *c, char *s)
{
	struct vm_map_def *d = arena_new(c->a, struct vm_map_def);
	char *text, *to;

	d->name = word(&s);
	text = to = arena_strdup(c->a, s);
	for (; *s; s++) {
		char hex[3] = "";

		if (*s != '\\') {
			*to++ = *s;
		} else if (*++s == 'x' && s[1] && s[2]) {
			memcpy(hex, s + 1, 2);
			*to++ = (char)strtoul(hex, NULL, 16);
			s += 2;
		} else {
			*to++ = *s == 'n' ? '\n' : *s;
		}
	}
	*to++ = 0;
	d->type = BPF_MAP_TYPE_ARRAY;
	d->key_size_b = 4;
	d->value_size_b = (uint32_t)(to - text);
	d->max_entries = 1;
	d->flags = BPF_F_RDONLY_PROG;
	d->init = text;
	d->is_frozen = true;
	vec_push(c->a, &c->maps, d);
	return true;
}

static bool read_init(struct kase *c, char *s)
{
	uint32_t map = find_map(c, word(&s)), index = number(&s);
	char *target = word(&s);
	struct vm_map_def *d;
	struct vm_map_init *inits;

	if (map == VM_NONE)
		return say(c, NULL, "@init of an unknown map");
	d = c->maps.items[map];
	inits = arena_array(c->a, struct vm_map_init, d->n_inits + 1);
	if (d->n_inits)
		memcpy(inits, d->inits, d->n_inits * sizeof(*inits));
	inits[d->n_inits].index = index;
	inits[d->n_inits].target = find_map(c, target) != VM_NONE
	                               ? find_map(c, target)
	                               : (uint32_t)strtoul(target, NULL, 0);
	d->inits = inits;
	d->n_inits++;
	if (d->type != BPF_MAP_TYPE_PROG_ARRAY)
		d->inner = c->maps.items[inits[d->n_inits - 1].target];
	return true;
}

static bool read_value(struct kase *c, char *s)
{
	struct value *v = vec_add(c->a, &c->values);
	size_t key_b;

	v->map = find_map(c, word(&s));
	if (v->map == VM_NONE || !machine_parse_hex(c->a, word(&s), &v->key, &key_b) ||
	    !machine_parse_hex(c->a, s, &v->bytes, &v->bytes_b) ||
	    key_b != c->maps.items[v->map]->key_size_b)
		return say(c, NULL, "bad @value");
	return true;
}

static bool read_hex(struct kase *c, const char *s, struct strbuf *to)
{
	unsigned char *bytes;
	size_t n;

	if (!machine_parse_hex(c->a, s, &bytes, &n))
		return say(c, NULL, "bad hex");
	sb_add(to, bytes, n);
	return true;
}

static bool read_not(struct kase *c, char *s)
{
	const char *name = word(&s);

	for (int e = 0; e < N_ENGINES; e++)
		if (!strcmp(name, engine_names[e])) {
			c->left_out[e] = s;
			if (e == JIT)
				c->left_out[JIT_BLIND] = s;
			return true;
		}
	return say(c, NULL, "@not of an unknown engine");
}

static bool read_directive(struct kase *c, char *s)
{
	const char *what = word(&s);

	while (isspace((unsigned char)*s))
		s++;
	if (!strcmp(what, "@kind"))
		return vm_program_type_find(word(&s), &c->type) || say(c, NULL, "unknown kind");
	if (!strcmp(what, "@mem"))
		return read_hex(c, s, &c->mem);
	if (!strcmp(what, "@map"))
		return read_map(c, s);
	if (!strcmp(what, "@text"))
		return read_text(c, s);
	if (!strcmp(what, "@init"))
		return read_init(c, s);
	if (!strcmp(what, "@value"))
		return read_value(c, s);
	if (!strcmp(what, "@not"))
		return read_not(c, s);
	if (!strcmp(what, "@program")) {
		(void)vec_add(c->a, &c->texts);
	} else if (!strcmp(what, "@result")) {
		c->has_result = true;
		c->result = strtoull(s, NULL, 0);
	} else if (!strcmp(what, "@after")) {
		c->has_after = true;
		return read_hex(c, s, &c->after);
	} else if (!strcmp(what, "@refused")) {
		c->refused = s;
	} else if (!strcmp(what, "@print")) {
		c->print = s;
	} else {
		return say(c, NULL, "unknown directive %s", what);
	}
	return true;
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool assemble(struct kase *c, uint32_t index)
{
	struct diag *d = diag_create(c->a);
	struct strbuf *text = &c->texts.items[index];
	uint32_t source = diag_add_source(d, c->name, sb_str(text), text->n);
	struct vm_program *p = &c->programs[index];
	const struct vm_map_def **maps;
	struct bpf_insn *insns;
	struct bpf_asm as;

	if (!bpf_assemble(c->a, d, source, &as)) {
		struct strbuf out = {0};

		diag_render(d, &(struct diag_style){0}, &out);
		say(c, NULL, "no assembly\n%s", sb_str(&out));
		sb_free(&out);
		return false;
	}
	/* By the case's numbers of maps. */
	insns = as.insns;
	for (uint32_t pc = 0; pc < as.n_insns; pc++) {
		if (insns[pc].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insns[pc].src_reg == BPF_PSEUDO_MAP_IDX ||
		    insns[pc].src_reg == BPF_PSEUDO_MAP_IDX_VALUE) {
			uint32_t map = find_map(c, as.map_names[insns[pc].imm]);

			if (map == VM_NONE)
				return say(c, NULL, "unknown map %s", as.map_names[insns[pc].imm]);
			insns[pc].imm = (int32_t)map;
		}
		pc++;
	}
	maps = arena_array(c->a, const struct vm_map_def *, c->maps.n + 1);
	for (size_t m = 0; m < c->maps.n; m++)
		maps[m] = c->maps.items[m];
	*p = (struct vm_program){
	    .name = c->name,
	    .type = c->type,
	    .is_gpl = true,
	    .insns = insns,
	    .n_insns = as.n_insns,
	    .maps = maps,
	    .n_maps = (uint32_t)c->maps.n,
	    .memory_b = (uint32_t)c->mem.n,
	};
	return true;
}

struct made {
	struct vm_map *maps[MAX_MAPS];
	struct vm_code *codes[MAX_PROGRAMS];
	struct vm_input input;
};

static bool create_maps(struct kase *c, const char *engine, struct made *m)
{
	struct strbuf why = {0};
	bool is_good = true;

	for (uint32_t k = 0; is_good && k < c->maps.n; k++)
		if (vm_map_create(c->maps.items[k], N_CPUS, &m->maps[k], &why))
			is_good = say(c, engine, "map: %s", sb_str(&why));
	sb_free(&why);
	return is_good;
}

/* Codes know their maps, program arrays their codes: this comes last. */
static bool fill_maps(struct kase *c, const char *engine, struct made *m)
{
	for (uint32_t k = 0; k < c->maps.n; k++) {
		const struct vm_map_def *d = c->maps.items[k];

		for (uint32_t i = 0; i < d->n_inits; i++) {
			uint32_t key = d->inits[i].index, target = d->inits[i].target;
			int err = d->type == BPF_MAP_TYPE_PROG_ARRAY
			              ? vm_map_set_program(m->maps[k], key, m->codes[target])
			              : vm_map_set_map(m->maps[k], &key, m->maps[target], 0);
			if (err)
				return say(c, engine, "init of map %s: %s", d->name,
				           strerror(-err));
		}
	}
	return true;
}

static bool make_codes(struct kase *c, enum engine e, const struct vm_verdict *verdicts,
                       struct made *m)
{
	static const enum vm_backend backends[] = {[INTERP] = VM_INTERPRETER,
	                                           [CHECKED] = VM_CHECKED,
	                                           [JIT] = VM_JIT,
	                                           [JIT_BLIND] = VM_JIT};
	struct vm_code_options opts = {.backend = backends[e], .blinds_constants = e == JIT_BLIND};
	struct strbuf why = {0};
	bool is_good = true;

	for (uint32_t k = 0; is_good && k < c->n_programs; k++)
		if (vm_code_create(&c->programs[k], &verdicts[k].facts, m->maps, &opts,
		                   &m->codes[k], &why))
			is_good = say(c, engine_names[e], "code: %s", sb_str(&why));
	sb_free(&why);
	return is_good;
}

/* ---- running --------------------------------------------------------------------------------- */

static void add_print(void *arg, const char *text, size_t len_b)
{
	sb_add(arg, text, len_b);
}

static bool same_bytes(const struct kase *c, const char *engine, const char *what, const void *is,
                       size_t is_b, const void *should, size_t should_b)
{
	struct strbuf out = {0};

	if (is_b == should_b && !memcmp(is, should, is_b))
		return true;
	for (size_t k = 0; k < is_b; k++)
		sb_addf(&out, "%02x", ((const unsigned char *)is)[k]);
	say(c, engine, "%s is %s", what, sb_str(&out));
	sb_free(&out);
	return false;
}

static bool judge(struct kase *c, enum engine e, struct made *m, struct vm_run *run, uint64_t r0,
                  const struct strbuf *printed)
{
	const char *engine = engine_names[e];
	bool is_good = true;
	const void *left;
	size_t left_b;

	if (run->fault)
		return say(c, engine, "fault at %u: %s", run->fault_pc, run->fault);
	if (c->has_result && r0 != c->result)
		is_good = say(c, engine, "r0 is 0x%llx", (unsigned long long)r0);
	left = vm_input_result(&m->input, &left_b);
	if (c->has_after)
		is_good &=
		    same_bytes(c, engine, "the memory", left, left_b, c->after.s, c->after.n);
	vec_each (v, &c->values) {
		unsigned char bytes[4096] = {0};
		int err = vm_map_read(m->maps[v->map], v->key, bytes);

		if (err)
			is_good = say(c, engine, "value: %s", strerror(-err));
		else
			is_good &=
			    same_bytes(c, engine, "the value", bytes,
			               vm_map_value_bytes(m->maps[v->map]), v->bytes, v->bytes_b);
	}
	if (c->print && strcmp(sb_str(printed), c->print))
		is_good = say(c, engine, "printed \"%s\"", sb_str(printed));
	return is_good;
}

static bool run_here(struct kase *c, enum engine e, const struct vm_verdict *verdicts)
{
	struct strbuf why = {0}, printed = {0};
	struct vm_host host = {.print = add_print};
	struct vm_run run = {.host = &host, .host_arg = &printed};
	unsigned char *memory = malloc(c->mem.n ? c->mem.n : 1);
	struct made m = {0};
	bool is_good;

	memcpy(memory, sb_str(&c->mem), c->mem.n);
	is_good = create_maps(c, engine_names[e], &m) && make_codes(c, e, verdicts, &m) &&
	          fill_maps(c, engine_names[e], &m);
	if (is_good && vm_input_make(&c->programs[0], memory, c->mem.n, &m.input, &why))
		is_good = say(c, engine_names[e], "input: %s", sb_str(&why));
	if (is_good) {
		vm_input_arm(&m.input, &run);
		is_good =
		    judge(c, e, &m, &run, vm_code_run(m.codes[0], &run, m.input.r2), &printed);
	}
	for (uint32_t k = 0; k < c->n_programs; k++)
		vm_code_destroy(m.codes[k]);
	for (uint32_t k = 0; k < c->maps.n; k++)
		vm_map_destroy(m.maps[k]);
	vm_input_free(&m.input);
	sb_free(&why);
	sb_free(&printed);
	free(memory);
	return is_good;
}

static bool run_kernel(struct kase *c)
{
	const char *engine = engine_names[KERNEL];
	struct vm_kernel_prog *k = NULL;
	struct strbuf why = {0};
	unsigned char *memory = malloc(c->mem.n + 4096);
	uint32_t left_b = (uint32_t)c->mem.n, r0 = 0;
	bool is_good;

	memcpy(memory, sb_str(&c->mem), c->mem.n);
	is_good = !vm_kernel_load(c->a, c->programs, c->n_programs, &c->programs[0], &k, &why) &&
	          !vm_kernel_test(k, memory, &left_b, 1, &r0, NULL, &why);
	if (!is_good)
		say(c, engine, "%s", sb_str(&why));
	if (is_good && c->has_result && r0 != (uint32_t)c->result)
		is_good = say(c, engine, "r0 is 0x%x", r0);
	if (is_good && c->has_after)
		is_good =
		    same_bytes(c, engine, "the memory", memory, left_b, c->after.s, c->after.n);
	vec_each (v, &c->values) {
		unsigned char bytes[65536];
		int err = is_good ? vm_kernel_read_map(k, v->map, v->key, bytes) : 0;

		if (is_good && err)
			is_good = say(c, engine, "value: %s", strerror(-err));
		else if (is_good)
			is_good = same_bytes(c, engine, "the value", bytes, v->bytes_b, v->bytes,
			                     v->bytes_b);
	}
	vm_kernel_close(k);
	sb_free(&why);
	free(memory);
	return is_good;
}

static bool verify(struct kase *c, struct vm_verdict *verdicts)
{
	struct vm_verify_options opts = {.log = VM_LOG_ERROR};

	for (uint32_t k = 0; k < c->n_programs; k++) {
		vm_verify(c->a, &c->programs[k], &opts, &verdicts[k]);
		if (!verdicts[k].is_accepted && !c->refused)
			return say(c, NULL, "refused at %u: %s\n%s", verdicts[k].pc,
			           verdicts[k].reason, verdicts[k].log);
	}
	if (c->refused && (verdicts[0].is_accepted || !strstr(verdicts[0].reason, c->refused)))
		return say(c, NULL, "not refused as it should be: %s",
		           verdicts[0].is_accepted ? "accepted" : verdicts[0].reason);
	return true;
}

static void run_case(struct kase *c)
{
	struct vm_verdict *verdicts;
	bool is_good = true;

	c->n_programs = (uint32_t)c->texts.n;
	c->programs = arena_array(c->a, struct vm_program, c->n_programs);
	verdicts = arena_array(c->a, struct vm_verdict, c->n_programs);
	for (uint32_t k = 0; is_good && k < c->n_programs; k++)
		is_good = assemble(c, k);
	is_good = is_good && verify(c, verdicts);
	for (int e = 0; is_good && !c->refused && e < N_ENGINES; e++) {
		if (c->left_out[e] || (e == KERNEL && !has_kernel) ||
		    (only && strcmp(only, engine_names[e]) != 0))
			continue;
		is_good = e == KERNEL ? run_kernel(c) : run_here(c, (enum engine)e, verdicts);
	}
	if (is_good && !c->refused && !has_kernel)
		skipped++;
	is_good ? passed++ : failed++;
	if (is_good && is_verbose)
		printf("ok %s:%u: %s\n", c->file, c->line, c->name);
	vec_each (t, &c->texts)
		sb_free(t);
	sb_free(&c->mem);
	sb_free(&c->after);
}

/* ---- files ----------------------------------------------------------------------------------- */

static struct kase *begin_case(struct arena *a, const char *file, uint32_t line, char *name)
{
	struct kase *c = arena_new(a, struct kase);

	c->a = a;
	c->name = name;
	c->file = file;
	c->line = line;
	c->type = BPF_PROG_TYPE_UNSPEC;
	(void)vec_add(a, &c->texts);
	return c;
}

static bool run_file(const char *path)
{
	own_arena struct arena *a = arena_create();
	struct kase *c = NULL;
	bool is_readable = true;
	char *text, *next;
	uint32_t line = 0;

	if (file_read(a, path, &text, NULL)) {
		printf("not ok %s: cannot be read\n", path);
		failed++;
		return false;
	}
	for (char *s = text; s && *s; s = next) {
		next = strchr(s, '\n');
		if (next)
			*next++ = 0;
		line++;
		if (!strncmp(s, "@case ", 6)) {
			if (c && is_readable)
				run_case(c);
			c = begin_case(a, path, line, s + 6);
			is_readable = true;
		} else if (c && *s == '@') {
			if (is_readable && !read_directive(c, s)) {
				is_readable = false;
				failed++;
			}
		} else if (c) {
			sb_addf(&vec_last(&c->texts), "%s\n", s);
		}
	}
	if (c && is_readable)
		run_case(c);
	return true;
}

int main(int argc, char **argv)
{
	int first;
	int option;

	while ((option = getopt(argc, argv, "ve:")) != -1) {
		if (option == 'v')
			is_verbose = true;
		else if (option == 'e')
			only = optarg;
		else
			return 2;
	}
	first = optind;
	has_kernel = geteuid() == 0;
	for (int k = first; k < argc; k++)
		run_file(argv[k]);
	if (skipped)
		printf("skip %u cases on the kernel: not root\n", skipped);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
