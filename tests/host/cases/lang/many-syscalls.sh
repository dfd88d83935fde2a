# Probes of system calls that are too many for one program, a map each: those of the call that is
# made run, each once, and in their order.
# timeout: 60
set -e
calls=$(skep -l 'tracepoint:syscalls:sys_enter_*' | grep -v -e _getpgid | head -150)
probe() {
	echo "tracepoint:syscalls:sys_$1_getpgid /pid == cpid/ { print(\"$2\"); @[$2] = count(); }"
}
{
	probe enter 1
	for c in $calls; do
		n=${c##*sys_enter_}
		echo "$c /pid == cpid && nsecs == 1/ { @$n[pid, 1] = count(); }"
	done
	probe enter 2
	probe enter 3
	probe exit 4
} >many.bt
for engine in kernel user; do
	skep -q --engine $engine many.bt -c "$(command -v frames)" >out
	[ "$(grep . out | tr '\n' ' ')" = '1 2 3 4 @[1]: 1 @[2]: 1 @[3]: 1 @[4]: 1 ' ] ||
		{ echo $engine; cat out; exit 1; }
done
