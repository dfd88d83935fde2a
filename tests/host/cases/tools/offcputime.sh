# requires: command -v chain taskset
# timeout: 90
# Programs that sleep at known stacks, 50 and 400 ms at a time, and two that want one CPU; looked at in many
# ways at once for two seconds.
chain sleep 50 100000 &
short=$!
barechain sleep 400 100000 &
long=$!
taskset -c 0 chain burn 100000 &
one=$!
taskset -c 0 chain burn 100000 &
two=$!
trap 'kill $short $long $one $two 2>/dev/null' EXIT
all=
run() { # FILE OPTIONS...
	file=$1
	shift
	skep offcputime "$@" 2 >"$file" 2>"$file.err" &
	all="$all $!"
}
run text -p $short,$long
run folded -p $short -fd
run dwarf -p $long -U --dwarf
run offset -t $short -Ksd
run brief -p $short,$long -fM 200000
run least -p $short,$long -fm 200000
run runnable -p $short,$long,$one -fK --state 0
run asleep -p $short,$one -fU --state 1
run lost -p $short,$long -f --stack-storage-size 1
run user -p $short -u -f
run json -t $short --json
run csv -p $long -K --csv
for p in $all; do
	wait "$p" || failed="$failed $p"
done
kill $short $long $one $two
trap - EXIT
is() { # WHAT: the last command's status
	[ $? -eq 0 ] || { echo "not $1"; head -n 40 "$1"; cat "$1.err"; exit 1; }
}
# adds RE LEAST FILE: what lines that match add up to is so much, and most of all: whoever sleeps also
# waits for a CPU now and then
adds() {
	awk -v re="$1" -v least="$2" '{ n = $NF; sub(/ [0-9]+$/, ""); all += n; if ($0 ~ re) good += n }
		END { exit !(good >= least && good * 3 > all * 2) }' "$3"
}
grep -q 'exclude each other' user.err && [ ! -s user ]
is user
[ "$(echo $failed | wc -w)" -eq 1 ]
is text
head -n 1 text | grep -qx "Tracing off-CPU time (us) of PIDs $short,$long by user + kernel stack for 2 secs." &&
	[ "$(sed -n 2p text)" = '' ] && sed -n 3p text | grep -qx '    __schedule \[kernel\]' &&
	awk '/^    do_nanosleep \[kernel\]$/ { on = 1 } on == 1 && /^    middle \[chain\]$/ { on = 2 } on == 2 && /^    outer \[chain\]$/ { on = 3 }
		/^    -                / { who = on == 3 || $2 != "chain" ? $2 : ""; on = 0 }
		/^        [0-9]+$/ { if ($1 < last) bad = 1; last = seen[who] = $1 }
		END { exit !(!bad && seen["chain"] >= 50000 && seen["barechain"] >= 400000) }' text && ! grep -q '+0x' text
is text
adds '^chain;.*;main;run;outer;middle;.*nanosleep;-;[^;]*;.*do_nanosleep;schedule;__schedule$' 50000 folded
is folded
awk '/^    inner \[barechain\]$/ { on = 1 } on == 1 && /^    middle/ { on = 2 } on == 2 && /^    main \[barechain\]$/ { n++; on = 0 } END { exit !n }' dwarf &&
	head -n 1 dwarf | grep -q ' by user stack for'
is dwarf
head -n 1 offset | grep -qx "Tracing off-CPU time (us) of TIDs $short by kernel stack for 2 secs." &&
	grep -qE '^    do_nanosleep\+0x[0-9a-f]+ \[kernel\]$' offset && ! grep -q '\[chain\]\|^    --$' offset
is offset
adds '^chain;' 50000 brief
is brief
adds '^barechain;' 400000 least
is least
# Who sleeps is not state 0 (or was just woken), who wants the CPU not 1.
adds '^chain;.*schedule$' 1 runnable && awk '/nanosleep/ { us += $NF } END { exit !(us < 50000) }' runnable
is runnable
adds '^chain;.*middle;.*nanosleep$' 50000 asleep
is asleep
grep -q '\[Missed \(User\|Kernel\) Stack\]' lost && grep -qE '^WARNING: [0-9]+ stack traces lost and could not be displayed. Consider increasing --stack-storage-size.$' lost.err
is lost
grep -qE '^\{"pid": '$short', "comm": "chain", "us": [0-9]+, "kernel": \["__schedule \[kernel\]", .*\], "user": \[.*"middle \[chain\]", "outer \[chain\]"' json && ! grep -qv '^{' json
is json
head -n 1 csv | grep -qx 'PID,COMM,US,KERNEL,USER' && grep -qE "^$long,barechain,[0-9]+,__schedule \\[kernel\\];.*,\$" csv
is csv
! skep offcputime -f -s -p 1 2>err && grep -q 'exclude each other' err || exit 1
skep flamegraph folded | grep -q '<title>do_nanosleep$' || exit 1
skep --engine user -c true offcputime 2>err && exit 1
grep -q 'rawtracepoint:sched_switch needs the kernel' err
