# timeout: 60
# 60 datagrams of work's, each sent and received once; its own opens of a missing file.
count() { # OPTIONS...
	skep -q -c 'work udp 7114 10 60' /tools/funccount.bt "$@" >out || exit
	echo "== $*"
	cat out
}
has() { # NAME COUNT
	grep -qE "^$1 +$2\$" out || { echo "not: $1 $2"; exit 1; }
}
count 'udp_*msg'
n=$(sed -n '1s/^Tracing \([0-9]*\) functions for "udp_\*msg"\.\.\. Hit Ctrl-C to end\.$/\1/p' out)
[ "$n" -ge 2 ] && [ -z "$(sed -n 2p out)" ] || exit 1
sed -n 3p out | grep -qx 'FUNC                                    COUNT' && has udp_sendmsg 60 && has udp_recvmsg 60
[ "$(sed -n '$p' out)" = Detaching... ] || exit 1
# Those that were not called have no row.
[ "$(wc -l <out)" -lt $((n + 4)) ] || exit 1
count -r '^udp_(send|recv)msg$' -T
sed -n 1p out | grep -q '^Tracing 2 functions' && sed -n 3p out | grep -qE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] *$' &&
	has udp_recvmsg 60 || exit 1
# On the one CPU and on the other; on one that is not there.
together 'work udp 7114 10 60' 'funccount -c 0 udp_sendmsg' 'funccount -c 1 udp_sendmsg' || exit
awk '/^udp_sendmsg/ { n += $2 } END { exit n != 60 }' out1 out2 || exit 1
count -c 77 udp_sendmsg
grep -q '^udp_sendmsg' out && exit 1
count --csv 't:syscalls:sys_enter_sendto*'
grep -qx 'FUNC,COUNT' out && grep -qx 'syscalls:sys_enter_sendto,60' out || exit 1
count --json p::udp_sendmsg
grep -qE '^\{"func": "udp_sendmsg", "count": 60\}$' out || exit 1
# A program's function; somebody else's process; every so often; for so long.
skep -q -c 'work burn 1' /tools/funccount.bt -D work:do_burn >out || exit
cat out
has do_burn 1
grep -qx '	FUNC:-36 = name;' out || exit 1
work udp 7114 10 60 &
skep -q /tools/funccount.bt -p 1 -i 1 -d 2 'udp_*msg' >out || exit
cat out
wait
[ "$(grep -c '^FUNC ' out)" -eq 2 ] && ! grep -q '^udp_' out || exit 1
for bad in t:sched 'u:c' '' kprobe: a:b:c; do
	skep -q /tools/funccount.bt "$bad" >out 2>&1 && exit 1
	cat out
	grep -qE '^ERROR: PATTERN: ' out || [ "$bad" = u:c ] || exit 1
done
skep -q /tools/funccount.bt -r 'c:(mal' 2>&1 | grep -q "'(mal' is no regular expression"
