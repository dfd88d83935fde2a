/* A uprobe's target as a path.
 *
 * Input: `/bin/sh`, `bash`, `libc`, `libssl.so.3`. Output: the file. Paths stand for themselves;
 * names of libraries are looked up in the loader's cache (/etc/ld.so.cache, the layout of glibc's
 * dl-cache.h) and its default directories, other names in $PATH. With a pid, the files that process
 * has mapped come first, seen through its root. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "symbols/symbols_priv.h"

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

/* The path in our own view: through /proc if the process lives in another mount namespace. */
static char *seen_from(pid_t pid, const char *path)
{
	char ns[64], *out;
	struct stat mine, theirs;

	if (pid) {
		snprintf(ns, sizeof(ns), "/proc/%d/ns/mnt", (int)pid);
		if (!stat(ns, &theirs) && !stat("/proc/self/ns/mnt", &mine) &&
		    theirs.st_ino != mine.st_ino) {
			if (asprintf(&out, "/proc/%d/root%s", (int)pid, path) < 0)
				return NULL;
			if (is_file(out))
				return out;
			free(out);
		}
	}
	return is_file(path) ? strdup(path) : NULL;
}

/* Does the file name `base` mean the library `name`: libc.so.6 is itself, and what "libc" means. */
static bool is_library(const char *base, const char *name)
{
	size_t n = strlen(name);

	return !strcmp(base, name) || (!strncmp(base, name, n) && !strncmp(base + n, ".so", 3));
}

static char *from_maps(pid_t pid, const char *name)
{
	own_arena struct arena *a = arena_create();
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	if (file_read(a, path, &text, NULL))
		return NULL;
	for (char *line = text; *line;) {
		char *nl = strchrnul(line, '\n'), *next = *nl ? nl + 1 : nl, *slash;

		*nl = '\0';
		slash = strrchr(line, '/');
		if (slash && is_library(slash + 1, name))
			return seen_from(pid, strchr(line, '/'));
		line = next;
	}
	return NULL;
}

/* glibc's cache: a header, entries, strings. Older files carry the format "ld.so-1.7.0" in front.
 */
#define CACHE_MAGIC "glibc-ld.so.cache1.1"
struct cache_header {
	char magic[20];
	uint32_t n_libs, strings_b, reserved[5];
};
struct cache_entry {
	int32_t flags;
	uint32_t key, value; /* offsets from the header */
	uint32_t os_version;
	uint64_t hwcap;
};

enum {
	FLAG_TYPE_MASK = 0x00ff,
	FLAG_ELF_LIBC6 = 0x0003,
	FLAG_REQUIRED_MASK = 0xff00,
#if defined(__x86_64__)
	FLAG_REQUIRED = 0x0300, /* FLAG_X8664_LIB64 */
#elif defined(__aarch64__)
	FLAG_REQUIRED = 0x0a00, /* FLAG_AARCH64_LIB64 */
#else
	FLAG_REQUIRED = -1, /* any */
#endif
};

static const char *cache_text(const char *base, size_t len_b, uint32_t off)
{
	return off < len_b && memchr(base + off, '\0', len_b - off) ? base + off : NULL;
}

static char *from_cache(const char *name)
{
	own_arena struct arena *a = arena_create();
	const char *base, *best = NULL;
	struct cache_header h;
	char *bytes;
	size_t len_b;

	if (file_read(a, "/etc/ld.so.cache", &bytes, &len_b))
		return NULL;
	base = memmem(bytes, len_b, CACHE_MAGIC, sizeof(CACHE_MAGIC) - 1);
	if (!base)
		return NULL;
	len_b -= (size_t)(base - bytes);
	if (len_b < sizeof(h))
		return NULL;
	memcpy(&h, base, sizeof(h));
	if (h.n_libs > (len_b - sizeof(h)) / sizeof(struct cache_entry))
		return NULL;
	for (uint32_t i = 0; i < h.n_libs; i++) {
		const char *key, *value;
		struct cache_entry e;

		memcpy(&e, base + sizeof(h) + i * sizeof(e), sizeof(e));
		if ((e.flags & FLAG_TYPE_MASK) != FLAG_ELF_LIBC6 ||
		    (FLAG_REQUIRED != -1 && (e.flags & FLAG_REQUIRED_MASK) != FLAG_REQUIRED))
			continue;
		key = cache_text(base, len_b, e.key);
		value = cache_text(base, len_b, e.value);
		if (!key || !value || !is_library(key, name) || !is_file(value))
			continue;
		/* The full name beats what it begins with; of those the first, the newest version.
		 */
		if (!strcmp(key, name))
			return strdup(value);
		if (!best)
			best = value;
	}
	return best ? strdup(best) : NULL;
}

static char *in_directories(const char *list, const char *name, const char *suffix)
{
	for (const char *p = list; p && *p;) {
		size_t n = strcspn(p, ":");
		char *path;

		if (asprintf(&path, "%.*s/%s%s", (int)n, p, name, suffix) < 0)
			return NULL;
		if (is_file(path))
			return path;
		free(path);
		p += n + (p[n] == ':');
	}
	return NULL;
}

/* Without the loader's cache: libc for libc.so.6, the last in order of several. */
static char *versioned(const char *list, const char *name)
{
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ":");
		char *pattern, *path = NULL;
		glob_t found;

		if (asprintf(&pattern, "%.*s/%s.so.[0-9]*", (int)n, p, name) < 0)
			return NULL;
		if (!glob(pattern, 0, NULL, &found)) {
			path = strdup(found.gl_pathv[found.gl_pathc - 1]);
			globfree(&found);
		}
		free(pattern);
		if (path)
			return path;
		p += n + (p[n] == ':');
	}
	return NULL;
}

static char *find_library(const char *name)
{
	static const char dirs[] = "/lib64:/usr/lib64:/lib:/usr/lib"
#if defined(__x86_64__)
	                           ":/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu"
#elif defined(__aarch64__)
	                           ":/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu"
#endif
	    ;
	char *path = from_cache(name);

	if (!path)
		path = in_directories(dirs, name, "");
	if (!path)
		path = in_directories(dirs, name, ".so");
	return path ? path : versioned(dirs, name);
}

static char *find_program(const char *name)
{
	const char *path_list = getenv("PATH");
	char *path = in_directories(
	    path_list && *path_list ? path_list : "/usr/local/bin:/usr/bin:/bin", name, "");

	if (path && access(path, X_OK)) {
		free(path);
		path = NULL;
	}
	return path;
}

/* `a.apk!/lib/x.so`: the archive is looked for, the rest is kept. */
static char *in_archive(const char *name, size_t part, pid_t pid)
{
	char *archive = strndup(name, part), *found, *path = NULL;

	found = archive ? symbols_resolve_path(archive, pid) : NULL;
	if (found && asprintf(&path, "%s%s", found, name + part) < 0)
		path = NULL;
	free(found);
	free(archive);
	return path;
}

char *symbols_resolve_path(const char *name, pid_t pid)
{
	bool is_lib = !strncmp(name, "lib", 3);
	char *path = NULL, *lib;

	if (!*name)
		return NULL;
	if (symbols_archive_part(name) && !is_file(name))
		return in_archive(name, symbols_archive_part(name), pid);
	if (strchr(name, '/')) {
		if (name[0] == '/')
			return seen_from(pid, name);
		return is_file(name) ? strdup(name) : NULL;
	}
	if (is_lib && pid)
		path = from_maps(pid, name);
	if (!path && is_lib)
		path = find_library(name);
	if (!path)
		path = find_program(name);
	if (path || is_lib || asprintf(&lib, "lib%s", name) < 0)
		return path;
	path = symbols_resolve_path(lib, pid); /* `c`, as linkers call it */
	free(lib);
	return path;
}
