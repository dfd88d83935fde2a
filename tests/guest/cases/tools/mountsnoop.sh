mkdir here
echo 'mount -t tmpfs known here && umount here; mount -t tmpfs known nowhere 2>/dev/null; exit 0' >m.sh
skep -q -c 'sh m.sh' /tools/mountsnoop.bt >out || exit
cat out
grep -qE '^mount +[0-9]+ +0 +mount\(known, here, tmpfs, 0x[0-9a-f]+\)$' out &&
	grep -qE '^umount +[0-9]+ +0 +umount\(.*here\)$' out &&
	grep -qE '^mount +[0-9]+ +-2 +mount\(known, nowhere, tmpfs, 0x[0-9a-f]+\)$' out
