/* journal(): entries for systemd's journal in its native protocol
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): a datagram of fields, `NAME=value` and a newline,
 * or, for a value of several lines, the name, a newline, the length as eight bytes, little-endian,
 * the value and a newline. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/internal.h"

enum { NAME_MOST_B = 64 };

/* Capital letters, digits and underscores, which are not in front: such fields are the journal's
 * own. */
static bool is_field_name(const char *s, size_t len_b)
{
	return len_b && len_b <= NAME_MOST_B && *s >= 'A' && *s <= 'Z' &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len_b;
}

static void add_length(struct strbuf *out, uint64_t n)
{
	for (int i = 0; i < 8; i++)
		sb_addc(out, (char)(n >> (8 * i)));
}

/* (name, value). False: it is none. */
static bool add_field(struct host *h, struct value v, struct strbuf *out)
{
	own_strbuf struct strbuf name = {0}, text = {0};

	if (v.kind != VALUE_LIST || v.list->n != 2)
		return false;
	host_text(h, v.list->items[0], &name);
	host_text(h, v.list->items[1], &text);
	if (!is_field_name(sb_str(&name), name.n))
		return false;
	sb_adds(out, sb_str(&name));
	if (memchr(sb_str(&text), '\n', text.n)) {
		sb_addc(out, '\n');
		add_length(out, text.n);
	} else {
		sb_addc(out, '=');
	}
	sb_add(out, sb_str(&text), text.n);
	sb_addc(out, '\n');
	return true;
}

static bool send_entry(const struct strbuf *entry)
{
	const struct sockaddr_un at = {.sun_family = AF_UNIX,
	                               .sun_path = "/run/systemd/journal/socket"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_sent;

	if (fd < 0)
		return false;
	is_sent = sendto(fd, entry->s, entry->n, MSG_NOSIGNAL, (const struct sockaddr *)&at,
	                 sizeof(at)) == (ssize_t)entry->n;
	close(fd);
	return is_sent;
}

struct value host_fn_journal(struct host *h, const struct value *args, uint32_t n)
{
	struct value all = host_as_list(args[0]);
	own_strbuf struct strbuf entry = {0};
	bool is_good = all.list->n > 0;

	(void)n;
	for (size_t i = 0; i < all.list->n && is_good; i++)
		is_good = add_field(h, all.list->items[i], &entry);
	value_drop(all);
	return value_int(is_good && send_entry(&entry));
}
