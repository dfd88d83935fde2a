# timeout: 60
# The command's own, those of a child's child, one that nobody takes; and of somebody else, who is not shown.
cat >l.sh <<'END'
on-cue go work tcp 7150 10 1 4 7151 &
(sh -c 'work tcp 7152 10 1 6 7153') & wait $!
work refused 7154 1 4 7155
touch go other
wait
wait-until '[ -e others ]'
END
{ on-cue other work tcp 7156 10 1; touch others; } &
skep tcpw -x sh l.sh >out || exit
cat out
sed -n 1p out | grep -qx 'PROTO SADDR                     SPORT DADDR                     DPORT PID     COMM             ERROR' &&
	grep -qE '^TCP   ::1                       7153  ::1                       7152  [0-9]+ +work             -$' out &&
	grep -qE '^TCP   127\.0\.0\.1                 7155  127\.0\.0\.1                 7154  [0-9]+ +work             ECONNREFUSED$' out &&
	[ "$(grep -cE '^TCP   127\.0\.0\.1                 7151  127\.0\.0\.1                 7150  ' out)" -eq 1 ] &&
	[ "$(tail -n 1 out)" = '2 connections, 1 failed' ] && [ "$(wc -l <out)" -eq 5 ] || exit 1
rm go other
echo 'work tcp 7160 10 1; echo $$; exec work tcp 7162 10 1 6' >l.sh
skep tcpw -6 sh l.sh >out && skep tcpw --json -4 work tcp 7164 10 1 4 7165 >json && skep tcpw work refused 7154 1 >none || exit
cat out json none
pid=$(grep -E '^[0-9]+$' out)
grep -qE "^TCP   ::1 +[0-9]+ +::1 +7162  $pid +work +\$" out && ! grep -q 7160 out && grep -qx '1 connection' out || exit 1
[ "$(wc -l <json)" -eq 1 ] && [ "$(grep -cE '^\{"proto": "TCP", "saddr": "127\.0\.0\.1", "sport": 7165, "daddr": "127\.0\.0\.1", "dport": 7164, "pid": [0-9]+, "comm": "work"\}$' json)" -eq 1 ] || exit 1
[ "$(wc -l <none)" -eq 2 ] && grep -qx '0 connections' none || exit 1
skep tcpw 2>err && exit 1
grep -qx 'ERROR: COMMAND is missing' err
