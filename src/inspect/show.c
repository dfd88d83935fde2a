/* `OBJECT show`: those that a handle means, or all there are. In JSON one that was asked for is an
 * object, any other answer an array of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inspect/internal.h"

void show_identity(struct inspect *x, uint32_t id, const char *type, uint32_t type_number,
                   const char *name)
{
	struct json_writer *j = &x->json;

	if (!x->is_json) {
		printf("%u: ", id);
		if (type)
			printf("%s  ", type);
		else
			printf("type %u  ", type_number);
		if (*name)
			printf("name %s  ", plain_text(x, name));
		return;
	}
	json_member_uint(j, "id", id);
	if (type)
		json_member_string(j, "type", type);
	else
		json_member_uint(j, "type", type_number);
	if (*name)
		json_member_string(j, "name", name);
}

static int show_all(struct inspect *x, const struct shown_kind *k)
{
	uint32_t id = 0;
	int status = 0;

	if (x->is_json)
		json_open(&x->json, '[');
	while (!status && !k->next_id(id, &id)) {
		int fd = k->open(id);

		if (fd < 0 && errno == ENOENT)
			continue; /* it has gone meanwhile */
		if (fd < 0) {
			status = inspect_error(x, "can't get %s by id (%u): %s", k->word, id,
			                       strerror(errno));
			break;
		}
		status = k->show(x, fd);
		close(fd);
	}
	if (!status && errno != ENOENT)
		status = inspect_error(x, "can't get next %s: %s%s", k->title, strerror(errno),
		                       errno == EINVAL ? " -- kernel too old?" : "");
	if (x->is_json)
		json_close(&x->json, ']');
	return status;
}

int show_objects(struct inspect *x, struct words *w, const struct shown_kind *k)
{
	fd_list fds = {0};
	int n, status = 0;

	if (!w->n)
		return show_all(x, k);
	n = k->find(x, w, &fds);
	if (n < 0)
		return n;
	if (x->is_json && n > 1)
		json_open(&x->json, '[');
	for (int i = 0; i < n && !status; i++)
		status = k->show(x, fds.items[i]);
	if (x->is_json && n > 1)
		json_close(&x->json, ']');
	close_all(&fds);
	return status;
}
