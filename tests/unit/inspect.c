/* The inspector's JSON in both layouts, and values by their BTF types. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include <cmocka.h>

#include "inspect/map/data.h"
#include "inspect/typed.h"

struct page {
	struct json_writer j;
	FILE *to;
	char *text;
	size_t len_b;
};

static void begin(struct page *p, bool is_pretty)
{
	p->to = open_memstream(&p->text, &p->len_b);
	json_begin(&p->j, p->to, is_pretty);
}

static void expect(struct page *p, const char *want)
{
	json_end(&p->j);
	fclose(p->to);
	assert_string_equal(p->text, want);
	free(p->text);
}

static void write_all(struct json_writer *j)
{
	json_open(j, '[');
	json_open(j, '{');
	json_key(j, "id");
	json_uint(j, UINT64_MAX);
	json_key(j, "list");
	json_open(j, '[');
	json_int(j, -1);
	json_bool(j, true);
	json_null(j);
	json_close(j, ']');
	json_key(j, "none");
	json_open(j, '[');
	json_close(j, ']');
	json_close(j, '}');
	json_open(j, '{');
	json_key(j, "a\"b");
	json_string_n(j, "\x01\n", 2);
	json_key(j, "hex");
	json_format(j, "0x%02x", 10);
	json_close(j, '}');
	json_close(j, ']');
}

static void json_has_two_layouts(void **state)
{
	struct page p;

	(void)state;
	begin(&p, false);
	write_all(&p.j);
	expect(&p, "[{\"id\":18446744073709551615,\"list\":[-1,true,null],\"none\":[]},"
	           "{\"a\\\"b\":\"\\u0001\\n\",\"hex\":\"0x0a\"}]\n");
	begin(&p, true);
	write_all(&p.j);
	expect(&p, "[{\n"
	           "        \"id\": 18446744073709551615,\n"
	           "        \"list\": [-1,true,null\n"
	           "        ],\n"
	           "        \"none\": []\n"
	           "    },{\n"
	           "        \"a\\\"b\": \"\\u0001\\n\",\n"
	           "        \"hex\": \"0x0a\"\n"
	           "    }\n"
	           "]\n");
	begin(&p, true);
	expect(&p, "\n"); /* one end, even of nothing */
}

/* ---- types ----------------------------------------------------------------------------------- */

static struct btf *btf;
static int t_int, t_uint, t_char, t_schar, t_bool, t_wide, t_pointer, t_text, t_bytes, t_enum,
    t_state, t_inner, t_all, t_var, t_section;

static int make_types(void **state)
{
	(void)state;
	btf = btf__new_empty();
	t_int = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	t_uint = btf__add_int(btf, "unsigned int", 4, 0);
	t_char = btf__add_int(btf, "char", 1, BTF_INT_CHAR);
	t_schar = btf__add_int(btf, "signed char", 1, BTF_INT_SIGNED);
	t_bool = btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL);
	t_wide = btf__add_int(btf, "__int128", 16, 0);
	t_pointer = btf__add_ptr(btf, t_int);
	t_text = btf__add_array(btf, t_uint, t_char, 4);
	t_bytes = btf__add_array(btf, t_uint, t_schar, 2);
	t_enum = btf__add_enum(btf, "state", 4);
	btf__add_enum_value(btf, "ST_IDLE", 0);
	btf__add_enum_value(btf, "ST_DONE", -2);
	t_state = btf__add_typedef(btf, "state_t", t_enum);
	t_inner = btf__add_union(btf, NULL, 4);
	btf__add_field(btf, "u1", t_uint, 0, 0);
	t_all = btf__add_struct(btf, "all", 40);
	btf__add_field(btf, "count", t_int, 0, 0);
	btf__add_field(btf, "comm", t_text, 32, 0);
	btf__add_field(btf, "bad", t_bytes, 64, 0);
	btf__add_field(btf, "ok", t_bool, 80, 0);
	btf__add_field(btf, "c", t_char, 88, 0);
	btf__add_field(btf, "st", t_state, 96, 0);
	btf__add_field(btf, "a", t_uint, 128, 3);
	btf__add_field(btf, "b", t_uint, 131, 7);
	btf__add_field(btf, "", t_inner, 160, 0);
	btf__add_field(btf, "ptr", t_pointer, 192, 0);
	t_var = btf__add_var(btf, "x", BTF_VAR_STATIC, t_int);
	t_section = btf__add_datasec(btf, ".data", 8);
	btf__add_datasec_var_info(btf, t_var, 4, 4);
	return btf__type_cnt(btf) < 12;
}

static int drop_types(void **state)
{
	(void)state;
	btf__free(btf);
	return 0;
}

static void values_have_types(void **state)
{
	unsigned char all[40] = {0xff, 0xff, 0xff, 0xff, 'a',  'b',  0,    'x',  0x80,
	                         0x81, 1,    'c',  0xfe, 0xff, 0xff, 0xff, 0x2d, 0,
	                         0,    0,    7,    0,    0,    0,    0,    0x10};
	struct page p;

	(void)state;
	begin(&p, false);
	print_typed(&p.j, btf, (uint32_t)t_all, all, false);
	expect(&p, "{\"count\":-1,\"comm\":\"ab\",\"bad\":[-128,-127],\"ok\":true,\"c\":\"c\","
	           "\"st\":\"ST_DONE\",\"a\":\"0x5\",\"b\":\"0x5\",\"\":{\"u1\":7},\"ptr\":\"0x1000\"}\n");
	begin(&p, false);
	all[12] = 9;
	all[13] = all[14] = all[15] = 0;
	all[4] = 0x7f; /* not to be printed: no text */
	print_typed(&p.j, btf, (uint32_t)t_all, all, true);
	expect(&p,
	       "{\"count\":-1,\"comm\":[\"\\u007f\",\"b\",\"\\u0000\",\"x\"],\"bad\":[-128,-127],"
	       "\"ok\":true,\"c\":\"c\",\"st\":9,\"a\":\"0x5\",\"b\":\"0x5\",\"\":{\"u1\":7},"
	       "\"ptr\":4096}\n");
}

static void values_are_wide_or_named(void **state)
{
	uint64_t wide[2] = {5, 1};
	int32_t section[2] = {1, -2};
	struct page p;

	(void)state;
	begin(&p, false);
	json_open(&p.j, '[');
	print_typed(&p.j, btf, (uint32_t)t_wide, wide, true);
	wide[1] = 0;
	print_typed(&p.j, btf, (uint32_t)t_wide, wide, false);
	print_typed(&p.j, btf, (uint32_t)t_char, "\x01", false);
	print_typed(&p.j, btf, (uint32_t)t_section, section, false);
	print_typed(&p.j, btf, 9999, section, false); /* no such type */
	json_close(&p.j, ']');
	expect(&p, "[\"0x10000000000000005\",\"0x5\",\"0x01\",{\".data\":[{\"x\":-2}]},null]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_has_two_layouts),
	    cmocka_unit_test_setup_teardown(values_have_types, make_types, drop_types),
	    cmocka_unit_test_setup_teardown(values_are_wide_or_named, make_types, drop_types),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
