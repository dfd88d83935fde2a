/* Addresses of processes: which file is mapped there, and which function that is.
 *
 * Input: pid and address. Output: name, offset, file. The maps of a process are read once and again
 * when an address isn't in them (a library was loaded, code was generated). A process that has
 * ended keeps the answers it was remembered with; its files are found by their plain paths then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "symbols/symbols_priv.h"

enum {
	MOST_REREADS = 16, /* in vain, then the maps are left as they are */
};

struct mapping {
	uint64_t start, end, off_b;
	const char *path; /* "" if anonymous; without " (deleted)"; interned */
	bool is_deleted;
	struct elf_file *file;
	bool is_tried;
};

struct perf_symbol {
	uint64_t address, size_b;
	const char *name;
};

struct process {
	pid_t pid;
	vec(struct mapping) maps;       /* by address; executable ones only */
	vec(struct perf_symbol) jitted; /* by address */
	off_t jitted_b;                 /* size of the perf map as read last */
	char *jitted_text;              /* of that file: the names point into it */
	unsigned n_rereads;
};

void process_free(struct process *p)
{
	vec_free(&p->maps);
	vec_free(&p->jitted);
	free(p->jitted_text);
	free(p);
}

/* One copy of each text that answers hold, however often it is given. */
static const char *intern(struct symbols *s, const char *text)
{
	const char *known = strmap_get(&s->interned, text);

	if (!known) {
		known = arena_strdup(s->a, text);
		strmap_put(&s->interned, known, (void *)known);
	}
	return known;
}

/* "START-END r-xp OFFSET DEV INODE   PATH" */
static bool parse_mapping(struct symbols *s, char *line, struct mapping *ret)
{
	unsigned long long start, end, off_b;
	char perms[8];
	int path_at = 0;
	char *path, *deleted;

	if (sscanf(line, "%llx-%llx %7s %llx %*s %*s %n", &start, &end, perms, &off_b, &path_at) <
	        4 ||
	    !path_at || perms[2] != 'x' || end <= start)
		return false;
	path = line + path_at;
	deleted = strstr(path, " (deleted)");
	*ret = (struct mapping){.start = start, .end = end, .off_b = off_b};
	if (deleted && !deleted[10]) {
		*deleted = '\0';
		ret->is_deleted = true;
	}
	ret->path = intern(s, path);
	return true;
}

static bool read_maps(struct symbols *s, struct process *p)
{
	own_arena struct arena *a = arena_create();
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)p->pid);
	if (file_read(a, path, &text, NULL) || !*text) /* a zombie's is empty */
		return false;
	p->maps.n = 0;
	for (char *line = text; *line;) {
		char *nl = strchrnul(line, '\n'), *next = *nl ? nl + 1 : nl;
		struct mapping m;

		*nl = '\0';
		if (parse_mapping(s, line, &m))
			vec_push(NULL, &p->maps, m);
		line = next;
	}
	return true;
}

static struct process *find_process(struct symbols *s, pid_t pid)
{
	vec_each (p, &s->processes)
		if ((*p)->pid == pid)
			return *p;
	return NULL;
}

static struct process *need_process(struct symbols *s, pid_t pid)
{
	struct process *p = find_process(s, pid);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	if (!read_maps(s, p)) {
		free(p);
		return NULL;
	}
	vec_push(s->a, &s->processes, p);
	return p;
}

void symbols_remember_process(struct symbols *s, pid_t pid)
{
	struct process *p = find_process(s, pid);

	if (p)
		read_maps(s, p);
	else
		need_process(s, pid);
}

static struct mapping *find_mapping(struct process *p, uint64_t address)
{
	size_t lo = 0, hi = p->maps.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->maps.items[mid].end <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < p->maps.n && p->maps.items[lo].start <= address)
		return &p->maps.items[lo];
	return NULL;
}

/* ---- files behind a mapping
 * ------------------------------------------------------------------------ */

/* The same kernel maps the same vdso into all processes of one kind, ours included. */
static struct elf_file *vdso_file(struct symbols *s)
{
	struct process *self = need_process(s, getpid());
	void *image = (void *)getauxval(AT_SYSINFO_EHDR);
	const struct mapping *m = self ? find_mapping(self, (uintptr_t)image) : NULL;

	return m ? elf_file_from_memory(s, "[vdso]", image, m->end - m->start) : NULL;
}

static struct elf_file *mapped_file(struct symbols *s, struct process *p, struct mapping *m)
{
	char path[4200];

	if (m->is_tried)
		return m->file;
	m->is_tried = true;
	if (!strcmp(m->path, "[vdso]")) {
		m->file = vdso_file(s);
		return m->file;
	}
	if (m->path[0] != '/')
		return NULL;
	if (m->is_deleted) { /* the file is gone from its directory, but still mapped */
		snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", (int)p->pid,
		         (unsigned long long)m->start, (unsigned long long)m->end);
		m->file = elf_file_get(s, path, NULL);
		return m->file;
	}
	/* As the process sees it, which in a container is another file than ours. */
	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)p->pid, m->path);
	m->file = elf_file_get(s, path, NULL);
	if (!m->file)
		m->file = elf_file_get(s, m->path, NULL);
	return m->file;
}

/* ---- code generated at run time: /tmp/perf-PID.map, lines "START SIZE NAME"
 * ------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct perf_symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* The pid inside of its own namespace, which is what a runtime names its file after. */
static pid_t inner_pid(pid_t pid)
{
	own_arena struct arena *a = arena_create();
	char path[64], *text, *p;
	pid_t last = pid;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read(a, path, &text, NULL) || !(p = strstr(text, "\nNSpid:")))
		return pid;
	for (p += 7; *p == '\t' || *p == ' ';) /* one a namespace, ours first */
		last = (pid_t)strtol(p, &p, 10);
	return last > 0 ? last : pid;
}

/* Anybody can write to /tmp: a map is believed if it belongs to the process's user or to root. */
static bool is_own_file(pid_t pid, const char *path, off_t *ret_size_b)
{
	char proc[64];
	struct stat file, owner;

	snprintf(proc, sizeof(proc), "/proc/%d", (int)pid);
	if (lstat(path, &file) || !S_ISREG(file.st_mode) || stat(proc, &owner))
		return false;
	*ret_size_b = file.st_size;
	return !file.st_uid || file.st_uid == owner.st_uid;
}

/* Read it if it has grown since; false if it hasn't. */
static bool read_perf_map(struct process *p)
{
	own_arena struct arena *a = arena_create();
	char path[96], *text;
	off_t size_b;

	snprintf(path, sizeof(path), "/proc/%d/root/tmp/perf-%d.map", (int)p->pid,
	         (int)inner_pid(p->pid));
	if (!is_own_file(p->pid, path, &size_b) || size_b == p->jitted_b ||
	    file_read(a, path, &text, NULL))
		return false;
	p->jitted_b = size_b;
	free(p->jitted_text);
	p->jitted.n = 0;
	p->jitted_text = strdup(text);
	if (!p->jitted_text)
		return false;
	for (char *line = p->jitted_text; *line;) {
		char *nl = strchrnul(line, '\n'), *next = *nl ? nl + 1 : nl;
		unsigned long long address, length_b;
		int name_at = 0;

		*nl = '\0';
		if (sscanf(line, "%llx %llx %n", &address, &length_b, &name_at) == 2 && name_at)
			vec_push(NULL, &p->jitted,
			         ((struct perf_symbol){address, length_b, line + name_at}));
		line = next;
	}
	if (p->jitted.n)
		qsort(p->jitted.items, p->jitted.n, sizeof(*p->jitted.items), by_address);
	return true;
}

static bool find_jitted(struct symbols *s, struct process *p, uint64_t address, struct symbol *ret)
{
	size_t lo = 0, hi = p->jitted.n;
	const struct perf_symbol *j;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->jitted.items[mid].address <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	j = &p->jitted.items[lo - 1];
	if (address - j->address >= j->size_b)
		return false;
	ret->name = intern(s, j->name); /* the map may be read anew */
	ret->offset_b = address - j->address;
	return true;
}

/* ---- the question
 * ------------------------------------------------------------------------------------ */

bool symbols_user(struct symbols *s, pid_t pid, uint64_t address, struct symbol *ret)
{
	struct process *p = need_process(s, pid);
	struct elf_symbol found;
	struct elf_file *file;
	struct mapping *m;
	uint64_t linked;

	*ret = (struct symbol){0};
	if (!p)
		return false;
	m = find_mapping(p, address);
	if (!m && p->n_rereads < MOST_REREADS) {
		p->n_rereads++;
		if (read_maps(s, p))
			m = find_mapping(p, address);
		if (m)
			p->n_rereads = 0;
	}
	if (!m)
		return false;
	ret->file_off_b = address - m->start + m->off_b;
	if (m->path[0])
		ret->module = m->path;
	file = mapped_file(s, p, m);
	if (file && elf_file_to_address(file, ret->file_off_b, &linked) &&
	    elf_file_at(file, linked, &found)) {
		ret->name = symbols_shown_name(s, found.name);
		ret->offset_b = linked - found.address;
		return true;
	}
	if (find_jitted(s, p, address, ret))
		return true;
	return (!m->path[0] || m->path[0] == '/') && read_perf_map(p) &&
	       find_jitted(s, p, address, ret);
}
