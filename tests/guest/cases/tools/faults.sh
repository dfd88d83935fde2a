# 700 first writes to fresh pages, by one instruction.
skep -q -c 'work touch 700' /tools/faults.bt >out || exit
cat out
awk -F ': ' '/^@faults\[work\]/ && $2 >= 700 && $2 < 1000 { n++ } END { exit n != 1 }' out || exit 1
awk '/do_touch\+/ { on = 1 } on && /^\]: / { if ($2 == 700) n++; on = 0 } END { exit n != 1 }' out
