# timeout: 60
# BTF in the kernel, with whom it was loaded; that of a program and of a map.
p=/sys/fs/bpf/btf_show
mkdir $p || exit
trap 'rm -r $p' EXIT
object=$(dirname "$(command -v target)")/skel.bpf.o
[ -e "$object" ] || { echo "there is no compiler for BPF"; exit 77; }
/usr/sbin/bpftool prog loadall "$object" $p/progs pinmaps $p/maps || exit
/usr/sbin/bpftool map create $p/none type hash key 4 value 4 entries 1 name none || exit
prog=$p/progs/count
id=$(/usr/sbin/bpftool -j prog show pinned $prog | sed 's/.*"btf_id":\([0-9]*\).*/\1/')
ln -s "$(command -v skep)" bpftool
# Lists of ids are sorted; bpftool's are in the order of its table.
sorted='s/\(map\|prog\)_ids.*/\1_ids/'
beside -e "$sorted" <<END || exit
btf show id 1
btf list id 1
-j btf show id 1
-p btf list id 1
btf show id $id
-j btf show id $id
btf dump id $id
-j btf dump id $id
btf dump prog pinned $prog
btf dump map pinned $p/maps/sightings
btf dump map pinned $p/maps/sightings key
btf dump map pinned $p/maps/sightings value
btf dump map pinned $p/maps/sightings kv
btf dump map pinned $p/maps/sightings all
-j btf dump map pinned $p/maps/sightings
END
ids=$(/usr/sbin/bpftool -j map show pinned $p/maps/sightings | sed 's/.*"id":\([0-9]*\).*/\1/')
./bpftool btf show id "$id" | grep -qE "  prog_ids [0-9,]+  map_ids ([0-9]+,)*$ids(,[0-9]+)*$" ||
	{ ./bpftool btf show id "$id"; exit 1; }
./bpftool -j btf show id "$id" | python3 -c '
import json, sys
b = json.load(sys.stdin)
assert b["map_ids"] == sorted(b["map_ids"]) and b["prog_ids"] and b["kernel"] is False, b'
# All of them: others of this machine come and go.
./bpftool -j btf show | python3 -c '
import json, sys
all = {b["id"]: b for b in json.load(sys.stdin)}
assert all[1]["name"] == "vmlinux" and all[1]["kernel"] and int(sys.argv[1]) in all' "$id" || exit
[ "$(./bpftool btf show | grep -c "^$id: name <anon>  size [0-9]*B")" = 1 ] || exit
# In C: what is asked for and what that needs.
./bpftool btf dump map pinned $p/maps/sightings value format c | grep -q '^struct pair {$' || exit
./bpftool btf dump map pinned $p/maps/sightings key format c | grep -q '^struct pair {$' && exit 1
./bpftool btf dump map pinned $p/none 2>&1 | grep -q '^Error: get btf by id (0): No such file or directory$'
