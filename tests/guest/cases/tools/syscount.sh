skep -q -c 'work stat /etc/passwd 500' /tools/syscount.bt >out || exit
cat out
# How libc asks for a file's status differs; that it does so 500 times does not.
awk -F ': ' '/^@syscall\[(newfstatat|stat|statx)\]/ && $2 >= 500 && $2 < 520 { n++ }
	END { exit n != 1 }' out || exit 1
awk -F ': ' '/^@process\[work\]/ && $2 > 500 && $2 < 620 { n++ } END { exit n != 1 }' out
