# Processes that ended long before their stacks are shown have names: of the command's children, of
# forks, of what came before and after an exec.
# timeout: 60
set -e
cat >many <<'SCRIPT'
for i in 1 2 3 4 5; do frames; frames fork; frames exec; done
SCRIPT
# The kernel engine sees a process only while it lives: one that ends before a busy machine lets skep
# look at it has no names. So several tries.
look() {
	skep -q --engine "$1" -e 'tracepoint:syscalls:sys_enter_getpgid /args.pid == 12345/ {
		@[ustack(perf)] = count(); }' -c "sh many" >out || return 1
	n=$(grep -c ' outer+' out)
	[ "$n" -ge 1 ] || { echo "$1: no stack"; return 1; }
	# one that went through outer() is in main() and libc, with file and name
	[ "$(grep -cE '[0-9a-f]+ (outer|main)\+[0-9]+ \(/.*/frames\)' out)" -eq $((2 * n)) ] || return 1
	[ "$(grep -cE ' syscall\+[0-9]+ \(/.*/libc' out)" -eq "$n" ] || return 1
	! grep -q 'unknown\| 0x' out || { echo "$1: without a name:"; return 1; }
}
for engine in kernel user; do
	for try in 1 2 3 4 5 6; do
		[ "$engine" = user ] && [ "$try" -gt 1 ] && { cat said out; exit 1; }
		look "$engine" >said && break
		[ "$try" -lt 6 ] || { cat said out; exit 1; }
	done
done
