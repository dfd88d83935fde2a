/* See screen.h. */
#include "inspect/top/screen.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool screen_enter(struct screen *s)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &s->before))
		return false;
	raw = s->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	/* What would stop or end us without giving the screen back. */
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	raw.c_cc[VQUIT] = _POSIX_VDISABLE;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		return false;
	s->is_on = true;
	fputs("\033[?1049h\033[?25l", stdout);
	fflush(stdout);
	return true;
}

void screen_leave(struct screen *s)
{
	if (!s->is_on)
		return;
	s->is_on = false;
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &s->before);
}

void screen_size(int *ret_rows, int *ret_columns)
{
	struct winsize size;

	*ret_rows = 24;
	*ret_columns = 80;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col) {
		*ret_rows = size.ws_row;
		*ret_columns = size.ws_col;
	}
}

void screen_begin(void)
{
	fputs("\033[H", stdout);
}

void screen_line(const char *text, int columns, bool is_title)
{
	printf("%s%.*s%s\033[K\r\n", is_title ? "\033[7m" : "", columns, text,
	       is_title ? "\033[0m" : "");
}

void screen_end(void)
{
	fputs("\033[J", stdout);
	fflush(stdout);
}

int screen_key(void)
{
	unsigned char key;

	return read(STDIN_FILENO, &key, 1) == 1 ? key : -1;
}
