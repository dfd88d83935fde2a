# BPF programs are functions of the kernel, too: one that prints is in the stack of its print.
# requires: test -d /sys/kernel/tracing/events/bpf_trace
# timeout: 60
# expect-re: ^ +bpf_prog_[0-9a-f]{16}_sys_enter\+[0-9]+$
skep -q -e 'tracepoint:bpf_trace:bpf_trace_printk /pid == cpid/ { @[kstack] = count(); }
	rawtracepoint:sys_enter /pid == cpid/ { debugf("x"); }' -c true
