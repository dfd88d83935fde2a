/* ELF files: one table of functions per file, by address and by name.
 *
 * Input: a path. Output: symbols of .symtab and .dynsym, and of the separate debug file if the
 * build id leads to one. A file is known by device and inode, so that a library mapped by a hundred
 * processes is read once. Names stay in the mapped file (ELF specification, "Symbol Table"). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gelf.h>
#include <libelf.h>

#include "base/file.h"
#include "symbols/debug_file.h"
#include "symbols/symbols_priv.h"

struct segment {
	uint64_t off_b, address, file_b, mem_b;
	bool is_code;
};

struct entry {
	struct elf_symbol sym;
	bool is_func;
	unsigned char bind;
};

struct elf_file {
	int err;         /* why it can't be read; the rest is empty then */
	vec(Elf *) open; /* itself; names point into it */
	struct debug_file *debug; /* and into this one */
	vec(struct segment) segments;
	vec(struct entry) entries;        /* functions and objects, by address */
	vec(struct elf_symbol) functions; /* by name, each once; made on the first question */
	bool has_functions;
	struct usdt_list usdt;
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
		         ((struct segment){ph.p_offset, ph.p_vaddr, ph.p_filesz, ph.p_memsz,
		                           ph.p_flags & PF_X}));
	}
}

bool elf_file_to_address(const struct elf_file *f, uint64_t off_b, uint64_t *ret_address)
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

bool elf_file_to_offset(const struct elf_file *f, uint64_t address, bool is_code,
                        uint64_t *ret_off_b)
{
	vec_each (s, &f->segments)
		if (address >= s->address && address - s->address < s->file_b &&
		    (s->is_code || !is_code)) {
			*ret_off_b = address - s->address + s->off_b;
			return true;
		}
	return false;
}

static bool to_offset(const struct elf_file *f, uint64_t address, uint64_t *ret_off_b)
{
	return elf_file_to_offset(f, address, false, ret_off_b);
}

struct usdt_list *elf_file_usdt(struct elf_file *f)
{
	return &f->usdt;
}

Elf *elf_file_elf(struct elf_file *f)
{
	return f->open.items[0];
}

static void read_symbols(struct elf_file *f, Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t n = data && sh->sh_entsize ? data->d_size / sh->sh_entsize : 0;

	for (size_t i = 1; i < n; i++) {
		struct entry e = {0};
		const char *name;
		GElf_Sym sym;
		int kind;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		kind = GELF_ST_TYPE(sym.st_info);
		e.is_func = kind == STT_FUNC || kind == STT_GNU_IFUNC;
		if ((!e.is_func && kind != STT_OBJECT && kind != STT_NOTYPE) ||
		    sym.st_shndx == SHN_UNDEF || sym.st_shndx == SHN_ABS || !sym.st_value)
			continue;
		name = elf_strptr(elf, sh->sh_link, sym.st_name);
		/* Mapping symbols of arm ($x, $d) name no place. */
		if (!name || !*name || *name == '$' || (kind == STT_NOTYPE && !sym.st_size))
			continue;
		e.bind = GELF_ST_BIND(sym.st_info);
		e.sym.name = name;
		e.sym.address = sym.st_value;
		e.sym.size_b = sym.st_size;
		to_offset(f, sym.st_value, &e.sym.file_off_b);
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

/* Open and keep; the descriptor isn't needed once the file is mapped. */
static Elf *open_elf(struct elf_file *f, const char *path, int *ret_err)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	Elf *elf;

	if (fd < 0) {
		*ret_err = -errno;
		return NULL;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		*ret_err = -ENOEXEC;
		return NULL;
	}
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		*ret_err = -ENOEXEC;
		return NULL;
	}
	vec_push(NULL, &f->open, elf);
	return elf;
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

static void finish(struct elf_file *f)
{
	if (f->entries.n)
		qsort(f->entries.items, f->entries.n, sizeof(*f->entries.items), by_address);
}

static void read_file(struct symbols *s, struct elf_file *f, const char *path)
{
	Elf *elf = open_elf(f, path, &f->err);

	if (!elf)
		return;
	read_segments(f, elf);
	if (!read_tables(f, elf)) {
		f->debug = debug_file_find(s, elf, path, DEBUG_SYMTAB);
		if (f->debug)
			read_tables(f, f->debug->elf);
	}
	finish(f);
}

struct elf_file *elf_file_get(struct symbols *s, const char *path, int *ret_err)
{
	struct elf_file *f = strmap_get(&s->paths, path);
	struct stat st;
	char *key;

	if (!f) {
		if (stat(path, &st)) {
			if (ret_err)
				*ret_err = -errno;
			return NULL;
		}
		key = arena_printf(s->a, "%llx:%llx:%lld:%lld", (unsigned long long)st.st_dev,
		                   (unsigned long long)st.st_ino, (long long)st.st_size,
		                   (long long)st.st_mtime);
		f = strmap_get(&s->files, key);
		if (!f) {
			f = arena_new(s->a, struct elf_file);
			read_file(s, f, path);
			strmap_put(&s->files, key, f);
		}
		/* A path through /proc may name another file tomorrow. */
		if (strncmp(path, "/proc/", 6))
			strmap_put(&s->paths, arena_strdup(s->a, path), f);
	}
	if (f->err) {
		if (ret_err)
			*ret_err = f->err;
		return NULL;
	}
	return f;
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
	vec_push(NULL, &f->open, elf);
	read_segments(f, elf);
	read_tables(f, elf);
	finish(f);
	strmap_put(&s->files, arena_strdup(s->a, key), f);
	return f;
}

void elf_file_free(struct elf_file *f)
{
	vec_each (elf, &f->open)
		elf_end(*elf);
	vec_free(&f->open);
	debug_file_close(f->debug);
	vec_free(&f->segments);
	vec_free(&f->entries);
	vec_free(&f->functions);
}

/* ---- questions --------------------------------------------------------------------------- */

bool elf_file_at(const struct elf_file *f, uint64_t address, struct elf_symbol *ret)
{
	size_t lo = 0, hi = f->entries.n;
	const struct entry *items = f->entries.items;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (items[mid].sym.address <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* Step back over what ends before the address: a short function may lie inside of a long
	 * one. Not far, as tables are mostly flat. */
	for (unsigned steps = 0; lo && steps < 64; steps++) {
		const struct entry *e = &items[--lo];

		while (lo && items[lo - 1].sym.address == e->sym.address)
			e = &items[--lo];
		/* Hand-written assembly often has no size: it lasts until the next symbol. */
		if (e->is_func &&
		    (address - e->sym.address < e->sym.size_b || (!e->sym.size_b && !steps))) {
			*ret = e->sym;
			return true;
		}
	}
	return false;
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

	return f && to_offset(f, address, ret_off_b);
}
