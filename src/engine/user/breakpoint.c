/* Breakpoints in files, for user probes.
 *
 * What is wanted is a *point*: a file and an offset. A process that maps the file's code gets a
 * *place* there: the breakpoint instruction, written over the first bytes in its own copy of the
 * page. Places belong to address spaces, which tasks share or, forking, copy: a child has its
 * parent's breakpoints in its memory. New mappings are noticed where they come from, at exec and
 * at the return of mmap and mprotect with PROT_EXEC, which the filter stops at.
 *
 * A breakpoint is never lifted while the process runs, so no thread passes it unseen: its
 * instruction is emulated, or runs as a copy in a page that we have mapped into the process.
 *
 * Returns are seen by a place at the return address, together with a list of the calls of that
 * thread that have not returned (its *shadow*): the stack pointer says whose return it is. The
 * stack itself is left alone, so exceptions, longjmp and stack walks find what they expect; calls
 * that were left that way are forgotten when a later one lies where they were (the kernel's return
 * probes do the same). */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "engine/user/inside.h"
#include "engine/user/step.h"

#ifdef __x86_64__
#define ARCH_ELF EM_X86_64
#else
#define ARCH_ELF EM_AARCH64
#endif

enum { SCRATCH_B = 4096, SHADOW_MAX = 4096 };

/* One probe at a point. */
struct listener {
	uint32_t id;
	unsigned flags;
};

struct point {
	dev_t dev;
	ino_t ino;
	char *path;
	uint64_t offset;
	uint64_t semaphore; /* file offset, or 0 */
	uint8_t bytes[STEP_SLOT_B];
	struct step step;
	bool wants_return;
	vec(struct listener) listeners;
};

struct breakpoints {
	vec(struct point) points;
	uint32_t n_ids;
	bool has_semaphores;
};

/* A breakpoint in memory. */
struct place {
	uint64_t address;
	uint32_t point;             /* UINT32_MAX: only a return address */
	uint8_t bytes[STEP_SLOT_B]; /* the program's own */
	struct step step;
	uint64_t slot;      /* the copy of its instruction, or 0 */
	uint64_t semaphore; /* counted up there, or 0 */
	uint32_t kept;      /* the keeper's slot */
};

struct space {
	unsigned refs;
	vec(struct place) places; /* by address */
	uint64_t syscall_ip, scratch, scratch_end;
	bool has_no_scratch; /* it could not be mapped */
};

struct stepping {
	uint64_t address, slot, saved;
	struct step step;
};

/* A call that has not returned. */
struct call {
	uint64_t entry, return_address, sp;
	uint32_t point;
};

struct shadow {
	vec(struct call) calls;
};

/* Hits that were told before a signal came, whose handler runs now and may have hits of its own. */
struct told {
	uint64_t address, sp;
};

struct passed {
	vec(struct told) hits;
};

/* ---- points --------------------------------------------------------------------------------- */

/* Executable bytes of the file from `offset` on. In an archive whoever asks has found the library
 * that is there. */
static int read_code(int fd, uint64_t offset, uint8_t bytes[STEP_SLOT_B], size_t *ret_n)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header))
		return -ENOEXEC;
	if (!memcmp(header.e_ident, "PK\3\4", 4)) {
		ssize_t n = pread(fd, bytes, STEP_SLOT_B, (off_t)offset);

		*ret_n = n > 0 ? (size_t)n : 0;
		return n > 0 ? 0 : -EIO;
	}
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_machine != ARCH_ELF || header.e_phentsize != sizeof(segment))
		return -ENOEXEC;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		off_t at = (off_t)(header.e_phoff + i * sizeof(segment));
		uint64_t left;
		ssize_t n;

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			return -ENOEXEC;
		if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X) ||
		    offset < segment.p_offset || offset - segment.p_offset >= segment.p_filesz)
			continue;
		left = segment.p_filesz - (offset - segment.p_offset);
		n = pread(fd, bytes, left < STEP_SLOT_B ? left : STEP_SLOT_B, (off_t)offset);
		*ret_n = n > 0 ? (size_t)n : 0;
		return n > 0 ? 0 : -EIO;
	}
	return -ERANGE;
}

static int make_point(struct point *p, const char *path, uint64_t offset, struct tracer_error *e)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t n = 0;
	int err;

	if (fd < 0 || fstat(fd, &st))
		return tracer_refuse(e, -errno, NULL, "%s: %s", path, strerror(errno));
	err = read_code(fd, offset, p->bytes, &n);
	if (err == -ERANGE)
		return tracer_refuse(e, err, "an offset into the file, of an instruction",
		                     "%s has no code at offset %#" PRIx64, path, offset);
	if (err)
		return tracer_refuse(e, err, NULL, "%s is no ELF file for this processor", path);
	err = step_plan(p->bytes, n, &p->step);
	if (err)
		return tracer_refuse(e, err, NULL,
		                     err == -EILSEQ
		                         ? "%s: no instruction is known at offset %#" PRIx64
		                         : "%s: the instruction at offset %#" PRIx64
		                           " cannot be probed without the kernel",
		                     path, offset);
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	p->offset = offset;
	p->path = realpath(path, NULL);
	return p->path ? 0 : tracer_refuse(e, -errno, NULL, "%s: %s", path, strerror(errno));
}

int tracer_add_breakpoint(struct tracer *t, const char *path, uint64_t offset, unsigned flags,
                          uint64_t semaphore, uint32_t *ret_id, struct tracer_error *ret_error)
{
	struct point new = {0}, *p = NULL;
	int err = make_point(&new, path, offset, ret_error);

	if (err)
		return err;
	if (!t->points)
		t->points = calloc(1, sizeof(*t->points));
	if (!t->points)
		return tracer_refuse(ret_error, -ENOMEM, NULL, "out of memory");
	vec_each (it, &t->points->points)
		if (it->dev == new.dev && it->ino == new.ino && it->offset == offset)
			p = it;
	if (p) {
		free(new.path);
	} else {
		vec_push(NULL, &t->points->points, new);
		p = &vec_last(&t->points->points);
	}
	if (semaphore)
		p->semaphore = semaphore;
	p->wants_return |= flags & TRACER_AT_RETURN;
	t->points->has_semaphores |= semaphore != 0;
	vec_push(NULL, &p->listeners, ((struct listener){t->points->n_ids, flags}));
	*ret_id = t->points->n_ids++;
	return 0;
}

void points_free(struct tracer *t)
{
	if (!t->points)
		return;
	vec_each (p, &t->points->points) {
		free(p->path);
		vec_free(&p->listeners);
	}
	vec_free(&t->points->points);
	free(TAKE(t->points));
}

bool points_need_all_maps(const struct tracer *t)
{
	return t->points && t->points->has_semaphores;
}

/* ---- places --------------------------------------------------------------------------------- */

/* Index of the first place at or above `address`. */
static size_t lower_bound(const struct space *s, uint64_t address)
{
	size_t low = 0, high = s->places.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->places.items[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct place *find_place(const struct space *s, uint64_t address)
{
	size_t i = s ? lower_bound(s, address) : 0;

	return s && i < s->places.n && s->places.items[i].address == address ? &s->places.items[i]
	                                                                     : NULL;
}

static struct place *insert_place(struct space *s, const struct place *new)
{
	size_t i = lower_bound(s, new->address);

	vec_reserve(NULL, &s->places, s->places.n + 1);
	memmove(&s->places.items[i + 1], &s->places.items[i],
	        (s->places.n - i) * sizeof(*s->places.items));
	s->places.items[i] = *new;
	s->places.n++;
	return &s->places.items[i];
}

static bool has_break(pid_t tid, uint64_t address)
{
	uint8_t now[ARCH_BREAK_B];

	return !memory_read(tid, address, now, sizeof(now)) &&
	       !memcmp(now, arch_break, sizeof(now));
}

static void count_semaphore(pid_t tid, uint64_t address, int by)
{
	uint16_t value;

	if (memory_read(tid, address, &value, sizeof(value)))
		return;
	value = (uint16_t)(value + by);
	memory_write(tid, address, &value, sizeof(value));
}

static uint32_t keep(struct tracer_task *k, const struct place *p)
{
	return k->t->keeper ? keeper_add_break(k->t->keeper, k->tid, p->address, p->bytes)
	                    : KEEPER_NONE;
}

static void unkeep(struct tracer_task *k, const struct place *p)
{
	if (k->t->keeper)
		keeper_remove_break(k->t->keeper, p->kept);
}

/* Write the breakpoint. The keeper knows of it before. */
static bool write_break(struct tracer_task *k, struct place *p)
{
	p->kept = keep(k, p);
	if (!memory_write(k->tid, p->address, arch_break, ARCH_BREAK_B))
		return true;
	unkeep(k, p);
	return false;
}

/* Put a point's breakpoint at `address`, unless it is there. */
static void place_point(struct tracer_task *k, uint32_t number, uint64_t address)
{
	const struct point *p = &k->t->points->points.items[number];
	struct space *s = k->space;
	struct place *old = find_place(s, address), new = {.address = address, .point = number};
	uint8_t now[STEP_SLOT_B];

	if (old && has_break(k->tid, address)) {
		if (old->point == UINT32_MAX)
			old->point = number;
		return;
	}
	/* Mapped anew, or for the first time. What is there has to be what the file has: a program
	 * may have changed its code. */
	if (memory_read(k->tid, address, now, p->step.insn_b) ||
	    memcmp(now, p->bytes, p->step.insn_b))
		return;
	memcpy(new.bytes, p->bytes, sizeof(new.bytes));
	new.step = p->step;
	if (!write_break(k, &new))
		return;
	if (old) {
		unkeep(k, old);
		new.slot = old->slot;
		*old = new;
	} else {
		insert_place(s, &new);
	}
}

/* A place where a call will return to. */
static struct place *place_return(struct tracer_task *k, uint64_t address)
{
	struct place *there = find_place(k->space, address),
	             new = {.address = address, .point = UINT32_MAX};
	size_t n = sizeof(new.bytes);

	if (there)
		return there;
	while (n && memory_read(k->tid, address, new.bytes, n))
		n = n > 1 ? n / 2 : 0;
	if (!n)
		return NULL;
	points_hide(k, address, new.bytes, n);
	if (step_plan(new.bytes, n, &new.step) || !write_break(k, &new))
		return NULL;
	return insert_place(k->space, &new);
}

void points_hide(const struct tracer_task *k, uint64_t address, void *buf, size_t size_b)
{
	const struct space *s = k->space;

	if (!s)
		return;
	for (size_t i = lower_bound(s, address >= ARCH_BREAK_B ? address - ARCH_BREAK_B + 1 : 0);
	     i < s->places.n && s->places.items[i].address < address + size_b; i++)
		for (size_t b = 0; b < ARCH_BREAK_B; b++) {
			uint64_t at = s->places.items[i].address + b;

			if (at >= address && at - address < size_b)
				((uint8_t *)buf)[at - address] = s->places.items[i].bytes[b];
		}
}

/* ---- mappings ------------------------------------------------------------------------------- */

struct mapping {
	uint64_t start, end, offset, ino;
	unsigned major, minor;
	char rights[5];
	int path_at; /* in the line */
};

static bool is_of(const struct point *p, const struct mapping *m, const char *path)
{
	/* Some file systems (btrfs, overlays) show a device here that stat(2) does not. */
	return m->ino == p->ino &&
	       (makedev(m->major, m->minor) == p->dev || !strcmp(path, p->path));
}

static void visit_mapping(struct tracer_task *k, const struct mapping *m, const char *path)
{
	struct breakpoints *b = k->t->points;

	for (uint32_t i = 0; i < b->points.n; i++) {
		const struct point *p = &b->points.items[i];

		if (!is_of(p, m, path))
			continue;
		if (m->rights[2] == 'x' && p->offset >= m->offset &&
		    p->offset - m->offset < m->end - m->start)
			place_point(k, i, m->start + (p->offset - m->offset));
	}
}

/* Semaphores lie in the file's data, which may be mapped after the code. One is counted up for each
 * place of its point, wherever the nearest data mapping behind the place has it. */
static void visit_semaphores(struct tracer_task *k, const struct mapping *m, const char *path)
{
	const struct breakpoints *b = k->t->points;

	vec_each (place, &k->space->places) {
		const struct point *p =
		    place->point == UINT32_MAX ? NULL : &b->points.items[place->point];

		if (!p || !p->semaphore || place->semaphore || m->rights[1] != 'w' ||
		    !is_of(p, m, path) || m->start < place->address || p->semaphore < m->offset ||
		    p->semaphore - m->offset >= m->end - m->start)
			continue;
		place->semaphore = m->start + (p->semaphore - m->offset);
		count_semaphore(k->tid, place->semaphore, 1);
	}
}

static void each_mapping(struct tracer_task *k,
                         void (*visit)(struct tracer_task *, const struct mapping *, const char *))
{
	char path[40], *line = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", k->tid);
	f = fopen(path, "re");
	while (f && getline(&line, &cap, f) > 0) {
		struct mapping m = {0};

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		           &m.start, &m.end, m.rights, &m.offset, &m.major, &m.minor, &m.ino,
		           &m.path_at) < 7 ||
		    !m.ino)
			continue;
		line[strcspn(line, "\n")] = 0;
		visit(k, &m, line + m.path_at);
	}
	free(line);
	if (f)
		fclose(f);
}

/* Bring the places up to what is mapped now. */
static void rescan(struct tracer_task *k)
{
	struct space *s = k->space;
	size_t n = 0;

	/* Gone with their mapping: whatever comes there is no longer ours. */
	for (size_t i = 0; i < s->places.n; i++)
		if (has_break(k->tid, s->places.items[i].address))
			s->places.items[n++] = s->places.items[i];
		else
			unkeep(k, &s->places.items[i]);
	s->places.n = n;
	each_mapping(k, visit_mapping);
	if (k->t->points->has_semaphores)
		each_mapping(k, visit_semaphores);
}

/* ---- address spaces ------------------------------------------------------------------------- */

static void space_release(struct tracer_task *k)
{
	struct space *s = TAKE(k->space);

	if (!s || --s->refs)
		return;
	vec_each (place, &s->places)
		unkeep(k, place);
	vec_free(&s->places);
	free(s);
}

static struct space *space_new(void)
{
	struct space *s = calloc(1, sizeof(*s));

	if (s)
		s->refs = 1;
	return s;
}

static void shadow_free(struct tracer_task *k)
{
	if (k->shadow)
		vec_free(&k->shadow->calls);
	free(TAKE(k->shadow));
	free(TAKE(k->stepping));
	if (k->passed)
		vec_free(&k->passed->hits);
	free(TAKE(k->passed));
}

void points_task_made(struct tracer_task *k, struct tracer_task *child, bool shares_memory,
                      bool shares_stack)
{
	if (!k->t->points || !k->space)
		return;
	space_release(child);
	if (shares_memory) {
		child->space = k->space;
		k->space->refs++;
	} else {
		child->space = space_new();
		if (!child->space)
			return;
		*child->space = *k->space;
		child->space->refs = 1;
		memset(&child->space->places, 0, sizeof(child->space->places));
		vec_each (place, &k->space->places)
			vec_push(NULL, &child->space->places, *place);
	}
	/* A forked child returns from the same calls, in its copy of the stack; one made by vfork
	 * does so in the stack itself. */
	if (k->shadow && (!shares_memory || shares_stack)) {
		child->shadow = calloc(1, sizeof(*child->shadow));
		vec_each (call, &k->shadow->calls)
			vec_push(NULL, &child->shadow->calls, *call);
	}
}

void points_task_seized(struct tracer_task *k)
{
	struct tracer *t = k->t;

	if (!t->points)
		return;
	for (size_t i = 0; i < TASK_BUCKETS; i++)
		for (struct tracer_task *other = t->tasks[i]; other; other = other->next)
			if (other->tgid == k->tgid && other->space && !k->space) {
				k->space = other->space;
				k->space->refs++;
			}
	if (!k->space) {
		k->space = space_new();
		if (k->space)
			rescan(k);
	}
}

void points_task_ends(struct tracer_task *k)
{
	shadow_free(k);
	space_release(k);
}

void points_exec(struct tracer_task *k)
{
	if (!k->t->points)
		return;
	points_task_ends(k);
	k->space = space_new();
	if (k->space)
		rescan(k);
}

bool points_follow_call(const struct tracer_task *k, int nr, const uint64_t args[6])
{
	if (!k->t->points || !k->space || (nr != SYS_mmap && nr != SYS_mprotect))
		return false;
	return args[2] & PROT_EXEC ||
	       (k->t->points->has_semaphores && nr == SYS_mmap && !(args[3] & MAP_ANONYMOUS));
}

void points_call_exits(struct tracer_task *k, int nr)
{
	if (!k->t->points || !k->space || (nr != SYS_mmap && nr != SYS_mprotect))
		return;
	rescan(k);
	if (k->t->opts.events.mapped)
		k->t->opts.events.mapped(k->t->opts.arg, k);
}

/* ---- hits ----------------------------------------------------------------------------------- */

static void tell(struct tracer_task *k, const struct point *p, unsigned flag)
{
	struct tracer *t = k->t;

	if (!t->opts.events.breakpoint)
		return;
	for (size_t i = 0; i < p->listeners.n; i++)
		if (p->listeners.items[i].flags & flag) {
			t->n_calls++;
			t->opts.events.breakpoint(t->opts.arg, k, p->listeners.items[i].id,
			                          flag == TRACER_AT_RETURN);
		}
}

/* A probed function begins: remember where it returns to. */
static void note_call(struct tracer_task *k, uint32_t point, uint64_t entry)
{
	struct call call = {.entry = entry, .point = point};
	struct shadow *sh;
	size_t n = 0;

	if (arch_return_address(k->tid, &k->regs, &call.return_address, &call.sp) ||
	    !place_return(k, call.return_address))
		return;
	if (!k->shadow)
		k->shadow = calloc(1, sizeof(*k->shadow));
	sh = k->shadow;
	if (!sh)
		return;
	/* What lay deeper, or is this very frame of this function, was left without a return. */
	for (size_t i = 0; i < sh->calls.n; i++)
		if (sh->calls.items[i].sp > call.sp ||
		    (sh->calls.items[i].sp == call.sp && sh->calls.items[i].point != point))
			sh->calls.items[n++] = sh->calls.items[i];
	sh->calls.n = n;
	if (n < SHADOW_MAX)
		vec_push(NULL, &sh->calls, call);
}

/* At `address`: which calls have returned? Tail calls return together, the innermost first. */
static void tell_returns(struct tracer_task *k, uint64_t address)
{
	struct shadow *sh = k->shadow;
	uint64_t sp = arch_sp(&k->regs);
	bool has_returned = false;

	for (size_t i = sh ? sh->calls.n : 0; i-- > 0;) {
		struct call call = sh->calls.items[i];

		if (call.return_address != address || call.sp != sp ||
		    !(has_returned |= arch_has_returned(k->tid, &k->regs, address)))
			continue;
		memmove(&sh->calls.items[i], &sh->calls.items[i + 1],
		        (sh->calls.n - i - 1) * sizeof(*sh->calls.items));
		sh->calls.n--;
		k->returning = call.entry;
		tell(k, &k->t->points->points.items[call.point], TRACER_AT_RETURN);
		k->returning = 0;
	}
}

/* Room for the copy of an instruction, in a page of ours in the task's memory. */
static uint64_t slot_new(struct tracer_task *k)
{
	struct space *s = k->space;

	if (s->scratch + STEP_SLOT_B > s->scratch_end && !s->has_no_scratch) {
		const uint64_t args[6] = {
		    0,          SCRATCH_B, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		    UINT64_MAX, 0};
		int64_t page = -ENOSYS;

		if (!s->syscall_ip)
			s->syscall_ip = inject_find_syscall(k);
		if (s->syscall_ip)
			page = inject_syscall(k, s->syscall_ip, SYS_mmap, args);
		s->has_no_scratch = page < 0 && page > -4096;
		s->scratch = s->has_no_scratch ? 0 : (uint64_t)page;
		s->scratch_end = s->has_no_scratch ? 0 : s->scratch + SCRATCH_B;
	}
	if (s->has_no_scratch)
		return 0;
	s->scratch += STEP_SLOT_B;
	return s->scratch - STEP_SLOT_B;
}

/* Let the task do the place's instruction and go on. */
static void step_over(struct tracer_task *k, uint64_t address)
{
	struct place *place = find_place(k->space, address);
	struct arch_regs *r = task_regs_change(k);

	arch_set_ip(r, address);
	if (step_emulate(&place->step, k->tid, r, address)) {
		task_resume(k, 0);
		return;
	}
	if (!place->slot) {
		uint64_t slot = slot_new(k);

		if (slot && !memory_write(k->tid, slot, place->step.code, STEP_SLOT_B))
			place->slot = slot;
	}
	if (place->slot)
		k->stepping = calloc(1, sizeof(*k->stepping));
	if (!k->stepping) {
		/* Without a page for the copy the program comes first: this place is given up. */
		memory_write(k->tid, address, place->bytes, ARCH_BREAK_B);
		task_resume(k, 0);
		return;
	}
	*k->stepping =
	    (struct stepping){.address = address, .slot = place->slot, .step = place->step};
	step_begin(&place->step, r, address, place->slot, &k->stepping->saved);
	task_resume(k, 0);
}

/* Is this hit one that has been told, here again because a signal came before the instruction could
 * run? What lies deeper in the stack will not come again. */
static bool take_told(struct tracer_task *k, uint64_t address, uint64_t sp)
{
	struct passed *p = k->passed;
	bool is_told = false;
	size_t n = 0;

	if (!p)
		return false;
	vec_each (h, &p->hits) {
		if (h->address == address && h->sp == sp)
			is_told = true;
		else if (h->sp >= sp)
			p->hits.items[n++] = *h;
	}
	p->hits.n = n;
	return is_told;
}

static void keep_told(struct tracer_task *k, uint64_t address, uint64_t sp)
{
	if (!k->passed)
		k->passed = calloc(1, sizeof(*k->passed));
	if (k->passed)
		vec_push(NULL, &k->passed->hits, ((struct told){address, sp}));
}

static void hit(struct tracer_task *k, uint64_t address)
{
	const struct place *place = find_place(k->space, address);
	uint32_t number = place->point;
	struct arch_regs *r = task_regs_change(k);
	bool is_told = take_told(k, address, arch_sp(r));

	arch_set_ip(r, address);
	if (!is_told) {
		tell_returns(k, address);
		if (number != UINT32_MAX) {
			const struct point *p = &k->t->points->points.items[number];

			tell(k, p, TRACER_AT_ENTRY);
			if (p->wants_return)
				note_call(k, number, address);
		}
	}
	step_over(k, address);
}

/* The step's own trap, or something else that came instead. */
static void end_step(struct tracer_task *k, bool is_trap)
{
	struct stepping st = *k->stepping;
	struct arch_regs *r = task_regs_change(k);
	bool is_done = is_trap && r && arch_ip(r) != st.slot;

	free(TAKE(k->stepping));
	if (!r)
		return;
	step_end(&st.step, k->tid, r, st.address, st.slot, st.saved, is_done);
	if (!is_done)
		keep_told(k, st.address, arch_sp(r));
}

bool points_trap(struct tracer_task *k, int sig, const siginfo_t *info)
{
	/* from the kernel: kill(2) and its kin make codes up to 0 */
	bool is_trap = sig == SIGTRAP && info->si_code > 0;
	uint64_t address;

	if (!k->t->points || !k->space)
		return false;
	if (k->stepping) {
		end_step(k, is_trap);
		if (is_trap)
			task_resume(k, 0);
		return is_trap;
	}
	if (!is_trap || !task_regs(k))
		return false;
	address = arch_break_address(&k->regs);
	if (find_place(k->space, address)) {
		hit(k, address);
		return true;
	}
	/* Taken off between the hit and now. The program may have breakpoints of its own. */
	if ((info->si_code == SI_KERNEL || info->si_code == TRAP_BRKPT) &&
	    !has_break(k->tid, address)) {
		arch_set_ip(task_regs_change(k), address);
		task_resume(k, 0);
		return true;
	}
	return false;
}

/* ---- taking off ----------------------------------------------------------------------------- */

bool points_is_trapped(struct tracer_task *k)
{
	uint64_t address;

	if (!k->space || !task_regs(k))
		return false;
	address = arch_break_address(&k->regs);
	return find_place(k->space, address) != NULL;
}

void points_task_leaves(struct tracer_task *k, bool is_trap)
{
	if (!k->space || !task_regs(k))
		return;
	if (k->stepping)
		end_step(k, is_trap);
	else if (is_trap && points_is_trapped(k))
		arch_set_ip(task_regs_change(k), arch_break_address(&k->regs));
}

void points_remove(struct tracer *t)
{
	for (size_t i = 0; i < TASK_BUCKETS && t->points; i++)
		for (struct tracer_task *k = t->tasks[i]; k; k = k->next) {
			if (!k->space)
				continue;
			vec_each (place, &k->space->places) {
				if (has_break(k->tid, place->address))
					memory_write(k->tid, place->address, place->bytes,
					             ARCH_BREAK_B);
				if (place->semaphore)
					count_semaphore(k->tid, place->semaphore, -1);
				place->semaphore = 0;
			}
		}
}
