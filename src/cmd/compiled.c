/* The file: skep's executable, then the packed script, then a trailer that says how long it is. */
#include "cmd/compiled.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "image/pack.h"
#include "types/types.h"

static const char magic[8] = "skepimg1";
enum { MOST_B = 1 << 28 };

struct trailer {
	uint64_t len_b, checksum;
	char magic[8];
};

static uint64_t fnv1a(const void *bytes, size_t len_b)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < len_b; i++)
		h = (h ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3ull;
	return h;
}

const char *compiled_machine(struct arena *a, const struct script_target *t)
{
	struct utsname u = {0};

	uname(&u);
	if (t->is_user_engine)
		return arena_strdup(a, u.machine);
	return arena_printf(
	    a, "%s %s, %s, %u CPUs%s", u.release, u.version, u.machine, t->n_cpus,
	    t->pidns_ino ? arena_printf(a, ", pid namespace %llu", (unsigned long long)t->pidns_ino)
	                 : "");
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void pack_config(struct packer *p, struct script_config *c)
{
#define CONFIG_INT(name, dflt, doc) pack_value(p, &c->name);
#define CONFIG_BOOL(name, dflt, doc) pack_value(p, &c->name);
#define CONFIG_STRING(name, dflt, doc) pack_text(p, &c->name);
#define CONFIG_ENUM(name, dflt, values, doc) pack_value(p, &c->name);
#include "script/config.def"
#undef CONFIG_INT
#undef CONFIG_BOOL
#undef CONFIG_STRING
#undef CONFIG_ENUM
}

static void pack_sources(struct packer *p, struct diag *d)
{
	uint32_t n = p->out ? diag_sources(d) : 0;

	pack_count(p, &n, 8);
	for (uint32_t i = 0; i < n; i++) {
		const char *name = p->out ? diag_source_name(d, i) : NULL;
		const char *text = p->out ? diag_source_text(d, i) : NULL;
		uint32_t hidden = 0, n_hidden = 0;

		pack_text(p, &name);
		pack_text(p, &text);
		if (p->out)
			diag_hidden_lines(d, i, &hidden, &n_hidden);
		pack_value(p, &hidden);
		pack_value(p, &n_hidden);
		if (p->out)
			continue;
		diag_add_source(d, name ? name : "", text ? text : "", text ? strlen(text) : 0);
		diag_hide_lines(d, i, hidden, n_hidden);
	}
}

static void pack(struct packer *p, struct compiled *c)
{
	pack_text(p, &c->machine);
	pack_value(p, &c->is_user_engine);
	pack_value(p, &c->has_options);
	pack_config(p, &c->config);
	pack_sources(p, c->diag);
	pack_image(p, &c->img);
	p->is_bad |= !c->machine;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int copy_self(int to)
{
	own_fd int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char buf[65536];
	ssize_t n;
	int err = from < 0 ? -errno : 0;

	while (!err && (n = read(from, buf, sizeof(buf))) != 0)
		err = n < 0 ? -errno : fd_write(to, buf, (size_t)n);
	return err;
}

int compiled_write(struct arena *a, struct compiled *c, const char *path)
{
	own_strbuf struct strbuf bytes = {0};
	struct packer p = {.a = a, .out = &bytes};
	struct trailer end = {0};
	own_fd int fd = -1;
	bool is_file; /* or nothing: devices and pipes are written to */
	struct stat st;
	int err;

	pack(&p, c);
	memcpy(end.magic, magic, sizeof(magic));
	end.len_b = bytes.n;
	end.checksum = fnv1a(bytes.s, bytes.n);
	is_file = lstat(path, &st) || S_ISREG(st.st_mode) || S_ISLNK(st.st_mode);
	if (is_file)
		unlink(path); /* it may be running */
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0777);
	if (fd < 0)
		return -errno;
	err = copy_self(fd);
	if (!err)
		err = fd_write(fd, bytes.s, bytes.n);
	if (!err)
		err = fd_write(fd, &end, sizeof(end));
	if (err && is_file)
		unlink(path);
	return err;
}

struct compiled *compiled_read(struct arena *a, const char *path, struct diag *diag,
                               bool *ret_is_damaged)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct compiled *c;
	struct trailer end;
	struct packer p = {.a = a};
	struct stat st;
	char *bytes;

	*ret_is_damaged = false;
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(end) ||
	    pread(fd, &end, sizeof(end), st.st_size - (off_t)sizeof(end)) != sizeof(end) ||
	    memcmp(end.magic, magic, sizeof(magic)) != 0)
		return NULL;
	*ret_is_damaged = true;
	if (end.len_b > MOST_B || (off_t)(end.len_b + sizeof(end)) > st.st_size)
		return NULL;
	bytes = arena_alloc(a, end.len_b + 1);
	if (pread(fd, bytes, end.len_b, st.st_size - (off_t)(sizeof(end) + end.len_b)) !=
	        (ssize_t)end.len_b ||
	    fnv1a(bytes, end.len_b) != end.checksum)
		return NULL;
	c = arena_new(a, struct compiled);
	c->diag = diag;
	p.in = (const unsigned char *)bytes;
	p.left_b = end.len_b;
	pack(&p, c);
	*ret_is_damaged = p.is_bad || p.left_b;
	return *ret_is_damaged ? NULL : c;
}

/* ---- at the start ---------------------------------------------------------------------------- */

bool compiled_resolve(struct compiled *c, struct types *types, const char **ret_missing)
{
	vec_each (p, &c->img.programs) {
		const struct image_attach *at = p->attaches.items;
		bool is_found;

		if (!p->attach_btf_obj_id || !p->attaches.n)
			continue;
		is_found = at->kind == ATTACH_BTF_RAW_TRACEPOINT
		               ? types_find_raw_tracepoint_in(types, at->func, at->category,
		                                              &p->attach_btf_id,
		                                              &p->attach_btf_obj_id, NULL) != NULL
		               : types_find_func(types, at->func, at->category, &p->attach_btf_id,
		                                 &p->attach_btf_obj_id, NULL) != NULL;
		if (!is_found) {
			*ret_missing = at->name ? at->name : p->name;
			return false;
		}
	}
	return true;
}

static const char *list_options(struct arena *a, const struct image *img)
{
	own_strbuf struct strbuf out = {0};

	sb_adds(&out, img->options.n ? "expected program options:\n"
	                             : "no custom program options defined.\n");
	vec_each (o, &img->options)
		sb_addf(&out, "--%s%s%s\n", o->name, o->description ? ": " : "",
		        o->description ? o->description : "");
	return arena_strdup(a, sb_str(&out));
}

static const char *expected_options(struct arena *a, const struct image *img)
{
	own_strbuf struct strbuf out = {0};

	if (!img->options.n)
		return "no custom program options defined.";
	sb_adds(&out, "expected program options");
	vec_each (o, &img->options)
		sb_addf(&out, ": --%s", o->name);
	return arena_strdup(a, sb_str(&out));
}

/* The value into its place. Returns what is wrong with it, or NULL. */
static const char *set_option(struct arena *a, const struct image_option *o, const char *value,
                              char *place)
{
	uint64_t number;

	if (o->kind == TYPE_STRING) {
		if (!value)
			return arena_printf(a, "program command line option --%s requires a value",
			                    o->name);
		memset(place, 0, o->size_b);
		memcpy(place, value, strnlen(value, o->size_b - 1));
		return NULL;
	}
	if (!script_read_option(a, o->kind, o->is_signed, value, &number))
		return arena_printf(a, "program command line option --%s invalid %s (value: %s)",
		                    o->name, o->kind == TYPE_BOOL ? "boolean" : "integer",
		                    value ? value : "");
	memcpy(place, &number, o->size_b);
	return NULL;
}

bool compiled_set_options(struct arena *a, struct compiled *c, const char *const *given, size_t n,
                          const char **ret_text, const char **ret_hint)
{
	struct image_map *m = NULL;
	char *bytes;

	*ret_text = *ret_hint = NULL;
	vec_each (map, &c->img.maps)
		if (map->role == MAP_RODATA)
			m = map;
	bytes = m && m->init ? arena_memdup(a, m->init, m->value_size_b) : NULL;
	for (size_t i = 0; i < n && !*ret_text; i++) {
		size_t len_b = strcspn(given[i], "=");
		const char *value = given[i][len_b] ? given[i] + len_b + 1 : NULL;
		const struct image_option *found = NULL;

		vec_each (o, &c->img.options)
			if (strlen(o->name) == len_b - 2 &&
			    !strncmp(given[i] + 2, o->name, len_b - 2))
				found = o;
		if (found && bytes && found->size_b && found->off_b <= m->value_size_b &&
		    found->size_b <= m->value_size_b - found->off_b &&
		    (found->kind == TYPE_STRING || found->size_b <= 8)) {
			*ret_text = set_option(a, found, value, bytes + found->off_b);
		} else if (!strcmp(given[i], "--help")) {
			*ret_text = list_options(a, &c->img);
		} else {
			*ret_text = arena_printf(a, "unexpected program command line options: %.*s",
			                         (int)len_b, given[i]);
			*ret_hint = expected_options(a, &c->img);
		}
	}
	if (bytes)
		m->init = bytes;
	return !*ret_text;
}
