skep -q -c 'work stat /etc/group 6' /tools/statsnoop.bt >out || exit
skep -q -c 'work stat /missing 2' /tools/statsnoop.bt >>out || exit
cat out
[ "$(grep -cE '^[0-9]+ +work +0 /etc/group$' out)" -eq 6 ] || exit 1
[ "$(grep -cE '^[0-9]+ +work +2 /missing$' out)" -eq 2 ]
