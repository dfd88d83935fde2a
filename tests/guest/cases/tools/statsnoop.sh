# timeout: 60
tool=/tools/statsnoop.bt
on-cue go work stat /missing 3 & pid=$!
cat >load.sh <<END
work stat /etc/group 6
work stat /missing 2
stat -f /proc >/dev/null
cue go $pid
END
during 'sh load.sh' <<END || exit
all $tool
names $tool -ts
failed $tool -x
one $tool --json -p $pid
END
grep -E 'work|stat ' all names failed one
[ "$(head -n 1 all)" = 'PID     COMM               FD ERR PATH' ] &&
	[ "$(head -n 1 names)" = 'TIME(s)       PID     COMM               FD ERR SYSCALL      PATH' ] || exit 1
[ "$(grep -cE '^[0-9]+ +work                0   0 /etc/group$' all)" -eq 6 ] &&
	[ "$(grep -cE '^[0-9]+ +work               -1   2 /missing$' all)" -eq 5 ] || exit 1
[ "$(grep -cE '^[0-9]+\.[0-9]{9} +[0-9]+ +work +0   0 (statx|newstat|newfstatat) +/etc/group$' names)" -eq 6 ] &&
	grep -qE ' stat +0   0 statfs       /proc$' names || exit 1
[ "$(grep -c ' work .* /missing$' failed)" -eq 5 ] && ! grep -E '  0 /' failed || exit 1
[ "$(grep -c "^{\"pid\": $pid, \"comm\": \"work\", \"fd\": -1, \"err\": 2, \"path\": \"/missing\"}$" one)" -eq 3 ] &&
	! grep -v "\"pid\": $pid," one || exit 1
# The same without the kernel's BPF.
skep -q --engine user -c 'work stat /missing 2' $tool -x >out || exit
[ "$(grep -cE '^[0-9]+ +work +-1   2 /missing$' out)" -eq 2 ]
