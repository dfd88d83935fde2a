# Sums over the seconds: what was asked for and little more.
echo 'work write f 10 300 1; work read /etc/passwd 10 400; work open /etc/group 50; sleep 2.2' >l.sh
skep -q -c 'sh l.sh' /tools/vfsstat.bt >out || exit
cat out
awk '/^[0-9]/ { r += $2; w += $3; s += $4; o += $5; n++ }
	END { exit !(n >= 2 && w >= 300 && w < 330 && s == 300 && o >= 50 && o < 120) }' out || exit 1
# pread() is a read of the file system, too.
awk '/^[0-9]/ { r += $2 } END { exit !(r >= 400 && r < 520) }' out
