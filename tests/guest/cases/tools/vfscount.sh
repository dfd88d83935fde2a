skep -q -c 'work write f 10 250' /tools/vfscount.bt >out || exit
cat out
awk -F ': ' '/^@\[vfs_write\]/ && $2 >= 250 && $2 < 270 { n++ } END { exit n != 1 }' out
