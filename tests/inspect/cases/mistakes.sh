# timeout: 90
# Lines with mistakes in them, beside bpftool, and those that the specification answers otherwise.
p=/sys/fs/bpf/mistakes
mkdir $p || exit
trap 'rm -r $p' EXIT
for side in 1 2; do
	bpftool map create $p/h$side type hash key 4 value 4 entries 4 name myhash &&
		bpftool map create $p/q$side type queue key 0 value 4 entries 2 name myq || exit
done
beside <<END || exit
map create $p/x type hash type array key 4 value 4 entries 1 name x
map create $p/x type nonsense key 4 value 4 entries 1 name x
map create $p/x type hash key 4 value 4 entries 1 flags 1
map create $p/x type hash key 4 value 4 entries x name x
map create $p/x type hash key 4 value 4 entries 1 bar x name x
map create $p/x type array key 8 value 4 entries 1 name x
-j map create $p/x type nonsense key 4 value 4 entries 1 name x
map update pinned $p/q@ key 0 0 0 0 value 1 2 3 4
map update pinned $p/h@ key 0 0 0 0 key 0 0 0 0 value 1 2 3 4
map update pinned $p/h@ key 0 0 0 0 value 1 2 3 4 value 1 2 3 4
map update pinned $p/h@ key 0 0 0 0 value 1 2 3 4 any exist
map update pinned $p/h@ key 0 0 0 0 value 1 2 3 4 foo
map update pinned $p/h@ key 0 0 0 0 value 1 2 3 4 exist
map lookup pinned $p/h@ key hex 0g 0 0 0
map lookup name averylongnameofamapthatnobodyhas key 0 0 0 0
map freeze pinned $p/h@
map freeze pinned $p/h@
prog show name $(printf 'x%.0s' $(seq 200))
prog dump nonsense id 1
btf dump id 1 format x
btf show foo 1
link show foo 1
link show id x
perf nonsense_is_no_word 2>/dev/null
cgroup show /nowhere
cgroup attach /nowhere
net show dev nosuchdevice
net attach foo id 1 dev lo
gen skeleton /nowhere
struct_ops show name nosuch
feature probe foo
feature probe macros prefix
feature list_builtins foo
batch file /nowhere
END
ln -s "$(command -v skep)" bpftool
says() { # STATUS TEXT WORDS...
	want=$1 text=$2
	shift 2
	./bpftool "$@" >out 2>&1
	status=$?
	[ "$status" = "$want" ] && grep -qxF -- "$text" out || { echo "status $status, not $want, or no '$text': $*"; cat out; exit 1; }
}
says 255 'Error: map name already specified' map create $p/x type hash key 4 value 4 entries 1 name x name y
says 234 "Error: 'create' needs at least 7 arguments, 0 found" map create
says 255 "Error: 'pin' needs at least 2 arguments, 0 found" iter pin
for words in 'btf show' 'btf dump' 'prog show' 'map show' 'link show'; do
	says 255 "Error: can't parse 99999999999 as ID" $words id 99999999999
	says 255 "Error: can't parse -1 as ID" $words id -- -1
done
says 255 "Error: can't parse 5000000000 as max entries" map create $p/x type hash key 4 value 4 entries 5000000000 name x
says 255 "Error: no map matches name 'nosuch'" map show name nosuch
says 255 "Error: no program matches name 'nosuch'" prog show name nosuch
says 255 'Error: 300 is more than a byte holds' map lookup pinned $p/h1 key 300 0 0 0
says 255 "Error: unrecognized option '--nonsense'" map show --nonsense
says 255 "Error: unrecognized option '--pid'" map show --pid 1
says 255 "{\"error\":\"unrecognized option '--nonsense'\"}" map show --nonsense -j
says 255 'Error: pop: this map is neither a queue nor a stack' map pop pinned $p/h1
says 0 'null' -j map help
echo "map watch pinned $p/h1" >batch
says 255 '[{"command":["map","watch","pinned","/sys/fs/bpf/mistakes/h1"],"output":{"error":"each change is a line of JSON of its own: not in a batch"}}]' -j batch file batch
./bpftool -j version | python3 -c '
import json, sys
v = json.load(sys.stdin)
assert v["features"] == {"libbfd": False, "llvm": False, "capstone": True, "crypto": False, "skeletons": True, "bootstrap": False}, v
assert v["version"] and v["libbpf_version"].count(".") == 1, v' || exit
# With several sessions one has to be chosen.
echo 'tracepoint:syscalls:sys_enter_kill { @ = count(); }' >script.bt
cat >inner.sh <<'END'
skep vm prog show 2>several
skep vm sessions show foo 2>more
for pid in $(skep vm sessions | sed 's/:.*//'); do skep vm prog show --pid $pid; done >each
END
mkfifo life
skep -q --engine user -c 'cat life' script.bt >/dev/null 2>&1 &
exec 9>life
wait-until 'skep vm sessions | grep -q .' || exit
skep -q --engine user -c 'sh inner.sh' script.bt >said 2>&1 || { cat said; exit 1; }
exec 9>&-
wait
grep -qxF "Error: 2 sessions run here: say with --pid which is meant ('skep vm sessions' lists them)" several &&
	[ "$(grep -c 'name sys_enter_kill' each)" = 2 ] &&
	grep -qxF "Error: expected no more arguments, got: 'foo'?" more || { cat several each more; exit 1; }
