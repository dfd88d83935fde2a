# timeout: 60
# Nobody asks for this name otherwise: each stat() does, and does not find it; other names are found.
tool=/tools/dcsnoop.bt
cat >load.sh <<'END'
work stat /tmp/never-asked-before/below 3
work stat /proc/self/status 2
END
during 'sh load.sh' <<END || exit
missed $tool
all $tool -a
json $tool --json
END
[ "$(head -n 1 missed)" = 'TIME(s)     PID     COMM             T FILE' ] || exit 1
n() { [ "$(grep -cE "$1" $2)" -eq "$3" ]; }
# What does not exist may be remembered: it is missed once or each time.
m=$(grep -cE '^[0-9]+\.[0-9]{6} +[0-9]+ +work             M never-asked-before$' missed)
[ "$m" -ge 1 ] && [ "$m" -le 3 ] && ! grep -E ' R |below' missed || exit 1
n '^[0-9.]+ +[0-9]+ +work             R never-asked-before$' all 3 &&
	n '^[0-9.]+ +[0-9]+ +work             M never-asked-before$' all "$m" || exit 1
n '^[0-9.]+ +[0-9]+ +work             R status$' all 2 && ! grep -E 'M tmp$' all || exit 1
awk 'NR > 1 && ($1 < 0 || $1 > 60) { n++ } END { exit n }' all || exit 1
n '^\{"time_s": [0-9.]+, "pid": [0-9]+, "comm": "work", "t": "M", "file": "never-asked-before"\}$' json "$m"
