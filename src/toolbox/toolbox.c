/* Tools by name: the user's directory first, then the table in the executable.
 *
 * As with imports, what others may write to is not run: tools mostly run as root. */
#include "toolbox/toolbox.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "script/option.h"
#include "toolbox/bundled.h"

const char *tool_directory(struct arena *a)
{
	const char *own = getenv("SKEP_TOOLS"), *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (own && *own)
		return own;
	if (config && *config == '/')
		return arena_printf(a, "%s/skep/tools", config);
	return home && *home ? arena_printf(a, "%s/.config/skep/tools", home) : NULL;
}

/* The word behind `// area: ` somewhere in the comment that a text begins with. */
static const char *find_area(struct arena *a, const char *text)
{
	static const char key[] = "// area: ";

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len_b = strcspn(line, " \t\n");

		if (!strncmp(line, key, strlen(key))) {
			line += strlen(key);
			return arena_strndup(a, line, strcspn(line, " \t\r\n"));
		}
		if (len_b && strncmp(line, "//", 2) && strncmp(line, "#!", 2))
			break;
	}
	return "other";
}

static void describe(struct arena *a, struct tool *t)
{
	const char *title = NULL, *purpose = option_purpose(a, t->text, t->len_b, &title);

	t->purpose = purpose && title ? purpose : "";
	t->area = find_area(a, t->text);
}

/* ---- the user's ------------------------------------------------------------------------------ */

/* Why what is at `path` is not to be run; NULL: it may be. *ret_err: nothing can be seen of it. */
static const char *refusal(struct arena *a, const char *path, bool is_dir, int *ret_err)
{
	struct stat st;

	*ret_err = stat(path, &st) ? errno : 0;
	if (*ret_err)
		return arena_printf(a, "%s: %s", path, strerror(*ret_err));
	if (is_dir ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return arena_printf(a, "%s: it is no %s", path,
		                    is_dir ? "directory" : "regular file");
	if (st.st_mode & S_IWOTH && !(is_dir && st.st_mode & S_ISVTX))
		return arena_printf(a, "%s: everybody may write to it", path);
	return NULL;
}

static bool find_own(struct arena *a, const char *name, struct tool *ret, const char **ret_problem)
{
	const char *dir = tool_directory(a), *problem;
	char *text;
	int err;

	if (!dir)
		return false;
	*ret = (struct tool){.name = name, .path = arena_printf(a, "%s/%s.bt", dir, name)};
	ret->shown = ret->path;
	problem = refusal(a, ret->path, false, &err);
	if (err) /* nothing there, or a directory of somebody else (HOME is root's still) */
		return false;
	if (!problem)
		problem = refusal(a, dir, true, &err);
	if (!problem) {
		err = file_read(a, ret->path, &text, &ret->len_b);
		if (err)
			problem = arena_printf(a, "%s: %s", ret->path, strerror(-err));
	}
	if (problem) {
		*ret_problem = problem;
		return false;
	}
	ret->text = text;
	return ret->len_b != 0; /* a shell may just be redirecting --source into it */
}

/* The names of what is in the user's directory. */
static void own_names(struct arena *a, void (*fn)(void *arg, const char *name), void *arg)
{
	const char *path = tool_directory(a);
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		size_t len_b = strlen(entry->d_name);

		if (len_b > 3 && *entry->d_name != '.' && !strcmp(entry->d_name + len_b - 3, ".bt"))
			fn(arg, arena_strndup(a, entry->d_name, len_b - 3));
	}
	if (dir)
		closedir(dir);
}

/* ---- all ------------------------------------------------------------------------------------- */

static int compare_bundled(const void *name, const void *row)
{
	return strcmp(name, ((const struct bundled_tool *)row)->name);
}

static struct tool of_bundled(struct arena *a, const struct bundled_tool *b)
{
	return (struct tool){.name = b->name,
	                     .shown = arena_printf(a, "tools/%s.bt", b->name),
	                     .text = b->text,
	                     .len_b = strlen(b->text)};
}

bool tool_find(struct arena *a, const char *name, struct tool *ret, const char **ret_problem)
{
	const struct bundled_tool *b;

	*ret_problem = NULL;
	if (!*name || *name == '.' || *name == '-' || strchr(name, '/'))
		return false;
	if (!find_own(a, name, ret, ret_problem)) {
		if (*ret_problem)
			return false;
		b = bsearch(name, bundled_tools, n_bundled_tools, sizeof(*b), compare_bundled);
		if (!b)
			return false;
		*ret = of_bundled(a, b);
	}
	describe(a, ret);
	return true;
}

struct gathering {
	struct arena *a;
	tool_list *out;
};

static void add_own(void *arg, const char *name)
{
	struct gathering *g = arg;
	const char *problem;
	struct tool t;

	if (tool_find(g->a, name, &t, &problem) && t.path)
		vec_push(g->a, g->out, t);
}

static int compare_tools(const void *a, const void *b)
{
	const struct tool *x = a, *y = b;
	bool x_other = !strcmp(x->area, "other"), y_other = !strcmp(y->area, "other");
	int order = strcmp(x->area, y->area);

	if (x_other != y_other)
		return x_other - y_other;
	return order ? order : strcmp(x->name, y->name);
}

void tool_list_all(struct arena *a, tool_list *out)
{
	struct gathering g = {a, out};
	const char *problem;
	struct tool t;

	own_names(a, add_own, &g);
	for (size_t i = 0; i < n_bundled_tools; i++)
		if (tool_find(a, bundled_tools[i].name, &t, &problem) && !t.path)
			vec_push(a, out, t);
	if (out->n)
		qsort(out->items, out->n, sizeof(*out->items), compare_tools);
}

static void guess(void *arg, const char *name)
{
	diag_nearest(arg, name);
}

void tool_guess(struct arena *a, struct diag_guess *g)
{
	own_names(a, guess, g);
	for (size_t i = 0; i < n_bundled_tools; i++)
		diag_nearest(g, bundled_tools[i].name);
}
