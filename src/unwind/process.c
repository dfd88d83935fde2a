/* Processes: what they have mapped, and the tables of the files behind it.
 *
 * A file is known by device and inode, so that a library mapped by a hundred processes is read
 * once; it is read when its first frame is met. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "unwind/unwind.h"

enum {
	MOST_REREADS = 16, /* that changed nothing, one after the other */
	PAGE_B = 4096,
};

struct segment {
	uint64_t off_b, end_b, address;
};

struct unwind_file {
	uint32_t id;
	int fd; /* until the table is read; -1 */
	vec(struct segment) segments;
	enum { TABLE_UNREAD, TABLE_NONE, TABLE_READ } state;
	struct unwind_table table;
};

struct process {
	pid_t pid;
	vec(struct unwind_mapping) maps;
	unsigned n_rereads;
};

struct unwinder {
	struct arena *a; /* keys */
	struct strmap by_key;
	vec(struct unwind_file *) files;
	vec(struct process *) processes;
};

struct unwinder *unwinder_create(void)
{
	struct unwinder *u = calloc(1, sizeof(*u));

	if (u)
		u->a = arena_create();
	return u;
}

static void process_free(struct process *p)
{
	vec_free(&p->maps);
	free(p);
}

void unwinder_destroy(struct unwinder *u)
{
	if (!u)
		return;
	vec_each (f, &u->files) {
		if ((*f)->fd >= 0)
			close((*f)->fd);
		vec_free(&(*f)->segments);
		unwind_table_free(&(*f)->table);
		free(*f);
	}
	vec_each (p, &u->processes)
		process_free(*p);
	vec_free(&u->files);
	vec_free(&u->processes);
	strmap_free(&u->by_key);
	arena_destroy(u->a);
	free(u);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void read_segments(struct unwind_file *f, const Elf64_Ehdr *h, const Elf64_Phdr *phs)
{
	for (unsigned i = 0; i < h->e_phnum; i++)
		if (phs[i].p_type == PT_LOAD && phs[i].p_flags & PF_X)
			vec_push(
			    NULL, &f->segments,
			    ((struct segment){phs[i].p_offset & ~(uint64_t)(PAGE_B - 1),
			                      phs[i].p_offset + phs[i].p_filesz,
			                      phs[i].p_vaddr - (phs[i].p_offset & (PAGE_B - 1))}));
}

static bool read_headers(struct unwind_file *f)
{
	enum { MOST_SEGMENTS = 256 };
	Elf64_Phdr phs[MOST_SEGMENTS];
	Elf64_Ehdr h;
	size_t len_b;

	if (pread(f->fd, &h, sizeof(h), 0) != sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG) ||
	    h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_phentsize != sizeof(*phs) ||
	    h.e_phnum > MOST_SEGMENTS)
		return false;
	len_b = h.e_phnum * sizeof(*phs);
	if (pread(f->fd, phs, len_b, (off_t)h.e_phoff) != (ssize_t)len_b)
		return false;
	read_segments(f, &h, phs);
	return true;
}

static struct unwind_file *add_file(struct unwinder *u, const char *key)
{
	struct unwind_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->id = (uint32_t)u->files.n;
	f->fd = -1;
	vec_push(NULL, &u->files, f);
	strmap_put(&u->by_key, arena_strdup(u->a, key), f);
	return f;
}

/* The same kernel maps the same vdso into all processes of one kind, ours included. */
static struct unwind_file *vdso(struct unwinder *u, uint64_t len_b)
{
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	struct unwind_file *f = strmap_get(&u->by_key, "[vdso]");
	Elf64_Ehdr h;

	if (f || !image)
		return f;
	f = add_file(u, "[vdso]");
	if (!f)
		return NULL;
	memcpy(&h, image, sizeof(h));
	if (h.e_ident[EI_CLASS] == ELFCLASS64 && h.e_phentsize == sizeof(Elf64_Phdr) &&
	    h.e_phoff <= len_b && h.e_phnum * sizeof(Elf64_Phdr) <= len_b - h.e_phoff)
		read_segments(f, &h, (const Elf64_Phdr *)(const void *)(image + h.e_phoff));
	f->state = unwind_table_read(image, len_b, &f->table) ? TABLE_READ : TABLE_NONE;
	return f;
}

const struct unwind_table *unwind_file_table(struct unwind_file *f)
{
	struct stat st;
	void *image;

	if (f->state == TABLE_UNREAD) {
		f->state = TABLE_NONE;
		if (!fstat(f->fd, &st) && st.st_size > 0) {
			image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, f->fd, 0);
			if (image != MAP_FAILED) {
				if (unwind_table_read(image, (size_t)st.st_size, &f->table))
					f->state = TABLE_READ;
				munmap(image, (size_t)st.st_size);
			}
		}
		close(f->fd);
		f->fd = -1;
	}
	return f->state == TABLE_READ ? &f->table : NULL;
}

uint32_t unwind_file_id(const struct unwind_file *f)
{
	return f->id;
}

/* ---- mappings ------------------------------------------------------------------------------- */

/* One line of /proc/PID/maps. */
struct line {
	unsigned long long start, end, off_b, ino;
	unsigned major, minor;
	char perms[8];
	const char *path;
};

/* As the process sees it, which in a container is another file than ours; map_files has also what
 * is gone from its directory, but only for the privileged. */
static int open_mapped(pid_t pid, const struct line *l)
{
	char path[4300];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, l->path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_ino == l->ino)
		return fd;
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", (int)pid, l->start, l->end);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static struct unwind_file *mapped_file(struct unwinder *u, pid_t pid, const struct line *l)
{
	struct unwind_file *f;
	char key[80];
	int fd;

	if (!strcmp(l->path, "[vdso]"))
		return vdso(u, l->end - l->start);
	if (l->path[0] != '/' || !l->ino)
		return NULL;
	snprintf(key, sizeof(key), "%x:%x:%llu", l->major, l->minor, l->ino);
	f = strmap_get(&u->by_key, key);
	if (f)
		return f;
	fd = open_mapped(pid, l);
	if (fd < 0)
		return NULL;
	f = add_file(u, key);
	if (!f) {
		close(fd);
		return NULL;
	}
	f->fd = fd;
	if (!read_headers(f)) {
		f->state = TABLE_NONE;
		close(fd);
		f->fd = -1;
	}
	return f;
}

static void add_mapping(struct unwinder *u, struct process *p, const struct line *l)
{
	struct unwind_mapping m = {l->start, l->end, 0, mapped_file(u, p->pid, l)};
	bool is_known = false;

	if (m.file)
		vec_each (s, &m.file->segments)
			if (!is_known && l->off_b >= s->off_b && l->off_b < s->end_b) {
				m.bias = l->start - (s->address + (l->off_b - s->off_b));
				is_known = true;
			}
	if (!is_known)
		m.file = NULL;
	vec_push(NULL, &p->maps, m);
}

static int read_maps(struct unwinder *u, struct process *p, bool *ret_is_changed)
{
	own_arena struct arena *a = arena_create();
	struct unwind_mapping *before;
	char path[64], *text;
	size_t n_before;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)p->pid);
	err = file_read(a, path, &text, NULL);
	if (err || !*text) /* a zombie's is empty */
		return err && err != -ENOENT ? err : -ESRCH;
	before = p->maps.n ? arena_memdup(a, p->maps.items, p->maps.n * sizeof(*before)) : NULL;
	n_before = p->maps.n;
	p->maps.n = 0;
	for (char *at = text; *at;) {
		char *nl = strchrnul(at, '\n'), *next = *nl ? nl + 1 : nl;
		struct line l;
		int path_at = 0;

		*nl = '\0';
		if (sscanf(at, "%llx-%llx %7s %llx %x:%x %llu %n", &l.start, &l.end, l.perms,
		           &l.off_b, &l.major, &l.minor, &l.ino, &path_at) >= 7 &&
		    l.perms[2] == 'x' && l.end > l.start) {
			l.path = at + path_at;
			add_mapping(u, p, &l);
		}
		at = next;
	}
	*ret_is_changed = p->maps.n != n_before ||
	                  (n_before && memcmp(before, p->maps.items, n_before * sizeof(*before)));
	return 0;
}

static struct process *find_process(const struct unwinder *u, pid_t pid)
{
	vec_each (p, &u->processes)
		if ((*p)->pid == pid)
			return *p;
	return NULL;
}

void unwinder_forget(struct unwinder *u, pid_t pid)
{
	for (size_t i = 0; i < u->processes.n; i++)
		if (u->processes.items[i]->pid == pid) {
			process_free(u->processes.items[i]);
			u->processes.items[i] = vec_last(&u->processes);
			u->processes.n--;
			return;
		}
}

int unwinder_maps(struct unwinder *u, pid_t pid, bool anew, const struct unwind_mapping **ret,
                  size_t *ret_n)
{
	struct process *p = find_process(u, pid);
	bool is_changed = false;
	int err = 0;

	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return -ENOMEM;
		p->pid = pid;
		err = read_maps(u, p, &is_changed);
		if (err)
			process_free(p);
		else
			vec_push(NULL, &u->processes, p);
	} else if (anew) {
		if (p->n_rereads >= MOST_REREADS)
			return -EAGAIN;
		err = read_maps(u, p, &is_changed);
		p->n_rereads = is_changed ? 0 : p->n_rereads + 1;
	}
	if (err)
		return err;
	*ret = p->maps.items;
	*ret_n = p->maps.n;
	return 0;
}
