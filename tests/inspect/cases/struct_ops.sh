# timeout: 120
# requires: test -e "$(dirname "$(command -v work)")/congestion.bpf.o"
# Functions of the kernel replaced by programs, and pinned iterators, beside bpftool.
cp "$(dirname "$(command -v work)")"/*.bpf.o .
p=/sys/fs/bpf/struct_ops
mkdir $p || exit
mkdir ours && ln -s "$(command -v skep)" ours/bpftool
trap 'rm -r $p; ours/bpftool struct_ops unregister name skep_cong >/dev/null 2>&1' EXIT
bpftool map create $p/h type hash key 4 value 8 entries 8 name myhash &&
	bpftool map update pinned $p/h key 1 0 0 0 value 5 0 0 0 0 0 0 0 || exit
map=$(bpftool map show pinned $p/h | sed 's/:.*//;q')
said() { # STATUS EXPECTED COMMAND...
	want=$1 words=$2
	shift 2
	got=$(ours/bpftool "$@" 2>&1)
	status=$?
	[ "$status $got" = "$want $words" ] || { echo "$*: $status $got, not $want $words"; exit 1; }
}
plain() { sed 's/id [0-9]*$/id N/'; }
ours/bpftool struct_ops register congestion.bpf.o 2>out || { cat out; exit 1; }
grep -qx 'Registered tcp_congestion_ops skep_cong id [0-9]*' out || { cat out; exit 1; }
grep -qw skep_cong /proc/sys/net/ipv4/tcp_available_congestion_control || exit
id=$(sed 's/.* //' out)
cat >lines <<END
struct_ops show name skep_cong
-j struct_ops show name skep_cong
-p struct_ops show name skep_cong
struct_ops show id $id
-j struct_ops show id $id
struct_ops dump name skep_cong
-j struct_ops dump name skep_cong
-p struct_ops dump name skep_cong
struct_ops show id 999999999
-j struct_ops show id 999999999
struct_ops show id x
struct_ops show name nosuch
struct_ops unregister name nosuch
struct_ops unregister id 999999999
struct_ops unregister id $map
struct_ops show id $map
struct_ops register packets.bpf.o
iter pin /nowhere $p/i@
-j iter pin /nowhere $p/i@
iter pin iterators.bpf.o $p/i@
iter pin iterators.bpf.o $p/i@ map pinned $p/h
iter pin packets.bpf.o $p/j@
iter pin core.bpf.o $p/j@
iter pin refused.bpf.o $p/j@
iter pin iterators.bpf.o $p/i.@ map pinned $p/h
END
beside -e 's/(nil)/0/' -e 's/can.t get map by id (\([0-9]*\)): .*/no \1/' <lines || exit
test "$(cat $p/i1)" = 5 && test "$(cat $p/i2)" = 5 || exit
ours/bpftool struct_ops unregister id "$id" 2>&1 | grep -qx "Unregistered tcp_congestion_ops skep_cong id $id" || exit
grep -qw skep_cong /proc/sys/net/ipv4/tcp_available_congestion_control && exit 1
said 0 null -j struct_ops register congestion.bpf.o
ours/bpftool struct_ops register congestion.bpf.o 2>&1 | grep -q "^Error: can't register struct_ops skep_cong: File exists$" || exit
said 0 null -j struct_ops unregister name skep_cong
said 255 'Error: no struct_ops found for skep_cong' struct_ops unregister name skep_cong
said 255 "libbpf: elf: failed to open /nowhere: No such file or directory
Error: can't open objfile /nowhere" struct_ops register /nowhere
said 255 "Error: can't create dir '$p/x/y' to pin BPF object: parent dir '$p/x' doesn't exist" struct_ops register congestion.bpf.o $p/x/y
ours/bpftool struct_ops show foo 2>&1 | grep -q '^Usage: .*bpftool struct_ops { show | list } \[STRUCT_OPS_MAP\]$' || exit
said 255 "Error: can't parse name" struct_ops show name a_name_that_is_too_long
said 255 "Error: can't pin BPF object: path '$p/i1' already exists" iter pin iterators.bpf.o $p/i1 map pinned $p/h
said 255 "Error: expected 'map', got: 'foo'?" iter pin iterators.bpf.o $p/k foo
said 255 "Error: 'map' needs at least 2 arguments, 0 found" iter pin iterators.bpf.o $p/k map
said 255 "Error: 'pin' needs at least 2 arguments, 1 found" iter pin iterators.bpf.o
said 255 'Error: expected no more arguments, got: foo' iter pin iterators.bpf.o $p/k map pinned $p/h foo
said 0 null -j iter pin iterators.bpf.o $p/k map pinned $p/h
ours/bpftool iter 2>&1 | grep -q 'bpftool iter pin OBJ PATH \[map MAP\]$' || exit
