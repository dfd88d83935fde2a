/* The line's own part and the script's (see script_line.h). The script has to be looked into before
 * skep's options are read: getopt_long() would take those behind it for skep's. */
#include "cmd/script_line.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "cmd/options.h"
#include "script/script.h"

const char *script_read_stdin(struct arena *a, size_t *ret_len_b)
{
	own_strbuf struct strbuf text = {0};
	char buf[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		sb_add(&text, buf, (size_t)n);
	*ret_len_b = text.n;
	return arena_strndup(a, sb_str(&text), text.n);
}

/* NULL: it cannot be read, or is a compiled script. A pipe's text is kept in `line`. */
static const char *read_script(struct arena *a, const char *file, struct script_line *line,
                               size_t *ret_len_b)
{
	struct stat st;
	char *text;

	if (line->tool.name) {
		*ret_len_b = line->tool.len_b;
		return line->tool.text;
	}
	if (!strcmp(file, "-"))
		return line->text = script_read_stdin(a, ret_len_b);
	if (stat(file, &st) || S_ISDIR(st.st_mode) || file_read(a, file, &text, ret_len_b))
		return NULL;
	if (!S_ISREG(st.st_mode))
		line->text = text;
	return *ret_len_b >= 4 && !memcmp(text, "\177ELF", 4) ? NULL : text;
}

void script_line_split(struct arena *a, int argc, char **argv, bool has_tools,
                       struct script_line *ret)
{
	const char *text, *file;
	int end = options_find_script(argc, argv, &text, &file);
	struct script_options none = {0};
	struct script_request request;
	size_t len_b;

	*ret = (struct script_line){.n_own = argc};
	if (end && file && has_tools && !tool_find(a, file, &ret->tool, &ret->tool_problem))
		ret->tool = (struct tool){.name = ret->tool_problem ? file : NULL};
	if (!end || end == argc || ret->tool_problem)
		return;
	if (text)
		len_b = strlen(text);
	else
		text = read_script(a, file, ret, &len_b);
	ret->len_b = text ? len_b : 0;
	if (!text)
		return;
	script_ask(a, diag_create(a), "", text, len_b, &none, &request);
	if (request.has_options)
		ret->n_own = end;
}
