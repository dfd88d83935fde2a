/* Maps and data of an object. */
#include "bpf.h"
MAP(seen, HASH, 64);
MAP(slots, ARRAY, 4);
MAP(recent, LRU_HASH, 64);
MAP(cells, PERCPU_ARRAY, 1);
u64 first = 77;
static u64 note_in(void *map, u32 key)
{
	u64 one = 1, *v = bpf_map_lookup_elem(map, &key);

	if (v)
		return ++*v;
	bpf_map_update_elem(map, &key, &one, 0);
	return 1;
}
u64 note(u32 key) { return note_in(&seen, key); }
u64 note_recent(u32 key) { return note_in(&recent, key); }
u64 note_slot(u32 key) { return note_in(&slots, key); }
u64 note_cell(void) { return note_in(&cells, 0); }
u64 get_first(void) { return first; }
const volatile int limit = 12;
int limit_of(void) { return limit; }
