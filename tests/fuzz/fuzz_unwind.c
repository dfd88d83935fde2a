/* Call frame information in files of any bytes: tables are in order and point to rules that exist,
 * and a step by any rule ends.
 *
 * corpus: *.dwarf
 * mutate: in place */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "unwind/unwind.h"

static int read_word(void *arg, uint64_t address, uint64_t *ret)
{
	(void)arg;
	*ret = address * 3 + 8;
	return address & 1 ? -1 : 0;
}

void fuzz_one(const char *data, size_t len_b)
{
	char *copy = malloc(len_b ? len_b : 1); /* of exactly that size */
	uint64_t by_nr[17] = {0};
	struct unwind_table t;

	memcpy(copy, data, len_b);
	if (unwind_table_read(copy, len_b, &t)) {
		FUZZ_CHECK(t.n_rows && t.n_rules && !t.rules[0] && !t.rows[0].pc);
		FUZZ_CHECK(!t.rules[t.rows[t.n_rows - 1].rule]);
		for (size_t i = 0; i < t.n_rows; i++) {
			struct unwind_regs regs = {.pc = 0x1000, .sp = 0x8000, .fp = 0x9000};
			uint64_t rule;

			FUZZ_CHECK(t.rows[i].rule < t.n_rules);
			FUZZ_CHECK(!i || t.rows[i].pc > t.rows[i - 1].pc);
			rule = unwind_table_at(&t, t.base + t.rows[i].pc);
			FUZZ_CHECK(rule == t.rules[t.rows[i].rule]);
			regs.by_nr = by_nr;
			regs.n_by_nr = 17;
			unwind_step(rule, i & 1, &regs, read_word, NULL);
		}
		unwind_table_free(&t);
	}
	free(copy);
}
