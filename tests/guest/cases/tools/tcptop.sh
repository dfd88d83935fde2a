# timeout: 120
tool=/tools/tcptop.bt
echo 'work tcp 7130 65536 1 4 7131; work tcp 7132 131072 1 6 7133' >l.sh
skep -q -c 'sh l.sh' $tool -C 100 >out || exit
cat out
grep -qxF 'Tracing... Output every 100 secs. Hit Ctrl-C to end' out &&
	grep -qE '^[0-9:]{8} loadavg: [0-9]' out &&
	grep -qxF 'PID     COMM         LADDR                 RADDR                  RX_KB  TX_KB' out &&
	grep -qxF 'PID     COMM         LADDR6                           RADDR6                            RX_KB  TX_KB' out || exit 1
grep -qE '^[0-9]+ +work         127\.0\.0\.1:7131        127\.0\.0\.1:7130            64     64$' out &&
	grep -qE '^[0-9]+ +work         127\.0\.0\.1:7130        127\.0\.0\.1:7131            64     64$' out &&
	grep -qE '^[0-9]+ +work         ::1:7133                         ::1:7132                            128    128$' out || exit 1
! grep "$(printf '\033')" out || exit 1
skep -q -c 'sh l.sh' $tool -S4 100 >out && skep -q -c 'sh l.sh' $tool --json -6 100 >out6 || exit
cat out out6
grep -q "$(printf '\033')" out && ! grep loadavg out && grep -q 7131 out && ! grep 7133 out || exit 1
grep -qE '^\{"pid": [0-9]+, "comm": "work", "laddr6": "::1:7133", "raddr6": "::1:7132", "rx_kb": 128, "tx_kb": 128\}$' out6 &&
	! grep 7131 out6 || exit 1
# The busiest first; so many reports.
echo 'work tcp 7130 1024 1 4 7131; work tcp 7134 9216 1 4 7135; sleep 9' >l.sh
skep -q -c 'sh l.sh' $tool -C 3 2 >out || exit
cat out
[ "$(grep -c loadavg out)" -eq 2 ] || exit 1
grep -E ':713[15] ' out | head -n 1 | grep -q :7135 || exit 1
on-cue go work tcp 7136 1024 1 4 7137 & pid=$!
echo "work tcp 7130 1024 1 4 7131; cue go $pid" >l.sh
skep -q -c 'sh l.sh' $tool -C -p $pid 100 >out || exit
cat out
grep -qE "^$pid +work .*:7137 " out && ! grep 7131 out
