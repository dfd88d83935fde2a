# requires: test -w /sys/kernel/tracing/kprobe_events
# Passes by itself, but leaves a trace.
echo 'p:left_over vfs_read' >>/sys/kernel/tracing/kprobe_events
