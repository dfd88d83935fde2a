# What --aot and --emit-elf write has the object's functions and maps in it.
# expect: 46 52 12
# expect: accepted
# requires: test -e "$(dirname "$(command -v work)")/functions.bpf.o"
set -e
cp "$(dirname "$(command -v work)")/functions.bpf.o" lib.bpf.o
cp "$(dirname "$(command -v work)")/maps.bpf.o" maps.bpf.o
cat >main.bt <<'END'
import "lib.bpf.o"; import "maps.bpf.o";
begin { printf("%d %d %d\n", bump(5), bump(5), limit_of()); exit(); }
end { @ = note(1); clear(@); }
END
skep --aot=compiled main.bt
skep --emit-elf main.o main.bt
rm ./*.bpf.o main.bt
./compiled -q 2>&1 | grep .
skep vm verify main.o && echo accepted
