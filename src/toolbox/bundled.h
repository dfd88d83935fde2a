/* The generated table of the tools that come with skep (embed.sh), by name. */
#ifndef SKEP_TOOLBOX_BUNDLED_H
#define SKEP_TOOLBOX_BUNDLED_H

#include <stddef.h>

struct bundled_tool {
	const char *name, *text;
};
extern const struct bundled_tool bundled_tools[];
extern const size_t n_bundled_tools;

#endif
