/* Refusals as people read them: the instruction, the reason with what the value could be, and the
 * way out. Verdicts are compared with the kernel's elsewhere (tests/vm/verifier). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/diag.h"
#include "bpf/asm.h"
#include "vm/verifier/verifier.h"

static const struct vm_map_def array = {.name = "counts",
                                        .type = BPF_MAP_TYPE_ARRAY,
                                        .key_size_b = 4,
                                        .value_size_b = 40,
                                        .max_entries = 1};
static const struct vm_map_def hash = {.name = "names",
                                       .type = BPF_MAP_TYPE_HASH,
                                       .key_size_b = 8,
                                       .value_size_b = 40,
                                       .max_entries = 8};
static const struct vm_map_def ring = {
    .name = "ring", .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096};

static struct vm_program assemble(struct arena *a, const char *text, uint32_t type)
{
	struct diag *d = diag_create(a);
	const struct vm_map_def **maps;
	struct bpf_asm code;
	uint32_t source = diag_add_source(d, "test.bpf", text, strlen(text));

	assert_true(bpf_assemble(a, d, source, &code));
	maps = arena_array(a, const struct vm_map_def *, code.n_maps + 1);
	for (uint32_t k = 0; k < code.n_maps; k++)
		maps[k] = !strcmp(code.map_names[k], "counts")  ? &array
		          : !strcmp(code.map_names[k], "names") ? &hash
		                                                : &ring;
	return (struct vm_program){.name = "test",
	                           .type = type,
	                           .is_gpl = true,
	                           .insns = code.insns,
	                           .n_insns = code.n_insns,
	                           .maps = maps,
	                           .n_maps = code.n_maps};
}

#define LOOK_UP                                                                                    \
	"*(u64 *)(r10 -8) = 0\nr2 = r10\nr2 += -8\nr1 = map[names] ll\ncall 1\n"                   \
	"if r0 == 0x0 goto end\n"
#define END "end: r0 = 0\nexit\n"

static const struct {
	const char *text;
	uint32_t type, pc;
	const char *reason, *way; /* parts of them */
} refusals[] = {
    {"r0 = r2\nexit\n", BPF_PROG_TYPE_SOCKET_FILTER, 0, "R2 !read_ok: nothing was put into it",
     "give it a value on every path"},
    {"*(u64 *)(r10 -8) = 0\nr2 = r10\nr2 += -8\nr1 = map[names] ll\ncall 1\n"
     "r0 = *(u64 *)(r0 +0)\nexit\n",
     BPF_PROG_TYPE_SOCKET_FILTER, 6, "R0 invalid mem access 'map_value_or_null'",
     "compare the pointer with 0"},
    {LOOK_UP "r1 = *(u64 *)(r0 +0)\nr1 &= 63\nr0 += r1\nr0 = *(u8 *)(r0 +0)\n" END,
     BPF_PROG_TYPE_SOCKET_FILTER, 10, "map=names (R0): it points 0 to 63 bytes from the start",
     "compare the index"},
    {LOOK_UP "r1 = *(s8 *)(r0 +0)\nr0 += r1\nr0 = *(u8 *)(r0 +0)\n" END,
     BPF_PROG_TYPE_SOCKET_FILTER, 9,
     "R0 min value is negative, either use unsigned index or do a "
     "if (index >=0) check. It is -128 to 127",
     "make the index unsigned"},
    {LOOK_UP "r2 = *(u32 *)(r0 +0)\nr1 = r0\nr3 = 0\ncall 113\n" END, BPF_PROG_TYPE_KPROBE, 10,
     "R2 unbounded memory access, use 'var &= const' or 'if (var < const)': it is up to "
     "4294967295",
     "bound the size"},
    {"r1 = map[ring] ll\nr2 = 16\nr3 = 0\ncall 131\nr0 = 0\nexit\n", BPF_PROG_TYPE_KPROBE, 6,
     "reference leak: unreleased reference id=", "give it back on every path"},
    {"r0 = 0\nagain: goto again\nexit\n", BPF_PROG_TYPE_SOCKET_FILTER, 2, "unreachable insn 2",
     "remove it"},
    {"r0 = 0\nagain: if r0 == 0x0 goto again\nexit\n", BPF_PROG_TYPE_SOCKET_FILTER, 1,
     "infinite loop detected at insn 1", "count towards a bound"},
    {"r2 = *(u32 *)(r1 +76)\nr0 = *(u8 *)(r2 +0)\nexit\n", BPF_PROG_TYPE_SCHED_CLS, 1,
     "invalid access to packet, off=0 size=1", "data_end"},
    {"*(u64 *)(r10 -520) = 0\nr0 = 0\nexit\n", BPF_PROG_TYPE_SOCKET_FILTER, 0,
     "invalid write to stack R10 off=-520 size=8", "512 bytes of stack"},
    {"r0 = 2\nexit\n", BPF_PROG_TYPE_CGROUP_SOCK, 1, "should have been in [0, 1]",
     "return one of the values"},
    {"r1 *= 2\nr0 = 0\nexit\n", BPF_PROG_TYPE_SOCKET_FILTER, 0, "pointer arithmetic",
     "only adding and subtracting"},
};

static void test_refusals(void **context)
{
	(void)context;
	for (size_t k = 0; k < sizeof(refusals) / sizeof(refusals[0]); k++) {
		own_arena struct arena *a = arena_create();
		struct vm_program p = assemble(a, refusals[k].text, refusals[k].type);
		struct vm_verify_options opts = {.log = VM_LOG_ERROR};
		struct vm_verdict v;

		vm_verify(a, &p, &opts, &v);
		assert_false(v.is_accepted);
		if (v.pc != refusals[k].pc || !strstr(v.reason, refusals[k].reason) ||
		    !strstr(v.way_out ? v.way_out : "", refusals[k].way))
			fail_msg("program %zu: at %u: %s (%s)", k, v.pc, v.reason,
			         v.way_out ? v.way_out : "");
		assert_non_null(strstr(v.log, v.reason));
	}
}

/* The log of an error holds the path that led to it, and no other. */
static void test_path(void **context)
{
	own_arena struct arena *a = arena_create();
	struct vm_program p =
	    assemble(a,
	             "r2 = *(u32 *)(r1 +0)\nif r2 == 0x7 goto bad\nr0 = 11\nexit\n"
	             "bad: r3 = 22\nr0 = r5\nexit\n",
	             BPF_PROG_TYPE_SOCKET_FILTER);
	struct vm_verify_options opts = {.log = VM_LOG_ERROR};
	struct vm_verdict v;

	(void)context;
	vm_verify(a, &p, &opts, &v);
	assert_false(v.is_accepted);
	assert_non_null(strstr(v.log, "r3 = 22 ; R3=22"));
	assert_non_null(strstr(v.log, "R2=7"));
	assert_null(strstr(v.log, "r0 = 11"));
}

/* Whatever is asked to be written down, the verdict is the same. */
static void test_levels(void **context)
{
	(void)context;
	for (size_t k = 0; k < sizeof(refusals) / sizeof(refusals[0]); k++) {
		own_arena struct arena *a = arena_create();
		struct vm_program p = assemble(a, refusals[k].text, refusals[k].type);
		struct vm_verdict v[3];

		for (int level = VM_LOG_NONE; level <= VM_LOG_STATE; level++) {
			struct vm_verify_options opts = {.log = (enum vm_log_level)level};

			vm_verify(a, &p, &opts, &v[level]);
		}
		assert_int_equal(v[0].pc, v[2].pc);
		assert_string_equal(v[0].reason, v[1].reason);
		assert_string_equal(v[0].reason, v[2].reason);
	}
}

/* A limit on the instructions processed is kept, and said. */
static void test_limit(void **context)
{
	own_arena struct arena *a = arena_create();
	struct vm_program p =
	    assemble(a, "r0 = 0\nagain: r0 += 1\nif r0 != 0x7d0 goto again\nexit\n",
	             BPF_PROG_TYPE_SOCKET_FILTER);
	struct vm_verify_options opts = {.max_insns = 1000};
	struct vm_verdict v;

	(void)context;
	vm_verify(a, &p, &opts, &v);
	assert_false(v.is_accepted);
	assert_non_null(strstr(v.reason, "too large"));
	opts.max_insns = 0;
	vm_verify(a, &p, &opts, &v);
	assert_true(v.is_accepted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_path),
	    cmocka_unit_test(test_levels),
	    cmocka_unit_test(test_limit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
