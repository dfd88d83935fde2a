/* `import` (spec 5.4): definitions of other files.
 *
 * An imported .bt file is parsed into the same unit, as if it stood in the importing one; a header
 * joins the C sections; an object waits for object.c. Each file is read once, however it is named.
 * What others can write is not run as root: world-writable files are refused. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "script/object.h"
#include "script/parser.h"
#include "script/stdlib.h"

enum { DEEPEST_IMPORT = 64 };

struct importing {
	struct parser *p;
	struct span at; /* of the path */
};

static bool fail(const struct importing *im, enum diag_code code, const char *path,
                 const char *what)
{
	diag_error(im->p->u->diag, code, im->at, "Cannot import \"%s\": %s", path, what);
	return false;
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t len_b = strlen(s), suffix_b = strlen(suffix);

	return len_b > suffix_b && !strcmp(s + len_b - suffix_b, suffix);
}

static bool seen_before(struct unit *u, const struct stat *st)
{
	vec_each (f, &u->imported)
		if (f->dev == st->st_dev && f->ino == st->st_ino)
			return true;
	vec_push(u->a, &u->imported, ((struct imported_file){st->st_dev, st->st_ino}));
	return false;
}

static const char *directory_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(a, path, (size_t)(slash - path) + 1) : "";
}

static bool import_text(const struct importing *im, const char *path, const char *shown)
{
	struct parser *p = im->p;
	struct unit *u = p->u;
	struct c_text c;
	char *text;
	size_t len_b;
	int err = file_read(u->a, path, &text, &len_b);

	if (err)
		return fail(im, E_IMPORT, shown, strerror(-err));
	if (memchr(text, '\0', len_b) || len_b >= UINT32_MAX)
		return fail(im, E_IMPORT, shown, "it is no text");
	c = (struct c_text){diag_add_source(u->diag, shown, text, len_b), 0, len_b};
	if (has_suffix(path, ".h")) {
		vec_push(u->a, &u->c_texts, c);
		return true;
	}
	return parser_import(p, c.source, directory_of(u->a, path));
}

/* Kept as it is: where only the text matters, nobody looks into it. */
static bool import_object(const struct importing *im, const char *path, const char *shown)
{
	struct unit *u = im->p->u;
	struct object *o = arena_new(u->a, struct object);
	char *bytes;
	int err = file_read(u->a, path, &bytes, &o->len_b);

	if (err)
		return fail(im, E_IMPORT, shown, strerror(-err));
	o->name = shown;
	o->at = im->at;
	o->bytes = bytes;
	vec_push(u->a, &u->objects, o);
	return true;
}

static bool import_path(const struct importing *im, const char *path, const char *shown,
                        bool is_member);

static int compare_names(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* What a directory has of what can be imported, in the order of names. */
static bool import_all(const struct importing *im, const char *path, const char *shown)
{
	struct arena *a = im->p->u->a;
	vec(const char *) names = {0};
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool is_good = true;

	if (!dir)
		return fail(im, E_IMPORT, shown, strerror(errno));
	while ((entry = readdir(dir)) != NULL)
		if (has_suffix(entry->d_name, ".bt") || has_suffix(entry->d_name, ".h") ||
		    has_suffix(entry->d_name, ".bpf.c") || has_suffix(entry->d_name, ".bpf.o"))
			vec_push(a, &names, arena_strdup(a, entry->d_name));
	closedir(dir);
	if (!names.n)
		return fail(im, E_IMPORT, shown, "nothing in it can be imported");
	qsort(names.items, names.n, sizeof(names.items[0]), compare_names);
	vec_each (name, &names)
		is_good &= import_path(im, arena_printf(a, "%s/%s", path, *name),
		                       arena_printf(a, "%s/%s", shown, *name), true);
	return is_good;
}

static bool import_path(const struct importing *im, const char *path, const char *shown,
                        bool is_member)
{
	struct stat st;

	if (stat(path, &st))
		return fail(im, E_IMPORT, shown, strerror(errno));
	if (st.st_mode & S_IWOTH)
		return fail(im, E_IMPORT, shown, "everybody may write to it");
	if (S_ISDIR(st.st_mode))
		return is_member || import_all(im, path, shown);
	if (!S_ISREG(st.st_mode))
		return fail(im, E_IMPORT, shown, "it is no regular file");
	if (has_suffix(path, ".bpf.c")) {
		fail(im, E_UNSUPPORTED, shown, "BPF C has to be compiled first");
		diag_hint(im->p->u->diag,
		          "import what it is compiled to: clang -g -O2 --target=bpf -c %s", shown);
		return false;
	}
	if (!has_suffix(path, ".bt") && !has_suffix(path, ".h") && !has_suffix(path, ".bpf.o"))
		return fail(im, E_IMPORT, shown, "only .bt, .h and .bpf.o files can be imported");
	if (seen_before(im->p->u, &st))
		return true;
	return has_suffix(path, ".bpf.o") ? import_object(im, path, shown)
	                                  : import_text(im, path, shown);
}

bool import_root(struct parser *p, const char *name, struct span at)
{
	struct importing im = {p, at};

	if (p->u->is_alone || stdlib_has_module(name))
		return true; /* read when a macro of it is used */
	if (p->import_depth == DEEPEST_IMPORT)
		return fail(&im, E_LIMIT, name, "imports nest too deep");
	return import_path(&im,
	                   *name == '/' ? name : arena_printf(p->u->a, "%s%s", p->directory, name),
	                   name, false);
}

const char *import_directory(struct unit *u)
{
	const char *path = u->opts ? u->opts->path : NULL;
	struct stat st;

	if (path && !stat(path, &st))
		seen_before(u, &st);
	return path ? directory_of(u->a, path) : "";
}
