/* Debug information on any bytes: functions and lines by address, types by name, where arguments
 * are, addresses of lines.
 *
 * corpus: *.dwarf
 * mutate: in place */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "probe/uprobe_args.h"
#include "symbols/dwarf.h"
#include "symbols/symbols.h"
#include "types/dwarf.h"

/* Everything that can be reached from a type without asking for more; its end is what is tested. */
static void look_through(const struct type *t, unsigned depth)
{
	uint32_t off_b;

	if (depth > 128)
		return;
	FUZZ_CHECK(type_strip(t)->kind != TYPE_TYPEDEF);
	if (t->kind == TYPE_STRUCT || t->kind == TYPE_UNION)
		type_find_field(t, "no such name", &off_b);
	if (t->elem)
		look_through(t->elem, depth + 1);
}

static void ask_address(struct probe_context *cx, const char *path, uint64_t address)
{
	struct probe_target target = {
	    .kind = PROBE_UPROBE, .path = path, .name = "f", .func = "f", .sym_address = address};
	struct dwarf_file *file = symbols_dwarf(cx->symbols, path);
	source_frames frames = {0};
	const struct type *args;
	struct arg_place place;

	dwarf_file_frames(file, address, &frames);
	vec_each (f, &frames)
		if (f->file)
			FUZZ_CHECK(strlen(f->file) < 1 << 20);
	vec_free(&frames);
	args = uprobe_args_type(cx, &target);
	for (uint32_t i = 0; args && i < args->n_fields && i < 64; i++) {
		look_through(args->fields[i].type, 0);
		types_complete(cx->types, args->fields[i].type);
		if (uprobe_args_place(cx, &target, i, &place))
			FUZZ_CHECK(place.kind != ARG_REGS || place.n_parts <= 2);
	}
	target.off_b = 4;
	uprobe_args_place(cx, &target, 0, &place);
}

static void ask_names(struct probe_context *cx, const char *path)
{
	static const char *const names[] = {"struct node", "union number", "enum color", "port_t",
	                                    "struct ns::shape"};
	struct probe_target target = {.kind = PROBE_UPROBE, .path = path, .name = "f"};
	const struct type *t, *whole;
	int64_t value;

	probe_use_types(cx, &target);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		t = types_find(cx->types, names[i]);
		if (!t)
			continue;
		look_through(t, 0);
		for (uint32_t j = 0; j < t->n_fields; j++) {
			whole = types_complete(cx->types, t->fields[j].type);
			if (whole)
				look_through(whole, 0);
		}
	}
	types_find_enumerator(cx->types, "NOTHING", &value, NULL);
	probe_use_types(cx, NULL);
}

void fuzz_one(const char *data, size_t len_b)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	struct arena *a = arena_create();
	struct symbols *s = symbols_create();
	struct types *ts = types_create(a, "/nonexistent");
	struct probe_context cx = {.a = a, .types = ts, .symbols = s};
	const struct elf_symbol *list;
	source_places places = {0};
	uint32_t nearest;
	char path[40];
	size_t n;

	if (fd < 0 || write(fd, data, len_b) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!symbols_elf_functions(s, path, &list, &n) && symbols_dwarf(s, path)) {
		for (size_t i = 0; i < n && i < 64; i++)
			ask_address(&cx, path, list[i].address);
		ask_names(&cx, path);
		dwarf_file_line_places(symbols_dwarf(s, path), "argtypes.c", 66, 0, &places,
		                       &nearest);
		vec_free(&places);
	}
	types_destroy(ts);
	symbols_destroy(s);
	arena_destroy(a);
	close(fd);
}
