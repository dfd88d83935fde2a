# Attaching about 1,000 and 10,000 kernel functions, and detaching them. Figures go to the runner,
# a line each: `figure TOOL COUNT JSON`.
# timeout: 500
export BPFTRACE_MAX_PROBES=100000 BPFTRACE_MAX_BPF_PROGS=100000
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug 2>/dev/null
for n in 1000 10000; do
	# Prefixes of two letters whose functions come nearest to it.
	script=$(cut -d' ' -f1 /sys/kernel/tracing/available_filter_functions | sort -u |
		grep -v '[.]' | awk -v n=$n '
			{ count[substr($1, 1, 2)]++ }
			END {
				for (p in count)
					if (p ~ /^[a-z][a-z]$/ && p !~ /^(rc|pe|bp|ft|tr|kp|pr|_)/ &&
					    total + count[p] <= n) {
						total += count[p]
						printf "%skprobe:%s*", sep, p
						sep = ","
					}
			}')
	found=$(skep -l "$(echo "$script" | tr , '\n' | head -1)" | wc -l)
	for tool in skep bpftrace; do
		command -v $tool >/dev/null || continue
		[ $tool$n = bpftrace10000 ] && continue # half an hour
		for turn in 1 2 3; do
			# The command of -c is let go when all is attached, and its end ends the run.
			out=$(measure -n 1 -T 200 -- $tool -e "$script { @ = count(); }" \
				-c 'driver --stamp' 2>&1 | tr '\n' ' ')
			echo "figure $tool $n $out" >/dev/ttyS1
			[ $tool = bpftrace ] && break
		done
	done
done
exit 0
