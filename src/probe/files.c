/* The files that probes in user space are aimed at.
 *
 * Input: a file as written, by name, pattern, or as what a process has mapped. Output: paths. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "probe/provider.h"
#include "symbols/symbols.h"

void target_files_mapped(struct probe_context *cx, pid_t pid, name_list *out)
{
	glob_t g = {0};
	const char *pattern =
	    pid ? arena_printf(cx->a, "/proc/%d/maps", (int)pid) : "/proc/[0-9]*/maps";

	if (glob(pattern, GLOB_NOSORT, NULL, &g))
		return;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *text;

		if (file_read(cx->a, g.gl_pathv[i], &text, NULL))
			continue;
		for (char *line = text; *line;) {
			char *nl = strchrnul(line, '\n'), *next = *nl ? nl + 1 : nl;
			char *slash, *perms;

			*nl = '\0';
			slash = strchr(line, '/');
			perms = strchr(line, ' ');
			if (slash && perms && strlen(perms) > 4 && perms[3] == 'x' &&
			    !strstr(slash, " (deleted)"))
				vec_push(cx->a, out, slash);
			line = next;
		}
	}
	globfree(&g);
	names_sort(out);
}

void target_files_match(struct probe_context *cx, const char *pattern, name_list *out)
{
	glob_t g = {0};

	if (!strcmp(pattern, "*")) {
		target_files_mapped(cx, cx->pid, out);
		return;
	}
	if (!glob(pattern, 0, NULL, &g))
		for (size_t i = 0; i < g.gl_pathc; i++)
			vec_push(cx->a, out, arena_strdup(cx->a, g.gl_pathv[i]));
	globfree(&g);
}

const char *target_file_resolve(struct probe_context *cx, const char *file)
{
	const char *path;
	char *found;

	if (!file) {
		char target[4096];
		const char *link = arena_printf(cx->a, "/proc/%d/exe", (int)cx->pid);
		ssize_t n = readlink(link, target, sizeof(target) - 1);

		if (n <= 0)
			return NULL;
		target[n] = '\0';
		found = symbols_resolve_path(target, cx->pid);
		path = found ? arena_strdup(cx->a, found) : link;
	} else {
		found = symbols_resolve_path(file, cx->pid);
		path = found ? arena_strdup(cx->a, found) : NULL;
	}
	free(found);
	return path;
}
