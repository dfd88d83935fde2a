skep -q -c 'work threads 5' /tools/threadsnoop.bt >out || exit
cat out
# Five threads of one process, none of them twice, and no process.
[ "$(awk '$2 == "work" { print $3 }' out | sort -u | wc -l)" -eq 1 ] || exit 1
[ "$(awk '$2 == "work" && $4 != $3 { print $4 }' out | sort -u | wc -l)" -eq 5 ] || exit 1
skep -q -c 'work fork 5 0' /tools/threadsnoop.bt >out || exit
[ "$(grep -c work out)" -eq 0 ]
