/* The table that the build makes of stdlib/ (stdlib/embed.sh). */
#ifndef SKEP_SCRIPT_STDLIB_MODULES_H
#define SKEP_SCRIPT_STDLIB_MODULES_H

struct stdlib_module {
	const char *name;
	const char *path;   /* as messages name it */
	const char *macros; /* their names, a blank before and behind each */
	const char *text;
};
extern const struct stdlib_module stdlib_modules[]; /* ends with an empty one */

#endif
