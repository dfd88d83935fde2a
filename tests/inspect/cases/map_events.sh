# timeout: 60
# requires: test -e "$(dirname "$(command -v work)")/events.bpf.o"
# expect: perf: 68 65 6c 6c 6f 20 70 65  72 66 20 65 76 65 6e 74
# expect: perf: Stopping...
# expect: perf json 9 20
# expect: ring: 68 65 6c 6c 6f 20 70 65  72 66 20 65 76 65 6e 74
# expect: ring json 20
# What programs put into perf event arrays and ring buffers comes out at once; an INT ends it well.
p=/sys/fs/bpf/map_events
mkdir $p || exit
trap 'kill $reader 2>/dev/null; rm -r $p' EXIT
bpftool prog load "$(dirname "$(command -v work)")/events.bpf.o" $p/say pinmaps $p/maps 2>/dev/null || exit
head -c 64 /dev/zero >packet
# Runs the program until the reader has told of it, then ends the reader.
piped() { # LINE...
	skep "$@" >out 2>err &
	reader=$!
	for i in $(seq 200); do
		bpftool prog run pinned $p/say data_in packet >/dev/null || return
		grep -q 'hello\|68 65 6c\|104,101' out && break
		sleep 0.1
	done
	kill -INT $reader
	wait $reader || echo "exit status $?"
}
piped map event_pipe pinned $p/maps/events
sed 's/^/perf: /' out err | sort -u
grep -q '^== @[0-9]*\.[0-9]\{9\} CPU: [0-9]* index: [0-9]* =====$' out || { echo "no title"; cat out; }
piped map event_pipe pinned $p/maps/events --json
python3 -c 'import json, sys; e = json.load(sys.stdin)[0]; print("perf json", e["type"], len(e["data"]))' <out
piped map event_pipe pinned $p/maps/ring
sed 's/^/ring: /' out | sort -u
piped map event_pipe pinned $p/maps/ring -j
python3 -c 'import json, sys; print("ring json", len(json.load(sys.stdin)[0]["data"]))' <out
beside <<END || exit
map event_pipe pinned $p/maps/buckets
map event_pipe pinned $p/maps/events cpu 0
map event_pipe pinned $p/maps/events cpu x index 0
map event_pipe pinned $p/maps/events cpu 0 index x
map -j event_pipe pinned $p/maps/events index 0
map event_pipe pinned $p/maps/events foo 1
map event_pipe pinned $p/maps/events cpu
END
skep map event_pipe pinned $p/maps/ring cpu 0 index 0 2>&1 | grep -qx 'Error: a ring buffer has no CPUs: leave cpu and index out' || { echo "a ring has CPUs"; exit 1; }
