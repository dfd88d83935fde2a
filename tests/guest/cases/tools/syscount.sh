# timeout: 120
# How libc asks for a file's status differs; that it does so 500 times does not.
stat=$(skep -q --engine user -e 'tracepoint:raw_syscalls:sys_enter { @[args.id] = count(); }
host end { printf("%s\n", syscall_name(sort(take(@), -$it.1)[0][0])); }' -c 'work stat /etc/passwd 500') || exit
echo "$stat"
cat >load.sh <<'END'
work stat /etc/passwd 500
work stat /nowhere/at/all 300
END
run() { # OPTIONS...
	skep -q -c 'sh load.sh' /tools/syscount.bt "$@" >out || exit
	echo "== $*"
}
trap 'cat out' EXIT
run -T 1
[ "$(sed -n 1p out)" = 'Tracing syscalls, printing top 1... Ctrl+C to quit.' ] || exit 1
sed -n 2p out | grep -qE '^\[[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\]$' || exit 1
sed -n 3p out | grep -qx 'SYSCALL                   COUNT' || exit 1
awk -v s="$stat" 'NR == 4 && $1 == s && $2 >= 800 && $2 < 900 { n++ } END { exit !(n == 1 && NR == 6) }' out || exit 1
tail -n 1 out | grep -qx 'Detaching...' || exit 1
run -x -e ENOENT --syscall "$stat" -P
[ "$(sed -n 1p out)" = "Tracing failed syscall '$stat'... Ctrl+C to quit." ] || exit 1
grep -qx 'PID    COMM               COUNT' out && awk '$2 == "work" && $3 >= 300 && $3 < 350 { n++ } END { exit n != 1 }' out || exit 1
run -x -e EPERM
awk '$2 == "work" || $2 + 0 >= 300 { n++ } END { exit n }' out || exit 1
run -L --syscall "$stat"
awk -v s="$stat" '$1 == s && $2 >= 800 && $2 < 900 && $3 > 800 { n++ } END { exit n != 1 }' out || exit 1
run -mL --syscall "$stat" --json
grep -qE "^\{\"syscall\": \"$stat\", \"count\": [89][0-9]*, \"time_ms\": [0-9]+\.[0-9]{6}\}$" out || exit 1
grep -q Tracing out && exit 1
# A command, its children not; one process; one thread; the children of one.
skep -q /tools/syscount.bt -P --exec work stat /etc/passwd 100 >out || exit
awk '$2 == "work" && $3 >= 100 && $3 < 200 { n++ } END { exit n != 1 }' out || exit 1
mkfifo go
sh -c 'while read x <go; do work stat /etc/passwd 70; done' &
echo 'echo x >go; sleep 1' >other.sh
for only in "-p $!" "-t $!" "-c $!"; do
	skep -q -c 'sh other.sh' /tools/syscount.bt -P $only >"out$only" || exit
	echo "$only"
done
kill $!
cat out-*
awk -v p=$! '/^[0-9]/ { if ($1 == p) n++; else others++ } END { exit !(n == 1 && !others) }' "out-p $!" || exit 1
awk -v p=$! '/^[0-9]/ { if ($1 == p) n++; else others++ } END { exit !(n == 1 && !others) }' "out-t $!" || exit 1
awk -v p=$! '/^[0-9]/ { if ($1 == p) n++; else others++ } END { exit !(!n && others) }' "out-c $!" || exit 1
# Reports: two of a second each.
skep -q -c 'work sleep 100 100' /tools/syscount.bt -i 1 -d 2 >out || exit
[ "$(grep -c '^SYSCALL' out)" -eq 2 ] || exit 1
echo list
skep -q /tools/syscount.bt -l >out || exit
[ "$(awk 'NR < 20 && NF != 4' out | wc -l)" -eq 0 ] && grep -qE '(^| )openat( |$)' out || exit 1
# The same without the kernel's BPF.
skep -q --engine user /tools/syscount.bt -L --exec work stat /etc/passwd 100 >out || exit
awk -v s="$stat" '$1 == s && $2 >= 100 && $2 < 130 && $3 > 100 { n++ } END { exit n != 1 }' out
