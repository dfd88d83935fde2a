# The traced process writes what it did not mean to.
# expect: 1
# expect: 0
# expect: XXllo
printf hello >in
skep -q --unsafe -o out -c 'dd if=in bs=5 count=1 status=none' -e '
tracepoint:syscalls:sys_enter_write /pid == cpid && args.fd == 1/ {
	$two = "XX";
	printf("%d\n", write_user(args.buf, $two, 2));
	printf("%d\n", write_user(0, $two, 2));
}' >text 2>&1
cat out text
echo
