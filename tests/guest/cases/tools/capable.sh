# timeout: 90
# Becoming another user wants CAP_SETUID, which is 7: twice in one process, once in another. Somebody who
# looks at the first process and is nobody is asked for CAP_SYS_PTRACE, which is not audited.
on-cue go work as 0 setuid 65534 & pid=$!
together "cue go $pid; work setuid 65534; work as 65534 read /proc/1/stat 64 1" \
	capable 'capable -Kx --unique' "capable -p $pid --json -U" 'capable -v' >log || { cat log; exit 1; }
grep -h ' work ' out1 out2 out4
cat out3
sed -n 1p out1 | grep -qx 'TIME      UID    PID    COMM             CAP  NAME                 AUDIT ' &&
	[ "$(grep -cE "^[0-9:]{8}  0      $pid +work             7    CAP_SETUID           1     \$" out1)" -eq 2 ] &&
	[ "$(grep -cE '^[0-9:]{8}  0      [0-9]+ +work             7    CAP_SETUID           1     $' out1)" -eq 4 ] || exit 1
grep -qE '^TIME      UID    PID    TID    COMM             CAP  NAME                 AUDIT  INSETID$' out2 &&
	[ "$(grep -c " $pid *$pid *work " out2)" -eq 1 ] &&
	grep -A 9 "^[0-9:]*  0      $pid *$pid *work *7 *CAP_SETUID *1 *1\$" out2 >stack &&
	sed -n 2p stack | grep -qE '^        cap_capable\+0x[0-9a-f]+ \[kernel\]$' &&
	grep -qE '^        __sys_setuid\+0x[0-9a-f]+ \[kernel\]$' stack || exit 1
[ "$(wc -l <out3)" -eq 2 ] && ! grep -v "\"pid\": $pid, " out3 &&
	[ "$(grep -cE '"uid": 0, .*"comm": "work", "cap": 7, "name": "CAP_SETUID", "audit": 1, "ustack": ".*main\+0x[0-9a-f]+ \[work\]' out3)" -eq 1 ] || exit 1
grep -qE '^[0-9:]{8}  65534  [0-9]+ +work             19   CAP_SYS_PTRACE       0     $' out4 && ! grep ' CAP_SYS_PTRACE *0' out1 || exit 1

# The program's stack below the kernel's, for people.
skep -q -c 'work setuid 65534' capable -KU >out || exit
grep -A 20 ' work .* CAP_SETUID' out >stack
cat stack
awk '/__sys_setuid\+.* \[kernel\]/ { k = NR } /^        main\+0x[0-9a-f]+ \[work\]/ { u = NR } END { exit !(k && u > k) }' stack || exit 1
! grep -E ' skep +[0-9]+ +CAP_' out
