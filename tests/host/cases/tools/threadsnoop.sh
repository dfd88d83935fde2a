# requires: command -v work && nm -D "$(ldconfig -p | sed -n 's/.*libc\.so\.6.*=> //p' | head -n 1)" | grep -q 'T pthread_create'
# timeout: 90
# Five threads of one program, and what they run; a program without any.
tool=$CASES/../../../tools/threadsnoop.bt
check() {
	head -n 1 out | grep -qx 'TIME(ms)   PID     COMM             FUNC' &&
		[ "$(grep -cE '^[0-9]+ +[0-9]+ +work +thread_nap$' out)" -eq 5 ] &&
		[ "$(awk '$3 == "work" { print $2 }' out | sort -u | wc -l)" -eq 1 ]
}
# While the kernel probes this function for somebody else (another run of this), the user engine
# does not see it: missing.md.
for try in 1 2 3 4 5 6 7 8 9; do
	skep -q --engine user -c 'work threads 5' "$tool" >out || exit
	check && break
	sleep 1
done
cat out
check || exit 1
skep -q -c 'work threads 5' "$tool" >out || exit
cat out
check || exit 1
skep -q -c 'work fork 5 0' "$tool" >out || exit
grep -q work out && exit 1
skep -q -c 'work threads 1' "$tool" --json |
	grep -qE '^\{"time_ms": [0-9]+, "pid": [0-9]+, "comm": "work", "func": "thread_nap"\}$'
