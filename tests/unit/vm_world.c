/* Helpers as they are done: what depends on the host, and refusals that the verifier keeps from
 * programs in the cases of tests/vm. Helpers are called as machine code calls them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "bpf/helpers.h"
#include "vm/helpers.h"

static uint64_t call(struct vm_run *run, uint32_t id, uint64_t a, uint64_t b, uint64_t c,
                     uint64_t d, uint64_t e)
{
	vm_helper_fn *fn = vm_helper(id);

	assert_non_null(fn);
	return fn(a, b, c, d, e, run);
}

static uint64_t at(const void *p)
{
	return (uintptr_t)p;
}

#define IS_ERROR(r, error) assert_true((r) == VM_ERROR(error))

/* ---- the table ------------------------------------------------------------------------------- */

static void every_helper_has_the_number_of_its_name(void **state)
{
	static const struct {
		uint32_t id;
		const char *name;
	} rows[] = {
#define HELPER(id, name) {id, #name},
#include "vm/helpers.def"
#undef HELPER
	};

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
		assert_string_equal(bpf_helper_name(rows[k].id), rows[k].name);
		assert_non_null(vm_helper(rows[k].id));
	}
	assert_null(vm_helper(0));
	assert_null(vm_helper(BPF_FUNC_tail_call));
	assert_null(vm_helper(UINT32_MAX));
}

/* ---- the host -------------------------------------------------------------------------------- */

struct world {
	char memory[64]; /* of the traced program, at 0x1000 */
	struct strbuf printed;
	int sig;
	bool to_thread;
};

static uint64_t host_pid(void *arg)
{
	(void)arg;
	return 7ull << 32 | 8;
}

static void host_comm(void *arg, char ret[16])
{
	(void)arg;
	memcpy(ret, "fifteen letters", 16);
}

static int host_read(void *arg, void *ret, uint32_t size_b, uint64_t address)
{
	struct world *w = arg;

	if (address < 0x1000 || address + size_b > 0x1000 + sizeof(w->memory))
		return -EFAULT;
	memcpy(ret, w->memory + address - 0x1000, size_b);
	return 0;
}

static int host_write(void *arg, uint64_t address, const void *data, uint32_t size_b)
{
	struct world *w = arg;

	if (address < 0x1000 || address + size_b > 0x1000 + sizeof(w->memory))
		return -EFAULT;
	memcpy(w->memory + address - 0x1000, data, size_b);
	return 0;
}

static int64_t host_stack(void *arg, uint64_t *ret, uint32_t max, bool unwound)
{
	uint32_t n = max < 5 ? max : 5;

	(void)unwound;
	(void)arg;
	for (uint32_t k = 0; k < n; k++)
		ret[k] = 100 + k;
	return n;
}

static int host_signal(void *arg, int sig, bool to_thread)
{
	struct world *w = arg;

	w->sig = sig;
	w->to_thread = to_thread;
	return 0;
}

static void host_print(void *arg, const char *text, size_t len_b)
{
	sb_add(&((struct world *)arg)->printed, text, len_b);
}

static const struct vm_host host = {.pid_tgid = host_pid,
                                    .comm = host_comm,
                                    .read_user = host_read,
                                    .write_user = host_write,
                                    .user_stack = host_stack,
                                    .send_signal = host_signal,
                                    .print = host_print};

static void the_host_says_who_runs(void **state)
{
	struct world w = {0};
	struct vm_run run = {.host = &host, .host_arg = &w}, own = {0};
	char comm[16];

	(void)state;
	assert_true(call(&run, BPF_FUNC_get_current_pid_tgid, 0, 0, 0, 0, 0) == (7ull << 32 | 8));
	assert_true(call(&own, BPF_FUNC_get_current_pid_tgid, 0, 0, 0, 0, 0) >> 32 ==
	            (uint64_t)getpid());
	memset(comm, 'x', sizeof(comm));
	assert_int_equal(call(&run, BPF_FUNC_get_current_comm, at(comm), 16, 0, 0, 0), 0);
	assert_string_equal(comm, "fifteen letters");
	assert_int_equal(call(&run, BPF_FUNC_get_current_comm, at(comm), 4, 0, 0, 0), 0);
	assert_string_equal(comm, "fif");
	assert_int_equal(call(&own, BPF_FUNC_get_current_uid_gid, 0, 0, 0, 0, 0),
	                 (uint64_t)getgid() << 32 | getuid());
}

static void memory_is_the_hosts(void **state)
{
	struct world w = {.memory = "hello, world"};
	struct vm_run run = {.host = &host, .host_arg = &w};
	char buf[16];

	(void)state;
	assert_int_equal(call(&run, BPF_FUNC_probe_read_user, at(buf), 5, 0x1007, 0, 0), 0);
	assert_memory_equal(buf, "world", 5);
	memset(buf, 'x', sizeof(buf));
	IS_ERROR(call(&run, BPF_FUNC_probe_read_user, at(buf), 8, 0x900, 0, 0), EFAULT);
	assert_memory_equal(buf, "\0\0\0\0\0\0\0\0xx", 10);
	assert_int_equal(call(&run, BPF_FUNC_probe_read_user_str, at(buf), 16, 0x1000, 0, 0), 13);
	assert_string_equal(buf, "hello, world");
	assert_int_equal(call(&run, BPF_FUNC_probe_read_user_str, at(buf), 6, 0x1000, 0, 0), 6);
	assert_string_equal(buf, "hello");
	IS_ERROR(call(&run, BPF_FUNC_probe_read_user_str, at(buf), 16, 0x10, 0, 0), EFAULT);
	assert_int_equal(call(&run, BPF_FUNC_probe_write_user, 0x1000, at("J"), 1, 0, 0), 0);
	assert_string_equal(w.memory, "Jello, world");
	IS_ERROR(call(&run, BPF_FUNC_probe_write_user, 0x10, at("J"), 1, 0, 0), EFAULT);
}

static void without_a_host_memory_is_our_own(void **state)
{
	long page_b = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, (size_t)page_b * 2, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vm_run run = {0};
	char buf[32];

	(void)state;
	assert_true(pages != MAP_FAILED);
	assert_int_equal(mprotect(pages + page_b, (size_t)page_b, PROT_NONE), 0);
	memcpy(pages + page_b - 4, "end", 4);
	assert_int_equal(
	    call(&run, BPF_FUNC_probe_read_kernel, at(buf), 4, at(pages + page_b - 4), 0, 0), 0);
	assert_string_equal(buf, "end");
	/* A text that ends before the page that is not there; one that does not. */
	assert_int_equal(call(&run, BPF_FUNC_probe_read_kernel_str, at(buf), sizeof(buf),
	                      at(pages + page_b - 4), 0, 0),
	                 4);
	pages[page_b - 1] = 'x';
	IS_ERROR(call(&run, BPF_FUNC_probe_read_kernel_str, at(buf), sizeof(buf),
	              at(pages + page_b - 4), 0, 0),
	         EFAULT);
	assert_int_equal(buf[0], 0);
	IS_ERROR(call(&run, BPF_FUNC_probe_read_kernel, at(buf), 8, at(pages + page_b - 4), 0, 0),
	         EFAULT);
	IS_ERROR(call(&run, BPF_FUNC_probe_write_user, at(pages), at("J"), 1, 0, 0), EPERM);
	assert_int_equal(pages[0], 0);
	munmap(pages, (size_t)page_b * 2);
}

static void signals_go_through_the_host(void **state)
{
	struct world w = {0};
	struct vm_run run = {.host = &host, .host_arg = &w}, own = {0};

	(void)state;
	assert_int_equal(call(&run, BPF_FUNC_send_signal_thread, 10, 0, 0, 0, 0), 0);
	assert_true(w.sig == 10 && w.to_thread);
	assert_int_equal(call(&run, BPF_FUNC_send_signal, 12, 0, 0, 0, 0), 0);
	assert_true(w.sig == 12 && !w.to_thread);
	IS_ERROR(call(&run, BPF_FUNC_send_signal, 65, 0, 0, 0, 0), EINVAL);
	IS_ERROR(call(&own, BPF_FUNC_send_signal, 10, 0, 0, 0, 0), EOPNOTSUPP);
}

static void stacks_are_the_hosts(void **state)
{
	struct world w = {0};
	struct vm_run run = {.host = &host, .host_arg = &w};
	uint64_t frames[8];

	(void)state;
	memset(frames, 0xff, sizeof(frames));
	assert_int_equal(
	    call(&run, BPF_FUNC_get_stack, 0, at(frames), sizeof(frames), BPF_F_USER_STACK | 2, 0),
	    24);
	assert_true(frames[0] == 102 && frames[2] == 104 && frames[3] == 0 && frames[7] == 0);
	assert_int_equal(call(&run, BPF_FUNC_get_stack, 0, at(frames), 16, BPF_F_USER_STACK, 0),
	                 16);
	assert_true(frames[0] == 100 && frames[1] == 101);
	IS_ERROR(call(&run, BPF_FUNC_get_stack, 0, at(frames), 16, BPF_F_USER_STACK | 9, 0),
	         EFAULT);
	IS_ERROR(call(&run, BPF_FUNC_get_stack, 0, at(frames), 12, BPF_F_USER_STACK, 0), EINVAL);
	IS_ERROR(call(&run, BPF_FUNC_get_stack, 0, at(frames), 16, 0, 0), EOPNOTSUPP);
	IS_ERROR(call(&run, BPF_FUNC_get_stack, 0, at(frames), 16, 1 << 20, 0), EINVAL);
}

/* ---- text ------------------------------------------------------------------------------------ */

static uint64_t print_format(struct vm_run *run, const char *format)
{
	return call(run, BPF_FUNC_trace_printk, at(format), strlen(format) + 1, 1, 2, 3);
}

static void what_is_printed_goes_to_the_host(void **state)
{
	struct world w = {0};
	struct vm_run run = {.host = &host, .host_arg = &w}, own = {0};
	uint64_t values[] = {5, (uintptr_t) "text"};

	(void)state;
	assert_int_equal(print_format(&run, "%d and %ld\n"), 8);
	assert_string_equal(sb_str(&w.printed), "1 and 2\n");
	assert_int_equal(print_format(&own, "%d"), 1);
	sb_reset(&w.printed);
	assert_int_equal(
	    call(&run, BPF_FUNC_trace_vprintk, at("%d %s"), 6, at(values), sizeof(values), 0), 6);
	assert_string_equal(sb_str(&w.printed), "5 text");
	IS_ERROR(call(&run, BPF_FUNC_trace_vprintk, at("%d"), 3, at(values), 7, 0), EINVAL);
	IS_ERROR(call(&run, BPF_FUNC_trace_vprintk, at("%d"), 3, at(values), 13 * 8, 0), EINVAL);
	sb_free(&w.printed);
}

static void formats_are_refused_as_in_the_kernel(void **state)
{
	static const char *const bad[] = {"%",    "%z",  "%f",    "%lld %n", "%s3", "%pX",
	                                  "%pI5", "%pi", "%pksx", "%5",      "%lc", "%ls",
	                                  "\x01", "%h",  "%*d",   "%.3s",    "%#x", "%d%d%d%d"};
	static const char *const good[] = {"%%", "%c", "%llx", "% 5d", "%px", "%pK", "%ps,", "%p."};
	struct vm_run run = {0};

	(void)state;
	for (size_t k = 0; k < sizeof(bad) / sizeof(*bad); k++)
		if (print_format(&run, bad[k]) != VM_ERROR(EINVAL))
			fail_msg("\"%s\" was taken", bad[k]);
	for (size_t k = 0; k < sizeof(good) / sizeof(*good); k++)
		if ((int64_t)print_format(&run, good[k]) < 0)
			fail_msg("\"%s\" was refused", good[k]);
	/* No NUL within its size. */
	IS_ERROR(call(&run, BPF_FUNC_trace_printk, at("abcd"), 4, 0, 0, 0), EINVAL);
}

static void unreadable_text_is_empty(void **state)
{
	struct vm_run run = {0};
	uint64_t values[] = {64, 64};
	char out[16];

	(void)state;
	assert_int_equal(
	    call(&run, BPF_FUNC_snprintf, at(out), sizeof(out), at("<%s>%pus."), at(values), 16),
	    4);
	assert_string_equal(out, "<>.");
	/* Without room nothing is written, and the length told. */
	assert_int_equal(call(&run, BPF_FUNC_snprintf, 0, 0, at("12345"), 0, 0), 6);
}

/* ---- dynptrs --------------------------------------------------------------------------------- */

static void dynptrs_keep_to_their_bounds(void **state)
{
	struct vm_run run = {0};
	uint64_t d[2] = {1, 1}, null[2] = {0, 0};
	char data[16] = "0123456789abcde", buf[8];

	(void)state;
	IS_ERROR(call(&run, BPF_FUNC_dynptr_from_mem, at(data), 16, 1, at(d), 0), EINVAL);
	assert_memory_equal(d, null, sizeof(d));
	IS_ERROR(call(&run, BPF_FUNC_dynptr_from_mem, at(data), 1 << 24, 0, at(d), 0), E2BIG);
	assert_int_equal(call(&run, BPF_FUNC_dynptr_from_mem, at(data), 16, 0, at(d), 0), 0);
	assert_int_equal(call(&run, BPF_FUNC_dynptr_read, at(buf), 4, at(d), 12, 0), 0);
	assert_memory_equal(buf, "cde", 4);
	IS_ERROR(call(&run, BPF_FUNC_dynptr_read, at(buf), 4, at(d), 13, 0), E2BIG);
	IS_ERROR(call(&run, BPF_FUNC_dynptr_read, at(buf), 4, at(d), UINT32_MAX, 0), E2BIG);
	IS_ERROR(call(&run, BPF_FUNC_dynptr_read, at(buf), 4, at(d), 0, 1), EINVAL);
	IS_ERROR(call(&run, BPF_FUNC_dynptr_read, at(buf), 4, at(null), 0, 0), EINVAL);
	assert_int_equal(call(&run, BPF_FUNC_dynptr_write, at(d), 14, at("X"), 1, 0), 0);
	assert_int_equal(data[14], 'X');
	IS_ERROR(call(&run, BPF_FUNC_dynptr_write, at(d), 15, at("XY"), 2, 0), E2BIG);
	assert_true(call(&run, BPF_FUNC_dynptr_data, at(d), 8, 8, 0, 0) == at(data + 8));
	assert_int_equal(call(&run, BPF_FUNC_dynptr_data, at(d), 9, 8, 0, 0), 0);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void tasks_have_storage(void **state)
{
	struct vm_map_def def = {.name = "s",
	                         .type = BPF_MAP_TYPE_TASK_STORAGE,
	                         .key_size_b = 4,
	                         .value_size_b = 8,
	                         .flags = BPF_F_NO_PREALLOC};
	struct vm_map *m = NULL;
	struct vm_run run = {0};
	uint64_t task = call(&run, BPF_FUNC_get_current_task_btf, 0, 0, 0, 0, 0), first = 5;
	uint64_t *value;

	(void)state;
	assert_int_equal(vm_map_create(&def, 1, &m, NULL), 0);
	assert_int_equal(call(&run, BPF_FUNC_task_storage_get, at(m), task, 0, 0, 0), 0);
	value = vm_pointer(call(&run, BPF_FUNC_task_storage_get, at(m), task, at(&first), 1, 0));
	assert_non_null(value);
	assert_true(*value == 5);
	assert_ptr_equal(vm_pointer(call(&run, BPF_FUNC_task_storage_get, at(m), task, 0, 1, 0)),
	                 value);
	assert_int_equal(call(&run, BPF_FUNC_task_storage_get, at(m), 0, 0, 1, 0), 0);
	assert_int_equal(call(&run, BPF_FUNC_task_storage_get, at(m), task, 0, 2, 0), 0);
	assert_int_equal(call(&run, BPF_FUNC_task_storage_delete, at(m), task, 0, 0, 0), 0);
	IS_ERROR(call(&run, BPF_FUNC_task_storage_delete, at(m), task, 0, 0, 0), ENOENT);
	IS_ERROR(call(&run, BPF_FUNC_task_storage_delete, at(m), 0, 0, 0, 0), EINVAL);
	vm_map_destroy(m);
}

static void numbers_of_chance_follow_their_seed(void **state)
{
	struct vm_run a = {.random = 1}, b = {.random = 1}, seeded = {0};

	(void)state;
	for (int k = 0; k < 8; k++) {
		uint64_t x = call(&a, BPF_FUNC_get_prandom_u32, 0, 0, 0, 0, 0);

		assert_true(x == call(&b, BPF_FUNC_get_prandom_u32, 0, 0, 0, 0, 0));
		assert_true(x <= UINT32_MAX);
	}
	call(&seeded, BPF_FUNC_get_prandom_u32, 0, 0, 0, 0, 0);
	assert_true(seeded.random != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_helper_has_the_number_of_its_name),
	    cmocka_unit_test(the_host_says_who_runs),
	    cmocka_unit_test(memory_is_the_hosts),
	    cmocka_unit_test(without_a_host_memory_is_our_own),
	    cmocka_unit_test(signals_go_through_the_host),
	    cmocka_unit_test(stacks_are_the_hosts),
	    cmocka_unit_test(what_is_printed_goes_to_the_host),
	    cmocka_unit_test(formats_are_refused_as_in_the_kernel),
	    cmocka_unit_test(unreadable_text_is_empty),
	    cmocka_unit_test(dynptrs_keep_to_their_bounds),
	    cmocka_unit_test(tasks_have_storage),
	    cmocka_unit_test(numbers_of_chance_follow_their_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
