skep -q -c 'work brk 8192 6' /tools/brkstack.bt >out || exit
cat out
# sbrk() of libc.
awk '/s?brk\+/ { on = 1 } on && /^\]: / { n += $2; on = 0 } END { exit !(n >= 6 && n < 12) }' out
