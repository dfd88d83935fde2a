# timeout: 120
# Six processes for two CPUs: some have to wait for milliseconds.
skep -q -c 'work spin 500 6' /tools/runqslower.bt 2000 -P >out || exit
cat out
sed -n 1p out | grep -qx 'Tracing run queue latency higher than 2000 us' || exit 1
sed -n 2p out | grep -qx 'TIME     COMM             TID           LAT(us) PREV COMM        PREV TID' || exit 1
awk 'NR > 2 && $4 <= 2000 { exit 1 }' out || exit 1
[ "$(grep -cE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] work +[0-9]+ +[0-9]+ work +[0-9]+ *$' out)" -gt 5 ] || exit 1
# One process, one thread: each wait.
work sleep 20 1000 &
for only in "-p $!" "-t $!"; do
	skep -q -c 'work sleep 1000 1' /tools/runqslower.bt --json 0 $only >out || exit
	[ "$(wc -l <out)" -gt 2 ] || exit 1
	grep -qvE "^\{\"time\": \"[0-9:]{8}\", \"comm\": \"work\", \"tid\": $!, \"lat_us\": [0-9]+\}$" out && exit 1
done
kill $!
skep -q -c 'work sleep 10 1' /tools/runqslower.bt -P 5000000000 >out || exit
[ "$(wc -l <out)" -eq 2 ]
