/* Spin locks: the kernel finds them in values by BTF, in global variables by completed DATASECs. */
#include "bpf.h"

struct bpf_spin_lock {
	u32 val;
};

struct value {
	u64 n;
	struct bpf_spin_lock lock;
};

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct value);
} values SEC(".maps");

u64 padding = 7;
struct value global SEC(".data.locked");

SEC("tc")
int locks(void *ctx)
{
	u32 zero = 0;
	struct value *v = map_lookup(&values, &zero);

	if (!v)
		return 0;
	spin_lock(&v->lock);
	v->n++;
	spin_unlock(&v->lock);
	spin_lock(&global.lock);
	global.n += padding;
	spin_unlock(&global.lock);
	return 0;
}
