# A process in another mount and pid namespace: its files are seen through it, not by their paths,
# which lead to another program here.
# requires: unshare -m -p -f true
# timeout: 60
set -e
mkdir -p inside
cp "$(command -v frames)" hidden
cp "$(command -v target)" inside/program
cat >inside-script <<'SCRIPT'
mount -t tmpfs none "$1/inside" && cp "$1/hidden" "$1/inside/program" || exit 1
"$2/program" hold "$1/ready" "$1/go" & wait
SCRIPT
cat >command <<SCRIPT
exec unshare -m -p -f sh $PWD/inside-script $PWD $PWD/inside
SCRIPT
for engine in kernel user; do
	rm -f ready go
	skep -q --engine "$engine" -e 'tracepoint:syscalls:sys_enter_getpgid
		/args.pid == 12345/ { @[ustack(perf)] = count(); }' -c "sh command" >out &
	wait-until '[ -e ready ]'
	# The kernel's engine is told of the mapping, and holds the file before the process ends.
	[ $engine = user ] || wait-until "ls -l /proc/$!/fd | grep inside/program"
	echo >go
	wait $!
	grep -qE ' outer\+[0-9]+ \(/.*/inside/program\)' out &&
		grep -qE ' main\+[0-9]+ \(/.*/inside/program\)' out ||
		{ echo "$engine:"; cat out; exit 1; }
done
