/* `token`: what the file systems for BPF let others do in the name of who mounted them. */
#include <mntent.h>
#include <stdio.h>
#include <string.h>

#include "inspect/attach/attach.h"

static const struct {
	const char *option, *title;
} delegations[] = {
    {"delegate_cmds", "allowed_cmds"},
    {"delegate_maps", "allowed_maps"},
    {"delegate_progs", "allowed_progs"},
    {"delegate_attachs", "allowed_attachs"},
};
enum { N_DELEGATIONS = sizeof(delegations) / sizeof(delegations[0]), NAMES_IN_A_LINE = 4 };

/* The value of a mount option, which ends at a comma; NULL: it is not there. hasmntopt() would also
 * take it from inside of another. */
static const char *option_of(const struct mntent *m, const char *name, size_t *ret_b)
{
	size_t name_b = strlen(name);

	for (const char *at = m->mnt_opts; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!strncmp(at, name, name_b) && at[name_b] == '=') {
			*ret_b = strcspn(at + name_b + 1, ",");
			return at + name_b + 1;
		}
	return NULL;
}

/* Names with colons between. */
static void show_names(struct inspect *x, const char *names, size_t left_b)
{
	int n = 0;

	while (left_b) {
		size_t name_b = 0;

		while (name_b < left_b && names[name_b] != ':')
			name_b++;
		if (x->is_json) {
			json_string_n(&x->json, names, name_b);
		} else {
			if (n++ % NAMES_IN_A_LINE == 0)
				printf("\n\t  ");
			printf("%-20.*s", (int)name_b, names);
		}
		names += name_b;
		left_b -= name_b;
		if (left_b) {
			names++;
			left_b--;
		}
	}
}

static void show_mount(struct inspect *x, const struct mntent *m)
{
	if (x->is_json) {
		json_open(&x->json, '{');
		json_member_string(&x->json, "token_info", m->mnt_dir);
	} else {
		printf("token_info  %s", plain_text(x, m->mnt_dir));
	}
	for (size_t i = 0; i < N_DELEGATIONS; i++) {
		size_t names_b = 0;
		const char *names = option_of(m, delegations[i].option, &names_b);

		if (x->is_json) {
			json_key(&x->json, delegations[i].title);
			json_open(&x->json, '[');
		} else {
			printf("\n\t%s:", delegations[i].title);
		}
		show_names(x, names, names ? names_b : 0);
		if (x->is_json)
			json_close(&x->json, ']');
	}
	if (x->is_json)
		json_close(&x->json, '}');
	else
		printf("\n");
}

static int token_show(struct inspect *x, struct words *w)
{
	FILE *mounts;
	struct mntent *m;

	if (w->n)
		return inspect_say_usage(x, &token_object);
	mounts = setmntent("/proc/mounts", "re");
	if (!mounts)
		return inspect_error(x, "can't read /proc/mounts: %m");
	if (x->is_json)
		json_open(&x->json, '[');
	while ((m = getmntent(mounts))) {
		bool has_any = false;
		size_t b;

		for (size_t i = 0; i < N_DELEGATIONS; i++)
			has_any |= option_of(m, delegations[i].option, &b) != NULL;
		if (!strcmp(m->mnt_type, "bpf") && has_any)
			show_mount(x, m);
	}
	endmntent(mounts);
	if (x->is_json)
		json_close(&x->json, ']');
	return 0;
}

static const struct command token_commands[] = {
    {"show", token_show, ""},
    {"list", token_show, ""},
    {NULL},
};

const struct object token_object = {"token", token_commands, NULL};
