/* The text of an option's argument to its value: one function for each kind (option.h).
 *
 * In: text from the command line or a default of the script. Out: the option's number, text or
 * list, or why the text is none. A message names the text; whoever calls names the option. */
#include <errno.h>
#include <pwd.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/option.h"

/* ---- numbers --------------------------------------------------------------------------------- */

enum reading { READ_GOOD, READ_BAD, READ_RANGE };

/* [-]digits or [-]0xdigits, nothing around. A leading zero means nothing. */
static enum reading read_int(const char *text, int64_t *ret)
{
	bool is_negative = *text == '-';
	const char *digits = text + is_negative;
	bool is_hex = digits[0] == '0' && (digits[1] | 32) == 'x';
	unsigned long long n;
	char *end;

	digits += is_hex ? 2 : 0;
	if (!strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789"))
		return READ_BAD;
	errno = 0;
	n = strtoull(digits, &end, is_hex ? 16 : 10);
	if (*end)
		return READ_BAD;
	if (errno || n > (uint64_t)INT64_MAX + is_negative)
		return READ_RANGE;
	*ret = is_negative ? (int64_t)(0 - n) : (int64_t)n;
	return READ_GOOD;
}

static const char *number_mistake(struct arena *a, enum reading how, const char *text)
{
	return how == READ_RANGE ? arena_printf(a, "%s is out of range", text)
	                         : arena_printf(a, "'%s' is not a number", text);
}

static const char *take_int(struct arena *a, const char *text, int64_t *ret)
{
	enum reading how = read_int(text, ret);

	return how == READ_GOOD ? NULL : number_mistake(a, how, text);
}

/* A number within bounds, for those kinds whose other form is a name. */
static const char *take_bounded(struct arena *a, const char *text, const char *what, int64_t least,
                                int64_t most, int64_t *ret)
{
	int64_t n;
	enum reading how = read_int(text, &n);

	if (how == READ_GOOD && (n < least || n > most))
		how = READ_RANGE;
	if (how == READ_BAD)
		return arena_printf(a, "there is no %s '%s'", what, text);
	if (how == READ_RANGE)
		return arena_printf(a, "%s is out of range: %lld to %lld", text, (long long)least,
		                    (long long)most);
	*ret = n;
	return NULL;
}

/* [-]digits[.digits] times a factor, exactly; what is finer than the factor is cut off. */
static const char *take_decimal(struct arena *a, const struct option *o, const char *text,
                                int64_t *ret)
{
	const char *s = text + (*text == '-');
	size_t whole_b = strspn(s, "0123456789"), fraction_b = 0;
	const char *fraction = s + whole_b;
	unsigned __int128 sum = 0, unit = o->scale, part = 0, of = 1;
	enum { DIGITS_MAX = 18 }; /* of the fraction; times the largest factor they fit 128 bits */

	if (*fraction == '.')
		fraction_b = strspn(++fraction, "0123456789");
	if ((!whole_b && !fraction_b) || fraction[fraction_b])
		return number_mistake(a, READ_BAD, text);
	for (size_t i = 0; i < whole_b; i++) {
		sum = sum * 10 + (unsigned)(s[i] - '0') * unit;
		if (sum > INT64_MAX)
			return number_mistake(a, READ_RANGE, text);
	}
	for (size_t i = 0; i < fraction_b && i < DIGITS_MAX; i++, of *= 10)
		part = part * 10 + (unsigned)(fraction[i] - '0');
	sum += part * unit / of;
	if (sum > INT64_MAX)
		return number_mistake(a, READ_RANGE, text);
	*ret = *text == '-' ? -(int64_t)sum : (int64_t)sum;
	return NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* From the file, as names of users are printed: a static program has no other way. */
static const char *take_user(struct arena *a, const char *text, int64_t *ret)
{
	FILE *f = fopen("/etc/passwd", "re");
	bool is_found = false;
	struct passwd *entry;

	while (f && !is_found && (entry = fgetpwent(f)))
		if (!strcmp(entry->pw_name, text)) {
			*ret = entry->pw_uid;
			is_found = true;
		}
	if (f)
		fclose(f);
	return is_found ? NULL : take_bounded(a, text, "user", 0, UINT32_MAX, ret);
}

static const char *take_errno(struct arena *a, const char *text, int64_t *ret)
{
	enum { MAX_ERRNO = 4095 }; /* linux/err.h */
	static const struct {
		const char *name;
		int number;
	} others[] = {{"EWOULDBLOCK", EWOULDBLOCK}, {"ENOTSUP", ENOTSUP}, {"EDEADLOCK", EDEADLOCK}};

	for (int i = 1; i <= MAX_ERRNO; i++) {
		const char *name = strerrorname_np(i);

		if (name && !strcasecmp(name, text)) {
			*ret = i;
			return NULL;
		}
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcasecmp(others[i].name, text)) {
			*ret = others[i].number;
			return NULL;
		}
	return take_bounded(a, text, "error", 1, MAX_ERRNO, ret);
}

/* TERM, SIGTERM, 15; RTMIN+2, RTMAX-1 as kill(1) counts them. */
static const char *take_signal(struct arena *a, const char *text, int64_t *ret)
{
	const int rtmin = SIGRTMIN, rtmax = SIGRTMAX;
	const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
	int64_t n = 0;

	for (int i = 1; i < rtmin; i++) {
		const char *abbrev = sigabbrev_np(i);

		if (abbrev && !strcasecmp(abbrev, name)) {
			*ret = i;
			return NULL;
		}
	}
	if (!strncasecmp(name, "RTMIN", 5) &&
	    (!name[5] || (name[5] == '+' && read_int(name + 6, &n) == READ_GOOD)) && n >= 0 &&
	    n <= rtmax - rtmin) {
		*ret = rtmin + n;
		return NULL;
	}
	if (!strncasecmp(name, "RTMAX", 5) &&
	    (!name[5] || (name[5] == '-' && read_int(name + 6, &n) == READ_GOOD)) && n >= 0 &&
	    n <= rtmax - rtmin) {
		*ret = rtmax - n;
		return NULL;
	}
	return take_bounded(a, text, "signal", 1, rtmax, ret);
}

static bool disk_exists(unsigned major_of, unsigned minor_of, const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major_of, minor_of, what);
	return !access(path, F_OK);
}

/* sda, /dev/sda or 8:0 to the kernel's own number, which is not that of stat(2). */
static const char *take_disk(struct arena *a, const char *text, int64_t *ret)
{
	const char *path = *text == '/' ? text : arena_printf(a, "/dev/%s", text);
	unsigned major_of, minor_of;
	struct stat st;
	char more;

	if (sscanf(text, "%u:%u%c", &major_of, &minor_of, &more) != 2) {
		if (stat(path, &st) || !S_ISBLK(st.st_mode))
			return arena_printf(a, "there is no disk '%s'", text);
		major_of = major(st.st_rdev);
		minor_of = minor(st.st_rdev);
	}
	if (!disk_exists(major_of, minor_of, ""))
		return arena_printf(a, "there is no disk '%s'", text);
	if (disk_exists(major_of, minor_of, "partition"))
		return arena_printf(a, "'%s' is a part of a disk, and requests are for whole ones",
		                    text);
	*ret = (int64_t)major_of << 20 | minor_of;
	return NULL;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static const char *take_choice(struct arena *a, struct option *o, const char *text)
{
	own_strbuf struct strbuf all = {0};

	vec_each (c, &o->choices) {
		if (!strcmp(*c, text)) {
			o->text = *c;
			return NULL;
		}
		sb_addf(&all, "%s%s", c > o->choices.items ? ", " : "", *c);
	}
	return arena_printf(a, "'%s' is none of %s", text, sb_str(&all));
}

const char *option_regex_mistake(struct arena *a, const char *text)
{
	char why[128];
	regex_t re;
	int err = regcomp(&re, text, REG_EXTENDED | REG_NOSUB);

	if (!err) {
		regfree(&re);
		return NULL;
	}
	regerror(err, &re, why, sizeof(why));
	return arena_printf(a, "'%s' is no regular expression: %s", text, why);
}

static const char *take_regex(struct arena *a, struct option *o, const char *text)
{
	const char *mistake = option_regex_mistake(a, text);

	if (!mistake)
		o->text = text;
	return mistake;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static const char *too_many(struct arena *a)
{
	return arena_printf(a, "more than %d values", OPTION_LIST_MAX);
}

/* All of `80,443`, or none of it. */
static const char *take_numbers(struct arena *a, struct option *o, const char *text)
{
	size_t n_before = o->numbers.n, len_b;
	const char *mistake;

	for (const char *s = text;; s += len_b + 1) {
		const char *word;
		int64_t n = 0;

		len_b = strcspn(s, ",");
		word = arena_strndup(a, s, len_b);
		mistake =
		    o->kind == OPTION_SIGNALS ? take_signal(a, word, &n) : take_int(a, word, &n);
		if (!mistake && o->numbers.n == OPTION_LIST_MAX)
			mistake = too_many(a);
		if (mistake) {
			o->numbers.n = n_before;
			return mistake;
		}
		vec_push(a, &o->numbers, n);
		if (!s[len_b])
			return NULL;
	}
}

static const char *add_text(struct arena *a, struct option *o, const char *text)
{
	if (o->kind != OPTION_COMMAND && o->texts.n == OPTION_LIST_MAX)
		return too_many(a);
	vec_push(a, &o->texts, text);
	return NULL;
}

/* One that exists: what follows it is attached to it alone. */
static const char *take_process(struct arena *a, const char *text, int64_t *ret)
{
	const char *mistake = take_int(a, text, ret);

	if (!mistake && (*ret < 1 || *ret > INT32_MAX || (kill((pid_t)*ret, 0) && errno == ESRCH)))
		mistake = arena_printf(a, "there is no process %s", text);
	return mistake;
}

/* The words of one argument, as -c has them: blanks between. */
static const char *take_words(struct arena *a, struct option *o, const char *text)
{
	o->texts.n = 0;
	while (*text) {
		size_t len_b = strcspn(text, " ");

		if (len_b)
			vec_push(a, &o->texts, arena_strndup(a, text, len_b));
		text += len_b + (text[len_b] == ' ');
	}
	return o->texts.n ? NULL : "a command is expected";
}

const char *option_take(struct arena *a, struct option *o, const char *text)
{
	switch (o->kind) {
	case OPTION_INT:
		return take_int(a, text, &o->number);
	case OPTION_PROCESS:
		return take_process(a, text, &o->number);
	case OPTION_DECIMAL:
		return take_decimal(a, o, text, &o->number);
	case OPTION_USER:
		return take_user(a, text, &o->number);
	case OPTION_ERRNO:
		return take_errno(a, text, &o->number);
	case OPTION_DISK:
		return take_disk(a, text, &o->number);
	case OPTION_TEXT:
	case OPTION_EVENT:
		o->text = text;
		return NULL;
	case OPTION_REGEX:
		return take_regex(a, o, text);
	case OPTION_CHOICE:
		return take_choice(a, o, text);
	case OPTION_INTS:
	case OPTION_SIGNALS:
		return take_numbers(a, o, text);
	case OPTION_COMMAND:
		return o->takes_rest ? add_text(a, o, text) : take_words(a, o, text);
	case OPTION_TEXTS:
		return add_text(a, o, text);
	case OPTION_FLAG:
	case OPTION_COUNT:
	case OPTION_N:
		break;
	}
	o->number = o->kind == OPTION_FLAG ? 1 : o->number + 1;
	return NULL;
}
