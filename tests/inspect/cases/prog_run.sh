# timeout: 120
# requires: test -e "$(dirname "$(command -v work)")/packets.bpf.o"
# Programs run on data, and attached to maps of sockets, beside bpftool.
cp "$(dirname "$(command -v work)")"/*.bpf.o .
p=/sys/fs/bpf/prog_run
mkdir $p || exit
trap 'rm -r $p' EXIT
mkdir ours && ln -s "$(command -v skep)" ours/bpftool
ours/bpftool prog loadall packets.bpf.o $p/pk || exit
for side in 1 2; do
	ours/bpftool prog loadall sockets.bpf.o $p/sk$side pinmaps $p/sm$side || exit
	head -c 192 /dev/zero >ctx$side
	printf '\007' | dd of=ctx$side bs=1 seek=8 conv=notrunc 2>/dev/null
done
printf 'abcdefghijklmnopqrstuvwxyz0123456789' >in
printf 'abcdefghijklmnopqrstuvwx' >in24
printf 'abcdefghijklmnopqrstuvwxyz012' >odd
{
	for words in '' 'repeat 5' 'repeat 1' 'data_out -' 'data_out - repeat 5' 'data_out - data_size_out 64' 'data_out - data_size_out 8' \
		'data_out out@' 'data_size_out 0' 'data' 'ctx' 'c x' 'd x' 'data_ x' 'ctx_o' 'foo' 'foo bar' 'repeat' 'repeat x' 'repeat 0' \
		'data_size_out x' 'ctx_size_out x' 'data_in /nowhere' 'ctx_in /nowhere' 'data_in in data_in odd' 'data_in /dev/null'; do
		for options in '' -j -p; do
			echo "$options prog run pinned $p/pk/turn data_in in $words"
		done
	done
	echo "prog run pinned $p/pk/turn data_in - data_out - <odd"
	echo "prog run pinned $p/pk/turn data_in odd data_out -"
	echo "prog run pinned $p/pk/turn data_in in24 data_out -"
	echo "prog run pinned $p/pk/turn data_in - ctx_in -"
	echo "prog run pinned $p/pk/turn data_in"
	echo "prog run pinned $p/pk/turn"
	echo "prog run id 999999999 data_in in"
	for options in '' -j -p; do
		echo "$options prog run pinned $p/pk/mark_it data_in in ctx_in ctx@ ctx_out -"
		echo "$options prog run pinned $p/pk/mark_it data_in in ctx_in ctx@ ctx_out - data_out -"
		echo "$options prog run pinned $p/pk/mark_it data_in in ctx_in ctx@ ctx_out cout@ ctx_size_out 192"
	done
	echo "prog run pinned $p/sk@/message data_in in"
} >lines
cat >>lines <<END
prog attach
prog attach pinned $p/sk@/parser
prog attach pinned $p/sk@/parser foo
prog attach pinned $p/sk@/parser foo pinned $p/sm@/socks
prog attach pinned $p/sk@/parser sk_msg pinned $p/sm@/socks
prog attach pinned $p/sk@/parser stream_parser
prog attach pinned $p/sk@/parser stream_parser pinned /nowhere
prog attach pinned $p/sk@/parser stream_parser pinned $p/sm@/socks
prog attach pinned $p/sk@/verdict sk_skb_stream_verdict pinned $p/sm@/socks
-j prog attach pinned $p/sk@/message m pinned $p/sm@/socks
prog attach pinned $p/pk/turn msg_verdict pinned $p/sm@/socks
prog detach pinned $p/pk/turn msg_verdict pinned $p/sm@/socks
prog detach pinned $p/sk@/message msg_verdict pinned $p/sm@/socks
-j prog detach pinned $p/sk@/message msg_verdict pinned $p/sm@/socks
prog detach pinned $p/sk@/verdict stream_v pinned $p/sm@/socks
prog detach pinned $p/sk@/parser s pinned $p/sm@/socks
prog attach pinned $p/sk@/dissect flow
prog attach id 999999999 flow_dissector
END
beside -e 's/: [0-9]*ns$/: Nns/' -e 's/\("duration":\) *[0-9]*/\1N/' -e 's/\(failed prog [a-z]* [a-z]* map\): [A-Z][a-z ]*/\1/' <lines || exit
cmp out1 out2 && cmp cout1 cout2 || exit

said() { # STATUS EXPECTED COMMAND...
	want=$1 words=$2
	shift 2
	got=$(ours/bpftool "$@" 2>&1)
	status=$?
	[ "$status $got" = "$want $words" ] || { echo "$*: $status $got, not $want $words"; exit 1; }
}
said 255 'Error: failed to open /nowhere/x: No such file or directory' prog run pinned $p/pk/turn data_in in data_out /nowhere/x
said 255 '{"error":"failed to open /nowhere/x: No such file or directory"}' -j prog run pinned $p/pk/turn data_in in data_out /nowhere/x
said 255 "Error: can't parse 4294967296 as repeat number" prog run pinned $p/pk/turn data_in in repeat 4294967296
said 0 '' prog attach pinned $p/sk1/dissect flow_dissector
said 0 null -j prog detach pinned $p/sk1/dissect flow_dissector
said 234 'Error: failed prog detach from map: No such file or directory' prog detach pinned $p/sk1/dissect flow_dissector
said 255 'Error: expected no more arguments, got: foo' prog attach pinned $p/sk1/dissect flow_dissector foo
said 255 "Error: expected 'stdout' or 'stderr', got: 'foo'?" prog tracelog foo
said 234 "Error: 'stdout' needs at least 2 arguments, 0 found" prog tracelog stdout
said 255 'Error: get by id (999999999): No such file or directory' prog tracelog stderr id 999999999
said 255 'Error: expected no more arguments, got: foo' prog tracelog stderr pinned $p/pk/turn foo

# Streams, where the kernel has them.
if ours/bpftool prog tracelog stdout pinned $p/pk/turn >out 2>&1; then
	ours/bpftool prog load streams.bpf.o $p/loops || exit
	ours/bpftool prog run pinned $p/loops data_in in >out || { cat out; exit 1; }
	said 0 '' prog tracelog stdout pinned $p/loops
	ours/bpftool prog tracelog stderr pinned $p/loops >out || exit
	# Not every kernel finds the program on the stack then, and says so.
	[ ! -s out ] || grep -q 'may_goto' out || { cat out; exit 1; }
	said 0 '' prog tracelog stderr pinned $p/loops
	said 0 '[]' -j prog tracelog stderr pinned $p/loops
else
	grep -qx 'Error: the kernel has no streams of programs (Linux 6.17 has)' out || { cat out; exit 1; }
fi
