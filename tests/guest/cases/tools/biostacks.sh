# timeout: 60
slow-disk 20 nr_devices=2 || exit 77
trap 'slow-disk off' EXIT
# Direct reads by pread(): one stack, nine requests below it.
together 'work direct /dev/nullb0 4096 9; work direct /dev/nullb1 4096 2' \
	'biostacks -md nullb0' biostacks 'biostacks --csv 600' || exit
sed -n 1p out1 | grep -qx 'Tracing block I/O with init stacks. Hit Ctrl-C to end.' &&
	[ "$(grep -cE '^work           [0-9]+ +nullb0 $' out1)" -eq 1 ] &&
	grep -qE '^(blkdev_direct_IO|__blkdev_direct_IO.*|blkdev_read_iter)$' out1 && ! grep -E '^(bpf|__traceiter)' out1 &&
	grep -qx '     msecs               : count     distribution' out1 &&
	awk '$2 == "->" { n += $5; if ($3 < 20) fast += $5 } END { exit !(n == 9 && !fast) }' out1 || exit 1
awk '$1 == "work" { d = $3 } $2 == "->" { n[d] += $5 } END { exit !(n["nullb0"] == 9 && n["nullb1"] == 2) }' out2 || exit 1
sed -n 1p out3 | grep -qx 'of,low,high,count' && awk -F, '/^work;[0-9]+;nullb1;.*blkdev_read_iter;/ { n += $4; if ($3 < 20000) fast += $4 } END { exit !(n == 2 && !fast) }' out3 || exit 1
timeout 20 skep -q biostacks 1
