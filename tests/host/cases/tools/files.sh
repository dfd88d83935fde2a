# timeout: 60
# Tools about files on this machine's kernel, which may have no kprobes: one process, each operation of
# which is known.
tools=$CASES/../../../tools
one() { # COMMAND WORDS...: what a tool says of a process
	rm -f go
	on-cue go $1 & pid=$!
	shift
	skep -q -c "cue go $pid" "$@" -p $pid >out 2>err || { cat out err; exit 1; }
	cat err
	sed "s/\b$pid\b/PID/" out
}
n() { [ "$(grep -cE -- "$1" out)" -eq "$2" ] || { echo "not $2: $1"; exit 1; }; }
one 'work write f 2048 30' $tools/filetop.bt -C 100
n "^$pid +work +0      30     0       60      R f$" 1
one 'work read f 1000 3' $tools/fileslower.bt 0
n "^[0-9.]+ +work           $pid +R 1000 +[0-9.]+ f$" 3
one 'work write f 10 25 1' $tools/vfsstat.bt 1
[ "$(awk '/^[0-9]/ { w += $3; s += $4; o += $5 } END { print w, s, (o >= 1 && o < 9) }' out)" = '25 25 1' ] || exit 1
case $(stat -f -c %T .) in
ext*)
	one 'work write f 6000 2 1' $tools/ext4slower.bt 0
	n "^[0-9:]{8} work           $pid +O 0       0 +[0-9.]+ f$" 1
	n "^[0-9:]{8} work           $pid +W 6000    0 +[0-9.]+ f$" 1
	n "^[0-9:]{8} work           $pid +W 6000    5 +[0-9.]+ f$" 1
	n "^[0-9:]{8} work           $pid +S 0       0 +[0-9.]+ f$" 2
	one 'work read f 100 1' $tools/xfsslower.bt 0
	[ "$(cat out)" = 'Tracing XFS operations
TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME' ] || exit 1
	;;
esac
