# Processes that ended long before their stacks are shown have names: of the command's children, of
# forks, of what came before and after an exec.
# timeout: 60
set -e
cat >many <<'SCRIPT'
for i in 1 2 3 4 5; do frames; frames fork; frames exec; done
SCRIPT
for engine in kernel user; do
	skep -q --engine "$engine" -e 'tracepoint:syscalls:sys_enter_getpgid /args.pid == 12345/ {
		@[ustack(perf)] = count(); }' -c "sh many" >out
	n=$(grep -c ' outer+' out)
	[ "$n" -ge 1 ] || { echo "$engine: no stack"; cat out; exit 1; }
	# one that went through outer() is in main() and libc, with file and name
	[ "$(grep -cE '[0-9a-f]+ (outer|main)\+[0-9]+ \(/.*/frames\)' out)" -eq $((2 * n)) ]
	[ "$(grep -cE ' syscall\+[0-9]+ \(/.*/libc' out)" -eq "$n" ]
	if grep -q 'unknown\| 0x' out; then echo "$engine: without a name:"; cat out; exit 1; fi
done
