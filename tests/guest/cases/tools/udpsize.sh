skep -q -c 'work udp 7109 700 8' /tools/udpsize.bt >out || exit
cat out
grep -qx '@sent\[work\]:' out && grep -qx '@received\[work\]:' out || exit 1
[ "$(grep -cE '^\[512, 1K\) +8 \|' out)" -eq 2 ]
