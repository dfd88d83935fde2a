# Nobody answers behind a device that swallows everything: the SYN is sent again, after a second.
insmod /lib/modules/dummy.ko numdummies=1 || exit 77
ip link set dummy0 up
ip addr add 192.0.2.1/24 dev dummy0
ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev dummy0 2>/dev/null ||
	arp -s 192.0.2.9 02:00:00:00:00:09
skep -q -c 'nc -w 3 192.0.2.9 7106' /tools/tcpretrans.bt >out </dev/null
cat out
rmmod dummy
# TCP_SYN_SENT is 2.
grep -qE '^[0-9:]{8} 192\.0\.2\.1 +[0-9]+ +192\.0\.2\.9 +7106 +2$' out
