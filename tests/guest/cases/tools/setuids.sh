skep -q -c 'work setuid 65534' /tools/setuids.bt >out || exit
cat out
grep -qE '^[0-9]+ +work +0 +setuid +65534 +0$' out
