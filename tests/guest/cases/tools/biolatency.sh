# timeout: 90
# A disk that takes 20 ms for each request: none is faster, though an emulated machine may be late.
slow-disk 20 cache_size=1 || exit 77
trap 'slow-disk off' EXIT
# Reads; writes that wait until they are on the disk, each with a flush behind it.
together 'work direct /dev/nullb0 4096 12; work write /dev/nullb0 4096 3 1' \
	'biolatency -T' 'biolatency -F -d nullb0' 'biolatency -ejmD -d /dev/nullb0' 'biolatency -Qme' \
	"biolatency --csv -Fd $(cat /sys/block/nullb0/dev)" || exit
sed -n 1p out1 | grep -qxF 'Tracing block device I/O... Hit Ctrl-C to end.' &&
	sed -n 3p out1 | grep -qE '^[0-9:]{8}$' &&
	sed -n 4p out1 | grep -qx '     usecs               : count     distribution' || exit 1
awk '$2 == "->" { n += $5; if ($3 < 16384) fast += $5 } END { exit !(n >= 18 && !fast) }' out1 || exit 1
awk '/^flags = / { f = $3 } $2 == "->" { n[f] += $5 }
	END { exit !(n["Sync-Read"] == 12 && n["Sync-Write"] + n["Sync-NoMerge-Write"] == 3 && n["Flush"] + n["Sync-Flush"] >= 3) }' out2 || exit 1
grep -qE '^\{"ts": "20[0-9-]{8} [0-9:]{8}", "val_type": "msecs", "disk": "nullb0", "data": \[\{"interval-start": 0, "interval-end": 1, "count": 0\}, .*, "count": [1-9][0-9]*\}\]\}$' out3 &&
	grep -qE '^\{"avg": [0-9]+, "total": [0-9]+, "count": [0-9]+\}$' out3 && [ "$(wc -l <out3)" -eq 2 ] || exit 1
grep -q '^     msecs ' out4 && awk '/^avg = / { exit !($3 >= 20 && $4 == "ms," && $6 >= 18 * 20 && $9 >= 18) }' out4 &&
	grep -q '^avg' out4 || exit 1
sed -n 1p out5 | grep -qx 'flags,low,high,count' &&
	awk -F, '$1 == "Sync-Read" { n += $4 } END { exit n != 12 }' out5 || exit 1

# One request at a time: the others wait in the queue, which counts with -Q only.
slow-disk 100 hw_queue_depth=1 || exit
echo mq-deadline >/sys/block/nullb0/queue/scheduler
together 'work direct /dev/nullb0 4096 1 4' \
	'biolatency -me' 'biolatency -meDQ' 'biolatency -T 1 1' || exit
average() {
	awk '/^avg = / && $9 == 4 { print $3 }' "$1"
}
grep -qx 'disk = nullb0' out2 && [ "$(average out1)" -ge 100 ] &&
	[ "$(average out2)" -ge "$(($(average out1) + 40))" ] || exit 1
[ "$(grep -cE '^[0-9:]{8}$' out3)" -eq 1 ]
