/* Flame graphs: merging, order, layout, colours, text; and the JSON reader under them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/json_read.h"
#include "flame/layout.h"
#include "flame/palette.h"
#include "flame/read.h"
#include "flame/text.h"

/* ---- trees ----------------------------------------------------------------------------------- */

static void add(struct flame_tree *t, const char *stack, double before, double value)
{
	struct flame_frame frames[64];
	size_t n = 0;

	while (*stack) {
		size_t len_b = strcspn(stack, ";");

		frames[n++] = (struct flame_frame){stack, len_b};
		stack += len_b + (stack[len_b] == ';');
	}
	flame_tree_add(t, frames, n, before, value);
}

/* `name value(children)` of the whole tree, along its links. */
static void show(const struct flame_tree *t, uint32_t node, struct strbuf *out)
{
	struct flame_frame name = flame_node_name(t, node);
	const struct flame_node *n = &t->nodes.items[node];

	sb_addf(out, "%.*s %g", (int)name.len_b, name.name, n->value);
	if (!n->first_child)
		return;
	sb_addc(out, '(');
	for (uint32_t c = n->first_child; c; c = t->nodes.items[c].next_sibling) {
		show(t, c, out);
		sb_adds(out, t->nodes.items[c].next_sibling ? ", " : ")");
	}
}

static void assert_tree(const struct flame_tree *t, const char *expected)
{
	own_strbuf struct strbuf out = {0};

	show(t, FLAME_ROOT, &out);
	assert_string_equal(sb_str(&out), expected);
}

static void stacks_merge_from_the_root(void **state)
{
	own_arena struct arena *a = arena_create();
	struct flame_tree t;

	(void)state;
	flame_tree_init(&t, a, false, false);
	add(&t, "m;b;z", 0, 1);
	add(&t, "m;a", 0, 2);
	add(&t, "m;b;z", 0, 4);
	add(&t, "m;b", 0, 8);
	add(&t, "n", 0, 0.5);
	add(&t, "m", 0, 16);
	assert_int_equal(t.nodes.n, 6);
	assert_int_equal(t.names.n, 1 + 5);
	flame_tree_finish(&t, false);
	assert_tree(&t, "all 31.5(m 31(a 2, b 13(z 5)), n 0.5)");
	flame_tree_free(&t);
}

static void in_order_only_neighbours_merge(void **state)
{
	own_arena struct arena *a = arena_create();
	struct flame_tree t;

	(void)state;
	flame_tree_init(&t, a, false, true);
	add(&t, "m;b;z", 0, 1);
	add(&t, "m;b;y", 0, 1);
	add(&t, "m;a", 0, 2);
	add(&t, "m;b;z", 0, 4);
	flame_tree_finish(&t, false);
	assert_tree(&t, "all 8(m 8(b 2(z 1, y 1), a 2, b 4(z 4)))");
	flame_tree_free(&t);
}

/* The same name at many places, many names at one: every growth of both tables. */
static void large_trees_merge_as_small_ones_do(void **state)
{
	enum { N = 50000 };
	own_arena struct arena *a = arena_create();
	struct flame_tree t;
	char stack[64];

	(void)state;
	flame_tree_init(&t, a, false, false);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < N; i++) {
			unsigned k = (unsigned)((uint64_t)i * 7919 % N);

			snprintf(stack, sizeof(stack), "r;%u;%u;%u", k % 10, k, k % 7);
			add(&t, stack, 0, k);
		}
	flame_tree_finish(&t, false);
	assert_int_equal(t.nodes.n, 1 + 1 + 10 + 2 * N);
	assert_int_equal(t.names.n, 1 + 1 + N);
	for (uint32_t node = 1; node < t.nodes.n; node++) {
		struct flame_frame name = flame_node_name(&t, node);
		uint32_t above = t.nodes.items[node].first_child;
		double sum = 0;

		/* sums agree, siblings are in order */
		for (; above; above = t.nodes.items[above].next_sibling) {
			uint32_t next = t.nodes.items[above].next_sibling;

			sum += t.nodes.items[above].value;
			if (next) {
				struct flame_frame x = flame_node_name(&t, above);
				struct flame_frame y = flame_node_name(&t, next);
				size_t least = x.len_b < y.len_b ? x.len_b : y.len_b;
				int order = memcmp(x.name, y.name, least);

				assert_true(order < 0 || (!order && x.len_b < y.len_b));
			}
		}
		if (t.nodes.items[node].first_child)
			assert_true(sum == t.nodes.items[node].value);
		assert_true(name.len_b > 0);
	}
	assert_true(t.nodes.items[FLAME_ROOT].value == 3.0 * N * (N - 1) / 2);
	flame_tree_free(&t);
}

static const struct flame_change *change_of(const struct flame_tree *t, const char *name)
{
	for (uint32_t node = 0; node < t->nodes.n; node++) {
		struct flame_frame f = flame_node_name(t, node);

		if (f.len_b == strlen(name) && !memcmp(f.name, name, f.len_b))
			return &t->changes.items[node];
	}
	fail_msg("there is no %s", name);
	return NULL;
}

static void changes_are_of_a_frame_by_itself(void **state)
{
	own_arena struct arena *a = arena_create();
	struct flame_tree t;

	(void)state;
	for (int normalizes = 0; normalizes < 2; normalizes++) {
		double scale = normalizes ? 2 : 1;

		flame_tree_init(&t, a, true, false);
		add(&t, "m;a", 1, 6);
		add(&t, "m;b", 4, 2);
		add(&t, "m", 1, 4);
		flame_tree_finish(&t, normalizes);
		assert_tree(&t, "all 12(m 12(a 6, b 2))");
		assert_true(change_of(&t, "a")->own == 6 - scale);
		assert_true(change_of(&t, "b")->own == 2 - 4 * scale);
		assert_true(change_of(&t, "m")->own == 4 - scale);
		assert_true(change_of(&t, "m")->before == 6 * scale);
		assert_true(change_of(&t, "all")->own == 0);
		flame_tree_free(&t);
	}
}

/* ---- layout ---------------------------------------------------------------------------------- */

static void boxes_stand_on_their_parents(void **state)
{
	static const struct {
		const char *name;
		uint32_t depth;
		double start;
	} expected[] = {{"all", 0, 0}, {"m", 1, 0}, {"a", 2, 0},
	                {"b", 2, 2},   {"z", 3, 2}, {"n", 1, 20}};
	own_arena struct arena *a = arena_create();
	struct flame_layout l;
	struct flame_tree t;

	(void)state;
	flame_tree_init(&t, a, false, false);
	add(&t, "m;b;z", 0, 5);
	add(&t, "m;a", 0, 2);
	add(&t, "m", 0, 13);
	add(&t, "n", 0, 1);
	add(&t, "n;none", 0, 0);
	flame_tree_finish(&t, false);
	flame_layout_make(&l, &t, 30, 0);
	assert_int_equal(l.boxes.n, 6);
	assert_int_equal(l.n_levels, 4);
	assert_true(l.total == 30);
	for (size_t i = 0; i < 6; i++) {
		struct flame_frame f = flame_node_name(&t, l.boxes.items[i].node);

		assert_int_equal(f.len_b, strlen(expected[i].name));
		assert_memory_equal(f.name, expected[i].name, f.len_b);
		assert_int_equal(l.boxes.items[i].depth, expected[i].depth);
		assert_true(l.boxes.items[i].start == expected[i].start);
	}
	flame_layout_free(&l);
	/* What is left out still takes its place. */
	flame_layout_make(&l, &t, 21, 5);
	assert_int_equal(l.boxes.n, 4);
	assert_true(l.boxes.items[2].start == 2);
	flame_layout_free(&l);
	/* Levels of what is left out are none. */
	flame_layout_make(&l, &t, 21, 6);
	assert_int_equal(l.boxes.n, 2);
	assert_int_equal(l.n_levels, 2);
	flame_layout_free(&l);
	flame_tree_free(&t);
}

/* ---- colours --------------------------------------------------------------------------------- */

static struct flame_color color(const char *palette, const char *name, uint32_t seed)
{
	return flame_palette_color(flame_palette_find(palette),
	                           (struct flame_frame){name, strlen(name)}, seed);
}

static bool is_equal(struct flame_color a, struct flame_color b)
{
	return a.red == b.red && a.green == b.green && a.blue == b.blue;
}

/* WCAG 2, relative luminance, with a square in place of its power of 2.4: within 0.05. */
static double luminance(struct flame_color c)
{
	return 0.2126 * (c.red / 255.0) * (c.red / 255.0) +
	       0.7152 * (c.green / 255.0) * (c.green / 255.0) +
	       0.0722 * (c.blue / 255.0) * (c.blue / 255.0);
}

static void colours_belong_to_names(void **state)
{
	char name[32];

	(void)state;
	assert_true(is_equal(color("hot", "read", 0), color("hot", "read", 0)));
	assert_false(is_equal(color("hot", "read", 0), color("hot", "write", 0)));
	assert_false(is_equal(color("hot", "read", 0), color("hot", "read", 1)));
	assert_false(is_equal(color("hot", "read", 0), color("mem", "read", 0)));
	assert_null(flame_palette_find("hott"));
	for (unsigned i = 0; flame_palette_name(i); i++)
		for (unsigned k = 0; k < 200; k++) {
			snprintf(name, sizeof(name), "function_%u", k * 7919);
			/* black text on it: a contrast of 4.5 at least */
			assert_true((luminance(color(flame_palette_name(i), name, 0)) + 0.05) /
			                0.055 >
			            4.5);
		}
}

static void tones_are_what_they_are_called(void **state)
{
	char name[32];

	(void)state;
	for (unsigned k = 0; k < 100; k++) {
		struct flame_color c;

		snprintf(name, sizeof(name), "f%u", k);
		c = color("mem", name, 0);
		assert_true(c.green > c.red && c.green > c.blue);
		c = color("io", name, 0);
		assert_true(c.blue > c.red && c.blue > c.green);
		c = color("hot", name, 0);
		assert_true(c.red > c.green && c.green >= c.blue);
		c = color("grey", name, 0);
		assert_true(c.red == c.green && c.green == c.blue);
	}
}

static void differences_go_from_blue_to_red(void **state)
{
	struct flame_color last = flame_change_color(-1), none = flame_change_color(0);

	(void)state;
	assert_true(none.red == none.green && none.green == none.blue);
	assert_true(last.blue > last.red);
	for (double share = -0.9; share < 0; share += 0.1) {
		struct flame_color c = flame_change_color(share);

		assert_true(c.blue > c.red && c.red > last.red);
		last = c;
	}
	last = none;
	for (double share = 0.001; share <= 1; share *= 1.5) {
		struct flame_color c = flame_change_color(share);

		assert_true(c.red > c.blue && c.blue < last.blue + 1);
		last = c;
	}
	assert_true(is_equal(flame_change_color(1), flame_change_color(7)));
}

static void annotations_are_kinds(void **state)
{
	static const struct {
		const char *name, *bare;
		enum flame_kind kind;
	} rows[] = {{"main", "main", FLAME_NATIVE},       {"std::f", "std::f", FLAME_CPP},
	            {"read_[k]", "read", FLAME_KERNEL},   {"a::b_[j]", "a::b", FLAME_JIT},
	            {"f_[i]", "f", FLAME_INLINED},        {"f_[w]", "f", FLAME_WAKER},
	            {"f_[x]", "f_[x]", FLAME_NATIVE},     {"_[k]", "_[k]", FLAME_NATIVE},
	            {"f_[k]_[i]", "f_[k]", FLAME_INLINED}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct flame_frame f = {rows[i].name, strlen(rows[i].name)};

		assert_int_equal(flame_kind_of(&f), rows[i].kind);
		assert_int_equal(f.len_b, strlen(rows[i].bare));
		assert_non_null(flame_palette_of(rows[i].kind));
	}
}

/* ---- text ------------------------------------------------------------------------------------ */

static void text_is_xml_of_a_width(void **state)
{
	static const struct {
		const char *in;
		size_t max_cells;
		const char *out;
	} rows[] = {
	    {"plain", 99, "plain"},
	    {"plain", 5, "plain"},
	    {"plain", 4, "pla…"},
	    {"plain", 1, "…"},
	    {"plain", 0, ""},
	    {"<a&\"b>", 99, "&lt;a&amp;&quot;b&gt;"},
	    {"<<<<", 3, "&lt;&lt;…"},
	    {"\xe4\xbd\xa0\xe5\xa5\xbd", 4, "\xe4\xbd\xa0\xe5\xa5\xbd"},
	    {"\xe4\xbd\xa0\xe5\xa5\xbd", 3, "\xe4\xbd\xa0…"},
	    {"\xe4\xbd\xa0\xe5\xa5\xbd", 2, "…"},
	    {"\xe4\xbd", 9, "\xef\xbf\xbd\xef\xbf\xbd"}, /* cut off */
	    {"\xc0\xaf", 9, "\xef\xbf\xbd\xef\xbf\xbd"}, /* too long for what it is */
	    {"\xf4\x90\x80\x80", 9, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	    {"\xf0\x9f\x94\xa5", 9, "\xf0\x9f\x94\xa5"},
	    {"\t\x7f", 9, "\xe2\x90\x89\xe2\x90\xa1"},
	    {"\xc2\x85", 9, "\xef\xbf\xbd"},
	    {"\xef\xbf\xbe", 9, "\xef\xbf\xbd"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		own_strbuf struct strbuf out = {0};

		flame_text_add(&out, rows[i].in, strlen(rows[i].in), rows[i].max_cells);
		assert_string_equal(sb_str(&out), rows[i].out);
	}
	assert_int_equal(flame_text_cells("a\xc3\xa9\xe4\xbd\xa0", 6), 4);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Lines longer than what is read at once, and one that ends without a newline. */
static void long_lines_are_read_whole(void **state)
{
	enum { FRAMES = 300000 };
	own_arena struct arena *a = arena_create();
	own_strbuf struct strbuf why = {0};
	struct flame_read_options opts = {0};
	struct flame_read_counts counts;
	struct flame_tree t;
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	for (unsigned line = 0; line < 2; line++) {
		for (unsigned i = 0; i < FRAMES; i++)
			fprintf(file, "f%u;", i % 1000);
		fprintf(file, "leaf %u%s", line + 1, line ? "" : "\n");
	}
	rewind(file);
	assert_int_equal(flame_read(fileno(file), &opts, a, &t, &counts, &why), 0);
	assert_int_equal(counts.n_stacks, 2);
	assert_int_equal(counts.n_ignored, 0);
	assert_int_equal(t.nodes.n, 1 + FRAMES + 1);
	flame_tree_finish(&t, false);
	assert_true(t.nodes.items[FLAME_ROOT].value == 3);
	flame_tree_free(&t);
	fclose(file);
}

static void json_is_read_as_written(void **state)
{
	static const char text[] = " { \"a\\n\\u00e9\\ud83d\\udd25\\ud83d!\" : [1, {\"x\": []}, "
	                           "\"\\\"]\", -2.5e1, null] , \"b\":\"12\"} ";
	static const char *const bad[] = {"{",    "[1,",  "\"abc", "\"\\x\"", "\"\\u12g4\"",
	                                  "{]x[", "\x01", ",",     ""};
	struct json_reader r = {text, text + strlen(text)};
	own_strbuf struct strbuf s = {0};
	double number;

	(void)state;
	assert_true(json_read_mark(&r, '{'));
	assert_true(json_read_string(&r, &s));
	assert_string_equal(sb_str(&s), "a\n\xc3\xa9\xf0\x9f\x94\xa5\xef\xbf\xbd!");
	assert_true(json_read_mark(&r, ':'));
	assert_true(json_read_skip(&r));
	assert_true(json_read_optional(&r, ','));
	assert_false(json_read_optional(&r, ','));
	assert_true(json_read_string(&r, NULL));
	assert_true(json_read_mark(&r, ':'));
	assert_true(json_read_number(&r, &number));
	assert_true(number == 12);
	assert_false(json_read_end(&r));
	assert_true(json_read_mark(&r, '}'));
	assert_true(json_read_end(&r));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		r = (struct json_reader){bad[i], bad[i] + strlen(bad[i])};
		assert_false(json_read_skip(&r) && json_read_end(&r));
	}
	for (size_t i = 0; i < 6; i++) {
		static const char *const numbers[] = {"+1", ".5", "1x", "0x1", "\"1", "nan"};

		r = (struct json_reader){numbers[i], numbers[i] + strlen(numbers[i])};
		assert_false(json_read_number(&r, &number) && json_read_end(&r));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stacks_merge_from_the_root),
	    cmocka_unit_test(in_order_only_neighbours_merge),
	    cmocka_unit_test(large_trees_merge_as_small_ones_do),
	    cmocka_unit_test(changes_are_of_a_frame_by_itself),
	    cmocka_unit_test(boxes_stand_on_their_parents),
	    cmocka_unit_test(colours_belong_to_names),
	    cmocka_unit_test(tones_are_what_they_are_called),
	    cmocka_unit_test(differences_go_from_blue_to_red),
	    cmocka_unit_test(annotations_are_kinds),
	    cmocka_unit_test(text_is_xml_of_a_width),
	    cmocka_unit_test(long_lines_are_read_whole),
	    cmocka_unit_test(json_is_read_as_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
