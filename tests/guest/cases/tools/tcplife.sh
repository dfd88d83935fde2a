# Two connections of 64 KiB each way; the client's end and the server's.
skep -q -c 'work tcp 7104 65536 2' /tools/tcplife.bt >out || exit
cat out
[ "$(awk '$2 == "work" && $6 == 7104 && $7 == 64 && $8 == 64' out | wc -l)" -eq 2 ] || exit 1
[ "$(awk '$4 == 7104 && $7 == 64 && $8 == 64' out | wc -l)" -eq 2 ]
