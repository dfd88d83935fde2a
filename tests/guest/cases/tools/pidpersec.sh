# timeout: 60
echo 'work fork 20 0; sleep 2; work fork 10 0; sleep 1.2' >load.sh
skep -q -c 'sh load.sh' /tools/pidpersec.bt >out || exit
cat out
sed -n 1p out | grep -qx 'Tracing... Ctrl-C to end.' || exit 1
sed 1d out | grep -qvE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]: PIDs/sec: [0-9]+$' && exit 1
# 30 children, and the commands of the shell: two work, two sleep.
awk '/PIDs.sec/ { n += $NF; lines++ } END { exit !(n >= 21 && n <= 36 && lines >= 2) }' out || exit 1
skep -q -c 'work sleep 1100 1' /tools/pidpersec.bt --json | grep -qE '^\{"time": "[0-9:]{8}", "pids_sec": [0-9]+\}$' || exit 1
[ "$(skep -q --engine user -c 'work sleep 1200 1' /tools/pidpersec.bt --csv | head -n 1)" = TIME,PIDs/sec ]
