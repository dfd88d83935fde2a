# A pseudo terminal hands what is written to it on by work: flush_to_ldisc().
echo 'i=0; while [ $i -lt 20 ]; do echo x >/dev/ptmx; i=$((i + 1)); done; sleep 0.5' >l.sh
mkdir -p /dev/pts; mount -t devpts devpts /dev/pts 2>/dev/null
skep -q -c 'sh l.sh' /tools/workqlat.bt >out || exit
cat out
awk '/^@usecs/ { name = $0 } /^\[/ { sub(/^\[[^]]*[])] +/, ""); n[name] += $1 }
	END { exit !(n["@usecs[flush_to_ldisc]:"] >= 1) }' out
