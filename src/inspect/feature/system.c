/* The first part of `feature probe`: settings under /proc and what the kernel was built with. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <zlib.h>

#include "inspect/feature/feature.h"

enum { OPTION_TEXT_B = 256 };

static const char *const option_names[] = {
#define OPTION(name) "CONFIG_" #name,
#include "inspect/feature/options.def"
#undef OPTION
};
enum { OPTION_N = sizeof(option_names) / sizeof(option_names[0]) };

/* ---- settings -------------------------------------------------------------------------------- */

struct setting {
	const char *path, *name;
	const char *unreadable, *unknown; /* `unknown` has a %ld */
	const char *texts[3];             /* by value */
};

static const struct setting settings[] = {
    {"/proc/sys/kernel/unprivileged_bpf_disabled",
     "unprivileged_bpf_disabled",
     "Unable to retrieve required privileges for bpf() syscall",
     "bpf() syscall restriction has unknown value %ld",
     {"bpf() syscall for unprivileged users is enabled",
      "bpf() syscall restricted to privileged users (without recovery)",
      "bpf() syscall restricted to privileged users (admin can change)"}},
    {"/proc/sys/net/core/bpf_jit_enable",
     "bpf_jit_enable",
     "Unable to retrieve JIT-compiler status",
     "JIT-compiler status has unknown value %ld",
     {"JIT compiler is disabled", "JIT compiler is enabled",
      "JIT compiler is enabled with debugging traces in kernel logs"}},
    {"/proc/sys/net/core/bpf_jit_harden",
     "bpf_jit_harden",
     "Unable to retrieve JIT hardening status",
     "JIT hardening status has unknown value %ld",
     {"JIT compiler hardening is disabled",
      "JIT compiler hardening is enabled for unprivileged users",
      "JIT compiler hardening is enabled for all users"}},
    {"/proc/sys/net/core/bpf_jit_kallsyms",
     "bpf_jit_kallsyms",
     "Unable to retrieve JIT kallsyms export status",
     "JIT kallsyms exports status has unknown value %ld",
     {"JIT compiler kallsyms exports are disabled",
      "JIT compiler kallsyms exports are enabled for root"}},
    {"/proc/sys/net/core/bpf_jit_limit", "bpf_jit_limit",
     "Unable to retrieve global memory limit for JIT compiler for unprivileged users",
     "Global memory limit for JIT compiler for unprivileged users is %ld bytes"},
};

/* -1: it cannot be read. */
static long read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	long n = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

static void show_setting(struct probing *p, const struct setting *s)
{
	long n = read_number(s->path);

	if (p->x->is_json) {
		json_key(&p->x->json, s->name);
		json_int(&p->x->json, n);
		return;
	}
	if (n == -1)
		printf("%s", s->unreadable);
	else if (n >= 0 && n < 3 && s->texts[n])
		printf("%s", s->texts[n]);
	else
		printf(s->unknown, n);
	printf("\n");
}

/* ---- options of the build -------------------------------------------------------------------- */

/* The value behind `CONFIG_X=`, where the line is of one of our options. */
static void take_option(char *line, char values[][OPTION_TEXT_B])
{
	char *equals = strchr(line, '=');

	if (strncmp(line, "CONFIG_", 7) != 0 || !equals)
		return;
	*equals = '\0';
	for (int i = 0; i < OPTION_N; i++)
		if (!strcmp(line, option_names[i])) {
			const char *value = equals + 1;

			snprintf(values[i], OPTION_TEXT_B, "%.*s", (int)strcspn(value, "\n"),
			         value);
			return;
		}
}

/* zlib reads plain files as they are. */
static bool read_options(char values[][OPTION_TEXT_B])
{
	struct utsname uts;
	char path[128], line[1024];
	gzFile f = gzopen("/proc/config.gz", "re");

	if (!f && !uname(&uts)) {
		snprintf(path, sizeof(path), "/boot/config-%s", uts.release);
		f = gzopen(path, "re");
	}
	if (!f)
		return false;
	while (gzgets(f, line, sizeof(line)))
		take_option(line, values);
	gzclose(f);
	return true;
}

static void show_option(struct probing *p, const char *name, const char *value)
{
	bool is_hz = !strcmp(name, "CONFIG_HZ");

	if (p->x->is_json) {
		json_key(&p->x->json, name);
		if (*value)
			json_string(&p->x->json, value);
		else
			json_null(&p->x->json);
	} else if (p->macros) {
		if (is_hz && *value)
			printf("#define %s%s %s\n", p->macros, name, value);
		else if (is_hz)
			printf("/* %s%s is not set */\n", p->macros, name);
	} else if (*value) {
		printf("%s is set to %s\n", name, value);
	} else {
		printf("%s is not set\n", name);
	}
}

void probe_system(struct probing *p)
{
	static char values[OPTION_N][OPTION_TEXT_B];

	memset(values, 0, sizeof(values));
	feature_section(p, "system_config", "Scanning system configuration...",
	                "/*** Misc kernel config items ***/");
	if (!p->macros || p->x->is_json)
		for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
			show_setting(p, &settings[i]);
	if (!read_options(values) && !p->x->is_json) {
		fflush(stdout);
		fprintf(stderr, "skipping kernel config, can't open file: %s\n", strerror(errno));
	}
	for (int i = 0; i < OPTION_N; i++)
		show_option(p, option_names[i], values[i]);
	feature_section_end(p);
}
