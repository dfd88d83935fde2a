# timeout: 60
# SIGUSR1 to itself, three times; SIGUSR2, twice; to nobody; to a thread.
cat >load.sh <<'END'
work kill 10 3
work kill 12 2
kill -0 999999 2>/dev/null
work tgkill 10 1
true
END
run() { # OPTIONS...
	skep -q -c 'sh load.sh' /tools/killsnoop.bt "$@" >out || exit
	echo "== $*"
	cat out
}
run
head -n 1 out | grep -qx 'TIME      PID      COMM             SIG  TPID     RESULT' || exit 1
[ "$(awk '$3 == "work" && $4 == 10 && $5 == $2 && $6 == 0' out | wc -l)" -eq 4 ] || exit 1
[ "$(awk '$3 == "work" && $4 == 12 && $5 == $2 && $6 == 0' out | wc -l)" -eq 2 ] || exit 1
[ "$(awk '$3 == "sh" && $4 == 0 && $5 == 999999 && $6 == -3' out | wc -l)" -eq 1 ] || exit 1
grep -qE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]  [0-9]+ +work +10   [0-9]+ +0$' out || exit 1
run -x
[ "$(wc -l <out)" -eq 2 ] && grep -q 999999 out || exit 1
run -s USR2,9
[ "$(awk '$4 == 12' out | wc -l)" -eq 2 ] && [ "$(wc -l <out)" -eq 3 ] || exit 1
run -T 999999
[ "$(wc -l <out)" -eq 2 ] && grep -q 999999 out || exit 1
mkfifo go
sh -c 'read x <go; kill -0 999998; kill -0 $$' 2>/dev/null &
echo 'work kill 10 1; echo x >go; sleep 1' >other.sh
skep -q -c 'sh other.sh' /tools/killsnoop.bt -p $! --csv >out || exit
cat out
[ "$(wc -l <out)" -eq 3 ] || exit 1
grep -qE "^[0-9:]{8},$!,sh,0,999998,-3$" out && grep -qE "^[0-9:]{8},$!,sh,0,$!,0$" out || exit 1
# The same without the kernel's BPF.
skep -q --engine user -c 'work kill 10 3' /tools/killsnoop.bt -s 10 >out || exit
[ "$(awk '$3 == "work" && $4 == 10 && $5 == $2 && $6 == 0' out | wc -l)" -eq 3 ]
