skep -q -c 'work lock 50 4' /tools/mutexlat.bt >out || exit
cat out
# Four waits of nearly 50 ms by thread_lock(), four of nothing by do_lock().
awk '/thread_lock\+/ { on = 1 } on && /^\]: / { if ($2 >= 150000 && $2 < 5000000) n++; on = 0 } END { exit n < 1 }' out ||
	exit 1
awk '/^\[/ { sub(/^\[[^]]*[])] +/, ""); n += $1 } END { exit n < 8 }' out
