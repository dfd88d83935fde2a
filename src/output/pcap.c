/* Packet capture files, the classic format (draft-ietf-opsawg-pcap): a header of 24 bytes, then
 * each packet behind 16 bytes of its own. Times have microseconds. The link type is raw IP: what a
 * script cuts off with an offset is the Ethernet header.
 *
 * A file is made anew by the first packet of a session that goes there. */
#include <errno.h>
#include <stdio.h>

#include "output/internal.h"

enum { MAGIC_MICROSECONDS = 0xa1b2c3d4, LINKTYPE_RAW = 101, SNAPLEN_B = 65535 };

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen_b, link_type;
};

struct packet_header {
	uint32_t seconds, microseconds, captured_b, len_b;
};

struct pcap_file {
	const char *path;
	FILE *file; /* NULL: could not be opened, and that was said */
	struct pcap_file *next;
};

static struct pcap_file *open_file(struct output *o, const char *path)
{
	static const struct file_header header = {
	    .magic = MAGIC_MICROSECONDS,
	    .major = 2,
	    .minor = 4,
	    .snaplen_b = SNAPLEN_B,
	    .link_type = LINKTYPE_RAW,
	};
	struct pcap_file *f;

	for (f = o->pcaps; f; f = f->next)
		if (!strcmp(f->path, path))
			return f;
	f = arena_new(o->a, struct pcap_file);
	f->path = path;
	f->next = o->pcaps;
	o->pcaps = f;
	f->file = fopen(path, "we");
	if (!f->file)
		output_complainf(o, "ERROR: failed to open file '%s' (%s)\n", path,
		                 strerror(errno));
	else
		fwrite(&header, sizeof(header), 1, f->file);
	return f;
}

void pcap_write(struct output *o, const char *path, const struct image_packet *p, uint32_t size_b)
{
	struct pcap_file *f = open_file(o, path);
	int64_t wall_ns = time_wall_ns(o, p->boot_ns);
	uint32_t there_b = size_b - (uint32_t)sizeof(*p);
	uint32_t captured_b = p->captured_b < there_b ? p->captured_b : there_b;
	uint64_t skip_b = p->skip_b < captured_b ? p->skip_b : captured_b;
	struct packet_header header = {
	    .seconds = (uint32_t)(wall_ns / 1000000000),
	    .microseconds = (uint32_t)(wall_ns % 1000000000 / 1000),
	    .captured_b = captured_b - (uint32_t)skip_b,
	    .len_b = p->skip_b < p->len_b ? p->len_b - (uint32_t)p->skip_b : 0,
	};

	if (!f->file)
		return;
	fwrite(&header, sizeof(header), 1, f->file);
	fwrite((const char *)(p + 1) + skip_b, 1, header.captured_b, f->file);
}

void pcap_close(struct output *o)
{
	for (struct pcap_file *f = o->pcaps; f; f = f->next)
		if (f->file && fclose(f->file))
			output_complainf(o, "ERROR: failed to write file '%s' (%s)\n", f->path,
			                 strerror(errno));
}
