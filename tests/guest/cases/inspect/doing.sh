# timeout: 100
# requires: test -e "$(dirname "$(command -v work)")/traced.bpf.o"
# Programs loaded, attached by their sections, listened to, profiled; functions of the kernel replaced.
grep -q ' /sys/fs/bpf bpf ' /proc/mounts || mount -t bpf bpf /sys/fs/bpf || exit 1
p=/sys/fs/bpf/doing
rm -rf $p && mkdir -p $p || exit 1
objects=$(dirname "$(command -v work)")
mkdir -p ours && ln -sf "$(command -v skep)" ours/bpftool
b=ours/bpftool
fail() {
	echo "$*"
	cat out
	exit 1
}
$b prog loadall "$objects/traced.bpf.o" $p/auto autoattach >out 2>&1 || fail "autoattach"
[ "$(cat out)" = 'Program passes does not support autoattach, falling back to pinning' ] || fail "autoattach says"
$b -f prog show pinned $p/auto/passes >out 2>&1 || fail "no program is pinned"
for link in raw sync_entered; do
	bpftool link show pinned $p/auto/$link >out 2>&1 || fail "no link is pinned: $link"
done
bpftool -j prog show name sync_entered >out
grep -q '"name":"sync_entered"' out || fail "nothing is attached"

# What is attached prints; both forms end well by a signal.
for options in '' -j; do
	$b $options prog tracelog >log 2>&1 &
	pid=$!
	tries=0
	until grep -q synced log; do
		sync
		tries=$((tries + 1))
		[ $tries -lt 400 ] || { cp log out; fail "nothing is printed"; }
		sleep 0.05
	done
	kill $pid
	wait $pid || fail "tracelog ended with $?"
	cp log out
	case $options in
	'') grep -q 'bpf_trace_printk: synced "42"$' log || fail "tracelog" ;;
	*) grep -qE '^\[(".*bpf_trace_printk: synced \\"42\\"\\n",("\\n",?)?)+\]$' log || fail "tracelog -j" ;;
	esac
done
rm $p/auto/raw $p/auto/sync_entered

# A profile: runs, and a counter that is always there.
echo 0123456789abcdef0123 >in
$b prog load "$objects/packets.bpf.o" $p/turn || exit 1
for options in '' -j; do
	$b $options prog profile pinned $p/turn duration 60 cpu_clock >profile 2>&1 &
	pid=$!
	tries=0
	# The programs in front and behind are there.
	until [ "$(bpftool prog show name entry | grep -c tracing)" = 1 ] && bpftool link | grep -q 'trace_fentry\|attach_type fentry\|trace_fexit'; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] && kill -0 $pid || { cp profile out; fail "no profile"; }
		sleep 0.05
	done
	tries=0
	# Both links: the one of the entry comes last.
	until [ "$(bpftool link | grep -c 'prog_type tracing')" -ge 2 ]; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || { bpftool link >out; fail "no links"; }
		sleep 0.05
	done
	$b prog run pinned $p/turn data_in in repeat 50 >out 2>&1 || fail "no run"
	kill $pid
	wait $pid || { cp profile out; fail "profile"; }
	cp profile out
	case $options in
	'') [ "$(sed -n 1p out)" = '' ] && [ "$(sed -n 2p out)" = '                50 run_cnt             ' ] &&
		sed -n 3p out | grep -qE '^ +[1-9][0-9]* cpu_clock {52}$' && [ "$(wc -l <out)" = 3 ] ;;
	*) grep -qE '^\[\{"metric":"cpu_clock","run_cnt":50,"value":[1-9][0-9]*,"enabled":[1-9][0-9]*,"running":[1-9][0-9]*\}\]$' out ;;
	esac || fail "profile $options"
done
$b prog profile pinned $p/turn duration 1 cycles cpu_clock >out 2>&1 && fail "there are counters"
grep -qE '^Error: can.t open the counter cycles on CPU 0: .*: this machine has none, as many virtual ones$' out || fail "no counter"

# A loader program, iterators, struct_ops, as far as the kernel has them.
$b -L prog loadall "$objects/packets.bpf.o" $p/L >out 2>&1 || fail "-L"
bpftool map create $p/h type hash key 4 value 8 entries 8 name myhash
bpftool map update pinned $p/h key 1 0 0 0 value 5 0 0 0 0 0 0 0
$b iter pin "$objects/iterators.bpf.o" $p/i map pinned $p/h >out 2>&1 || fail "iter"
[ "$(cat $p/i)" = 5 ] || fail "iterator"
$b struct_ops register "$objects/congestion.bpf.o" >out 2>&1 || fail "register"
grep -qw skep_cong /proc/sys/net/ipv4/tcp_available_congestion_control || fail "not registered"
beside -e 's/(nil)/0/' struct_ops dump name skep_cong >out 2>&1 || fail "dump"
$b struct_ops unregister name skep_cong >out 2>&1 || fail "unregister"
$b prog tracelog stdout pinned $p/turn >out 2>&1 && fail "streams"
grep -qx 'Error: the kernel has no streams of programs (Linux 6.17 has)' out || fail "no streams"
rm -rf $p
