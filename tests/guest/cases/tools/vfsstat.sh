# timeout: 60
# Sums over the lines: what was asked for and little more.
tool=/tools/vfsstat.bt
on-cue go work read /etc/passwd 10 130 & pid=$!
cat >load.sh <<END
work write f 10 300 1
work read /etc/passwd 10 400
work open /etc/group 50
for i in 1 2 3 4 5 6 7; do mkdir d\$i; done
rmdir d1 d2 d3 d4 d5 d6
work churn . 5
cue go $pid
END
during 'sh load.sh' <<END || exit
all $tool
one $tool -p $pid
json $tool --json
END
cat all one json
[ "$(head -n 1 all)" = 'TIME         READ/s  WRITE/s  FSYNC/s   OPEN/s CREATE/s UNLINK/s  MKDIR/s  RMDIR/s' ] || exit 1
grep -qE '^[0-9]{2}:[0-9]{2}:[0-9]{2}:  +[0-9]' all || exit 1
sums() { awk '/^[0-9]/ { for (i = 2; i <= 9; i++) n[i] += $i } END { print n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9] }' "$1"; }
sums all | awk '{ exit !($1 >= 530 && $1 < 1000 && $2 >= 300 && $2 < 500 && $3 == 300 && $4 >= 71 && $4 < 400 &&
	$6 >= 20 && $6 < 40 && $7 == 7 && $8 == 6) }' || { sums all; exit 1; }
sums one | awk '{ exit !($1 >= 130 && $1 < 150 && $2 == 0 && $3 == 0 && $4 >= 1 && $4 < 10 && $7 == 0 && $8 == 0) }' || { sums one; exit 1; }
grep -qE '"fsync_s": [0-9]+, "open_s": [0-9]+, .*"rmdir_s": [0-9]+\}$' json || exit 1
# Every so often, so many times; per second.
echo 'work write f 10 600; exec sleep 5' >l.sh
skep -q -c 'sh l.sh' $tool 2 2 >out || exit
cat out
[ "$(wc -l <out)" -eq 3 ] && sums out | awk '{ exit !($2 >= 300 && $2 < 330) }'
