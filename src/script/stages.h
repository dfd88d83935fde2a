/* The stages between text and image, in order; compile.c calls them. Each reports to u->diag and
 * returns false if it found an error (it keeps going to find several). */
#ifndef SKEP_SCRIPT_STAGES_H
#define SKEP_SCRIPT_STAGES_H

#include "image/image.h"
#include "script/ast.h"
#include "script/script.h"

/* Text to tree: config, C section bounds, map declarations, probes with attach points. Positional
 * parameters are substituted. */
bool script_parse(struct unit *u);
/* The same for a module of the standard library: only definitions. */
bool script_parse_library(struct unit *u, const char *name, const char *text);
/* The command line behind the script into its options block; {opt.NAME} in attach points. */
bool script_command_line(struct unit *u);
/* What the command line says in a language of its own becomes probes. */
bool script_specifications(struct unit *u);
/* Apply the config block to `config` (a copy of the options': the environment wins). */
bool script_apply_config(struct unit *u, struct script_config *config);
/* Conditions outside of probes: what stands in the branches they choose becomes the unit's. */
bool script_choose(struct unit *u);
/* Imported objects: read, their types made known; names that are there already are reported. */
bool script_objects(struct unit *u);
/* Macro calls to what they stand for. */
bool script_macros(struct unit *u);
/* Tables and host blocks to the image's host code; after lowering, where their maps are. */
bool script_host(struct unit *u, struct image *img);
void script_host_finish(const struct unit *u, struct image *img);
/* With --compat variables belong to the probe, not to the block of their first assignment. */
bool script_hoist(struct unit *u);
/* Probes whose predicates are false whatever happens are put aside (dead_probes). */
bool script_drop_probes(struct unit *u);
/* Attach points to targets; afterwards every probe has one kind and targets that can share a body:
 * a probe is cloned per kind, and per target where its body uses `args` (argument types differ). */
bool script_expand(struct unit *u);
/* Names to what they mean, every expression typed, to a fixed point over the unit. */
bool script_infer(struct unit *u);
/* The same with all types known; branches never taken, and maps that nothing uses any more. */
bool script_prune(struct unit *u);
/* Tree to IR, code and image. */
bool script_lower(struct unit *u, struct image *img);

#endif
