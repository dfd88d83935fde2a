# timeout: 120
tool=/tools/tcptracer.bt
ns=$(readlink /proc/self/ns/net | tr -cd 0-9)
echo 'work tcp 7140 10 1 4 7141; work tcp 7142 10 1 6 7143; work refused 7144 1' >l.sh
skep -q -c 'sh l.sh' $tool -t >out || exit
cat out
grep -qxF 'Tracing TCP established connections. Ctrl-C to end.' out &&
	grep -qxF 'TIME(s)  T  PID    COMM             IP SADDR            DADDR            SPORT  DPORT ' out || exit 1
for t in 'C  [0-9]+ +work +4  127\.0\.0\.1 +127\.0\.0\.1 +7141   7140' 'A  [0-9]+ +work +4  127\.0\.0\.1 +127\.0\.0\.1 +7140   7141' \
	'X  [0-9]+ +work +4  127\.0\.0\.1 +127\.0\.0\.1 +7141   7140' 'X  [0-9]+ +work +4  127\.0\.0\.1 +127\.0\.0\.1 +7140   7141' \
	'C  [0-9]+ +work +6  \[::1\] +\[::1\] +7143   7142' 'A  [0-9]+ +work +6  \[::1\] +\[::1\] +7142   7143'; do
	[ "$(grep -cE "^[0-9]+\.[0-9]{3} +$t  \$" out)" -eq 1 ] || { echo "not: $t"; exit 1; }
done
# Who opened it and who accepted it close it.
[ "$(awk '$2 == "C" || $2 == "A" { who[$8] = $3 } $2 == "X" && who[$8] != $3' out)" = "" ] && ! grep 7144 out || exit 1
skep -q -c 'sh l.sh' $tool -vt4 >out || exit
cat out
grep -qxF 'TIME(ns)      TYPE         PID    COMM             IP SADDR            DADDR            SPORT  DPORT  NETNS   ' out &&
	grep -qE "^[0-9]{9,}  *connect  .* 7141   7140   $ns *\$" out && grep -q ' accept  ' out && grep -q ' close  ' out && ! grep ::1 out || exit 1
skep -q -c 'sh l.sh' $tool -6v -N "$ns" >out && skep -q -c 'sh l.sh' $tool -N 1 >none || exit
grep -q '::1' out && ! grep '127.0.0.1\|NETNS' out && ! grep 714 none || exit 1
on-cue go work refused 7146 1 6 & pid=$!
echo "work tcp 7140 10 1; cue go $pid" >l.sh
skep -q -c 'sh l.sh' $tool --csv -p $pid >out || exit
[ "$(cat out)" = T,PID,COMM,IP,SADDR,DADDR,SPORT,DPORT ]
