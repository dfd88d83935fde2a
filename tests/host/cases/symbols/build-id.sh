# ustack(build_id): the build id of the file and the place in it.
# requires: command -v readelf
# timeout: 30
set -e
program=$(command -v frames)
id=$(readelf -n "$program" | sed -n 's/.*Build ID: //p')
[ -n "$id" ]
skep -q -e 'tracepoint:syscalls:sys_enter_getpgid /args.pid == 12345/ { print(ustack(build_id)); }' \
	-c frames >out
grep "^$id 0x" out >mine
[ "$(wc -l <mine)" -ge 2 ] || { cat out; exit 1; }
# the first frame of the program is within outer()
offset=$(sed -n '1s/.* 0x//p' mine)
set -- $(readelf -sW "$program" | awk '$8 == "outer" { print $2, $3 }')
[ $((0x$offset)) -gt $((0x$1)) ] && [ $((0x$offset)) -lt $((0x$1 + $2)) ] || { cat out; exit 1; }
