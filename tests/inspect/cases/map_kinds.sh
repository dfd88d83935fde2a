# timeout: 120
# Every kind of map that can be made here, empty and filled, beside bpftool: what each command says.
p=/sys/fs/bpf/map_kinds
mkdir $p || exit
trap "rm -rf $p" EXIT
while read -r type key value entries flags; do
	bpftool map create $p/$type type "$type" key "$key" value "$value" entries "$entries" name "n_$type" $flags || exit
	case $key in
	0) with='' ;;
	8) with='key 8 0 0 0 1 0 0 0' ;;
	*) with='key 1 0 0 0' ;;
	esac
	for command in "dump pinned $p/$type" "lookup pinned $p/$type $with"; do
		# bpftool warns of this one in JSON, too.
		case "$type $command" in reuse*\ dump*) ;; *) echo "map -j $command" ;; esac
		echo "map $command"
	done
	echo "map getnext pinned $p/$type"
	echo "map getnext pinned $p/$type $with"
	echo "map delete pinned $p/$type $with"
	echo "map -j peek pinned $p/$type"
done >lines <<'END'
hash 4 4 4
percpu_hash 4 4 4
lru_hash 4 20 4
lru_percpu_hash 4 20 4
array 4 1 3
percpu_array 4 1 3
prog_array 4 4 4
perf_event_array 4 4 2
stack_trace 4 64 4
cgroup_array 4 4 2
lpm_trie 8 4 4 flags 1
devmap 4 4 2
devmap_hash 4 4 2
sockmap 4 4 2
sockhash 4 4 2
cpumap 4 4 2
xskmap 4 4 2
reuseport_sockarray 4 4 2
queue 0 4 4
stack 0 20 4
ringbuf 0 0 4096
user_ringbuf 0 0 4096
bloom_filter 0 4 4
END
beside <lines || exit

# Filled: as many as two reads bring, values of several rows; a map of maps, a trie, a queue.
for side in 1 2; do
	bpftool map create $p/l$side type lpm_trie key 8 value 4 entries 9 name lpm flags 1
	bpftool map create $p/p$side type percpu_hash key 3 value 20 entries 9 name pch
	bpftool map create $p/i$side type hash key 4 value 4 entries 2 name inner
	bpftool map create $p/o$side type array_of_maps key 4 value 4 entries 4 name outer inner_map pinned $p/i$side
	bpftool map create $p/s$side type stack key 0 value 2 entries 2 name st
	bpftool map create $p/b$side type bloom_filter key 0 value 2 entries 2 name bl
	bpftool map create $p/t$side type array key 4 value 4 entries 2 name twins$side
	bpftool map create $p/u$side type hash key 4 value 4 entries 2 name twins$side
	bpftool map create $p/d$side type devmap key 4 value 4 entries 2 name dev
	bpftool map create $p/a$side type prog_array key 4 value 4 entries 2 name pa
done || exit
beside -e 's/^[0-9]*: /N: /' -e 's/"id": *[0-9]*/"id":N/g' -e 's/inner_map_id: [0-9]*/inner_map_id: N/' \
	-e 's/"inner_map_id": *[0-9]*/"inner_map_id":N/' \
	-e '/inner_map_id/s/"value":[[][^]]*/"value":[/' \
	<<END || exit
map update pinned $p/l@ key 24 0 0 0 10 1 2 0 value 1 2 3 4
map update pinned $p/l@ key hex 8 0 0 0 a 0 0 0 value hex ff 1 2 3
map update pinned $p/l@ key 33 0 0 0 10 1 2 0 value 1 2 3 4
map lookup pinned $p/l@ key 32 0 0 0 10 1 2 3
map -j lookup pinned $p/l@ key 32 0 0 0 11 1 2 3
map dump pinned $p/l@
map getnext pinned $p/l@ key 8 0 0 0 10 0 0 0
map update pinned $p/p@ key 1 2 3 value 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
map dump pinned $p/p@
map -j dump pinned $p/p@
map -p lookup pinned $p/p@ key 1 2 3
map update pinned $p/o@ key 1 0 0 0 value pinned $p/i@
map update pinned $p/o@ key 2 0 0 0 value
map update pinned $p/o@ key 2 0 0 0 value pinned $p/s@
map delete pinned $p/o@ key 1 0 0 0
map -j dump pinned $p/o@
map push pinned $p/s@ value 1 2
map push pinned $p/s@ value 3 4
map push pinned $p/s@ value 5 6
map peek pinned $p/s@
map -j pop pinned $p/s@
map pop pinned $p/s@
map push pinned $p/b@ value 7 7
map update pinned $p/t@ key 1 0 0 0 value 5 0 0 0
map update pinned $p/u@ key 1 0 0 0 value 5 0 0 0
map dump name twins@
map -j dump name twins@
map -p dump name twins@
map lookup name twins@ key 1 0 0 0
map update pinned $p/d@ key 1 0 0 0 value 1 0 0 0
map dump pinned $p/d@
map -j dump pinned $p/d@
map update pinned $p/a@ key 1 0 0 0 value
map -j dump pinned $p/a@
map create $p/x@ type hash key 4 value 4 entries 4 name x dev nodev
map create $p/x@ type hash key 4 value 4 entries 4 name x dev lo
map create $p/x@ type hash key 4 value 4 entries 4 name x flags
map create $p/x@ type hash key 4 value 4 entries 4 name x flags 1 flags 1
map create $p/x@ type hash key 4 value 4 entries 4 name x foo 1
END

said() { # STATUS COMMAND...
	want=$1
	shift
	bpftool() { skep "$@"; }
	skep "$@" >out 2>&1
	status=$?
	[ "$status" = "$want" ] || { echo "status $status, not $want: $*"; cat out; exit 1; }
	cat out
}
{
	said 255 map create $p/x type hash key 4 value 4 entries 4 name x offload_dev nodev
	said 255 map create $p/x type hash key 4 value 4 entries 4 name x name y
	said 255 map create $p/x type array key 4 value 4 entries "" name y
	said 0 map create $p/pe type perf_event_array key 4 value 4 entries 0 name pe
} >all 2>&1 || { cat all; exit 1; }
cat >want <<'END'
Error: unrecognized netdevice 'nodev': No such device
Error: map name already specified
Error: can't parse  as max entries
END
diff want all || exit
bpftool map show pinned $p/pe | grep -q "max_entries $(getconf _NPROCESSORS_CONF) " || { echo "not an entry for each CPU"; exit 1; }
