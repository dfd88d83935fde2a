# timeout: 60
# A session of our own machine, looked at from outside in the same words.
vm() { # STATUS WORDS...
	want=$1
	shift
	skep vm "$@" >out 2>&1
	status=$?
	[ "$status" = "$want" ] || { echo "status $status, not $want: $*"; cat out; exit 1; }
}
is() { # PATTERN: a line of what was said
	grep -qE "$1" out || { echo "no line $1:"; cat out; exit 1; }
}
vm 0 sessions
[ -s out ] && exit 1
vm 255 prog show
is '^Error: no session of this user runs here$'
vm 255 map show --pid $$
is "^Error: process $$ has no session: "
vm 255 map show --pid x
is "^Error: can't parse x as PID$"

cat >script.bt <<'END'
config = { max_map_keys = 77 }
tracepoint:syscalls:sys_enter_kill { @calls[args.sig] = count(); @last = (uint32)args.sig; }
END
cat >command.sh <<'END'
skep vm sessions >sessions
kill -0 $$
kill -0 $$
skep vm prog show >progs
skep vm prog show -j >progs.json && skep vm map -j >maps.json && skep vm map >maps || exit 1
skep vm top -j interval 0.1 count 2 all name 'sys_*' >top.json || exit 1
skep vm prog show id 99 >none 2>&1
skep vm map pin id 1 /x >pin 2>&1
skep vm map show foo 1 >foo 2>&1
skep vm nonsense >nonsense 2>&1
skep vm prog help >usage 2>&1
skep vm map dump name calls >dump && skep vm map dump name calls -j >dump.json || exit 1
skep vm map update name calls key 9 0 0 0 0 0 0 0 value 7 0 0 0 0 0 0 0 || exit 1
skep vm map lookup name calls key 9 0 0 0 0 0 0 0 >lookup || exit 1
skep vm map getnext name calls key 9 0 0 0 0 0 0 0 >/dev/null
skep vm map delete name calls key 0 0 0 0 0 0 0 0 || exit 1
skep vm map delete name calls key 0 0 0 0 0 0 0 0 2>again && exit 1
skep vm map lookup name calls key 1 2 2>short
skep vm map create /x type hash key 4 value 4 entries 1 name x >create 2>&1
skep vm prog dump xlated name sys_enter_kill linum >xlated && skep vm prog explain name sys_enter_kill >explained &&
	skep vm prog graph name sys_enter_kill >graph.svg || exit 1
END
skep -q --engine user -c 'sh command.sh' script.bt >said 2>&1 || { cat said; exit 1; }
cat sessions progs maps none pin xlated dump lookup again short create >out
is '^[0-9]+: skep  progs 1  maps [0-9]+$'
is '^1: tracepoint  name sys_enter_kill  tag [0-9a-f]{16}  gpl run_time_ns [0-9]+ run_cnt 2$'
is '^	loaded_at 20.*  uid 0$'
is '^	xlated [0-9]+B  (not )?jited.*map_ids [0-9,]+$'
is '^[0-9]+: percpu_hash  name .*calls  flags '
is '^	key [48]B  value [0-9]+B  max_entries 77$'
is '^value \(CPU 00\): 02 00 00 00 00 00 00 00$'
is '^Found 1 element$'
is '^value \(CPU 00\): 07 00 00 00 00 00 00 00$'
is '^Error: delete failed: No such file or directory$'
is '^Error: key expected 8 bytes got 2$'
is "^Error: 'map create' is for objects in the kernel\$"
# What was put in and taken out is what the session itself says at its end.
grep -qx '@calls\[9\]: 14' said || grep -qx '@calls\[9\]: 7' said || { cat said; exit 1; }
grep -q '@calls\[0\]' said && exit 1
is '^Error: get by id \(99\): No such file or directory$'
is "^Error: 'map pin' is for objects in the kernel\$"
is '^long sys_enter_kill\(void \* ctx\):$'
is '^; tracepoint:syscalls:sys_enter_kill .* \[file:.*script.bt line_num:2 line_col:[0-9]+\]$'
is '^ +[0-9]+: \(18\) r[0-9] = map\[id:[0-9]+\]$'
is '^ +[0-9]+: \(85\) call bpf_map_lookup_elem#1$'
grep -qE 'call bpf_map_lookup_elem#1 +; R0=map_value_or_null\(.*map=.*calls' explained || { cat explained; exit 1; }
grep -q '^ *[0-9]*: .* ? ' explained && { cat explained; exit 1; }
grep -q "^Error: expected 'id', 'name' or 'pinned', got: 'foo'?" foo || { cat foo; exit 1; }
grep -q "has no word 'nonsense'" nonsense || { cat nonsense; exit 1; }
grep -q '^Usage: skep vm prog { show | list } ' usage || { cat usage; exit 1; }
python3 - <<'END'
import json, xml.dom.minidom
progs, maps = json.load(open("progs.json")), json.load(open("maps.json"))
assert [p["name"] for p in progs] == ["sys_enter_kill"], progs
tops = [json.loads(line) for line in open("top.json")]
assert [[p["name"] for p in top["programs"]] for top in tops] == [["sys_enter_kill"]] * 2, tops
assert progs[0]["run_cnt"] == 2 and progs[0]["bytes_xlated"] % 8 == 0, progs
assert xml.dom.minidom.parse("graph.svg").documentElement.tagName == "svg"
(entry,) = json.load(open("dump.json"))
assert entry["key"] == ["0x00"] * 8 and sum(int(v["value"][0], 16) for v in entry["values"]) == 2, entry
assert {m["id"] for m in maps} >= set(progs[0]["map_ids"]), (progs, maps)
END
