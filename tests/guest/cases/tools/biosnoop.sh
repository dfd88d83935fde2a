# timeout: 90
slow-disk 5 || exit 77
trap 'slow-disk off' EXIT
# Six reads of 8192 bytes, one behind the other: sectors 0, 16, ... 80; each 5 ms or more.
# Then one at the start again, and two writes.
together 'work direct /dev/nullb0 8192 6; work direct /dev/nullb0 4096 1; work write /dev/nullb0 4096 2 1' \
	biosnoop 'biosnoop -QPd nullb0' 'biosnoop -m 5000' 'biosnoop -t --json' || exit
sed -n 1p out1 | grep -qxF 'TIME(s)     COMM           PID     DISK      T SECTOR     BYTES  LAT(ms)' || exit 1
sed -n 2p out1 | grep -qE '^0\.000000    work           [0-9]+ +nullb0    R 0          8192   +[0-9]+\.[0-9]{2}$' || exit 1
awk '$2 == "work" && $5 == "R" && $7 == 8192 && $8 >= 5 { s = s " " $6; n++ }
	$2 == "work" && $5 == "W" && $7 == 4096 && $8 >= 5 { s = s " w" $6 }
	END { exit !(s == " 0 16 32 48 64 80 w0 w8") }' out1 || exit 1
sed -n 1p out2 | grep -qxF 'TIME(s)     COMM           PID     DISK      T SECTOR     BYTES  P QUE(ms) LAT(ms)' || exit 1
awk '$2 == "work" { s = s $8; n += NF == 10 && $10 >= 5 } END { exit !(s == "?SSSSSRRS" && n == 9) }' out2 || exit 1
[ "$(wc -l <out3)" -eq 1 ] || exit 1
grep -qE '^\{"time": "[0-9:]{8}\.[0-9]{3}", "comm": "work", "pid": [0-9]+, "disk": "nullb0", "t": "R", "sector": 80, "bytes": 8192, "lat_ms": [0-9.]+\}$' out4 || exit 1

# One request at a time: the others wait in the queue. Another disk than the one of -d.
slow-disk 100 hw_queue_depth=1 nr_devices=2 || exit
echo mq-deadline >/sys/block/nullb0/queue/scheduler
together 'work direct /dev/nullb0 4096 1 4; work direct /dev/nullb1 4096 1' \
	'biosnoop -Qd nullb0' 'biosnoop -d nullb1 -m 1' || exit
awk 'NR > 1 { n++; que += $8; bad += $9 < 100 || $4 != "nullb0" } END { exit !(n == 4 && que >= 100 && !bad) }' out1 || exit 1
[ "$(grep -c nullb1 out2)" -eq 1 ] && [ "$(wc -l <out2)" -eq 2 ]
