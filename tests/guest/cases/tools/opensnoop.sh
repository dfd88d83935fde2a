# timeout: 60
skep -q -c 'work open /etc/passwd 4' /tools/opensnoop.bt >out || exit
skep -q -c 'work open /nowhere/at/all 3' /tools/opensnoop.bt >>out || exit
grep -v '/lib/\|ld.so' out
head -n 1 out | grep -qx 'PID    COMM               FD ERR PATH' || exit 1
[ "$(grep -cE '^[0-9]+ +work +3   0 /etc/passwd$' out)" -eq 4 ] || exit 1
[ "$(grep -cE '^[0-9]+ +work +-1   2 /nowhere/at/all$' out)" -eq 3 ] || exit 1
# The same without the kernel's BPF.
skep -q --engine user -c 'work open /nowhere/at/all 3' /tools/opensnoop.bt >out || exit
[ "$(grep -cE '^[0-9]+ +work +-1   2 /nowhere/at/all$' out)" -eq 3 ] || exit 1

# run OPTIONS... -- COMMAND: what the options make of a command
run() {
	skep /tools/opensnoop.bt "$@" >out || { cat out; exit 1; }
	echo "--- $*"
	grep -v '/lib/\|ld.so' out
}
run -TUx -e --exec sh -c 'work open /etc/passwd 2; work open /nowhere/at/all 2'
head -n 1 out | grep -qx 'TIME(s)       UID   PID    COMM               FD ERR FLAGS    MODE PATH' || exit 1
[ "$(grep -cE '^[0-9.]{11} +0 +[0-9]+ +work +-1   2 [0-7]{8} n/a  /nowhere/at/all$' out)" -eq 2 ] || exit 1
! grep -q /etc/passwd out || exit 1

run -n ork -f O_WRONLY -F --exec sh -c 'cd /tmp && : >new && work open new 1 && work open /etc/passwd 1'
[ "$(wc -l <out)" -eq 1 ] || exit 1 # the header: work opens for reading
run -f O_WRONLY -f O_RDWR -F --exec sh -c 'cd /tmp && : >new && work open /etc/passwd 1'
grep -qE '^[0-9]+ +sh +3   0 /tmp/new$' out && ! grep -q passwd out || exit 1
run -u nobody --exec work open /etc/passwd 1
[ "$(wc -l <out)" -eq 1 ] || exit 1
run -u 0 --csv --exec work open /etc/passwd 1
grep -qE '^[0-9]+,work,3,0,/etc/passwd$' out || exit 1
run --json --exec work open /nowhere/at/all 1
grep -qE '^\{"pid": [0-9]+, "comm": "work", "fd": -1, "err": 2, "path": "/nowhere/at/all"\}$' out || exit 1

# One process of two, one thread; for as long as is said.
late() {
	sh -c "until [ -e go ]; do sleep 0.1; done; exec work open $1 2" &
}
follow() {
	rm -f go
	late /nowhere/one
	one=$!
	late /nowhere/two
	two=$!
	skep /tools/opensnoop.bt "$1" $one >out &
	skep=$!
	until grep -qs COMM out; do sleep 0.1; done
	touch go
	wait $one
	wait $two
	kill -INT $skep
	wait $skep
	cat out
	[ "$(grep -c "^$one .* /nowhere/one$" out)" -eq 2 ] && ! grep -q /nowhere/two out || exit 1
}
follow -p
follow -t
head -n 1 out | grep -q '^TID ' || exit 1
skep /tools/opensnoop.bt -p 1 -d 1 | grep -q '^PID '

# So many pages of 4 KiB, made a power of two.
echo "grep -h -A4 'map_type:.27' /proc/\$PPID/fdinfo/* | grep max_entries" >look.sh
skep -q -c 'sh look.sh' /tools/opensnoop.bt -p 1 -b 8 2>/dev/null >out || exit
cat out
grep -qE '^max_entries:[^0-9]*32768$' out
