# timeout: 60
# Maps of each shape beside bpftool: shown, filled, read, emptied, and what is wrong said alike.
p=/sys/fs/bpf/map_data
mkdir $p || exit
trap 'rm -r $p' EXIT
for side in 1 2; do
	bpftool map create $p/h$side type hash key 4 value 8 entries 4 name myhash
	bpftool map create $p/big$side type array key 4 value 20 entries 2 name bigarr
	bpftool map create $p/pc$side type percpu_array key 4 value 4 entries 2 name pcarr
	bpftool map create $p/q$side type queue key 0 value 4 entries 2 name myq
	bpftool map update pinned $p/h$side key hex 0a 0b 0c 0d value hex ff 00 00 00 00 00 00 01
done || exit
for map in h big pc q; do
	for options in '' -j -p; do
		# A newer bpftool has the member in every object.
		echo "$options map dump pinned $p/${map}@"
		echo "$options map show pinned $p/${map}@"
	done
done >lines
cat >>lines <<END
map lookup pinned $p/h@ key 10 11 12 13
-j map lookup pinned $p/h@ key 10 11 12 13
map lookup pinned $p/h@ key 1 2 3 5
-j map lookup pinned $p/h@ key 1 2 3 5
map lookup pinned $p/h@ key 1 2 3
map lookup pinned $p/h@ key 1 2 x 4
map lookup pinned $p/h@ foo
map lookup pinned $p/h@
map getnext pinned $p/h@
-j map getnext pinned $p/h@
map getnext pinned $p/h@ key 10 11 12 13
map update pinned $p/h@ key 1 2 3 4 value 8 7 6 5 4 3 2 1
-j map update pinned $p/h@ key 1 2 3 4 value 8 7 6 5 4 3 2 1 exist
map update pinned $p/h@ key 1 2 3 4 value 8 7 6 5 4 3 2 1 noexist
map update pinned $p/h@ key 1 2 3 4 value 8
map update pinned $p/h@ key 1 2 3 4
map update pinned $p/h@ value 1 2 3 4 5 6 7 8
map delete pinned $p/h@ key 9 9 9 9
map delete pinned $p/h@ key 1 2 3 4
map freeze pinned $p/big@
map update pinned $p/big@ key 0 0 0 0 value 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
map show pinned $p/big@
-f map show pinned $p/big@
map show id 999999999
map show id x
map show foo 1
map show id
map show pinned /nowhere
-j map show pinned /nowhere
END
beside -e 's/^[0-9]*: /N: /' -e 's/"id": *[0-9]*/"id":N/' <lines
