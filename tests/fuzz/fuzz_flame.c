/* Stacks of any bytes, as lines, maps and JSON: the tree adds up, and the picture is text that XML
 * allows, with a box for each frame that is wide enough. The first byte chooses options.
 *
 * corpus: *.folded */
#include "fuzz.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "flame/read.h"
#include "flame/svg.h"
#include "flame/text.h"

static void check_tree(const struct flame_tree *t)
{
	size_t n_linked = 0;

	for (uint32_t i = 0; i < t->nodes.n; i++) {
		const struct flame_node *n = &t->nodes.items[i];
		double above = 0;

		FUZZ_CHECK(isfinite(n->value) && n->value >= 0);
		FUZZ_CHECK(!i || n->parent < i);
		for (uint32_t c = n->first_child; c; c = t->nodes.items[c].next_sibling) {
			FUZZ_CHECK(t->nodes.items[c].parent == i);
			above += t->nodes.items[c].value;
			n_linked++;
		}
		FUZZ_CHECK(above <= n->value * (1 + 1e-9));
	}
	FUZZ_CHECK(n_linked == t->nodes.n - 1);
}

static void check_picture(const char *svg, size_t len_b, size_t n_boxes)
{
	static const char frame[] = "\n<g class=\"f\"";
	struct strbuf again = {0};
	size_t n = 0;

	for (const char *at = svg; (at = strstr(at, frame)); at++)
		n++;
	FUZZ_CHECK(n == n_boxes);
	for (size_t i = 0; i < len_b; i++)
		FUZZ_CHECK((unsigned char)svg[i] >= ' ' || svg[i] == '\n');
	/* What is UTF-8 without anything to replace stays as it is, but for XML's characters. */
	flame_text_add(&again, svg, len_b, SIZE_MAX);
	FUZZ_CHECK(!memmem(sb_str(&again), again.n, "\xef\xbf\xbd", 3) ||
	           memmem(svg, len_b, "\xef\xbf\xbd", 3));
	sb_free(&again);
}

static void draw(const struct flame_tree *t, unsigned options)
{
	struct flame_style style = {.title = "t",
	                            .count_name = "n",
	                            .name_type = "f",
	                            .width_px = 300,
	                            .frame_px = 16,
	                            .font_px = 12,
	                            .is_icicle = options & 1};
	double total = t->nodes.items[FLAME_ROOT].value;
	struct flame_layout l;
	size_t len_b = 0;
	char *svg = NULL;
	FILE *file = open_memstream(&svg, &len_b);

	flame_layout_make(&l, t, total, options & 2 ? total / 100 : 0);
	FUZZ_CHECK(l.boxes.n >= 1 && l.boxes.n <= t->nodes.n);
	FUZZ_CHECK(flame_svg_write(t, &l, &style, file));
	fclose(file);
	check_picture(svg, len_b, l.boxes.n);
	free(svg);
	flame_layout_free(&l);
}

void fuzz_one(const char *data, size_t len_b)
{
	unsigned options = len_b ? (unsigned char)data[0] : 0;
	struct flame_read_options opts = {.counts = (enum flame_counts)(options % 3),
	                                  .reverses = options & 4,
	                                  .keeps_order = options & 8,
	                                  .keeps_offset = options & 16,
	                                  .map = options & 32 ? "@" : NULL};
	struct arena *a = arena_create();
	struct flame_read_counts counts;
	struct strbuf why = {0};
	struct flame_tree t;
	int fd = memfd_create("stacks", MFD_CLOEXEC), err;

	if (fd < 0 || write(fd, data, len_b) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	err = flame_read(fd, &opts, a, &t, &counts, &why);
	FUZZ_CHECK(!err == !why.n);
	FUZZ_CHECK(!counts.n_ignored == !counts.first_ignored);
	flame_tree_finish(&t, options & 64);
	check_tree(&t);
	if (!err)
		draw(&t, options >> 6);
	flame_tree_free(&t);
	arena_destroy(a);
	sb_free(&why);
	close(fd);
}
