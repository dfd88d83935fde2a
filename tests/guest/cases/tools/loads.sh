echo 'cat /proc/loadavg >before; sleep 2.5; cat /proc/loadavg >after' >l.sh
skep -q -c 'sh l.sh' /tools/loads.bt >out || exit
cat out before after
# /proc rounds to hundredths what is shown in thousandths.
awk 'FILENAME != "out" { if ($1 > top) top = $1; if (low == "" || $1 < low) low = $1; next }
	/load averages/ && $4 >= low - 0.02 && $4 <= top + 0.02 && NF == 6 { n++ }
	END { exit n < 2 }' before after out
