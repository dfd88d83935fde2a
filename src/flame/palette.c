/* Hue, saturation and lightness, by hashes of the name. */
#include "flame/palette.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

struct flame_palette {
	const char *name;
	uint16_t first_hue, last_hue;                        /* degrees */
	uint8_t saturation, least_lightness, most_lightness; /* percent */
};

static const struct flame_palette palettes[] = {
#define PALETTE(name, h0, h1, s, l0, l1) {name, h0, h1, s, l0, l1},
#define KIND(...)
#include "flame/palette.def"
};
enum { N_PALETTES = sizeof(palettes) / sizeof(*palettes) };

static const struct {
	const char *mark, *name, *palette;
} kinds[] = {
#define PALETTE(...)
#define KIND(id, mark, what, palette) {mark, what, palette},
#include "flame/palette.def"
};

const struct flame_palette *flame_palette_find(const char *name)
{
	for (unsigned i = 0; i < N_PALETTES; i++)
		if (!strcmp(palettes[i].name, name))
			return &palettes[i];
	return NULL;
}

const char *flame_palette_name(unsigned index)
{
	return index < N_PALETTES ? palettes[index].name : NULL;
}

const struct flame_palette *flame_palette_of(enum flame_kind kind)
{
	return flame_palette_find(kinds[kind].palette);
}

const char *flame_kind_name(enum flame_kind kind)
{
	return kinds[kind].name;
}

enum flame_kind flame_kind_of(struct flame_frame *f)
{
	for (unsigned kind = 0; kind < FLAME_KINDS; kind++) {
		size_t len_b = kinds[kind].mark ? strlen(kinds[kind].mark) : 0;

		if (len_b && f->len_b > len_b &&
		    !memcmp(f->name + f->len_b - len_b, kinds[kind].mark, len_b)) {
			f->len_b -= len_b;
			return (enum flame_kind)kind;
		}
	}
	return memmem(f->name, f->len_b, "::", 2) ? FLAME_CPP : FLAME_NATIVE;
}

static uint32_t hash(const char *s, size_t len_b, uint32_t seed)
{
	uint32_t h = 2166136261u ^ seed;

	for (size_t i = 0; i < len_b; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	/* FNV's upper bits hardly see the last letters. */
	h = (h ^ h >> 16) * 0x85ebca6bu;
	h = (h ^ h >> 13) * 0xc2b2ae35u;
	return h ^ h >> 16;
}

static double share(uint32_t h)
{
	return h / (double)UINT32_MAX;
}

static double between(double from, double to, double at)
{
	return from + (to - from) * at;
}

/* CSS Color 4, section 7: hue in degrees, the others from 0 to 1. */
static uint8_t channel(double n, double hue, double saturation, double lightness)
{
	double k = n + hue / 30, low;

	if (k >= 12)
		k -= 12;
	low = k - 3 < 9 - k ? k - 3 : 9 - k;
	low = low > 1 ? 1 : low < -1 ? -1 : low;
	return (uint8_t)(255 * (lightness -
	                        saturation *
	                            (lightness < 1 - lightness ? lightness : 1 - lightness) * low) +
	                 0.5);
}

static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || (c & 0x80);
}

struct flame_color flame_palette_color(const struct flame_palette *p, struct flame_frame f,
                                       uint32_t seed)
{
	size_t family_b = 0;
	double hue, saturation = p->saturation / 100.0, lightness, own;

	while (family_b < f.len_b && !is_letter(f.name[family_b]))
		family_b++;
	while (family_b < f.len_b && is_letter(f.name[family_b]))
		family_b++;
	own = share(hash(f.name, f.len_b, seed));
	hue = between(p->first_hue, p->last_hue,
	              0.8 * share(hash(f.name, family_b, seed)) + 0.2 * own);
	lightness =
	    between(p->least_lightness, p->most_lightness, share(hash(f.name, f.len_b, ~seed))) /
	    100;
	return (struct flame_color){channel(0, hue, saturation, lightness),
	                            channel(8, hue, saturation, lightness),
	                            channel(4, hue, saturation, lightness)};
}

struct flame_color flame_change_color(double size)
{
	enum { NONE = 238, FULL = 96 };
	double strength = size < 0 ? -size : size;
	uint8_t faded;

	if (!strength)
		return (struct flame_color){NONE, NONE, NONE};
	if (strength > 1)
		strength = 1;
	/* Also the smallest change is seen to be one. */
	faded = (uint8_t)(NONE - (NONE - FULL) * (0.12 + 0.88 * strength));
	return size > 0 ? (struct flame_color){250, faded, faded}
	                : (struct flame_color){faded, (uint8_t)((faded + NONE) / 2), 252};
}
