/* ELF files: one table of functions per file, by address and by name.
 *
 * Input: a path, or an image in memory. Output: symbols of .symtab and .dynsym, of the separate
 * debug file if the file has no .symtab, and the entries of its procedure linkage table. A file is
 * known by device, inode, size and time, so that a library mapped by a hundred processes is read
 * once, on the first question; its descriptor is held, so that no other file can take the inode's
 * number while answers are given. Nothing stays mapped: a file that is truncated under us costs
 * answers, not our life. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gelf.h>
#include <libelf.h>

#include "base/file.h"
#include "symbols/debug_file.h"
#include "symbols/dwarf_priv.h"

enum { MOST_HELD = 512 }; /* descriptors; 1024 is what a process usually may have */

struct segment {
	uint64_t off_b, address, file_b, mem_b;
	bool is_code;
};

struct entry {
	struct elf_symbol sym;
	uint64_t
	    end; /* where the place ends: of one without a size, at the next or its section's */
	bool is_func;
	unsigned char bind;
};

struct elf_file {
	struct symbols *owner;
	const char *path; /* as it was found, for its debug file */
	int err;          /* why it can't be read; the rest is empty then */
	int fd;           /* -1: not held */
	uint64_t begin_b; /* in the archive that it is a member of; 0 */
	Elf *image;       /* in memory, until it is read */
	bool is_read;
	Elf *elf;          /* open for notes (usdt.c) */
	vec(char *) texts; /* names point into them; malloc'ed */
	vec(struct segment) segments;
	vec(struct entry) entries;        /* functions and objects, by address */
	struct extents places;            /* of functions */
	vec(struct elf_symbol) functions; /* by name, each once; made on the first question */
	bool has_functions;
	struct usdt_list usdt;
	struct dwarf_file *dwarf;
	bool has_dwarf; /* asked for */
};

/* ---- reading ----------------------------------------------------------------------------- */

static void read_segments(struct elf_file *f, Elf *elf)
{
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		vec_push(NULL, &f->segments,
		         ((struct segment){f->begin_b + ph.p_offset, ph.p_vaddr, ph.p_filesz,
		                           ph.p_memsz, ph.p_flags & PF_X}));
	}
}

static bool to_address(const struct elf_file *f, uint64_t off_b, uint64_t *ret_address)
{
	/* Segments can share a page of the file: code first, that is what runs. */
	for (int pass = 0; pass < 2; pass++)
		vec_each (s, &f->segments)
			if (s->is_code == !pass && off_b >= s->off_b &&
			    off_b - s->off_b < s->file_b) {
				*ret_address = off_b - s->off_b + s->address;
				return true;
			}
	return false;
}

static bool to_offset(const struct elf_file *f, uint64_t address, bool is_code, uint64_t *ret_off_b)
{
	vec_each (s, &f->segments)
		if (address >= s->address && address - s->address < s->file_b &&
		    (s->is_code || !is_code)) {
			*ret_off_b = address - s->address + s->off_b;
			return true;
		}
	return false;
}

/* The end of the section that a symbol lies in; of the next byte if it has none. */
static uint64_t section_end(Elf *elf, uint16_t index, uint64_t address)
{
	Elf_Scn *scn = index < SHN_LORESERVE ? elf_getscn(elf, index) : NULL;
	GElf_Shdr sh;

	if (!scn || !gelf_getshdr(scn, &sh) || address < sh.sh_addr ||
	    address - sh.sh_addr >= sh.sh_size)
		return address + 1;
	return sh.sh_addr + sh.sh_size;
}

/* A copy of a section that begins and ends with a NUL; owned by `f`. */
static const char *keep_text(struct elf_file *f, Elf *elf, size_t section, size_t *ret_len_b)
{
	Elf_Scn *scn = elf_getscn(elf, section);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	char *text;

	if (!data || !data->d_buf || !data->d_size)
		return NULL;
	text = malloc(data->d_size + 1);
	if (!text)
		return NULL;
	memcpy(text, data->d_buf, data->d_size);
	text[data->d_size] = '\0';
	vec_push(NULL, &f->texts, text);
	*ret_len_b = data->d_size;
	return text;
}

static void read_symbols(struct elf_file *f, Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t n = data && sh->sh_entsize ? data->d_size / sh->sh_entsize : 0, text_b = 0;
	const char *text = n ? keep_text(f, elf, sh->sh_link, &text_b) : NULL;

	for (size_t i = 1; text && i < n; i++) {
		struct entry e = {0};
		const char *name;
		GElf_Sym sym;
		int kind;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		kind = GELF_ST_TYPE(sym.st_info);
		e.is_func = kind == STT_FUNC || kind == STT_GNU_IFUNC;
		if ((!e.is_func && kind != STT_OBJECT && kind != STT_NOTYPE) ||
		    sym.st_shndx == SHN_UNDEF || sym.st_shndx == SHN_ABS || !sym.st_value ||
		    sym.st_name >= text_b)
			continue;
		name = text + sym.st_name;
		/* Mapping symbols of arm ($x, $d) name no place. */
		if (!*name || *name == '$' || (kind == STT_NOTYPE && !sym.st_size))
			continue;
		e.bind = GELF_ST_BIND(sym.st_info);
		e.sym.name = name;
		e.sym.address = sym.st_value;
		e.sym.size_b = sym.st_size;
		if (__builtin_add_overflow(sym.st_value, sym.st_size, &e.end))
			continue;
		if (e.is_func && !sym.st_size)
			e.end = section_end(elf, sym.st_shndx, sym.st_value);
		to_offset(f, sym.st_value, false, &e.sym.file_off_b);
		vec_push(NULL, &f->entries, e);
	}
}

static bool read_tables(struct elf_file *f, Elf *elf)
{
	Elf_Scn *scn = NULL;
	bool has_symtab = false;

	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh) ||
		    (sh.sh_type != SHT_SYMTAB && sh.sh_type != SHT_DYNSYM))
			continue;
		has_symtab |= sh.sh_type == SHT_SYMTAB;
		read_symbols(f, elf, scn, &sh);
	}
	return has_symtab;
}

/* Which of several names of one place is shown: functions before objects, plain names before those
 * with underscores (read, not __read), global before local, the shorter, the alphabet. */
static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t nx, ny;

	if (x->sym.address != y->sym.address)
		return x->sym.address < y->sym.address ? -1 : 1;
	if (x->is_func != y->is_func)
		return x->is_func ? -1 : 1;
	if ((x->sym.name[0] == '_') != (y->sym.name[0] == '_'))
		return x->sym.name[0] == '_' ? 1 : -1;
	if ((x->bind == STB_LOCAL) != (y->bind == STB_LOCAL))
		return x->bind == STB_LOCAL ? 1 : -1;
	nx = strlen(x->sym.name);
	ny = strlen(y->sym.name);
	if (nx != ny)
		return nx < ny ? -1 : 1;
	return strcmp(x->sym.name, y->sym.name);
}

static void add_plt(void *arg, uint64_t address, uint64_t size_b, const char *name)
{
	struct elf_file *f = arg;
	char *text;

	if (asprintf(&text, "%s@plt", name) < 0)
		return;
	vec_push(NULL, &f->texts, text);
	extents_add(&f->places, address, address + size_b, text);
}

static void make_extents(struct elf_file *f)
{
	size_t n = f->entries.n;

	if (n)
		qsort(f->entries.items, n, sizeof(*f->entries.items), by_address);
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &f->entries.items[i];
		uint64_t end = e->end;

		if (!e->is_func)
			continue;
		for (; i + 1 < n && f->entries.items[i + 1].sym.address == e->sym.address; i++) {
			const struct entry *same = &f->entries.items[i + 1];

			/* a name without a size says nothing of the end */
			if (same->is_func && same->sym.size_b &&
			    (!e->sym.size_b || same->end > end))
				end = same->end;
		}
		/* Hand-written assembly often has no size: it lasts until the next symbol. */
		if (end == e->end && !e->sym.size_b && i + 1 < n &&
		    f->entries.items[i + 1].sym.address < end)
			end = f->entries.items[i + 1].sym.address;
		extents_add(&f->places, e->sym.address, end, e->sym.name);
	}
}

/* An ELF file behind a descriptor, which stays the caller's; NULL if it is none. */
static Elf *begin_elf(int fd)
{
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		return elf;
	elf_end(elf);
	return NULL;
}

static void read_elf(struct elf_file *f, Elf *elf)
{
	read_segments(f, elf);
	if (!read_tables(f, elf) && f->path) { /* they were stripped off into a file of their own */
		struct debug_file *debug = debug_file_find(f->owner, elf, f->path, DEBUG_SYMTAB);

		if (debug)
			read_tables(f, debug->elf);
		debug_file_close(debug);
	}
	make_extents(f);
	plt_read(elf, add_plt, f);
	extents_finish(&f->places);
}

static struct elf_file *need_tables(struct elf_file *f)
{
	Elf *elf;

	if (f->is_read)
		return f;
	f->is_read = true;
	elf = f->image ? TAKE(f->image) : f->fd >= 0 ? begin_elf(f->fd) : NULL;
	if (!elf) {
		f->err = -ENOEXEC;
		return f;
	}
	read_elf(f, elf);
	elf_end(elf);
	return f;
}

struct elf_file *elf_file_from_fd(struct symbols *s, int fd, const char *path, int *ret_err)
{
	struct elf_file *f;
	struct stat st;
	char key[100];

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		*ret_err = -ENOEXEC;
		close(fd);
		return NULL;
	}
	snprintf(key, sizeof(key), "%llx:%llx:%lld:%lld.%09ld", (unsigned long long)st.st_dev,
	         (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
	         st.st_mtim.tv_nsec);
	f = strmap_get(&s->files, key);
	if (f) {
		close(fd);
	} else {
		f = arena_new(s->a, struct elf_file);
		f->owner = s;
		f->path = arena_strdup(s->a, path);
		f->fd = fd;
		strmap_put(&s->files, arena_strdup(s->a, key), f);
		if (s->n_held == MOST_HELD) {
			need_tables(f);
			close(fd);
			f->fd = -1;
		} else {
			s->n_held++;
		}
	}
	if (f->err) {
		*ret_err = f->err;
		return NULL;
	}
	return f;
}

bool elf_file_is_held(const struct elf_file *f)
{
	return f->fd >= 0;
}

struct elf_file *elf_file_get(struct symbols *s, const char *path, int *ret_err)
{
	struct elf_file *f = strmap_get(&s->paths, path);
	int err = 0, fd;

	if (!f) {
		uint64_t begin_b = 0;

		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			err = -errno;
		if (fd < 0 && symbols_archive_part(path))
			err = fd = archive_open_member(path, &begin_b);
		if (fd >= 0) {
			err = 0;
			f = elf_file_from_fd(s, fd, path, &err);
		}
		if (f)
			f->begin_b = begin_b;
		/* A path through /proc may name another file tomorrow. */
		if (f && strncmp(path, "/proc/", 6))
			strmap_put(&s->paths, arena_strdup(s->a, path), f);
	}
	if (f && need_tables(f)->err)
		err = f->err;
	if (!err)
		return f;
	if (ret_err)
		*ret_err = err;
	return NULL;
}

struct elf_file *elf_file_from_memory(struct symbols *s, const char *key, void *image, size_t len_b)
{
	struct elf_file *f = strmap_get(&s->files, key);
	Elf *elf;

	if (f)
		return f;
	elf_version(EV_CURRENT);
	elf = elf_memory(image, len_b);
	if (!elf)
		return NULL;
	f = arena_new(s->a, struct elf_file);
	f->fd = -1;
	f->image = elf;
	strmap_put(&s->files, arena_strdup(s->a, key), f);
	return f;
}

void elf_file_free(struct elf_file *f)
{
	elf_end(f->image);
	elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
	vec_each (text, &f->texts)
		free(*text);
	vec_free(&f->texts);
	dwarf_file_free(f->dwarf);
	vec_free(&f->segments);
	vec_free(&f->entries);
	extents_free(&f->places);
	vec_free(&f->functions);
}

/* ---- questions --------------------------------------------------------------------------- */

bool elf_file_to_address(struct elf_file *f, uint64_t off_b, uint64_t *ret_address)
{
	return to_address(need_tables(f), off_b, ret_address);
}

bool elf_file_to_offset(const struct elf_file *f, uint64_t address, bool is_code,
                        uint64_t *ret_off_b)
{
	return to_offset(f, address, is_code, ret_off_b);
}

struct usdt_list *elf_file_usdt(struct elf_file *f)
{
	return &f->usdt;
}

struct dwarf_file *elf_file_dwarf(struct elf_file *f)
{
	if (!f->has_dwarf) {
		f->has_dwarf = true;
		if (f->path)
			f->dwarf = dwarf_file_open(f->owner, f->fd, f->path);
	}
	return f->dwarf;
}

Elf *elf_file_elf(struct elf_file *f)
{
	if (!f->elf && f->fd >= 0)
		f->elf = begin_elf(f->fd);
	return f->elf;
}

bool elf_file_at(struct elf_file *f, uint64_t address, struct elf_symbol *ret)
{
	const struct extent *p = extents_find(&need_tables(f)->places, address);

	if (!p)
		return false;
	*ret =
	    (struct elf_symbol){.name = p->name, .address = p->start, .size_b = p->end - p->start};
	to_offset(f, ret->address, false, &ret->file_off_b);
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct elf_symbol *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->address < y->address ? -1 : x->address > y->address;
}

static void need_functions(struct elf_file *f)
{
	size_t n = 0;

	if (f->has_functions)
		return;
	f->has_functions = true;
	vec_each (e, &f->entries)
		if (e->is_func)
			vec_push(NULL, &f->functions, e->sym);
	if (!f->functions.n)
		return;
	qsort(f->functions.items, f->functions.n, sizeof(*f->functions.items), by_name);
	for (size_t i = 0; i < f->functions.n; i++)
		if (!n || strcmp(f->functions.items[n - 1].name, f->functions.items[i].name))
			f->functions.items[n++] = f->functions.items[i];
	f->functions.n = n;
}

int symbols_elf_functions(struct symbols *s, const char *path, const struct elf_symbol **ret,
                          size_t *ret_n)
{
	int err = -ENOENT;
	struct elf_file *f = elf_file_get(s, path, &err);

	if (!f)
		return err;
	need_functions(f);
	*ret = f->functions.items;
	*ret_n = f->functions.n;
	return 0;
}

bool symbols_elf_find(struct symbols *s, const char *path, const char *name, struct elf_symbol *ret)
{
	struct elf_file *f = elf_file_get(s, path, NULL);
	const struct elf_symbol *found = NULL;

	if (!f)
		return false;
	need_functions(f);
	for (size_t lo = 0, hi = f->functions.n; lo < hi && !found;) {
		size_t mid = lo + (hi - lo) / 2;
		int order = strcmp(name, f->functions.items[mid].name);

		if (!order)
			found = &f->functions.items[mid];
		else if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	if (!found)
		vec_each (e, &f->entries)
			if (!strcmp(e->sym.name, name)) {
				found = &e->sym;
				break;
			}
	if (!found)
		return false;
	*ret = *found;
	return true;
}

bool symbols_elf_at(struct symbols *s, const char *path, uint64_t address, struct elf_symbol *ret)
{
	struct elf_file *f = elf_file_get(s, path, NULL);

	return f && elf_file_at(f, address, ret);
}

bool symbols_elf_to_offset(struct symbols *s, const char *path, uint64_t address,
                           uint64_t *ret_off_b)
{
	struct elf_file *f = elf_file_get(s, path, NULL);

	return f && to_offset(f, address, false, ret_off_b);
}
