/* The terminal: its other screen, keys as they are pressed, and all as it was when we leave,
 * whoever ends us. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "inspect/top/top.h"

/* The other screen, no cursor, and long lines are cut; then back again. */
static const char enter_text[] = "\033[?1049h\033[?25l\033[?7l\033[H\033[2J";
static const char leave_text[] = "\033[?7h\033[?25h\033[m\033[?1049l";

static const int noticed[] = {SIGTSTP, SIGCONT, SIGWINCH};
static const int fatal[] = {SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
enum { N_NOTICED = 3, N_FATAL = 6, KEYS_B = 64 };

struct screen {
	const struct ending *ending;
	int keys, signals, both;
	bool owns_keys, is_ours;
	struct termios before;
	sigset_t blocked_before;
	struct sigaction fatal_before[N_FATAL];
	/* Keys that were pressed and not asked for yet. */
	unsigned char typed[KEYS_B];
	size_t n_typed;
};

static struct screen *shown; /* for on_fatal() */

static void put(const char *text, size_t n_b)
{
	while (n_b) {
		ssize_t n = write(STDOUT_FILENO, text, n_b);

		if (n < 0 && errno != EINTR)
			return; /* whoever took it away ends us, too */
		if (n > 0) {
			text += n;
			n_b -= (size_t)n;
		}
	}
}

static void take(struct screen *s)
{
	struct termios raw = s->before;

	/* Keys that end or stop us still do, by their signals; none holds the output up. */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(s->keys, TCSANOW, &raw);
	s->is_ours = true;
	put(enter_text, sizeof(enter_text) - 1);
}

static void give_back(struct screen *s)
{
	if (!s->is_ours)
		return;
	s->is_ours = false;
	put(leave_text, sizeof(leave_text) - 1);
	tcsetattr(s->keys, TCSANOW, &s->before);
}

/* Then it goes on as if we had not been there. */
static void on_fatal(int signal)
{
	for (int i = 0; i < N_FATAL; i++)
		if (fatal[i] == signal)
			sigaction(signal, &shown->fatal_before[i], NULL);
	give_back(shown);
	raise(signal);
}

static int open_keys(bool *ret_owns)
{
	*ret_owns = !isatty(STDIN_FILENO);
	return *ret_owns ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
}

/* One descriptor for ending_wait(). */
static bool watch(struct screen *s)
{
	struct epoll_event keys = {.events = EPOLLIN, .data.fd = s->keys};
	struct epoll_event signals = {.events = EPOLLIN};
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < N_NOTICED; i++)
		sigaddset(&set, noticed[i]);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->both = epoll_create1(EPOLL_CLOEXEC);
	signals.data.fd = s->signals;
	if (s->signals < 0 || s->both < 0 || epoll_ctl(s->both, EPOLL_CTL_ADD, s->keys, &keys) ||
	    epoll_ctl(s->both, EPOLL_CTL_ADD, s->signals, &signals))
		return false;
	sigprocmask(SIG_BLOCK, &set, &s->blocked_before);
	return true;
}

static void close_fds(struct screen *s)
{
	if (s->both >= 0)
		close(s->both);
	if (s->signals >= 0)
		close(s->signals);
	if (s->owns_keys && s->keys >= 0)
		close(s->keys);
}

struct screen *screen_open(struct arena *a, const struct ending *e)
{
	const char *kind = getenv("TERM");
	struct screen *s = arena_new(a, struct screen);

	if (!isatty(STDOUT_FILENO) || !kind || !*kind || !strcmp(kind, "dumb"))
		return NULL;
	s->ending = e;
	s->signals = s->both = -1;
	s->keys = open_keys(&s->owns_keys);
	if (s->keys < 0 || tcgetattr(s->keys, &s->before) || !watch(s)) {
		close_fds(s);
		return NULL;
	}
	shown = s;
	for (int i = 0; i < N_FATAL; i++)
		sigaction(fatal[i], &(struct sigaction){.sa_handler = on_fatal},
		          &s->fatal_before[i]);
	take(s);
	return s;
}

void screen_close(struct screen *s)
{
	struct signalfd_siginfo info;

	give_back(s);
	for (int i = 0; i < N_FATAL; i++)
		sigaction(fatal[i], &s->fatal_before[i], NULL);
	while (read(s->signals, &info, sizeof(info)) > 0)
		;
	sigprocmask(SIG_SETMASK, &s->blocked_before, NULL);
	close_fds(s);
}

void screen_size(const struct screen *s, int *ret_columns, int *ret_lines)
{
	struct winsize size;
	bool is_known = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);

	(void)s;
	*ret_columns = is_known && size.ws_col ? size.ws_col : 80;
	*ret_lines = is_known && size.ws_row ? size.ws_row : 24;
}

void screen_show(struct screen *s, const struct strbuf *lines)
{
	own_strbuf struct strbuf out = {0};
	const char *at = sb_str(lines);

	if (!s->is_ours)
		return;
	sb_adds(&out, "\033[H");
	while (*at) {
		size_t n = strcspn(at, "\n");

		sb_add(&out, at, n);
		sb_adds(&out, "\033[K");
		at += n + (at[n] == '\n');
		if (*at) /* behind the last line the screen would move up */
			sb_adds(&out, "\r\n");
	}
	sb_adds(&out, "\033[J");
	put(sb_str(&out), out.n);
}

/* ---- what happens ---------------------------------------------------------------------------- */

/* As if nobody had noticed the signal; returns when we go on. */
static void stop(struct screen *s)
{
	sigset_t set, before;

	give_back(s);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static int on_signal(struct screen *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTSTP)
			stop(s);
		/* A shell that had the terminal meanwhile may have changed it. */
		if (info.ssi_signo != SIGWINCH)
			take(s);
	}
	return SCREEN_CHANGED;
}

/* The keys' sequences that we know, without the two bytes in front. */
static const struct {
	const char *sequence;
	int key;
} sequences[] = {
    {"A", SCREEN_UP},       {"B", SCREEN_DOWN},       {"H", SCREEN_HOME},  {"F", SCREEN_LAST},
    {"5~", SCREEN_PAGE_UP}, {"6~", SCREEN_PAGE_DOWN}, {"1~", SCREEN_HOME}, {"4~", SCREEN_LAST},
};

static void drop(struct screen *s, size_t n)
{
	s->n_typed -= n;
	memmove(s->typed, s->typed + n, s->n_typed);
}

/* The next of the keys that are typed. */
static int next_key(struct screen *s)
{
	int key = s->typed[0];
	size_t n = 2;

	if (key != '\033' || s->n_typed < 3 || (s->typed[1] != '[' && s->typed[1] != 'O')) {
		drop(s, 1);
		return key;
	}
	/* Parameters, then one that ends it. */
	while (n < s->n_typed && s->typed[n] < 0x40)
		n++;
	n += n < s->n_typed;
	key = SCREEN_NOTHING;
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		if (n - 2 == strlen(sequences[i].sequence) &&
		    !memcmp(s->typed + 2, sequences[i].sequence, n - 2))
			key = sequences[i].key;
	drop(s, n);
	return key;
}

int screen_wait(struct screen *s, int ms)
{
	struct epoll_event event;
	ssize_t n;

	if (s->n_typed)
		return next_key(s);
	switch (ending_wait(s->ending, s->both, ms)) {
	case WAITED_END:
		return SCREEN_END;
	case WAITED_TIME:
		return SCREEN_TIME;
	default:
		break;
	}
	if (epoll_wait(s->both, &event, 1, 0) != 1)
		return SCREEN_NOTHING;
	if (event.data.fd == s->signals)
		return on_signal(s);
	n = read(s->keys, s->typed, sizeof(s->typed));
	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN) ? SCREEN_NOTHING : SCREEN_END;
	s->n_typed = (size_t)n;
	return next_key(s);
}
