# timeout: 60
tool=/tools/filelife.bt
: >old
on-cue go work life mine 20 & pid=$!
cat >load.sh <<END
rm old
work life short-lived 250
: >kept
rm nowhere 2>/dev/null
cue go $pid
END
during 'sh load.sh' <<END || exit
all $tool
one $tool --json -p $pid
END
cat all one
[ "$(head -n 1 all)" = 'TIME     PID     COMM             AGE(s)  FILE' ] || exit 1
awk '$5 == "short-lived" && $3 == "work" && $4 >= 0.25 && $4 < 10 { n++ } END { exit n != 1 }' all || exit 1
grep -qE "^[0-9:]{8} $pid +work             [0-9]+\.[0-9]{2} +mine$" all && ! grep -E 'old|kept|nowhere' all || exit 1
[ "$(wc -l <one)" -eq 1 ] && grep -q "\"pid\": $pid, \"comm\": \"work\", \"age_s\": [0-9.]*, \"file\": \"mine\"}" one
