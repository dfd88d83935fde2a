skep -q -c 'work sleep 125 3' /tools/naptime.bt >out || exit
cat out
[ "$(grep -cE '^[0-9:]{8} [0-9]+ +work +0\.125$' out)" -eq 3 ]
