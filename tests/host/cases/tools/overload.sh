# timeout: 120
# A million opens, and a reader that begins late: each is in a row or in the count of those lost, and the
# tool says so. Nobody else's are there: --exec follows the command and what it starts.
skep -q opensnoop --exec sh -c 'work open /nowhere/at/all 1000000; exit 0' 2>err | (sleep 1; cat >rows) || exit
shown=$(grep -c '^[0-9]* *work  *-1   2 /nowhere/at/all$' rows)
lost=$(awk '/^Lost [0-9]+ events$/ { n += $2 } END { print n + 0 }' err)
echo "$shown in rows, $lost lost"
[ "$lost" -gt 0 ] && [ $((shown + lost)) -ge 1000000 ] && [ $((shown + lost)) -le 1000300 ] || { tail -n 5 err; exit 1; }
grep -qx "WARNING: Total lost event count: $lost" err || { tail -n 5 err; exit 1; }
awk 'NR > 1 && $2 != "sh" && $2 != "work"' rows | grep . && exit 1
exit 0
