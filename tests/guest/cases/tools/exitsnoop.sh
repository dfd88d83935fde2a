# timeout: 60
# Children that end with 3; one that lives 300 ms; one that dies of a signal, one of SIGSEGV; threads.
cat >load.sh <<'END'
work fork 4 3
work sleep 300 1
sh -c 'kill -TERM $$'
work threads 2
true
END
run() { # OPTIONS...
	skep -q -c 'sh load.sh' /tools/exitsnoop.bt "$@" >out || exit
	echo "== $*"
	cat out
}
run
head -n 1 out | grep -qx 'PCOMM            PID     PPID    TID     AGE(s)  EXIT_CODE ' || exit 1
[ "$(grep -cE '^work +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+\.[0-9]{2} +code 3 *$' out)" -eq 4 ] || exit 1
awk '$1 == "work" && $5 >= 0.3 && $5 < 15 && $6 == "0" { n++ } END { exit n < 1 }' out || exit 1
[ "$(grep -cE '^sh .* signal 15 \(TERM\) *$' out)" -eq 1 ] || exit 1
awk '$2 != $4 && $1 != "PCOMM"' out | grep -q . && exit 1
# Failures only, with the time and a label.
run -x --utc --label=
head -n 1 out | grep -qx 'TIME-UTC     LABEL PCOMM            PID     PPID    TID     AGE(s)  EXIT_CODE ' || exit 1
[ "$(grep -cE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3} exit  work .* code 3 *$' out)" -eq 4 ] || exit 1
grep -qE ' 0 *$' out && exit 1
run --label here -t
head -n 1 out | grep -qE '^TIME-UTC +LABEL PCOMM ' || exit 1
grep -qE '^[0-9:]{8}\.[0-9]{3} here  work ' out || exit 1
run --per-thread
awk '$1 == "work" && $2 != $4 { n++ } END { exit n != 2 }' out || exit 1
# One process, with which it ends.
sh -c 'sleep 1; work fork 1 3; exit 9' &
skep -q /tools/exitsnoop.bt -p $! --json >out || exit
cat out
[ "$(wc -l <out)" -eq 1 ] || exit 1
grep -qE "^\{\"pcomm\": \"sh\", \"pid\": $!, \"ppid\": $$, \"tid\": $!, \"age_s\": [0-9.]+, \"exit_code\": \"code 9\"\}$" out
