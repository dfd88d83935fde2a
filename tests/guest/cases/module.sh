# requires: test -e /lib/modules/dummy.ko
# Functions of a module, once it is loaded; no such function before.
skep -l 'kprobe:dummy_xmit' | grep . && exit 1
insmod /lib/modules/dummy.ko numdummies=1 || exit 1
ip link set dummy0 up
ip addr add 192.0.2.1/24 dev dummy0
skep -c 'ping -c 3 -W 1 192.0.2.2' -e 'fentry:dummy:dummy_xmit { @[func] = count(); }
	kprobe:dummy:dummy_xmit { @k = count(); @s[kstack(3), ksym(reg("ip"))] = count(); }' >out
status=$?
cat out
rmmod dummy
[ $status -eq 0 ] && grep -qE '^@\[dummy_xmit\]: [1-9]' out && grep -qE '^@k: [1-9]' out &&
	grep -qE '^ +dummy_xmit\+[0-9]+$' out && grep -qE '^, dummy_xmit\]: [1-9]' out
