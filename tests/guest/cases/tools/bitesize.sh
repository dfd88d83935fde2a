# timeout: 60
slow-disk 0 nr_devices=2 || exit 77
trap 'slow-disk off' EXIT
together 'work direct /dev/nullb0 4096 12; work direct /dev/nullb0 65536 7; work direct /dev/nullb1 8192 3; head -c 512 /dev/nullb1 >head' \
	bitesize 'bitesize -T -c work -d nullb1' 'bitesize --json -d nullb0' || exit
sed -n 1p out1 | grep -qxF 'Tracing block device I/O... Hit Ctrl-C to end.' &&
	grep -qx 'Process Name = head' out1 && grep -qx '     Kbytes              : count     distribution' out1 || exit 1
awk '/^Process Name/ { p = $4 } p == "work" && $2 == "->" { s = s " " $1 ":" $5 }
	END { exit s != " 0:0 2:0 4:12 8:3 16:0 32:0 64:7" }' out1 || exit 1
sed -n 3p out2 | grep -qE '^[0-9:]{8}$' && ! grep -q head out2 &&
	awk '$2 == "->" { s = s " " $1 ":" $5 } END { exit s != " 0:0 2:0 4:0 8:3" }' out2 || exit 1
grep -qE '^\{"ts": ".*", "val_type": "Kbytes", "Process Name": "work", "data": .*"interval-end": 127, "count": 7\}\]\}$' out3 || exit 1
skep -q bitesize -c nobody 1 2 >out || exit
[ "$(wc -l <out)" -eq 3 ]
