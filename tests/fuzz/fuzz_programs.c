/* Random correct programs through the whole compiler, and what they compute.
 *
 * The input only seeds a generator of small programs over unsigned numbers, maps and strings. Each
 * must compile. With FUZZ_LOAD=1 in the environment (root; tests/fuzz/run --load) the kernel must
 * also accept it, run it, and find what the interpreter below finds.
 *
 * corpus: *.bt */
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "cmd/target.h"
#include "engine/engine.h"
#include "script/script.h"

enum { N_VARS = 5, N_SCALARS = 3, N_KEYS = 8, N_TEXTS = 3, MAX_LOOPS = 3, MAX_STEPS = 30000 };

/* All values are u64: every operation is wrapped in a cast. `--` and `-=` would make what they are
 * applied to signed. */
enum kind {
	X_LITERAL, X_VAR, X_SCALAR, X_KEYED, X_COUNT, X_LOOP, X_BINARY, X_COMPARE, X_SIGNED, X_CHOICE,
	X_NARROW, X_AND, X_OR, X_NOT, X_STRLEN, X_EQUAL, X_HAS_KEY, X_BLOCK, X_BUMP, X_TUPLE, X_N,
	S_VAR, S_SCALAR, S_KEYED, S_OP, S_OP_SCALAR, S_OP_KEYED, S_IF, S_FOR, S_FOR_RUN, S_UNROLL,
	S_FOR_MAP, S_TEXT, S_COUNT, S_DELETE, S_PRINTF, S_BREAK, S_CONTINUE, S_SEQ, S_N
};

static const char *const binary[] = {"+", "-", "*", "&", "|", "^", "<<", ">>", "/", "%"};
static const char *const changes[] = {"+", "*", "&", "|", "^"};
static const char *const compare[] = {"<", "<=", ">", ">=", "==", "!="};
static const char *const words[] = {"", "a", "ab", "abcdefg", "abcdefgh", "abcdefghi",
                                    "a text that is longer than what is kept on the stack"};

struct n {
	enum kind kind;
	uint32_t op;
	uint64_t value;
	struct n *a, *b, *c;
	struct n *list[6];
	uint32_t n_list;
};

struct machine {
	uint64_t vars[N_VARS], scalars[N_SCALARS], keyed[N_KEYS], counts[N_KEYS], loops[MAX_LOOPS];
	bool has[N_KEYS];
	uint32_t texts[N_TEXTS]; /* which word */
	uint32_t steps;
	enum { GO, BREAK, CONTINUE } jump;
};

struct gen {
	struct arena *a;
	uint64_t state;
	uint32_t loops; /* around what is being made */
	bool in_loop;	/* and in no callback that break cannot leave */
	struct strbuf out;
};

static uint32_t below(struct gen *g, uint32_t n)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

/* ---- making ---------------------------------------------------------------------------------- */

static struct n *statement(struct gen *g, uint32_t depth);

static struct n *node(struct gen *g, enum kind kind)
{
	struct n *n = arena_new(g->a, struct n);

	n->kind = kind;
	return n;
}

static uint64_t literal(struct gen *g)
{
	uint64_t bits = (uint64_t)below(g, 0x7fffffff) << 33 | (uint64_t)below(g, 0x7fffffff) << 2;

	switch (below(g, 4)) {
	case 0:
		return below(g, 10);
	case 1:
		return bits >> below(g, 64);
	case 2:
		return (1ull << below(g, 64)) - below(g, 2);
	default:
		return bits;
	}
}

static struct n *expr(struct gen *g, uint32_t depth)
{
	struct n *n;
	enum kind kind = depth ? below(g, X_N) : below(g, X_KEYED);

	if (kind == X_LOOP && !g->loops)
		kind = X_VAR;
	n = node(g, kind);
	n->op = below(g, 1000);
	n->value = literal(g);
	switch (kind) {
	case X_BINARY:
	case X_COMPARE:
	case X_SIGNED:
	case X_AND:
	case X_OR:
	case X_TUPLE:
		n->a = expr(g, depth - 1);
		n->b = expr(g, depth - 1);
		break;
	case X_CHOICE:
		n->a = expr(g, depth - 1);
		n->b = expr(g, depth - 1);
		n->c = expr(g, depth - 1);
		break;
	case X_KEYED:
	case X_COUNT:
	case X_NARROW:
	case X_NOT:
	case X_HAS_KEY:
		n->a = expr(g, depth - 1);
		break;
	case X_BLOCK:
		n->a = node(g, S_VAR);
		n->a->op = below(g, N_VARS);
		n->a->a = expr(g, depth - 1);
		n->b = expr(g, depth - 1);
		break;
	case X_LOOP:
		n->op = below(g, g->loops);
		break;
	default:
		break;
	}
	return n;
}

static struct n *sequence(struct gen *g, uint32_t depth)
{
	struct n *n = node(g, S_SEQ);

	n->n_list = 1 + below(g, 4);
	for (uint32_t i = 0; i < n->n_list; i++)
		n->list[i] = statement(g, depth);
	return n;
}

static struct n *statement(struct gen *g, uint32_t depth)
{
	enum kind kind = S_VAR + below(g, S_SEQ - S_VAR);
	bool in_loop = g->in_loop;
	struct n *n;

	if (!depth && kind >= S_IF && kind <= S_UNROLL)
		kind = S_VAR;
	if ((kind == S_FOR || kind == S_FOR_RUN) && g->loops == MAX_LOOPS)
		kind = S_IF;
	if ((kind == S_BREAK || kind == S_CONTINUE) && (!g->in_loop || !depth))
		kind = S_OP;
	n = node(g, kind);
	n->op = below(g, 1000);
	n->value = kind == S_FOR && !below(g, 6) ? 130 + below(g, 20) : below(g, 6);
	switch (kind) {
	case S_KEYED:
	case S_OP_KEYED:
		n->a = expr(g, 2);
		n->b = expr(g, 3);
		break;
	case S_IF:
		n->a = expr(g, 2);
		n->b = sequence(g, depth - 1);
		n->c = below(g, 2) ? sequence(g, depth - 1) : NULL;
		break;
	case S_FOR_RUN:
		n->b = expr(g, 2);
		/* fall through */
	case S_FOR:
		g->loops++;
		g->in_loop = true;
		n->a = sequence(g, depth - 1);
		g->loops--;
		g->in_loop = in_loop;
		break;
	case S_UNROLL:
		n->value = 1 + n->value % 3;
		g->in_loop = false; /* spec 5.1: not in unroll; ours allows it in a loop's */
		n->a = sequence(g, depth - 1);
		g->in_loop = in_loop;
		break;
	case S_BREAK:
	case S_CONTINUE:
		n->a = expr(g, 1);
		break;
	default:
		n->a = expr(g, 3);
	}
	return n;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void show(struct gen *g, const struct n *n)
{
	struct strbuf *o = &g->out;

#define SHOW(n) show(g, (n))
#define TEXT(...) sb_addf(o, __VA_ARGS__)
	switch (n->kind) {
	case X_LITERAL:
		TEXT("(uint64)%llu", (unsigned long long)n->value);
		break;
	case X_VAR:
		TEXT("$v%u", n->op % N_VARS);
		break;
	case X_SCALAR:
		TEXT("@s%u", n->op % N_SCALARS);
		break;
	case X_KEYED:
		TEXT("@k[("), SHOW(n->a), TEXT(") & 7]");
		break;
	case X_COUNT:
		TEXT("(uint64)@c[("), SHOW(n->a), TEXT(") & 7, \"x\"]");
		break;
	case X_LOOP:
		TEXT("$i%u", n->op);
		break;
	case X_BINARY:
		TEXT("(uint64)("), SHOW(n->a);
		TEXT(" %s ((", binary[n->op % 10]), SHOW(n->b);
		TEXT(n->op % 10 >= 8 ? ") | 1))" : n->op % 10 >= 6 ? ") & 63))" : ")))");
		break;
	case X_COMPARE:
		TEXT("(uint64)("), SHOW(n->a), TEXT(" %s ", compare[n->op % 6]), SHOW(n->b), TEXT(")");
		break;
	case X_SIGNED:
		TEXT("(uint64)((int64)("), SHOW(n->a), TEXT(") %s (int64)(", compare[n->op % 6]);
		SHOW(n->b), TEXT("))");
		break;
	case X_CHOICE:
		TEXT("("), SHOW(n->a), TEXT(" ? "), SHOW(n->b), TEXT(" : "), SHOW(n->c), TEXT(")");
		break;
	case X_NARROW:
		TEXT("(uint64)(%sint%u)(", n->op & 1 ? "" : "u", 8 << n->op / 2 % 3), SHOW(n->a), TEXT(")");
		break;
	case X_AND:
	case X_OR:
		TEXT("(uint64)("), SHOW(n->a), TEXT(n->kind == X_AND ? " && " : " || ");
		SHOW(n->b), TEXT(")");
		break;
	case X_NOT:
		TEXT("(uint64)(!("), SHOW(n->a), TEXT("))");
		break;
	case X_STRLEN:
		TEXT("strlen(%st%u)", n->op / 4 % 2 ? "@" : "$", n->op % N_TEXTS);
		break;
	case X_EQUAL:
		TEXT("(uint64)(%st%u == ", n->op / 4 % 2 ? "@" : "$", n->op % N_TEXTS);
		if (n->op / 8 % 2)
			TEXT("%st%u)", n->op / 16 % 2 ? "@" : "$", n->op / 32 % N_TEXTS);
		else
			TEXT("\"%s\")", words[n->op / 32 % 7]);
		break;
	case X_HAS_KEY:
		TEXT("(uint64)has_key(@k, ("), SHOW(n->a), TEXT(") & 7)");
		break;
	case X_BLOCK:
		TEXT("{ "), SHOW(n->a), SHOW(n->b), TEXT(" }");
		break;
	case X_BUMP:
		TEXT(n->op / 8 & 1 ? "(uint64)$v%u%s" : "(uint64)@s%u%s",
		     n->op % (n->op / 8 & 1 ? N_VARS : N_SCALARS), "++");
		break;
	case X_TUPLE:
		TEXT("("), SHOW(n->a), TEXT(", \"%s\", ", words[n->op % 7]), SHOW(n->b);
		TEXT(n->op / 8 & 1 ? ").0" : ").2");
		break;
	case S_VAR:
		TEXT("$v%u = ", n->op % N_VARS), SHOW(n->a), TEXT("; ");
		break;
	case S_SCALAR:
		TEXT("@s%u = ", n->op % N_SCALARS), SHOW(n->a), TEXT("; ");
		break;
	case S_KEYED:
		TEXT("@k[("), SHOW(n->a), TEXT(") & 7] = "), SHOW(n->b), TEXT("; ");
		break;
	case S_OP:
		TEXT("$v%u %s= ", n->op % N_VARS, changes[n->op / 8 % 5]), SHOW(n->a), TEXT("; ");
		break;
	case S_OP_SCALAR:
		TEXT("@s%u %s= ", n->op % N_SCALARS, changes[n->op / 8 % 5]), SHOW(n->a), TEXT("; ");
		break;
	case S_OP_KEYED:
		TEXT("@k[("), SHOW(n->a), TEXT(") & 7] %s= ", changes[n->op / 8 % 5]);
		SHOW(n->b), TEXT("; ");
		break;
	case S_IF:
		TEXT("if ("), SHOW(n->a), TEXT(") {\n"), SHOW(n->b), TEXT("}");
		if (n->c)
			TEXT(" else {\n"), SHOW(n->c), TEXT("}");
		TEXT("\n");
		break;
	case S_FOR:
	case S_FOR_RUN:
		TEXT("for ($i%u : (uint64)0..", g->loops);
		if (n->kind == S_FOR)
			TEXT("(uint64)%llu) {\n", (unsigned long long)n->value);
		else
			TEXT("(("), SHOW(n->b), TEXT(") & 7)) {\n");
		g->loops++;
		SHOW(n->a);
		g->loops--;
		TEXT("}\n");
		break;
	case S_UNROLL:
		TEXT("unroll(%llu) {\n", (unsigned long long)n->value), SHOW(n->a), TEXT("}\n");
		break;
	case S_FOR_MAP:
		TEXT("for ($kv : @k) { $v%u += $kv.1 * 3 + $kv.0; }\n", n->op % N_VARS);
		break;
	case S_TEXT:
		TEXT("%st%u = \"%s\"; ", n->op / 4 % 2 ? "@" : "$", n->op % N_TEXTS, words[n->op / 8 % 7]);
		if (n->op / 4 % 2 == 0)
			TEXT("@t%u = $t%u; ", n->op % N_TEXTS, n->op % N_TEXTS);
		else
			TEXT("$t%u = @t%u; ", n->op % N_TEXTS, n->op % N_TEXTS);
		break;
	case S_COUNT:
		TEXT("@c[("), SHOW(n->a), TEXT(") & 7, \"x\"] = count(); ");
		break;
	case S_DELETE:
		TEXT("delete(@k, ("), SHOW(n->a), TEXT(") & 7); ");
		break;
	case S_PRINTF:
		TEXT("printf(\"%%d %%s %%s\\n\", "), SHOW(n->a);
		TEXT(", $t%u, (@t0, 1));\n", n->op % N_TEXTS);
		break;
	case S_BREAK:
	case S_CONTINUE:
		TEXT("if ("), SHOW(n->a), TEXT(n->kind == S_BREAK ? ") { break; }\n" : ") { continue; }\n");
		break;
	default:
		for (uint32_t i = 0; i < n->n_list; i++)
			SHOW(n->list[i]);
	}
#undef SHOW
#undef TEXT
}

/* ---- interpreting ---------------------------------------------------------------------------- */

static uint64_t calculate(uint32_t op, uint64_t x, uint64_t y)
{
	switch (op) {
	case 0:
		return x + y;
	case 1:
		return x - y;
	case 2:
		return x * y;
	case 3:
		return x & y;
	case 4:
		return x | y;
	case 5:
		return x ^ y;
	case 6:
		return x << (y & 63);
	case 7:
		return x >> (y & 63);
	case 8:
		return x / (y | 1);
	default:
		return x % (y | 1);
	}
}

static uint32_t changed_by(const struct n *n)
{
	static const uint32_t ops[] = {0, 2, 3, 4, 5};

	return ops[n->op / 8 % 5];
}

static bool holds(uint32_t op, bool is_less, bool is_equal)
{
	switch (op) {
	case 0:
		return is_less;
	case 1:
		return is_less || is_equal;
	case 2:
		return !is_less && !is_equal;
	case 3:
		return !is_less;
	case 4:
		return is_equal;
	default:
		return !is_equal;
	}
}

static void run(struct machine *m, const struct n *n, uint32_t loops);

static uint64_t value_of(struct machine *m, const struct n *n, uint32_t loops)
{
	uint64_t x, y, *place;

	m->steps++;
	switch (n->kind) {
	case X_LITERAL:
		return n->value;
	case X_VAR:
		return m->vars[n->op % N_VARS];
	case X_SCALAR:
		return m->scalars[n->op % N_SCALARS];
	case X_KEYED:
		return m->keyed[value_of(m, n->a, loops) & 7];
	case X_COUNT:
		return m->counts[value_of(m, n->a, loops) & 7];
	case X_LOOP:
		return m->loops[n->op];
	case X_BINARY:
		x = value_of(m, n->a, loops);
		return calculate(n->op % 10, x, value_of(m, n->b, loops));
	case X_COMPARE:
		x = value_of(m, n->a, loops);
		y = value_of(m, n->b, loops);
		return holds(n->op % 6, x < y, x == y);
	case X_SIGNED:
		x = value_of(m, n->a, loops);
		y = value_of(m, n->b, loops);
		return holds(n->op % 6, (int64_t)x < (int64_t)y, x == y);
	case X_CHOICE:
		return value_of(m, value_of(m, n->a, loops) ? n->b : n->c, loops);
	case X_NARROW:
		x = value_of(m, n->a, loops);
		switch (n->op / 2 % 3) {
		case 0:
			return n->op & 1 ? (uint64_t)(int8_t)x : (uint8_t)x;
		case 1:
			return n->op & 1 ? (uint64_t)(int16_t)x : (uint16_t)x;
		default:
			return n->op & 1 ? (uint64_t)(int32_t)x : (uint32_t)x;
		}
	case X_AND:
		return value_of(m, n->a, loops) && value_of(m, n->b, loops);
	case X_OR:
		return value_of(m, n->a, loops) || value_of(m, n->b, loops);
	case X_NOT:
		return !value_of(m, n->a, loops);
	case X_STRLEN:
		return strlen(words[m->texts[n->op % N_TEXTS]]);
	case X_EQUAL:
		x = m->texts[n->op % N_TEXTS];
		return x == (n->op / 8 % 2 ? m->texts[n->op / 32 % N_TEXTS] : n->op / 32 % 7);
	case X_HAS_KEY:
		return m->has[value_of(m, n->a, loops) & 7];
	case X_BLOCK:
		run(m, n->a, loops);
		return value_of(m, n->b, loops);
	case X_BUMP:
		place = n->op / 8 & 1 ? &m->vars[n->op % N_VARS] : &m->scalars[n->op % N_SCALARS];
		return (*place)++;
	case X_TUPLE:
		x = value_of(m, n->a, loops);
		y = value_of(m, n->b, loops);
		return n->op / 8 & 1 ? x : y;
	default:
		abort();
	}
}

static void loop(struct machine *m, const struct n *n, uint64_t trips, uint32_t loops)
{
	for (uint64_t i = 0; i < trips && m->steps < MAX_STEPS; i++) {
		m->loops[loops] = i;
		run(m, n->a, loops + 1);
		if (m->jump == BREAK)
			break;
		m->jump = GO;
	}
	m->jump = GO;
}

static void run(struct machine *m, const struct n *n, uint32_t loops)
{
	uint64_t x, key;

	if (m->steps++ > MAX_STEPS)
		return;
	switch (n->kind) {
	case S_VAR:
		x = value_of(m, n->a, loops);
		m->vars[n->op % N_VARS] = x;
		break;
	case S_SCALAR:
		x = value_of(m, n->a, loops);
		m->scalars[n->op % N_SCALARS] = x;
		break;
	case S_KEYED: /* the value first, then the key */
		x = value_of(m, n->b, loops);
		key = value_of(m, n->a, loops) & 7;
		m->keyed[key] = x;
		m->has[key] = true;
		break;
	case S_OP:
		x = value_of(m, n->a, loops);
		m->vars[n->op % N_VARS] = calculate(changed_by(n), m->vars[n->op % N_VARS], x);
		break;
	case S_OP_SCALAR:
		x = value_of(m, n->a, loops);
		m->scalars[n->op % N_SCALARS] =
		    calculate(changed_by(n), m->scalars[n->op % N_SCALARS], x);
		break;
	case S_OP_KEYED:
		x = value_of(m, n->b, loops);
		key = value_of(m, n->a, loops) & 7;
		m->keyed[key] = calculate(changed_by(n), m->keyed[key], x);
		m->has[key] = true;
		break;
	case S_IF:
		if (value_of(m, n->a, loops))
			run(m, n->b, loops);
		else if (n->c)
			run(m, n->c, loops);
		break;
	case S_FOR:
		loop(m, n, n->value, loops);
		break;
	case S_FOR_RUN:
		loop(m, n, value_of(m, n->b, loops) & 7, loops);
		break;
	case S_UNROLL:
		for (uint64_t i = 0; i < n->value; i++)
			run(m, n->a, loops);
		break;
	case S_FOR_MAP:
		for (uint64_t i = 0; i < N_KEYS; i++)
			if (m->has[i])
				m->vars[n->op % N_VARS] += m->keyed[i] * 3 + i;
		break;
	case S_TEXT:
		m->texts[n->op % N_TEXTS] = n->op / 8 % 7;
		break;
	case S_COUNT:
		m->counts[value_of(m, n->a, loops) & 7]++;
		break;
	case S_DELETE:
		key = value_of(m, n->a, loops) & 7;
		m->keyed[key] = 0;
		m->has[key] = false;
		break;
	case S_PRINTF:
		value_of(m, n->a, loops);
		break;
	case S_BREAK:
	case S_CONTINUE:
		if (value_of(m, n->a, loops))
			m->jump = n->kind == S_BREAK ? BREAK : CONTINUE;
		break;
	default:
		for (uint32_t i = 0; i < n->n_list && m->jump == GO; i++)
			run(m, n->list[i], loops);
	}
}

/* ---- trying ---------------------------------------------------------------------------------- */

static const struct script_target modern = {
    .has_ringbuf = true, .has_probe_read_split = true, .has_bpf_loop = true,
    .has_for_each_map = true, .has_lookup_percpu = true, .has_attach_cookie = true,
    .has_func_ip = true, .has_mem_alloc = true, .has_ktime_boot = true, .has_ktime_tai = true,
    .has_sext = true, .has_atomics = true, .n_cpus = 4};

struct finding {
	const struct gen *g;
	const char *name;
	uint64_t want;
};

static bool check_entry(void *arg, const void *key, const void *values, uint32_t n, uint32_t stride)
{
	struct finding *f = arg;
	uint64_t is;

	(void)key, (void)n, (void)stride;
	memcpy(&is, values, sizeof(is));
	if (is != f->want) {
		fprintf(stderr, "%s is %llu, should be %llu:\n%s\n", f->name,
		        (unsigned long long)is, (unsigned long long)f->want, sb_str(&f->g->out));
		abort();
	}
	return true;
}

static void try_kernel(const struct gen *g, const struct image *img, const struct machine *m)
{
	struct engine_options opts = {.log_size_b = 1 << 20, .ring_bytes = 1 << 18};
	struct engine_error err = {0};
	struct engine *e = engine_kernel.load(img, &opts, &err);

	if (!e || engine_kernel.run_begin(e, &err) < 0) {
		fprintf(stderr, "refused: %s: %s\n%s\n", err.text, err.hint ? err.hint : "",
		        sb_str(&g->out));
		abort();
	}
	for (uint32_t i = 0; i < img->vars.n; i++) {
		const char *name = img->vars.items[i].name;
		struct finding f = {g, name, 0};
		uint32_t k = (uint32_t)atoi(name + 2);

		if (name[1] != 'r')
			continue;
		f.want = k < N_VARS                ? m->vars[k]
		         : k < N_VARS + N_SCALARS ? m->scalars[k - N_VARS]
		         : k < N_VARS + N_SCALARS + N_KEYS
		             ? m->keyed[k - N_VARS - N_SCALARS]
		             : m->counts[k - N_VARS - N_SCALARS - N_KEYS];
		engine_kernel.var_read(e, i, check_entry, &f);
	}
	engine_kernel.destroy(e);
}

static void write_program(struct gen *g, const struct n *body)
{
	struct strbuf *o = &g->out;

	sb_addf(o, "begin {\n");
	for (uint32_t i = 0; i < N_VARS; i++)
		sb_addf(o, "$v%u = (uint64)0; ", i);
	for (uint32_t i = 0; i < N_SCALARS; i++)
		sb_addf(o, "@s%u = (uint64)0; ", i);
	for (uint32_t i = 0; i < N_TEXTS; i++)
		sb_addf(o, "$t%u = \"\"; @t%u = \"\"; ", i, i);
	sb_addf(o, "@k[(uint64)0] = (uint64)0; delete(@k, 0); @c[(uint64)9, \"x\"] = count();\n");
	show(g, body);
	for (uint32_t i = 0; i < N_VARS; i++)
		sb_addf(o, "@r%u = $v%u; ", i, i);
	for (uint32_t i = 0; i < N_SCALARS; i++)
		sb_addf(o, "@r%u = @s%u; ", N_VARS + i, i);
	for (uint32_t i = 0; i < N_KEYS; i++)
		sb_addf(o, "@r%u = @k[%u]; @r%u = (uint64)@c[%u, \"x\"]; ", N_VARS + N_SCALARS + i, i,
		        N_VARS + N_SCALARS + N_KEYS + i, i);
	sb_addf(o, "\n}\n");
}

void fuzz_one(const char *data, size_t len_b)
{
	struct gen g = {.a = arena_create(), .state = 0xcbf29ce484222325};
	bool is_loaded = getenv("FUZZ_LOAD") != NULL;
	struct diag *d = diag_create(g.a);
	struct types *ts = types_create(g.a, NULL);
	struct script_options opts = {.target = modern};
	struct machine m = {0};
	struct image *img;
	struct n *body;

	for (size_t i = 0; i < len_b; i++)
		g.state = (g.state ^ (uint8_t)data[i]) * 0x100000001b3;
	body = node(&g, S_SEQ);
	body->n_list = 6;
	for (uint32_t i = 0; i < body->n_list; i++)
		body->list[i] = statement(&g, 3);
	if (getenv("FUZZ_FIRST")) /* look into a finding: only so many of its statements */
		body->n_list = (uint32_t)atoi(getenv("FUZZ_FIRST"));
	run(&m, body, 0);
	write_program(&g, body);
	if (is_loaded)
		target_describe(&opts.target, ts, true, false);
	if (getenv("FUZZ_SHOW"))
		fputs(sb_str(&g.out), stderr);
	script_config_defaults(&opts.config);
	img = script_compile(g.a, d, ts, "fuzz", sb_str(&g.out), g.out.n, &opts);
	if (!img) {
		struct strbuf said = {0};

		diag_render(d, &(struct diag_style){.no_warnings = true}, &said);
		fprintf(stderr, "%s%s\n", sb_str(&said), sb_str(&g.out));
		abort();
	}
	if (is_loaded && m.steps < MAX_STEPS)
		try_kernel(&g, img, &m);
	sb_free(&g.out);
	types_destroy(ts);
	arena_destroy(g.a);
}
