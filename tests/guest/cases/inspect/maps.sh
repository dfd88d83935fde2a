# timeout: 60
# Maps in bpftool's words: made, shown, filled, read, emptied; what is wrong is said as it says it.
grep -q ' /sys/fs/bpf bpf ' /proc/mounts || mount -t bpf bpf /sys/fs/bpf || exit 1
p=/sys/fs/bpf/t
rm -rf $p && mkdir -p $p || exit 1
ln -sf "$(command -v skep)" bpftool
# What differs between machines: numbers of maps, memory.
said() { # STATUS COMMAND...
	want=$1
	shift
	./bpftool "$@" >out 2>&1
	status=$?
	[ "$status" = "$want" ] || { echo "status $status, not $want: $*"; cat out; exit 1; }
	echo "> $*"
	sed -E 's/^[0-9]+: /N: /; s/"id": ?[0-9]+/"id":N/; s/memlock [0-9]+B/memlock NB/; s/"bytes_memlock": ?[0-9]+/"bytes_memlock":N/; s/inner_map_id: [0-9]+/inner_map_id: N/; s/"inner_map_id":[0-9]+/"inner_map_id":N/' out
}
{
	said 0 map create $p/h type hash key 4 value 8 entries 4 name myhash
	said 0 map show pinned $p/h
	said 0 -j map show pinned $p/h
	said 0 -f map show pinned $p/h
	said 0 map update pinned $p/h key 1 2 3 4 value 1 2 3 4 5 6 7 8
	said 0 -j map update pinned $p/h key hex 0a 0b 0c 0d value hex ff 00 00 00 00 00 00 01
	said 239 map update pinned $p/h key 1 2 3 4 value 8 7 6 5 4 3 2 1 noexist
	said 0 map lookup pinned $p/h key 1 2 3 4
	said 0 -j map lookup pinned $p/h key 1 2 3 4
	said 254 map lookup pinned $p/h key 9 2 3 4
	said 254 -j map lookup pinned $p/h key 9 2 3 4
	said 254 map delete pinned $p/h key 9 9 9 9
	said 0 map delete pinned $p/h key 10 11 12 13
	said 0 map dump pinned $p/h
	said 0 -j map dump pinned $p/h
	said 0 -p map dump pinned $p/h
	said 0 map getnext pinned $p/h
	said 254 map getnext pinned $p/h key 1 2 3 4
	said 0 m c $p/big t array k 4 v 20 e 1 n bigarr
	said 0 map dump pinned $p/big
	said 0 map freeze pinned $p/big
	said 255 map update pinned $p/big key 0 0 0 0 value 1 2 3
	said 255 map update pinned $p/big key 0 0 0 0 value 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
	said 0 map show pinned $p/big
	said 0 map create $p/q type queue key 0 value 4 entries 2 name q
	said 0 map push pinned $p/q value 1 2 3 4
	said 0 map peek pinned $p/q
	said 0 -j map peek pinned $p/q
	said 0 map dequeue pinned $p/q
	said 254 map pop pinned $p/q
	said 254 -j map pop pinned $p/q
	said 255 map push pinned $p/q key 1 value 1 2 3 4
	said 0 map create $p/in type array key 4 value 4 entries 2 name inner
	said 0 map create $p/out type array_of_maps key 4 value 4 entries 2 name outer inner_map pinned $p/in
	said 0 map update pinned $p/out key 0 0 0 0 value pinned $p/in
	said 0 map dump pinned $p/out
	said 0 map pin pinned $p/in $p/in2
	said 255 map pin pinned $p/in $p/in2
	said 255 map create $p/x type foo key 4 value 4 entries 2 name q
	said 255 map create $p/x type hash key x value 4 entries 2 name q
	said 255 map create $p/x type hash key 4 key 4 entries 2 name q
	said 255 map create $p/x type hash key 4 value 4 entries 2 flags 1
	said 234 map create $p/x type hash
	said 255 map create /tmp/none/x type hash key 4 value 4 entries 2 name x
	said 255 map create /tmp/x type hash key 4 value 4 entries 2 name x
	said 255 map lookup pinned $p/h key 1 2 3
	said 255 map lookup pinned $p/h key 1 2 x 4
	said 255 map lookup pinned $p/h key 1 2 256 4
	said 255 map lookup pinned $p/h foo
	said 255 map lookup pinned $p/h
	said 255 map update pinned $p/h key 1 2 3 4
	said 255 map update pinned $p/h value 1 2 3 4 5 6 7 8
	said 255 map update pinned $p/h key 1 2 3 4 value 1 2 3 4 5 6 7 8 exist any
	said 255 map show id 999999999
	said 255 map show id x
	said 255 map show foo 1
	said 255 map show id
	said 255 map show name nosuch
	said 255 map show pinned /nowhere
	said 255 -j map show pinned /nowhere
	said 255 prog show pinned $p/h
	said 255 prog show id 99999999
	said 255 prog show tag 12
	said 255 prog show tag 0123456789abcdef
	said 255 -j prog show name nosuch
	said 255 map show pinned /init
	said 255 -j --foo
	said 0 -j
} >all || { tail -n 5 all; exit 1; }
cat >want <<'END'
> map create /sys/fs/bpf/t/h type hash key 4 value 8 entries 4 name myhash
> map show pinned /sys/fs/bpf/t/h
N: hash  name myhash  flags 0x0
	key 4B  value 8B  max_entries 4  memlock NB
> -j map show pinned /sys/fs/bpf/t/h
{"id":N,"type":"hash","name":"myhash","flags":0,"bytes_key":4,"bytes_value":8,"max_entries":4,"bytes_memlock":N,"frozen":0}
> -f map show pinned /sys/fs/bpf/t/h
N: hash  name myhash  flags 0x0
	key 4B  value 8B  max_entries 4  memlock NB
	pinned /sys/fs/bpf/t/h
> map update pinned /sys/fs/bpf/t/h key 1 2 3 4 value 1 2 3 4 5 6 7 8
> -j map update pinned /sys/fs/bpf/t/h key hex 0a 0b 0c 0d value hex ff 00 00 00 00 00 00 01
null
> map update pinned /sys/fs/bpf/t/h key 1 2 3 4 value 8 7 6 5 4 3 2 1 noexist
Error: update failed: File exists
> map lookup pinned /sys/fs/bpf/t/h key 1 2 3 4
key: 01 02 03 04  value: 01 02 03 04 05 06 07 08
> -j map lookup pinned /sys/fs/bpf/t/h key 1 2 3 4
{"key":["0x01","0x02","0x03","0x04"],"value":["0x01","0x02","0x03","0x04","0x05","0x06","0x07","0x08"]}
> map lookup pinned /sys/fs/bpf/t/h key 9 2 3 4
key:
09 02 03 04

Not found
> -j map lookup pinned /sys/fs/bpf/t/h key 9 2 3 4
null
> map delete pinned /sys/fs/bpf/t/h key 9 9 9 9
Error: delete failed: No such file or directory
> map delete pinned /sys/fs/bpf/t/h key 10 11 12 13
> map dump pinned /sys/fs/bpf/t/h
key: 01 02 03 04  value: 01 02 03 04 05 06 07 08
Found 1 element
> -j map dump pinned /sys/fs/bpf/t/h
[{"key":["0x01","0x02","0x03","0x04"],"value":["0x01","0x02","0x03","0x04","0x05","0x06","0x07","0x08"]}]
> -p map dump pinned /sys/fs/bpf/t/h
[{
        "key": ["0x01","0x02","0x03","0x04"
        ],
        "value": ["0x01","0x02","0x03","0x04","0x05","0x06","0x07","0x08"
        ]
    }
]
> map getnext pinned /sys/fs/bpf/t/h
key: None
next key:
01 02 03 04
> map getnext pinned /sys/fs/bpf/t/h key 1 2 3 4
Error: can't get next key: No such file or directory
> m c /sys/fs/bpf/t/big t array k 4 v 20 e 1 n bigarr
> map dump pinned /sys/fs/bpf/t/big
key:
00 00 00 00
value:
00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
00 00 00 00
Found 1 element
> map freeze pinned /sys/fs/bpf/t/big
> map update pinned /sys/fs/bpf/t/big key 0 0 0 0 value 1 2 3
Error: value expected 20 bytes got 3
> map update pinned /sys/fs/bpf/t/big key 0 0 0 0 value 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
Error: update failed: Operation not permitted
> map show pinned /sys/fs/bpf/t/big
N: array  name bigarr  flags 0x0
	key 4B  value 20B  max_entries 1  memlock NB
	frozen
> map create /sys/fs/bpf/t/q type queue key 0 value 4 entries 2 name q
> map push pinned /sys/fs/bpf/t/q value 1 2 3 4
> map peek pinned /sys/fs/bpf/t/q
value: 01 02 03 04
> -j map peek pinned /sys/fs/bpf/t/q
{"key":[],"value":["0x01","0x02","0x03","0x04"]}
> map dequeue pinned /sys/fs/bpf/t/q
value: 01 02 03 04
> map pop pinned /sys/fs/bpf/t/q
Error: empty map
> -j map pop pinned /sys/fs/bpf/t/q
null
> map push pinned /sys/fs/bpf/t/q key 1 value 1 2 3 4
Error: unnecessary key
> map create /sys/fs/bpf/t/in type array key 4 value 4 entries 2 name inner
> map create /sys/fs/bpf/t/out type array_of_maps key 4 value 4 entries 2 name outer inner_map pinned /sys/fs/bpf/t/in
> map update pinned /sys/fs/bpf/t/out key 0 0 0 0 value pinned /sys/fs/bpf/t/in
> map dump pinned /sys/fs/bpf/t/out
key: 00 00 00 00  inner_map_id: N 
Found 1 element
> map pin pinned /sys/fs/bpf/t/in /sys/fs/bpf/t/in2
> map pin pinned /sys/fs/bpf/t/in /sys/fs/bpf/t/in2
Error: can't pin BPF object: path '/sys/fs/bpf/t/in2' already exists
> map create /sys/fs/bpf/t/x type foo key 4 value 4 entries 2 name q
Error: unrecognized map type: foo
> map create /sys/fs/bpf/t/x type hash key x value 4 entries 2 name q
Error: can't parse x as key size
> map create /sys/fs/bpf/t/x type hash key 4 key 4 entries 2 name q
Error: key size already specified
> map create /sys/fs/bpf/t/x type hash key 4 value 4 entries 2 flags 1
Error: map name not specified
> map create /sys/fs/bpf/t/x type hash
Error: 'create' needs at least 7 arguments, 3 found
> map create /tmp/none/x type hash key 4 value 4 entries 2 name x
Error: can't pin BPF object: dir '/tmp/none' doesn't exist
> map create /tmp/x type hash key 4 value 4 entries 2 name x
Error: /tmp is in no BPF file system: mount -t bpf bpf DIR makes one
> map lookup pinned /sys/fs/bpf/t/h key 1 2 3
Error: key expected 4 bytes got 3
> map lookup pinned /sys/fs/bpf/t/h key 1 2 x 4
Error: error parsing byte: x
> map lookup pinned /sys/fs/bpf/t/h key 1 2 256 4
Error: 256 is more than a byte holds
> map lookup pinned /sys/fs/bpf/t/h foo
Error: expected key or value, got: foo
> map lookup pinned /sys/fs/bpf/t/h
Error: did not find key
> map update pinned /sys/fs/bpf/t/h key 1 2 3 4
Error: did not find value
> map update pinned /sys/fs/bpf/t/h value 1 2 3 4 5 6 7 8
Error: did not find key
> map update pinned /sys/fs/bpf/t/h key 1 2 3 4 value 1 2 3 4 5 6 7 8 exist any
Error: flags specified multiple times: any
> map show id 999999999
Error: get map by id (999999999): No such file or directory
> map show id x
Error: can't parse x as ID
> map show foo 1
Error: expected 'id', 'name' or 'pinned', got: 'foo'?
> map show id
Error: what is 'id'?
> map show name nosuch
Error: no map matches name 'nosuch'
> map show pinned /nowhere
Error: bpf obj get (/nowhere): No such file or directory
> -j map show pinned /nowhere
{"error":"bpf obj get (/nowhere): No such file or directory"}
> prog show pinned /sys/fs/bpf/t/h
Error: incorrect object type: map
> prog show id 99999999
Error: get by id (99999999): No such file or directory
> prog show tag 12
Error: can't parse tag
> prog show tag 0123456789abcdef
Error: no program matches this tag
> -j prog show name nosuch
{"error":"no program matches name 'nosuch'"}
> map show pinned /init
Error: bpf obj get (/init): directory not in bpf file system (bpffs)
> -j --foo
{"error":"unrecognized option '--foo'"}
> -j
null
END
diff want all
status=$?
rm -rf $p
exit $status
