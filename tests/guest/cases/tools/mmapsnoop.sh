skep -q -c 'work mmap 1234944 7' /tools/mmapsnoop.bt >out || exit
cat out
[ "$(grep -cE '^[0-9]+ +work +1234944 r--  -1$' out)" -eq 7 ]
