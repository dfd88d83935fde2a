/* Two texts that tell of a process's memory: /proc/PID/maps and /tmp/perf-PID.map. Pure: no file is
 * opened here. Both may hold anything: the names in them are the process's own. */
#include <string.h>

#include "symbols/symbols_priv.h"

static const char *hex_at(const char *p, uint64_t *ret)
{
	const char *start = p;
	uint64_t v = 0;

	for (; p - start < 16; p++) {
		unsigned digit;

		if (*p >= '0' && *p <= '9')
			digit = (unsigned)(*p - '0');
		else if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f')
			digit = (unsigned)((*p | 0x20) - 'a') + 10;
		else
			break;
		v = v << 4 | digit;
	}
	*ret = v;
	return p == start ? NULL : p;
}

static const char *after(const char *p, char c)
{
	return p && *p == c ? p + 1 : NULL;
}

/* The kernel writes a newline in a name as \012; nothing else is escaped. In place. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *p = path; *p; p++) {
		if (!strncmp(p, "\\012", 4)) {
			*to++ = '\n';
			p += 3;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
}

bool maps_parse_line(char *line, struct maps_line *ret)
{
	static const char deleted[] = " (deleted)";
	struct maps_line m = {0};
	uint64_t major, minor;
	const char *p = line, *perms;
	size_t len_b;

	p = after(hex_at(p, &m.start), '-');
	p = p ? after(hex_at(p, &m.end), ' ') : NULL;
	if (!p || strnlen(p, 5) < 5)
		return false;
	perms = p;
	p = after(p + 4, ' ');
	p = p ? after(hex_at(p, &m.off_b), ' ') : NULL;
	p = p ? after(hex_at(p, &major), ':') : NULL;
	p = p ? after(hex_at(p, &minor), ' ') : NULL;
	if (!p || m.end <= m.start)
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		m.inode = m.inode * 10 + (uint64_t)(*p - '0');
	if (*p && *p != ' ')
		return false;
	m.major = (uint32_t)major;
	m.minor = (uint32_t)minor;
	m.is_code = perms[2] == 'x';
	m.path = line + (p - line) + strspn(p, " ");
	len_b = strlen(m.path);
	if (m.path[0] == '/' && len_b >= sizeof(deleted) &&
	    !strcmp(m.path + len_b - (sizeof(deleted) - 1), deleted)) {
		m.path[len_b - (sizeof(deleted) - 1)] = '\0';
		m.is_deleted = true;
	}
	unescape(m.path);
	*ret = m;
	return true;
}

bool perf_map_parse_line(char *line, struct perf_map_line *ret)
{
	struct perf_map_line l;
	const char *p = line;
	uint64_t size_b;

	for (int i = 0; i < 2; i++) {
		p += strspn(p, " \t");
		if (!strncmp(p, "0x", 2))
			p += 2;
		p = hex_at(p, i ? &size_b : &l.start);
		if (!p || (*p != ' ' && *p != '\t'))
			return false;
	}
	p += strspn(p, " \t");
	if (!*p || !size_b || __builtin_add_overflow(l.start, size_b, &l.end))
		return false;
	l.name = line + (p - line);
	/* a terminal would do something else with these than to show them */
	for (char *c = l.name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	*ret = l;
	return true;
}
