skep -q -c 'work tcp 7113 100 5' /tools/kmemsize.bt >out || exit
cat out
grep -qx '@bytes\[work\]:' out || exit 1
# Ten callers with names, the largest last.
[ "$(grep -cE '^@caller\[[a-z_][a-zA-Z0-9_.]*\]: [0-9]+$' out)" -ge 5 ] || exit 1
awk -F ': ' '/^@caller/ { if ($2 < last) bad = 1; last = $2 } END { exit bad }' out
