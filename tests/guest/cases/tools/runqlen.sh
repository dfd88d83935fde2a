# timeout: 120
# cfs_rq.nr_running has another name since 6.14. Eight processes for two CPUs.
run() { # OPTIONS...
	skep -q -c 'work spin 400 8' /tools/runqlen.bt "$@" >out || exit
	echo "== $*"
	cat out
}
run -T
sed -n 1p out | grep -qx 'Sampling run queue length... Hit Ctrl-C to end.' || exit 1
sed -n 3p out | grep -qE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] *$' || exit 1
sed -n 4p out | grep -qx '     runqlen       : count     distribution' || exit 1
awk '$2 == ":" && $1 >= 2 { n += $3 } END { exit !(n > 5) }' out || exit 1
run -C
grep -qx 'cpu = 0' out && grep -qx 'cpu = 1' out || exit 1
run -O
sed -n 3p out | grep -qE '^runqocc: [0-9]+\.[0-9]{2}%$' || exit 1
awk '/^runqocc/ { sub(/%/, ""); if ($2 > 10 && $2 <= 100) n++ } END { exit n != 1 }' out || exit 1
run -CO
grep -qE '^runqocc, CPU 0 +[0-9]+\.[0-9]{2}%$' out && grep -qE '^runqocc, CPU 1 +[0-9]+\.[0-9]{2}%$' out || exit 1
skep -q /tools/runqlen.bt 1 2 >out || exit
[ "$(grep -c '^     runqlen' out)" -eq 2 ] || exit 1
run -CO --json
grep -qE '^\{"cpu": 0, "runqocc": [0-9]+\.[0-9]{2}\}$' out
