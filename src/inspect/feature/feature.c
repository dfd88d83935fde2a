/* `feature`: what BPF this kernel has, and what we know of. */
#include "inspect/feature/feature.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "bpf/helpers.h"
#include "bpf/newer.h"
#include "inspect/feature/probe.h"
#include "inspect/names.h"

/* ---- forms ----------------------------------------------------------------------------------- */

void feature_section(struct probing *p, const char *key, const char *title, const char *comment)
{
	if (p->x->is_json) {
		json_key(&p->x->json, key);
		json_open(&p->x->json, '{');
	} else {
		printf("%s\n", p->macros ? comment : title);
	}
}

void feature_section_end(struct probing *p)
{
	if (p->x->is_json)
		json_close(&p->x->json, '}');
	else
		printf("\n");
}

/* `plain` is what is there or not; `name` is its name in JSON and, in capitals, of its macro. */
static void show_row(struct probing *p, const char *plain, const char *name, bool is_there)
{
	if (p->x->is_json) {
		json_key(&p->x->json, arena_printf(p->x->a, "have_%s", name));
		json_bool(&p->x->json, is_there);
	} else if (p->macros) {
		printf("#define %s%sHAVE_", p->macros, is_there ? "" : "NO_");
		for (; *name; name++)
			putchar(toupper((unsigned char)*name));
		printf("\n");
	} else {
		printf("%s is %savailable\n", plain, is_there ? "" : "NOT ");
	}
}

/* ---- parts ----------------------------------------------------------------------------------- */

static bool is_of_devices(uint32_t prog_type)
{
	return prog_type == BPF_PROG_TYPE_SCHED_CLS || prog_type == BPF_PROG_TYPE_XDP;
}

static void probe_types(struct probing *p, bool *ret_has)
{
	struct arena *a = p->x->a;
	const char *name;

	feature_section(p, "program_types", "Scanning eBPF program types...",
	                "/*** eBPF program types ***/");
	for (uint32_t type = 1; (name = prog_type_name(type)); type++) {
		if (p->ifindex && !is_of_devices(type))
			continue;
		ret_has[type] = probe_prog_type(type, p->ifindex);
		show_row(p, arena_printf(a, "eBPF program_type %s", name),
		         arena_printf(a, "%s_prog_type", name), ret_has[type]);
	}
	feature_section_end(p);
	feature_section(p, "map_types", "Scanning eBPF map types...", "/*** eBPF map types ***/");
	for (uint32_t type = 1; (name = map_type_name(type)); type++) {
		if (p->ifindex && type != BPF_MAP_TYPE_HASH && type != BPF_MAP_TYPE_ARRAY)
			continue;
		show_row(p, arena_printf(a, "eBPF map_type %s", name),
		         arena_printf(a, "%s_map_type", name), probe_map_type(type, p->ifindex));
	}
	feature_section_end(p);
}

/* Trying these writes to the kernel's log. */
static bool is_loud(uint32_t helper)
{
	const char *name = bpf_helper_name(helper);

	return !strcmp(name, "trace_printk") || !strcmp(name, "trace_vprintk") ||
	       !strcmp(name, "probe_write_user");
}

static void show_helper(struct probing *p, const char *type, const char *helper, bool is_there)
{
	if (p->x->is_json) {
		if (is_there)
			json_format(&p->x->json, "bpf_%s", helper);
	} else if (p->macros) {
		printf("#define %sBPF__PROG_TYPE_%s__HELPER_bpf_%s %d\n", p->macros, type, helper,
		       is_there);
	} else if (is_there) {
		printf("\t- bpf_%s\n", helper);
	}
}

static void probe_helpers_of(struct probing *p, uint32_t type, const char *name, bool has_type)
{
	bool can_tell = has_type && probe_can_tell_helpers(type), has_any = false;
	bool is_plain = !p->x->is_json && !p->macros;

	if (p->x->is_json) {
		json_key(&p->x->json, arena_printf(p->x->a, "%s_available_helpers", name));
		json_open(&p->x->json, '[');
	} else if (is_plain) {
		printf("eBPF helpers supported for program type %s:", name);
		fputs(has_type ? "" : "\n\tProgram type not supported", stdout);
		printf("\n");
	}
	for (uint32_t id = 1; id <= bpf_helper_count(); id++) {
		enum helper_answer answer = HELPER_NO;

		if (is_loud(id) && !p->is_full)
			continue;
		if (can_tell && id < p->helpers_n)
			answer = probe_helper(type, id, p->ifindex);
		if (answer == HELPER_UNKNOWN)
			p->helpers_n = id;
		has_any |= answer == HELPER_YES;
		show_helper(p, name, bpf_helper_name(id), answer == HELPER_YES);
	}
	if (is_plain && has_type && !has_any)
		printf("\tCould not determine which helpers are available\n");
	if (p->x->is_json)
		json_close(&p->x->json, ']');
}

static void probe_helpers(struct probing *p, const bool *has)
{
	const char *name;

	feature_section(p, "helpers", "Scanning eBPF helper functions...",
	                "/*** eBPF helper functions ***/");
	if (p->macros && !p->x->is_json)
		printf(
		    "/* %sHAVE_PROG_TYPE_HELPER(xdp, bpf_redirect) is 1 if programs of that type "
		    "have the helper. */\n"
		    "#define %sHAVE_PROG_TYPE_HELPER(prog_type, helper)\t\\\n"
		    "\t%sBPF__PROG_TYPE_ ## prog_type ## __HELPER_ ## helper\n",
		    p->macros, p->macros, p->macros);
	for (uint32_t type = 1; (name = prog_type_name(type)); type++)
		if (!p->ifindex || is_of_devices(type))
			probe_helpers_of(p, type, name, has[type]);
	feature_section_end(p);
}

static void probe_misc(struct probing *p)
{
	feature_section(p, "misc", "Scanning miscellaneous eBPF features...",
	                "/*** eBPF misc features ***/");
	for (const struct misc_feature *m = misc_features; m->name; m++)
		show_row(p, m->title, m->name, m->probe(p->ifindex));
	feature_section_end(p);
}

static void probe_all(struct probing *p)
{
	bool has[64] = {false}, has_syscall;

	if (p->x->is_json)
		json_open(&p->x->json, '{');
	if (!p->ifindex)
		probe_system(p);
	feature_section(p, "syscall_config", "Scanning system call availability...",
	                "/*** System call availability ***/");
	has_syscall = probe_syscall();
	show_row(p, "bpf() syscall", "bpf_syscall", has_syscall);
	feature_section_end(p);
	if (has_syscall) {
		probe_types(p, has);
		probe_helpers(p, has);
		probe_misc(p);
	}
	if (p->x->is_json)
		json_close(&p->x->json, '}');
}

/* ---- words ----------------------------------------------------------------------------------- */

static int parse_component(struct inspect *x, struct words *w, const char *word,
                           bool *has_component, struct probing *p)
{
	const char *name;

	if (*has_component)
		return inspect_error(x, "component to probe already specified");
	*has_component = true;
	if (word_is(word, "kernel"))
		return 0;
	if (!words_need(x, w, 1))
		return -1;
	name = word_next(w);
	p->ifindex = if_nametoindex(name);
	return p->ifindex
	           ? 0
	           : inspect_error(x, "unrecognized netdevice '%s': %s", name, strerror(errno));
}

static int parse_probe(struct inspect *x, struct words *w, struct probing *p)
{
	bool has_component = false, has_prefix = false;

	while (w->n) {
		const char *word = word_next(w);

		if (word_is(word, "kernel") || word_is(word, "dev")) {
			if (parse_component(x, w, word, &has_component, p))
				return -1;
		} else if (word_is(word, "full")) {
			p->is_full = true;
		} else if (word_is(word, "macros") && !p->macros) {
			p->macros = "";
		} else if (word_is(word, "prefix")) {
			if (!p->macros)
				return inspect_error(
				    x, "'prefix' argument can only be use after 'macros'");
			if (has_prefix)
				return inspect_error(x, "'prefix' already defined");
			if (!words_need(x, w, 1))
				return -1;
			has_prefix = true;
			p->macros = word_next(w);
		} else if (word_is(word, "unprivileged")) {
			p->is_unprivileged = true;
		} else {
			return inspect_error(x,
			                     "expected no more arguments, 'kernel', 'dev', "
			                     "'macros' or 'prefix', got: '%s'?",
			                     word);
		}
	}
	return 0;
}

int feature_probe(struct inspect *x, struct words *w)
{
	struct probing p = {.x = x, .helpers_n = UINT32_MAX};
	int status = parse_probe(x, w, &p);

	if (status)
		return status;
	if (p.is_unprivileged)
		status = drop_capabilities();
	if (status)
		return inspect_error(x, "failed to drop capabilities: %s", strerror(-status));
	probe_all(&p);
	return 0;
}

/* ---- list_builtins --------------------------------------------------------------------------- */

static const char *helper_name(uint32_t id)
{
	return !id ? "unspec" : id > bpf_helper_count() ? NULL : bpf_helper_name(id);
}

int feature_list_builtins(struct inspect *x, struct words *w)
{
	static const struct {
		const char *group, *prefix;
		const char *(*name)(uint32_t number);
	} groups[] = {
	    {"prog_types", "", prog_type_name},     {"map_types", "", map_type_name},
	    {"attach_types", "", attach_type_name}, {"link_types", "", link_type_name},
	    {"helpers", "bpf_", helper_name},
	};
	const char *word, *name;
	size_t i = 0;

	if (!w->n)
		return inspect_say_usage(x, &feature_object);
	word = word_next(w);
	for (; i < sizeof(groups) / sizeof(groups[0]) && !word_is(word, groups[i].group); i++)
		;
	if (i == sizeof(groups) / sizeof(groups[0]))
		return inspect_error(x,
		                     "expected 'prog_types', 'map_types', 'attach_types', "
		                     "'link_types' or 'helpers', got: %s",
		                     word);
	if (x->is_json)
		json_open(&x->json, '[');
	for (uint32_t n = 0; (name = groups[i].name(n)); n++)
		if (x->is_json)
			json_format(&x->json, "%s%s", groups[i].prefix, name);
		else
			printf("%s%s\n", groups[i].prefix, name);
	if (x->is_json)
		json_close(&x->json, ']');
	return 0;
}

static const struct command feature_commands[] = {
    {"probe", feature_probe, "[COMPONENT] [full] [unprivileged] [macros [prefix PREFIX]]"},
    {"list_builtins", feature_list_builtins, "GROUP"},
    {NULL},
};

const struct object feature_object = {
    "feature", feature_commands,
    "       COMPONENT := { kernel | dev NAME }\n"
    "       GROUP := { prog_types | map_types | attach_types | link_types | helpers }\n"};
