# requires: command -v chain taskset
# timeout: 90
# Three programs whose stacks are known, looked at in many ways at once for two seconds.
chain burn 80000 &
burns=$!
barechain burn 80000 &
bare=$!
taskset -c 0 chain read 80000 &
reads=$!
trap 'kill $burns $bare $reads 2>/dev/null' EXIT
all=
run() { # FILE OPTIONS...
	file=$1
	shift
	skep profile "$@" 2 >"$file" 2>"$file.err" &
	all="$all $!"
}
run folded -p $burns -F 199 -f
run dwarf -p $bare -F 199 -fU --dwarf
run kernel -p $reads -F 199 -fda
run count -p $burns,$reads -c 5000000 -U
run address -L $reads -KA -F 199
run delimited -L $reads -d -F 199 -C 0
run stacks -p $burns -F 499 -f --stack-storage-size 1
run records -p $burns -F 499 -f --hash-storage-size 1
run json -p $burns --json
run csv -p $reads -K --csv
run elsewhere -p $reads -C 1 -f
skep -p $burns profile -f 2 >narrowed 2>narrowed.err &
all="$all $!"
for p in $all; do wait "$p" || { echo "$p failed"; cat ./*.err; exit 1; }; done
kill $burns $bare $reads
trap - EXIT
is() { # WHAT: the last command's status
	[ $? -eq 0 ] || { echo "not $1"; head -n 40 "${2:-$1}"; cat "${2:-$1}.err"; exit 1; }
}
# most EXPRESSION FILE: most of its samples match (a busy machine takes few)
most() {
	awk -v re="$1" '{ n = $NF; sub(/ [0-9]+$/, ""); all += n; if ($0 ~ re) good += n }
		END { exit !(all && good * 2 > all) }' "$2"
}
most '^chain;.*;main;run;outer;middle;inner$' folded
is folded
[ ! -s folded.err ] && ! grep -qv '^chain;' folded
is folded
# (the tables of a process that nobody named to skep come a moment late)
grep -q '^barechain;_start;.*;main;run;outer;middle;inner [0-9]*$' dwarf
is dwarf
most '^chain;.*;main;run;outer;middle;.*;-;.*_\[k\];vfs_read_\[k\];' kernel
is kernel
most '^chain;.*;main;run;outer;middle;inner$' narrowed
is narrowed

head -n 1 count | grep -qx "Sampling every 5000000 events of PID \[$burns, $reads\] by user stack for 2 secs." &&
	[ "$(sed -n 2p count)" = '' ] && grep -qx "    -                chain ($burns)" count &&
	grep -qx "    -                chain ($reads)" count && grep -qE '^    inner\+0x[0-9a-f]+ \[chain\]$' count &&
	! grep -q '\[kernel\]' count
is count
# the heaviest is the last
awk '/^        [0-9]+$/ { if ($1 < last) exit bad = 1; last = $1; n++ } END { exit bad || !n }' count
is count
head -n 1 address | grep -qx "Sampling at 199 Hertz of TID \[$reads\] by kernel stack for 2 secs." &&
	grep -qE '^    0xffff[0-9a-f]{12} vfs_read\+0x[0-9a-f]+ \[kernel\]$' address && ! grep -q '\[chain\]' address
is address
head -n 1 delimited | grep -qx "Sampling at 199 Hertz of TID \[$reads\] by user + kernel stack on CPU#0 for 2 secs." &&
	awk '/vfs_read/ { kernel = 1 } kernel && $0 == "    --" { between = 1 } between && /^    main/ { good = 1 }
		/^$/ { kernel = between = 0 } END { exit !good }' delimited
is delimited
[ ! -s elsewhere ]
is elsewhere
grep -q '\[Missed User Stack\]' stacks && grep -qE '^WARNING: [0-9]+ stack traces lost and could not be displayed. Consider increasing --stack-storage-size.$' stacks.err
is stacks
[ "$(wc -l <records)" -eq 1 ] && grep -qx 'WARNING: hash table full. Consider increasing --hash-storage-size.' records.err
is records
grep -qE '^\{"pid": '$burns', "comm": "chain", "count": [0-9]+, "kernel": \[\], "user": \["inner\+0x[0-9a-f]+ \[chain\]", "middle' json &&
	! grep -qv '^{' json
is json
head -n 1 csv | grep -qx 'PID,COMM,COUNT,KERNEL,USER' && grep -qE "^$reads,chain,[0-9]+,.*;vfs_read\\+0x[0-9a-f]+ \\[kernel\\];.*,\$" csv
is csv

# The picture of it.
skep flamegraph folded >picture && grep -q '<title>inner$' picture
is folded
# Without the kernel's BPF; of that there is no kernel stack.
skep --engine user -c 'chain burn 300' profile -F 499 -f 2>user.err >user &&
	most '^chain;.*;main;run;outer;middle;inner$' user
is user
skep --engine user -c 'chain burn 300' profile -c 1000000 2>text.err >text &&
	head -n 1 text | grep -qx 'Sampling every 1000000 events of all threads by user stack... Hit Ctrl-C to end.'
is text
skep --engine user -c true profile -K 2>&1 | grep -q 'kstack needs the kernel' || exit 1
! skep profile -p 1 -L 1 2>err && grep -q 'exclude each other' err
