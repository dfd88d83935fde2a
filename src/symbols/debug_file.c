/* Separate debug files: the one finder behind symbols, types and lines.
 *
 * Input: a program's ELF file. Output: the ELF file with its symbols or its DWARF. A candidate is
 * believed if its build id is the program's; where one of the two has none, if its CRC is what
 * .gnu_debuglink says. Of a program in a container, its own /usr/lib/debug is searched first. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gelf.h>
#include <zlib.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "symbols/debug_file.h"
#include "symbols/symbols_priv.h"

const char *const debug_file_default_dirs = ":.debug:/usr/lib/debug";

enum { BUILD_ID_CAP = 130 }; /* hex digits and a NUL */

void symbols_set_debuginfo(struct symbols *s, const char *dirs)
{
	s->debug_dirs = dirs ? arena_strdup(s->a, dirs) : NULL;
}

/* ---- what a file says about itself -------------------------------------------------------- */

static bool note_build_id(Elf_Data *data, char *ret_hex, size_t cap)
{
	size_t off = 0, name_off, desc_off;
	GElf_Nhdr nh;

	while ((off = gelf_getnote(data, off, &nh, &name_off, &desc_off))) {
		const unsigned char *desc = (unsigned char *)data->d_buf + desc_off;

		if (nh.n_type != NT_GNU_BUILD_ID || nh.n_namesz != 4 ||
		    memcmp((char *)data->d_buf + name_off, "GNU", 4) || nh.n_descsz * 2 + 1 > cap ||
		    nh.n_descsz < 3)
			continue;
		for (size_t i = 0; i < nh.n_descsz; i++) {
			ret_hex[2 * i] = "0123456789abcdef"[desc[i] >> 4];
			ret_hex[2 * i + 1] = "0123456789abcdef"[desc[i] & 15];
		}
		ret_hex[2 * nh.n_descsz] = '\0';
		return true;
	}
	return false;
}

bool debug_file_build_id(Elf *elf, char *ret_hex, size_t cap)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf_Data *data;
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_NOTE)
			continue;
		data = elf_getdata(scn, NULL);
		if (data && note_build_id(data, ret_hex, cap))
			return true;
	}
	return false;
}

static Elf_Scn *find_section(Elf *elf, const char *name)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;
		const char *its;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type == SHT_NOBITS || !sh.sh_size)
			continue;
		its = elf_strptr(elf, names, sh.sh_name);
		if (its && !strcmp(its, name))
			return scn;
	}
	return NULL;
}

bool debug_file_has_section(Elf *elf, const char *name)
{
	return find_section(elf, name) != NULL;
}

static bool has_needed(Elf *elf, enum debug_need need)
{
	return need == DEBUG_SYMTAB ? debug_file_has_section(elf, ".symtab")
	                            : debug_file_has_section(elf, ".debug_info") ||
	                                  debug_file_has_section(elf, ".zdebug_info");
}

/* A name, NUL, and what is behind: in .gnu_debuglink padding and a CRC, in .gnu_debugaltlink a
 * build id. NULL: no such section, or it is damaged. */
static const char *read_link(Elf *elf, const char *section, const unsigned char **ret_rest,
                             size_t *ret_rest_b)
{
	Elf_Scn *scn = find_section(elf, section);
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
	const char *name = data ? data->d_buf : NULL, *nul;

	nul = name ? memchr(name, '\0', data->d_size) : NULL;
	if (!nul || nul == name)
		return NULL;
	*ret_rest = (const unsigned char *)nul + 1;
	*ret_rest_b = data->d_size - (size_t)(nul + 1 - name);
	return name;
}

/* ---- candidates ---------------------------------------------------------------------------- */

/* What is looked for, and for whom. */
struct search {
	struct symbols *s;
	Elf *program;
	enum debug_need need;
	char build_id[BUILD_ID_CAP]; /* "": none */
	bool has_crc, always_crc;
	uint32_t crc;
	struct stat own; /* of the program's file: a link may lead back to it */
};

static bool is_crc_right(const struct search *q, int fd)
{
	unsigned char buf[65536];
	uLong crc = crc32(0, NULL, 0);
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return false;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		crc = crc32(crc, buf, (uInt)n);
	return !n && crc == q->crc;
}

static bool is_same_build(const struct search *q, Elf *elf, int fd)
{
	char hex[BUILD_ID_CAP];
	bool has_id = debug_file_build_id(elf, hex, sizeof(hex));

	if (has_id && q->build_id[0] && strcmp(hex, q->build_id) != 0)
		return false;
	if (!q->has_crc)
		return has_id && q->build_id[0];
	return (has_id && q->build_id[0] && !q->always_crc) || is_crc_right(q, fd);
}

static struct debug_file *try_path(const struct search *q, const char *path)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct debug_file *f;
	struct stat st;
	Elf *elf;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    (st.st_dev == q->own.st_dev && st.st_ino == q->own.st_ino))
		return NULL;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !has_needed(elf, q->need) ||
	    !is_same_build(q, elf, fd) || !(f = calloc(1, sizeof(*f)))) {
		elf_end(elf);
		return NULL;
	}
	f->elf = elf;
	f->path = strdup(path);
	return f;
}

static struct debug_file *try_format(const struct search *q, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static struct debug_file *try_format(const struct search *q, const char *fmt, ...)
{
	own_strbuf struct strbuf path = {0};
	va_list ap;

	va_start(ap, fmt);
	sb_vaddf(&path, fmt, ap);
	va_end(ap);
	return try_path(q, sb_str(&path));
}

/* A path apart: /proc/PID/root, where the program is in another mount namespace ("" else); the
 * directory as the program's world has it; the file's name. */
struct place {
	char root[64];
	char dir[4096];
};

static bool split_path(const char *path, struct place *ret)
{
	const char *rest = path, *slash;
	int pid, n = 0;

	ret->root[0] = '\0';
	if (sscanf(path, "/proc/%d/root%n", &pid, &n) == 1 && n && path[n] == '/') {
		memcpy(ret->root, path, (size_t)n);
		ret->root[n] = '\0';
		rest = path + n;
	}
	slash = strrchr(rest, '/');
	if (!slash || (size_t)(slash - rest) >= sizeof(ret->dir))
		return false;
	memcpy(ret->dir, rest, (size_t)(slash - rest));
	ret->dir[slash - rest] = '\0';
	return true;
}

/* One DIR of the list, for the program in `at`: below its own root, then below ours. */
static struct debug_file *try_dir(const struct search *q, const char *dir, size_t n,
                                  const struct place *at, const char *link)
{
	struct debug_file *f = NULL;

	for (int pass = at->root[0] ? 0 : 1; pass < 2 && !f; pass++) {
		const char *root = pass ? "" : at->root;

		if (n && dir[0] == '/') {
			if (q->build_id[0])
				f = try_format(q, "%s%.*s/.build-id/%.2s/%s.debug", root, (int)n,
				               dir, q->build_id, q->build_id + 2);
			if (!f && link)
				f = try_format(q, "%s%.*s%s/%s", root, (int)n, dir, at->dir, link);
			if (!f && link)
				f = try_format(q, "%s%.*s/%s", root, (int)n, dir, link);
		} else if (link && !pass == !!at->root[0]) {
			f = try_format(q, "%s%s%s%.*s/%s", root, at->dir, n ? "/" : "", (int)n, dir,
			               link);
		}
	}
	return f;
}

static struct debug_file *search_dirs(struct search *q, const char *path, const char *link)
{
	const char *dirs = q->s->debug_dirs ? q->s->debug_dirs : debug_file_default_dirs;
	char *real = realpath(path, NULL);
	struct place as_named, as_real;
	bool has_named = split_path(path, &as_named);
	/* Of a path through /proc the kernel's answer has lost the root it goes through. */
	bool has_real = real && strncmp(path, "/proc/", 6) != 0 && split_path(real, &as_real) &&
	                strcmp(real, path) != 0;
	struct debug_file *f = NULL;

	free(real);
	if (*dirs == '+') {
		q->always_crc = true;
		dirs++;
	}
	for (;;) {
		size_t n = strcspn(dirs, ":");

		if (has_named)
			f = try_dir(q, dirs, n, &as_named, link);
		if (!f && has_real)
			f = try_dir(q, dirs, n, &as_real, link);
		if (f || !dirs[n])
			return f;
		dirs += n + 1;
	}
}

struct debug_file *debug_file_find(struct symbols *s, Elf *elf, const char *path,
                                   enum debug_need need)
{
	struct search q = {.s = s, .program = elf, .need = need};
	const unsigned char *rest;
	size_t rest_b = 0;
	const char *link = read_link(elf, ".gnu_debuglink", &rest, &rest_b);

	if (!debug_file_build_id(elf, q.build_id, sizeof(q.build_id)))
		q.build_id[0] = '\0';
	if (link && rest_b >= 4) { /* the CRC is the last of it, aligned to 4 */
		memcpy(&q.crc, rest + rest_b - 4, 4);
		q.has_crc = true;
	} else {
		link = NULL;
	}
	if (!link && !q.build_id[0])
		return NULL;
	if (stat(path, &q.own))
		memset(&q.own, 0, sizeof(q.own));
	return search_dirs(&q, path, link);
}

const char *debug_file_alt_name(Elf *elf)
{
	const unsigned char *id;
	size_t id_b;

	return read_link(elf, ".gnu_debugaltlink", &id, &id_b);
}

struct debug_file *debug_file_find_alt(struct symbols *s, Elf *elf, const char *path)
{
	struct search q = {.s = s, .program = elf, .need = DEBUG_DWARF};
	const unsigned char *id;
	size_t id_b = 0;
	const char *link = read_link(elf, ".gnu_debugaltlink", &id, &id_b);
	struct debug_file *f = NULL;
	struct place at;

	if (!link || id_b < 3 || 2 * id_b >= sizeof(q.build_id))
		return NULL;
	for (size_t i = 0; i < id_b; i++)
		snprintf(q.build_id + 2 * i, 3, "%02x", id[i]);
	if (split_path(path, &at)) {
		if (*link != '/')
			f = try_format(&q, "%s%s/%s", at.root, at.dir, link);
		else
			f = try_format(&q, "%s%s", at.root, link);
		if (!f && at.root[0] && *link == '/')
			f = try_path(&q, link);
	}
	return f ? f : search_dirs(&q, path, NULL);
}

void debug_file_close(struct debug_file *f)
{
	if (!f)
		return;
	elf_end(f->elf);
	free(f->path);
	free(f->memory);
	free(f);
}
