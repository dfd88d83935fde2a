# Three programs by a known parent, each with its argument.
skep -q -c 'work exec 3 /bin/busybox true' /tools/execsnoop.bt >out || exit
cat out
head -n 1 out | grep -qx 'TIME     COMM             PID     PPID    ARGS' || exit 1
[ "$(grep -cE '^[0-9:]{8} work +[0-9]+ +[0-9]+ +/bin/busybox true$' out)" -eq 3 ] || exit 1
# The command itself, and the parent of the three.
parent=$(awk '$NF == 3 || / work exec 3/ { print $3 }' out)
[ "$(awk -v p="$parent" '/busybox true$/ && $4 == p' out | wc -l)" -eq 3 ]
