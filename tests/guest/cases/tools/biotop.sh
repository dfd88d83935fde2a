# timeout: 60
slow-disk 5 nr_devices=2 || exit 77
trap 'slow-disk off' EXIT
# Most requests, most bytes, and longest for others; one that waits for its turn.
on-cue go work direct /dev/nullb1 4096 5 & pid=$!
together "work direct /dev/nullb0 4096 30; work direct /dev/nullb0 65536 4; work write /dev/nullb0 8192 3 1; cue go $pid" \
	'biotop -C 100' 'biotop -C -s io 100' 'biotop -C -s bytes -r 1 100' "biotop --csv -p $pid 100" || exit
sed -n 1p out1 | grep -qxF 'Tracing... Output every 100 secs. Hit Ctrl-C to end' &&
	sed -n 3p out1 | grep -qE '^[0-9:]{8} loadavg: [0-9]' && sed -n 4p out1 | grep -qx '' &&
	sed -n 5p out1 | grep -qxF 'PID     COMM             D MAJ MIN DISK       I/O  Kbytes  AVGms' &&
	tail -n 1 out1 | grep -qx 'Detaching...' || exit 1
# By bytes: 256, 120, 24, 20.
awk '$2 == "work" { s = s " " $3 $5 $6 ":" $7 ":" $8; bad += $9 < 5 }
	END { exit !(s == " R0nullb0:4:256 R0nullb0:30:120 W0nullb0:3:24 R1nullb1:5:20" && !bad) }' out1 || exit 1
awk '$2 == "work" { s = s " " $7 } END { exit s != " 30 5 4 3" }' out2 || exit 1
[ "$(grep -c ' work ' out3)" -eq 1 ] && grep -q ' 256 ' out3 || exit 1
sed -n 1p out4 | grep -qxF PID,COMM,D,MAJ,MIN,DISK,I/O,Kbytes,AVGms &&
	grep -qE "^$pid,work,R,[0-9]+,1,nullb1,5,20,[0-9.]+\$" out4 && [ "$(wc -l <out4)" -eq 2 ] || exit 1
# Reports on a terminal are one over the other.
skep -q biotop -s time 1 2 >out || exit
[ "$(grep -c loadavg out)" -eq 2 ]
