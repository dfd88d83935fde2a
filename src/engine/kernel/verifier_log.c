/* Reading the kernel verifier's log. It is a walk-through that ends where the trouble is:
 *
 *   11: (79) r1 = *(u64 *)(r6 +8)      ; R1_w=scalar() R6=ctx()
 *   12: (71) r0 = *(u8 *)(r1 +0)
 *   R1 invalid mem access 'scalar'
 *   processed 13 insns (limit 1000000) max_states_per_insn 0 ...
 *
 * so the last line that is no statistic is the reason and the last "N: (xx)" line the place. Some
 * refusals come before the walk ("unreachable insn 7") and name the place themselves. */
#include "engine/kernel/kernel.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Lines after the reason, and annotations that are never one. */
static const char *const noise[] = {
    "processed ",
    "verification time ",
    "stack depth ",
    "max_states_per_insn",
    "peak_states",
    "mark_precise:",
    "; ",
    "func#",
    "Validating ",
    "from ",
    "regs=",
    "parent ",
    "last_idx ",
    "Failed to",
    "-- BEGIN",
    "-- END",
    "caller:",
    "callee:",
    "returning from callee:",
    "to caller at ",
    "cur state:",
    "old state:",
};

/* "12: (79) ..." gives 12; anything else, also a bare state line "12: R1=...", UINT32_MAX. */
static uint32_t insn_of_line(const char *line)
{
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)*line))
		return UINT32_MAX;
	n = strtoul(line, &end, 10);
	if (end[0] != ':' || end[1] != ' ' || end[2] != '(')
		return UINT32_MAX;
	return (uint32_t)n;
}

static bool is_noise(const char *line, size_t len_b)
{
	if (len_b == 0 || isspace((unsigned char)*line))
		return true;
	for (size_t i = 0; i < sizeof(noise) / sizeof(*noise); i++)
		if (strncmp(line, noise[i], strlen(noise[i])) == 0)
			return true;
	/* "12: R1=..." and "12: (79) ..." */
	if (isdigit((unsigned char)*line)) {
		size_t digits = strspn(line, "0123456789");

		return line[digits] == ':';
	}
	return false;
}

void verifier_log_explain(struct arena *a, const char *log, struct refusal *ret)
{
	const char *message = NULL, *named;
	size_t message_len_b = 0;

	ret->insn = UINT32_MAX;
	for (const char *line = log; *line;) {
		size_t len_b = strcspn(line, "\n");
		uint32_t insn = insn_of_line(line);

		if (insn != UINT32_MAX)
			ret->insn = insn;
		if (!is_noise(line, len_b)) {
			message = line;
			message_len_b = len_b;
		}
		line += len_b + (line[len_b] == '\n');
	}
	ret->message = message ? arena_strndup(a, message, message_len_b) : "no reason given";
	named = strstr(ret->message, "insn ");
	if (ret->insn == UINT32_MAX && named && isdigit((unsigned char)named[5]))
		ret->insn = (uint32_t)strtoul(named + 5, NULL, 10);
}
