/* The tracepoints that can be had without the kernel's BPF: those that ptrace(2) tells of, with
 * their records described by us. System calls have the kernel's own layout; of the others, whose
 * layout changes between kernels, the user engine fills in the ones below (engine/user/events.c).
 */
#include <string.h>

#include "base/wildcard.h"
#include "probe/provider.h"
#include "probe/syscalls.h"

static const char common[] =
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n";

static const struct {
	const char *category, *name, *fields;
} events[] = {
    {"raw_syscalls", "sys_enter",
     "\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;\n"
     "\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;\n"},
    {"raw_syscalls", "sys_exit",
     "\tfield:long id;\toffset:8;\tsize:8;\tsigned:1;\n"
     "\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n"},
    {"sched", "sched_process_exec",
     "\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;\n"
     "\tfield:pid_t pid;\toffset:12;\tsize:4;\tsigned:1;\n"
     "\tfield:pid_t old_pid;\toffset:16;\tsize:4;\tsigned:1;\n"},
    {"sched", "sched_process_exit",
     "\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
     "\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n"
     "\tfield:int prio;\toffset:28;\tsize:4;\tsigned:1;\n"},
    {"sched", "sched_process_fork",
     "\tfield:char parent_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
     "\tfield:pid_t parent_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
     "\tfield:char child_comm[16];\toffset:28;\tsize:16;\tsigned:0;\n"
     "\tfield:pid_t child_pid;\toffset:44;\tsize:4;\tsigned:1;\n"},
    {"signal", "signal_deliver",
     "\tfield:int sig;\toffset:8;\tsize:4;\tsigned:1;\n"
     "\tfield:int errno;\toffset:12;\tsize:4;\tsigned:1;\n"
     "\tfield:int code;\toffset:16;\tsize:4;\tsigned:1;\n"
     "\tfield:unsigned long sa_handler;\toffset:24;\tsize:8;\tsigned:0;\n"
     "\tfield:unsigned long sa_flags;\toffset:32;\tsize:8;\tsigned:0;\n"},
};

enum { N_EVENTS = sizeof(events) / sizeof(events[0]) };

#define SYSCALL_ARGS(name, args) {#name, args},
static const struct {
	const char *name, *args;
} syscall_args[] = {
#include "probe/syscall_args.def"
};
#undef SYSCALL_ARGS

static const char *args_of(const char *syscall)
{
	for (size_t i = 0; i < sizeof(syscall_args) / sizeof(syscall_args[0]); i++)
		if (!strcmp(syscall_args[i].name, syscall))
			return syscall_args[i].args;
	return NULL;
}

static void enter_format(const char *args, struct strbuf *out)
{
	uint32_t off_b = 16;

	sb_adds(out, "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n");
	while (*args) {
		size_t n = strcspn(args, ";");

		sb_addf(out, "\tfield:%.*s;\toffset:%u;\tsize:8;\tsigned:0;\n", (int)n, args,
		        off_b);
		off_b += 8;
		args += n + (args[n] == ';');
		args += strspn(args, " ");
	}
}

/* The fields of an event's record, as a format file has them; false: not one of ours. */
static bool format_of(const char *category, const char *event, struct strbuf *out)
{
	const char *args;

	sb_adds(out, common);
	if (!strcmp(category, "syscalls") && !strncmp(event, "sys_enter_", 10)) {
		args = args_of(event + 10);
		if (args)
			enter_format(args, out);
		return args != NULL;
	}
	if (!strcmp(category, "syscalls") && !strncmp(event, "sys_exit_", 9)) {
		sb_adds(out, "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
		             "\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n");
		return args_of(event + 9) != NULL;
	}
	for (size_t i = 0; i < N_EVENTS; i++) {
		if (strcmp(events[i].category, category) || strcmp(events[i].name, event))
			continue;
		sb_adds(out, events[i].fields);
		return true;
	}
	return false;
}

char *own_event_format(struct probe_context *cx, const char *category, const char *event)
{
	own_strbuf struct strbuf text = {0};

	return format_of(category, event, &text) ? arena_strndup(cx->a, sb_str(&text), text.n)
	                                         : NULL;
}

const struct type *own_event_args(struct probe_context *cx, const char *category, const char *event)
{
	own_strbuf struct strbuf text = {0};

	if (!format_of(category, event, &text))
		return NULL;
	return types_parse_tracefs_format(cx->types, category, sb_str(&text), text.n, NULL);
}

static void add_matching(struct probe_context *cx, const char *category, const char *name,
                         const char *want_category, const char *want, name_list *out)
{
	if (wildcard_match(want_category, category) && wildcard_match(want, name))
		vec_push(cx->a, out, arena_printf(cx->a, "%s:%s", category, name));
}

void own_events_find(struct probe_context *cx, const char *category, const char *event,
                     name_list *out)
{
	for (size_t i = 0; i < N_EVENTS; i++)
		add_matching(cx, events[i].category, events[i].name, category, event, out);
	for (size_t i = 0; i < sizeof(syscall_args) / sizeof(syscall_args[0]); i++) {
		const char *name = syscall_args[i].name;

		if (syscall_number(name) < 0)
			continue;
		add_matching(cx, "syscalls", arena_printf(cx->a, "sys_enter_%s", name), category,
		             event, out);
		add_matching(cx, "syscalls", arena_printf(cx->a, "sys_exit_%s", name), category,
		             event, out);
	}
	names_sort(out);
}
