# Ten naps of 30 ms.
skep -q -c 'work sleep 30 10' /tools/offcputime.bt work >out || exit
cat out
grep -q 'nanosleep' out || exit 1
awk '/nanosleep/ { on = 1 } on && /^, work\]: / { sub(/.*: /, ""); if ($1 >= 300000 && $1 < 9000000) n++; on = 0 }
	END { exit n != 1 }' out
