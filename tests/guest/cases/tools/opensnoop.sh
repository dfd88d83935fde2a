skep -q -c 'work open /etc/passwd 4' /tools/opensnoop.bt >out || exit
skep -q -c 'work open /nowhere/at/all 3' /tools/opensnoop.bt >>out || exit
cat out
[ "$(grep -cE '^[0-9]+ +work +3   0 /etc/passwd$' out)" -eq 4 ] || exit 1
[ "$(grep -cE '^[0-9]+ +work +-1   2 /nowhere/at/all$' out)" -eq 3 ] || exit 1
# The same without the kernel's BPF.
skep -q --engine user -c 'work open /nowhere/at/all 3' /tools/opensnoop.bt >out || exit
[ "$(grep -cE '^[0-9]+ +work +-1   2 /nowhere/at/all$' out)" -eq 3 ]
