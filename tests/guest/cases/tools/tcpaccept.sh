skep -q -c 'work tcp 7101 100 4' /tools/tcpaccept.bt >out || exit
cat out
[ "$(grep -cE '^[0-9:]{8} [0-9]+ +work +127\.0\.0\.1 +[0-9]{5} +127\.0\.0\.1 +7101 +0/' out)" -eq 4 ]
