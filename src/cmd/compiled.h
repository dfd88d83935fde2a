/* Scripts compiled to be kept (--aot): the image, what it was compiled for and how it is to be run,
 * behind a copy of skep's own executable. Such a file runs by itself, and `skep FILE` runs it too. */
#ifndef SKEP_CMD_COMPILED_H
#define SKEP_CMD_COMPILED_H

#include "image/image.h"
#include "script/script.h"

struct compiled {
	struct image img;
	struct script_config config;
	struct diag *diag;    /* the sources that messages point into */
	const char *machine;  /* compiled_machine() where it was compiled */
	bool is_user_engine;
	bool has_options; /* an options block, which was read when it was compiled */
};

/* What a program compiled for the kernel relies on: its release, the number of CPUs, the pid
 * namespace; for the user engine the processor's kind. In `a`. */
const char *compiled_machine(struct arena *a, const struct script_target *t);
/* Writes the executable. Returns 0 or -errno. */
int compiled_write(struct arena *a, struct compiled *c, const char *path);
/* What lies in the file at `path`; NULL: nothing. What is there and is damaged counts as nothing
 * and sets *ret_is_damaged. Lives in `a`; the sources go to `diag`. */
struct compiled *compiled_read(struct arena *a, const char *path, struct diag *diag,
                               bool *ret_is_damaged);
/* Names become numbers of this boot again: modules' types. False if one is not there. */
bool compiled_resolve(struct compiled *c, struct types *types, const char **ret_missing);
/* `--name`, `--name=value` into the options' places. False: *ret_text says what is wrong with them,
 * or lists the options (`--help`). */
bool compiled_set_options(struct arena *a, struct compiled *c, const char *const *given, size_t n,
                          const char **ret_text, const char **ret_hint);

#endif
