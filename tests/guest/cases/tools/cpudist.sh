# Two that give the CPU away at every turn: hundreds of short stretches each.
skep -q -c 'work pingpong 300' /tools/cpudist.bt >out || exit
cat out
awk '/^@usecs/ { on = /work/ } on && /^\[/ { sub(/.*\) +/, ""); sub(/^\[[0-9]+\] +/, ""); n += $1 }
	END { exit !(n >= 500 && n < 1200) }' out
