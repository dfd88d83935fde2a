/* An iterator over the elements of one map, and none. */
#include "bpf.h"
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id, seq_num;
} CORE;
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *map;
	u32 *key;
	u64 *value;
} CORE;
static long (*bpf_seq_write)(struct seq_file *, const void *, u32) = (void *)127;

SEC("iter/bpf_map_elem") int elements(struct bpf_iter__bpf_map_elem *ctx)
{
	char line[] = "0\n";
	u64 *value = ctx->value;

	if (!value)
		return 0;
	line[0] += (char)(*value % 10);
	bpf_seq_write(ctx->meta->seq, line, 2);
	return 0;
}
char gpl[] SEC("license") = "GPL";
