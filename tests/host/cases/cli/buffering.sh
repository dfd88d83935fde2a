# timeout: 60
# -B: how often what a script prints is written, by the number of writes; also to the file of -o.
cat >p.bt <<'BT'
begin { for ($i : 0..5) { printf("line\n"); } }
BT
skep=$(command -v skep)
# writes WANT ARGUMENT...
writes() {
	want=$1
	shift
	skep -q -c "$skep -q $*" -o count -e 'tracepoint:syscalls:sys_enter_write /pid == cpid && args.fd == 1/ { @n++; }' >out || exit
	[ "$(grep -c line out)" = 5 ] && grep -qx "@n: $want" count || { echo "$*: not $want"; cat count out; exit 1; }
}
writes 2 p.bt
writes 2 -B line p.bt
writes 1 -B full p.bt
writes 6 -B none p.bt
for mode in line full none; do
	rm -f out.file
	skep -q -B $mode -o out.file -e 'begin { printf("line\n"); } interval:ms:10 { if (@stop) { exit(); } } self:signal:SIGUSR1 { @stop = 1; }' &
	pid=$! seen=
	for try in $(seq 100); do
		[ -e out.file ] && [ "$(cat out.file)" = line ] && seen=1 && break
		[ $mode = full ] && [ $try = 10 ] && break
		sleep 0.1
	done
	case $mode in full) [ -z "$seen" ] || { echo 'full: written at once'; exit 1; } ;;
	*) [ "$seen" ] || { echo "$mode: not written"; kill $pid; exit 1; } ;; esac
	kill -USR1 $pid
	wait $pid || exit
	[ "$(head -n 1 out.file)" = line ] || { echo "$mode: lost"; exit 1; }
done
skep -B foo p.bt 2>&1 | grep -qxF 'ERROR: Invalid buffering mode, valid are line, full and none: foo'
