# Text into the kernel's trace pipe. The kernel turns its event on a little after the first program that
# wants it was loaded, so the first text may not be there.
# timeout: 60
# expect: 7 debugf -1 0xabc
# expect: 8 plain 100%
mount -t tracefs none /sys/kernel/tracing 2>/dev/null
for i in 1 2 3 4 5 6 7 8; do
	skep -q -e 'begin { debugf("7 %s %d %p\n", "debugf", -1, 0xabc); debugf("%lld plain 100%%\n", 8); exit(); }' 2>err
	sed -n 's/.*: \([78] .*\)/\1/p' /sys/kernel/tracing/trace | tail -n 2 >out
	[ -s out ] && break
	sleep 0.2
done
cat out
grep ERROR err >&2
true
