# Text into the kernel's trace pipe.
# expect: 7 debugf -1 0xabc
# expect: 8 plain 100%
mount -t tracefs none /sys/kernel/tracing 2>/dev/null
skep -q -e 'begin { debugf("7 %s %d %p\n", "debugf", -1, 0xabc); debugf("%lld plain 100%%\n", 8); exit(); }' 2>/dev/null
sed -n 's/.*: \([78] .*\)/\1/p' /sys/kernel/tracing/trace
