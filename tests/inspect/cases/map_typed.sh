# timeout: 60
# expect: 0x11
# requires: test -e "$(dirname "$(command -v work)")/events.bpf.o"
# Keys and values by their types, beside bpftool: structs, enums, bit-fields, texts, unions, pointers, data sections,
# each CPU's. What hexadecimal is without quotes there has them here, so that plain listings are JSON, too.
p=/sys/fs/bpf/map_typed
mkdir $p || exit
trap "rm -rf $p" EXIT
bpftool prog load "$(dirname "$(command -v work)")/events.bpf.o" $p/say pinmaps $p/maps 2>/dev/null || exit
head -c 64 /dev/zero >packet
bpftool prog run pinned $p/say data_in packet >/dev/null || exit
for map in "$p"/maps/*; do
	for option in '' -j -p; do echo "map $option dump pinned $map"; done
done >lines
cat >>lines <<END
map lookup pinned $p/maps/typed key 1 0 0 0 2 0 0 0
map -j lookup pinned $p/maps/typed key 1 0 0 0 2 0 0 0
map -p lookup pinned $p/maps/states key 5 0 0 0
map lookup pinned $p/maps/events_bss key 0 0 0 0
map lookup pinned $p/maps/each_cpu key 0 0 0 0
map lookup pinned $p/maps/each_cpu key 7 0 0 0
map -j lookup pinned $p/maps/each_cpu key 7 0 0 0
END
beside -e 's/: \(0x[0-9a-f]*\)/: "\1"/' -e 's/: (nil)/: "0x0"/' <lines || exit
skep map dump pinned $p/maps/typed >out || exit
python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["value"]["in"]["c"])' <out
