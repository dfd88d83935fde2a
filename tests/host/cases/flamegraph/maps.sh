# What a script prints of its stacks is drawn: from both engines, as text and as JSON, in each layout
# that has names. (Who called the system call misses in stacks by frame pointers.)
# timeout: 60
set -e
names() { sed -n 's/^<g class="f".*<title>\([a-z]*\)$/\1/p' | grep -xE 'frames|main|outer|syscall' | tr '\n' ' '; }
for engine in kernel user; do
	for stack in ustack 'ustack(perf)'; do
		for format in text json; do
			# Names of a process that has ended are looked up while it lives: on a busy machine
			# perhaps too late.
			for try in 1 2 3 4 5; do
				skep -q --engine $engine -f $format -e 'tracepoint:syscalls:sys_enter_getpgid /args.pid == 12345/ {
					@['"$stack"', comm] = count(); @n = count(); }' -c "frames" >out
				skep flamegraph out >picture 2>said
				got=$(names <picture)
				[ "$got" != "frames main outer syscall " ] || break
			done
			[ "$got" = "frames main outer syscall " ] || {
				echo "$engine $stack $format: $got"
				cat out
				exit 1
			}
			[ ! -s said ] || { echo "$engine $stack $format says:"; cat said; exit 1; }
			grep -q '^1 sample, 100.00%' picture
		done
	done
done
