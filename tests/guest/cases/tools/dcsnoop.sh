skep -q -c 'work stat /etc/never-asked-before 1' /tools/dcsnoop.bt >out || exit
cat out
grep -qE '^[0-9:.]{12} [0-9]+ +work +never-asked-before$' out
