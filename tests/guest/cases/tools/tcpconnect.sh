skep -q -c 'work tcp 7102 100 3' /tools/tcpconnect.bt >out || exit
skep -q -c 'work refused 7103 2' /tools/tcpconnect.bt >>out || exit
cat out
[ "$(grep -cE '^[0-9:]{8} [0-9]+ +work +127\.0\.0\.1 +7102 +0$' out)" -eq 3 ] || exit 1
[ "$(grep -cE '^[0-9:]{8} [0-9]+ +work +127\.0\.0\.1 +7103 +-111$' out)" -eq 2 ]
