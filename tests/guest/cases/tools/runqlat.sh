# timeout: 120
# Six processes for two CPUs: some have to wait for milliseconds.
run() { # OPTIONS...
	skep -q -c 'work spin 400 6' /tools/runqlat.bt "$@" >out || exit
	echo "== $*"
	cat out
}
run
sed -n 1p out | grep -qx 'Tracing run queue latency... Hit Ctrl-C to end.' || exit 1
sed -n 3p out | grep -qx '     usecs               : count     distribution' || exit 1
awk '$2 == "->" { all += $5; if ($1 >= 1024) late += $5 } END { exit !(all > late && late > 20) }' out || exit 1
# In milliseconds, by process: six of them waited long; one PID namespace has them all.
run -mTP
sed -n 3p out | grep -qE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] *$' || exit 1
grep -q '^     msecs ' out || exit 1
awk '/^pid = / { if (late) n++; late = 0 } $2 == "->" && $1 >= 2 && $5 { late = 1 }
	END { exit !(n + late >= 6) }' out || exit 1
run --pidnss
[ "$(grep -c '^pidns = ' out)" -eq 1 ] && grep -qx "pidns = $(readlink /proc/self/ns/pid | tr -dc 0-9)" out || exit 1
run -L --csv
sed -n 1p out | grep -qx 'tid,low,high,count' && awk -F, 'NR > 1 && $4 && !seen[$1]++ { n++ } END { exit n < 6 }' out || exit 1
# One process, in two reports.
work sleep 20 1000 &
skep -q /tools/runqlat.bt -p $! -P 1 2 >out || exit
cat out
kill $!
[ "$(grep -c "^pid = $!\$" out)" -eq 2 ] && [ "$(grep -c '^pid' out)" -eq 2 ]
