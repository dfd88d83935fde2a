# requires: unshare -n ip link set lo up
# timeout: 30
cat >l.sh <<'END'
work tcp 7150 10 1
work tcp 7152 10 1 6
END
unshare -n sh -c 'ip link set lo up; skep tcpw sh l.sh' >out || exit
cat out
grep -qE '^TCP   127\.0\.0\.1 +[0-9]+ +127\.0\.0\.1 +7150  [0-9]+ +work +$' out &&
	grep -qE '^TCP   ::1 +[0-9]+ +::1 +7152  [0-9]+ +work +$' out &&
	[ "$(tail -n 1 out)" = '2 connections' ] && [ "$(wc -l <out)" -eq 4 ]
