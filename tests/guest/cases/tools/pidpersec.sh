echo 'work fork 20 0; sleep 2; work fork 10 0; sleep 1.2' >load.sh
skep -q -c 'sh load.sh' /tools/pidpersec.bt >out || exit
cat out
# 30 children, and the commands of the shell: two work, two sleep.
grep -qx '@total: 34' out || exit 1
awk '/PIDs.sec/ { n += $NF; lines++ } END { exit !(n >= 20 && n <= 34 && lines >= 2) }' out
