# A program that is deleted, or replaced by another one, while it runs is named from itself.
# timeout: 60
set -e
for engine in kernel user; do
	for how in deleted replaced; do
		rm -rf running ready go
		cp "$(command -v frames)" running
		cat >command <<-SCRIPT
			./running hold ready go &
			i=0; while [ ! -e ready ] && [ \$i -lt 2000 ]; do sleep 0.01; i=\$((i + 1)); done
			rm running
			[ $how = deleted ] || cp "$(command -v target)" running
			echo >go
			wait
		SCRIPT
		skep -q --engine "$engine" -e 'tracepoint:syscalls:sys_enter_getpgid
			/args.pid == 12345/ { @[ustack(perf)] = count(); }' -c "sh command" >out
		grep -qE ' outer\+[0-9]+ \(/.*/running\)' out &&
			grep -qE ' main\+[0-9]+ \(/.*/running\)' out ||
			{ echo "$engine, $how:"; cat out; exit 1; }
	done
done
