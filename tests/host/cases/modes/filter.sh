# Only the probes whose full names match.
# expect: begin
# expect: tracepoint:syscalls:sys_exit_nanosleep
# expect: No probes to attach
# expect: status 1
# expect-not-re: enter
skep -q --probe-filter '^begin|sys_exit' -c 'sleep 0.1' -e 'begin { printf("begin\n"); }
tracepoint:syscalls:sys_*_*nanosleep /pid == cpid/ { @[probe] = count(); }
end { printf("end\n"); }' | sed 's/clock_//; s/@\[\(.*\)\]: 1/\1/'
skep --probe-filter none -e 'begin { }'; echo "status $?"
