skep -q -c 'work pingpong 200' /tools/wakeups.bt >out || exit
cat out
awk -F ': ' '/^@\[work, work\]/ && $2 >= 250 && $2 < 500 { n++ } END { exit n != 1 }' out
