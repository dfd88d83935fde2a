# What --aot and --emit-elf write has the object's functions and maps in it.
# expect: 46 52 12
# expect: accepted
# requires: command -v clang-19 || command -v clang-14
set -e
cat >lib.bpf.c <<'END'
#include "lib.h"
MAP(seen, HASH, 64);
int total, start = 40;
const volatile int limit = 12;
int bump(int by)
{
	u32 key = 1;

	total += by;
	start++;
	return bpf_map_lookup_elem(&seen, &key) ? 0 : total + start;
}
int limit_of(void) { return limit; }
END
# shellcheck disable=SC2046
$(command -v clang-19 || command -v clang-14) -g -O2 --target=bpf -mcpu=v3 -I"$DIR" -c lib.bpf.c
cat >main.bt <<'END'
import "lib.bpf.o"
begin { printf("%d %d %d\n", bump(5), bump(5), limit_of()); exit(); }
end { @ = bump(1); clear(@); }
END
skep --aot=compiled main.bt
skep --emit-elf main.o main.bt
rm lib.bpf.o main.bt lib.bpf.c
./compiled -q 2>&1 | grep .
skep vm verify main.o && echo accepted
