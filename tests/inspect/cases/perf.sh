# timeout: 60
# Who holds what on tracepoints and probes, beside bpftool; and what only a pinned link holds.
p=/sys/fs/bpf/perf
mkdir $p && mkfifo until && cp "$(command -v attach)" traced || exit
pids=
trap 'exec 3>&-; wait; rm -r $p' EXIT
exec 3<>until
# `-`: a link and its event; `=`: an event with a program, as before links.
hold() {
	attach "$@" <until >held.$# 3>&- &
	pids="$pids $!"
	for _ in $(seq 200); do
		[ -s held.$# ] && break
		sleep 0.1
	done
	[ -s held.$# ] && rm held.$#
}
hold raw_tracepoint - sys_exit && hold tracepoint = && hold uprobe = "$PWD/traced" 0x1040 &&
	hold uretprobe - "$PWD/traced" 0x1040 && hold event - 1 9 && hold iter - || exit
ours="^pid \($(echo $pids | sed 's/ /\\|/g')\) "
attach tracepoint $p/tracepoint && attach uprobe $p/uprobe "$PWD/traced" 0x1050 && attach raw_tracepoint $p/raw &&
	attach event $p/event 1 9 || exit

# `link N:` lines are ours alone. Descriptors of one process are in the order of its directory.
status=0
beside -e "/$ours/!d" <<END || status=1
perf
perf show
perf list foo
END
[ "$(skep perf show | grep -c "$ours")" = 4 ] || { skep perf show; status=1; }
bpftool -j perf show >theirs && skep perf -j show >ours.json && skep perf -jf show >pinned.json &&
	python3 - $pids <<'END' || status=1
import json, sys
pids = [int(pid) for pid in sys.argv[1:]]
theirs = [e for e in json.load(open("theirs")) if e["pid"] in pids]
all = json.load(open("ours.json"))
ours = [e for e in all if e["pid"] in pids]
assert theirs == ours and len(ours) == 4, (theirs, ours)
assert all[0].keys() >= {"pid", "fd", "prog_id", "fd_type"}
held = {tuple(e["pinned"]): e for e in json.load(open("pinned.json")) if e.get("pinned")}
for name, want in {"tracepoint": {"fd_type": "tracepoint", "tracepoint": "sys_enter_getpid"},
                   "raw": {"fd_type": "raw_tracepoint", "tracepoint": "sys_enter"},
                   "event": {"fd_type": "event", "event": "software:dummy"},
                   "uprobe": {"fd_type": "uprobe", "offset": 0x1050}}.items():
    e = held["/sys/fs/bpf/perf/" + name,]
    assert e["pid"] is None and e["fd"] is None and e["link_id"] > 0 and want.items() <= e.items(), e
END
link=$(skep link -j show pinned $p/uprobe | sed 's/.*"id":\([0-9]*\),"type".*"prog_id":\([0-9]*\).*/link \1: prog_id \2/')
skep perf show | grep -qxF "$link  uprobe  filename $PWD/traced  offset 4176" || { skep perf show; status=1; }
# A link of which a process holds the event is there once, as that.
for prog in $(skep perf show | grep "$ours" | sed 's/.*: prog_id \([0-9]*\) .*/\1/'); do
	skep perf show | grep "^link .*: prog_id $prog " && { echo "a process holds it"; status=1; }
done
setpriv --bounding-set=-all skep perf show >out 2>&1 && status=1
cat >want <<'END'
Error: perf_query_support: Operation not permitted
HINT: non root or kernel doesn't support TASK_FD_QUERY
END
diff want out || status=1
exit $status
