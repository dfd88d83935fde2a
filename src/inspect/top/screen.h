/* A terminal that is ours for a while: its other screen, keys one by one, no cursor. */
#ifndef SKEP_INSPECT_TOP_SCREEN_H
#define SKEP_INSPECT_TOP_SCREEN_H

#include <stdbool.h>
#include <termios.h>

struct screen {
	struct termios before;
	bool is_on;
};

/* False: standard input or output is no terminal. */
bool screen_enter(struct screen *s);
void screen_leave(struct screen *s);
/* Its size now. */
void screen_size(int *ret_rows, int *ret_columns);
/* A new picture begins; a line of it, cut to `columns`; it ends. */
void screen_begin(void);
void screen_line(const char *text, int columns, bool is_title);
void screen_end(void);
/* The key that was pressed; -1: input has ended. */
int screen_key(void);

#endif
