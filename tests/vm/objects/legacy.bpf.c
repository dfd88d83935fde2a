/* Maps of the kind before BTF. */
#include "bpf.h"

struct bpf_map_def {
	u32 type, key_size, value_size, max_entries, map_flags;
};

struct bpf_map_def one SEC("maps") = {
    .type = MAP_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1};
struct bpf_map_def two SEC("maps") = {
    .type = MAP_HASH, .key_size = 4, .value_size = 8, .max_entries = 9};

SEC("tc")
int reads(void *ctx)
{
	u32 zero = 0;
	u64 *n = map_lookup(&two, &zero);

	if (!n)
		n = map_lookup(&one, &zero);
	return n ? (int)*n : 0;
}
