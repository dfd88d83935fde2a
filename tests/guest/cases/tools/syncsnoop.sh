tool=/tools/syncsnoop.bt
begin=$(cut -d. -f1 /proc/uptime)
echo 'work sync 2; work write file 100 3 1' >l.sh
skep -q -c 'sh l.sh' $tool >out || exit
cat out
[ "$(head -n 1 out)" = 'TIME(s)            COMM             CALL            ' ] || exit 1
[ "$(grep -cE '^[0-9]+\.[0-9]{9} +work             sync            $' out)" -eq 2 ] &&
	[ "$(grep -cE '^[0-9]+\.[0-9]{9} +work             fsync           $' out)" -eq 3 ] || exit 1
# The time is that since the machine started.
awk -v b="$begin" -v e="$(cut -d. -f1 /proc/uptime)" 'NR > 1 && ($1 < b || $1 > e + 1) { n++ } END { exit n }' out || exit 1
skep -q --engine user -c 'work sync 2' $tool --json >out || exit
[ "$(grep -cE '^\{"time_s": [0-9.]+, "comm": "work", "call": "sync"\}$' out)" -eq 2 ]
