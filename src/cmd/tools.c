/* `skep tools`: what there is, what it looks like inside, links to have each as a command. */
#include "cmd/tools.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "cmd/compiled.h"
#include "cmd/verb_options.h"
#include "script/script.h"
#include "toolbox/toolbox.h"

struct tools_options {
	const char *source, *manual, *links;
	bool is_json;
};

static const struct verb_option rows[] = {
#define OPTION(letter, name, argument, kind, field, least, most, help)                             \
	{letter, name, argument, help, VERB_##kind, offsetof(struct tools_options, field),         \
	 least,  most},
#include "cmd/tools.def"
#undef OPTION
};

static const struct verb verb = {
    .name = "tools",
    .arguments = "[OPTIONS] [WORD]",
    .about = "list the tools, or those whose name, area or purpose has WORD in it",
    .options = rows,
    .n_options = sizeof(rows) / sizeof(*rows),
    .max_operands = 1,
    .more = "A tool is run as `skep NAME [ARGUMENTS]`. Files NAME.bt in $SKEP_TOOLS, else\n"
            "$XDG_CONFIG_HOME/skep/tools, else ~/.config/skep/tools are tools, too, and come\n"
            "before those of the same name that came with skep.\n"
            "\n"
            "EXAMPLES:\n"
            "    skep tools tcp\n"
            "        what there is about TCP\n"
            "    skep tools --source opensnoop >~/.config/skep/tools/opensnoop.bt\n"
            "        a copy to be changed, which skep opensnoop is from now on\n"
            "    skep tools --links /usr/local/bin\n"
            "        opensnoop is a command\n",
};

static bool is_wanted(const struct tool *t, const char *word)
{
	return !word || strcasestr(t->name, word) || strcasestr(t->area, word) ||
	       strcasestr(t->purpose, word);
}

/* ---- listing --------------------------------------------------------------------------------- */

static void print_list(const tool_list *tools, struct strbuf *out)
{
	const char *area = NULL;
	size_t width = 0;

	vec_each (t, tools)
		width = strlen(t->name) > width ? strlen(t->name) : width;
	vec_each (t, tools) {
		if (!area || strcmp(area, t->area) != 0)
			sb_addf(out, "%s%s\n", area ? "\n" : "", t->area);
		area = t->area;
		sb_addf(out, "  %-*s  %s", (int)width, t->name, t->purpose);
		if (t->path)
			sb_addf(out, "%s(%s)", *t->purpose ? " " : "", t->path);
		while (sb_str(out)[out->n - 1] == ' ')
			out->n--;
		sb_addc(out, '\n');
	}
}

static void add_member(struct strbuf *out, const char *name, const char *value)
{
	sb_addf(out, ", \"%s\": ", name);
	if (value)
		json_add_string(out, value, strlen(value));
	else
		sb_adds(out, "null");
}

/* An array, a tool a line. */
static void print_json(const tool_list *tools, struct strbuf *out)
{
	sb_adds(out, "[");
	vec_each (t, tools) {
		sb_adds(out, t == tools->items ? "\n{\"name\": " : ",\n{\"name\": ");
		json_add_string(out, t->name, strlen(t->name));
		add_member(out, "area", t->area);
		add_member(out, "purpose", t->purpose);
		add_member(out, "path", t->path);
		sb_addc(out, '}');
	}
	sb_adds(out, "\n]\n");
}

static int list(struct arena *a, const char *word, bool is_json)
{
	own_strbuf struct strbuf out = {0};
	tool_list all = {0}, tools = {0};

	tool_list_all(a, &all);
	vec_each (t, &all)
		if (is_wanted(t, word))
			vec_push(a, &tools, *t);
	if (!tools.n && !is_json) {
		fprintf(stderr, "No tool has '%s' in its name, area or purpose.\n", word);
		return VERB_FAILED;
	}
	if (is_json)
		print_json(&tools, &out);
	else
		print_list(&tools, &out);
	fwrite(sb_str(&out), 1, out.n, stdout);
	return VERB_OK;
}

/* ---- one ------------------------------------------------------------------------------------- */

/* False: reported. */
static bool find(struct arena *a, const char *name, struct tool *ret)
{
	struct diag_guess g = {.word = name};
	const char *problem;

	if (tool_find(a, name, ret, &problem))
		return true;
	if (problem) {
		fprintf(stderr, "ERROR: The tool '%s' cannot be used: %s\n", name, problem);
		return false;
	}
	fprintf(stderr, "ERROR: There is no tool '%s'\n", name);
	tool_guess(a, &g);
	if (g.best)
		fprintf(stderr, "HINT: did you mean %s?\n", g.best);
	else
		fprintf(stderr, "HINT: skep tools lists them\n");
	return false;
}

static int print_source(struct arena *a, const char *name)
{
	struct tool t;

	if (!find(a, name, &t))
		return VERB_FAILED;
	fwrite(t.text, 1, t.len_b, stdout);
	return VERB_OK;
}

static int print_manual(struct arena *a, const char *name)
{
	own_strbuf struct strbuf out = {0};
	struct diag *d = diag_create(a);
	struct tool t;

	if (!find(a, name, &t))
		return VERB_FAILED;
	if (script_manual(a, d, t.name, t.text, t.len_b, &out)) {
		fwrite(sb_str(&out), 1, out.n, stdout);
		return VERB_OK;
	}
	diag_render(d, &(struct diag_style){0}, &out);
	fputs(sb_str(&out), stderr);
	return VERB_FAILED;
}

/* ---- links ----------------------------------------------------------------------------------- */

/* Where a link leads; "" if it is none. */
static const char *link_target(struct arena *a, const char *path)
{
	char buf[4096];
	ssize_t n = readlink(path, buf, sizeof(buf));

	return n > 0 && (size_t)n < sizeof(buf) ? arena_strndup(a, buf, (size_t)n) : "";
}

/* Anything else of that name stays as it is. */
static bool make_link(struct arena *a, const char *to, const char *path)
{
	struct stat st;

	if (!lstat(path, &st)) {
		if (!strcmp(link_target(a, path), to))
			return true;
		fprintf(stderr, "WARNING: %s is something else, left as it is\n", path);
		return false;
	}
	if (!symlink(to, path))
		return true;
	fprintf(stderr, "ERROR: cannot make %s: %s\n", path, strerror(errno));
	return false;
}

static int make_links(struct arena *a, const char *dir)
{
	const char *own = link_target(a, "/proc/self/exe");
	size_t n_made = 0, slash = strlen(dir);
	tool_list tools = {0};
	struct stat st;

	if (stat(dir, &st) || !S_ISDIR(st.st_mode)) {
		fprintf(stderr, "ERROR: cannot make links in %s: %s\n", dir,
		        strerror(errno ? errno : ENOTDIR));
		return VERB_FAILED;
	}
	while (slash > 1 && dir[slash - 1] == '/')
		slash--;
	tool_list_all(a, &tools);
	vec_each (t, &tools)
		n_made += make_link(a, own, arena_printf(a, "%.*s/%s", (int)slash, dir, t->name));
	printf("%zu links to %s\n", n_made, own);
	return n_made == tools.n ? VERB_OK : VERB_FAILED;
}

void tools_help(const struct tool *t, struct strbuf *out)
{
	size_t len_b, skip_b;

	for (const char *line = t->text; *line; line += len_b, line += *line == '\n') {
		len_b = strcspn(line, "\n");
		if (!strncmp(line, "#!", 2) || !strncmp(line, "// area:", 8))
			continue;
		if (strncmp(line, "//", 2))
			break;
		skip_b = line[2] == ' ' ? 3 : 2;
		sb_addf(out, "%.*s\n", (int)(len_b - skip_b), line + skip_b);
	}
	sb_addf(out, "\nskep tools --source %s shows the script.\n", t->name);
}

void tools_hint(struct arena *a, const char *word)
{
	static const char *const verbs[] = {
#define VERB(name, run, arguments, help) name,
#include "cmd/verbs.def"
#undef VERB
	};
	struct diag_guess verb_guess = {.word = word}, tool = {.word = word};

	if (strchr(word, '/'))
		return;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		diag_nearest(&verb_guess, verbs[i]);
	tool_guess(a, &tool);
	if (verb_guess.best && (!tool.best || verb_guess.distance <= tool.distance))
		fprintf(stderr, "HINT: did you mean skep %s?\n", verb_guess.best);
	else if (tool.best)
		fprintf(stderr, "HINT: did you mean the tool %s?\n", tool.best);
}

bool tools_called_as(const char *argv0)
{
	const char *name = strrchr(argv0, '/') ? strrchr(argv0, '/') + 1 : argv0, *problem;
	own_arena struct arena *a = NULL;
	bool is_damaged;
	struct tool t;

	if (!strcmp(name, "skep") || !strcmp(name, "bpftrace"))
		return false;
	a = arena_create();
	if (!tool_find(a, name, &t, &problem) && !problem)
		return false;
	/* A script that was compiled to be kept is what it is, whatever its name. */
	return !compiled_read(a, "/proc/self/exe", diag_create(a), &is_damaged) && !is_damaged;
}

int cmd_tools(int argc, char **argv)
{
	own_arena struct arena *a = arena_create();
	struct tools_options o = {0};
	int operand, status = verb_parse(&verb, argc, argv, &o, &operand);

	if (status >= 0)
		return status;
	if (!!o.source + !!o.manual + !!o.links + o.is_json > 1)
		return verb_usage_error(&verb, "Only one of --source, --man, --json and --links "
		                               "can be used.");
	if ((o.source || o.manual || o.links) && operand < argc)
		return verb_usage_error(&verb, "unexpected argument: %s", argv[operand]);
	if (o.source)
		return print_source(a, o.source);
	if (o.manual)
		return print_manual(a, o.manual);
	if (o.links)
		return make_links(a, o.links);
	return list(a, operand < argc ? argv[operand] : NULL, o.is_json);
}
