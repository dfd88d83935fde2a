/* Addresses of processes: which file is mapped there, and which function that is.
 *
 * Input: pid and address. Output: name, offset, file. A process is a list of address spaces, the
 * latest last: one for each program it has run. A space is filled from /proc/PID/maps, when an
 * address is asked for or when somebody says that the process may soon be gone, and from what the
 * kernel tells meanwhile (mappings.c). The files are opened then, too, since only a living process
 * leads to a deleted file or into another mount namespace; they are read when a name is wanted.
 *
 * A path is believed only if it leads to the inode that is mapped. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "symbols/process.h"

enum {
	MOST_PROCESSES = 16384, /* then those that have ended are forgotten */
	MOST_SPACES = 4,        /* of a process */
	MOST_REREADS = 16,      /* in vain, then seldom */
	SELDOM = 64,            /* ticks */
	MOST_JIT_READS = 8,     /* in a tick */
	TICK_NS = 4000000,      /* how long a look at /proc is good */
};

struct mapping {
	uint64_t start, end, off_b;
	const char *path; /* "" if anonymous; without " (deleted)"; interned */
	uint32_t major, minor;
	uint64_t inode;
	bool is_deleted;
	bool is_old; /* not there any more when the maps were read last */
	bool is_tried;
	struct elf_file *file;
};

/* Shared by forks until one of them maps something. */
struct space {
	unsigned n_users;
	vec(struct mapping) maps; /* by address; executable ones only */
};

struct process {
	pid_t pid;
	uint64_t start_time,
	    stack_start; /* of /proc/PID/stat: tell one life, one exec from another */
	struct space *spaces[MOST_SPACES]; /* the latest last */
	unsigned n_spaces;
	bool is_gone;
	bool is_of_events; /* told by the kernel as it happened: nothing is missing */
	bool is_looked_at; /* its owner and its root are known */
	uint64_t tick;     /* when it was looked at last */
	uint64_t reread_tick;
	unsigned n_rereads;
	uid_t owner;
	pid_t inner_pid; /* in its own namespace */
	int root_fd;     /* of another root than ours, or -1 */
	struct jit jit;
	uint64_t jit_tick;
	unsigned n_jit_reads; /* in that tick */
};

static uint64_t tick_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return ((uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec) / TICK_NS + 1;
}

/* ---- spaces --------------------------------------------------------------------------------- */

static void space_drop(struct space *sp)
{
	if (--sp->n_users)
		return;
	vec_free(&sp->maps);
	free(sp);
}

static void add_space(struct process *p, struct space *sp)
{
	if (p->n_spaces == MOST_SPACES) {
		space_drop(p->spaces[0]);
		memmove(p->spaces, p->spaces + 1, sizeof(p->spaces) - sizeof(p->spaces[0]));
		p->n_spaces--;
	}
	p->spaces[p->n_spaces++] = sp;
}

static struct space *new_space(struct process *p)
{
	struct space *sp = calloc(1, sizeof(*sp));

	if (sp) {
		sp->n_users = 1;
		add_space(p, sp);
	}
	return sp;
}

/* The space that the process runs in now, its own to change. */
static struct space *own_space(struct process *p)
{
	struct space *sp = p->n_spaces ? p->spaces[p->n_spaces - 1] : NULL, *copy;

	if (!sp)
		return new_space(p);
	if (sp->n_users == 1)
		return sp;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return NULL;
	copy->n_users = 1;
	vec_each (m, &sp->maps)
		vec_push(NULL, &copy->maps, *m);
	space_drop(sp);
	p->spaces[p->n_spaces - 1] = copy;
	return copy;
}

static size_t first_behind(const struct space *sp, uint64_t address)
{
	size_t lo = 0, hi = sp->maps.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (sp->maps.items[mid].end <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct mapping *find_mapping(struct space *sp, uint64_t address)
{
	size_t at = first_behind(sp, address);

	return at < sp->maps.n && sp->maps.items[at].start <= address ? &sp->maps.items[at] : NULL;
}

/* Put it in, over what was there. */
static struct mapping *add_mapping(struct space *sp, const struct mapping *m)
{
	size_t at = first_behind(sp, m->start), behind = at;
	struct mapping head = {0}, tail = {0}, pieces[3];
	size_t n = 0, n_old;

	while (behind < sp->maps.n && sp->maps.items[behind].start < m->end)
		behind++;
	n_old = behind - at;
	if (n_old && sp->maps.items[at].start < m->start) {
		head = sp->maps.items[at];
		head.end = m->start;
		pieces[n++] = head;
	}
	pieces[n++] = *m;
	if (n_old && sp->maps.items[behind - 1].end > m->end) {
		tail = sp->maps.items[behind - 1];
		tail.off_b += m->end - tail.start;
		tail.start = m->end;
		pieces[n++] = tail;
	}
	vec_reserve(NULL, &sp->maps, sp->maps.n + n);
	memmove(sp->maps.items + at + n, sp->maps.items + behind,
	        (sp->maps.n - behind) * sizeof(*sp->maps.items));
	memcpy(sp->maps.items + at, pieces, n * sizeof(*pieces));
	sp->maps.n += n - n_old;
	return &sp->maps.items[at + (head.end != 0)];
}

/* ---- what /proc says ------------------------------------------------------------------------ */

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

/* Fields 22 and 28 of /proc/PID/stat; false if there is no process, or only its remains. */
static bool read_identity(pid_t pid, uint64_t *ret_start_time, uint64_t *ret_stack_start)
{
	char path[40], text[1024], *p;
	unsigned long long start, stack = 0;
	own_fd int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	p = strrchr(text, ')'); /* the name may hold anything */
	if (!p || strlen(p) < 4 || p[2] == 'Z' || p[2] == 'X')
		return false;
	if (sscanf(p + 2,
	           "%*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
	           "%*s %*s %llu %*s %*s %*s %*s %*s %llu",
	           &start, &stack) < 1)
		return false;
	*ret_start_time = start;
	*ret_stack_start = stack;
	return true;
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

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static void look_at(struct process *p)
{
	char path[64];
	struct stat st;

	if (p->is_looked_at)
		return;
	snprintf(path, sizeof(path), "/proc/%d", (int)p->pid);
	if (stat(path, &st))
		return;
	p->is_looked_at = true;
	p->owner = st.st_uid;
	p->inner_pid = inner_pid(p->pid);
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)p->pid);
	if (is_same_file(path, "/proc/self/ns/mnt")) {
		snprintf(path, sizeof(path), "/proc/%d/root", (int)p->pid);
		if (is_same_file(path, "/"))
			return;
	}
	snprintf(path, sizeof(path), "/proc/%d/root", (int)p->pid);
	p->root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool read_maps(struct symbols *s, struct process *p)
{
	own_arena struct arena *a = arena_create();
	struct space *sp;
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)p->pid);
	if (file_read(a, path, &text, NULL) || !*text) /* a zombie's is empty */
		return false;
	sp = own_space(p);
	if (!sp)
		return false;
	vec_each (m, &sp->maps)
		m->is_old = true;
	for (char *line = text; *line;) {
		char *nl = strchrnul(line, '\n'), *next = *nl ? nl + 1 : nl;
		struct maps_line l;

		*nl = '\0';
		if (maps_parse_line(line, &l) && l.is_code) {
			struct mapping m = {.start = l.start,
			                    .end = l.end,
			                    .off_b = l.off_b,
			                    .path = intern(s, l.path),
			                    .major = l.major,
			                    .minor = l.minor,
			                    .inode = l.inode,
			                    .is_deleted = l.is_deleted};
			struct mapping *old = find_mapping(sp, l.start);

			if (old && old->start == m.start && old->end == m.end &&
			    old->inode == m.inode && old->off_b == m.off_b && old->path == m.path)
				old->is_old = false;
			else
				add_mapping(sp, &m);
		}
		line = next;
	}
	return true;
}

/* ---- processes ------------------------------------------------------------------------------ */

void process_free(struct process *p)
{
	for (unsigned i = 0; i < p->n_spaces; i++)
		space_drop(p->spaces[i]);
	jit_free(&p->jit);
	if (p->root_fd >= 0)
		close(p->root_fd);
	free(p);
}

static struct process **slot_of(const struct process_table *t, pid_t pid)
{
	size_t at = (uint32_t)pid * 0x9e3779b1u;

	for (;; at++) {
		struct process **slot = &t->slots[at & (t->n_slots - 1)];

		if (!*slot || (*slot)->pid == pid)
			return slot;
	}
}

static struct process *find_process(struct symbols *s, pid_t pid)
{
	return s->processes.n_slots ? *slot_of(&s->processes, pid) : NULL;
}

static void rebuild(struct process_table *t, bool drops_gone)
{
	struct process_table old = *t;

	if (old.n * 2 >= old.n_slots && !drops_gone)
		t->n_slots = old.n_slots ? old.n_slots * 2 : 64;
	t->slots = calloc(t->n_slots, sizeof(struct process *));
	if (!t->slots)
		abort();
	t->n = 0;
	for (size_t i = 0; i < old.n_slots; i++) {
		struct process *p = old.slots[i];

		if (!p)
			continue;
		if (drops_gone && p->is_gone) {
			process_free(p);
			continue;
		}
		*slot_of(t, p->pid) = p;
		t->n++;
	}
	free(old.slots);
}

/* Of whom nobody says when they end. */
static void find_the_gone(struct process_table *t)
{
	uint64_t start, stack;

	for (size_t i = 0; i < t->n_slots; i++)
		if (t->slots[i] && !read_identity(t->slots[i]->pid, &start, &stack))
			t->slots[i]->is_gone = true;
}

static struct process *need_process(struct symbols *s, pid_t pid)
{
	struct process_table *t = &s->processes;
	struct process *p = find_process(s, pid);

	if (p)
		return p;
	if (t->n >= MOST_PROCESSES && t->n >= t->most) {
		find_the_gone(t);
		rebuild(t, true);
		t->most = t->n + MOST_PROCESSES / 2; /* or each new one would look for the gone */
	}
	if (t->n * 2 >= t->n_slots)
		rebuild(t, false);
	p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->pid = p->inner_pid = pid;
	p->root_fd = -1;
	*slot_of(t, pid) = p;
	t->n++;
	return p;
}

void process_table_free(struct process_table *t)
{
	for (size_t i = 0; i < t->n_slots; i++)
		if (t->slots[i])
			process_free(t->slots[i]);
	free(t->slots);
}

/* Another process has got the number. What the old one had mapped stays, as its addresses may
 * still be asked for. */
static void begin_life(struct process *p)
{
	p->is_gone = p->is_looked_at = p->is_of_events = false;
	p->inner_pid = p->pid;
	jit_free(&p->jit);
	if (p->root_fd >= 0)
		close(p->root_fd);
	p->root_fd = -1;
	p->n_rereads = 0;
}

/* Look whether it is still what it was. Returns whether it lives. */
static bool refresh(struct symbols *s, struct process *p, uint64_t now)
{
	uint64_t start, stack;
	bool is_known = p->n_spaces && p->start_time;

	if (p->tick == now)
		return !p->is_gone;
	p->tick = now;
	if (!read_identity(p->pid, &start, &stack)) {
		p->is_gone = true;
		return false;
	}
	if (is_known && start == p->start_time && stack == p->stack_start)
		return true;
	if (is_known && start != p->start_time)
		begin_life(p);
	p->is_gone = false;
	look_at(p);
	/* What the kernel told of the life so far is right, and may be more than is left. */
	if (!(p->is_of_events && !p->start_time) && (is_known || !p->n_spaces))
		new_space(p);
	p->start_time = start;
	p->stack_start = stack;
	read_maps(s, p);
	return true;
}

/* ---- files behind a mapping ----------------------------------------------------------------- */

/* The same kernel maps the same vdso into all processes of one kind, ours included. */
static struct elf_file *vdso_file(struct symbols *s)
{
	own_arena struct arena *a = arena_create();
	uint64_t image = getauxval(AT_SYSINFO_EHDR);
	struct maps_line l;
	char *text;

	if (!image || file_read(a, "/proc/self/maps", &text, NULL))
		return NULL;
	for (char *line = text, *save = NULL; (line = strtok_r(line, "\n", &save)); line = NULL)
		if (maps_parse_line(line, &l) && l.start == image)
			return elf_file_from_memory(s, "[vdso]", (void *)(uintptr_t)image,
			                            l.end - l.start);
	return NULL;
}

/* Numbers of devices that are made up (overlayfs, btrfs) differ between maps and stat. */
static bool is_mapped_file(const struct mapping *m, const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_ino == m->inode &&
	       (!m->major || !major(st->st_dev) ||
	        (major(st->st_dev) == m->major && minor(st->st_dev) == m->minor));
}

/* `seen` is how its path looks from here. */
static struct elf_file *try_file(struct symbols *s, const struct mapping *m, const char *path,
                                 const char *seen, bool is_sure)
{
	struct stat st;
	int fd, unused;

	/* Nothing is opened that might notice. */
	if (stat(path, &st) || !S_ISREG(st.st_mode) || (!is_sure && !is_mapped_file(m, &st)))
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || (!is_sure && !is_mapped_file(m, &st))) {
		close(fd);
		return NULL;
	}
	return elf_file_from_fd(s, fd, seen, &unused);
}

static struct elf_file *open_mapped(struct symbols *s, const struct process *p,
                                    const struct mapping *m, bool is_current)
{
	enum { PATH_B = 4200 };
	struct elf_file *f = NULL;
	char seen[PATH_B], path[PATH_B];

	if (is_current && !p->is_gone) {
		snprintf(seen, PATH_B, "/proc/%d/root%s", (int)p->pid, m->path);
		snprintf(path, PATH_B, "/proc/%d/map_files/%llx-%llx", (int)p->pid,
		         (unsigned long long)m->start, (unsigned long long)m->end);
		f = try_file(s, m, path, p->root_fd >= 0 ? seen : m->path, true);
		snprintf(path, PATH_B, "/proc/%d/exe", (int)p->pid);
		if (!f && m->is_deleted)
			f = try_file(s, m, path, seen, false);
		if (!f)
			f = try_file(s, m, seen, seen, false);
	}
	if (!f && p->root_fd >= 0) {
		snprintf(seen, PATH_B, "/proc/self/fd/%d%s", p->root_fd, m->path);
		f = try_file(s, m, seen, seen, false);
	} else if (!f) {
		f = try_file(s, m, m->path, m->path, false);
	}
	return f;
}

static struct elf_file *mapped_file(struct symbols *s, struct process *p, struct mapping *m,
                                    bool is_current)
{
	char key[64];

	if (m->is_tried)
		return m->file;
	m->is_tried = true;
	if (!strcmp(m->path, "[vdso]")) {
		m->file = vdso_file(s);
		return m->file;
	}
	if (m->path[0] != '/')
		return NULL;
	snprintf(key, sizeof(key), "mapped %x:%x:%llx", m->major, m->minor,
	         (unsigned long long)m->inode);
	m->file = strmap_get(&s->files_by_inode, key);
	if (!m->file) {
		m->file = open_mapped(s, p, m, is_current);
		/* The number is the file's own as long as somebody holds it. */
		if (m->file && elf_file_is_held(m->file))
			strmap_put(&s->files_by_inode, arena_strdup(s->a, key), m->file);
	}
	return m->file;
}

static void open_files(struct symbols *s, struct process *p)
{
	struct space *sp = p->n_spaces ? p->spaces[p->n_spaces - 1] : NULL;
	uint64_t unused;

	if (!sp)
		return;
	vec_each (m, &sp->maps) {
		struct elf_file *f = mapped_file(s, p, m, true);

		if (f && s->is_eager)
			elf_file_to_address(f, 0, &unused); /* reads it */
	}
}

/* ---- code generated at run time ------------------------------------------------------------- */

static bool read_jit(struct process *p)
{
	char path[96];

	look_at(p);
	if (!p->is_looked_at)
		return false;
	if (p->root_fd >= 0)
		snprintf(path, sizeof(path), "/proc/self/fd/%d/tmp/perf-%d.map", p->root_fd,
		         (int)p->inner_pid);
	else
		snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)p->inner_pid);
	return jit_read(&p->jit, path, p->owner);
}

static bool find_jitted(struct symbols *s, struct process *p, uint64_t address, uint64_t now,
                        struct symbol *ret)
{
	const struct extent *found = extents_find_latest(&p->jit.places, address);

	if (p->jit_tick != now) {
		p->jit_tick = now;
		p->n_jit_reads = 0;
	}
	/* Other code may lie there by now: even a name that is known is looked up again. */
	if (p->n_jit_reads < (found ? 1 : MOST_JIT_READS)) {
		p->n_jit_reads++;
		if (read_jit(p))
			found = extents_find_latest(&p->jit.places, address);
	}
	if (!found)
		return false;
	ret->name = intern(s, found->name); /* the map may be read anew */
	ret->offset_b = address - found->start;
	return true;
}

/* ---- what others tell ----------------------------------------------------------------------- */

void symbols_remember_process(struct symbols *s, pid_t pid)
{
	struct process *p;

	if (s->policy == SYMBOLS_KEEP_NOTHING)
		return;
	p = need_process(s, pid);
	p->tick = 0;
	if (!refresh(s, p, tick_now()))
		return;
	read_maps(s, p);
	open_files(s, p);
	if (s->is_eager || p->jit.inode)
		read_jit(p);
}

void symbols_note_process(struct symbols *s, pid_t pid)
{
	uint64_t now = tick_now();
	struct process *p;

	if (s->policy == SYMBOLS_KEEP_NOTHING)
		return;
	p = find_process(s, pid);
	if (p && p->tick == now)
		return;
	p = need_process(s, pid);
	if (refresh(s, p, now))
		open_files(s, p);
}

void process_forked(struct symbols *s, pid_t parent, pid_t child)
{
	struct process *from = need_process(s, parent), *to = need_process(s, child);

	from = need_process(s, parent); /* the table may have been cleared of it */
	if (!from->n_spaces)
		refresh(s, from, tick_now());
	begin_life(to);
	to->start_time = to->stack_start = 0;
	to->is_of_events = true;
	if (!from->n_spaces)
		return;
	from->spaces[from->n_spaces - 1]->n_users++;
	add_space(to, from->spaces[from->n_spaces - 1]);
}

void process_executed(struct symbols *s, pid_t pid)
{
	struct process *p = need_process(s, pid);

	begin_life(p);
	p->start_time = p->stack_start = 0;
	p->is_of_events = true;
	new_space(p);
}

void process_mapped(struct symbols *s, pid_t pid, const struct maps_line *l)
{
	struct process *p = need_process(s, pid);
	struct mapping m = {.start = l->start,
	                    .end = l->end,
	                    .off_b = l->off_b,
	                    .path = intern(s, l->path),
	                    .major = l->major,
	                    .minor = l->minor,
	                    .inode = l->inode,
	                    .is_deleted = l->is_deleted};
	struct space *sp;

	if (!p->n_spaces && !p->is_of_events)
		refresh(s, p, tick_now()); /* one from before: what it has is in /proc */
	sp = own_space(p);
	if (sp)
		mapped_file(s, p, add_mapping(sp, &m), true);
}

/* ---- the question --------------------------------------------------------------------------- */

/* Its mapping, of the latest space that has one there. */
static struct mapping *find_in_spaces(struct process *p, uint64_t address, bool *ret_is_current)
{
	for (unsigned i = p->n_spaces; i; i--) {
		struct mapping *m = find_mapping(p->spaces[i - 1], address);

		if (m) {
			*ret_is_current = i == p->n_spaces;
			return m;
		}
	}
	return NULL;
}

/* The maps once more, if that may help: they change all the time, but a process with addresses that
 * lie nowhere must not make us read them all the time. */
static bool reread(struct symbols *s, struct process *p, uint64_t now)
{
	uint64_t wait = p->n_rereads < MOST_REREADS ? 0 : SELDOM;

	if (p->is_gone || now < p->reread_tick + wait)
		return false;
	p->reread_tick = now;
	p->n_rereads++;
	return read_maps(s, p);
}

static bool resolve(struct symbols *s, pid_t pid, uint64_t address, uint64_t now,
                    struct symbol *ret)
{
	struct process *p = need_process(s, pid);
	bool is_current = true;
	struct mapping *m = find_in_spaces(p, address, &is_current);
	struct elf_symbol found;
	struct elf_file *file;
	uint64_t linked;

	if (!m && s->mappings) {
		symbols_read_mappings(s);
		p = need_process(s, pid); /* it may have been forgotten meanwhile */
		m = find_in_spaces(p, address, &is_current);
	}
	if ((!m || m->is_old) && reread(s, p, now)) {
		m = find_in_spaces(p, address, &is_current);
		if (m)
			p->n_rereads = 0;
	}
	if (!m)
		return false;
	ret->file_off_b = address - m->start + m->off_b;
	if (m->path[0])
		ret->module = m->path;
	file = mapped_file(s, p, m, is_current);
	if (file && elf_file_to_address(file, ret->file_off_b, &linked)) {
		ret->file = file;
		ret->linked = linked;
	}
	if (ret->file && elf_file_at(file, linked, &found)) {
		ret->name = symbols_shown_name(s, found.name);
		ret->offset_b = linked - found.address;
		return true;
	}
	return !file && (!m->path[0] || m->path[0] == '/') && find_jitted(s, p, address, now, ret);
}

static void forget_process(struct process *p)
{
	while (p->n_spaces)
		space_drop(p->spaces[--p->n_spaces]);
	begin_life(p);
	p->start_time = p->stack_start = 0;
}

bool symbols_user(struct symbols *s, pid_t pid, uint64_t address, struct symbol *ret)
{
	uint64_t now = tick_now();
	struct process *p = find_process(s, pid);
	bool is_alive;

	*ret = (struct symbol){0};
	if (!p || p->tick != now)
		symbols_read_mappings(s);
	p = need_process(s, pid);
	if (s->policy == SYMBOLS_KEEP_NOTHING && p->tick != now)
		forget_process(p);
	is_alive = refresh(s, p, now);
	if (resolve(s, pid, address, now, ret))
		return true;
	/* Nothing is known of it: it may have been one more of the same program. */
	return !is_alive && s->policy == SYMBOLS_BY_PROGRAM && s->program &&
	       !need_process(s, pid)->n_spaces && resolve(s, s->program, address, now, ret);
}
