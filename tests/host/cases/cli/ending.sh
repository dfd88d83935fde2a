# How a run ends: by signals, by its command, by exit(); what becomes of the command.
# timeout: 60
bad=0
say() { echo "$*"; bad=1; }
for signal in INT TERM HUP; do
	rm -f out
	skep -q -o out -e 'interval:ms:10 { @n = 1; if (!@said) { printf("up\n"); @said = 1; } } end { printf("end\n"); }' &
	wait-until '[ -s out ]' || bad=1
	kill -$signal $!
	wait $!
	status=$?
	[ $status = 0 ] || say "$signal: status $status"
	grep -q '^end$' out && grep -q '^@n: 1$' out || { say "$signal: no end"; cat out; }
done
# The command's status is its own; it gets TERM if it outlives the tracer.
skep -q -c false -e 'interval:s:60 { }' >out || say 'status of the command'
skep -q -c 'sh -c exit' -e 'end { printf("over\n"); }' | grep -q over || say 'end of the command'
cat >stay.sh <<'S'
trap 'echo TERM >told; exit' TERM
echo up >up
while :; do sleep 0.1; done
S
skep -q -c 'sh stay.sh' -e 'interval:ms:20 { exit(3); }' >out
[ $? = 3 ] || say 'exit(3)'
[ ! -s up ] || wait-until '[ -s told ]' || bad=1
# words are split at blanks, nothing else
skep -q -c 'echo "a  b" $HOME *' -e 'interval:s:60 { }' | grep -qxF '"a  b" $HOME *' || say 'words of -c'
skep -q -e 'begin { exit(); } end { printf("after exit\n"); }' | grep -q 'after exit' || say 'exit() runs end'
skep -q -e 'begin { exit(257); }' >out
[ $? = 1 ] || say 'exit(257)'
# -p: the process's end is the run's
sleep 60 &
victim=$!
rm -f out
skep -q -p $victim -o out -e 'interval:ms:10 { if (!@said) { printf("up\n"); @said = 1; } } end { printf("gone\n"); }' &
tracer=$!
wait-until '[ -s out ]' || bad=1
kill $victim
wait $tracer || say 'status with -p'
grep -q '^gone$' out || say 'end with -p'
skep -q -p $victim -e 'begin { }' 2>err
[ $? = 1 ] && grep -q "^ERROR: Failed to watch process $victim: No such process$" err || { say '-p of nobody'; cat err; }
exit $bad
