# timeout: 60
# What changes in a map while it is watched: new, gone, another value; by types; lines of JSON.
# requires: test -e "$(dirname "$(command -v work)")/events.bpf.o"
# expect: + key: 01 00 00 00  value: 05 00 00 00
# expect: ~ key: 01 00 00 00  value: 05 00 00 00 -> 06 00 00 00
# expect: - key: 01 00 00 00  value: 06 00 00 00
# expect: added ST_BUSY 5
# expect: changed 5 9
# expect: removed 9
# expect: typed: + {"key":"ST_BUSY","value":5}
p=/sys/fs/bpf/map_watch
mkdir $p || exit
trap 'kill $watcher 2>/dev/null; rm -r $p' EXIT
bpftool map create $p/h type hash key 4 value 4 entries 4 name watched || exit
bpftool prog load "$(dirname "$(command -v work)")/events.bpf.o" $p/say pinmaps $p/maps 2>/dev/null || exit
until_told() { # TEXT FILE
	for i in $(seq 200); do
		grep -q -- "$1" "$2" && return
		sleep 0.1
	done
	echo "never told: $1"
	cat "$2" err
	exit 1
}
# Watches MAP; writes and takes away KEY until it is told, so that the first state is known to be read.
watched() { # SIGNS MAP KEY WORDS...
	signs=$1 map=$2 key=$3
	shift 3
	skep map watch pinned $map 0.1 "$@" >out 2>err &
	watcher=$!
	for i in $(seq 200); do
		bpftool map update pinned $map key $key value 5 0 0 0 || exit
		sleep 0.3
		grep -q -- "^${signs%% *}" out && break
		bpftool map delete pinned $map key $key
		sleep 0.3
	done
}
watched '+' $p/h '1 0 0 0'
bpftool map update pinned $p/h key 1 0 0 0 value 6 0 0 0
until_told '^~ ' out
bpftool map delete pinned $p/h key 1 0 0 0
until_told '06 00 00 00$' out
until_told '^- .*06 00 00 00$' out
kill -INT $watcher
wait $watcher || exit
cat out
watched '{"change":"added' $p/maps/states '5 0 0 0' -j
bpftool map update pinned $p/maps/states key 5 0 0 0 value 9 0 0 0
until_told changed out
bpftool map delete pinned $p/maps/states key 5 0 0 0
until_told '"removed".*"value":9' out
kill -TERM $watcher
wait $watcher || exit
python3 - <<'END' || exit
import json
for line in open("out"):
    c = json.loads(line)
    f = c["formatted"]
    print(c["change"], *([f["key"], f["value"]] if c["change"] == "added" else [f["old"], f["value"]] if "old" in f else [f["value"]]))
END
watched '+' $p/maps/states '5 0 0 0'
kill -HUP $watcher
wait $watcher || exit
sed 's/^/typed: /' out
said() { # MESSAGE WORDS...
	message=$1
	shift
	skep map watch "$@" 2>&1 | grep -qxF "Error: $message" || { echo "not '$message'"; exit 1; }
}
said "can't parse x as seconds" pinned $p/h x
said "can't parse 0 as seconds" pinned $p/h 0
said 'expected no more arguments, got: 2' pinned $p/h 1 2
said "a map without keys can't be watched" pinned $p/maps/ring
bpftool map create $p/many type array key 4 value 4 entries 70000 name many || exit
said 'more than 65536 entries are too many to be watched' pinned $p/many
