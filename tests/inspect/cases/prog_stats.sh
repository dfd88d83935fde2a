# timeout: 120
# requires: test -e "$(dirname "$(command -v work)")/packets.bpf.o"
# What programs cost: counted while it is asked for, and the switch for all.
cp "$(dirname "$(command -v work)")"/*.bpf.o .
p=/sys/fs/bpf/prog_stats
mkdir $p || exit
before=$(cat /proc/sys/kernel/bpf_stats_enabled)
mkdir ours && ln -s "$(command -v skep)" ours/bpftool
trap 'rm -r $p; echo $before >/proc/sys/kernel/bpf_stats_enabled' EXIT
said() { # STATUS EXPECTED COMMAND...
	want=$1 words=$2
	shift 2
	got=$(ours/bpftool "$@" 2>&1)
	status=$?
	[ "$status $got" = "$want $words" ] || { echo "$*: $status $got, not $want $words"; exit 1; }
}
ours/bpftool prog loadall packets.bpf.o $p/pk || exit
ours/bpftool prog load untyped.bpf.o $p/bare type xdp || exit
printf 'abcdefghijklmnopqrstuvwxyz' >in
id=$(ours/bpftool prog show pinned $p/pk/turn | sed 's/:.*//;q')

counted() { ours/bpftool -j prog show id "$id" | sed -n 's/.*"run_cnt":\([0-9]*\).*/\1/p'; }

# Counted until the program has run and a signal comes.
for options in '' -j; do
	ours/bpftool $options prog stats id "$id" duration 60 >out &
	pid=$!
	seen=$(counted)
	tries=0
	while [ "$(counted)" = "$seen" ]; do
		ours/bpftool prog run id "$id" data_in in repeat 100 >run || { cat run; exit 1; }
		tries=$((tries + 1))
		[ $tries -lt 1000 ] || { echo "nothing is counted"; kill $pid; exit 1; }
	done
	kill $pid
	wait $pid || { cat out; exit 1; }
	case $options in
	'') sed -n 1p out | grep -qE '^ +ID  TYPE +RUNS +AVERAGE_NS +TIME_NS +%CPU  NAME$' &&
		sed -n 2p out | grep -qE "^ +$id  xdp +[0-9]+00 +[0-9]+ +[0-9]+ +[0-9]+\.[0-9][0-9]  turn$" &&
		[ "$(wc -l <out)" = 2 ] ;;
	*) grep -qE "^\{\"duration_ns\":[0-9]+,\"programs\":\[\{\"id\":$id,\"type\":\"xdp\",\"name\":\"turn\",\"run_cnt\":[0-9]+00,\"run_time_ns\":[0-9]+,\"average_ns\":[0-9]+,\"cpu_percent\":[0-9]+\.[0-9]+\}\]\}$" out ;;
	esac || { cat out; exit 1; }
done
# Others' programs are in the list of all.
ours/bpftool prog stats duration 0 >out && sed -n 1p out | grep -q 'AVERAGE_NS' || { cat out; exit 1; }
said 0 '' prog stats on
test "$(cat /proc/sys/kernel/bpf_stats_enabled)" = 1 || exit
said 0 null -j prog stats off
test "$(cat /proc/sys/kernel/bpf_stats_enabled)" = 0 || exit
said 255 'Error: expected no more arguments, got: foo' prog stats on foo
said 255 "Error: expected 'id', 'tag', 'name' or 'pinned', got: 'foo'?" prog stats foo 1
said 255 "Error: expected no more arguments or 'duration', got: foo" prog stats id "$id" foo
said 255 "Error: can't parse x as duration" prog stats duration x
said 255 "Error: 'duration' needs at least 1 arguments, 0 found" prog stats duration
said 255 'Error: get by id (999999999): No such file or directory' prog stats id 999999999

said 234 "Error: 'profile' needs at least 3 arguments, 2 found" prog profile id "$id"
said 255 'Error: unknown metric foo' prog profile id "$id" foo
said 255 'Error: unknown metric cyc' prog profile id "$id" duration 1 cyc
said 255 "Error: can't parse x as duration" prog profile id "$id" duration x cycles
said 234 "Error: '1' needs at least 1 arguments, 0 found" prog profile id "$id" duration 1
said 255 'Error: too many (5) metrics, please specify no more than 4 metrics at a time' \
	prog profile id "$id" duration 1 cycles instructions l1d_loads llc_misses itlb_misses
said 255 'Error: get by id (999999999): No such file or directory' prog profile id 999999999 cycles
ours/bpftool prog profile id "$id" duration 0 cpu_clock >out 2>&1 || grep -q "^Error: can't [a-z]* a program" out || { cat out; exit 1; }
ours/bpftool prog profile id "$id" duration 0 dtlb_misses >out 2>&1 ||
	grep -qE "^Error: can't (open the counter dtlb_misses on CPU [0-9]+: .*: this machine has none, as many virtual ones|[a-z]* a program .*)$" out || { cat out; exit 1; }
