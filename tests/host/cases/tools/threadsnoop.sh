# requires: command -v work && nm -D "$(ldconfig -p | sed -n 's/.*libc\.so\.6.*=> //p' | head -n 1)" | grep -q 'T pthread_create'
# timeout: 60
# Five threads of one program, and what they run; a program without any. Others may make some meanwhile.
tool=$CASES/../../../tools/threadsnoop.bt
for engine in kernel user; do
	skep -q --engine $engine -c 'work threads 5' "$tool" >out || exit
	cat out
	head -n 1 out | grep -qx 'TIME(ms)   PID     COMM             FUNC' || exit 1
	[ "$(grep -cE '^[0-9]+ +[0-9]+ +work +thread_nap$' out)" -eq 5 ] || exit 1
	[ "$(awk '$3 == "work" { print $2 }' out | sort -u | wc -l)" -eq 1 ] || exit 1
	skep -q --engine $engine -c 'work fork 5 0' "$tool" >out || exit
	grep -q work out && exit 1
done
skep -q --engine user -c 'work threads 1' "$tool" --json | grep -qE '^\{"time_ms": 0, "pid": [0-9]+, "comm": "work", "func": "thread_nap"\}$'
