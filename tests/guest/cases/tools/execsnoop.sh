# timeout: 60
# Three programs by a known parent, each with its arguments; one that there is not.
skep -q -c 'work exec 3 /bin/busybox true x "y' /tools/execsnoop.bt >out || exit
cat out
head -n 1 out | grep -qx 'COMM             PID     PPID    RET ARGS' || exit 1
[ "$(grep -cE '^busybox +[0-9]+ +[0-9]+ +0 /bin/busybox true x "y$' out)" -eq 3 ] || exit 1
parent=$(awk '$1 == "work" { print $2 }' out)
[ "$(awk -v p="$parent" '$1 == "busybox" && $3 == p' out | wc -l)" -eq 3 ] || exit 1

cat >load.sh <<'END'
work exec 1 /bin/busybox false
work exec 1 /nowhere/at/all z
work as 7 exec 1 /bin/busybox true
work exec 1 /bin/busybox test 'two
lines'
END
run() { # OPTIONS...
	skep -q -c 'sh load.sh' /tools/execsnoop.bt "$@" >out || exit
	echo "== $*"
	cat out
}
# What failed, with times, user and CPU.
run -xTtUCM
head -n 1 out | grep -qx 'TIME     TIME(s) UID   COMM             PID     PCOMM            PPID    CPU  RET ARGS' || exit 1
grep -qE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] [0-9]+\.[0-9]{3} +0     work +[0-9]+ +work +[0-9]+ +[01]     -2 /nowhere/at/all z$' out || exit 1
run
grep -q -e " -2 " out && exit 1
grep -qE ' 0 /bin/busybox test two\\nlines$' out || exit 1
run -q --max-args 2
grep -qE ' 0 "/bin/busybox" "false"$' out || exit 1
grep -qE ' 0 "/bin/busybox" "test" \.\.\.$' out || exit 1
run -n '^busy' -l 'fal.e$'
[ "$(wc -l <out)" -eq 2 ] && grep -qE ' /bin/busybox false$' out || exit 1
# One user's; one process's children; as JSON.
run -u 7
[ "$(wc -l <out)" -eq 2 ] && grep -qE ' 0 /bin/busybox true$' out || exit 1
mkfifo go
sh -c 'read x <go; work exec 1 /bin/busybox false; true' &
echo 'echo x >go; sleep 1' >other.sh
skep -q -c 'sh other.sh' /tools/execsnoop.bt -P $! --json >out || exit
cat out
[ "$(wc -l <out)" -eq 1 ] || exit 1
grep -qE "^\{\"comm\": \"work\", \"pid\": [0-9]+, \"ppid\": $!, \"ret\": 0, \"args\": \".*work exec 1 /bin/busybox false\"\}$" out || exit 1
# The same without the kernel's BPF.
skep -q --engine user -c 'work exec 2 /bin/busybox true' /tools/execsnoop.bt -U >out || exit
[ "$(grep -cE '^0     busybox +[0-9]+ +[0-9]+ +0 /bin/busybox true$' out)" -eq 2 ]
